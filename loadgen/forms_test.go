package loadgen

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

func TestJUnitOfARun(t *testing.T) {
	lose := func(c *conductor) { c.total.Cohorts[0].Events.Lost = 1 }
	for _, c := range []struct {
		name             string
		change           func(*conductor)
		valid, threshold string // what is wrong with the case
	}{
		{"pass", func(*conductor) {}, "", ""},
		{"fail", lose, "", "failure"},
		{"invalid", func(c *conductor) { lose(c); c.unbalanced = 1 }, "error", "failure"},
		{"nothing opened", func(c *conductor) { c.total.Streams.Opened = 0 }, "failure", ""},
	} {
		suite := judge(t, c.change, "events.lost == 0").JUnit()
		if len(suite.Cases) != 2 {
			t.Fatalf("%s: %d cases, want 2", c.name, len(suite.Cases))
		}
		for i, want := range []string{c.valid, c.threshold} {
			got := ""
			switch one := suite.Cases[i]; {
			case one.Error != nil:
				got = "error"
			case one.Failure != nil:
				got = "failure"
			}
			if got != want {
				t.Errorf("%s: case %s has %q, want %q", c.name, suite.Cases[i].Name, got, want)
			}
		}
	}
}

// What an interrupted run did not come to is no test that was passed.
func TestJUnitOfAnInterruptedRun(t *testing.T) {
	r := judge(t, func(*conductor) {}, "events.lost == 0")
	r.Interrupted = true
	if one := r.JUnit().Cases[0]; one.Error == nil || one.Error.Message != "interrupted" {
		t.Errorf("case %+v, want the error that it was interrupted", one)
	}
}

func TestMarkdownOfARun(t *testing.T) {
	r := judge(t, func(c *conductor) { c.total.Cohorts[0].Events.Lost = 1 }, "events.lost == 0", "fanout.p99 < 1s")
	var text bytes.Buffer
	if err := r.WriteMarkdown(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"## FAIL: ", "2 of 2 thresholds were not met.", "- threshold events.lost == 0: observed 1\n", "| **not met** | fanout.p99 &lt; 1s | no sample |", "1 lost;"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the Markdown lacks %q:\n%s", want, text.String())
		}
	}
	for range 10_000 {
		r.Reasons = append(r.Reasons, "<b>|`"+strings.Repeat("é", 5000))
	}
	text.Reset()
	if err := r.WriteMarkdown(&text); err != nil {
		t.Fatal(err)
	}
	if n := text.Len(); n > 900_000 || n < 800_000 || !strings.Contains(text.String(), " more reasons are left out.") || strings.Contains(text.String(), "<b>") {
		t.Errorf("%d bytes, with %q", n, text.String()[n-300:])
	}
	shown := strings.Count(text.String(), "&lt;b&gt;")
	if want := fmt.Sprintf("\n%d more reasons are left out.\n", 10_000-shown); !strings.Contains(text.String(), want) {
		t.Errorf("%d reasons are shown, and %q is not told", shown, want)
	}
	if !strings.Contains(text.String(), "1 lost;") {
		t.Error("what is wrong beyond the reasons is left out")
	}
}

func TestCSV(t *testing.T) {
	run := &Saved{Path: `a "folder", quoted`, Report: &Report{Scenario: "s"}}
	series := newSeries()
	series.add(second(0))
	series.add(second(1))
	run.Series = series.intervals()
	run.Series[1].Streams = IntervalStreams{Open: 10, Opened: 11, Failed: 12, Dropped: 13, Cut: 14, Reconnected: 15}
	run.Series[1].Events = IntervalEvents{Published: 20, Refused: 21, Unsent: 22, Received: 23, Duplicated: 24, Late: 25, Bytes: 26}
	var text bytes.Buffer
	if err := WriteCSV(&text, run, run); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&text).ReadAll()
	if err != nil || len(lines) != 5 {
		t.Fatalf("%d lines, %v; want 5", len(lines), err)
	}
	at := map[string]string{}
	for i, name := range lines[0] {
		if _, twice := at[name]; twice {
			t.Errorf("the column %s is there twice", name)
		}
		at[name] = lines[2][i]
	}
	for name, want := range map[string]string{
		"run": run.Path, "scenario": "s", "start_seconds": "1", "end_seconds": "2",
		"streams_open": "10", "streams_opened": "11", "streams_failed": "12", "streams_dropped": "13", "streams_cut": "14", "streams_reconnected": "15",
		"events_published": "20", "events_refused": "21", "events_unsent": "22", "events_received": "23", "events_duplicated": "24", "events_late": "25", "bytes": "26",
		"cpu_fraction": "0.5", "rss_bytes": "1001", "hiccup_seconds": "0.001", "fanout_count": "1", "fanout_max": "0.002", "connect_count": "0", "connect_p99": "",
	} {
		if at[name] != want {
			t.Errorf("%s is %q, want %q", name, at[name], want)
		}
	}
}

