package conformance

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ssegauge/ssegauge/internal/eventstream"
)

// defaultLimit is how much of a body is read, in bytes.
const defaultLimit = 1 << 20

// A stream is one response while it comes in.
type stream struct {
	talk    *talk
	cancel  context.CancelFunc
	done    chan struct{} // closed when nothing more is recorded
	transit transit

	mu      sync.Mutex
	rec     *Connection
	changed chan struct{} // closed and replaced whenever something is recorded
	reading bool
	left    bool // we closed it
	decoder eventstream.Decoder
	events  []Event
	content *content
	coded   bool // the content coding is left on
	limit   int
	size    int // bytes of the body so far
	parser  parser
}

// A transit is the network side of a stream.
type transit interface {
	// abort closes the connection without a goodbye.
	abort()
}

// open sends a request and waits for the head of its response, following
// redirects as a browser does. The result is never nil; what went wrong is in
// its record.
func (t *talk) open(a ask) *stream {
	if a.patience == 0 {
		a.patience = t.pace().Patience
	}
	s := t.send(a)
	t.awaitHead(s, a)
	for hop := 1; !a.stay && hop <= maxRedirects; hop++ {
		next, ok := s.redirect()
		if !ok {
			break
		}
		s.rename(a.name + onward)
		s.close()
		if !sameOrigin(s.address(), next) {
			a.role, a.token = anonymous, ""
		}
		a.url, a.query = strings.NewReplacer("{", "%7B", "}", "%7D").Replace(next), nil
		s = t.send(a)
		t.awaitHead(s, a)
	}
	return s
}

// awaitHead waits for the head of a response. A target that sends it with the
// first event is given one, or nothing else could be seen of it.
func (t *talk) awaitHead(s *stream, a ask) {
	if t.run.withheld && t.can(CanPublish) && !s.head(min(t.pace().Quiet, a.patience)) {
		t.publishAs(&Publication{Mark: true, Topic: a.topic, Fields: Fields{"data": t.nextMark()}}, "")
	}
	s.head(a.patience)
}

// maxRedirects is what Fetch allows.
const maxRedirects = 20

// send sends a request and does not wait for its response.
func (t *talk) send(a ask) *stream {
	ctx, cancel := context.WithCancel(t.ctx)
	if a.limit == 0 {
		a.limit = defaultLimit
	}
	s := &stream{
		talk: t, cancel: cancel, done: make(chan struct{}), changed: make(chan struct{}),
		reading: !a.stalled, limit: a.limit, coded: a.coded,
		decoder: eventstream.NewDecoder(&eventstream.Config{MaxLine: a.limit, MaxEvent: a.limit}),
		rec:     &Connection{Exchange: t.exchange.name, Name: a.name, After: a.after, Sent: t.now()},
	}
	s.setLastEventID(a.after)
	t.mu.Lock()
	t.streams = append(t.streams, s)
	t.rec.Connections = append(t.rec.Connections, s.rec)
	t.mu.Unlock()

	r, err := t.request(a)
	if err != nil {
		s.rec.Problem, s.rec.End = err.Error(), EndReset
		close(s.done)
		return s
	}
	s.rec.Method, s.rec.URL, s.rec.Protocol = r.method, r.url.String(), r.proto
	s.rec.TLS = r.url.Scheme == "https"
	if r.proto == "HTTP/2.0" {
		s.start2(ctx, r, a)
	} else {
		s.start1(ctx, r, a)
	}
	return s
}

// wake tells those who wait that something was recorded. The caller holds mu.
func (s *stream) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// until waits until ok, which is called with mu held, at most for d. It ends
// early when nothing more can be recorded.
func (s *stream) until(d time.Duration, ok func() bool) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		s.mu.Lock()
		good, changed := ok(), s.changed
		s.mu.Unlock()
		if good {
			return true
		}
		select {
		case <-changed:
		case <-timer.C:
			return false
		case <-s.talk.ctx.Done():
			return false
		case <-s.done:
			s.mu.Lock()
			defer s.mu.Unlock()
			return ok()
		}
	}
}

// head waits for the head of the response.
func (s *stream) head(d time.Duration) bool {
	return s.until(d, func() bool { return s.rec.Responded != 0 || s.rec.End != EndNone }) && s.responded()
}

func (s *stream) responded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rec.Responded != 0
}

