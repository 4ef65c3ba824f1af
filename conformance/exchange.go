package conformance

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// An exchange is one way to talk to the target. It takes place at most once in
// a run, beside others unless it says otherwise.
type exchange struct {
	name  string
	about string // what is said, in one sentence
	needs []Capability
	// anyway tells that it makes sense although no event stream could be
	// opened; the others are left out then.
	anyway bool
	// alone tells that it disturbs others: it takes place after them, by
	// itself.
	alone bool
	// limit bounds its time. Default 30 s, whatever the pace.
	limit time.Duration
	// idle tells that it waits for the target's lifetime, which comes on top
	// of limit, and so costs nothing beside others.
	idle bool
	// ownUsers tells that its tokens are for users whom no other exchange has,
	// where tokens are made.
	ownUsers bool
	talk     func(*talk)
}

// opening is the exchange that takes place first, alone. Others follow if it
// shows that there is something to talk to.
const opening = "open"

// exchanges are all ways to talk.
var exchanges = slices.Concat(liveExchanges, authExchanges, httpExchanges, redirectExchanges, publishExchanges, fieldExchanges, injectExchanges, slowExchanges, resumeExchanges, endExchanges, isoExchanges, corsExchanges, openaiExchanges, mcpExchanges, mercureExchanges, polyExchanges, revokeExchanges)

func findExchange(name string) (*exchange, bool) {
	i := slices.IndexFunc(exchanges, func(e exchange) bool { return e.name == name })
	if i < 0 {
		return nil, false
	}
	return &exchanges[i], true
}

// FindExchange says in one sentence what is said in the exchange of the name.
func FindExchange(name string) (about string, ok bool) {
	e, ok := findExchange(name)
	if !ok {
		return "", false
	}
	return e.about, true
}

func (e *exchange) publishes() bool {
	return slices.ContainsFunc(e.needs, func(c Capability) bool { return strings.HasPrefix(string(c), string(CanPublish)) })
}

// A talk is an exchange that takes place. Its methods are what exchanges are
// written with; none of them waits beyond ctx.
type talk struct {
	ctx      context.Context
	run      *runner
	exchange *exchange
	target   *Target
	topic    string // of this exchange alone, if the target has topics
	nonce    string
	payloads []payloadOf // what the checks want published

	mu      sync.Mutex // guards rec
	rec     *Transcript
	streams []*stream
	marks   int
	h2      *http.Transport // for streams that share a connection
}

// payloadOf is a payload and the check that wants it.
type payloadOf struct {
	check string
	Payload
}

// converse lets the exchange take place and returns its transcript. Everything
// that it opened is closed.
func (r *runner) converse(ctx context.Context, e *exchange, payloads []payloadOf) *Transcript {
	limit := e.limit
	if limit == 0 {
		limit = 30 * time.Second
	}
	if e.idle {
		limit += r.target.Pace.Lifetime
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	nonce := strings.ToLower(rand.Text()[:12])
	t := &talk{
		ctx: ctx, run: r, exchange: e, target: &r.target, nonce: nonce, payloads: payloads,
		topic: fill(r.target.Topic, "nonce", nonce),
		rec:   &Transcript{Exchange: e.name, Facts: r.target.facts()},
	}
	lag := measureLag()
	func() {
		defer func() {
			if p := recover(); p != nil {
				r.broken(e.name, fmt.Sprintf("the exchange panicked: %v", p))
			}
		}()
		e.talk(t)
	}()
	for _, s := range t.streams {
		s.close()
	}
	for _, s := range t.streams {
		<-s.done
	}
	if t.h2 != nil {
		t.h2.CloseIdleConnections()
	}
	if t.rec.Problem == "" && ctx.Err() != nil {
		t.rec.Problem = fmt.Sprintf("the exchange was not over after %v", limit)
	}
	t.rec.Lag = lag()
	r.redact(t.rec)
	return t.rec
}

// now is the time since the beginning of the run, never zero.
func (t *talk) now() time.Duration { return t.run.now() }

// pace is how long to wait for what.
func (t *talk) pace() Pace { return t.target.Pace }

// can reports whether the target offers something.
func (t *talk) can(c Capability) bool { return t.target.lacks(c) == "" }

// stop notes why the exchange goes no further.
func (t *talk) stop(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rec.Problem == "" {
		t.rec.Problem = fmt.Sprintf(format, args...)
	}
}

// count adds to one of the transcript's counts and returns it.
func (t *talk) count(what string, n int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rec.Counts == nil {
		t.rec.Counts = map[string]int{}
	}
	t.rec.Counts[what] += n
	return t.rec.Counts[what]
}

// forget takes a stream out of the transcript, one of many that are alike.
func (t *talk) forget(s *stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rec.Connections = slices.DeleteFunc(t.rec.Connections, func(c *Connection) bool { return c == s.rec })
}

// sleep waits and reports whether the exchange goes on.
func (t *talk) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-t.ctx.Done():
		return false
	}
}

// token returns the token of a role, empty if there is none.
func (t *talk) token(role string) Secret { return t.tokenFor(role, t.topic) }

// tokenFor is token for a topic other than the exchange's own.
func (t *talk) tokenFor(role, topic string) Secret {
	if t.target.Tokens == nil {
		return ""
	}
	s, err := t.target.Tokens.ofUser(role, topic, t.user(role))
	if err != nil {
		t.stop("no token: %v", err)
		return ""
	}
	t.run.redactor.add(s)
	return s
}

