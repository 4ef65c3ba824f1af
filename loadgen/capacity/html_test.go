package capacity

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ssegauge/ssegauge/internal/chart"
	"github.com/ssegauge/ssegauge/loadgen"
)

// hostile is what a scenario or a target may be called.
const hostile = `<img src=x onerror="alert(1)">'&`

// known is the result of a search whose target has 1 MiB and 32 KiB a stream, of
// 64 MiB, and breaks between 1,000 and 1,020 streams.
func known() *Result {
	r := &Result{
		SchemaVersion: SchemaVersion, Scenario: "known", Verdict: loadgen.Pass, Grow: Streams, Unit: "streams",
		Sentence:  "1,000 streams within fanout.p99 < 250ms; memory would allow 2,000 (extrapolated); CPU is the limit",
		Objective: []string{"fanout.p99 < 250ms", "events.lost == 0", "every stream opens", "every event is taken"},
		Knee:      Knee{Load: 1000, High: 1020, Confidence: 0.9375, Repeats: 5},
		BoundBy:   []Limit{{BoundByCPU, "1.98 of 2 cores"}, {BoundByAcceptQueue, "3 connections found an accept queue full"}},
		HeadRoom:  []HeadRoom{{Resource: "memory", Load: 2016, Extrapolated: true}},
	}
	slow := 0.3
	r.Broke = []Breach{{"fanout.p99 < 250ms", 1020, &slow}}
	for i, one := range []struct {
		load    float64
		outcome Outcome
		p99     float64
	}{{500, Met, 0.02}, {1000, Met, 0.15}, {2000, Invalid, 0.9}, {1500, Missed, 0.8}, {1020, Missed, 0.3}} {
		count := int64(one.load)
		s := Step{
			Number: i + 1, Load: one.load, Purpose: Doubling, Outcome: one.outcome,
			Fanout:     loadgen.Summary{Count: 10 * count, P50: one.p99 / 4, P99: one.p99, P999: 2 * one.p99},
			FanoutLast: loadgen.Summary{Count: 10, P99: 1.5 * one.p99},
			Streams:    loadgen.StreamCounts{Planned: count, Opened: count, Peak: count},
			Server:     &Server{Cores: one.load / 500, CoresAllowed: 2, Memory: 1<<20 + 32<<10*count, MemoryLimit: 64 << 20},
		}
		p := Point{Load: one.load, Fanout: s.Fanout, FanoutLast: s.FanoutLast}
		switch one.outcome {
		case Met:
			p.Met = 1
		case Missed:
			p.Missed = 1
		case Invalid:
			p.Invalid, p.Fanout, p.FanoutLast = 1, loadgen.Summary{}, loadgen.Summary{}
			s.Reasons = []string{"the generator published late"}
		}
		r.Steps, r.Curve = append(r.Steps, s), append(r.Curve, p)
	}
	slices.SortFunc(r.Curve, func(a, b Point) int { return int(a.Load - b.Load) })
	memory, _ := r.memoryByStreams()
	r.Memory = memory.fit()
	return r
}

func pageOf(t *testing.T, r *Result) string {
	t.Helper()
	var page strings.Builder
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

// words are what a part of a page says, without its elements.
func words(part string) string {
	text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(part, " ")
	return strings.Join(strings.Fields(html.UnescapeString(text)), " ")
}

// section is the part of a page from one mark to another.
func section(t *testing.T, page, from, to string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, from)
	part, _, ends := strings.Cut(rest, to)
	if !found || !ends {
		t.Fatalf("the page has no %s ... %s:\n%s", from, to, page)
	}
	return part
}

