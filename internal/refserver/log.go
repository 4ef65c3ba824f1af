package refserver

import (
	"encoding/binary"
	"sort"
	"sync/atomic"
	"time"
)

// A topicLog is the events of one topic in the order of their publishing, as
// bytes that can be written to a socket as they are. One publisher at a time
// appends to it, under the hub's lock; any number of readers look at it
// without a lock, through a view. An absolute offset into the log counts every
// byte ever appended; the offset of each event's first byte is a border.
//
// Bytes below the head are never changed. A segment that leaves the window is
// only forgotten, so a reader that still holds it is safe, and the garbage
// collector frees it afterwards.
type topicLog struct {
	name     string
	head     atomic.Uint64
	list     atomic.Pointer[[]*segment]
	finished atomic.Bool // no event follows the head

	// What follows is guarded by the hub's lock.
	nextSize    int               // of the next segment, in bytes
	kept        int               // bytes of events in the list
	events      int               // events in the list
	lastSeq     uint64            // of the newest event ever appended
	evictedSeq  uint64            // of the newest event that left the window, 0 if none
	ids         map[string]uint64 // ids that publishers gave, to sequence
	groups      []*group          // the topic's streams, by loop; nil where it has none
	subscribers int
	fault       topicFault
}

const (
	minSegment = 2 << 10
	maxSegment = 64 << 10
)

// A segment is a piece of a log. The bytes of its events grow from the front
// of data, an index of fixed-width entries grows from the back. The index
// holds no pointers, so the collector never scans a segment.
type segment struct {
	start uint64 // absolute offset of data[0]
	data  []byte
	count atomic.Uint32 // entries that may be read
	used  int           // bytes of events; for the publisher only
	ids   []string      // ids that publishers gave; for the publisher only
}

// An entry of the index: sequence, time, offset in the segment, and length of
// the chunk head in front of the event.
type entry struct {
	seq  uint64
	at   int64 // Unix milliseconds
	off  uint32
	head uint32
}

const entrySize = 24

func (s *segment) entry(i int) entry {
	p := s.data[len(s.data)-(i+1)*entrySize:]
	return entry{
		seq:  binary.NativeEndian.Uint64(p),
		at:   int64(binary.NativeEndian.Uint64(p[8:])),
		off:  binary.NativeEndian.Uint32(p[16:]),
		head: binary.NativeEndian.Uint32(p[20:]),
	}
}

func (s *segment) fits(n int) bool {
	return s.used+n+(int(s.count.Load())+1)*entrySize <= len(s.data)
}

// add appends an event that fits.
func (s *segment) add(seq uint64, at int64, wire []byte, head int) {
	n := int(s.count.Load())
	p := s.data[len(s.data)-(n+1)*entrySize:]
	binary.NativeEndian.PutUint64(p, seq)
	binary.NativeEndian.PutUint64(p[8:], uint64(at))
	binary.NativeEndian.PutUint32(p[16:], uint32(s.used))
	binary.NativeEndian.PutUint32(p[20:], uint32(head))
	copy(s.data[s.used:], wire)
	s.used += len(wire)
	s.count.Store(uint32(n + 1))
}

func newTopicLog(name string) *topicLog {
	l := &topicLog{name: name, nextSize: minSegment}
	l.list.Store(new([]*segment))
	return l
}

// append adds one event, whose first head bytes are its chunk head, and drops
// what the window no longer holds.
func (l *topicLog) append(seq uint64, now time.Time, wire []byte, head int, id string, window int) {
	segs := *l.list.Load()
	if len(segs) == 0 || !segs[len(segs)-1].fits(len(wire)) {
		size := max(l.nextSize, len(wire)+entrySize)
		l.nextSize = min(2*l.nextSize, max(minSegment, min(maxSegment, window/8)))
		// Readers hold the old list, so the new one is a copy.
		drop := l.overflow(segs, window)
		grown := append(make([]*segment, 0, len(segs)-drop+1), segs[drop:]...)
		segs = append(grown, &segment{start: l.head.Load(), data: make([]byte, size)})
		l.list.Store(&segs)
	}
	s := segs[len(segs)-1]
	s.add(seq, now.UnixMilli(), wire, head)
	if id != "" {
		if l.ids == nil {
			l.ids = make(map[string]uint64)
		}
		l.ids[id] = seq
		s.ids = append(s.ids, id)
	}
	l.kept += len(wire)
	l.events++
	l.lastSeq = seq
	l.head.Add(uint64(len(wire)))
}

