package compare

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/ssegauge/ssegauge/loadgen"
)

// Sentence says in words what the comparison comes to.
func (c *Comparison) Sentence() string {
	differences := c.Differences()
	switch {
	case len(differences) == 0 && c.tested():
		return "no difference: what the latencies differ by is within noise"
	case len(differences) == 0:
		return "cannot tell whether the latencies differ"
	}
	var parts []string
	for _, r := range differences {
		parts = append(parts, fmt.Sprintf("%s is %s (%s)", r.Metric, r.Outcome, formatRatio(r.Ratio)))
	}
	return strings.Join(parts, ", ")
}

// tested reports whether chance was reckoned with.
func (c *Comparison) tested() bool {
	return slices.ContainsFunc(c.Rows, func(r Row) bool { return !math.IsNaN(r.P) })
}

// WriteText writes the comparison for people to read.
func (c *Comparison) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", c.Sentence())
	for _, warning := range c.Warnings {
		fmt.Fprintf(&b, "  %s\n", warning)
	}
	fmt.Fprintf(&b, "\nbaseline   %s\ncandidate  %s\n\n", c.Baseline.names(), c.Candidate.names())
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tbaseline\tcandidate\tratio\t")
	for i := range c.Rows {
		cells := c.Rows[i].cells()
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t  %s\n", cells[0], cells[1], cells[2], cells[3], cells[4])
	}
	table.Flush()
	fmt.Fprintf(&b, "\n%s\n", c.Method)
	_, err := io.WriteString(w, b.String())
	return err
}

// cells are the figure's name, both values, their ratio, and what that means.
// "~" marks what is within noise.
func (r *Row) cells() []string {
	value := func(v float64) string {
		if math.IsNaN(v) {
			return "–"
		}
		return loadgen.FormatMetric(r.Metric, v)
	}
	meaning := string(r.Outcome)
	switch r.Outcome {
	case Noise:
		meaning = "~"
	case Untested, Same:
		meaning = ""
	}
	return []string{r.Metric, value(r.Baseline), value(r.Candidate), formatRatio(r.Ratio), meaning}
}

func (s Side) names() string {
	var paths []string
	for _, run := range s {
		paths = append(paths, run.Path)
	}
	return strings.Join(paths, ", ")
}
