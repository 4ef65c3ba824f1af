package conformance

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Timestamp string      `xml:"timestamp,attr"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Skipped *junitProblem `xml:"skipped"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the report as JUnit XML: a suite for each family, a test
// case for each check. A failed MUST is a failure, as is a failed SHOULD in a
// strict report; other warnings are output of their case.
func WriteJUnit(w io.Writer, r *Report) error {
	all := junitSuites{Name: xmlText(r.Target), Time: fmt.Sprintf("%.3f", r.DurationSeconds)}
	for i := range r.Checks {
		c := &r.Checks[i]
		if n := len(all.Suites); n == 0 || all.Suites[n-1].Name != c.Family() {
			all.Suites = append(all.Suites, junitSuite{Name: c.Family(), Timestamp: r.Started.Format("2006-01-02T15:04:05")})
		}
		suite := &all.Suites[len(all.Suites)-1]
		one := junitCase{Name: c.ID, Class: xmlText(r.Target), Time: fmt.Sprintf("%.3f", c.DurationSeconds)}
		problem := &junitProblem{Message: xmlText(c.Observed), Type: string(c.Level), Text: xmlText(describe(c))}
		switch {
		case c.Outcome == Error:
			one.Error = problem
			suite.Errors++
		case c.Red() && (c.Outcome == Fail || r.Strict):
			one.Failure = problem
			suite.Failures++
		case c.Outcome == NotTested:
			one.Skipped = &junitProblem{Message: xmlText(strings.TrimSpace(c.Observed + ". " + c.Enable))}
			suite.Skipped++
		case c.Outcome != Pass:
			one.Output = problem.Text
		}
		suite.Tests++
		suite.Cases = append(suite.Cases, one)
	}
	if len(r.Stale) > 0 {
		stale := &junitProblem{Message: "the baseline is stale", Text: strings.Join(r.Stale, ", ")}
		all.Suites = append(all.Suites, junitSuite{Name: "baseline", Tests: 1, Failures: 1, Cases: []junitCase{{Name: "baseline.stale", Class: xmlText(r.Target), Time: "0.000", Failure: stale}}})
	}
	for _, s := range all.Suites {
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Skipped += s.Skipped
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// xmlText replaces what XML cannot hold.
func xmlText(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return '\ufffd'
		}
		return r
	}, s)
}
