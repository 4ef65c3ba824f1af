package capacity

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ssegauge/ssegauge/internal/chart"
	"github.com/ssegauge/ssegauge/loadgen"
)

//go:embed capacity.html
var htmlText string

var htmlPage = template.Must(template.New("capacity").Funcs(template.FuncMap{
	"upper":   func(v Verdict) string { return strings.ToUpper(string(v)) },
	"grouped": grouped,
	"count":   func(n int64) string { return grouped(float64(n)) },
	"seconds": secondsText,
	"bytes":   func(n int64) string { return bytesText(float64(n)) },
	"time":    func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
}).Parse(htmlText))

// An htmlResult is a result with what its page shows besides.
type htmlResult struct {
	*Result
	Style      template.CSS
	Answer     string // the sentence, as one begins and ends
	Figures    []keyFigure
	Conditions []condition // those that broke come first
	Curves     []*chart.Chart
	Uses       []*chart.Chart // what the target used
	Watched    bool           // the target was seen in at least one step
}

// A keyFigure is what a reader looks for first.
type keyFigure struct {
	Value, Unit, Name string
	Words             bool // the value is no number
	Estimate          bool // the value is extrapolated
}

// A condition is one of the objective, with what became of it.
type condition struct {
	Objective  string
	Broke, Met bool // neither: it is not known
	Became     string
}

// WriteHTML writes the result as a page that stands by itself, without scripts:
// the answer in words, the figures that it rests on, then the steps that led to
// it.
func (r *Result) WriteHTML(w io.Writer) error {
	page := &htmlResult{
		Result: r, Style: loadgen.HTMLStyle, Answer: asSentence(r.Sentence), Figures: r.keyFigures(), Conditions: r.conditions(),
		Curves:  []*chart.Chart{r.latencyChart(), r.searchChart()},
		Watched: slices.ContainsFunc(r.Steps, func(s Step) bool { return s.Server != nil }),
	}
	for _, c := range []*chart.Chart{r.memoryChart(), r.coresChart()} {
		if c != nil {
			page.Uses = append(page.Uses, c)
		}
	}
	return htmlPage.Execute(w, page)
}

func (r *Result) conditions() (all []condition) {
	for _, b := range r.Broke {
		all = append(all, condition{Objective: b.Objective, Broke: true, Became: fmt.Sprintf("at %s %s%s", grouped(b.Load), r.Unit, observed(b))})
	}
	others := condition{Became: "not among the first to break"}
	switch {
	case r.Knee.Load > 0:
		others = condition{Met: true, Became: fmt.Sprintf("at %s %s", grouped(r.Knee.Load), r.Unit)}
	case len(r.Broke) == 0:
		others.Became = "not known"
	}
	for _, objective := range r.Objective {
		if !slices.ContainsFunc(r.Broke, func(b Breach) bool { return b.Objective == objective }) {
			others.Objective = objective
			all = append(all, others)
		}
	}
	return all
}

// asSentence begins with a capital letter and ends with a full stop.
func asSentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:] + "."
}

func (r *Result) keyFigures() []keyFigure {
	figures := []keyFigure{r.kneeFigure()}
	if len(r.Broke) > 0 {
		b := r.Broke[0]
		name := fmt.Sprintf("first to break, at %s %s%s", grouped(b.Load), r.Unit, observed(b))
		if more := len(r.Broke) - 1; more > 0 {
			name += fmt.Sprintf("; with it %d more", more)
		}
		figures = append(figures, keyFigure{Value: b.Objective, Name: name, Words: true})
		if len(r.BoundBy) > 0 {
			figures = append(figures, keyFigure{Value: r.BoundBy[0].What, Name: "what bound it; " + r.BoundBy[0].Evidence, Words: true})
		} else {
			figures = append(figures, keyFigure{Value: "nothing seen", Name: "was used up where the objective was missed", Words: true})
		}
	}
	if m := r.Memory; m != nil {
		f := keyFigure{Value: fmt.Sprintf("%.1f", m.Slope/1024), Unit: "KiB", Name: fmt.Sprintf("of the target's memory a stream (95 %% interval %.1f to %.1f", m.Low/1024, m.High/1024)}
		if m.Low <= 0 {
			f.Name += ": it could be none"
		}
		f.Name += ")"
		figures = append(figures, f)
	}
	for _, h := range r.HeadRoom {
		f := keyFigure{Value: grouped(twoDigits(h.Load)), Unit: r.Unit, Name: h.Resource + " would allow", Estimate: h.Extrapolated}
		switch {
		case h.More:
			f.Value = "> " + f.Value
		case h.Extrapolated:
			f.Value = "≈ " + f.Value
		}
		figures = append(figures, f)
	}
	return figures
}

func (r *Result) kneeFigure() keyFigure {
	k := r.Knee
	switch {
	case k.Load == 0 && r.Verdict == loadgen.Fail:
		return keyFigure{Value: "none", Name: fmt.Sprintf("no knee: not even %s %s met the objective", grouped(r.smallest()), r.Unit), Words: true}
	case k.Load == 0:
		return keyFigure{Value: "unknown", Name: "no load can be said to meet the objective", Words: true}
	case k.High == 0:
		return keyFigure{Value: "≥ " + grouped(k.Load), Unit: r.Unit, Name: "met the objective; where it is missed was not found"}
	}
	name := fmt.Sprintf("the knee; it lies between that and %s", grouped(k.High))
	if k.Confidence > 0 {
		name += fmt.Sprintf(" with a confidence of at least %.0f %%", math.Floor(100*k.Confidence))
	}
	return keyFigure{Value: grouped(k.Load), Unit: r.Unit, Name: name}
}
