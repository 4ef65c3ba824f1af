package conformance

import (
	"fmt"
	"io"
	"strings"

	"github.com/ssegauge/ssegauge/internal/markdown"
)

// WriteMarkdown writes the report as a summary for a CI system: the counts, a
// table of what is wrong, then its details, and what was not tested. Details
// that would make it longer than 900,000 bytes are left out, and counted.
func WriteMarkdown(w io.Writer, r *Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s: %s\n\n%s, in %.1f s (ruleset %s)\n", strings.ToUpper(string(r.Verdict)), markdown.Text(r.Target), r.Counts, r.DurationSeconds, r.Ruleset)
	if len(r.Stale) > 0 {
		fmt.Fprintf(&b, "\n**The baseline is stale:** these checks no longer fail: %s\n", strings.Join(r.Stale, ", "))
	}
	var wrong []*Result
	for i := range r.Checks {
		if c := &r.Checks[i]; c.Outcome == Fail || c.Outcome == Warn || c.Outcome == Error {
			wrong = append(wrong, c)
		}
	}
	if len(wrong) > 0 {
		b.WriteString("\n| outcome | check | level | observed |\n|---|---|---|---|\n")
	}
	for _, c := range wrong {
		outcome := string(c.Outcome)
		if c.Accepted {
			outcome += " (accepted)"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", outcome, c.ID, c.Level, markdown.Text(markdown.Shorten(c.Observed, 200)))
	}
	var rest strings.Builder
	if reasons, by := notTested(r); len(reasons) > 0 {
		rest.WriteString("\n<details><summary>Not tested</summary>\n\n")
		for _, reason := range reasons {
			fmt.Fprintf(&rest, "- %s: %s\n", markdown.Text(markdown.Shorten(reason, 500)), strings.Join(by[reason], ", "))
		}
		rest.WriteString("\n</details>\n")
	}
	left := 0
	for _, c := range wrong {
		if c.Accepted {
			continue
		}
		details := fmt.Sprintf("\n<details><summary><code>%s</code></summary>\n\n%s\n</details>\n", c.ID, markdown.Fenced(describe(c)))
		if b.Len()+len(details)+rest.Len() > markdown.Most-200 {
			left++
			continue
		}
		b.WriteString(details)
	}
	if left > 0 {
		fmt.Fprintf(&b, "\nThe details of %s are left out.\n", counted(left, "check"))
	}
	b.WriteString(rest.String())
	_, err := io.WriteString(w, b.String())
	return err
}
