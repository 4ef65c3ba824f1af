package loadgen

import "time"

// A Phase is a part of a run.
type Phase string

// The phases of a run, in order.
const (
	Opening  Phase = "opening"
	Running  Phase = "running"
	Draining Phase = "draining"
)

// Progress is how far a run is.
type Progress struct {
	Phase Phase
	// Elapsed is the time since the phase began, and Of how long it is meant to
	// last at the most.
	Elapsed, Of     time.Duration
	Open, Planned   int64   // streams
	Failed          int64   // streams given up
	EventsPerSecond float64 // deliveries in the last interval
	Received        int64   // deliveries so far
	// Missing are the deliveries that were overtaken by later events, and have
	// not come yet.
	Missing  int64
	P50, P99 time.Duration // of the fan-out latency so far
	// Interval is what the report's series has of the last interval, before
	// neighbours are joined; nil at a change of phase.
	Interval *Interval
}

func (c *conductor) enter(p Phase) {
	c.phase, c.phaseStart = p, time.Now()
	c.phases = append(c.phases, PhaseStart{p, c.phaseStart.Sub(c.began).Seconds()})
	c.progress(nil, c.phaseStart)
}

// progress tells how far the run is, and what happened in the last interval if
// one has just ended.
func (c *conductor) progress(last *stretch, now time.Time) {
	if c.options.Progress == nil && c.options.Watch == nil {
		return
	}
	s := c.plan.Scenario
	total, fanout := c.total.events(), c.total.fanout()
	p := Progress{
		Phase: c.phase, Elapsed: now.Sub(c.phaseStart),
		Of:   map[Phase]time.Duration{Opening: s.Streams.Ramp, Running: s.Warmup + s.Duration, Draining: s.Drain}[c.phase],
		Open: c.openNow.Load(), Planned: int64(s.Streams.peak()),
		Failed: c.total.Streams.Failed, Received: total.Received, Missing: total.missing,
		P50: fanout.Quantile(0.50), P99: fanout.Quantile(0.99),
	}
	if last != nil {
		interval := last.interval()
		p.Interval = &interval
		if seconds := interval.Seconds(); seconds > 0 {
			p.EventsPerSecond = float64(interval.Events.Received) / seconds
		}
	}
	if c.options.Progress != nil {
		c.options.Progress(p)
	}
	if c.options.Watch != nil {
		c.options.Watch(p, c.account(false))
	}
}
