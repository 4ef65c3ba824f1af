package doctor

import (
	"math"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
)

// A budget is how many streams the path carries at once.
type budget struct {
	limited bool
	open    int
	refused int // were answered otherwise, with status
	status  int
	waited  int // waited for another to end
}

// rampWait is how long a stream is kept waiting at least that waits for another
// to end.
const rampWait = rampEvents * rampInterval / 4

// budget judges the ramp.
func (v *view) budget() budget {
	t := v.transcript("ramp")
	var b budget
	if t == nil {
		return b
	}
	firstEnd := time.Duration(math.MaxInt64)
	for _, c := range t.Connections {
		if c.IsStream() && c.Ended != 0 {
			firstEnd = min(firstEnd, c.Ended)
		}
	}
	for _, c := range t.Connections {
		began := c.Responded
		if at, known := v.reached(c); known {
			began = at
		}
		switch {
		case c.IsStream() && began < firstEnd:
			b.open++
		case c.IsStream() && (c.Sent > firstEnd || began-c.Sent < rampWait):
			// It was not asked for while all places were taken.
		case c.IsStream(), c.Status == 0 && (c.End == conformance.EndLeft || c.End == conformance.EndNone):
			b.waited++
		default:
			b.refused++
			b.status = max(b.status, c.Status)
		}
	}
	b.limited = b.open > 0 && b.refused+b.waited > 0
	return b
}

// places is the better of two looks at the budget.
func (v *view) places() budget {
	one, two := v.budget(), v.again.budget()
	if two.open > one.open {
		return two
	}
	return one
}

// reached is when the request of a connection was at the origin.
func (v *view) reached(c *conformance.Connection) (at time.Duration, known bool) {
	f := v.follow(c)
	if f.seen == nil {
		return 0, false
	}
	return v.ours(f.seen.Received), true
}
