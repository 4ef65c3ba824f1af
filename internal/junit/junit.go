// Package junit writes JUnit XML, the form in which CI systems take the results
// of tests.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

// Report is what a file has. Write fills in the counts.
type Report struct {
	Name    string
	Seconds float64
	Suites  []Suite
}

// A Suite is a group of test cases.
type Suite struct {
	Name    string
	Started time.Time
	Cases   []Case
}

// A Case is one test. At most one of Failure, Error and Skipped is set.
type Case struct {
	Name    string
	Class   string
	Seconds float64
	Failure *Problem
	Error   *Problem
	Skipped *Problem
	Output  string
}

// A Problem says why a case did not pass.
type Problem struct {
	Message string
	Type    string
	Text    string
}

type totals struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Skipped  int `xml:"skipped,attr"`
}

type xmlSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr"`
	totals
	Time   string     `xml:"time,attr"`
	Suites []xmlSuite `xml:"testsuite"`
}

type xmlSuite struct {
	Name string `xml:"name,attr"`
	totals
	Timestamp string    `xml:"timestamp,attr"`
	Cases     []xmlCase `xml:"testcase"`
}

type xmlCase struct {
	Name    string      `xml:"name,attr"`
	Class   string      `xml:"classname,attr"`
	Time    string      `xml:"time,attr"`
	Failure *xmlProblem `xml:"failure"`
	Error   *xmlProblem `xml:"error"`
	Skipped *xmlProblem `xml:"skipped"`
	Output  string      `xml:"system-out,omitempty"`
}

type xmlProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// Write writes the report. What XML cannot hold is replaced by U+FFFD, as
// encoding/xml does.
func (r *Report) Write(w io.Writer) error {
	all := xmlSuites{Name: r.Name, Time: seconds(r.Seconds)}
	for _, s := range r.Suites {
		suite := xmlSuite{Name: s.Name, Timestamp: s.Started.Format("2006-01-02T15:04:05")}
		for _, c := range s.Cases {
			suite.count(&c)
			all.count(&c)
			suite.Cases = append(suite.Cases, xmlCase{
				Name: c.Name, Class: c.Class, Time: seconds(c.Seconds), Output: c.Output,
				Failure: (*xmlProblem)(c.Failure), Error: (*xmlProblem)(c.Error), Skipped: (*xmlProblem)(c.Skipped),
			})
		}
		all.Suites = append(all.Suites, suite)
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

func (t *totals) count(c *Case) {
	t.Tests++
	switch {
	case c.Failure != nil:
		t.Failures++
	case c.Error != nil:
		t.Errors++
	case c.Skipped != nil:
		t.Skipped++
	}
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }
