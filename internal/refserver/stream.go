package refserver

import (
	"slices"
	"time"

	"github.com/tmaxmax/go-sse"
)

// A stream is one subscriber: where it is in the logs of its topics, and what
// of it the kernel has not yet taken.
type stream struct {
	cursors []cursor
	one     [1]cursor // room for the usual single topic

	// rest is what must be written before the next event: the tail of an
	// event that was written in part, or a gap event.
	rest    []byte
	framed  bool   // the stream is written in chunks
	subject string // whose token opened it
	grant   *grant // that token, if it can be revoked
	expires int64  // Unix nanoseconds; 0 means never
	wrote   int64  // Unix nanoseconds of the last write

	// For a shard.
	fd      int
	slot    uint32
	gen     uint32
	dropped int  // bytes that the client sent after its request
	blocked bool // the socket is full

	wake  chan struct{} // for a stream with a goroutine
	fault *streamFault  // nil unless a fault needs it
}

// A cursor is a place in the log of one topic: the border before the next
// event. It is not copied: place belongs to the loop that owns the group, the
// rest to whoever writes to the stream.
type cursor struct {
	log   *topicLog
	off   uint64
	group *group
	place int // in the group's members
}

// A subscription is what a stream asks for.
type subscription struct {
	topics  []string
	lastID  string // empty: live events only
	subject string
	grant   *grant    // nil: it cannot be revoked
	expires time.Time // zero: never
	swept   bool      // a shard writes to the stream's descriptor
}

// subscribe makes a stream and puts it just after the event that it names, or
// at the heads, in one step with counting it in. Every event published after
// subscribe returns is the stream's.
func (h *Hub) subscribe(sub subscription) (*stream, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fresh := 0
	for _, name := range sub.topics {
		if h.topics[name] == nil {
			fresh++
		}
	}
	switch {
	case h.down:
		return nil, sse.ErrProviderClosed
	case h.streams >= h.cfg.Limits.Streams:
		return nil, errStreams
	case sub.subject != "" && h.cfg.Limits.StreamsPerSubject > 0 && h.bySubject[sub.subject] >= h.cfg.Limits.StreamsPerSubject:
		return nil, errSubjectStreams
	case !h.roomFor(fresh):
		return nil, errTopics
	}
	st := &stream{subject: sub.subject, grant: sub.grant, framed: sub.swept, wrote: time.Now().UnixNano(), fd: -1}
	if !sub.expires.IsZero() {
		st.expires = sub.expires.UnixNano()
	}
	st.cursors = st.one[:0]
	if len(sub.topics) > 1 {
		st.cursors = make([]cursor, 0, len(sub.topics))
	}
	for i, name := range sub.topics {
		if !slices.Contains(sub.topics[:i], name) {
			l := h.topic(name)
			st.cursors = append(st.cursors, cursor{log: l, off: l.head.Load()})
		}
	}
	var missing *gap
	if sub.lastID != "" {
		missing = h.resume(st.cursors, sub.lastID)
	}
	if h.fault.outgoing != nil || h.fault.heartbeat != nil {
		st.fault = &streamFault{resumed: sub.lastID != "", opened: time.Now(), live: st.cursors[0].log.head.Load()}
	}
	if h.fault.joined != nil {
		var err error
		if missing, err = h.fault.joined(h, st, sub.lastID, missing); err != nil {
			h.abandon(st.cursors)
			return nil, err
		}
	}
	// A finished job is not run again for a client that has seen its end or
	// brings an id that tells nothing.
	if finished(st.cursors) && (missing != nil && missing.Reason == "unknown" || caughtUp(st.cursors)) {
		h.abandon(st.cursors)
		return nil, errNothingLeft
	}
	if missing != nil {
		st.tell(*missing)
	}
	loop := 0
	if sub.swept {
		loop = 1 + h.nextLoop%(len(h.loops)-1)
		h.nextLoop++
		h.counts.swept++
	} else {
		st.wake = make(chan struct{}, 1)
	}
	for i := range st.cursors {
		st.cursors[i].group = h.group(st.cursors[i].log, loop)
	}
	h.streams++
	if st.subject != "" {
		h.bySubject[st.subject]++
	}
	h.active.Add(1)
	return st, nil
}

// abandon releases the topics of a stream that is not opened.
func (h *Hub) abandon(cursors []cursor) {
	for i := range cursors {
		h.release(cursors[i].log)
	}
}

// group returns the group of a topic on a loop and counts one stream in.
func (h *Hub) group(l *topicLog, loop int) *group {
	if l.groups == nil {
		l.groups = make([]*group, len(h.loops))
	}
	g := l.groups[loop]
	if g == nil {
		g = &group{log: l, loop: h.loops[loop], number: loop}
		l.groups[loop] = g
	}
	g.streams++
	l.subscribers++
	return g
}

// why a stream ended, for the statistics.
type ending uint8

const (
	endedByPeer ending = iota // the client left, or its connection broke
	endedDone                 // expired, finished or shut down
	endedCut                  // too slow
)

// leave undoes subscribe.
func (h *Hub) leave(st *stream, why ending) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fault.left != nil {
		h.fault.left(st)
	}
	for i := range st.cursors {
		c := &st.cursors[i]
		l := c.log
		l.subscribers--
		if c.group.streams--; c.group.streams == 0 {
			l.groups[c.group.number] = nil
		}
		h.release(l)
	}
	h.streams--
	if st.framed {
		h.counts.swept--
	}
	if st.subject != "" {
		if h.bySubject[st.subject]--; h.bySubject[st.subject] == 0 {
			delete(h.bySubject, st.subject)
		}
	}
	st.grant.release()
	if why == endedCut {
		h.counts.cut++
	}
	h.active.Done()
}

// tell makes a gap event the next thing on the stream.
func (st *stream) tell(g gap) {
	event := appendGap(nil, g)
	if st.framed {
		event, _ = appendChunk(nil, event)
	}
	st.rest = append(st.rest, event...)
}

// skip moves the cursors that have left the window to the oldest event kept
// and tells the gap.
func (h *Hub) skip(st *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range st.cursors {
		c := &st.cursors[i]
		if v := c.log.view(); c.off < v.tail() {
			c.off = v.tail()
		}
	}
	if !h.fault.hushed {
		st.tell(gap{Reason: "slow", To: nextID(st.cursors)})
	}
	h.counts.gapped++
}

// lost reports whether the next event of the stream has left the window.
func (st *stream) lost() bool {
	for i := range st.cursors {
		if c := &st.cursors[i]; c.off < c.log.view().tail() {
			return true
		}
	}
	return false
}

// expired reports whether the token that opened the stream is no longer good.
func (st *stream) expired(now int64) bool {
	return st.expires != 0 && st.expires <= now || st.grant.isRevoked()
}

// finished reports whether no topic of the cursors will get another event.
func finished(cursors []cursor) bool {
	for i := range cursors {
		if !cursors[i].log.finished.Load() {
			return false
		}
	}
	return true
}

// caughtUp reports whether every cursor is at its head.
func caughtUp(cursors []cursor) bool {
	for i := range cursors {
		if c := &cursors[i]; c.off != c.log.head.Load() {
			return false
		}
	}
	return true
}
