package refserver

import (
	"bytes"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
)

// What the hooks of faults are made of that put a stream in the wrong place, or
// take its client for another.

// placed moves a stream that resumes by an ID of the server's own and has
// missed nothing that is gone. What is finished is none of its business.
func placed(place func(l *topicLog, seq uint64) uint64) func(*Hub, *stream, string, *gap) (*gap, error) {
	return func(h *Hub, st *stream, id string, missing *gap) (*gap, error) {
		if seq, own := h.seqOf(id); own && missing == nil && seq <= h.seq && !finished(st.cursors) {
			for i := range st.cursors {
				st.cursors[i].off = place(st.cursors[i].log, seq)
			}
		}
		return missing, nil
	}
}

// secondAfter is the place behind the first event with a sequence above seq.
func secondAfter(l *topicLog, seq uint64) uint64 {
	s, i := l.first(func(e entry) bool { return e.seq > seq })
	if s == nil {
		return l.head.Load()
	}
	return s.start + uint64(s.eventEnd(i, int(s.count.Load())))
}

// muteFuture puts a stream that sends an ID of the future where no log will
// come.
func muteFuture(h *Hub, st *stream, id string, missing *gap) (*gap, error) {
	if seq, own := h.seqOf(id); own && seq > h.seq {
		for i := range st.cursors {
			st.cursors[i].off += 1 << 48
		}
	}
	return missing, nil
}

// untold puts a stream that has missed events for the reason at the heads.
func untold(reason string) func(*Hub, *stream, string, *gap) (*gap, error) {
	return func(_ *Hub, st *stream, _ string, missing *gap) (*gap, error) {
		if missing == nil || missing.Reason != reason {
			return missing, nil
		}
		st.toHeads()
		return nil, nil
	}
}

func (st *stream) toHeads() {
	for i := range st.cursors {
		st.cursors[i].off = st.cursors[i].log.head.Load()
	}
}

// everyTopic puts a stream that resumes on all topics, unless its own are
// finished.
func everyTopic(h *Hub, st *stream, id string, missing *gap) (*gap, error) {
	if seq, own := h.seqOf(id); own && !finished(st.cursors) {
		for _, l := range h.topics {
			if !slices.ContainsFunc(st.cursors, func(c cursor) bool { return c.log == l }) {
				st.cursors = append(st.cursors, cursor{log: l, off: l.after(seq, 0)})
			}
		}
	}
	return missing, nil
}

// notePassed keeps up to where a stream was written.
func notePassed(st *stream) {
	for i := range st.cursors {
		l := st.cursors[i].log
		l.fault.passed = max(l.fault.passed, st.cursors[i].off)
	}
}

// behindPassed makes a stream that resumes begin there at the earliest.
func behindPassed(_ *Hub, st *stream, id string, missing *gap) (*gap, error) {
	if id != "" {
		for i := range st.cursors {
			c := &st.cursors[i]
			c.off = max(c.off, c.log.fault.passed)
		}
	}
	return missing, nil
}

// onlyOnce forgets an ID when it has been sent.
func onlyOnce(_ *Hub, st *stream, id string, missing *gap) (*gap, error) {
	if id == "" {
		return missing, nil
	}
	f := &st.cursors[0].log.fault
	if f.used[id] {
		st.toHeads()
		return nil, nil
	}
	if f.used == nil {
		f.used = map[string]bool{}
	}
	f.used[id] = true
	return missing, nil
}

// sharedPlace gives every stream that resumes the place of the first.
func sharedPlace(_ *Hub, st *stream, id string, missing *gap) (*gap, error) {
	if id == "" {
		return missing, nil
	}
	c := &st.cursors[0]
	if f := &c.log.fault; f.place == nil {
		at := c.off
		f.place = &at
	}
	c.off = *c.log.fault.place
	return missing, nil
}

// A reign is the time in which one stream is the newest of its topic, or none
// is.
type reign struct {
	from   uint64 // where the first event of this time begins
	stream *stream
}

