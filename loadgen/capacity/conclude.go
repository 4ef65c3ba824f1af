package capacity

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

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
	r.Environment = loadgen.NewEnvironment(f.options.Version, f.started)
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