// mint makes a token to order.
func (t *talk) mint(request TokenRequest) Secret {
	s, err := t.target.Tokens.mint(request)
	if err != nil {
		t.stop("no token: %v", err)
		return ""
	}
	t.run.redactor.add(s)
	return s
}

// publish publishes fields to the exchange's topic and records the answer.
func (t *talk) publish(f Fields) *Publication {
	return t.publishAs(&Publication{Fields: f}, "")
}

// publishAs is publish for a publication whose check, mark or topic is set. An
// empty topic is the exchange's own.
func (t *talk) publishAs(p *Publication, rawJSON string) *Publication {
	if p.Topic == "" {
		p.Topic = t.topic
	}
	return t.deliver(p, rawJSON)
}

// deliver is publishAs to the very topic that is set, or to none.
func (t *talk) deliver(p *Publication, rawJSON string) *Publication {
	return t.deliverBy(p, rawJSON, t.authorizer(p.By, p.Topic))
}

// deliverBy is deliver with a request that authorize changes.
func (t *talk) deliverBy(p *Publication, rawJSON string, authorize func(*http.Request)) *Publication {
	p.Exchange = t.exchange.name
	t.mu.Lock()
	t.rec.Publications = append(t.rec.Publications, p)
	p.Sent = t.now()
	t.mu.Unlock()
	a := t.target.Publish.send(t.ctx, t.run.client, p.Topic, p.Fields, rawJSON, authorize)
	t.mu.Lock()
	defer t.mu.Unlock()
	p.Answered = t.now()
	p.Status, p.ID, p.Problem, p.Unsendable = a.status, a.id, a.problem, a.unsendable
	p.Accepted = a.problem == ""
	return p
}

// authorizePublisher puts the publisher's token where the target takes it.
func (t *talk) authorizePublisher(r *http.Request) { t.authorizer("", t.topic)(r) }

// authorizer puts the token of a role, the publisher's for none, where the
// target takes it.
func (t *talk) authorizer(role, topic string) func(*http.Request) {
	return func(r *http.Request) {
		if p := t.target.Publish; t.target.Tokens != nil && (p == nil || !p.Anonymous) {
			t.target.Tokens.apply(r, t.tokenFor(cmp.Or(role, RolePublisher), topic))
		}
	}
}

// control performs an action of the target on the exchange's topic.
func (t *talk) control(action string) bool { return t.controlOf(action, "") }

// controlOf is control for an action that is about a token.
func (t *talk) controlOf(action string, s Secret) bool {
	if err := t.target.Control[action].do(t.ctx, t.run.client, t.topic, s, t.authorizePublisher); err != nil {
		t.stop("control %s: %v", action, err)
		return false
	}
	return true
}

// mark publishes an event that marks a place in the streams, and waits until
// all of them have it.
func (t *talk) mark(streams ...*stream) bool { return t.markBy(t.publishMark, streams...) }

// publishMark publishes a mark to the exchange's topic.
func (t *talk) publishMark(data string) *Publication {
	return t.publishAs(&Publication{Mark: true, Fields: Fields{"data": data}}, "")
}

// markBy is mark with marks that are published in another way.
func (t *talk) markBy(publish func(data string) *Publication, streams ...*stream) bool {
	data := t.nextMark()
	p := publish(data)
	if !p.Accepted {
		t.stop("the publish hook does not work: %s", p.Problem)
		return false
	}
	return t.hasMark(data, t.pace().Patience, streams...)
}

func (t *talk) nextMark() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.marks++
	return fmt.Sprintf("ssegauge-%s-%d", t.nonce, t.marks)
}

func (t *talk) hasMark(data string, d time.Duration, streams ...*stream) bool {
	return t.hasOneOf([]string{data}, d, streams...)
}

// hasOneOf waits until every stream has one of the marks.
func (t *talk) hasOneOf(marks []string, d time.Duration, streams ...*stream) bool {
	end := time.Now().Add(d)
	for _, s := range streams {
		got := s.await(time.Until(end), func(events []Event) bool {
			return slices.ContainsFunc(events, func(e Event) bool { return slices.Contains(marks, t.rec.payload(e)) })
		})
		if !got {
			return false
		}
	}
	return true
}

// settle publishes marks until one of them has reached every stream: from then
// on they are subscribed for certain.
func (t *talk) settle(streams ...*stream) bool { return t.settleBy(t.publishMark, streams...) }

// settleBy is settle with marks that are published in another way.
func (t *talk) settleBy(publish func(data string) *Publication, streams ...*stream) bool {
	for _, s := range streams {
		if !s.isStream() {
			t.stop("no event stream could be opened")
			return false
		}
	}
	end := time.Now().Add(t.pace().Patience)
	var marks []string // of which an earlier one may be on its way
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		marks = append(marks, t.nextMark())
		p := publish(marks[len(marks)-1])
		if !p.Accepted {
			t.stop("the publish hook does not work: %s", p.Problem)
			return false
		}
		left := time.Until(end)
		if t.hasOneOf(marks, min(wait, left), streams...) {
			return true
		}
		if left <= wait || t.ctx.Err() != nil {
			t.stop("no published event reached the stream within %v; do publish and url name the same topic?", t.pace().Patience)
			return false
		}
	}
}
