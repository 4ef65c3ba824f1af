package telemetry

import (
	"slices"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/loadgen"
)

// A Snapshot is all metrics of a run at one moment. It does not change.
type Snapshot struct {
	Scenario string
	Version  string    // of the program
	Started  time.Time // counters count from here
	At       time.Time
	Series   []Series
}

// Series are the points of one metric.
type Series struct {
	*Metric
	Points []Point
}

// A source is what points are read from.
type source struct {
	state    string
	progress loadgen.Progress
	report   *loadgen.Report
}

// During is the snapshot of a run under way.
func During(p loadgen.Progress, r *loadgen.Report) *Snapshot {
	return take(&source{string(p.Phase), p, r})
}

// After is the snapshot of a run that is over.
func After(r *loadgen.Report) *Snapshot {
	return take(&source{string(r.Verdict), loadgen.Progress{}, r})
}

func take(from *source) *Snapshot {
	s := &Snapshot{
		Scenario: strings.ToValidUTF8(from.report.Scenario, "\uFFFD"),
		Version:  from.report.Environment.Version,
		Started:  from.report.Environment.Started, At: time.Now(),
	}
	for i := range metrics {
		s.Series = append(s.Series, Series{&metrics[i], metrics[i].read(from)})
	}
	return s
}

// one is the point of a metric without a label.
func one[N int64 | float64](value func(*source) N) func(*source) []Point {
	return func(s *source) []Point { return []Point{{Value: float64(value(s))}} }
}

// perCohort has a point for each cohort; a scenario without cohorts has one,
// whose label is empty. They add up to the figure of all streams.
func perCohort(value func(*loadgen.DeliveryCounts) int64) func(*source) []Point {
	return func(s *source) (points []Point) {
		for i := range s.report.Cohorts {
			c := &s.report.Cohorts[i]
			points = append(points, Point{Label: c.Name, Value: float64(value(&c.Events))})
		}
		if points == nil {
			points = []Point{{Value: float64(value(&s.report.Events.DeliveryCounts))}}
		}
		return points
	}
}

// histogram is one of the report's, by its name there.
func histogram(name string) func(*source) []Point {
	return func(s *source) []Point { return []Point{durations(s.report, "", name)} }
}

func histogramPerCohort(name string) func(*source) []Point {
	return func(s *source) (points []Point) {
		for i := range s.report.Cohorts {
			points = append(points, durations(s.report, s.report.Cohorts[i].Name, name))
		}
		if points == nil {
			points = []Point{durations(s.report, "", name)}
		}
		return points
	}
}

// durations are those of a histogram of the report. A report that was read from
// a file has none.
func durations(r *loadgen.Report, cohort, name string) Point {
	d := &Durations{loadgen.Exponential{Scale: Scale}, make([]uint64, len(ClassicBounds))}
	if h := r.Histogram(cohort, name); h != nil {
		d.Exponential, d.Classic = h.Exponential(Scale), h.Cumulative(ClassicBounds)
	}
	return Point{Label: cohort, Histogram: d}
}

// states has a point for each state that a run can be in: 1 for the present
// one, 0 for the others.
func states(s *source) (points []Point) {
	for _, state := range []string{
		string(loadgen.Opening), string(loadgen.Running), string(loadgen.Draining),
		string(loadgen.Pass), string(loadgen.Fail), string(loadgen.Invalid),
	} {
		p := Point{Label: state}
		if state == s.state {
			p.Value = 1
		}
		points = append(points, p)
	}
	return points
}

func failures(s *source) (points []Point) {
	for kind, n := range s.report.Failures {
		points = append(points, Point{Label: string(kind), Value: float64(n)})
	}
	slices.SortFunc(points, func(a, b Point) int { return strings.Compare(a.Label, b.Label) })
	return points
}
