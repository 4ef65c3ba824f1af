package conformance

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A style is the escape sequences of a terminal.
type style struct{ red, yellow, green, dim, off string }

var (
	plainStyle  style
	colourStyle = style{"\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[2m", "\x1b[0m"}
)

func (s style) of(o Outcome) string {
	switch o {
	case Fail, Error:
		return s.red
	case Warn:
		return s.yellow
	case Pass:
		return s.green
	}
	return s.dim
}

// WriteText writes the report for a reader at a terminal: the checks by family,
// then whatever is wrong once more with its bytes, and what was not tested with
// what to add.
func WriteText(to io.Writer, r *Report, colour bool) error {
	w := bufio.NewWriter(to)
	s := plainStyle
	if colour {
		s = colourStyle
	}
	fmt.Fprintf(w, "%s  (ruleset %s)\n", r.Target, r.Ruleset)
	family := ""
	for i := range r.Checks {
		c := &r.Checks[i]
		if c.Family() != family {
			family = c.Family()
			fmt.Fprintf(w, "\n%s\n", family)
		}
		fmt.Fprintf(w, "  %s%-10s%s %-34s %s\n", s.of(c.Outcome), c.Outcome, s.off, c.ID, brief(c))
	}
	for _, part := range []struct {
		title   string
		outcome Outcome
	}{{"Errors of ssegauge itself", Error}, {"Failures", Fail}, {"Warnings", Warn}} {
		writePart(w, r, part.title, part.outcome, s)
	}
	writeNotTested(w, r)
	if len(r.Stale) > 0 {
		fmt.Fprintf(w, "\nThe baseline is stale: these checks no longer fail: %s\n", strings.Join(r.Stale, ", "))
	}
	fmt.Fprintf(w, "\n%s%s%s  %s, in %.1f s\n", s.of(r.Verdict), strings.ToUpper(string(r.Verdict)), s.off, r.Counts, r.DurationSeconds)
	return w.Flush()
}

// String is the counts in one line.
func (c Counts) String() string {
	text := fmt.Sprintf("%d passed, %d failed, %d warned, %d info, %d not tested", c.Pass, c.Fail, c.Warn, c.Info, c.NotTested)
	if c.Error > 0 {
		text += fmt.Sprintf(", %s", counted(c.Error, "error"))
	}
	if c.Accepted > 0 {
		text += fmt.Sprintf(" (%d accepted by the baseline)", c.Accepted)
	}
	return text
}

// brief is what the tree says behind an ID.
func brief(c *Result) string {
	var words []string
	if c.Branch != "" {
		words = append(words, "["+c.Branch+"]")
	}
	if c.Observed != "" && c.Outcome != Pass && c.Outcome != NotTested {
		words = append(words, c.Observed)
	}
	if c.Flaky {
		words = append(words, "(flaky: the first look failed)")
	}
	if c.Accepted {
		words = append(words, "(accepted)")
	}
	return strings.Join(words, " ")
}

func writePart(w io.Writer, r *Report, title string, o Outcome, s style) {
	first := true
	for i := range r.Checks {
		c := &r.Checks[i]
		if c.Outcome != o || c.Accepted {
			continue
		}
		if first {
			fmt.Fprintf(w, "\n%s\n", title)
			first = false
		}
		fmt.Fprintln(w)
		writeResult(w, c, s)
	}
}

// writeResult writes all that a reader needs to act on a result.
func writeResult(w io.Writer, c *Result, s style) {
	fmt.Fprintf(w, "%s%s%s %s  %s, %s\n", s.of(c.Outcome), c.Outcome, s.off, c.ID, c.Level, c.Clause)
	for _, row := range [][2]string{
		{"requires", c.Require}, {"observed", c.Observed}, {"expected", c.Expected}, {"why", c.Why}, {"fix", c.Fix},
	} {
		if row[1] != "" {
			fmt.Fprintf(w, "  %-9s %s\n", row[0], row[1])
		}
	}
	for _, e := range c.Evidence {
		fmt.Fprintf(w, "  %-9s %s, %s, byte %d, at %s\n", "evidence", e.Connection, e.Part, e.Offset, seconds(e.At))
		fmt.Fprintf(w, "  %-9s %s%s%s\n", "", s.dim, e.Text, s.off)
		if len(e.Borders) > 0 {
			fmt.Fprintf(w, "  %-9s %s: %s\n", "", borderSign, borderList(e.Borders))
		}
	}
}

// borderList tells where and when reads began.
func borderList(borders []Border) string {
	const most = 6
	var list []string
	for i, b := range borders {
		if i == most {
			list = append(list, fmt.Sprintf("and %d more", len(borders)-most))
			break
		}
		list = append(list, fmt.Sprintf("byte %d at %s", b.Offset, seconds(b.At.Round(time.Millisecond))))
	}
	return strings.Join(list, ", ")
}

// writeNotTested groups the checks by why they were not tested.
func writeNotTested(w io.Writer, r *Report) {
	reasons, by := notTested(r)
	if len(reasons) == 0 {
		return
	}
	fmt.Fprintf(w, "\nNot tested\n")
	for _, reason := range reasons {
		fmt.Fprintf(w, "  %s\n    %s\n", reason, strings.Join(by[reason], " "))
	}
}

func notTested(r *Report) (reasons []string, by map[string][]string) {
	by = map[string][]string{}
	for i := range r.Checks {
		c := &r.Checks[i]
		if c.Outcome != NotTested {
			continue
		}
		reason := c.Observed
		if c.Enable != "" {
			reason = c.Enable
		}
		if !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
		by[reason] = append(by[reason], c.ID)
	}
	return reasons, by
}
