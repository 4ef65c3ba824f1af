package capacity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ssegauge/ssegauge/loadgen"
)

// Options are what a caller of Find may say. The zero value of a field means
// its default.
type Options struct {
	Grow Grow // default Streams
	// From is the smallest load, with which the search begins. Default the
	// scenario's own.
	From float64
	// To is the largest load that is tried. Default what a scenario may have.
	To float64
	// Precision is the width of the bracket at which bisection ends, as a share
	// of the load. Default 0.02.
	Precision float64
	// Repeats is how many fresh steps must agree at either end of the bracket.
	// Default 5, with which the interval's confidence is at most 94 %.
	Repeats int
	// Progress, if set, is called for every hold as loadgen.Options says, and
	// Held after each step. The report of a step that could not begin is nil.
	// An error of Held ends the search.
	Progress func(loadgen.Progress)
	Held     func(Step, *loadgen.Report) error
	Version  string // of the program, for the result
}

// Find looks for the capacity of a scenario's target. Like loadgen.Run it
// returns no result when it could not begin. When ctx ends, it returns what it
// has found, with Interrupted set.
func Find(ctx context.Context, scenario *loadgen.Scenario, options Options) (*Result, error) {
	f, err := newFinder(ctx, scenario, options)
	if err != nil {
		return nil, err
	}
	defer f.close()
	b, err := f.search.run()
	if err != nil && !errors.Is(err, errInterrupted) {
		return nil, err
	}
	return f.result(b, err != nil), nil
}

var errInterrupted = errors.New("interrupted")

// A finder runs the steps of a search, and keeps what they came to.
type finder struct {
	ctx      context.Context // of Find, which no finder outlives
	scenario *loadgen.Scenario
	options  Options
	search   *search
	session  *loadgen.Session // nil when the next step needs a new one
	watch    watcher
	local    bool
	link     float64
	reached  bool // the target has answered once
	started  time.Time
	steps    []Step
	points   map[float64]*point
	notes    []string // what could not be seen
}

// A point is a Point whose histograms can still be added to.
type point struct {
	Point
	fanout, last *loadgen.Latency
}

func newFinder(ctx context.Context, s *loadgen.Scenario, options Options) (*finder, error) {
	if options.Grow == "" {
		options.Grow = Streams
	}
	grow := options.Grow
	if options.Precision == 0 {
		options.Precision = 0.02
	}
	if options.Repeats == 0 {
		options.Repeats = 5
	}
	if options.From == 0 {
		options.From = grow.of(s)
	}
	if options.To == 0 {
		options.To = grow.largest(s)
	}
	options.From = grow.round(options.From)
	if err := check(s, &options); err != nil {
		return nil, err
	}
	f := &finder{
		ctx: ctx, scenario: s, options: options, watch: newWatcher(s.Target.Watch),
		started: time.Now(), points: map[float64]*point{},
	}
	if f.watch != nil {
		if _, err := f.watch(ctx); err != nil {
			return nil, fmt.Errorf("target.watch: %w", err)
		}
	}
	f.local, f.link = network(s.Target.URL)
	f.search = &search{
		from: options.From, to: options.To, precision: options.Precision, repeats: options.Repeats,
		round: grow.round, probe: f.probe,
	}
	return f, nil
}

// check says what keeps a scenario from having a capacity.
func check(s *loadgen.Scenario, o *Options) error {
	grow := o.Grow
	switch {
	case len(s.Thresholds) == 0:
		return errors.New("a capacity run needs an objective: the scenario has no thresholds")
	case len(s.Streams.Stages) > 0 || len(s.Publish.Stages) > 0:
		return errors.New("a capacity run holds each load: the scenario cannot have stages")
	case s.Drill != nil:
		return errors.New("a capacity run leaves streams alone: the scenario cannot have a drill")
	case grow != Streams && grow != Rate && grow != Size:
		return fmt.Errorf("%q cannot grow", grow)
	case grow != Streams && s.Publish.Via == loadgen.ViaNone:
		return fmt.Errorf("the %s cannot grow: the server publishes by itself (publish.via: none)", grow)
	case o.Precision <= 0 || o.Precision >= 1:
		return fmt.Errorf("the precision is a share between 0 and 1, not %g", o.Precision)
	case o.Repeats < 1:
		return fmt.Errorf("%d repeats: expected at least 1", o.Repeats)
	case !(o.From > 0) || grow == Streams && o.From < float64(len(s.Streams.Cohorts)):
		return fmt.Errorf("the smallest load of %g %s is too small", o.From, grow.unit())
	case o.To < o.From:
		return fmt.Errorf("the largest load of %g %s is below the smallest, %g", o.To, grow.unit(), o.From)
	case o.To > grow.largest(s):
		return fmt.Errorf("the largest load of %g %s is more than this scenario may have: %g", o.To, grow.unit(), grow.largest(s))
	}
	return nil
}