// overflow forgets the oldest segments without which the window is still full
// and returns how many they are.
func (l *topicLog) overflow(segs []*segment, window int) int {
	n := 0
	for n < len(segs) && l.kept-segs[n].used >= window {
		l.forget(segs[n])
		n++
	}
	return n
}

// expire drops the segments whose newest event is from before the given time.
func (l *topicLog) expire(before time.Time) {
	segs := *l.list.Load()
	n := 0
	for n < len(segs) && segs[n].entry(int(segs[n].count.Load())-1).at < before.UnixMilli() {
		l.forget(segs[n])
		n++
	}
	if n == 0 {
		return
	}
	rest := append([]*segment(nil), segs[n:]...)
	l.list.Store(&rest)
	if len(rest) == 0 {
		l.nextSize = minSegment
	}
}

// forget does the books for a segment that leaves the window.
func (l *topicLog) forget(s *segment) {
	n := int(s.count.Load())
	l.kept -= s.used
	l.events -= n
	l.evictedSeq = s.entry(n - 1).seq
	for _, id := range s.ids {
		if l.ids[id] <= l.evictedSeq {
			delete(l.ids, id)
		}
	}
}

// A view is what a reader may see of a log at one moment.
type view struct {
	head uint64
	segs []*segment
}

// view reads the head before the list: the list then reaches at least to the
// head.
func (l *topicLog) view() view {
	head := l.head.Load()
	return view{head: head, segs: *l.list.Load()}
}

// tail is the offset of the oldest event kept.
func (v view) tail() uint64 {
	if len(v.segs) == 0 {
		return v.head
	}
	return min(v.segs[0].start, v.head)
}

// find returns the place in the list of the segment that holds offset off,
// which is below the head; -1 if it has left the window. Most readers are near
// the head, so it looks from there.
func (v view) find(off uint64) int {
	for i := len(v.segs) - 1; i >= 0; i-- {
		if v.segs[i].start <= off {
			return i
		}
	}
	return -1
}

// bytes returns the bytes of segment i from offset off to the segment's end or
// the head.
func (v view) bytes(i int, off uint64) []byte {
	s, end := v.segs[i], v.head
	if i+1 < len(v.segs) {
		end = min(end, v.segs[i+1].start)
	}
	return s.data[off-s.start : end-s.start]
}

// eventEnd is the offset in s after event i of n.
func (s *segment) eventEnd(i, n int) uint32 {
	if i+1 < n {
		return s.entry(i + 1).off
	}
	e := s.entry(i)
	return e.off + chunkLen(s.data[e.off:], int(e.head))
}

// at returns the index of the event of s that holds the byte at offset off.
func (s *segment) at(off uint64) int {
	rel := uint32(off - s.start)
	n := int(s.count.Load())
	return sort.Search(n, func(i int) bool { return s.entry(i).off > rel }) - 1
}

// border returns the first border at or after offset off of segment s, of
// which bytes up to off belong to events.
func (s *segment) border(off uint64) uint64 {
	if off == s.start {
		return off
	}
	i := s.at(off - 1)
	return s.start + uint64(s.eventEnd(i, int(s.count.Load())))
}

// after returns the offset of the first event with a sequence above seq that
// is from notBefore or later; the head if there is none. The caller holds the
// hub's lock.
func (l *topicLog) after(seq uint64, notBefore int64) uint64 {
	s, i := l.first(func(e entry) bool { return e.seq > seq && e.at >= notBefore })
	if s != nil {
		return s.start + uint64(s.entry(i).off)
	}
	return l.head.Load()
}

// holds reports whether an event with exactly this sequence is kept. The
// caller holds the hub's lock.
func (l *topicLog) holds(seq uint64) bool {
	s, i := l.first(func(e entry) bool { return e.seq >= seq })
	return s != nil && s.entry(i).seq == seq
}

// first returns the first event kept for which ok holds, where it holds for
// all that follow; nil if there is none. The caller holds the hub's lock.
func (l *topicLog) first(ok func(entry) bool) (*segment, int) {
	segs := *l.list.Load()
	k := sort.Search(len(segs), func(k int) bool { return ok(segs[k].entry(int(segs[k].count.Load()) - 1)) })
	if k == len(segs) {
		return nil, 0
	}
	s := segs[k]
	return s, sort.Search(int(s.count.Load()), func(i int) bool { return ok(s.entry(i)) })
}

// oldest returns the first entry kept. The caller holds the hub's
// lock.
func (l *topicLog) oldest() (e entry, ok bool) {
	segs := *l.list.Load()
	if len(segs) == 0 {
		return entry{}, false
	}
	return segs[0].entry(0), true
}