func TestParseCondition(t *testing.T) {
	for _, c := range []struct {
		text            string
		baseline, value float64
		holds           bool
	}{
		{"fanout.p99 > 1.2x", 0.1, 0.121, true}, {"fanout.p99 > 1.2x", 0.1, 0.12, false}, {"fanout.p99 >= 1.5 x", 0.1, 0.151, true},
		{"fanout.p99 > 250ms", 0, 0.251, true}, {"events.lost > 0", 0, 1, true}, {"events.received < 0.9x", 100, 89, true},
		{"stalled:events.lost > 2x", 3, 7, true},
	} {
		condition, err := ParseCondition(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := condition.Holds(c.baseline, c.value); got != c.holds || condition.Relative != strings.HasSuffix(c.text, "x") {
			t.Errorf("%s of %v and %v: %v, relative %v", c.text, c.baseline, c.value, got, condition.Relative)
		}
	}
	for text, want := range map[string]string{
		"":                     "expected METRIC OPERATOR VALUE",
		"fanout.p99":           "expected METRIC OPERATOR VALUE",
		"fanuot.p99 > 1x":      `unknown metric "fanuot.p99" (did you mean fanout.p99?)`,
		"fanout.p99 => 1x":     `unknown operator "=>"`,
		"fanout.p99 > x":       "expected a multiple of the baseline such as 1.2x",
		"fanout.p99 > -1x":     "expected a multiple of the baseline such as 1.2x",
		"fanout.p99 > NaNx":    "expected a multiple of the baseline such as 1.2x",
		"fanout.p99 > 1.2":     "a multiple of the baseline is written 1.2x",
		"events.lost > a lot":  "compared with a number",
		"a:connect.p99 > 1.2x": `unknown metric "connect.p99"`,
	} {
		if _, err := ParseCondition(text); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), strconv.Quote(text)) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

// What was saved is what was measured, and rounds add up.
func TestOpenSaved(t *testing.T) {
	folder := t.TempDir()
	SaveLiarRun(t, folder, 0, nil, func(s *Scenario) {
		topics := []string{"t"}
		s.Streams.Cohorts = []Cohort{{Name: "a", Count: 4, Topics: topics}, {Name: "b", Count: 6, Topics: topics}}
	})
	run, err := OpenSaved(folder)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Summary{"fanout": run.Latency.Fanout, "fanout_last": run.Latency.FanoutLast, "connect": run.Latency.Connect, "fanout-b": run.Cohorts[1].Fanout} {
		got := run.Whole[name].Summary()
		if got.Mean, want.Mean = 0, 0; got != want || got.Count == 0 {
			t.Errorf("%s: the log has %+v, the report %+v", name, got, want)
		}
	}
	var samples int64
	for _, d := range run.Fanout {
		for _, b := range d {
			samples += b.Count
		}
	}
	if samples != run.Latency.Fanout.Count {
		t.Errorf("the intervals have %d samples, the report %d", samples, run.Latency.Fanout.Count)
	}
	pool := Pool([]*Saved{run, run})
	if f, one := pool.Latency.Fanout, run.Latency.Fanout; f.Count != 2*one.Count || f.P99 != one.P99 || f.Max != one.Max || pool.Events.Received != 2*run.Events.Received || pool.Cohorts[1].Fanout.Count != 2*run.Cohorts[1].Fanout.Count {
		t.Errorf("two rounds have %+v, one %+v", f, one)
	}
	run.Latency.Fanout.Count++
	if err := run.Save(folder); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSaved(folder); err == nil || !strings.Contains(err.Error(), "they are not of the same run") {
		t.Errorf("a log of another run: %v", err)
	}
}

func TestSentence(t *testing.T) {
	lose := func(c *conductor) { c.total.Cohorts[0].Events.Lost = 1 }
	for _, c := range []struct {
		change     func(*conductor)
		thresholds []string
		want       string
	}{
		{func(*conductor) {}, nil, "Nothing was demanded of the target: the scenario has no thresholds."},
		{func(*conductor) {}, []string{"events.lost == 0"}, "The threshold was met."},
		{func(*conductor) {}, []string{"events.lost == 0", "events.late == 0"}, "All 2 thresholds were met."},
		{lose, []string{"events.lost == 0"}, "The threshold was not met."},
		{lose, []string{"events.lost == 0", "events.late == 0"}, "One of 2 thresholds was not met."},
		{func(c *conductor) { lose(c); c.unbalanced = 1 }, []string{"events.lost == 0"}, "The figures are those of the generator, not of the target: this run says nothing about the target."},
		{func(c *conductor) { c.total.Streams.Opened = 0 }, nil, "The run failed."},
	} {
		if got := judge(t, c.change, c.thresholds...).Sentence(); got != c.want {
			t.Errorf("thresholds %q: %s; want %s", c.thresholds, got, c.want)
		}
	}
}
