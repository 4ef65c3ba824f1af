package conformance

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// mercureExchanges speak to a Mercure hub: they publish by its form, where the
// target's publish hook has no way to say what is to be said.
var mercureExchanges = []exchange{
	{
		name: "mercure-idle", limit: 2 * time.Minute,
		about: "open a stream of a Mercure hub and listen until a comment comes",
		talk: func(t *talk) {
			s, heartbeat := t.open(ask{name: "stream"}), t.pace().Heartbeat
			s.until(mercureIdle(heartbeat), func() bool {
				n := len(s.rec.Chunks)
				return s.rec.End != EndNone || n > 0 && s.rec.Chunks[n-1].At-s.rec.Responded > heartbeat/2
			})
		},
	},
	{
		name: "mercure-expiry", needs: []Capability{CanMint},
		about: "open a stream of a Mercure hub with a token that is about to expire",
		talk:  talkMercureExpiry,
	},
	{
		name: "mercure-updates", needs: []Capability{CanPublish},
		about: "publish updates with and without an ID, with a type, and with all line ends, to a Mercure hub",
		talk:  talkMercureUpdates,
	},
	{
		name: "mercure-refusals", needs: []Capability{CanPublish}, anyway: true,
		about: "publish to a Mercure hub what it must refuse: IDs, types and reconnection times",
		talk:  talkMercureRefusals,
	},
	{
		name: "mercure-errors", needs: []Capability{HasToken}, anyway: true,
		about: "publish to a Mercure hub without a token, with a wrong one, without the right, without a topic, and with the token in the query",
		talk:  talkMercureErrors,
	},
	{
		name: "mercure-resume", needs: []Capability{CanPublish},
		about: "resume streams of a Mercure hub by the field, the query, both, an unknown ID, earliest, and an ID that two updates share",
		talk:  talkMercureResume,
	},
	{
		name: "mercure-private", needs: []Capability{CanPublish, HasToken},
		about: "publish private updates to a Mercure hub, to a subscriber with the right to them and to one without",
		talk:  talkMercurePrivate,
	},
}

// mercureIdle is how long a hub's stream is listened to for a comment.
func mercureIdle(heartbeat time.Duration) time.Duration { return heartbeat*5/4 + time.Second }

// update publishes by the hub's form, with the token of a role, and waits for
// the answer.
func (t *talk) update(name string, form url.Values, a ask) *stream {
	if !form.Has("topic") && name != "no-topic" {
		form.Set("topic", t.topic)
	}
	a.name, a.method, a.url, a.stay = name, http.MethodPost, t.target.hub(), true
	if a.role == "" {
		a.role = RolePublisher
	}
	a.body = []byte(form.Encode())
	a.fields = []Field{{"Accept", "*/*"}, {"Content-Type", "application/x-www-form-urlencoded"}}
	s := t.open(a)
	s.end(t.pace().Quiet)
	return s
}

// hub is the URL of a Mercure hub: that of its streams without the query.
func (t *Target) hub() string {
	address, _, _ := strings.Cut(t.URL, "?")
	return address
}

// A badUpdate is a value that a hub must not take.
type badUpdate struct{ field, value, what string }

var badUpdates = []badUpdate{
	{"id", "#1", "an ID that begins with #"},
	{"id", "earliest", "the ID earliest"},
	{"id", "a\nb", "an ID with a line end"},
	{"id", "a\x01b", "an ID with a control character"},
	{"id", "a\u202eb", "an ID with a format character"},
	{"type", "mercure", "the type mercure"},
	{"type", "a\nb", "a type with a line end"},
	{"type", "a\x01b", "a type with a control character"},
	{"type", "a\u202eb", "a type with a format character"},
	{"retry", "5s", "a reconnection time with a unit"},
	{"retry", "1.5", "a reconnection time with a point"},
	{"retry", "-1", "a negative reconnection time"},
	{"retry", "+5", "a reconnection time with a sign"},
	{"retry", "\uff15", "a reconnection time in digits beyond ASCII"},
}

// named is the name of the connection that publishes the i-th bad update.
func (b badUpdate) named(i int) string { return fmt.Sprintf("%s-%d", b.field, i+1) }

func talkMercureRefusals(t *talk) {
	t.update("good", url.Values{"data": {"ssegauge"}}, ask{})
	for i, bad := range badUpdates {
		t.update(bad.named(i), url.Values{"data": {"ssegauge"}, bad.field: {bad.value}}, ask{})
	}
}

// splitData has all line ends.
const splitData = "ssegauge-split\ra\nb\r\nc"

func talkMercureUpdates(t *talk) {
	s := t.open(ask{name: "stream"})
	if !t.settle(s) {
		return
	}
	for i, form := range []url.Values{
		{"data": {"ssegauge-plain"}},
		{"data": {"ssegauge-typed"}, "type": {"ssegauge"}},
		{"data": {"ssegauge-retry"}, "retry": {"2000"}},
		{"data": {"ssegauge-own"}, "id": {t.iri("own")}},
		{"data": {splitData}},
	} {
		t.update(fmt.Sprintf("update-%d", i+1), form, ask{})
	}
	t.mark(s)
}

