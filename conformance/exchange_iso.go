package conformance

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"
)

// isoExchanges have two users, or several topics, and look at who gets what.
// Connections are named by the user: a, whose token is the good one, and b, who
// has the other; b-at-a is where the events of a are, asked for by b.
var isoExchanges = []exchange{
	{
		name: "users", ownUsers: true, needs: []Capability{CanPublish, HasUsers},
		about: "publish up to a thousand events for two users, from four publishers at a time, to a stream of each",
		talk:  talkUsers,
	},
	{
		name: "tabs", ownUsers: true, needs: []Capability{CanPublish, HasUsers},
		about: "publish events for a user who has two streams open",
		talk:  talkTabs,
	},
	{
		name: "nobody", ownUsers: true, needs: []Capability{CanPublish, HasUsers},
		about: "publish an event for nobody to the streams of two users",
		talk:  talkNobody,
	},
	{
		name: "topics", needs: []Capability{CanPublish, CanPublishField("topic"), HasTopics},
		about: "publish events to topics whose names resemble each other, each of which has a stream",
		talk:  talkTopics,
	},
	{
		name: "foreign-resume", ownUsers: true, needs: []Capability{CanPublish, HasUsers},
		about: "resume streams of one user by IDs of another one's events, and by one that nobody sent",
		talk:  talkForeignResume,
	},
	{
		name: "user-publish", ownUsers: true, needs: []Capability{CanPublish, HasUsers, HasPublisher},
		about: "publish an event for one user with the token of another",
		talk:  talkUserPublish,
	},
	{
		name: "reuse", ownUsers: true, needs: []Capability{CanPublish, HasToken},
		about: "ask on one network connection with the token of a user, without one, and with that of another user",
		talk:  talkReuse,
	},
}

// The exchange "users" publishes this many events, for this long at most.
const (
	userEvents     = 1000
	userPublishers = 4
	userTime       = 5 * time.Second
)

func talkUsers(t *talk) {
	a, b := t.openAs(RoleGood, ask{name: "a"}), t.openAs(RoleOther, ask{name: "b"})
	if t.target.UserTopic != "" {
		t.open(ask{name: "b-at-a", role: RoleOther, topic: t.private(RoleGood)})
	}
	if !t.settleBy(t.marksFor(RoleGood), a) || !t.settleBy(t.marksFor(RoleOther), b) {
		return
	}
	end := time.Now().Add(userTime)
	var publishers sync.WaitGroup
	for n := range userPublishers {
		role := []string{RoleGood, RoleOther}[n%2]
		publishers.Go(func() {
			for i := range userEvents / userPublishers {
				if time.Now().After(end) || t.ctx.Err() != nil {
					return
				}
				t.publishTo(role, fmt.Sprintf("ssegauge-%s-%s-%d-%d", t.nonce, role, n, i))
			}
		})
	}
	publishers.Wait()
	t.markBy(t.marksFor(RoleGood), a)
	t.markBy(t.marksFor(RoleOther), b)
}

// tabEvents is how many events the exchange "tabs" publishes.
const tabEvents = 10

func talkTabs(t *talk) {
	marks := t.marksFor(RoleGood)
	first := t.openAs(RoleGood, ask{name: "first"})
	if !t.settleBy(marks, first) {
		return
	}
	second := t.openAs(RoleGood, ask{name: "second"})
	if !t.settleBy(marks, second) {
		return
	}
	for i := range tabEvents {
		t.publishTo(RoleGood, fmt.Sprintf("ssegauge-%s-tab-%d", t.nonce, i))
	}
	t.markBy(marks, second, first)
}

