package capacity

import (
	"fmt"
	"math"
	"slices"

	"github.com/ssegauge/ssegauge/internal/chart"
	"github.com/ssegauge/ssegauge/loadgen"
)

// loadAxis has all loads that were tried, so that figures can be compared.
func (r *Result) loadAxis() chart.Axis {
	axis := chart.Axis{Label: map[Grow]string{Streams: "streams", Rate: "events/s", Size: "size of an event"}[r.Grow]}
	if r.Grow == Size {
		axis.Unit = chart.Bytes
	}
	for _, s := range r.Steps {
		axis.Max = max(axis.Max, s.Load)
	}
	return axis
}

// latencyChart is the curve: latency against load.
func (r *Result) latencyChart() *chart.Chart {
	c := &chart.Chart{
		ID: "curve", Title: "Fan-out latency against load", X: r.loadAxis(),
		Y:     chart.Axis{Label: "latency", Unit: chart.Seconds, Scale: chart.Log},
		Marks: append(r.kneeMarks(), r.limits()...),
	}
	for _, of := range []struct {
		name string
		of   func(*Point) (samples int64, latency float64)
	}{
		{"last receiver, p99", func(p *Point) (int64, float64) { return p.FanoutLast.Count, p.FanoutLast.P99 }},
		{"p99.9", func(p *Point) (int64, float64) { return p.Fanout.Count, p.Fanout.P999 }},
		{"p99", func(p *Point) (int64, float64) { return p.Fanout.Count, p.Fanout.P99 }},
		{"p50", func(p *Point) (int64, float64) { return p.Fanout.Count, p.Fanout.P50 }},
	} {
		s := chart.Series{Name: of.name}
		for i := range r.Curve {
			if samples, latency := of.of(&r.Curve[i]); samples > 0 {
				s.X, s.Y = append(s.X, r.Curve[i].Load), append(s.Y, latency)
			}
		}
		c.Series = append(c.Series, s)
	}
	return c
}

// kneeMarks has the interval in which the knee lies.
func (r *Result) kneeMarks() []chart.Mark {
	k := r.Knee
	switch {
	case k.Load == 0:
		return nil
	case k.High == 0:
		return []chart.Mark{{At: k.Load, To: k.Load, Label: "met to the end"}}
	}
	return []chart.Mark{{At: k.Load, To: k.High, Label: fmt.Sprintf("knee, %s to %s", grouped(k.Load), grouped(k.High))}}
}

// limits are the conditions that bound the fan-out latency from above.
func (r *Result) limits() (marks []chart.Mark) {
	for _, objective := range r.Objective {
		var t loadgen.Threshold
		if t.UnmarshalText([]byte(objective)) != nil {
			continue // one of those that are implied
		}
		if of, seconds, ok := t.UpperLimit(); ok && (of == "fanout" || of == "fanout_last") {
			marks = append(marks, chart.Mark{At: seconds, Horizontal: true, Label: objective})
		}
	}
	return marks
}

// searchChart shows in which order loads were tried, and what they came to.
func (r *Result) searchChart() *chart.Chart {
	load := r.loadAxis()
	c := &chart.Chart{ID: "search", Title: "The search, step by step", X: chart.Axis{Label: "step", Max: float64(len(r.Steps))}, Y: load}
	for _, outcome := range []Outcome{Met, Missed, Invalid} {
		s := chart.Series{Name: string(outcome), Kind: chart.Point}
		for _, step := range r.Steps {
			if step.Outcome == outcome {
				s.X, s.Y = append(s.X, float64(step.Number)), append(s.Y, step.Load)
			}
		}
		if len(s.X) > 0 {
			c.Series = append(c.Series, s)
		}
	}
	if r.Knee.Load > 0 {
		c.Marks = []chart.Mark{{At: r.Knee.Load, Horizontal: true, Label: grouped(r.Knee.Load) + " " + r.Unit}}
	}
	return c
}

// memoryChart shows what streams cost the target; nil when that was not seen.
func (r *Result) memoryChart() *chart.Chart {
	memory, _ := r.memoryByStreams()
	if r.Grow != Streams || len(memory.x) == 0 {
		return nil
	}
	c := &chart.Chart{
		ID: "memory", Title: "Memory of the target, against the most streams so far",
		X: chart.Axis{Label: "streams open"}, Y: chart.Axis{Label: "memory", Unit: chart.Bytes},
		Series: []chart.Series{{Name: "seen in a step", Kind: chart.Point, X: memory.x, Y: memory.y}},
	}
	if m := r.Memory; m != nil {
		c.Series = append(c.Series, m.through(memory, fmt.Sprintf("%.1f KiB a stream", m.Slope/1024)))
	}
	return c
}

// coresChart shows what a load costs the target; nil when that was not seen.
func (r *Result) coresChart() *chart.Chart {
	met, allowed := r.coresByLoad(Met)
	missed, _ := r.coresByLoad(Missed)
	if len(met.x)+len(missed.x) == 0 {
		return nil
	}
	c := &chart.Chart{
		ID: "cores", Title: "Processor time of the target, against load",
		X: r.loadAxis(), Y: chart.Axis{Label: "cores", Max: 1.2 * allowed},
		Marks: append(r.kneeMarks(), chart.Mark{At: allowed, Horizontal: true, Label: grouped(allowed) + " cores are allowed"}),
	}
	for _, s := range []struct {
		samples
		name string
	}{{met, "objective met"}, {missed, "missed"}} {
		if len(s.x) > 0 {
			c.Series = append(c.Series, chart.Series{Name: s.name, Kind: chart.Point, X: s.x, Y: s.y})
		}
	}
	if l := met.fit(); l != nil {
		c.Series = append(c.Series, l.through(met, "fitted line"))
	}
	return c
}

// through is the line along the samples that it fits, with the uncertainty of
// its slope. It goes no farther: beyond would be extrapolation.
func (l *Line) through(s samples, name string) chart.Series {
	first, last, middle := slices.Min(s.x), slices.Max(s.x), mean(s.x)
	line := chart.Series{Name: name, Kind: chart.Trend}
	for _, x := range []float64{first, middle, last} {
		a, b := l.at(middle)+l.Low*(x-middle), l.at(middle)+l.High*(x-middle)
		line.X, line.Y = append(line.X, x), append(line.Y, l.at(x))
		line.Low, line.High = append(line.Low, math.Max(0, min(a, b))), append(line.High, max(a, b))
	}
	return line
}
