// Package compare tells runs apart: which figures of one side differ from those
// of another by more than chance.
package compare

import (
	"fmt"
	"math"
	"strings"

	"github.com/ssegauge/ssegauge/loadgen"
)

// A Side is one run, or several rounds of the same.
type Side []*loadgen.Saved

// A Comparison has the figures of two sides beside each other.
type Comparison struct {
	Baseline, Candidate Side
	Rows                []Row
	// Method says how it was decided which differences are more than chance, or
	// why that could not be.
	Method string
	// Warnings are what a reader must know before believing the figures.
	Warnings []string

	pools [2]*loadgen.Report // all rounds of a side as one
}

// An Outcome is what became of a difference.
type Outcome string

// Outcomes.
const (
	Noise    Outcome = "within noise" // nothing that chance does not explain, or too little to matter
	Slower   Outcome = "slower"
	Faster   Outcome = "faster"
	Untested Outcome = "not tested"
	Same     Outcome = "same"   // a count that is equal
	Higher   Outcome = "higher" // a count; it is what it is
	Lower    Outcome = "lower"
)

// A Row is one figure of both sides.
type Row struct {
	Metric string
	// The figures, times in seconds; NaN when no sample was recorded. A count is
	// the sum over all rounds.
	Baseline, Candidate float64
	// Ratio is the candidate's figure divided by the baseline's, of counts for
	// each round; NaN when one has none, or both are 0.
	Ratio float64
	// P is the probability of a difference as large as this by chance; NaN when
	// it was not tested. Significant says whether that is small enough, taking
	// into account how many figures were tested.
	P           float64
	Significant bool
	Outcome     Outcome

	slower bool // the candidate is, in the mean of what was tested
}

// Seconds reports whether the figures are times; otherwise they are counts.
func (r *Row) Seconds() bool {
	metric := r.Metric[strings.Index(r.Metric, ":")+1:]
	return !strings.HasPrefix(metric, "events.") && !strings.HasPrefix(metric, "streams.") && !strings.HasSuffix(metric, ".count")
}

// figures are the rows of a comparison. The largest of all samples is a single
// sample, and says nothing of a difference.
var figures = []struct {
	latency    string
	statistics []string
}{
	{"connect", []string{"p50", "p99"}},
	{"first_event", []string{"p50", "p99"}},
	{"fanout", []string{"mean", "p50", "p90", "p99", "p999", "max"}},
	{"fanout_last", []string{"p50", "p99", "max"}},
	{"fanout_spread", []string{"p50", "p99"}},
	{"publish_lag", []string{"p99"}},
	{"receive_lag", []string{"p99"}},
}

var counts = []string{
	"events.published", "events.expected", "events.received", "events.lost", "events.duplicated", "events.reordered", "events.late",
	"streams.opened", "streams.failed", "streams.dropped", "streams.reconnected",
}

// Runs compares two sides. Several runs on a side are put together by adding
// their histograms and counts, for which the histogram log must be beside each
// report.
func Runs(baseline, candidate Side) (*Comparison, error) {
	for _, side := range []Side{baseline, candidate} {
		if len(side) == 0 {
			return nil, fmt.Errorf("a side has no runs")
		}
		for _, run := range side {
			if len(side) > 1 && run.Whole == nil {
				return nil, fmt.Errorf("%s: percentiles of several runs come from their histograms, and %s is not beside the report", run.Path, loadgen.LogFile)
			}
		}
	}
	c := &Comparison{Baseline: baseline, Candidate: candidate, pools: [2]*loadgen.Report{loadgen.Pool(baseline), loadgen.Pool(candidate)}}
	for _, f := range figures {
		for _, s := range f.statistics {
			c.add(f.latency + "." + s)
		}
	}
	for _, name := range counts {
		c.add(name)
	}
	c.judge()
	c.warn()
	return c, nil
}

// add adds a row, if a side has the figure.
func (c *Comparison) add(metric string) {
	row := c.row(metric)
	if math.IsNaN(row.Baseline) && math.IsNaN(row.Candidate) {
		return
	}
	if !row.Seconds() {
		switch {
		case row.Ratio > 1:
			row.Outcome = Higher
		case row.Ratio < 1:
			row.Outcome = Lower
		default:
			row.Outcome = Same
		}
	}
	c.Rows = append(c.Rows, row)
}

// row is a figure of both sides, not yet judged.
func (c *Comparison) row(metric string) Row {
	r := Row{Metric: metric, P: math.NaN(), Outcome: Untested, Baseline: of(c.pools[0], metric), Candidate: of(c.pools[1], metric)}
	r.Ratio = r.Candidate / r.Baseline
	if !r.Seconds() {
		r.Ratio *= float64(len(c.Baseline)) / float64(len(c.Candidate))
	}
	return r
}

func of(r *loadgen.Report, metric string) float64 {
	if value, ok := r.Metric(metric); ok {
		return value
	}
	return math.NaN()
}

func (c *Comparison) warn() {
	scenario := c.Baseline[0].Scenario
	for _, side := range []Side{c.Baseline, c.Candidate} {
		for _, run := range side {
			if run.Verdict == loadgen.Invalid {
				c.Warnings = append(c.Warnings, fmt.Sprintf("%s is invalid: its figures are those of the generator", run.Path))
			}
			if run.Interrupted {
				c.Warnings = append(c.Warnings, fmt.Sprintf("%s was interrupted", run.Path))
			}
			if run.Scenario != scenario {
				c.Warnings = append(c.Warnings, fmt.Sprintf("%s is of the scenario %s, %s of %s", run.Path, run.Scenario, c.Baseline[0].Path, scenario))
			}
		}
	}
}

// Invalid reports whether the figures of a run are those of its generator.
func (c *Comparison) Invalid() bool {
	for _, side := range []Side{c.Baseline, c.Candidate} {
		for _, run := range side {
			if run.Verdict == loadgen.Invalid {
				return true
			}
		}
	}
	return false
}

// Differences are the rows whose difference is more than chance.
func (c *Comparison) Differences() (rows []Row) {
	for _, r := range c.Rows {
		if r.Outcome == Slower || r.Outcome == Faster {
			rows = append(rows, r)
		}
	}
	return rows
}
