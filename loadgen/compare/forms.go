package compare

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/ssegauge/ssegauge/internal/chart"
	"github.com/ssegauge/ssegauge/internal/junit"
	"github.com/ssegauge/ssegauge/internal/markdown"
	"github.com/ssegauge/ssegauge/loadgen"
)

// JUnit is the comparison as a suite of tests: one for each ruling, which is an
// error when a run says nothing about its target.
func (c *Comparison) JUnit(rulings []Ruling) junit.Suite {
	suite := junit.Suite{Name: c.Baseline.names() + " → " + c.Candidate.names(), Started: c.Candidate[0].Environment.Started}
	for _, r := range rulings {
		one := junit.Case{Name: r.Expression, Class: "comparison", Output: c.Sentence()}
		switch {
		case c.Invalid():
			one.Error = &junit.Problem{Message: strings.Join(c.Warnings, "; ")}
		case r.Failed:
			one.Failure = &junit.Problem{Message: r.Why, Type: "fail-if", Text: c.Method}
		}
		suite.Cases = append(suite.Cases, one)
	}
	return suite
}

// WriteMarkdown writes comparisons, each with its rulings, for the summary of a
// CI system. What would make it longer than 900,000 bytes is left out.
func WriteMarkdown(w io.Writer, comparisons []*Comparison, rulings [][]Ruling) error {
	var b strings.Builder
	l := &markdown.List{To: &b}
	l.Begin("")
	for i, c := range comparisons {
		l.Add(c.markdown(rulings[i]))
	}
	l.End("comparisons")
	_, err := io.WriteString(w, b.String())
	return err
}

func (c *Comparison) markdown(rulings []Ruling) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s → %s\n", markdown.Text(c.Sentence()), markdown.Text(c.Baseline.names()), markdown.Text(c.Candidate.names()))
	for _, warning := range c.Warnings {
		fmt.Fprintf(&b, "\n**%s**\n", markdown.Text(warning))
	}
	if len(rulings) > 0 {
		b.WriteString("\n| | must not be | |\n|---|---|---|\n")
		for _, r := range rulings {
			fmt.Fprintf(&b, "| %s | %s |\n", map[bool]string{true: "**FAILED**", false: "ok"}[r.Failed], markdown.Cells([]string{r.Expression, r.Why}))
		}
	}
	b.WriteString("\n| | baseline | candidate | ratio | |\n|---|---:|---:|---:|---|\n")
	for i := range c.Rows {
		fmt.Fprintf(&b, "| %s |\n", markdown.Cells(c.Rows[i].cells()))
	}
	fmt.Fprintf(&b, "\n%s\n\n", markdown.Text(c.Method))
	return b.String()
}

//go:embed compare.html
var htmlText string

var htmlPage = template.Must(template.New("compare").Funcs(template.FuncMap{"upper": strings.ToUpper}).Parse(htmlText))

// A section of the page is one comparison.
type section struct {
	*Comparison
	Rulings      []Ruling
	From, To     string
	Word, Class  string // of the verdict
	Cells        [][]string
	ByPercentile *chart.Chart
}

// WriteHTML writes comparisons, each with its rulings, as a page that stands by
// itself, without scripts.
func WriteHTML(w io.Writer, comparisons []*Comparison, rulings [][]Ruling) error {
	var page struct {
		Style    template.CSS
		Sections []section
	}
	page.Style = loadgen.HTMLStyle
	for i, c := range comparisons {
		s := section{Comparison: c, Rulings: rulings[i], From: c.Baseline.names(), To: c.Candidate.names()}
		s.Word, s.Class = c.word(rulings[i])
		for k := range c.Rows {
			s.Cells = append(s.Cells, c.Rows[k].cells())
		}
		s.ByPercentile = c.byPercentile(fmt.Sprintf("percentiles-%d", i+1))
		page.Sections = append(page.Sections, s)
	}
	return htmlPage.Execute(w, page)
}

// word is what the comparison comes to: what became of the rulings, or else of
// the latencies. The class is that of the verdict of a run which it looks like.
func (c *Comparison) word(rulings []Ruling) (word, class string) {
	became := func(o Outcome) bool {
		return slices.ContainsFunc(c.Rows, func(r Row) bool { return r.Outcome == o })
	}
	switch {
	case c.Invalid():
		return "invalid", "invalid"
	case slices.ContainsFunc(rulings, func(r Ruling) bool { return r.Failed }):
		return "fail", "fail"
	case len(rulings) > 0:
		return "pass", "pass"
	case became(Slower):
		return "slower", "fail"
	case became(Faster):
		return "faster", "pass"
	case c.tested():
		return "no difference", "pass"
	}
	return "not tested", "invalid"
}

// byPercentile shows the fan-out latency of every run, the baseline's first.
func (c *Comparison) byPercentile(id string) *chart.Chart {
	figure := &chart.Chart{
		ID: id, Title: "Fan-out latency by percentile",
		X: chart.Axis{Label: "percentile", Scale: chart.Nines}, Y: chart.Axis{Label: "latency", Unit: chart.Seconds, Scale: chart.Log},
	}
	for k, side := range []Side{c.Baseline, c.Candidate} {
		for i, run := range side {
			name := []string{"baseline", "candidate"}[k]
			if len(side) > 1 {
				name = fmt.Sprintf("%s %d", name, i+1)
			}
			if s, ok := run.FanoutByPercentile(name); ok {
				figure.Series = append(figure.Series, s)
			}
		}
	}
	return figure
}