func talkNobody(t *talk) {
	a, b := t.openAs(RoleGood, ask{name: "a"}), t.openAs(RoleOther, ask{name: "b"})
	if !t.settleBy(t.marksFor(RoleGood), a) || !t.settleBy(t.marksFor(RoleOther), b) {
		return
	}
	nobody := &Publication{Check: "iso.user.untargeted", Fields: Fields{"data": "ssegauge-" + t.nonce + "-nobody"}}
	if t.target.Publish.knows("user") {
		nobody.Fields["user"] = ""
	}
	t.deliver(nobody, "")
	t.sleep(t.pace().Quiet)
	t.markBy(t.marksFor(RoleGood), a)
	t.markBy(t.marksFor(RoleOther), b)
}

// similarTopics are names that a careless comparison takes for the exchange's
// topic, which is the first of them.
func (t *talk) similarTopics() []string {
	own := t.topic
	list := []string{own}
	for _, name := range []string{
		fill(t.target.Topic, "nonce", strings.ToUpper(t.nonce)),
		own[:len(own)-1], own + "x", own + "/x", own + "/x/..", own + "*",
	} {
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

func talkTopics(t *talk) {
	names := t.similarTopics()
	streams := map[string]*stream{}
	for _, name := range names {
		if s := t.open(ask{name: name, topic: name}); s.isStream() {
			streams[name] = s
		}
	}
	if streams[t.topic] == nil || !t.settle(streams[t.topic]) {
		t.stop("no event stream could be opened")
		return
	}
	// A topic that the target does not take is left out: no mark gets through.
	end := time.Now().Add(t.pace().Patience)
	for _, name := range names[1:] {
		s := streams[name]
		for s != nil && !t.markOn(name, t.pace().Quiet, s) {
			if time.Now().After(end) || t.ctx.Err() != nil || !t.lastAccepted() {
				delete(streams, name)
				break
			}
		}
	}
	for _, name := range names {
		t.publishAs(&Publication{Topic: name, Fields: Fields{"data": "ssegauge-" + t.nonce + "-to-" + name}}, "")
	}
	t.sleep(t.pace().Quiet)
	for _, name := range names {
		if s := streams[name]; s != nil {
			t.markOn(name, t.pace().Quiet, s)
		}
	}
}

// markOn publishes a mark to a topic and waits until the stream has it.
func (t *talk) markOn(topic string, d time.Duration, s *stream) bool {
	data := t.nextMark()
	p := t.publishAs(&Publication{Mark: true, Topic: topic, Fields: Fields{"data": data}}, "")
	return p.Accepted && t.hasMark(data, d, s)
}

// lastAccepted reports whether the newest publication was accepted.
func (t *talk) lastAccepted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.rec.Publications)
	return n > 0 && t.rec.Publications[n-1].Accepted
}

func talkForeignResume(t *talk) {
	a, b := t.openAs(RoleGood, ask{name: "a"}), t.openAs(RoleOther, ask{name: "b"})
	if !t.settleBy(t.marksFor(RoleGood), a) || !t.settleBy(t.marksFor(RoleOther), b) {
		return
	}
	var data string
	for i := range 3 {
		data = fmt.Sprintf("ssegauge-%s-before-%d", t.nonce, i)
		t.publishTo(RoleGood, data)
	}
	if !t.hasMark(data, t.pace().Patience, a) || !t.markBy(t.marksFor(RoleOther), b) {
		t.stop("an event that was accepted did not arrive")
		return
	}
	id := t.idOf(a, fmt.Sprintf("ssegauge-%s-before-0", t.nonce))
	if id == "" {
		t.stop("the events have no IDs")
		return
	}
	var resumed []*stream
	resume := func(name, topic, id string) {
		if id == "" {
			return
		}
		s := t.open(ask{name: name, role: RoleOther, topic: topic, fields: []Field{{"Last-Event-ID", id}}})
		if s.isStream() {
			resumed = append(resumed, s)
		}
	}
	own := t.private(RoleOther)
	resume("b-foreign", own, id)
	resume("b-unknown", own, strangeID(id))
	resume("b-neighbour", own, idBeside(id, -1))
	if t.target.UserTopic != "" {
		t.open(ask{name: "b-at-a", role: RoleOther, topic: t.private(RoleGood), fields: []Field{{"Last-Event-ID", id}}})
	}
	t.sleep(t.pace().Quiet)
	t.publishTo(RoleGood, "ssegauge-"+t.nonce+"-after")
	t.markBy(t.marksFor(RoleOther), resumed...)
}