func TestPage(t *testing.T) {
	page := pageOf(t, known())
	for _, c := range []struct{ from, to, want string }{
		{"<h1", "</p>", `class="word">PASS capacity of known 1,000 streams within fanout.p99 < 250ms; memory would allow 2,000 (extrapolated); CPU is the limit.`},
		{"<dl", "</dl>", `class="figures findings"> ` +
			"the knee; it lies between that and 1,020 with a confidence of at least 93 % 1,000 streams " +
			"first to break, at 1,020 streams (observed 300ms) fanout.p99 < 250ms " +
			"what bound it; 1.98 of 2 cores CPU " +
			"of the target's memory a stream (95 % interval 32.0 to 32.0) 32.0 KiB " +
			"memory would allow (extrapolated: no step had so much) ≈ 2,000 streams"},
		{`<section id="objective">`, "</section>", "Objective demanded where " +
			"✗ broke first fanout.p99 < 250ms at 1,020 streams (observed 300ms) " +
			"✓ met events.lost == 0 at 1,000 streams ✓ met every stream opens at 1,000 streams ✓ met every event is taken at 1,000 streams " +
			"What bound it, as far as can be seen from outside: CPU 1.98 of 2 cores the accept queue 3 connections found an accept queue full"},
		{`<table class="steps">`, "</table>", "step for streams outcome p50 p99 p99.9 last receiver p99 opened lost cores memory why " +
			"1 doubling 500 ✓ met 5ms 20ms 40ms 30ms 500 of 500 0 1.00 16.6 MiB " +
			"2 doubling 1,000 ✓ met 37.5ms 150ms 300ms 225ms 1,000 of 1,000 0 2.00 32.2 MiB " +
			"3 doubling 2,000 ? invalid 225ms 900ms 1.8s 1.35s 2,000 of 2,000 0 4.00 63.5 MiB the generator published late " +
			"4 doubling 1,500 ✗ missed 200ms 800ms 1.6s 1.2s 1,500 of 1,500 0 3.00 47.9 MiB " +
			"5 doubling 1,020 ✗ missed 75ms 300ms 600ms 450ms 1,020 of 1,020 0 2.04 32.9 MiB"},
	} {
		if diff := cmp.Diff(c.want, words(section(t, page, c.from, c.to))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.from, diff)
		}
	}
	if n := strings.Count(page, `class="estimate"`); n != 1 {
		t.Errorf("%d figures are marked as estimates, want the one that is extrapolated", n)
	}
}

func TestCharts(t *testing.T) {
	r := known()
	names := func(c *chart.Chart) (names []string) {
		for _, s := range c.Series {
			names = append(names, s.Name)
		}
		return names
	}
	points := func(c *chart.Chart) (n int) {
		for _, s := range c.Series {
			n += len(s.X)
		}
		return n
	}
	knee := chart.Mark{At: 1000, To: 1020, Label: "knee, 1,000 to 1,020"}
	for _, c := range []struct {
		name   string
		chart  *chart.Chart
		series []string
		points int
		marks  []chart.Mark
	}{
		// The load that only an invalid step had is not in the curve.
		{"curve", r.latencyChart(), []string{"last receiver, p99", "p99.9", "p99", "p50"}, 4 * 4, []chart.Mark{knee, {At: 0.25, Horizontal: true, Label: "fanout.p99 < 250ms"}}},
		{"search", r.searchChart(), []string{"met", "missed", "invalid"}, 5, []chart.Mark{{At: 1000, Horizontal: true, Label: "1,000 streams"}}},
		{"memory", r.memoryChart(), []string{"seen in a step", "32.0 KiB a stream"}, 3 + 3, nil},
		{"cores", r.coresChart(), []string{"objective met", "missed"}, 4, []chart.Mark{knee, {At: 2, Horizontal: true, Label: "2 cores are allowed"}}},
	} {
		if diff := cmp.Diff(c.series, names(c.chart)); diff != "" {
			t.Errorf("%s: series (-want +got):\n%s", c.name, diff)
		}
		if got := points(c.chart); got != c.points {
			t.Errorf("%s: %d points, want %d", c.name, got, c.points)
		}
		if diff := cmp.Diff(c.marks, c.chart.Marks); diff != "" {
			t.Errorf("%s: marks (-want +got):\n%s", c.name, diff)
		}
	}
	// What a step says of memory counts unless it was invalid, or one before it had
	// as many streams.
	if memory, limit := r.memoryByStreams(); !slices.Equal(memory.x, []float64{500, 1000, 1500}) || limit != 64<<20 {
		t.Errorf("memory of steps with %v streams, limit %d; want 500, 1,000 and 1,500, and 64 MiB", memory.x, limit)
	}
	r.Grow = Size
	if axis := r.latencyChart().X; axis.Unit != chart.Bytes || axis.Max != 2000 || r.memoryChart() != nil {
		t.Errorf("axis %+v, memory chart %v; want bytes up to 2,000, and no line by streams", axis, r.memoryChart())
	}
	r.Grow = Streams
	for i := range r.Steps {
		r.Steps[i].Server = nil
	}
	if r.memoryChart() != nil || r.coresChart() != nil || !strings.Contains(pageOf(t, r), "<code>target.watch</code>") {
		t.Error("there are charts of a target that was not seen, or the page does not say how it can be")
	}
}

