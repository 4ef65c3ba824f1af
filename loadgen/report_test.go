package loadgen

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// judge makes the report of a finished run out of a Tally.
func judge(t *testing.T, change func(*conductor), expressions ...string) *Report {
	t.Helper()
	b := newBench(t, thresholds(t, expressions...))
	transport := &still{}
	publisher, err := newPublisher(b.run)
	if err != nil {
		t.Fatal(err)
	}
	c, err := newConductor(b.run, transport, publisher, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.total.Streams.Opened = 1
	c.usage.start = c.usage.start.Add(-time.Hour)
	change(c)
	return c.report(false)
}

// still is a transport that does nothing.
type still struct{ transport }

func (*still) describe() Generator { return Generator{Transport: "still"} }

func TestVerdict(t *testing.T) {
	// Both make the fan-out latency consist of the target's part and the
	// generator's.
	publish := func(c *conductor, target, generator time.Duration) {
		c.total.PublishLag.record(generator)
		c.total.Service.record(target)
		c.total.Cohorts[0].Fanout.record(target + generator)
	}
	read := func(c *conductor, target, generator time.Duration) {
		c.total.ReceiveLag.record(generator)
		c.total.Service.record(target + generator)
		c.total.Cohorts[0].Fanout.record(target + generator)
	}
	late := func(c *conductor) { publish(c, 5*time.Millisecond, 20*time.Millisecond) }
	const publishedLate = "the generator published late: that raises the fan-out p99 by 20ms to 25ms; the limit is 10ms"
	lose := func(c *conductor) { c.total.Cohorts[0].Events.Lost = 1 }
	lossless, prompt := "events.lost == 0", "fanout.p99 < 1s"
	for _, c := range []struct {
		name       string
		change     func(*conductor)
		thresholds []string
		want       Verdict
		reasons    []string
	}{
		{"nothing demanded", func(*conductor) {}, nil, Pass, nil},
		{"met", func(*conductor) {}, []string{lossless}, Pass, nil},
		{"not met", lose, []string{lossless}, Fail, []string{"threshold events.lost == 0: observed 1"}},
		{"one of two met", func(c *conductor) { lose(c); c.total.Cohorts[0].Fanout.record(1) }, []string{prompt, lossless}, Fail, []string{"threshold events.lost == 0: observed 1"}},
		{"no sample", func(*conductor) {}, []string{prompt}, Fail, []string{"threshold fanout.p99 < 1s: no sample was recorded"}},
		{"nothing opened", func(c *conductor) { c.total.Streams.Opened = 0 }, nil, Fail, []string{"no stream was opened"}},
		{"published late", late, []string{lossless}, Invalid, []string{publishedLate}},
		{"published late, and failed", func(c *conductor) { late(c); lose(c) }, []string{lossless}, Invalid, []string{
			"threshold events.lost == 0: observed 1", publishedLate,
		}},
		{"published late, but the target is far slower", func(c *conductor) { publish(c, time.Second, 20*time.Millisecond) }, nil, Pass, nil},
		{"published somewhat late", func(c *conductor) { publish(c, time.Millisecond, 9*time.Millisecond) }, nil, Pass, nil},
		{"read late", func(c *conductor) { read(c, 0, 80*time.Millisecond) }, nil, Invalid, []string{
			"the generator read late: p99 80ms after the kernel had the bytes, with a fan-out p99 of 80ms; the limit is 50ms",
		}},
		{"read late, but the target is far slower", func(c *conductor) { read(c, time.Second, 80*time.Millisecond) }, nil, Pass, nil},
		{"did not run", func(c *conductor) { c.published, c.hiccup = 10*time.Second, time.Second }, nil, Invalid, []string{
			"the generator's process did not run for 1s of 10s; the limit is 100ms",
		}},
		{"hardly stopped", func(c *conductor) { c.published, c.hiccup = 10*time.Second, 100*time.Millisecond }, nil, Pass, nil},
		{"streams not attempted", func(c *conductor) { c.unopened = 4 }, nil, Invalid, []string{"4 streams were due but no attempt was made to open them"}},
		{"events not sent", func(c *conductor) { c.total.Publishes.Unsent = 2 }, nil, Invalid, []string{"2 events were due but not sent, since 256 publishes were unanswered: raise publish.in_flight"}},
		{"no descriptors", func(c *conductor) { c.total.Failures[FailureDescriptors] = 3 }, nil, Invalid, []string{"no descriptors left on this machine, 3 times"}},
		{"no ports for publishing", func(c *conductor) { c.total.Failures[publishFailure+FailurePorts] = 1 }, nil, Invalid, []string{"publish: no local ports left on this machine, 1 times"}},
		{"failures of the target", func(c *conductor) { c.total.Failures[FailureReset] = 9 }, nil, Pass, nil},
		{"books", func(c *conductor) { c.unbalanced = -2 }, nil, Invalid, []string{"the books do not balance: receipts and counts differ by -2"}},
		{"clocks", func(c *conductor) {
			c.total.Cohorts[0].Fanout.record(-1)
			c.total.Connect.record(2 * time.Hour)
		}, nil, Invalid, []string{"2 latencies were negative or over an hour: the clocks differ"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := judge(t, c.change, c.thresholds...)
			if r.Verdict != c.want {
				t.Errorf("verdict %s, want %s", r.Verdict, c.want)
			}
			if diff := cmp.Diff(c.reasons, r.Reasons, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
			if len(r.Thresholds) != len(c.thresholds) {
				t.Errorf("%d thresholds in the report, want %d", len(r.Thresholds), len(c.thresholds))
			}
		})
	}
}

func TestReportRoundTrip(t *testing.T) {
	l := newLiar(t, lies{double: 10, refuse: 9})
	r := runPlan(t, l.plan(t, TransportPortable, []string{"duration=250ms"}, thresholds(t, "events.duplicated == 0", "receive_lag.p99 < 1ms")))
	folder := filepath.Join(t.TempDir(), "new", "run")
	if err := r.Save(folder); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder, filepath.Join(folder, SummaryFile)} {
		again, err := LoadReport(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, again, cmpopts.IgnoreUnexported(Report{}, DeliveryCounts{})); diff != "" {
			t.Errorf("report (-saved +loaded):\n%s", diff)
		}
		var before, after bytes.Buffer
		if err := errors.Join(r.WriteText(&before, false), again.WriteText(&after, false)); err != nil {
			t.Fatal(err)
		}
		if before.String() != after.String() {
			t.Errorf("text before:\n%s\nand after:\n%s", before.String(), after.String())
		}
		for _, line := range []string{"23 published, 2 refused", "460 expected = 460 received + 0 lost; 40 duplicated, 0 reordered", "20 planned, 20 opened, 20 at once", "2 × publish: status 503", "FAILED  events.duplicated == 0 (40)", "FAILED  receive_lag.p99 < 1ms (no sample)"} {
			if !strings.Contains(before.String(), line) {
				t.Errorf("the text lacks %q:\n%s", line, before.String())
			}
		}
		if strings.Contains(before.String(), "\x1b") {
			t.Error("the text has colours that nobody asked for")
		}
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.hgrm"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		text, err := os.ReadFile(files[i])
		if err != nil || !bytes.Contains(text, []byte("Percentile")) {
			t.Errorf("%s: error %v, text %.80s", files[i], err, text)
		}
		files[i] = filepath.Base(files[i])
	}
	want := []string{"connect.hgrm", "fanout.hgrm", "fanout_last.hgrm", "fanout_spread.hgrm", "first_event.hgrm", "publish_lag.hgrm", "service.hgrm"}
	if files = slices.DeleteFunc(files, func(f string) bool { return f == "receive_lag.hgrm" }); !slices.Equal(files, want) {
		t.Errorf("files %q, want %q", files, want)
	}
}

// The keys that scripts rely on.
func TestSummaryKeys(t *testing.T) {
	r := judge(t, func(*conductor) {})
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var summary map[string]json.RawMessage
	if err := json.Unmarshal(text, &summary); err != nil {
		t.Fatal(err)
	}
	for key, parts := range map[string]string{
		"scenario": "", "verdict": "", "reasons": "", "thresholds": "", "findings": "", "findings_under_load": "", "failures": "",
		"streams":         "planned opened failed dropped reconnected peak",
		"events":          "published expected received lost duplicated reordered comments bytes",
		"latency_seconds": "connect first_event fanout fanout_last publish_lag receive_lag",
		"generator":       "transport loops cpu_fraction rss_bytes bytes_per_stream kernel_timestamps",
		"environment":     "version go os kernel cpus started duration_seconds",
	} {
		if summary[key] == nil || string(summary[key]) == "null" {
			t.Errorf("the summary has no %s", key)
			continue
		}
		for _, part := range strings.Fields(parts) {
			var object map[string]json.RawMessage
			if err := json.Unmarshal(summary[key], &object); err != nil || object[part] == nil {
				t.Errorf("the summary has no %s.%s", key, part)
			}
		}
	}
	if string(summary["schema_version"]) != "1" {
		t.Errorf("schema_version %s, want 1", summary["schema_version"])
	}
}

func TestLoadReportErrors(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "x.json")
	for text, want := range map[string]string{
		`{"schema_version":2}`: "schema_version 2; this program reads 1",
		`{}`:                   "schema_version 0; this program reads 1",
		`[]`:                   "not a report",
		``:                     "not a report",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadReport(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
	if _, err := LoadReport(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder without a report: %v", err)
	}
}

// HdrHistogram's own reader finds as many samples in the log as the report has.
func TestHistogramLog(t *testing.T) {
	l := newLiar(t, lies{endAfter: 20})
	var log bytes.Buffer
	r, err := Run(t.Context(), l.plan(t, TransportPortable, []string{"warmup=100ms", "duration=420ms"}), Options{Interval: 50 * time.Millisecond, HistogramLog: &log})
	if err != nil {
		t.Fatal(err)
	}
	reader := hdrhistogram.NewHistogramLogReader(bytes.NewReader(log.Bytes()))
	got := map[string]int64{}
	intervals := 0
	for {
		h, err := reader.NextIntervalHistogram()
		if err != nil {
			t.Fatal(err)
		}
		if h == nil {
			break
		}
		intervals++
		got[h.Tag()] += h.TotalCount()
	}
	want := map[string]int64{
		"connect": 3 * runStreams, "first_event": r.Latency.FirstEvent.Count,
		"fanout": 42 * runStreams, "service": 42 * runStreams, "publish_lag": 42,
		"fanout_last": 42, "fanout_spread": 42,
	}
	delete(got, "receive_lag")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("samples in the log (-want +got):\n%s", diff)
	}
	if r.Latency.Fanout.Count != 42*runStreams || r.Latency.Connect.Count != 3*runStreams || r.Latency.FirstEvent.Count != 3*runStreams {
		t.Errorf("the report has %d, %d and %d samples", r.Latency.Fanout.Count, r.Latency.Connect.Count, r.Latency.FirstEvent.Count)
	}
	if intervals < 6 {
		t.Errorf("%d lines, want several intervals", intervals)
	}
}

type fullDisk struct{ left int }

var errFull = errors.New("disk full")

func (w *fullDisk) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// A log that cannot be written to the end is an error, whenever it happened.
func TestHistogramLogOnAFullDisk(t *testing.T) {
	for _, left := range []int{0, 300} {
		l := newLiar(t, lies{})
		_, err := Run(t.Context(), l.plan(t, TransportPortable, []string{"duration=100ms"}), Options{Interval: 20 * time.Millisecond, HistogramLog: &fullDisk{left}})
		if !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: error %v, want %v", left, err, errFull)
		}
	}
}
