package refprofile

import (
	"strconv"
	"strings"
	"sync"
)

// A session is what one MCP client has to do with the server.
type session struct {
	id, version string
	serial      sync.Mutex    // held while a request is answered, by a fault
	over        chan struct{} // closed at its end

	mu      sync.Mutex // guards the rest, and the streams
	closed  bool
	streams []*mcpStream
	ids     map[string]place
}

// A place is where a stream goes on behind an event.
type place struct {
	stream *mcpStream
	next   int
}

// An mcpStream is the events of one stream, whoever reads them. Its session
// guards it.
type mcpStream struct {
	session *session
	manners mcpManners
	name    string
	events  []string // as they go over the wire
	done    bool     // no event follows
	hungUp  bool     // the connection that it began on is to be closed,
	cut     int      // behind so many events
	changed chan struct{}
}

// open begins a stream; nil if the session has too many.
func (s *session) open(manners mcpManners) *mcpStream {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.streams) >= maxSessionStreams {
		return nil
	}
	st := &mcpStream{session: s, manners: manners, name: strconv.Itoa(len(s.streams) + 1), changed: make(chan struct{})}
	s.streams = append(s.streams, st)
	return st
}

// close ends all streams of the session.
func (s *session) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		close(s.over)
	}
}

// find returns the stream of an event, and the number of the one behind it.
func (s *session) find(id string, manners mcpManners) (st *mcpStream, from int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.ids[id]
	if ok && manners.replayAll {
		for _, other := range s.streams {
			if other != at.stream {
				at.stream.events = append(at.stream.events, other.events...)
			}
		}
	}
	return at.stream, at.next, ok
}

// send adds an event to the stream.
func (st *mcpStream) send(data string) {
	s := st.session
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, to := range s.streams {
		if to == st || st.manners.broadcast && !to.done && data != "" {
			to.add(data)
		}
	}
}

// add is send to this stream alone. The caller holds the session's mu.
func (st *mcpStream) add(data string) {
	id := strconv.Itoa(len(st.events) + 1)
	if !st.manners.countPerStream {
		id = st.name + "-" + id
	}
	// JSON has no line ends.
	st.events = append(st.events, "id: "+id+"\ndata: "+data+"\n\n")
	st.session.ids[id] = place{st, len(st.events)}
	st.wake()
}

// end tells that no event follows.
func (st *mcpStream) end() {
	st.session.mu.Lock()
	defer st.session.mu.Unlock()
	st.done = true
	st.wake()
}

// hangUp closes the connection that the stream began on; the stream goes on.
func (st *mcpStream) hangUp() {
	st.session.mu.Lock()
	defer st.session.mu.Unlock()
	st.hungUp, st.cut = true, len(st.events)
	st.wake()
}

func (st *mcpStream) wake() {
	close(st.changed)
	st.changed = make(chan struct{})
}

// from returns what there is from an event on, whether it is all, and what is
// closed when there is more. To the connection that the stream began on, the
// events end where the server hangs up.
func (st *mcpStream) from(n int, own bool) (text string, done, hungUp bool, changed <-chan struct{}) {
	st.session.mu.Lock()
	defer st.session.mu.Unlock()
	if own && st.hungUp {
		return strings.Join(st.events[n:st.cut], ""), false, true, nil
	}
	return strings.Join(st.events[n:], ""), st.done, false, st.changed
}
