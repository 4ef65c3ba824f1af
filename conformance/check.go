// Package conformance judges a backend of Server-Sent Events against the WHATWG
// HTML standard, HTTP, and what deployed clients need.
//
// What is said and what is judged are kept apart. An Exchange is one way to
// talk to the backend; it yields a [Transcript]: connections, bytes with their
// times, and what was published when. A [Check] is a row: a requirement and a
// pure judgement over a transcript. So each exchange takes place once and feeds
// many checks, a check is tested with a literal, and a recording can be judged
// again at any time.
//
// There are two doors: [Run] reports on any backend, [Test] makes each check a
// subtest for a backend written in Go.
//
// A check fails only what it can prove from bytes. What may be legal is told,
// what cannot be seen is not tested, with the reason. Of times, only being too
// early is wrong by itself; being late is measured against the same run, and
// seen twice before it counts.
package conformance

import (
	"fmt"
	"strings"
)

// A Level is how much a requirement matters.
type Level string

// Levels. A MUST that is not met fails a report, a SHOULD warns, and MAY and
// INFO are only told.
const (
	Must   Level = "MUST"
	Should Level = "SHOULD"
	May    Level = "MAY"
	Info   Level = "INFO"
)

// An Outcome is what a check came to.
type Outcome string

// Outcomes.
const (
	Pass      Outcome = "pass"
	Warn      Outcome = "warn" // a SHOULD is not met
	Fail      Outcome = "fail" // a MUST is not met
	Told      Outcome = "info"
	NotTested Outcome = "not-tested" // Observed says why, Enable what to add
	Error     Outcome = "error"      // a defect of this package, never of the target
)

// A Check is one requirement.
type Check struct {
	ID      string // dotted, such as stream.utf8.valid; it never changes
	Level   Level
	Clause  string // where the requirement comes from
	Require string // what must hold, in one sentence
	Why     string // what breaks otherwise
	Fix     string // what to change

	// Profile is the profile that switches the check on; empty: it always is.
	Profile string
	// Exchange names the exchange whose transcript is judged.
	Exchange string
	// Also names exchanges whose transcripts are judged too if they took
	// place.
	Also []string
	// Needs lists what the target must offer beyond what the exchange needs.
	Needs []Capability
	// Payloads is what the exchange publishes for this check.
	Payloads []Payload
	// Timed marks a judgement about lateness: a miss is looked at once more.
	Timed bool

	// Judge is pure: it looks at nothing but the transcript.
	Judge func(*Transcript) Verdict
}

// Family is the first part of the check's ID.
func (c *Check) Family() string {
	family, _, _ := strings.Cut(c.ID, ".")
	return family
}

// A Payload is something that an exchange publishes to see what becomes of it.
type Payload struct {
	// Fields is what is published.
	Fields Fields
	// JSON, unless empty, is how the data is written in a JSON body, for what
	// encoding would change, such as a lone surrogate.
	JSON string
}

// A Verdict is what Judge says.
type Verdict struct {
	met      met
	level    Level // of a miss, if other than the check's
	Branch   string
	Observed string
	Expected string
	Evidence []Evidence
}

type met uint8

const (
	isMet met = iota
	isMissed
	isTold
	isUntested
)

// passed says that the requirement is met, in the way that branch names where
// there are several.
func passed(branch string) Verdict { return Verdict{Branch: branch} }

// missed says that the requirement is not met.
func missed(format string, args ...any) Verdict {
	return Verdict{met: isMissed, Observed: fmt.Sprintf(format, args...)}
}

// told reports without a score.
func told(format string, args ...any) Verdict {
	return Verdict{met: isTold, Observed: fmt.Sprintf(format, args...)}
}

// untested says why the requirement could not be seen.
func untested(format string, args ...any) Verdict {
	return Verdict{met: isUntested, Observed: fmt.Sprintf(format, args...)}
}

// as gives a miss another weight than the check's.
func (v Verdict) as(l Level) Verdict { v.level = l; return v }

// branch names which of several behaviours was seen.
func (v Verdict) branch(name string) Verdict { v.Branch = name; return v }

// expect says what was expected instead.
func (v Verdict) expect(format string, args ...any) Verdict {
	v.Expected = fmt.Sprintf(format, args...)
	return v
}

// show adds evidence.
func (v Verdict) show(evidence ...Evidence) Verdict {
	v.Evidence = append(v.Evidence, evidence...)
	return v
}

// outcome is what the verdict means for a check of the level.
func (v Verdict) outcome(l Level) Outcome {
	switch v.met {
	case isMet:
		if l == Info || l == May {
			return Told
		}
		return Pass
	case isTold:
		return Told
	case isUntested:
		return NotTested
	}
	if v.level != "" {
		l = v.level
	}
	switch l {
	case Must:
		return Fail
	case Should:
		return Warn
	}
	return Told
}

// judge applies the check to the transcript. A judgement that panics is an
// error of this package.
func (c *Check) judge(t *Transcript) (r Result) {
	r = c.result()
	defer func() {
		if problem := recover(); problem != nil {
			r = c.result()
			r.Outcome, r.Observed = Error, fmt.Sprintf("the judgement panicked: %v", problem)
		}
	}()
	view := *t
	view.check = c
	v := c.Judge(&view)
	r.Outcome = v.outcome(c.Level)
	r.Branch, r.Observed, r.Expected, r.Evidence = v.Branch, v.Observed, v.Expected, v.Evidence
	return r
}

// result is a Result with the check's own words.
func (c *Check) result() Result {
	return Result{
		ID: c.ID, Level: c.Level, Profile: c.Profile, Exchange: c.Exchange,
		Clause: c.Clause, Require: c.Require, Why: c.Why, Fix: c.Fix,
	}
}
