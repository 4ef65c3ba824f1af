package loadgen

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ssegauge/ssegauge/internal/junit"
	"github.com/ssegauge/ssegauge/internal/markdown"
)

// JUnit is the report as a suite of tests: one for each threshold, and one that
// the measurement is valid, which is an error otherwise.
func (r *Report) JUnit() junit.Suite {
	suite := junit.Suite{Name: r.Scenario, Started: r.Environment.Started}
	valid := junit.Case{Name: "valid measurement", Class: r.Scenario, Seconds: r.Environment.DurationSeconds}
	switch {
	case r.Verdict == Invalid:
		valid.Error = &junit.Problem{Message: r.Sentence(), Text: strings.Join(r.Reasons, "\n")}
	case r.Interrupted:
		valid.Error = &junit.Problem{Message: "interrupted", Text: strings.Join(r.Reasons, "\n")}
	case r.Verdict == Fail && r.Streams.Opened == 0:
		valid.Failure = &junit.Problem{Message: "no stream was opened", Text: strings.Join(r.Reasons, "\n")}
	}
	suite.Cases = append(suite.Cases, valid)
	for _, t := range r.Thresholds {
		one := junit.Case{Name: t.Expression, Class: r.Scenario}
		if !t.OK {
			one.Failure = &junit.Problem{Message: t.reason(), Type: "threshold"}
		}
		suite.Cases = append(suite.Cases, one)
	}
	return suite
}

// WriteMarkdown writes the report as a summary for a CI system: the verdict and
// why, thresholds, latencies and ledger. What would make it longer than 900,000
// bytes is left out, and counted.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s: %s\n\n%s\n", strings.ToUpper(string(r.Verdict)), markdown.Text(markdown.Shorten(r.Scenario, 200)), r.Sentence())
	l := &markdown.List{To: &b}
	l.Begin("\n")
	for _, reason := range r.Reasons {
		l.Add("- " + markdown.Text(markdown.Shorten(reason, 1000)) + "\n")
	}
	l.End("reasons")
	if len(r.Thresholds) > 0 {
		l.Begin("\n| | threshold | observed |\n|---|---|---|\n")
		for _, t := range r.Thresholds {
			met := "met"
			if !t.OK {
				met = "**not met**"
			}
			l.Add("| " + met + " | " + markdown.Cells([]string{t.Expression, observedText(t)}) + " |\n")
		}
		l.End("thresholds")
	}
	l.Begin("\n| latency | count | p50 | p90 | p99 | p99.9 | max |\n|---|---:|---:|---:|---:|---:|---:|\n")
	for _, s := range r.summaries() {
		l.Add("| " + markdown.Cells([]string{
			strings.ReplaceAll(s.Name, "_", " "), formatCount(s.Count),
			formatSeconds(s.P50), formatSeconds(s.P90), formatSeconds(s.P99), formatSeconds(s.P999), formatSeconds(s.Max),
		}) + " |\n")
	}
	l.End("latencies")
	e := &r.Events
	fmt.Fprintf(&b, "\n%s deliveries expected = %s received + %s lost; %s duplicated, %s reordered. %s of %s streams opened.\n",
		formatCount(e.Expected), formatCount(e.Received), formatCount(e.Lost), formatCount(e.Duplicated), formatCount(e.Reordered),
		formatCount(r.Streams.Opened), formatCount(r.Streams.Planned))
	if len(r.UnderLoad) > 0 {
		l.Begin("\nFindings under load:\n\n")
		for _, f := range r.UnderLoad {
			l.Add(fmt.Sprintf("- %d × %s: %s\n", f.Count, markdown.Text(f.ID), markdown.Text(f.What)))
		}
		l.End("findings")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteCSV writes the intervals of runs, one a line, with times in seconds. An
// empty field had no sample.
func WriteCSV(w io.Writer, runs ...*Saved) error {
	out := csv.NewWriter(w)
	columns := csvColumns()
	head := []string{"run", "scenario"}
	for _, c := range columns {
		head = append(head, c.name)
	}
	if err := out.Write(head); err != nil {
		return err
	}
	for _, run := range runs {
		for i := range run.Series {
			line := []string{run.Path, run.Scenario}
			for _, c := range columns {
				line = append(line, c.of(&run.Series[i]))
			}
			if err := out.Write(line); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

type csvColumn struct {
	name string
	of   func(*Interval) string
}

func csvColumns() []csvColumn {
	number := func(name string, of func(*Interval) float64) csvColumn {
		return csvColumn{name, func(i *Interval) string { return strconv.FormatFloat(of(i), 'g', -1, 64) }}
	}
	count := func(name string, of func(*Interval) int64) csvColumn {
		return csvColumn{name, func(i *Interval) string { return strconv.FormatInt(of(i), 10) }}
	}
	columns := []csvColumn{
		number("start_seconds", func(i *Interval) float64 { return i.Start }), number("end_seconds", func(i *Interval) float64 { return i.End }),
		count("streams_open", func(i *Interval) int64 { return i.Streams.Open }), count("streams_opened", func(i *Interval) int64 { return i.Streams.Opened }),
		count("streams_failed", func(i *Interval) int64 { return i.Streams.Failed }), count("streams_dropped", func(i *Interval) int64 { return i.Streams.Dropped }),
		count("streams_cut", func(i *Interval) int64 { return i.Streams.Cut }), count("streams_reconnected", func(i *Interval) int64 { return i.Streams.Reconnected }),
		count("events_published", func(i *Interval) int64 { return i.Events.Published }), count("events_refused", func(i *Interval) int64 { return i.Events.Refused }),
		count("events_unsent", func(i *Interval) int64 { return i.Events.Unsent }), count("events_received", func(i *Interval) int64 { return i.Events.Received }),
		count("events_duplicated", func(i *Interval) int64 { return i.Events.Duplicated }), count("events_late", func(i *Interval) int64 { return i.Events.Late }),
		count("bytes", func(i *Interval) int64 { return i.Events.Bytes }),
		number("cpu_fraction", func(i *Interval) float64 { return i.Generator.CPUFraction }), count("rss_bytes", func(i *Interval) int64 { return i.Generator.RSSBytes }),
		number("hiccup_seconds", func(i *Interval) float64 { return i.Generator.HiccupSeconds }),
	}
	for _, l := range []struct {
		name string
		of   func(*IntervalLatencies) *Summary
	}{
		{"connect", func(l *IntervalLatencies) *Summary { return &l.Connect }}, {"first_event", func(l *IntervalLatencies) *Summary { return &l.FirstEvent }},
		{"fanout", func(l *IntervalLatencies) *Summary { return &l.Fanout }}, {"publish_lag", func(l *IntervalLatencies) *Summary { return &l.PublishLag }},
		{"receive_lag", func(l *IntervalLatencies) *Summary { return &l.ReceiveLag }},
	} {
		for _, s := range statistics {
			columns = append(columns, csvColumn{l.name + "_" + s.name, func(i *Interval) string {
				summary := l.of(&i.Latency)
				if summary.Count == 0 && s.name != "count" {
					return ""
				}
				return strconv.FormatFloat(s.of(*summary), 'g', -1, 64)
			}})
		}
	}
	return columns
}
