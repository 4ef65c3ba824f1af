package compare

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ssegauge/ssegauge/loadgen"
)

// run is a saved run without a histogram log.
func run(path string, p99 float64, change ...func(*loadgen.Report)) *loadgen.Saved {
	r := &loadgen.Report{Scenario: "s", Verdict: loadgen.Pass}
	r.Latency.Fanout = loadgen.Summary{Count: 1000, P50: p99 / 2, P90: p99 / 1.5, P99: p99, P999: p99, Max: p99, Mean: p99 / 2}
	r.Events.Received, r.Events.Expected = 1000, 1000
	for _, f := range change {
		f(r)
	}
	return &loadgen.Saved{Report: r, Path: path}
}

func condition(t *testing.T, text string) loadgen.Condition {
	t.Helper()
	c, err := loadgen.ParseCondition(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRule(t *testing.T) {
	lossy := func(r *loadgen.Report) { r.Events.Lost = 5 }
	silent := func(r *loadgen.Report) { r.Latency.Fanout = loadgen.Summary{} }
	for _, c := range []struct {
		condition string
		candidate *loadgen.Saved
		failed    bool
		why       string
	}{
		{"fanout.p99 > 1.2x", run("b", 0.130), true, "observed 130ms, which is 1.30x of the baseline's 100ms"},
		{"fanout.p99 > 1.2x", run("b", 0.119), false, "observed 119ms, which is 1.19x of the baseline's 100ms"},
		{"fanout.p99 > 110ms", run("b", 0.119), true, "observed 119ms"},
		{"fanout.p99 > 1.2x", run("b", 0, silent), true, "no sample was recorded"},
		{"connect.p99 > 1.2x", run("b", 1, func(r *loadgen.Report) { r.Latency.Connect = loadgen.Summary{Count: 1, P99: 1} }), true, "the baseline has no sample"},
		{"events.lost > 1x", run("b", 0.1, lossy), true, "observed 5, which is ∞ of the baseline's 0"},
		{"events.lost > 0", run("b", 0.1), false, "observed 0"},
		{"events.received < 0.9x", run("b", 0.1, func(r *loadgen.Report) { r.Events.Received = 800 }), true, "observed 800, which is 0.80x of the baseline's 1000"},
	} {
		ruling := compared(t, Side{run("a", 0.1)}, Side{c.candidate}).Rule(condition(t, c.condition))
		if ruling.Failed != c.failed || ruling.Why != c.why {
			t.Errorf("%s: failed %v, %s; want %v, %s", c.condition, ruling.Failed, ruling.Why, c.failed, c.why)
		}
	}
}

// What chance explains does not fail, however large it is; what it does not
// explain fails even if it is too small to be named a difference.
func TestRuleHeedsNoise(t *testing.T) {
	noisy := &world{random: rand.New(rand.NewPCG(1, 1)), seconds: 30, second: 1}
	for range 20 {
		c := compared(t, Side{noisy.play(1)}, Side{noisy.play(1)})
		for _, row := range c.Rows {
			if row.Metric != "fanout.p99" || row.Ratio < 1.3 {
				continue
			}
			if ruling := c.Rule(condition(t, "fanout.p99 > 1.2x")); ruling.Failed || !strings.HasSuffix(ruling.Why, "but within noise") {
				t.Errorf("failed %v: %s", ruling.Failed, ruling.Why)
			}
			quiet := &world{random: noisy.random, seconds: 30, second: 0.001}
			c = compared(t, Side{quiet.play(1)}, Side{quiet.play(1.06)})
			if ruling := c.Rule(condition(t, "fanout.p50 > 1.02x")); !ruling.Failed || len(c.Differences()) > 0 {
				t.Errorf("6 %% more: failed %v, %s; differences %v", ruling.Failed, ruling.Why, c.Differences())
			}
			return
		}
	}
	t.Fatal("no pair of noisy runs differs by a third")
}

func TestWarnings(t *testing.T) {
	c := compared(t, Side{run("a", 1)}, Side{run("b", 1, func(r *loadgen.Report) { r.Verdict, r.Scenario, r.Interrupted = loadgen.Invalid, "other", true })})
	want := "b is invalid: its figures are those of the generator|b was interrupted|b is of the scenario other, a of s"
	if got := strings.Join(c.Warnings, "|"); got != want || !c.Invalid() {
		t.Errorf("warnings %q, invalid %v; want %q, true", got, c.Invalid(), want)
	}
}

func TestRoundsNeedTheirHistograms(t *testing.T) {
	_, err := Runs(Side{run("a1", 1), run("a2", 1)}, Side{run("b", 1)})
	if err == nil || !strings.Contains(err.Error(), "a1: percentiles of several runs come from their histograms") {
		t.Errorf("error %v", err)
	}
	if _, err := Runs(nil, Side{run("b", 1)}); err == nil {
		t.Error("a side without runs is compared")
	}
}

func TestWithoutALogNothingIsTested(t *testing.T) {
	c := compared(t, Side{run("a", 0.1)}, Side{run("b", 0.3)})
	if c.Sentence() != "cannot tell whether the latencies differ" || !strings.Contains(c.Method, "histograms.hlog is not beside both reports") {
		t.Errorf("%s; %s", c.Sentence(), c.Method)
	}
}

func TestWordOfAComparison(t *testing.T) {
	w := &world{random: rand.New(rand.NewPCG(1, 1)), seconds: 20, second: 0.01}
	a, b, invalid := w.play(1), w.play(1.5), w.play(1)
	invalid.Verdict = loadgen.Invalid
	for _, one := range []struct {
		name                string
		baseline, candidate *loadgen.Saved
		rulings             []Ruling
		word, class         string
	}{
		{"slower", a, b, nil, "slower", "fail"},
		{"faster", b, a, nil, "faster", "pass"},
		{"the same", a, a, nil, "no difference", "pass"},
		{"without logs", run("a", 0.1), run("b", 0.3), nil, "not tested", "invalid"},
		{"slower, and nobody minds", a, b, []Ruling{{}}, "pass", "pass"},
		{"one of two rulings", a, a, []Ruling{{}, {Failed: true}}, "fail", "fail"},
		{"an invalid run", invalid, b, []Ruling{{Failed: true}}, "invalid", "invalid"},
	} {
		if word, class := compared(t, Side{one.baseline}, Side{one.candidate}).word(one.rulings); word != one.word || class != one.class {
			t.Errorf("%s: %q like %s, want %q like %s", one.name, word, class, one.word, one.class)
		}
	}
}

func TestFormsOfAComparison(t *testing.T) {
	w := &world{random: rand.New(rand.NewPCG(1, 1)), seconds: 20, second: 0.01}
	a, b := w.play(1), w.play(1.5)
	a.Path, b.Path = "run|<a>", "b"
	c := compared(t, Side{a}, Side{b})
	rulings := [][]Ruling{{c.Rule(condition(t, "fanout.p99 > 1.2x")), c.Rule(condition(t, "events.lost > 0"))}}
	for name, form := range map[string]struct {
		write func(*bytes.Buffer) error
		has   []string
		lacks []string
	}{
		"text":     {func(w *bytes.Buffer) error { return c.WriteText(w) }, []string{"fanout.p50 is slower (1.49x)", "Student's t over blocks", "slower"}, nil},
		"markdown": {func(w *bytes.Buffer) error { return WriteMarkdown(w, []*Comparison{c}, rulings) }, []string{"| **FAILED** | fanout.p99 &gt; 1.2x |", `run\|&lt;a&gt;`}, []string{"<a>"}},
		"html":     {func(w *bytes.Buffer) error { return WriteHTML(w, []*Comparison{c}, rulings) }, []string{"run|&lt;a&gt;", "✗ failed", `class="verdict fail"`, ">FAIL <span>", "figure"}, []string{"<a>", "<script", "src="}},
	} {
		var text bytes.Buffer
		if err := form.write(&text); err != nil {
			t.Fatal(err)
		}
		for _, want := range form.has {
			if !strings.Contains(text.String(), want) {
				t.Errorf("the %s lacks %q:\n%s", name, want, text.String())
			}
		}
		for _, bad := range form.lacks {
			if strings.Contains(text.String(), bad) {
				t.Errorf("the %s has %q", name, bad)
			}
		}
	}
	suite := c.JUnit(rulings[0])
	if len(suite.Cases) != 2 || suite.Cases[0].Failure == nil || suite.Cases[1].Failure != nil {
		t.Errorf("suite %+v", suite)
	}
	b.Verdict = loadgen.Invalid
	if suite = c.JUnit(rulings[0]); suite.Cases[0].Error == nil || suite.Cases[0].Failure != nil {
		t.Errorf("suite with an invalid run %+v", suite)
	}
}
