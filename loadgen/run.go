package loadgen

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"sync/atomic"
	"time"
)

// Options are what a caller of Run may add.
type Options struct {
	// Progress, if set, is called every Interval, and at each change of phase,
	// from the goroutine of Run.
	Progress func(Progress)
	// Watch, if set, is called beside Progress, with what the report would say
	// so far: without a verdict, with thresholds as they stand, and with what is
	// lost still unknown. The report's histograms change when the call has
	// returned; the rest does not.
	Watch func(Progress, *Report)
	// Restart, if set, restarts the target, for a drill that wants it. It may
	// take as long as that takes.
	Restart  func(context.Context) error
	Interval time.Duration // default 1 s
	// HistogramLog, if set, gets the histograms of every interval in
	// HdrHistogram's log format (.hlog).
	HistogramLog io.Writer
	// Version of the program, for the report.
	Version string
}

// ErrUnreachable says that nothing answered at the target's address.
var ErrUnreachable = errors.New("target unreachable")

// Run executes a plan and reports what happened. When only the histogram log
// could not be written, it returns the report and the error. It returns no
// report when the run could not begin: ErrTooFewDescriptors, ErrUnreachable
// when nothing listens at the target, or what was wrong with the files and keys
// that the scenario names. When ctx ends, the run stops publishing, drains for
// at most two seconds, and reports what it has with Interrupted set.
func Run(ctx context.Context, plan *Plan, options Options) (*Report, error) {
	s, err := NewSession(ctx, plan)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.Hold(ctx, plan, options)
}

// A run is one execution of a plan: a hold of its session.
type run struct {
	*Session
	plan    *Plan
	books   []*book   // per topic
	streams []*stream // by index
	fresh   []*stream // those that are yet to be opened
	earlier []uint32  // the runs of the session before this one

	// measureFrom is the due time, in Unix nanoseconds, from which latencies
	// count.
	measureFrom atomic.Int64
	openPeak    atomic.Int64
	unanswered  atomic.Int64
	allAnswered chan struct{}
}

// newRun makes a run whose streams go on from before, where keep says so.
func (s *Session) newRun(plan *Plan, keep func(i int) *stream) *run {
	r := &run{Session: s, plan: plan, allAnswered: make(chan struct{})}
	r.measureFrom.Store(math.MaxInt64)
	if before := s.current; before != nil {
		r.earlier = append(slices.Clip(before.earlier), before.plan.Run)
	}
	for range plan.Topics {
		r.books = append(r.books, &book{})
	}
	for i := range plan.Streams {
		one := keep(i)
		if one == nil {
			one = r.newStream(i)
			r.fresh = append(r.fresh, one)
		}
		r.streams = append(r.streams, one)
	}
	if r.unanswered.Store(int64(len(r.fresh))); len(r.fresh) == 0 {
		close(r.allAnswered)
	}
	return r
}

func (r *run) newStream(i int) *stream {
	s := &stream{index: i, plan: r.plan}
	r.place(s)
	return s
}

// place gives s its place in the plan of r, with empty receipts.
func (r *run) place(s *stream) {
	planned := &r.plan.Streams[s.index]
	s.cohort, s.tenth = planned.Cohort, uint8(s.index*tenths/len(r.plan.Streams))
	if r.observer != nil {
		s.lanes = make([]lane, 1)
		return
	}
	s.lanes = make([]lane, len(planned.Topics))
	for k, topic := range planned.Topics {
		s.lanes[k] = lane{topic: topic, book: r.books[topic]}
	}
}

func (r *run) opened() { r.atLeast(r.openNow.Add(1)) }

// atLeast notes that n streams are open at once.
func (r *run) atLeast(n int64) {
	for {
		peak := r.openPeak.Load()
		if n <= peak || r.openPeak.CompareAndSwap(peak, n) {
			return
		}
	}
}

func (r *run) closed() { r.openNow.Add(-1) }

func (r *run) answered() {
	if r.unanswered.Add(-1) == 0 {
		close(r.allAnswered)
	}
}
