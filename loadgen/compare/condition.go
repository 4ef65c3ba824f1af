package compare

import (
	"fmt"
	"math"

	"github.com/ssegauge/ssegauge/loadgen"
)

// A Ruling is what became of a condition.
type Ruling struct {
	loadgen.Condition
	Failed bool
	Why    string
}

// Rule judges a condition on which the comparison fails. One that compares the
// sides fails only when their difference is more than chance, if that could be
// tested; otherwise the figures alone decide. A side without samples of what the
// condition is about fails it: nothing shows that it is not the case.
func (c *Comparison) Rule(condition loadgen.Condition) Ruling {
	row := c.row(condition.Metric)
	for _, known := range c.Rows {
		if known.Metric == condition.Metric {
			row = known
		}
	}
	ruling := Ruling{Condition: condition}
	switch baseline := row.Baseline; {
	case math.IsNaN(row.Candidate):
		ruling.Failed, ruling.Why = true, "no sample was recorded"
	case condition.Relative && math.IsNaN(baseline):
		ruling.Failed, ruling.Why = true, "the baseline has no sample"
	default:
		if !row.Seconds() {
			baseline *= float64(len(c.Candidate)) / float64(len(c.Baseline))
		}
		ruling.Failed = condition.Holds(baseline, row.Candidate)
		ruling.Why = fmt.Sprintf("observed %s", loadgen.FormatMetric(row.Metric, row.Candidate))
		if condition.Relative {
			ruling.Why += fmt.Sprintf(", which is %s of the baseline's %s", formatRatio(row.Ratio), loadgen.FormatMetric(row.Metric, row.Baseline))
		}
		if tested := !math.IsNaN(row.P); condition.Relative && ruling.Failed && tested && !row.Significant {
			ruling.Failed = false
			ruling.Why += ", but within noise"
		}
	}
	return ruling
}

func formatRatio(ratio float64) string {
	if math.IsNaN(ratio) {
		return "–"
	}
	if math.IsInf(ratio, 1) {
		return "∞"
	}
	if ratio >= 100 {
		return fmt.Sprintf("%.0fx", ratio)
	}
	return fmt.Sprintf("%.2fx", ratio)
}
