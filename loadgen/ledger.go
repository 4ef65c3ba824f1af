package loadgen

import (
	"slices"
	"sort"
	"sync"
	"sync/atomic"
)

// A book is what the publisher knows of the events of one topic, numbered from
// 0: how many there are, which of them the backend refused, and when each of
// the latest was acknowledged.
type book struct {
	next atomic.Uint64 // numbers below it have been given out

	mu      sync.Mutex
	refused []uint64 // sorted
	// acknowledged has the Unix nanoseconds of the latest acknowledgements, by
	// number modulo its length; 0 while the answer is awaited.
	acknowledged []int64
}

// acknowledgements is how many of the latest events of a topic a book can date.
// An older event that still arrives was acknowledged before, unless refused.
const acknowledgements = 1024

// issue gives out the next number.
func (b *book) issue() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	seq := b.next.Load()
	if len(b.acknowledged) < acknowledgements {
		b.acknowledged = append(b.acknowledged, 0)
	} else {
		b.acknowledged[seq%acknowledgements] = 0
	}
	b.next.Store(seq + 1)
	return seq
}

// end is one more than the last number given out.
func (b *book) end() uint64 { return b.next.Load() }

func (b *book) acknowledge(seq uint64, now int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if seq+acknowledgements >= b.next.Load() {
		b.acknowledged[seq%acknowledgements] = now
	}
}

func (b *book) refuse(seq uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, _ := slices.BinarySearch(b.refused, seq)
	b.refused = slices.Insert(b.refused, i, seq)
}

// acknowledgedBefore reports whether event seq was acknowledged before t.
// Publishes that overlapped in time may arrive in either order.
func (b *book) acknowledgedBefore(seq uint64, t int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if seq+acknowledgements < b.next.Load() {
		_, refused := slices.BinarySearch(b.refused, seq)
		return !refused
	}
	at := b.acknowledged[seq%acknowledgements]
	return at != 0 && at < t
}

// refusedIn counts the refused numbers in [from, to).
func (b *book) refusedIn(from, to uint64) uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := func(seq uint64) int {
		return sort.Search(len(b.refused), func(i int) bool { return b.refused[i] >= seq })
	}
	return uint64(max(0, at(to)-at(from)))
}

// A span is the numbers from first to, but not including, end.
type span struct{ first, end uint64 }

// A receipt is what one stream has received of one topic, as disjoint spans
// that do not touch, in rising order. While nothing is missing there is one.
type receipt struct {
	// required is the first number that the stream had to receive: the next one
	// to be given out when its response head came.
	required uint64
	until    uint64 // one more than the last that it had to, once it is closed
	latest   span   // the highest span
	earlier  []span // the others
	lastSent int64  // when the highest number was sent
	// holes are the numbers between spans that were joined to bound memory;
	// lost are those of them that had to arrive.
	holes, lost uint64
}

// maxSpans bounds the memory of a stream that misses much. Beyond it the oldest
// gap is written off as lost, and what still arrives of it is a duplicate.
const maxSpans = 1024

// An arrival is what a receipt says of an event.
type arrival uint8

const (
	fresh     arrival = iota // in order, or after a gap
	filling                  // fills a gap: it was overtaken
	duplicate                // had been received
)

// add takes in the number seq of b, and says by how many numbers it widened or
// (if negative) narrowed the gaps.
func (r *receipt) add(b *book, seq uint64, sent int64) (a arrival, missing int64) {
	switch {
	case r.latest.end == r.latest.first:
		missing = int64(seq) - int64(min(seq, r.required))
		r.latest = span{seq, seq + 1}
	case seq == r.latest.end:
		r.latest.end++
	case seq > r.latest.end:
		missing = int64(seq) - int64(min(seq, max(r.latest.end, r.required)))
		r.push(b, r.latest)
		r.latest = span{seq, seq + 1}
	case seq >= r.latest.first:
		return duplicate, 0
	default:
		return r.fill(b, seq)
	}
	r.lastSent = sent
	return fresh, missing
}

// push keeps s as one of the earlier spans.
func (r *receipt) push(b *book, s span) {
	r.earlier = append(r.earlier, s)
	r.bound(b)
}

// bound writes the oldest gap off when there are too many.
func (r *receipt) bound(b *book) {
	if len(r.earlier) < maxSpans {
		return
	}
	oldest, second := r.earlier[0], &r.earlier[1]
	r.holes += second.first - oldest.end
	r.lost += unexcused(b, max(oldest.end, r.required), second.first)
	second.first = oldest.first
	r.earlier = slices.Delete(r.earlier, 0, 1)
}

// fill takes in a number below the highest span.
func (r *receipt) fill(b *book, seq uint64) (arrival, int64) {
	i := sort.Search(len(r.earlier), func(i int) bool { return r.earlier[i].end > seq })
	if i < len(r.earlier) && r.earlier[i].first <= seq {
		return duplicate, 0
	}
	var missing int64
	if seq >= r.required {
		missing = -1
	}
	above := &r.latest
	if i < len(r.earlier) {
		above = &r.earlier[i]
	}
	touchesAbove := seq+1 == above.first
	touchesBelow := i > 0 && r.earlier[i-1].end == seq
	switch {
	case touchesAbove && touchesBelow:
		above.first = r.earlier[i-1].first
		r.earlier = slices.Delete(r.earlier, i-1, i)
	case touchesAbove:
		above.first = seq
	case touchesBelow:
		r.earlier[i-1].end++
	default:
		r.earlier = slices.Insert(r.earlier, i, span{seq, seq + 1})
		r.bound(b)
	}
	return filling, missing
}

// close notes that the stream is closed now: it had to receive everything up to
// its highest number, or up to the first missing one whose publishing was not
// over when the highest was sent. That one may still have been on its way.
func (r *receipt) close(b *book) {
	r.until = r.latest.end
	at := r.required
	if r.latest.end > acknowledgements {
		at = max(at, r.latest.end-acknowledgements)
	}
	for s := range r.spans {
		for ; at < s.first; at++ {
			if !b.acknowledgedBefore(at, r.lastSent) {
				r.until = at
				return
			}
		}
		at = max(at, s.end)
	}
}

// settle closes the books at number end: how many events of b had to arrive or
// did, and how many did. An event that arrived before it had to, or although
// its publishing was refused, was expected after all.
func (r *receipt) settle(b *book, end uint64) (expected, received uint64) {
	missed := r.lost
	at := r.required
	for s := range r.spans {
		received += s.end - s.first
		missed += unexcused(b, at, min(s.first, end))
		at = max(at, s.end)
	}
	missed += unexcused(b, at, end)
	received -= r.holes
	return received + missed, received
}

// unexcused counts the numbers in [from, to) that the backend did not refuse.
// Without a book none was refused.
func unexcused(b *book, from, to uint64) uint64 {
	if to <= from {
		return 0
	}
	if b == nil {
		return to - from
	}
	return to - from - b.refusedIn(from, to)
}

func (r *receipt) spans(yield func(span) bool) {
	for _, s := range r.earlier {
		if !yield(s) {
			return
		}
	}
	if r.latest.end > r.latest.first {
		yield(r.latest)
	}
}
