// Package conformance judges event streams against the WHATWG standard and what
// deployed clients need.
//
// What is recorded and what is judged are kept apart: a Transcript holds the
// bytes, and a Check is a row with a pure judgement over it. So a check is
// tested with a literal, and a recording can be judged again at any time.
package conformance

// A Level is how much a requirement matters.
type Level string

// Levels. A MUST that is not met fails a report, a SHOULD warns, and INFO is
// only told.
const (
	Must   Level = "MUST"
	Should Level = "SHOULD"
	Info   Level = "INFO"
)

// An Outcome is what a judgement came to.
type Outcome string

// Outcomes.
const (
	Passed Outcome = "pass"
	Warned Outcome = "warn" // a SHOULD is not met
	Failed Outcome = "fail" // a MUST is not met
	Told   Outcome = "info"
)

// A Check is one requirement.
type Check struct {
	ID      string // dotted, such as stream.utf8.valid; it never changes
	Level   Level
	Clause  string // where the requirement comes from
	Require string // what must hold, in one sentence
	Why     string // what breaks otherwise
	Fix     string // what to change
	// Judge returns "" when the requirement is met, and else what was seen.
	Judge func(*Transcript) string
}

// A Result is what became of a Check.
type Result struct {
	Check    *Check
	Outcome  Outcome
	Observed string // "" for a pass
}

// judge applies the check to a transcript.
func (c *Check) judge(t *Transcript) Result {
	observed := c.Judge(t)
	switch {
	case observed == "":
		return Result{c, Passed, ""}
	case c.Level == Must:
		return Result{c, Failed, observed}
	case c.Level == Should:
		return Result{c, Warned, observed}
	}
	return Result{c, Told, observed}
}
