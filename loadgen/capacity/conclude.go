package capacity

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/loadgen"
)

// result says what a search came to.
func (f *finder) result(b bracket, interrupted bool) *Result {
	r := &Result{
		SchemaVersion: SchemaVersion, Scenario: f.scenario.Name, Interrupted: interrupted,
		Grow: f.options.Grow, Unit: f.options.Grow.unit(),
		Knee:    Knee{Load: b.low, Repeats: f.options.Repeats},
		Reasons: []string{}, Broke: []Breach{}, BoundBy: []Limit{}, HeadRoom: []HeadRoom{}, Curve: []Point{},
		Steps: f.steps,
	}
	for _, t := range f.scenario.Thresholds {
		r.Objective = append(r.Objective, t.Expression)
	}
	for _, c := range implied {
		r.Objective = append(r.Objective, c.name)
	}
	if b.highIs == Missed {
		r.Knee.High = b.high
	}
	if b.repeated || b.high == 0 && b.low > 0 && !interrupted {
		r.Knee.Confidence = f.search.confidence()
	}
	r.Knee.Largest = b.high == 0 && b.low > 0 && !interrupted
	r.Environment = loadgen.Environment{
		Version: f.options.Version, Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.NumCPU(), Started: f.started, DurationSeconds: time.Since(f.started).Seconds(),
	}
	for _, load := range slices.Sorted(maps.Keys(f.points)) {
		p := f.points[load]
		if p.fanout != nil {
			p.Fanout, p.FanoutLast = p.fanout.Summary(), p.last.Summary()
		}
		r.Curve = append(r.Curve, p.Point)
	}
	r.breaks()
	r.headRoom()
	r.conclude(b)
	r.Reasons = append(r.Reasons, f.notes...)
	r.Sentence = r.sentence(f.scenario)
	return r
}

// breaks finds what broke first: in the steps at the smallest load at which the
// objective was missed above the knee.
func (r *Result) breaks() {
	first := math.Inf(1)
	for i := range r.Steps {
		if s := &r.Steps[i]; s.Outcome == Missed && s.Load > r.Knee.Load {
			first = min(first, s.Load)
		}
	}
	var missed []Step
	for _, s := range r.Steps {
		if s.Outcome != Missed || s.Load != first {
			continue
		}
		missed = append(missed, s)
		for _, b := range s.Broke {
			if !slices.ContainsFunc(r.Broke, func(known Breach) bool { return known.Objective == b.Objective }) {
				r.Broke = append(r.Broke, b)
			}
		}
	}
	if len(missed) > 0 {
		r.BoundBy = append(r.BoundBy, commonLimits(missed)...)
	}
}

// headRoom fits lines through what the target used, and says how far they would
// lead. Memory that was used once is not given back, so that only the steps with
// more streams than any before tell what streams cost.
func (r *Result) headRoom() {
	var loads, streams, memory, cores []float64
	var peak int64
	var last *Server
	top := 0.0
	for i := range r.Steps {
		step := &r.Steps[i]
		v := step.Server
		if v == nil || step.Outcome == Invalid {
			continue
		}
		top = max(top, step.Load)
		if v.Memory > 0 && step.Streams.Peak > peak {
			peak, last = step.Streams.Peak, v
			streams, memory = append(streams, float64(peak)), append(memory, float64(v.Memory))
		}
		if step.Outcome == Met && v.CoresAllowed > 0 {
			loads, cores = append(loads, step.Load), append(cores, v.Cores)
		}
	}
	if r.Grow == Streams {
		r.Memory = fit(streams, memory)
		if last != nil && last.MemoryLimit > 0 {
			r.allow("memory", r.Memory, float64(last.MemoryLimit), top)
		}
	}
	r.allow("CPU", fit(loads, cores), allowedCores(r.Steps), top)
}

// farthest is up to how many times the largest load that was held a line is
// followed.
const farthest = 10

// allow notes the load at which a line reaches a limit.
func (r *Result) allow(resource string, l *Line, limit, top float64) {
	load, ok := l.reaches(limit)
	if !ok || limit <= 0 || load <= 0 {
		return
	}
	h := HeadRoom{Resource: resource, Load: math.Floor(load), Extrapolated: load > top}
	if load > farthest*top {
		h.Load, h.More = farthest*top, true
	}
	r.HeadRoom = append(r.HeadRoom, h)
}

