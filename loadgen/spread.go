package loadgen

import "time"

// A spread is when an event reached its first and its last receiver, as far as
// its owner knows. Spreads of the same event add up.
type spread struct {
	event       eventKey
	due         int64 // Unix nanoseconds, like first and last
	first, last int64
}

type eventKey struct {
	topic uint32
	seq   uint64
}

// A spreadTable is a loop's own spreads of the latest events: a small ring per
// topic, so that noting a receipt neither searches nor allocates. What falls
// out of a ring goes to the loop's Tally.
type spreadTable struct {
	slots []spread
	width int // of a topic's ring, a power of two
}

func newSpreadTable(topics int) *spreadTable {
	width := 64
	for width > 2 && width*topics > 1<<16 {
		width /= 2
	}
	return &spreadTable{slots: make([]spread, width*topics), width: width}
}

func (t *spreadTable) note(event eventKey, due, now int64, tally *Tally) {
	s := &t.slots[int(event.topic)*t.width+int(event.seq)&(t.width-1)]
	if s.event == event && s.due == due {
		s.last = now
		return
	}
	if s.due != 0 {
		tally.spreads = append(tally.spreads, *s)
	}
	*s = spread{event, due, now, now}
}

// flush moves every spread to tally.
func (t *spreadTable) flush(tally *Tally) {
	for i := range t.slots {
		if t.slots[i].due != 0 {
			tally.spreads = append(tally.spreads, t.slots[i])
			t.slots[i] = spread{}
		}
	}
}

// spreadHorizon is how long after an event's due time its receipts still count
// for its spread. It bounds the memory of long runs; loss and lateness are the
// ledger's.
const spreadHorizon = 30 * time.Second

// spreads joins the spreads of all loops and seconds.
type spreads struct {
	open map[eventKey]spread
	// last is the time from an event's due time to its last receipt; width is
	// that from its first receipt to its last.
	last, width *Latency
}

func newSpreads() *spreads {
	return &spreads{open: map[eventKey]spread{}, last: newLatency(), width: newLatency()}
}

// add takes the spreads out of t.
func (s *spreads) add(t *Tally, now int64) {
	for _, part := range t.spreads {
		whole, ok := s.open[part.event]
		switch {
		case now-part.due > int64(spreadHorizon):
			continue
		case ok:
			part.first, part.last = min(part.first, whole.first), max(part.last, whole.last)
		}
		s.open[part.event] = part
	}
	t.spreads = t.spreads[:0]
}

// close records the events that were due before t.
func (s *spreads) close(t int64) {
	for event, whole := range s.open {
		if whole.due < t {
			s.last.record(time.Duration(whole.last - whole.due))
			s.width.record(time.Duration(whole.last - whole.first))
			delete(s.open, event)
		}
	}
}
