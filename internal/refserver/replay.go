package refserver

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// An id on the wire is the epoch of the process, a hyphen, and the sequence in
// decimal, so that an id of an earlier process is never taken for one of this.

func (h *Hub) idOf(seq uint64) string {
	return h.epoch + "-" + strconv.FormatUint(seq, 10)
}

// seqOf returns the sequence of an id of this process. Only the canonical
// spelling counts.
func (h *Hub) seqOf(id string) (uint64, bool) {
	digits, ok := strings.CutPrefix(id, h.epoch+"-")
	if !ok {
		return 0, false
	}
	seq, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || h.idOf(seq) != id {
		return 0, false
	}
	return seq, true
}

// ownID reports whether id looks like one of this process.
func (h *Hub) ownID(id string) bool {
	_, ok := h.seqOf(id)
	return ok
}

// A gap is what a stream is told about events that it may have missed.
type gap struct {
	// Reason is "unknown" (the id is not one of these topics), "evicted"
	// (events after it are no longer kept) or "slow" (the stream was too far
	// behind).
	Reason string `json:"reason"`
	// From is the last event that the client is known to have.
	From string `json:"from,omitempty"`
	// To is the oldest event that is kept and follows now.
	To string `json:"to,omitempty"`
}

// gapEvent is the type of the events that tell a gap. Nobody may publish it.
const gapEvent = "gap"

// appendGap appends the event that tells g. It carries no id: it is no place
// to resume from.
func appendGap(dst []byte, g gap) []byte {
	data, _ := json.Marshal(g) // strings always marshal
	dst = append(dst, "event: "+gapEvent+"\ndata: "...)
	dst = append(dst, data...)
	return append(dst, "\n\n"...)
}

// resume sets the cursors just after the event with the given id and says what
// may be missing, if anything is. The caller holds the hub's lock, so no event
// comes between this and what is published next.
//
// The answer depends only on the id and on the stream's own topics: what
// exists elsewhere cannot be told from what does not exist.
func (h *Hub) resume(cursors []cursor, id string) *gap {
	seq, own := h.seqOf(id)
	if own && seq > h.seq {
		for i := range cursors {
			cursors[i].off = cursors[i].log.head.Load()
		}
		return nil
	}
	known, evicted := false, false
	for i := range cursors {
		if s, ok := cursors[i].log.ids[id]; ok {
			seq, known = s, true
		}
	}
	for i := range cursors {
		if l := cursors[i].log; own && (l.holds(seq) || seq == l.evictedSeq && seq != 0) {
			known = true
		}
	}
	if own || known {
		for i := range cursors {
			evicted = evicted || seq < cursors[i].log.evictedSeq
		}
	}
	if !known && !evicted {
		seq = 0
	}
	var notBefore int64
	if h.cfg.Window.Age > 0 {
		notBefore = time.Now().Add(-h.cfg.Window.Age).UnixMilli()
	}
	for i := range cursors {
		cursors[i].off = cursors[i].log.after(seq, notBefore)
	}
	switch {
	case evicted:
		return &gap{Reason: "evicted", From: id, To: nextID(cursors)}
	case !known:
		return &gap{Reason: "unknown", To: nextID(cursors)}
	}
	return nil
}

// nextID returns the id of the first event that the cursors lead to, empty if
// there is none.
func nextID(cursors []cursor) string {
	var first entry
	var in *segment
	for i := range cursors {
		c := &cursors[i]
		v := c.log.view()
		if c.off >= v.head {
			continue
		}
		at := v.find(c.off)
		if at < 0 {
			continue
		}
		s := v.segs[at]
		if e := s.entry(s.at(c.off)); in == nil || e.seq < first.seq {
			first, in = e, s
		}
	}
	if in == nil {
		return ""
	}
	line, _, _ := bytes.Cut(in.data[first.off+first.head:], []byte("\n"))
	id, _ := bytes.CutPrefix(line, []byte("id: "))
	return string(id)
}
