package conformance

import (
	"strings"
	"time"
)

// A Report is what a run found.
type Report struct {
	SchemaVersion   int       `json:"schema_version"` // 1
	Target          string    `json:"target"`
	Verdict         Outcome   `json:"verdict"` // pass or fail
	Reasons         []string  `json:"reasons,omitempty"`
	Counts          Counts    `json:"counts"`
	Ruleset         string    `json:"ruleset"`
	Profiles        []string  `json:"profiles,omitempty"`
	Strict          bool      `json:"strict,omitempty"`
	Started         time.Time `json:"started"`
	DurationSeconds float64   `json:"duration_seconds"`
	Interrupted     bool      `json:"interrupted,omitempty"`
	Checks          []Result  `json:"checks"`
	// Stale lists the checks that the baseline expects to fail, and that did
	// not.
	Stale []string `json:"stale,omitempty"`
}

// Counts is how many checks came to which outcome.
type Counts struct {
	Pass      int `json:"pass"`
	Fail      int `json:"fail"`
	Warn      int `json:"warn"`
	Info      int `json:"info"`
	NotTested int `json:"not_tested"`
	Error     int `json:"error"`
	// Accepted is how many of Fail and Warn the baseline accepts.
	Accepted int `json:"accepted,omitempty"`
}

// A Result is what became of a check.
type Result struct {
	ID       string  `json:"id"`
	Level    Level   `json:"level"`
	Profile  string  `json:"profile,omitempty"`
	Exchange string  `json:"exchange"`
	Outcome  Outcome `json:"outcome"`
	// Branch names which of several legal behaviours was seen.
	Branch   string     `json:"branch"`
	Clause   string     `json:"clause"`
	Require  string     `json:"require"`
	Observed string     `json:"observed"`
	Expected string     `json:"expected"`
	Evidence []Evidence `json:"evidence"`
	Why      string     `json:"why"`
	Fix      string     `json:"fix"`
	// Enable says what to add to the target file for a check that was not
	// tested.
	Enable string `json:"enable,omitempty"`
	// Flaky tells that a second look gave another outcome, which is this one.
	Flaky           bool    `json:"flaky,omitempty"`
	Accepted        bool    `json:"accepted,omitempty"` // by the baseline
	DurationSeconds float64 `json:"duration_seconds"`   // of the judgement
}

// Family is the first part of the check's ID.
func (r *Result) Family() string {
	family, _, _ := strings.Cut(r.ID, ".")
	return family
}

// Red reports whether the check failed or warned, and nobody accepts it.
func (r *Result) Red() bool {
	return (r.Outcome == Fail || r.Outcome == Warn) && !r.Accepted
}

// settle counts, applies the baseline, and comes to the verdict.
func (r *Report) settle(b Baseline, strict bool) {
	b.apply(r)
	r.Strict = strict
	r.Counts = Counts{}
	failed := false
	for i := range r.Checks {
		c := &r.Checks[i]
		switch c.Outcome {
		case Pass:
			r.Counts.Pass++
		case Fail:
			r.Counts.Fail++
		case Warn:
			r.Counts.Warn++
		case Told:
			r.Counts.Info++
		case NotTested:
			r.Counts.NotTested++
		case Error:
			r.Counts.Error++
		}
		if c.Accepted {
			r.Counts.Accepted++
		}
		if c.Red() && (c.Outcome == Fail || strict) {
			failed = true
			r.Reasons = append(r.Reasons, c.ID+": "+c.Observed)
		}
	}
	if len(r.Stale) > 0 {
		r.Reasons = append(r.Reasons, "the baseline is stale: these checks no longer fail: "+strings.Join(r.Stale, ", "))
	}
	r.Verdict = Pass
	if failed || len(r.Stale) > 0 {
		r.Verdict = Fail
	}
}