func (f *finder) close() {
	if f.session != nil {
		f.session.Close()
	}
	f.session = nil
}

// probe runs one step.
func (f *finder) probe(load float64, purpose Purpose) (Outcome, error) {
	if f.ctx.Err() != nil {
		return "", errInterrupted
	}
	o := &observer{watch: f.watch, local: f.local}
	report, err := f.hold(load, o)
	step := Step{Number: len(f.steps) + 1, Load: load, Purpose: purpose}
	switch {
	case errors.Is(err, loadgen.ErrTooFewDescriptors):
		step.Outcome, step.Reasons = Invalid, []string{err.Error()}
	case errors.Is(err, loadgen.ErrUnreachable) && f.reached && f.ctx.Err() == nil:
		step.Outcome, step.Reasons = Missed, []string{err.Error()}
	case f.ctx.Err() != nil:
		return "", errInterrupted
	case err != nil:
		return "", err
	default:
		f.reached = true
		f.judge(&step, report, o)
	}
	// What was lost may still be on its way, and streams that are broken are
	// not those of the next step.
	if err != nil || step.Events.Lost > 0 {
		f.close()
	}
	f.note(step, report)
	if f.options.Held != nil {
		if err := f.options.Held(step, report); err != nil {
			return "", err
		}
	}
	return step.Outcome, nil
}

// hold holds a load, with the streams that are open already.
func (f *finder) hold(load float64, o *observer) (*loadgen.Report, error) {
	plan := loadgen.NewPlan(f.options.Grow.scenario(f.scenario, load))
	if f.session == nil {
		var err error
		if f.session, err = loadgen.NewSession(f.ctx, plan); err != nil {
			return nil, err
		}
	}
	return f.session.Hold(f.ctx, plan, loadgen.Options{
		Version: f.options.Version,
		Progress: func(p loadgen.Progress) {
			o.phases(f.ctx, p.Phase)
			if f.options.Progress != nil {
				f.options.Progress(p)
			}
		},
	})
}

// judge says what a hold came to.
func (f *finder) judge(step *Step, r *loadgen.Report, o *observer) {
	step.Streams, step.Events, step.Failures = r.Streams, r.Events, r.Failures
	step.Fanout, step.FanoutLast = r.Latency.Fanout, r.Latency.FanoutLast
	step.Reasons, step.Server, step.Machine = r.Reasons, o.server(), o.machine()
	step.LinkBits = f.link
	if d := f.scenario.Warmup + f.scenario.Duration; d > 0 {
		step.BytesPerSecond = float64(r.Events.Bytes) / d.Seconds()
	}
	if o.err != nil {
		f.unseen(o.err.Error())
	}
	for _, t := range r.Thresholds {
		if !t.OK {
			step.Broke = append(step.Broke, Breach{t.Expression, step.Load, t.Observed})
		}
	}
	for _, implied := range implied {
		if observed, ok := implied.of(r); !ok {
			step.Broke = append(step.Broke, Breach{implied.name, step.Load, &observed})
			step.Reasons = append(step.Reasons, fmt.Sprintf("%s: observed %g", implied.name, observed))
		}
	}
	switch {
	case r.Verdict == loadgen.Invalid:
		step.Outcome = Invalid
	case r.Verdict == loadgen.Fail || len(step.Broke) > 0:
		step.Outcome = Missed
	default:
		step.Outcome = Met
	}
}

// implied are the conditions without which a load is not what it is said to be.
var implied = []struct {
	name string
	of   func(*loadgen.Report) (observed float64, ok bool)
}{
	{"every stream opens", func(r *loadgen.Report) (float64, bool) {
		return float64(r.Streams.Opened), r.Streams.Opened == r.Streams.Planned
	}},
	{"every event is taken", func(r *loadgen.Report) (float64, bool) {
		return float64(r.Events.Refused), r.Events.Refused == 0
	}},
}

func (f *finder) unseen(note string) {
	for _, known := range f.notes {
		if known == note {
			return
		}
	}
	f.notes = append(f.notes, note)
}

// note keeps a step.
func (f *finder) note(step Step, r *loadgen.Report) {
	f.steps = append(f.steps, step)
	p := f.points[step.Load]
	if p == nil {
		p = &point{Point: Point{Load: step.Load}}
		f.points[step.Load] = p
	}
	switch step.Outcome {
	case Met:
		p.Met++
	case Missed:
		p.Missed++
	case Invalid:
		p.Invalid++
	}
	if r == nil || step.Outcome == Invalid {
		return
	}
	add := func(to **loadgen.Latency, name string) {
		if h := r.Histogram("", name); h != nil && *to == nil {
			*to = h.Clone()
		} else if h != nil {
			(*to).Add(h)
		}
	}
	add(&p.fanout, "fanout")
	add(&p.last, "fanout_last")
}
