package capacity

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ssegauge/ssegauge/loadgen"
)

// WriteText writes the result for people to read. With color, the verdict is
// marked by ANSI colours as well as by its word.
func (r *Result) WriteText(w io.Writer, color bool) error {
	var text strings.Builder
	word := strings.ToUpper(string(r.Verdict))
	if color {
		code := map[Verdict]string{loadgen.Pass: "32", loadgen.Fail: "31", loadgen.Invalid: "33"}[r.Verdict]
		word = "\x1b[1;" + code + "m" + word + "\x1b[0m"
	}
	fmt.Fprintf(&text, "%s  %s\n\n%s\n", word, r.Scenario, r.Sentence)
	for _, reason := range r.Reasons {
		fmt.Fprintf(&text, "  %s\n", reason)
	}
	text.WriteString("\n")
	r.writeKnee(&text)
	r.writeSteps(&text)
	fmt.Fprintf(&text, "\n%d steps in %.0f s; ssegauge %s, %s, %s; %s\n", len(r.Steps), r.Environment.DurationSeconds,
		r.Environment.Version, r.Environment.Go, r.Environment.OS, r.Environment.Started.UTC().Format(time.RFC3339))
	_, err := io.WriteString(w, text.String())
	return err
}

// String says in a line what the step came to.
func (s Step) String() string {
	text := fmt.Sprintf("step %d (%s): %s: %s", s.Number, s.Purpose, grouped(s.Load), s.Outcome)
	if s.Fanout.Count > 0 {
		text += fmt.Sprintf(", p50 %s, p99 %s", secondsText(s.Fanout.P50), secondsText(s.Fanout.P99))
	}
	if s.Outcome != Met && len(s.Reasons) > 0 {
		text += "; " + s.Reasons[0]
	}
	return text
}

func (r *Result) writeKnee(w io.Writer) {
	k := &r.Knee
	switch {
	case k.Load == 0:
		fmt.Fprintf(w, "knee            none\n")
	case k.High == 0:
		fmt.Fprintf(w, "knee            at least %s %s\n", grouped(k.Load), r.Unit)
	default:
		fmt.Fprintf(w, "knee            %s %s; it lies between that and %s", grouped(k.Load), r.Unit, grouped(k.High))
		if k.Confidence > 0 {
			fmt.Fprintf(w, " with a confidence of at least %.0f %% (%d repeats at either end)", math.Floor(100*k.Confidence), k.Repeats)
		}
		fmt.Fprintln(w)
	}
	for i, b := range r.Broke {
		fmt.Fprintf(w, "%-15s %s, at %s %s%s\n", first(i, "first to break"), b.Objective, grouped(b.Load), r.Unit, observed(b))
	}
	for i, l := range r.BoundBy {
		fmt.Fprintf(w, "%-15s %s: %s\n", first(i, "bound by"), l.What, l.Evidence)
	}
	if m := r.Memory; m != nil {
		fmt.Fprintf(w, "%-15s %.2f KiB a stream (95 %% interval %.2f to %.2f, from %d steps)\n", "memory", m.Slope/1024, m.Low/1024, m.High/1024, m.Points)
	}
	for i, h := range r.HeadRoom {
		fmt.Fprintf(w, "%-15s %s\n", first(i, "head-room"), h)
	}
}

// first is a label in front of the first of several lines.
func first(i int, label string) string {
	if i > 0 {
		return ""
	}
	return label
}

// observed says what a condition found, in the unit of its metric.
func observed(b Breach) string {
	if b.Observed == nil {
		return " (no sample)"
	}
	text := grouped(*b.Observed)
	if at := strings.IndexAny(b.Objective, "<>=!"); at >= 0 {
		text = loadgen.FormatMetric(strings.TrimSpace(b.Objective[:at]), *b.Observed)
	}
	return " (observed " + text + ")"
}

func (r *Result) writeSteps(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "\n%s\tmet\tmissed\tinvalid\tp50\tp99\tp99.9\tlast receiver p99\t\n", r.Unit)
	for _, p := range r.Curve {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t", grouped(p.Load), p.Met, p.Missed, p.Invalid)
		for _, v := range []float64{p.Fanout.P50, p.Fanout.P99, p.Fanout.P999, p.FanoutLast.P99} {
			text := "-"
			if p.Fanout.Count > 0 {
				text = secondsText(v)
			}
			fmt.Fprintf(table, "%s\t", text)
		}
		fmt.Fprintln(table)
	}
	table.Flush()
}

// secondsText writes a time with three significant digits.
func secondsText(seconds float64) string {
	if seconds <= 0 {
		return "0"
	}
	d := time.Duration(seconds * float64(time.Second))
	unit := time.Duration(math.Pow(10, math.Floor(math.Log10(float64(max(d, 1))))-2))
	return d.Round(max(unit, 1)).String()
}

// grouped writes a number with its thousands set apart.
func grouped(v float64) string {
	text := strconv.FormatFloat(v, 'f', -1, 64)
	whole, rest, hasRest := strings.Cut(text, ".")
	for at := len(whole) - 3; at > 0 && whole[at-1] != '-'; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if hasRest {
		return whole + "." + rest
	}
	return whole
}

func bytesText(n float64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", n/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", n/(1<<20))
	}
	return fmt.Sprintf("%.1f KiB", n/(1<<10))
}
