package chart

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// boxOf is what a text of a drawing covers.
func boxOf(t *testing.T, e element) box {
	t.Helper()
	x, errX := strconv.ParseFloat(e.attributes["x"], 64)
	y, errY := strconv.ParseFloat(e.attributes["y"], 64)
	if errX != nil || errY != nil {
		t.Fatalf("no place of %+v", e)
	}
	return spot{x, y, e.attributes["text-anchor"]}.box(e.text)
}

// covered are the texts of a drawing that lie over others.
func covered(t *testing.T, svg string) (pairs []string) {
	t.Helper()
	var all []element
	for _, e := range parse(t, svg) {
		if e.name == "text" {
			all = append(all, e)
		}
	}
	for i, e := range all {
		for _, other := range all[i+1:] {
			if a, b := boxOf(t, e), boxOf(t, other); min(a.right, b.right)-max(a.left, b.left) > 0.2 && min(a.bottom, b.bottom)-max(a.top, b.top) > 0.2 {
				pairs = append(pairs, fmt.Sprintf("%q over %q", e.text, other.text))
			}
		}
	}
	return pairs
}

// labelled is a chart over 10 seconds whose axis of latencies is from 1 to 100 ms.
func labelled(marks ...Mark) *Chart {
	return &Chart{
		ID: "labelled", Title: "labelled", X: Axis{Label: "time", Unit: Seconds, Max: 10}, Y: Axis{Label: "latency", Unit: Seconds, Scale: Log},
		Series: []Series{{Name: "p99", X: []float64{0, 5, 10}, Y: []float64{1e-3, 1e-1, 1e-2}}}, Marks: marks,
	}
}

func TestLabelsOfMarks(t *testing.T) {
	limit := func(at float64, label string) Mark { return Mark{At: at, Horizontal: true, Label: label} }
	running := Mark{At: 2, Label: "running"}
	for _, c := range []struct {
		name  string
		marks []Mark
		want  []string
	}{
		{"a limit near the top", []Mark{limit(0.09, "p99 < 90ms"), {Label: "opening"}, running}, []string{"opening", "running", "p99 < 90ms"}},
		{"a limit at the top", []Mark{limit(0.1, "p99 < 100ms"), running}, []string{"running", "p99 < 100ms"}},
		{"a limit at the bottom", []Mark{limit(1e-3, "p99 < 1ms")}, []string{"p99 < 1ms"}},
		{"limits at almost the same place", []Mark{limit(0.010, "a < 10ms"), limit(0.0102, "b < 10.2ms"), limit(0.0104, "c < 10.4ms"), limit(0.0106, "d < 10.6ms")}, []string{"a < 10ms", "b < 10.2ms", "c < 10.4ms", "d < 10.6ms"}},
		{"phases without room", []Mark{{At: 2, Label: "a phase that is short and has a very long name"}, {At: 2.5, Label: "b"}, {At: 2.51, Label: "c"}, {At: 9.9, Label: "draining"}}, []string{"c"}},
		{"a stretch at the end", []Mark{{At: 9.8, To: 10, Label: "from 9.8 to 10 s"}}, []string{"from 9.8 to 10 s"}},
		{"a stretch at the beginning", []Mark{{At: 0, To: 0.3, Label: "until 0.3 s"}}, []string{"until 0.3 s"}},
		{"a stretch behind a phase", []Mark{running, {At: 9.8, To: 9.9, Label: "the end"}}, []string{"running", "the end"}},
	} {
		for _, width := range []int{wideWidth, narrowWidth} {
			svg := string(labelled(c.marks...).SVG(width, 300))
			if pairs := covered(t, svg); len(pairs) > 0 {
				t.Errorf("%s, %d wide: %s", c.name, width, strings.Join(pairs, "; "))
			}
			if got := texts(with(parse(t, svg), "label")); !slices.Equal(got, c.want) {
				t.Errorf("%s, %d wide: labels %q, want %q", c.name, width, got, c.want)
			}
		}
	}
}

// Where there is room, no mark goes through the label of another.
func TestMarksSpareLabels(t *testing.T) {
	svg := string(labelled(Mark{At: 0.010, Horizontal: true, Label: "a"}, Mark{At: 0.0113, Horizontal: true, Label: "b"}).SVG(wideWidth, 300))
	all := parse(t, svg)
	for _, l := range with(all, "label") {
		for _, m := range with(all, "mark") {
			var x1, y1, x2, y2 float64
			if n, err := fmt.Sscanf(m.attributes["d"], "M%f %fL%f %f", &x1, &y1, &x2, &y2); n != 4 {
				t.Fatal(err)
			}
			if b := boxOf(t, l); b.meets(box{x1, y1, x2, y2}) {
				t.Errorf("the mark at %v goes through %q, which is at %v", y1, l.text, b)
			}
		}
	}
}

func TestALongLabelIsShortened(t *testing.T) {
	long := strings.Repeat("long ", 30)
	got := texts(with(parse(t, string(labelled(Mark{At: 0.01, Horizontal: true, Label: long}).SVG(narrowWidth, 300))), "label"))
	if len(got) != 1 || !strings.HasSuffix(got[0], "…") || !strings.HasPrefix(long, strings.TrimSuffix(got[0], "…")) || letters(got[0]) < 30 {
		t.Errorf("labels %q, want the beginning of the long one", got)
	}
}

// No text covers another, whatever series and marks there are.
func TestTextsDoNotCoverEachOther(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	values := func(n int, up float64) (all []float64) {
		for range n {
			all = append(all, up*random.Float64())
		}
		return all
	}
	shown := 0
	for range 1000 {
		c := &Chart{ID: "any", Title: "Any figure", X: Axis{Label: "time", Unit: Unit(random.IntN(4))}, Y: Axis{Label: "latency", Unit: Unit(random.IntN(4)), Scale: Scale(random.IntN(2))}}
		high := []float64{0.001, 0.3, 1, 10, 300, 12_345, 5e7}[random.IntN(7)]
		c.X.Max = high
		for range random.IntN(6) {
			n := random.IntN(8)
			x := values(n, high)
			slices.Sort(x)
			y := values(n, high*[]float64{1, 0.001}[random.IntN(2)])
			c.Series = append(c.Series, Series{Name: "series"[:1+random.IntN(6)], Kind: Kind(random.IntN(5)), X: x, Y: y})
		}
		for range random.IntN(8) {
			m := Mark{At: high * random.Float64(), Horizontal: random.IntN(2) == 0, Label: strings.Repeat("limit ", 1+random.IntN(8))}
			if random.IntN(3) == 0 {
				m.To = m.At + 0.1*high*random.Float64()
			}
			c.Marks = append(c.Marks, m)
		}
		for _, width := range []int{wideWidth, narrowWidth} {
			svg := string(c.SVG(width, 300))
			if pairs := covered(t, svg); len(pairs) > 0 {
				t.Fatalf("%s in a figure %d wide: %+v", strings.Join(pairs, "; "), width, c)
			}
			shown += len(with(parse(t, svg), "label"))
		}
	}
	if shown < 2000 {
		t.Errorf("%d labels are shown in all: too few for a test", shown)
	}
}
