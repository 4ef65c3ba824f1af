package main

import (
	"encoding/json"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tmaxmax/go-sse"
)

// A receiver takes the events of all streams. An event counts when it was due
// in the window.
type receiver struct {
	streams []stream
	window  atomic.Pointer[window]
	latency latency
	arrived atomic.Int64
}

type window struct{ from, until int64 } // Unix nanoseconds

// A stream is what one connection got. Its lock is taken by its own goroutine
// and, once, by the result.
type stream struct {
	closed atomic.Bool

	mu              sync.Mutex
	begun           bool
	last            int64
	count, repeated int64
	lowest, highest int64
}

func (r *receiver) receive(s *stream) sse.EventCallback {
	return func(e sse.Event) {
		now := time.Now().UnixNano()
		var event struct{ T, N int64 }
		w := r.window.Load()
		if w == nil || json.Unmarshal([]byte(e.Data), &event) != nil {
			return
		}
		if now >= w.from && now < w.until {
			r.arrived.Add(1)
		}
		if s.take(event.T, event.N, w) {
			r.latency.add(time.Duration(now - event.T))
		}
	}
}

// take counts an event and reports whether it is new and was due in the window.
func (s *stream) take(due, n int64, w *window) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun && n <= s.last {
		s.repeated++
		return false
	}
	s.begun, s.last = true, n
	if due < w.from || due >= w.until {
		return false
	}
	if s.count == 0 {
		s.lowest = n
	}
	s.highest = n
	s.count++
	return true
}

// A result has the fields of the sink's.
type result struct {
	Streams         int     `json:"streams"`
	Open            int     `json:"open"`
	Closed          int     `json:"closed"`
	Expected        int64   `json:"expected"`
	Events          int64   `json:"events"`
	Lost            int64   `json:"lost"`
	Repeated        int64   `json:"repeated"`
	EventsPerSecond float64 `json:"events_per_second"`
	P50             float64 `json:"p50_ms"`
	P90             float64 `json:"p90_ms"`
	P99             float64 `json:"p99_ms"`
	Max             float64 `json:"max_ms"`
}

// result adds up the streams. Every stream must get each n that any got.
func (r *receiver) result(measured time.Duration) result {
	out := result{Streams: len(r.streams), Open: len(r.streams)}
	lowest, highest := int64(math.MaxInt64), int64(-1)
	counts := make([]int64, len(r.streams))
	for i := range r.streams {
		s := &r.streams[i]
		s.mu.Lock()
		if s.count > 0 {
			lowest, highest = min(lowest, s.lowest), max(highest, s.highest)
		}
		counts[i] = s.count
		out.Repeated += s.repeated
		s.mu.Unlock()
		if s.closed.Load() {
			out.Closed++
		}
	}
	each := max(highest-lowest+1, 0)
	if highest < 0 {
		each = 0
	}
	for _, count := range counts {
		out.Events += count
		out.Expected += each
		out.Lost += max(each-count, 0)
	}
	out.EventsPerSecond = math.Round(float64(r.arrived.Load()) / measured.Seconds())
	out.P50, out.P90, out.P99, out.Max = r.latency.ms(0.5), r.latency.ms(0.9), r.latency.ms(0.99), r.latency.ms(1)
	return out
}

// A latency is a histogram, exact to 10 microseconds up to 20 seconds, for many
// goroutines.
type latency struct {
	slots [2_000_001]atomic.Uint32
	count atomic.Int64
}

const slot = 10 * time.Microsecond

func (l *latency) add(d time.Duration) {
	l.slots[min(max(int64(d/slot), 0), int64(len(l.slots)-1))].Add(1)
	l.count.Add(1)
}

// ms is the latency, in milliseconds, that the share q of all does not exceed.
func (l *latency) ms(q float64) float64 {
	count := l.count.Load()
	rank := min(int64(q*float64(count)), count-1)
	seen := int64(0)
	for i := range l.slots {
		if seen += int64(l.slots[i].Load()); seen > rank {
			return (float64(i) + 0.5) * float64(slot) / float64(time.Millisecond)
		}
	}
	return 0
}
