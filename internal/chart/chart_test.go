package chart

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An element is what the tests look at in an SVG.
type element struct {
	name, text string
	attributes map[string]string
}

// parse reads an SVG as strictly as XML has it.
func parse(t *testing.T, svg string) (all []element) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	var open []int
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local, attributes: map[string]string{}}
			for _, a := range token.Attr {
				e.attributes[a.Name.Local] = a.Value
			}
			open = append(open, len(all))
			all = append(all, e)
		case xml.CharData:
			if len(open) > 0 {
				all[open[len(open)-1]].text += string(token)
			}
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
}

// with are the elements whose class has the word.
func with(all []element, class string) (found []element) {
	for _, e := range all {
		if strings.Contains(" "+e.attributes["class"]+" ", " "+class+" ") {
			found = append(found, e)
		}
	}
	return found
}

func texts(all []element) (text []string) {
	for _, e := range all {
		text = append(text, e.text)
	}
	return text
}

func overTime() *Chart {
	return &Chart{
		ID: "over-time", Title: "Latency <over> time",
		X: Axis{Label: "time", Unit: Seconds}, Y: Axis{Label: "latency", Unit: Seconds, Scale: Log},
		Series: []Series{
			{Name: "p50", X: []float64{0, 1, 2, 3}, Y: []float64{0.01, 0.011, math.NaN(), 0.012}},
			{Name: "p99 & more", X: []float64{0, 1, 2, 3}, Y: []float64{0.1, 0.2, 0.1, 0.15}},
		},
		Marks: []Mark{{At: 1, Label: "running"}, {At: 99, Label: "outside"}, {At: 1e-9, Horizontal: true, Label: "far off"}, {At: 0.5, Horizontal: true, Label: "p99 < 500ms"}},
	}
}

func TestSVGSaysWhatItShows(t *testing.T) {
	for _, width := range []int{wideWidth, narrowWidth} {
		all := parse(t, string(overTime().SVG(width, 300)))
		root := all[0]
		id := fmt.Sprintf("over-time-%d", width)
		if root.attributes["role"] != "img" || root.attributes["aria-labelledby"] != id+"-title "+id+"-desc" {
			t.Errorf("attributes of the SVG: %v", root.attributes)
		}
		var title, desc string
		for _, e := range all {
			switch e.attributes["id"] {
			case id + "-title":
				title = e.name + " " + e.text
			case id + "-desc":
				desc = e.name + " " + e.text
			}
		}
		if title != "title Latency <over> time" || desc != "desc p50: from 10 ms to 12 ms; p99 & more: from 100 ms to 200 ms" {
			t.Errorf("title %q, description %q", title, desc)
		}
		if got := strings.Join(texts(with(all, "title")), " "); got != "Latency <over> time" {
			t.Errorf("visible title %q", got)
		}
		names := map[string]bool{}
		for _, name := range texts(with(all, "name")) {
			names[name] = true
		}
		if !cmp.Equal(names, map[string]bool{"p50": true, "p99 & more": true}) {
			t.Errorf("names %v", names)
		}
		axes := texts(with(all, "axis"))
		if diff := cmp.Diff([]string{"latency", "time, s", "running", "p99 < 500ms"}, axes); diff != "" {
			t.Errorf("labels (-want +got):\n%s", diff)
		}
		if got := len(with(all, "mark")); got != 2 {
			t.Errorf("%d marks, want the 2 that are inside", got)
		}
	}
}

