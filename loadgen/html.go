package loadgen

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/internal/chart"
)

//go:embed report.html
var htmlText string

//go:embed report.css
var htmlCSS string

// HTMLStyle is the style sheet of the pages that reports write.
var HTMLStyle = template.CSS(htmlCSS) + chart.CSS

var htmlPage = template.Must(template.New("report").Funcs(template.FuncMap{
	"upper":    strings.ToUpper,
	"seconds":  formatSeconds,
	"count":    formatCount,
	"observed": observedText,
	"name":     func(name string) string { return strings.ReplaceAll(name, "_", " ") },
	"time":     func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	"percent":  func(f float64) string { return fmt.Sprintf("%.0f %%", 100*f) },
	"mib":      func(n int64) string { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) },
	"kib":      func(n int64) string { return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10)) },
}).Parse(htmlText))

// An htmlReport is a report with what its page shows besides.
type htmlReport struct {
	*Report
	State     string // the verdict, or the phase before there is one
	Style     template.CSS
	Sentence  string
	Figures   []keyFigure
	Judged    []ThresholdResult // those that were not met first
	Latencies []namedSummary
	Books     []accounts
	Kinds     []kindCount
	Sections  []chartSection
}

// A keyFigure is what a reader looks for first.
type keyFigure struct{ Value, Name string }

type namedSummary struct {
	Name string
	Summary
}

// Accounts are a line of the ledger: that of the run, or of a cohort.
type accounts struct {
	Name string
	DeliveryCounts
}

type kindCount struct {
	Kind  Failure
	Count uint64
}

// A chartSection is a heading with the figures below it.
type chartSection struct {
	ID, Title, Text string
	Charts          []*chart.Chart
}

// WriteHTML writes the report as a page that stands by itself: no scripts, and
// nothing that is not in it. It has what a person wants to know in the order in
// which they do: the verdict and the reasons for it, then the figures.
func (r *Report) WriteHTML(w io.Writer) error { return htmlPage.Execute(w, r.page()) }

// WriteHTMLBody writes what that page has between its header and its end, for a
// page that has HTMLStyle. The report may be that of a run under way.
func (r *Report) WriteHTMLBody(w io.Writer) error {
	return htmlPage.ExecuteTemplate(w, "body", r.page())
}

func (r *Report) page() *htmlReport {
	page := &htmlReport{
		Report: r, State: r.state(), Style: HTMLStyle, Sentence: r.Sentence(), Figures: r.keyFigures(),
		Judged: slices.Clone(r.Thresholds), Sections: r.chartSections(),
	}
	slices.SortStableFunc(page.Judged, func(a, b ThresholdResult) int {
		switch {
		case a.OK == b.OK:
			return 0
		case a.OK:
			return 1
		}
		return -1
	})
	page.Latencies = r.summaries()
	page.Books = append(page.Books, accounts{"all streams", r.Events.DeliveryCounts})
	for _, c := range r.Cohorts {
		page.Books = append(page.Books, accounts{c.Name, c.Events})
	}
	for kind, n := range r.Failures {
		page.Kinds = append(page.Kinds, kindCount{kind, n})
	}
	slices.SortFunc(page.Kinds, func(a, b kindCount) int { return strings.Compare(string(a.Kind), string(b.Kind)) })
	return page
}

// summaries are those latencies that have samples, of the run and of cohorts.
func (r *Report) summaries() (all []namedSummary) {
	for _, l := range r.Latency.named() {
		if l.of.Count > 0 {
			all = append(all, namedSummary{l.name, *l.of})
		}
	}
	for _, c := range r.Cohorts {
		if c.Fanout.Count > 0 {
			all = append(all, namedSummary{"fanout " + c.Name, c.Fanout})
		}
	}
	return all
}

// state is the verdict, or the phase of a run under way.
func (r *Report) state() string {
	switch {
	case r.Verdict != "":
		return string(r.Verdict)
	case len(r.Phases) > 0:
		return string(r.Phases[len(r.Phases)-1].Phase)
	}
	return string(Opening)
}

func (r *Report) keyFigures() []keyFigure {
	figures := []keyFigure{
		{formatCount(r.Streams.Peak), "streams open at once, of " + formatCount(r.Streams.Planned)},
		{formatCount(r.Events.Lost), "of " + formatCount(r.Events.Expected) + " deliveries lost"},
	}
	if r.Verdict == "" { // what is lost is not known yet
		figures[1] = keyFigure{formatCount(r.Events.Received), "deliveries so far"}
	}
	if f := r.Latency.Fanout; f.Count > 0 {
		figures = append(figures,
			keyFigure{formatSeconds(f.P50), "fan-out latency, half of all deliveries"},
			keyFigure{formatSeconds(f.P99), "fan-out latency, 99 % of them"},
			keyFigure{formatSeconds(f.Max), "fan-out latency, the longest"})
	}
	if l := r.Latency.FanoutLast; l.Count > 0 {
		figures = append(figures, keyFigure{formatSeconds(l.P99), "to the last receiver, 99 % of events"})
	}
	return figures
}

// Sentence is what came of the run, in words, without the reasons.
func (r *Report) Sentence() string {
	met, unmet := 0, 0
	for _, t := range r.Thresholds {
		if t.OK {
			met++
		} else {
			unmet++
		}
	}
	switch r.Verdict {
	case "":
		return fmt.Sprintf("Under way for %.0f seconds.", r.Environment.DurationSeconds)
	case Invalid:
		return "The figures are those of the generator, not of the target: this run says nothing about the target."
	case Fail:
		switch {
		case unmet == 0:
			return "The run failed."
		case met+unmet == 1:
			return "The threshold was not met."
		case unmet == 1:
			return fmt.Sprintf("One of %d thresholds was not met.", met+unmet)
		}
		return fmt.Sprintf("%d of %d thresholds were not met.", unmet, met+unmet)
	}
	switch met {
	case 0:
		return "Nothing was demanded of the target: the scenario has no thresholds."
	case 1:
		return "The threshold was met."
	}
	return fmt.Sprintf("All %d thresholds were met.", met)
}

// formatCount writes a number with commas between thousands.
func formatCount(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
