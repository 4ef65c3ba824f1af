package loadgen

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// A conductor takes a run through its phases and adds up what it counts. It is
// used by the one goroutine of Run.
type conductor struct {
	*run
	transport transport
	publisher *publisher
	options   Options
	total     *Tally
	spreads   *spreads
	series    *series
	log       *histogramLog
	tick      *time.Ticker
	usage     *usage

	phase      Phase
	phaseStart time.Time
	began      time.Time // of this run, in a session that may have had others
	phases     []PhaseStart
	last       time.Time // of the last interval
	opening    sync.WaitGroup

	hiccups      *hiccups      // watched while publishing goes on
	published    time.Duration // how long that was
	hiccup       time.Duration // of that, how long the process did not run
	seenHiccup   time.Duration // of that, what intervals have
	unopened     int64         // streams that were due, and not attempted
	drillFailure error         // what kept a drill from being one
	unbalanced   int64         // receipts less counts; 0 when the books balance
}

func newConductor(r *run, t transport, p *publisher, options Options) (*conductor, error) {
	if options.Interval <= 0 {
		options.Interval = time.Second
	}
	c := &conductor{
		run: r, transport: t, publisher: p, options: options,
		total: newTally(len(r.plan.Cohorts)), spreads: newSpreads(), series: newSeries(), usage: startUsage(r.resident),
		began: time.Now(),
	}
	if options.HistogramLog != nil {
		var err error
		if c.log, err = newHistogramLog(options.HistogramLog, c.began); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// conduct goes through the phases: open, run, drain, settle.
func (c *conductor) conduct(ctx context.Context) (*Report, error) {
	c.tick = time.NewTicker(c.options.Interval)
	defer c.tick.Stop()
	c.last = time.Now()
	schedule, endSchedule := context.WithCancel(ctx)
	defer c.opening.Wait()
	defer endSchedule()

	c.enter(Opening)
	c.opening.Go(func() { c.openStreams(schedule) })
	if !c.plan.PublishFirst {
		s := &c.plan.Scenario.Streams
		timeout := time.After(s.Ramp + s.OpenTimeout)
		c.await(ctx, c.allAnswered, timeout)
	}
	c.enter(Running)
	c.publish(ctx)
	endSchedule()
	c.opening.Wait()
	c.enter(Draining)
	c.drain(ctx)
	err := c.settle(ctx)
	if c.log != nil && err == nil {
		err = c.log.whole(c.histograms())
	}
	return c.report(ctx.Err() != nil), err
}

// openStreams opens and closes streams as planned. It ends early with ctx.
func (c *conductor) openStreams(ctx context.Context) {
	start := time.Now()
	yetToOpen := map[*stream]bool{}
	for _, s := range c.fresh {
		yetToOpen[s] = true
	}
	if len(c.fresh) > 0 && !c.plan.PublishFirst {
		start = start.Add(-c.plan.Streams[c.fresh[0].index].Open)
	}
	for _, change := range c.plan.changes() {
		s := c.streams[change.stream]
		if !change.close && !yetToOpen[s] {
			continue
		}
		if wait := time.Until(start.Add(change.at)); wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return
			}
		} else if ctx.Err() != nil {
			return
		}
		if change.close {
			c.transport.shut(s)
		} else {
			c.transport.open(s)
		}
	}
}

// publish runs the publishing time.
func (c *conductor) publish(ctx context.Context) {
	start := time.Now()
	s := c.plan.Scenario
	c.hiccups = watchHiccups()
	defer func() { c.published, c.hiccup = time.Since(start), c.hiccups.stop() }()
	c.publishStart.Store(c.at(start))
	c.measureFrom.Store(c.at(start.Add(s.Warmup)))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	var publishing sync.WaitGroup
	defer publishing.Wait()
	publishing.Go(func() { c.drill(ctx, start) })
	publishing.Go(func() {
		defer close(done)
		c.publisher.publish(ctx, start)
		select {
		case <-time.After(time.Until(start.Add(s.Warmup + s.Duration))):
		case <-ctx.Done():
		}
	})
	c.await(ctx, done, nil)
}

// interruptedDrain is the longest drain of an interrupted run.
const interruptedDrain = 2 * time.Second

// drain waits until every stream has what it must have, or the time is up.
func (c *conductor) drain(ctx context.Context) {
	limit := c.plan.Scenario.Drain
	if ctx.Err() != nil {
		limit = min(limit, interruptedDrain)
	}
	timeout := time.After(limit)
	for {
		var incomplete atomic.Int64
		c.transport.each(func(l *loop) {
			if !l.complete() {
				incomplete.Add(1)
			}
		})
		if incomplete.Load() == 0 {
			return
		}
		pause := make(chan struct{})
		timer := time.AfterFunc(20*time.Millisecond, func() { close(pause) })
		late := c.await(context.Background(), pause, timeout)
		timer.Stop()
		if late {
			return
		}
	}
}

// await waits for done, while it goes on to report progress. It ends early
// with ctx or at the timeout, and says whether the timeout was the reason.
func (c *conductor) await(ctx context.Context, done <-chan struct{}, timeout <-chan time.Time) bool {
	for {
		select {
		case <-done:
			return false
		case <-ctx.Done():
			return false
		case <-timeout:
			return true
		case <-c.tick.C:
			c.interval()
		}
	}
}

// interval adds what was counted since the last one. An error of the log stays
// there, and is that of the run in the end.
func (c *conductor) interval() { _ = c.collect(func(*loop) {}) }

// collect adds what every loop has counted since the last time, up to and
// including what last makes it count.
func (c *conductor) collect(last func(*loop)) error {
	now := time.Now()
	// Adding up is left to this goroutine: loops have events to time.
	parts := []*Tally{c.publisher.swap()}
	var mu sync.Mutex
	c.transport.each(func(l *loop) {
		last(l)
		part := l.swap()
		mu.Lock()
		defer mu.Unlock()
		parts = append(parts, part)
	})
	sum := newTally(len(c.plan.Cohorts))
	for _, part := range parts {
		sum.Add(part)
	}
	c.spreads.add(sum, c.now())
	c.spreads.close(c.now() - int64(spreadHorizon))
	c.total.Add(sum)
	one := c.stretch(sum, now)
	c.series.add(one)
	var err error
	if c.log != nil {
		err = c.log.interval(sum, now)
	}
	c.progress(one, now)
	c.last = now
	return err
}

// stretch is what t counted from the last interval until now, and how streams
// and generator are.
func (c *conductor) stretch(t *Tally, now time.Time) *stretch {
	s := newStretch(t)
	s.start, s.end = c.last.Sub(c.began), now.Sub(c.began)
	s.streams.Open = c.openNow.Load()
	s.rss, s.cpu, s.capacity = c.usage.sample()
	hiccup := c.hiccups.soFar()
	s.hiccup, c.seenHiccup = hiccup-c.seenHiccup, hiccup
	return s
}

// settle closes the books.
func (c *conductor) settle(ctx context.Context) error {
	var held, unopened atomic.Int64
	// What arrives later is in no book: a server that publishes by itself does
	// not stop for the settlement.
	err := c.collect(func(l *loop) {
		held.Add(l.settle())
		unopened.Add(l.unattempted())
	})
	if ctx.Err() == nil {
		c.unopened = unopened.Load()
	}
	c.spreads.close(math.MaxInt64)
	if c.observer == nil || c.observer.sequence != nil {
		c.unbalanced = held.Load() - c.total.events().Received
	}
	return err
}