// A page decides about colours, and nothing comes from elsewhere.
func TestSVGHasNoColoursAndNoAddresses(t *testing.T) {
	bars := overTime()
	bars.Y.Scale = Linear
	for i := range bars.Series {
		bars.Series[i].Kind = Bar
	}
	for _, c := range []*Chart{overTime(), bars} {
		svg := strings.ReplaceAll(string(c.Figure()), "http://www.w3.org/2000/svg", "")
		if found := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b|rgb|https?:|style=|<script|[^-]href`).FindString(svg); found != "" {
			t.Errorf("the figure has %q", found)
		}
	}
	if found := regexp.MustCompile(`https?:|@import|url\(`).FindString(string(CSS)); found != "" {
		t.Errorf("the style has %q", found)
	}
}

func TestNaNInterruptsALine(t *testing.T) {
	lines := with(parse(t, string(overTime().SVG(wideWidth, wideHeight))), "line")
	if len(lines) != 2 {
		t.Fatalf("%d lines, want 2", len(lines))
	}
	for i, want := range []int{2, 1} {
		if got := strings.Count(lines[i].attributes["d"], "M"); got != want {
			t.Errorf("line %d has %d parts, want %d: %s", i, got, want, lines[i].attributes["d"])
		}
	}
	if lines[0].attributes["stroke-dasharray"] == lines[1].attributes["stroke-dasharray"] {
		t.Error("both lines have the same dashes")
	}
}

func TestStepHoldsItsValue(t *testing.T) {
	c := &Chart{ID: "s", Title: "s", Series: []Series{{Name: "open", Kind: Step, X: []float64{0, 1, 2}, Y: []float64{0, 5, 5}}}}
	path := with(parse(t, string(c.SVG(wideWidth, wideHeight))), "line")[0].attributes["d"]
	if !regexp.MustCompile(`^M[\d. ]+H[\d.]+V[\d.]+H[\d.]+$`).MatchString(path) {
		t.Errorf("path %s, want a line across, up and across", path)
	}
}

// What leads through samples is not marked as if it were made of some.
func TestTrendHasNoMarkers(t *testing.T) {
	c := &Chart{ID: "t", Title: "t", Series: []Series{{Name: "seen", Kind: Point, X: []float64{0, 1}, Y: []float64{0, 5}}, {Name: "fitted", Kind: Trend, X: []float64{0, 1}, Y: []float64{0, 5}}}}
	for width, dots := range map[int]int{wideWidth: 1, narrowWidth: 2} { // and that of the legend
		all := parse(t, string(c.SVG(width, 300)))
		if got := len(with(all, "dot")); got != dots {
			t.Errorf("%d wide: %d paths of markers, want %d", width, got, dots)
		}
		if got := len(with(all, "line")); got != dots {
			t.Errorf("%d wide: %d lines, want %d", width, got, dots)
		}
	}
}

func TestBarsStandSideBySide(t *testing.T) {
	c := &Chart{ID: "b", Title: "b", X: Axis{Names: []string{"one", "two"}}, Series: []Series{
		{Name: "a", Kind: Bar, X: []float64{0, 1}, Y: []float64{1, 2}},
		{Name: "b", Kind: Bar, X: []float64{0, 1}, Y: []float64{2, 4}},
	}}
	var bars []element
	for _, e := range with(parse(t, string(c.SVG(wideWidth, wideHeight))), "bar") {
		if e.attributes["height"] != "10" { // those of the legend
			bars = append(bars, e)
		}
	}
	number := func(e element, name string) (v float64) {
		fmt.Sscanf(e.attributes[name], "%f", &v)
		return v
	}
	if len(bars) != 4 {
		t.Fatalf("%d bars, want 4", len(bars))
	}
	for i, next := range []int{2, 3} {
		if end := number(bars[i], "x") + number(bars[i], "width"); end > number(bars[next], "x") || end < number(bars[next], "x")-3 {
			t.Errorf("bar %d ends at %v, the one beside it begins at %v", i, end, number(bars[next], "x"))
		}
		if a, b := number(bars[i], "height"), number(bars[next], "height"); math.Abs(2*a-b) > 0.2 {
			t.Errorf("heights %v and %v, want one to be twice the other", a, b)
		}
	}
	if bars[0].attributes["fill"] == bars[2].attributes["fill"] {
		t.Error("both series are filled the same way")
	}
}

func TestNoSamples(t *testing.T) {
	c := &Chart{ID: "e", Title: "e", Series: []Series{{Name: "nothing", X: []float64{1}, Y: []float64{math.NaN()}}}}
	if got := texts(with(parse(t, string(c.SVG(wideWidth, wideHeight))), "axis")); !cmp.Equal(got[len(got)-1], "no samples") {
		t.Errorf("labels %q, want one that says that there are no samples", got)
	}
}

// Whatever the values are, the drawing is well-formed and stays in its frame.
func TestAnyValues(t *testing.T) {
	odd := []float64{0, -1, 1, 1e-9, 1e300, -1e300, 5e-324, math.NaN(), math.Inf(1), math.Inf(-1), 0.999999999, 1 << 40}
	random := rand.New(rand.NewPCG(1, 2))
	number := regexp.MustCompile(`NaN|Inf|e[+-]?\d\d`)
	for range 3000 {
		c := &Chart{ID: "any", Title: "any"}
		for _, a := range []*Axis{&c.X, &c.Y} {
			*a = Axis{Label: "a", Unit: Unit(random.IntN(4)), Scale: Scale(random.IntN(3))}
		}
		for range random.IntN(4) {
			s := Series{Name: "s", Kind: Kind(random.IntN(5))}
			for range random.IntN(5) {
				s.X = append(s.X, odd[random.IntN(len(odd))])
				s.Y = append(s.Y, odd[random.IntN(len(odd))])
				s.Low, s.High = append(s.Low, odd[random.IntN(len(odd))]), append(s.High, odd[random.IntN(len(odd))])
			}
			c.Series = append(c.Series, s)
		}
		c.Marks = []Mark{{At: odd[random.IntN(len(odd))], Horizontal: random.IntN(2) == 0, Label: "m"}}
		for _, e := range parse(t, string(c.SVG(narrowWidth, narrowHeight))) {
			for _, name := range []string{"d", "x", "y", "width", "height"} {
				if found := number.FindString(e.attributes[name]); found != "" {
					t.Fatalf("%s has %s in %s=%q of\n%+v", e.name, found, name, e.attributes[name], c)
				}
			}
		}
	}
}

func TestNamesDoNotCoverEachOther(t *testing.T) {
	var names []nameplate
	for i, y := range []float64{100, 20, 101, 99, 300, 299, 298} {
		names = append(names, nameplate{series: i, endY: y, y: y})
	}
	spread(names, 10, 310)
	for i := 1; i < len(names); i++ {
		if names[i].y-names[i-1].y < lineGap-1e-9 || names[i].endY < names[i-1].endY {
			t.Errorf("names at %v and %v, of lines that end at %v and %v", names[i-1].y, names[i].y, names[i-1].endY, names[i].endY)
		}
	}
	if names[0].y != 20 || names[len(names)-1].y > 310 {
		t.Errorf("names from %v to %v, want from 20 to 310 at most", names[0].y, names[len(names)-1].y)
	}
}