// idOf returns the ID of the event with the data.
func (t *talk) idOf(s *stream, data string) string {
	for _, e := range s.received() {
		if t.rec.payload(e) == data {
			return e.ID
		}
	}
	return ""
}

// idBeside is the ID that is so many numbers beside one that ends with a number,
// empty if there is none.
func idBeside(id string, by int64) string {
	digits := trailingDigits(id)
	number, ok := new(big.Int).SetString(digits, 10)
	if !ok || number.Add(number, big.NewInt(by)).Sign() < 0 {
		return ""
	}
	text := number.String()
	if digits[0] == '0' { // numbers of one width
		text = fmt.Sprintf("%0*s", len(digits), text)
	}
	return id[:len(id)-len(digits)] + text
}

func trailingDigits(id string) string {
	return id[len(strings.TrimRight(id, "0123456789")):]
}

// strangeID is an ID of the same form that nobody sent: another letter stands
// in place of the first. It is empty for an ID without letters: another number
// may be an event that is still to come, for which a target has its own answer.
func strangeID(id string) string {
	const hexadecimal, letters = "abcdef", "abcdefghijklmnopqrstuvwxyz"
	for i, c := range []byte(id) {
		for _, alphabet := range []string{hexadecimal, letters, strings.ToUpper(hexadecimal), strings.ToUpper(letters)} {
			if at := strings.IndexByte(alphabet, c); at >= 0 {
				return id[:i] + string(alphabet[(at+1)%len(alphabet)]) + id[i+1:]
			}
		}
	}
	return ""
}

func talkUserPublish(t *talk) {
	b := t.openAs(RoleOther, ask{name: "b"})
	if !t.settleBy(t.marksFor(RoleOther), b) {
		return
	}
	p := t.forUser(RoleOther, "ssegauge-"+t.nonce+"-from-a")
	p.Check, p.By = "iso.publish", RoleGood
	t.publishAs(p, "")
	t.markBy(t.marksFor(RoleOther), b)
}

func talkReuse(t *talk) {
	t.open(ask{name: "fresh", role: anonymous, stay: true}).close()
	known := t.knownConnection()
	if s := known(ask{name: "anonymous", role: anonymous, stay: true}); s != nil {
		s.end(t.pace().Quiet)
	}
	if !t.can(HasUsers) {
		return
	}
	b := known(ask{name: "b", role: RoleOther, topic: t.private(RoleOther)})
	if b == nil || !t.settleBy(t.marksFor(RoleOther), b) {
		return
	}
	if t.target.UserTopic != "" {
		known(ask{name: "b-at-a", role: RoleOther, topic: t.private(RoleGood), stay: true})
	}
	t.publishTo(RoleGood, "ssegauge-"+t.nonce+"-for-a")
	t.sleep(t.pace().Quiet)
	t.markBy(t.marksFor(RoleOther), b)
}

// knownConnection returns what sends a request on a network connection that has
// already carried a request of the good token: over HTTP/2 beside its stream,
// and else after a HEAD, on a connection of its own each time. It returns nil
// if the target keeps no connection for a second request.
func (t *talk) knownConnection() func(ask) *stream {
	if t.target.facts().Protocol == "HTTP/2.0" {
		t.open(ask{name: "known", topic: t.private(RoleGood), shared: true})
		return func(a ask) *stream {
			a.shared = true
			return t.open(a)
		}
	}
	return func(a ask) *stream {
		s := t.open(ask{name: "known", method: "HEAD", topic: t.private(RoleGood), stay: true})
		if !s.end(t.pace().Quiet) || !s.again(a) {
			return nil
		}
		s.head(t.pace().Patience)
		return s
	}
}