// iri is an ID of this exchange alone.
func (t *talk) iri(name string) string { return "urn:x-ssegauge:" + t.nonce + ":" + name }

func talkMercureErrors(t *talk) {
	form := func() url.Values { return url.Values{"data": {"ssegauge"}} }
	t.update("good", form(), ask{})
	t.update("no-token", form(), ask{role: anonymous})
	t.update("bad-token", form(), ask{token: spoiled(t.token(RolePublisher))})
	if t.can(HasTokenOf(RoleForbidden)) {
		t.update("forbidden", form(), ask{role: RoleForbidden})
	}
	t.update("no-topic", form(), ask{})
	t.update("query-token", form(), ask{role: anonymous, query: url.Values{"access_token": {t.token(RolePublisher).Reveal()}}})
	t.open(ask{name: "anonymous", role: anonymous, stay: true}).close()
	t.open(ask{name: "query-stream", role: anonymous, stay: true, query: url.Values{"access_token": {t.token(RoleGood).Reveal()}}}).close()
}

func talkMercureResume(t *talk) {
	live := t.open(ask{name: "live"})
	if !t.settle(live) {
		return
	}
	for _, u := range []struct{ data, id string }{
		{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}, {"e", "5"}, {"f", "4"}, {"g", "6"},
	} {
		t.update("update-"+u.data, url.Values{"data": {"ssegauge-" + u.data}, "id": {t.iri(u.id)}}, ask{})
	}
	if !t.mark(live) {
		return
	}
	ids := map[string]string{}
	for _, e := range live.received() {
		ids[t.rec.payload(e)] = e.ID
	}
	a, b, d := ids["ssegauge-a"], ids["ssegauge-b"], ids["ssegauge-d"]
	if a == "" || b == "" {
		t.stop("the updates have no IDs")
		return
	}
	field := func(id string) []Field { return []Field{{"Last-Event-ID", id}} }
	var resumed []*stream
	for _, resume := range []ask{
		{name: "field", fields: field(a)},
		{name: "query", query: url.Values{"last_event_id": {a}}},
		{name: "both", fields: field(b), query: url.Values{"last_event_id": {a}}},
		{name: "unknown", fields: field(t.iri("unknown"))},
		{name: "earliest", fields: field("earliest")},
		{name: "shared", fields: field(d)},
	} {
		if s := t.open(resume); s.isStream() {
			resumed = append(resumed, s)
		}
	}
	t.mark(append(resumed, live)...)
}

func talkMercurePrivate(t *talk) {
	entitled := t.open(ask{name: "entitled"})
	if !t.settle(entitled) {
		return
	}
	role, token := t.stranger()
	others := t.open(ask{name: "stranger", role: role, token: token, stay: true})
	listening := []*stream{entitled}
	if others.isStream() && t.hasMark(t.publicMark(), 4*t.pace().Quiet, others) {
		listening = append(listening, others)
	}
	t.update("private-on", url.Values{"data": {"ssegauge-private-on"}, "private": {"on"}}, ask{})
	t.update("private-empty", url.Values{"data": {"ssegauge-private-empty"}, "private": {""}}, ask{})
	if !t.mark(listening...) {
		return
	}
	again := t.open(ask{name: "stranger-replay", role: role, token: token, stay: true, fields: []Field{{"Last-Event-ID", "earliest"}}})
	if again.isStream() {
		t.hasMark(t.publicMark(), 4*t.pace().Quiet, again)
	}
}

// publicMark publishes a mark and does not wait for it.
func (t *talk) publicMark() string {
	data := t.nextMark()
	t.publishMark(data)
	return data
}

// stranger is a subscriber without the right to the exchange's topic: one with
// the right to another topic, if tokens can be made, or else one without any.
func (t *talk) stranger() (role string, token Secret) {
	switch {
	case t.can(CanMint):
		elsewhere := t.iri("elsewhere")
		return RoleGood, t.mint(TokenRequest{User: userB, Topic: elsewhere, Expires: time.Now().Add(time.Hour), Claims: map[string]any{
			"mercure": map[string]any{"subscribe": []string{elsewhere}},
			"authorization_details": []any{map[string]any{
				"type": "mercure", "actions": []string{"subscribe"}, "topics": []any{map[string]string{"match": elsewhere}},
			}},
		}})
	case t.can(HasTokenOf(RoleForbidden)):
		return RoleForbidden, ""
	}
	return anonymous, ""
}

func talkMercureExpiry(t *talk) {
	// Claims have whole seconds.
	at := time.Now().Truncate(time.Second).Add(2 * time.Second)
	s := t.open(ask{name: "stream", token: t.mint(TokenRequest{User: userA, Topic: t.topic, Expires: at})})
	s.mu.Lock()
	s.rec.Expires = at.Sub(t.run.begun)
	s.mu.Unlock()
	s.end(time.Until(at) + expiryTime)
}

// expiryTime is how long after its token's expiry a stream is waited for to
// end. The clocks of the two machines may differ by a little.
const expiryTime = time.Second
