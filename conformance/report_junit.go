package conformance

import (
	"io"
	"strings"

	"github.com/ssegauge/ssegauge/internal/junit"
)

// WriteJUnit writes the report as JUnit XML: a suite for each family, a test
// case for each check. A failed MUST is a failure, as is a failed SHOULD in a
// strict report; other warnings are output of their case.
func WriteJUnit(w io.Writer, r *Report) error {
	all := junit.Report{Name: r.Target, Seconds: r.DurationSeconds}
	for i := range r.Checks {
		c := &r.Checks[i]
		if n := len(all.Suites); n == 0 || all.Suites[n-1].Name != c.Family() {
			all.Suites = append(all.Suites, junit.Suite{Name: c.Family(), Started: r.Started})
		}
		one := junit.Case{Name: c.ID, Class: r.Target, Seconds: c.DurationSeconds}
		problem := &junit.Problem{Message: c.Observed, Type: string(c.Level), Text: describe(c)}
		switch {
		case c.Outcome == Error:
			one.Error = problem
		case c.Red() && (c.Outcome == Fail || r.Strict):
			one.Failure = problem
		case c.Outcome == NotTested:
			one.Skipped = &junit.Problem{Message: strings.TrimSpace(c.Observed + ". " + c.Enable)}
		case c.Outcome != Pass:
			one.Output = problem.Text
		}
		suite := &all.Suites[len(all.Suites)-1]
		suite.Cases = append(suite.Cases, one)
	}
	if len(r.Stale) > 0 {
		stale := &junit.Problem{Message: "the baseline is stale", Text: strings.Join(r.Stale, ", ")}
		all.Suites = append(all.Suites, junit.Suite{Name: "baseline", Started: r.Started, Cases: []junit.Case{{Name: "baseline.stale", Class: r.Target, Failure: stale}}})
	}
	return all.Write(w)
}
