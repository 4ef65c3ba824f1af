package doctor

import (
	"slices"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/internal/probeorigin"
)

// A flow is one stream as it came, beside when it was sent.
type flow struct {
	conn *conformance.Connection
	spec probeorigin.Spec
	// seen is what the origin saw of the request; nil if it did not.
	seen  *probeorigin.Request
	beats []beat
	// interval lies between two events as they are sent; 0: not known.
	interval time.Duration
}

// A beat is one event. Times count as those of the transcript.
type beat struct {
	stamp probeorigin.Stamp
	// sent is when the event was sent, known tells whether that is known.
	sent, at time.Duration
	known    bool
}

// A burst is what came at about the same time.
type burst struct {
	at     time.Duration // of its first bytes
	bytes  int
	events int
}

// togetherFor is how far apart bytes of one burst come at most, unless events
// are sent so fast that a third of their interval is less.
const togetherFor = 20 * time.Millisecond

// bursts groups the bytes of the body by when they came.
func (f *flow) bursts() []burst {
	apart := togetherFor
	if f.interval > 0 {
		apart = min(apart, f.interval/3)
	}
	var list []burst
	last := time.Duration(0)
	for _, c := range f.conn.Chunks {
		if len(list) == 0 || c.At-last > apart {
			list = append(list, burst{at: c.At})
		}
		list[len(list)-1].bytes += len(c.Data)
		last = c.At
	}
	for _, b := range f.beats {
		if i := slices.IndexFunc(list, func(u burst) bool { return u.at > b.at }); i > 0 {
			list[i-1].events++
		} else if i < 0 && len(list) > 0 {
			list[len(list)-1].events++
		}
	}
	return list
}

// gaps are the times between bursts.
func gaps(list []burst) []time.Duration {
	var d []time.Duration
	for i := 1; i < len(list); i++ {
		d = append(d, list[i].at-list[i-1].at)
	}
	return d
}

// sizes are the bytes of all bursts but the last, which is what was left.
func sizes(list []burst) []int {
	var n []int
	for _, b := range list[:max(len(list)-1, 0)] {
		n = append(n, b.bytes)
	}
	return n
}

// median of a list, zero of none.
func median[T ~int | ~int64](list []T) T {
	if len(list) == 0 {
		var none T
		return none
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// delays are those of the events whose sending is known.
func (f *flow) delays() []time.Duration {
	var list []time.Duration
	for _, b := range f.beats {
		if b.known {
			list = append(list, max(b.at-b.sent, 0))
		}
	}
	return list
}

// isStream reports whether there is an event stream at all.
func (f *flow) isStream() bool { return f != nil && f.conn.IsStream() }

// complete reports whether the origin's last event came.
func (f *flow) complete() bool {
	if f.spec.Count == 0 {
		return f.conn.End == conformance.EndComplete || f.conn.End == conformance.EndClosed
	}
	list := f.conn.Events()
	return len(list) > 0 && list[len(list)-1].Type == probeorigin.TypeEnd
}

// life is how long the response lasted from the request on.
func (f *flow) life() time.Duration { return f.conn.Ended - f.conn.Sent }

// lastSent is when the last event was sent that came, or else when the last byte
// of the body or the head came.
func (f *flow) lastSent() time.Duration {
	if n := len(f.beats); n > 0 && f.beats[n-1].known {
		return f.beats[n-1].sent
	}
	if n := len(f.conn.Chunks); n > 0 {
		return f.conn.Chunks[n-1].At
	}
	return f.conn.Responded
}

// held reports whether nothing came before the last event had been sent,
// although events were sent over a time that can be told from none.
func (f *flow) held() bool {
	if len(f.beats) < 3 {
		return false
	}
	first, last := f.beats[0], f.beats[len(f.beats)-1]
	return first.known && last.known && last.sent-first.sent >= 5*interval && first.at >= last.sent-interval/2
}

// heldCoded is held for a body that is not decoded: nearly all of it comes at
// the end.
func (f *flow) heldCoded(events int, each time.Duration) bool {
	list := f.bursts()
	if len(list) == 0 || f.conn.Ended-f.conn.Sent < time.Duration(events)*each*3/4 {
		return false
	}
	last := list[len(list)-1]
	return last.bytes*5 >= f.conn.Coded*4 && last.at-f.conn.Sent > time.Duration(events)*each*3/4
}
