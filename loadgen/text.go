package loadgen

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// WriteText writes the report for people to read. With color, the verdict and
// what failed are marked by ANSI colours as well as by words.
func (r *Report) WriteText(w io.Writer, color bool) error {
	p := &printer{color: color}
	p.verdict(r)
	p.latencies(r)
	p.ledger(r)
	p.streams(r)
	p.recovery(r)
	p.findings(r)
	p.thresholds(r)
	p.environment(r)
	_, err := io.WriteString(w, p.text.String())
	return err
}

type printer struct {
	text  strings.Builder
	color bool
}

func (p *printer) printf(format string, args ...any) { fmt.Fprintf(&p.text, format, args...) }

// mark colours text for a verdict.
func (p *printer) mark(v Verdict, text string) string {
	code := map[Verdict]string{Pass: "32", Fail: "31", Invalid: "33"}[v]
	if !p.color {
		return text
	}
	return "\x1b[1;" + code + "m" + text + "\x1b[0m"
}

func (p *printer) verdict(r *Report) {
	p.printf("%s  %s\n", p.mark(r.Verdict, strings.ToUpper(string(r.Verdict))), r.Scenario)
	for _, reason := range r.Reasons {
		p.printf("  %s\n", reason)
	}
}

func (p *printer) latencies(r *Report) {
	p.printf("\n")
	table := tabwriter.NewWriter(&p.text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "latency\tcount\tmin\tp50\tp90\tp99\tp99.9\tmax\t")
	row := func(name string, s Summary) {
		if s.Count == 0 {
			return
		}
		fmt.Fprintf(table, "%s\t%d\t", name, s.Count)
		for _, seconds := range []float64{s.Min, s.P50, s.P90, s.P99, s.P999, s.Max} {
			fmt.Fprintf(table, "%s\t", formatSeconds(seconds))
		}
		fmt.Fprintln(table)
	}
	for _, l := range r.Latency.named() {
		row(strings.ReplaceAll(l.name, "_", " "), *l.of)
	}
	for _, c := range r.Cohorts {
		row("fanout "+c.Name, c.Fanout)
	}
	table.Flush()
	if means := r.ConnectOrder; means[0] > 0 && means[tenths-1] > 0 {
		p.printf("\nmean fanout %s for the tenth of the streams that opened first, %s for the last\n", formatSeconds(means[0]), formatSeconds(means[tenths-1]))
	}
}

func (p *printer) ledger(r *Report) {
	e := &r.Events
	p.printf("\nevents   %d published", e.Published)
	p.counts(map[string]int64{"refused": e.Refused, "unsent": e.Unsent})
	p.printf("\nledger   %d expected = %d received + %d lost; %d duplicated, %d reordered, %d late", e.Expected, e.Received, e.Lost, e.Duplicated, e.Reordered, e.Late)
	p.counts(map[string]int64{"foreign": e.Foreign})
	p.printf("\n")
	for _, c := range r.Cohorts {
		p.printf("  %s: %d expected = %d received + %d lost; %d duplicated, %d reordered, %d late\n", c.Name, c.Events.Expected, c.Events.Received, c.Events.Lost, c.Events.Duplicated, c.Events.Reordered, c.Events.Late)
	}
}

func (p *printer) streams(r *Report) {
	s := &r.Streams
	p.printf("streams  %d planned, %d opened, %d at once", s.Planned, s.Opened, s.Peak)
	p.counts(map[string]int64{"failed": s.Failed, "dropped": s.Dropped, "cut": s.Cut, "reconnected": s.Reconnected, "finished": s.Finished})
	p.printf("\n")
	kinds := make([]Failure, 0, len(r.Failures))
	for kind := range r.Failures {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		p.printf("  %d × %s\n", r.Failures[kind], kind)
	}
}

func (p *printer) findings(r *Report) {
	if len(r.UnderLoad) == 0 {
		p.printf("findings under load: none\n")
		return
	}
	p.printf("findings under load (ssegauge check --explain ID says more)\n")
	for _, f := range r.UnderLoad {
		p.printf("  %d × %s: %s\n", f.Count, f.ID, f.What)
	}
}

// counts appends those counts that are not zero, by name.
func (p *printer) counts(counts map[string]int64) {
	names := make([]string, 0, len(counts))
	for name, n := range counts {
		if n != 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		p.printf(", %d %s", counts[name], name)
	}
}

func (p *printer) thresholds(r *Report) {
	if len(r.Thresholds) == 0 {
		p.printf("\nno thresholds: nothing was demanded\n")
		return
	}
	p.printf("\n")
	for _, t := range r.Thresholds {
		word, verdict := "ok    ", Pass
		if !t.OK {
			word, verdict = "FAILED", Fail
		}
		p.printf("%s  %s (%s)\n", p.mark(verdict, word), t.Expression, observedText(t))
	}
}

func (p *printer) environment(r *Report) {
	g, e := &r.Generator, &r.Environment
	timestamps := "no kernel timestamps"
	if g.KernelTimestamps {
		timestamps = "kernel timestamps"
	}
	p.printf("\n%s transport, %d loops, %s; %.0f %% of %d CPUs, %d MiB, %.1f KiB a stream\n",
		g.Transport, g.Loops, timestamps, 100*g.CPUFraction, e.CPUs, g.RSSBytes>>20, float64(g.BytesPerStream)/1024)
	p.printf("ssegauge %s, %s, %s %s; %s, %.1f s\n",
		e.Version, e.Go, e.OS, e.Kernel, e.Started.UTC().Format(time.RFC3339), e.DurationSeconds)
}

// observedText writes what a threshold was compared with, in the unit of its
// metric.
func observedText(t ThresholdResult) string {
	if t.Observed == nil {
		return "no sample"
	}
	metric := strings.TrimSpace(t.Expression[:strings.IndexAny(t.Expression, "<>=!")])
	return FormatMetric(metric, *t.Observed)
}

// formatSeconds writes a time with three significant digits.
func formatSeconds(seconds float64) string {
	switch {
	case seconds == 0:
		return "0"
	case seconds < 0.9995e-3:
		return fmt.Sprintf("%.3gµs", seconds*1e6)
	case seconds < 0.9995:
		return strings.TrimSuffix(fmt.Sprintf("%#.3g", seconds*1e3), ".") + "ms"
	}
	return fmt.Sprintf("%.2fs", seconds)
}