// await waits until the events so far satisfy ok, or the response has ended.
func (s *stream) await(d time.Duration, ok func([]Event) bool) bool {
	good := false
	s.until(d, func() bool {
		good = ok(s.events)
		return good || s.rec.End != EndNone
	})
	return good
}

// awaitBytes waits until the body has at least n bytes.
func (s *stream) awaitBytes(d time.Duration, n int) bool {
	return s.until(d, func() bool { return s.size >= n })
}

// end waits for the end of the response.
func (s *stream) end(d time.Duration) bool {
	return s.until(d, func() bool { return s.rec.End != EndNone })
}

// closed waits until the peer has closed the network connection.
func (s *stream) closed(d time.Duration) bool {
	return s.until(d, func() bool { return s.rec.Closed != 0 })
}

// received returns a copy of the events so far.
func (s *stream) received() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Event(nil), s.events...)
}

// lastEventID is the ID of the newest event so far, empty if none has one.
func (s *stream) lastEventID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.decoder.LastEventID())
}

func (s *stream) isStream() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rec.isStream()
}

// endedByPeer reports whether the target has ended the response.
func (s *stream) endedByPeer() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rec.End.byPeer()
}

func (s *stream) address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rec.URL
}

func (s *stream) rename(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rec.Name = name
}

// redirect returns where the response leads to.
func (s *stream) redirect() (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.rec.Status {
	case 301, 302, 303, 307, 308:
	default:
		return "", false
	}
	base, err := url.Parse(s.rec.URL)
	if err != nil {
		return "", false
	}
	next, err := base.Parse(s.rec.value("Location"))
	if err != nil || s.rec.value("Location") == "" || next.Scheme != "http" && next.Scheme != "https" || next.Host == "" {
		return "", false
	}
	return next.String(), true
}

func sameOrigin(a, b string) bool {
	x, err := url.Parse(a)
	y, err2 := url.Parse(b)
	return err == nil && err2 == nil && x.Scheme == y.Scheme && x.Host == y.Host
}

// read lets a stream that began stalled read its body.
func (s *stream) read() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading = true
	s.wake()
}

// stall makes a stream stop reading its body.
func (s *stream) stall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading = false
	s.wake()
}

// close closes the connection, as a client does that goes away.
func (s *stream) close() {
	s.mu.Lock()
	s.left = true
	s.mu.Unlock()
	s.cancel()
}

// abort closes the connection without a goodbye: a TCP reset, or RST_STREAM.
func (s *stream) abort() {
	s.mu.Lock()
	s.left = true
	transit := s.transit
	s.mu.Unlock()
	if transit != nil {
		transit.abort()
	}
	s.cancel()
}

// take records bytes of the body as they are on the wire without transfer
// coding. It reports whether more is wanted. The caller holds mu.
func (s *stream) take(at time.Duration, p []byte, begins bool) bool {
	if s.content == nil {
		coding := s.rec.value("Content-Encoding")
		if s.coded {
			coding = ""
		}
		s.content = newContent(coding)
	}
	s.rec.Coded += len(p)
	plain, err := s.content.feed(p, s.limit)
	if err != nil {
		end := EndMalformed
		if errors.Is(err, errCoded) {
			end = EndLimit // of this reader, no fault of the target's
		}
		s.over(end, err.Error())
		return false
	}
	room := s.limit - s.size
	full := len(plain) >= room
	plain = plain[:min(len(plain), room)]
	s.size += len(plain)
	if len(plain) > 0 || begins {
		s.rec.Chunks = append(s.rec.Chunks, Chunk{At: at, Data: plain, Begins: begins})
		if s.rec.isStream() {
			s.decoder.Feed(plain, func(e eventstream.Event) {
				s.events = append(s.events, Event{Type: string(e.Type), Data: string(e.Data), ID: string(e.LastEventID), At: at})
			})
		}
	}
	if full {
		s.over(EndLimit, "")
	}
	return !full
}

// over records the end of the response, once. The caller holds mu.
func (s *stream) over(end End, problem string) {
	if s.rec.End != EndNone {
		return
	}
	if s.left || s.talk.ctx.Err() != nil {
		end = EndLeft
	}
	s.rec.End, s.rec.Ended = end, s.talk.now()
	if s.rec.Problem == "" && end != EndLeft {
		s.rec.Problem = problem
	}
	s.wake()
}