// String says what the resource would allow.
func (h HeadRoom) String() string {
	text := h.Resource + " would allow "
	if h.More {
		text += "more than "
	}
	text += grouped(twoDigits(h.Load))
	if h.Extrapolated {
		text += " (extrapolated)"
	}
	return text
}

func allowedCores(steps []Step) float64 {
	for i := range steps {
		if v := steps[i].Server; v != nil && v.CoresAllowed > 0 {
			return v.CoresAllowed
		}
	}
	return 0
}

// conclude reaches the verdict.
func (r *Result) conclude(b bracket) {
	switch {
	case b.low > 0 && (b.high == 0 || b.highIs != Invalid):
		r.Verdict = loadgen.Pass
	case b.highIs == Missed:
		r.Verdict = loadgen.Fail
	default:
		r.Verdict = loadgen.Invalid
	}
	if b.highIs == Invalid {
		r.Reasons = append(r.Reasons, fmt.Sprintf("at %s %s the generator was the limit, not the target:", grouped(b.high), r.Unit))
		for _, s := range slices.Backward(r.Steps) {
			if s.Outcome == Invalid && s.Load == b.high {
				r.Reasons = append(r.Reasons, s.Reasons...)
				break
			}
		}
	}
	if r.Verdict == loadgen.Pass && b.high > 0 && !b.repeated && !r.Interrupted {
		r.Reasons = append(r.Reasons, "no load was found at which every repeat missed the objective: the interval is open above")
	}
	if r.Interrupted {
		r.Reasons = append(r.Reasons, fmt.Sprintf("interrupted after %d steps", len(r.Steps)))
	}
}

// sentence is the result in plain words.
func (r *Result) sentence(s *loadgen.Scenario) string {
	within := " within " + r.within()
	var text strings.Builder
	switch {
	case r.Knee.Load == 0 && r.Interrupted:
		return "nothing can be said: interrupted before a load met the objective"
	case r.Knee.Load == 0 && r.Verdict == loadgen.Invalid:
		return "nothing can be said of the target: the generator could not drive the smallest load, " + r.Grow.text(s, r.Steps[0].Load)
	case r.Knee.Load == 0 && r.Verdict == loadgen.Fail:
		text.WriteString("not even " + r.Grow.text(s, r.smallest()) + within)
	case r.Verdict == loadgen.Invalid || r.Knee.Largest || r.Interrupted:
		text.WriteString("at least " + r.Grow.text(s, r.Knee.Load) + within)
	default:
		text.WriteString(r.Grow.text(s, r.Knee.Load) + within)
	}
	for _, c := range implied {
		if slices.ContainsFunc(r.Broke, func(b Breach) bool { return b.Objective == c.name }) {
			text.WriteString(map[bool]string{true: ": not ", false: "; beyond that, not "}[r.Knee.Load == 0] + c.name)
		}
	}
	for _, h := range r.HeadRoom {
		if len(r.BoundBy) > 0 && r.BoundBy[0].What == boundBy(h.Resource) {
			continue
		}
		text.WriteString("; " + h.String())
	}
	switch {
	case len(r.BoundBy) > 0 && r.BoundBy[0].What == BoundByTarget:
		text.WriteString("; the target itself refuses more")
	case len(r.BoundBy) > 0:
		fmt.Fprintf(&text, "; %s is the limit", r.BoundBy[0].What)
	case len(r.Broke) > 0:
		text.WriteString("; of what can be seen, nothing was used up")
	case r.Knee.Largest:
		text.WriteString("; no larger load was to be tried")
	case r.Verdict == loadgen.Invalid:
		text.WriteString("; more than that the generator could not drive")
	}
	return text.String()
}

func boundBy(resource string) string {
	if resource == "memory" {
		return BoundByMemory
	}
	return BoundByCPU
}

// smallest is the smallest load that was tried.
func (r *Result) smallest() float64 {
	if len(r.Curve) == 0 {
		return 0
	}
	return r.Curve[0].Load
}

// within names the scenario's thresholds that decided: those that broke first,
// or else all.
func (r *Result) within() string {
	all := r.Objective[:len(r.Objective)-len(implied)]
	var broke []string
	for _, b := range r.Broke {
		if slices.Contains(all, b.Objective) {
			broke = append(broke, b.Objective)
		}
	}
	if len(broke) > 0 {
		all = broke
	}
	return strings.Join(all, ", ")
}

// twoDigits rounds an estimate down to two significant digits.
func twoDigits(v float64) float64 {
	if v < 100 {
		return math.Floor(v)
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	return math.Floor(v/unit) * unit
}