// noteNewest, dropNewest and toNewest keep events from all live streams of a
// topic but the one that was the newest when the event was published. Who is
// the newest when an event is written would depend on who writes first.
func noteNewest(_ *Hub, st *stream, id string, missing *gap) (*gap, error) {
	if id == "" {
		st.cursors[0].log.reign(st)
	}
	return missing, nil
}

func dropNewest(st *stream) {
	if l := st.cursors[0].log; l.newest(l.head.Load()+1) == st {
		l.reign(nil)
	}
}

func toNewest(st *stream, e []byte) [][]byte {
	newest := st.cursors[0].log.newest(st.cursors[0].off)
	if newest != nil && newest != st && !st.missed() {
		return nil
	}
	return [][]byte{e}
}

// reign makes st the newest stream for the events to come.
func (l *topicLog) reign(st *stream) {
	l.fault.mu.Lock()
	defer l.fault.mu.Unlock()
	l.fault.reigns = append(l.fault.reigns, reign{l.head.Load(), st})
}

// newest returns the stream that was the newest when the event was published
// that ends at off.
func (l *topicLog) newest(off uint64) *stream {
	l.fault.mu.Lock()
	defer l.fault.mu.Unlock()
	for _, r := range slices.Backward(l.fault.reigns) {
		if r.from < off {
			return r.stream
		}
	}
	return nil
}

// missed reports whether the event that the cursors have just passed had been
// published before the stream was opened.
func (st *stream) missed() bool { return st.cursors[0].off <= st.fault.live }

// liveFirst holds what a stream has missed until a live event comes.
func liveFirst(st *stream, e []byte) [][]byte {
	if st.missed() {
		st.fault.held = append(st.fault.held, bytes.Clone(e))
		return nil
	}
	held := st.fault.held
	st.fault.held = nil
	return append([][]byte{e}, held...)
}

// dataOnly is an event without what stands in front of its data.
func dataOnly(e []byte) []byte { return e[max(0, bytes.Index(e, []byte("data:"))):] }

// missedAs changes the events that a stream has missed.
func missedAs(change func([]byte) []byte) func(*stream, []byte) [][]byte {
	return func(st *stream, e []byte) [][]byte {
		if st.missed() {
			e = change(e)
		}
		return [][]byte{e}
	}
}

// firstLive makes something else of the first event that a stream did not miss
// which resumes.
func firstLive(change func([]byte) [][]byte) func(*stream, []byte) [][]byte {
	return func(st *stream, e []byte) [][]byte {
		if st.fault.resumed && !st.missed() {
			st.fault.resumed = false // and is an ordinary stream from here on
			return change(e)
		}
		return [][]byte{e}
	}
}

// onHeader changes the head and the query of requests for streams.
func onHeader(change func(http.Header, url.Values)) func(http.Handler) http.Handler {
	return onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		change(r.Header, query)
		r.URL.RawQuery = query.Encode()
		next.ServeHTTP(w, r)
	})
}

// forgetReset ignores the last event ID of the first stream on a topic that is
// opened after one was reset.
func forgetReset(next http.Handler) http.Handler {
	var mu sync.Mutex
	reset := map[string]bool{} // topics
	return onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		topic := r.URL.Query().Get("topic")
		mu.Lock()
		if reset[topic] {
			delete(reset, topic)
			r.Header.Del("Last-Event-ID")
		}
		mu.Unlock()
		next.ServeHTTP(w, r)
		conn, ok := r.Context().Value(connKey{}).(net.Conn)
		if !ok || r.Context().Err() == nil {
			return
		}
		// A connection that the peer has closed still takes bytes; one that it
		// has reset does not.
		if _, err := conn.Write([]byte("\n")); err != nil {
			mu.Lock()
			reset[topic] = true
			mu.Unlock()
		}
	})(next)
}

// A changedListener changes the connections that it accepts.
type changedListener struct {
	net.Listener
	change func(net.Conn) net.Conn
}

func (l changedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.change(c), nil
}

// A caseConn hides Last-Event-ID fields in lower case from net/http, which
// knows a field in any letter case. It looks for them within one read.
type caseConn struct{ net.Conn }

func (c caseConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if at := bytes.Index(p[:n], []byte("\nlast-event-id:")); at >= 0 {
		copy(p[at+1:], "lost")
	}
	return n, err
}
