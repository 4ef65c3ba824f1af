package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/protobuf/proto"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/telemetry"
	"github.com/ssegauge/ssegauge/loadgen"
)

// bucketOf is the number of the exponential bucket with a duration.
func bucketOf(seconds float64) int {
	return int(math.Ceil(math.Log2(seconds)*math.Exp2(telemetry.Scale) - 1e-9))
}

// agree demands that a quantile of the summary and one from buckets are in the
// same bucket. The summary alone knows the exact maximum, which may be just
// below it.
func agree(t *testing.T, what string, got, want float64, all loadgen.Summary) {
	t.Helper()
	if bucketOf(got) != bucketOf(want) && !(want == all.Max && bucketOf(got) == bucketOf(want*1.001)) {
		t.Errorf("%s: %v is not in the bucket of the summary's %v", what, got, want)
	}
}

// A real Prometheus and an OpenTelemetry receiver get the figures of a run that
// its summary has.
func TestMetricsAgreeWithTheSummary(t *testing.T) {
	needProgram(t, "prometheus")
	pushed := make(chan *collector.ExportMetricsServiceRequest, 1000)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var message collector.ExportMetricsServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &message)
		}
		if err != nil {
			t.Error(err)
		}
		pushed <- &message
	}))
	defer receiver.Close()
	out := t.TempDir()
	load := start(t, append([]string{"load", quickstart, "--out", out, "--metrics", ":0", "--metrics-linger", "2m", "--otlp", receiver.URL, "--otlp-interval", "1s"}, append(small, "--set", "duration=3s")...)...)
	address := load.message(t, `metrics: http://(127\.0\.0\.1:\d+)/metrics\n`)
	prometheus := startPrometheus(t, address)
	if code := load.wait(t); code != exitYes {
		t.Fatalf("exit code %d\n%s", code, load.said())
	}
	summary := readSummary(t, out)
	if _, err := http.Get("http://" + address + "/metrics"); err == nil {
		t.Error("the endpoint outlives the run")
	}

	prometheus.await(t, `last_over_time(ssegauge_run_state{scenario="quickstart",state="pass"}[1h]) == 1`)
	for name, want := range map[string]int64{
		"ssegauge_streams_opened_total": summary.Streams.Opened, "ssegauge_events_published_total": summary.Events.Published,
		"ssegauge_events_expected_total": summary.Events.Expected, "ssegauge_events_received_total": summary.Events.Received,
		"ssegauge_events_lost_total": 0, "ssegauge_received_bytes_total": summary.Events.Bytes,
	} {
		if got := prometheus.query(t, "last_over_time("+name+"[1h])", 0); len(got) != 1 || int64(got[0].value) != want {
			t.Errorf("%s: %v, want %d", name, got, want)
		}
	}
	for name, want := range map[string]loadgen.Summary{
		"fanout": summary.Latency.Fanout, "connect": summary.Latency.Connect, "publish_lag": summary.Latency.PublishLag, "fanout_last": summary.Latency.FanoutLast,
	} {
		metric := "ssegauge_" + name + "_seconds"
		samples := prometheus.query(t, metric+"[1h]", 0)
		if len(samples) == 0 {
			t.Errorf("%s has no samples", metric)
			continue
		}
		last := samples[len(samples)-1].at
		for quantile, value := range map[string]float64{"0.5": want.P50, "0.9": want.P90, "0.99": want.P99} {
			if q, _ := strconv.ParseFloat(quantile, 64); float64(want.Count)*q != math.Trunc(float64(want.Count)*q) {
				continue // a rank between two samples, of which each takes another
			}
			got := prometheus.query(t, fmt.Sprintf("histogram_quantile(%s, %s)", quantile, metric), last)
			if len(got) != 1 {
				t.Errorf("%s: no quantile %s", metric, quantile)
				continue
			}
			t.Logf("%s %s: Prometheus %v, summary %v", name, quantile, got[0].value, value)
			agree(t, name+" "+quantile, got[0].value, value, want)
		}
		if got := prometheus.query(t, "histogram_count("+metric+")", last); len(got) != 1 || int64(got[0].value) != want.Count {
			t.Errorf("%s has a count of %v, want %d", metric, got, want.Count)
		}
	}

	scrapes := prometheus.query(t, "ssegauge_streams_open[1h]", 0)
	for _, expression := range dashboardExpressions(t) {
		expression = strings.NewReplacer("$scenario", ".+", "$__rate_interval", "1h").Replace(expression)
		got := prometheus.query(t, expression, scrapes[len(scrapes)-1].at)
		rate := strings.Contains(expression, "[1h]") // which needs two scrapes
		if len(got) == 0 && !strings.Contains(expression, "ssegauge_failures_total") && !(rate && len(scrapes) < 2) {
			t.Errorf("with %d scrapes the dashboard gets nothing for %s", len(scrapes), expression)
		}
	}

	var last *collector.ExportMetricsServiceRequest
	for range len(pushed) {
		last = <-pushed
	}
	if last == nil {
		t.Fatal("nothing was pushed")
	}
	for _, m := range last.ResourceMetrics[0].ScopeMetrics[0].Metrics {
		switch m.Name {
		case "ssegauge.events.received":
			if got := m.GetSum().DataPoints[0].GetAsDouble(); int64(got) != summary.Events.Received {
				t.Errorf("%v received were pushed, want %d", got, summary.Events.Received)
			}
		case "ssegauge.fanout":
			h := m.GetExponentialHistogram().DataPoints[0]
			rank, sum := uint64(0.99*float64(h.Count)), uint64(0)
			i := slices.IndexFunc(h.Positive.BucketCounts, func(n uint64) bool { sum += n; return sum >= rank })
			upper := math.Exp2(float64(int(h.Positive.Offset)+i+1) / math.Exp2(float64(h.Scale)))
			agree(t, "pushed fanout 0.99", upper, summary.Latency.Fanout.P99, summary.Latency.Fanout)
		}
	}
}

