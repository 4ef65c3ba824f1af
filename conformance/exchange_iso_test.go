package conformance

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestLacksUsers(t *testing.T) {
	ways := Tokens{JWT: &JWT{Secret: "x"}}
	byUser := &Publish{Request: Request{URL: "http://a", Body: "{user}{data}"}}
	for name, row := range map[string]struct {
		target Target
		want   string // part of what is to be added, empty if nothing
	}{
		"by user":          {Target{URL: "http://a/", Publish: byUser, Tokens: &ways}, ""},
		"by topic":         {Target{URL: "http://a/{topic}", UserTopic: "{user}", Publish: &Publish{Request: Request{Body: "{topic}{data}"}}, Tokens: &ways}, ""},
		"no publish":       {Target{URL: "http://a/", Tokens: &ways}, "publish hook"},
		"no audience":      {Target{URL: "http://a/", Publish: &Publish{Request: Request{Body: "{data}"}}, Tokens: &ways}, "user_topic"},
		"no topic in url":  {Target{URL: "http://a/", UserTopic: "{user}", Publish: byUser, Tokens: &ways}, "{topic}"},
		"no tokens":        {Target{URL: "http://a/", Publish: byUser}, "tokens: good"},
		"one token":        {Target{URL: "http://a/", Publish: byUser, Tokens: &Tokens{Good: "g", User: "ann"}}, "tokens: other"},
		"nameless":         {Target{URL: "http://a/", Publish: byUser, Tokens: &Tokens{Good: "g", Other: "o", User: "ann"}}, "other_user"},
		"listed and named": {Target{URL: "http://a/", Publish: byUser, Tokens: &Tokens{Good: "g", Other: "o", User: "ann", OtherUser: "bob"}}, ""},
	} {
		got := row.target.lacks(HasUsers)
		if row.want == "" && got != "" || !strings.Contains(got, row.want) {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}

func TestPublisherApart(t *testing.T) {
	hook := &Publish{Request: Request{URL: "http://a", Body: "{data}"}}
	for name, row := range map[string]struct {
		publish *Publish
		tokens  *Tokens
		want    bool
	}{
		"one token":     {hook, &Tokens{Good: "g"}, false},
		"two tokens":    {hook, &Tokens{Good: "g", Publisher: "p"}, true},
		"the same":      {hook, &Tokens{Good: "g", Publisher: "g"}, false},
		"one template":  {hook, &Tokens{JWT: &JWT{}}, false},
		"two templates": {hook, &Tokens{JWT: &JWT{PublisherClaims: "{}"}}, true},
		"good listed":   {hook, &Tokens{Good: "g", JWT: &JWT{PublisherClaims: "{}"}}, false},
		"a key":         {&Publish{Anonymous: true, Request: hook.Request}, &Tokens{Good: "g", Publisher: "p"}, false},
		"a function":    {&Publish{Func: newBroker().publish}, &Tokens{Good: "g", Publisher: "p"}, false},
	} {
		target := Target{Publish: row.publish, Tokens: row.tokens}
		if got := target.lacks(HasPublisher) == ""; got != row.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A published is what a hook was told.
type published struct {
	mu   sync.Mutex
	list []string // topic, user and data
}

func (p *published) note(topic string, f Fields) {
	p.mu.Lock()
	defer p.mu.Unlock()
	user, given := f["user"]
	if given {
		user = "to " + user
	}
	p.list = append(p.list, strings.Join([]string{topic, user, f["data"]}, "|"))
}

// isolated is a talk of the exchange with a broker whose topics are users'.
func isolated(t *testing.T, name string) (*talk, *published) {
	b := newBroker()
	var p published
	target := serveBroker(t, b)
	target.UserTopic = "user/{user}"
	target.Tokens = &Tokens{Mint: func(r TokenRequest) (Secret, error) { return Secret("token-of-" + r.User), nil }}
	target.Publish.Func = func(ctx context.Context, topic string, f Fields) error {
		p.note(topic, f)
		return b.publish(ctx, topic, f)
	}
	one := talkTo(t, target)
	e, ok := findExchange(name)
	if !ok {
		t.Fatalf("no exchange %s", name)
	}
	one.exchange = e
	return one, &p
}

// The users of an exchange are its own, and each event names one of them.
func TestTalkUsers(t *testing.T) {
	one, p := isolated(t, "users")
	talkUsers(one)
	if one.rec.Problem != "" {
		t.Fatal(one.rec.Problem)
	}
	const a, b = "user/ssegauge-a-nonce|", "user/ssegauge-b-nonce|"
	var toA, toB int
	for _, line := range p.list {
		switch {
		case strings.HasPrefix(line, a):
			toA++
		case strings.HasPrefix(line, b):
			toB++
		default:
			t.Errorf("published: %s", line)
		}
	}
	if toA < userEvents/2+2 || toB < userEvents/2+2 {
		t.Errorf("%d events to one user and %d to the other, want %d and marks each", toA, toB, userEvents/2)
	}
	for name, want := range map[string]string{"a": "ssegauge-a-nonce", "b": "ssegauge-b-nonce", "b-at-a": "ssegauge-a-nonce"} {
		c := one.rec.named(name)
		if c == nil || !strings.Contains(c.URL, "topic=user%2F"+want) {
			t.Errorf("%s: %+v, want a stream of %s", name, c, want)
		}
	}
	for _, s := range one.streams {
		s.close()
		<-s.done
	}
	// The broker asks nobody for a token, so one user may read what the other
	// gets; each stream of their own has their own.
	if v := judgeIsoUser(one.rec); v.met != isMissed || !strings.Contains(v.Observed, "the stream b-at-a of user B") {
		t.Errorf("judged: %s", v.Observed)
	}
}

func TestTalkNobody(t *testing.T) {
	one, p := isolated(t, "nobody")
	talkNobody(one)
	if !slices.Contains(p.list, "|to |ssegauge-nonce-nobody") {
		t.Errorf("published: %q; want one event to nobody", p.list)
	}
}

// A stream that is resumed for another user asks in that user's place, by an ID
// of the first one.
func TestTalkForeignResume(t *testing.T) {
	one, _ := isolated(t, "foreign-resume")
	broker := one.target.Publish.Func
	n := 0
	one.target.Publish.Func = func(ctx context.Context, topic string, f Fields) error {
		n++
		f["id"] = "e-" + strings.Repeat("1", n)
		defer delete(f, "id")
		return broker(ctx, topic, f)
	}
	talkForeignResume(one)
	if one.rec.Problem != "" {
		t.Fatal(one.rec.Problem)
	}
	id := requestField(one.rec.named("b-foreign"), "Last-Event-ID")
	for name, want := range map[string][2]string{
		"b-foreign":   {"ssegauge-b-nonce", id},
		"b-unknown":   {"ssegauge-b-nonce", "f" + id[1:]},
		"b-neighbour": {"ssegauge-b-nonce", id[:len(id)-1] + "0"},
		"b-at-a":      {"ssegauge-a-nonce", id},
	} {
		c := one.rec.named(name)
		if c == nil {
			t.Errorf("%s was not asked for", name)
			continue
		}
		if got := requestField(c, "Last-Event-ID"); got != want[1] || !strings.Contains(c.URL, want[0]) {
			t.Errorf("%s: %s after %q, want %q", name, c.URL, got, want)
		}
	}
	if !strings.HasPrefix(id, "e-1") {
		t.Errorf("resumed after %q, which is no ID of an event", id)
	}
}

// A connection that has carried a token carries a request without one, and one
// of another user.
func TestTalkReuse(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	tokens := map[string][]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.RemoteAddr)
		tokens[r.RemoteAddr] = append(tokens[r.RemoteAddr], r.Method+" "+r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer server.Close()
	one := talkTo(t, Target{URL: server.URL, Tokens: &Tokens{Good: "the-good-token"}, Publish: &Publish{Func: newBroker().publish}})
	talkReuse(one)
	mu.Lock()
	defer mu.Unlock()
	if len(seen) != 3 || seen[0] == seen[1] || seen[1] != seen[2] {
		t.Fatalf("requests over %q, want a new connection, and another one twice", seen)
	}
	if got := tokens[seen[1]]; !slices.Equal(got, []string{"HEAD Bearer the-good-token", "GET "}) {
		t.Errorf("over one connection: %q", got)
	}
	if v := judgeIsoReuse(one.rec); v.met != isMet {
		t.Errorf("judged: %s", v.Observed)
	}
}
