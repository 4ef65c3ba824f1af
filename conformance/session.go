package conformance

import (
	"context"
	"time"
)

// A Session is a target that exchanges other than the checker's own take place
// with, such as those of package doctor. What they record is what the checker
// would: requests and responses byte by byte with their times, and no secret.
type Session struct{ run *runner }

// NewSession prepares exchanges with a target. Nothing is opened yet.
func NewSession(target Target) (*Session, error) {
	r, err := newRunner(target, Options{})
	if err != nil {
		return nil, err
	}
	return &Session{r}, nil
}

// Begun is the moment from which the times of the session's transcripts count.
func (s *Session) Begun() time.Time { return s.run.begun }

// Close closes what connections are kept for reuse.
func (s *Session) Close() { s.run.client.CloseIdleConnections() }

// Reach makes a connection to the target and closes it again. It returns an
// ErrUnreachable where none can be made.
func (s *Session) Reach(ctx context.Context) error { return s.run.reach(ctx) }

// Converse lets an exchange take place, for limit at most, and returns what was
// said in it. All that it opened is closed. It may be called side by side.
func (s *Session) Converse(ctx context.Context, name string, limit time.Duration, do func(*Talk)) *Transcript {
	e := &exchange{name: name, limit: limit, talk: func(t *talk) { do(&Talk{t}) }}
	t := s.run.converse(ctx, e, nil)
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	if problem := s.run.defects[name]; problem != "" {
		t.Problem = problem
	}
	return t
}

// A Talk is an exchange that takes place. None of its methods waits beyond the
// exchange's limit.
type Talk struct{ talk *talk }

// Nonce is of letters and digits that no other exchange has.
func (t *Talk) Nonce() string { return t.talk.nonce }

// Now is the time since the session began, as in the transcript.
func (t *Talk) Now() time.Duration { return t.talk.now() }

// Context ends with the exchange.
func (t *Talk) Context() context.Context { return t.talk.ctx }

// Sleep waits and reports whether the exchange goes on.
func (t *Talk) Sleep(d time.Duration) bool { return t.talk.sleep(d) }

// Stop notes why the exchange goes no further.
func (t *Talk) Stop(format string, args ...any) { t.talk.stop(format, args...) }

// Publish publishes by the target's hook to the exchange's topic.
func (t *Talk) Publish(f Fields) *Publication { return t.talk.publish(f) }

// CanPublish reports whether the target has a publish hook.
func (t *Talk) CanPublish() bool { return t.talk.can(CanPublish) }

// An Ask is what a request is beyond the usual: a GET of the target's URL with
// a good token, as an EventSource sends it.
type Ask struct {
	Name     string // of the connection in the transcript
	Method   string // default the target's
	Protocol string // HTTP/1.0, HTTP/1.1 or HTTP/2.0; default the target's
	URL      string // in place of the target's
	Query    map[string][]string
	// Fields replace header fields of the same name; an empty value leaves one
	// out.
	Fields []Field
	// After is the last event ID that the client has.
	After string
	Body  []byte
	// Pause lies between the two halves of the body, with HTTP/1.
	Pause time.Duration
	// Anonymous sends no token.
	Anonymous bool
	// Limit is how many bytes of the body are read. Default 1 MiB.
	Limit int
	// Coded leaves the content coding on: chunks are as they came.
	Coded bool
	// Stalled begins without reading the body; see Stream.Read. Window is the
	// size in bytes of the receive buffer. Default the system's.
	Stalled bool
	Window  int
	// Follow follows redirects, which are else recorded as they are.
	Follow bool
	// Patience is how long Open waits for the head. Default the target's.
	Patience time.Duration
}

func (a *Ask) ask() ask {
	role := ""
	if a.Anonymous {
		role = anonymous
	}
	return ask{
		name: a.Name, method: a.Method, proto: a.Protocol, url: a.URL, query: a.Query, fields: a.Fields, after: a.After,
		body: a.Body, pause: a.Pause, role: role, limit: a.Limit, coded: a.Coded, stalled: a.Stalled, window: a.Window,
		stay: !a.Follow, patience: a.Patience,
	}
}

// A Stream is one response while it comes in.
type Stream struct{ stream *stream }

// Open sends a request and waits for the head of its response. What went wrong
// is in the transcript.
func (t *Talk) Open(a Ask) *Stream { return &Stream{t.talk.open(a.ask())} }

// Send sends a request and does not wait for its response.
func (t *Talk) Send(a Ask) *Stream { return &Stream{t.talk.send(a.ask())} }

// Fetch opens a response that ends by itself, and returns its status and body; an
// event stream it leaves at once. It is not in the transcript.
func (t *Talk) Fetch(a Ask, patience time.Duration) (status int, body []byte) {
	a.Patience = patience
	s := t.talk.open(a.ask())
	if !s.isStream() {
		s.end(patience)
	}
	s.close()
	<-s.done
	t.talk.forget(s)
	return s.rec.Status, s.rec.bytes()
}

// Head waits for the head of the response.
func (s *Stream) Head(d time.Duration) bool { return s.stream.head(d) }

// Await waits until the events so far satisfy ok, or the response has ended.
func (s *Stream) Await(d time.Duration, ok func([]Event) bool) bool { return s.stream.await(d, ok) }

// End waits for the end of the response.
func (s *Stream) End(d time.Duration) bool { return s.stream.end(d) }

// Received returns a copy of the events so far.
func (s *Stream) Received() []Event { return s.stream.received() }

// IsStream reports whether the response is an event stream.
func (s *Stream) IsStream() bool { return s.stream.isStream() }

// Read lets a stream that began stalled read its body.
func (s *Stream) Read() { s.stream.read() }

// Close closes the connection, as a client does that goes away.
func (s *Stream) Close() { s.stream.close() }

// Events are the events that were dispatched, with the times of their blank
// lines.
func (c *Connection) Events() []Event { return c.events() }

// IsStream reports whether the response is an event stream: status 200 and
// text/event-stream, whatever its parameters.
func (c *Connection) IsStream() bool { return c.isStream() }

// Values returns the values of all header fields of the name, in any letter
// case.
func (c *Connection) Values(name string) []string { return c.values(name) }

// Value returns the first of Values, empty if there is none.
func (c *Connection) Value(name string) string { return c.value(name) }

// Body is the bytes of all chunks.
func (c *Connection) Body() []byte { return c.bytes() }

// Named returns the first connection of the name, nil if there is none.
func (t *Transcript) Named(name string) *Connection { return t.named(name) }

// ByPeer reports whether the target ended the response.
func (e End) ByPeer() bool { return e.byPeer() }