// A line is drawn along its samples and no farther, in the middle of what its
// slope may be.
func TestLineThroughSamples(t *testing.T) {
	s := samples{[]float64{10, 20, 60}, []float64{100, 180, 640}}
	l := s.fit()
	got := l.through(s, "line")
	if !slices.Equal(got.X, []float64{10, 30, 60}) {
		t.Errorf("from %v, want the first sample, the middle and the last", got.X)
	}
	for i, x := range got.X {
		if low, high := got.Low[i], got.High[i]; got.Y[i] != l.at(x) || low > got.Y[i]+1e-9 || high < got.Y[i]-1e-9 || (high-low > 1e-9) != (x != 30) || low < 0 {
			t.Errorf("at %v: %v to %v around %v; want nothing but the line in the middle, and room at both ends", x, low, high, got.Y[i])
		}
	}
}

func TestKneeOfThePage(t *testing.T) {
	for _, c := range []struct {
		name    string
		verdict Verdict
		knee    Knee
		want    keyFigure
	}{
		{"found", loadgen.Pass, Knee{Load: 23, High: 24}, keyFigure{Value: "23", Unit: "streams", Name: "the knee; it lies between that and 24"}},
		{"the largest load", loadgen.Pass, Knee{Load: 40, Largest: true}, keyFigure{Value: "≥ 40", Unit: "streams", Name: "met the objective; where it is missed was not found"}},
		{"not even the smallest", loadgen.Fail, Knee{High: 500}, keyFigure{Value: "none", Name: "no knee: not even 500 streams met the objective", Words: true}},
		{"the generator was the limit", loadgen.Invalid, Knee{}, keyFigure{Value: "unknown", Name: "no load can be said to meet the objective", Words: true}},
	} {
		r := known()
		r.Verdict, r.Knee = c.verdict, c.knee
		if got := r.keyFigures()[0]; got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		met := c.knee.Load > 0
		for i, condition := range r.conditions() {
			if broke := i == 0; condition.Broke != broke || condition.Met != (met && !broke) {
				t.Errorf("%s: condition %+v; want the first to have broken, and the others to be met: %v", c.name, condition, met)
			}
		}
	}
	empty := &Result{Verdict: loadgen.Invalid, Sentence: "nothing can be said: interrupted before a load met the objective"}
	if page := pageOf(t, empty); !strings.Contains(page, "Nothing can be said: interrupted before a load met the objective.") {
		t.Errorf("the page of nothing:\n%s", page)
	}
}

// Nothing that comes from a scenario or a target becomes part of the page's
// elements, and nothing is asked of anybody.
func TestPageEscapes(t *testing.T) {
	r := known()
	r.Scenario, r.Sentence, r.Unit = hostile, hostile, hostile
	r.Reasons, r.Objective = []string{hostile}, append(r.Objective, hostile, hostile+":fanout.p99 < 1s")
	r.Broke[0].Objective, r.BoundBy[0].Evidence, r.HeadRoom[0].Resource = hostile, hostile, hostile
	r.Steps[0].Reasons, r.Steps[0].Purpose, r.Steps[0].Outcome = []string{hostile, hostile}, hostile, hostile
	r.Environment = loadgen.Environment{Version: hostile, Go: hostile, OS: hostile, Kernel: hostile}
	page := pageOf(t, r)
	if strings.Contains(page, "<img") || strings.Count(page, "&lt;img src=x") < 15 {
		t.Errorf("%d of the hostile texts are escaped in\n%s", strings.Count(page, "&lt;img src=x"), page)
	}
	page = strings.ReplaceAll(page, "http://www.w3.org/2000/svg", "")
	if found := regexp.MustCompile(`https?:|<script|<link [^>]*href="[^d]|@import|\ssrc="`).FindString(page); found != "" {
		t.Errorf("the page has %q", found)
	}
}