// dashboardExpressions are what the dashboard asks Prometheus.
func dashboardExpressions(t *testing.T) (all []string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/grafana/ssegauge.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			all = append(all, target.Expr)
		}
	}
	if len(all) < 30 {
		t.Fatalf("only %d expressions", len(all))
	}
	return all
}

func TestWatchUsage(t *testing.T) {
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	address := strings.TrimPrefix(taken.URL, "http://")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--metrics", "9464"}, `--metrics: expected host:port, such as 127.0.0.1:9464, found "9464"`},
		{[]string{"--metrics", address}, "--metrics: listen tcp " + address},
		{[]string{"--ui", address}, "--ui: listen tcp " + address},
		{[]string{"--otlp", "127.0.0.1:4318"}, "--otlp: expected a URL such as http://127.0.0.1:4318"},
		{[]string{"--otlp", taken.URL, "--otlp-interval", "1ms"}, "--otlp-interval: expected 1s or more, found 1ms"},
	} {
		got := ssegauge(t, append([]string{"load", quickstart}, c.args...)...)
		if got.code != exitUsage || !strings.Contains(got.stderr, c.want) {
			t.Errorf("%v: code %d, %q; want 2 and %q", c.args, got.code, got.stderr, c.want)
		}
	}
}

// Who interrupts a run does not wait for a scrape, and a receiver that does not
// answer changes no verdict.
func TestWatchersDoNotHoldARunUp(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	load := start(t, append([]string{"load", quickstart, "--metrics", "127.0.0.1:0", "--metrics-linger", "1h", "--otlp", gone.URL}, small...)...)
	load.message(t, "metrics: (waiting) up to 1h0m0s for a last scrape")
	load.stop()
	if code := load.wait(t); code != exitYes || !strings.HasPrefix(load.stdout.String(), "PASS") {
		t.Errorf("exit code %d, %q; want 0 and a verdict", code, load.stdout.String())
	}
	for _, want := range []string{"ssegauge: --otlp: 1 pushes failed; the last: Post ", "nobody has scraped the last figures"} {
		if !strings.Contains(load.said(), want) {
			t.Errorf("%q is missing in\n%s", want, load.said())
		}
	}
}
