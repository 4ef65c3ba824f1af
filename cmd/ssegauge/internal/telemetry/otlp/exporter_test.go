package otlp

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/telemetry"
	"github.com/ssegauge/ssegauge/loadgen"
)

// A receiver takes OTLP over HTTP.
type receiver struct {
	*httptest.Server
	answer func(w http.ResponseWriter, r *http.Request, n int) // for push n, counted from 1

	mu     sync.Mutex
	heads  []*http.Request
	pushes []*metrics.ResourceMetrics
	came   chan struct{} // one for each push
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{came: make(chan struct{}, 100)}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body := io.Reader(request.Body)
	if request.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unzipped
	}
	raw, err := io.ReadAll(body)
	var message collector.ExportMetricsServiceRequest
	if err == nil {
		err = proto.Unmarshal(raw, &message)
	}
	if err != nil || len(message.ResourceMetrics) != 1 {
		http.Error(w, fmt.Sprintf("%v, %d resources", err, len(message.ResourceMetrics)), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	r.heads, r.pushes = append(r.heads, request), append(r.pushes, message.ResourceMetrics[0])
	n := len(r.heads)
	r.mu.Unlock()
	if r.answer != nil {
		r.answer(w, request, n)
	}
	r.came <- struct{}{}
}

// last is the latest push, and its metrics by name.
func (r *receiver) last() (*metrics.ResourceMetrics, map[string]*metrics.Metric) {
	r.mu.Lock()
	defer r.mu.Unlock()
	byName := map[string]*metrics.Metric{}
	all := r.pushes[len(r.pushes)-1]
	for _, m := range all.ScopeMetrics[0].Metrics {
		byName[m.Name] = m
	}
	return all, byName
}

func report() *loadgen.Report {
	r := &loadgen.Report{Scenario: "s", Verdict: loadgen.Pass}
	r.Environment.Started = time.Unix(1000, 5)
	r.Events.Received = 42
	r.Cohorts = []loadgen.CohortReport{{Name: "fast"}, {Name: "slow"}}
	r.Cohorts[1].Events.Received = 42
	return r
}

func withHistogram(s *telemetry.Snapshot) *telemetry.Snapshot {
	for _, series := range s.Series {
		if series.Name == "ssegauge.connect" {
			series.Points[0].Histogram.Exponential = loadgen.Exponential{
				Scale: telemetry.Scale, Count: 4, Sum: 3.5, Min: 0.505, Max: 1.05, Buckets: map[int]uint64{-2: 1, 1: 2, 3: 1},
			}
		}
	}
	return s
}

func open(t *testing.T, url string, interval time.Duration) *Exporter {
	t.Helper()
	e, err := New(t.Context(), url, "v1", interval)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestPush(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20canary,tenant=a")
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "stage=test,service.version=v2")
	receiver := newReceiver(t)
	e := open(t, receiver.URL, time.Hour)
	if err := e.Finish(withHistogram(telemetry.After(report()))); err != nil {
		t.Fatal(err)
	}
	head := receiver.heads[0]
	if head.URL.Path != "/v1/metrics" || head.Header.Get("Authorization") != "Bearer canary" || head.Header.Get("Tenant") != "a" || head.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%s %v", head.URL, head.Header)
	}
	all, byName := receiver.last()
	var resource []string
	for _, a := range all.Resource.Attributes {
		resource = append(resource, a.Key+"="+a.Value.GetStringValue())
	}
	for _, want := range []string{"service.name=ssegauge", "service.version=v2", "stage=test"} {
		if !slices.Contains(resource, want) {
			t.Errorf("the resource %v lacks %s", resource, want)
		}
	}
	if want := len(telemetry.Metrics()) - 1; len(byName) != want { // there are no failures
		t.Errorf("%d metrics, want %d", len(byName), want)
	}
	sum := byName["ssegauge.events.received"].GetSum()
	if !sum.IsMonotonic || sum.AggregationTemporality != metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE || len(sum.DataPoints) != 2 {
		t.Fatalf("%v", sum)
	}
	if p := sum.DataPoints[1]; p.GetAsDouble() != 42 || p.StartTimeUnixNano != 1000e9+5 || p.Attributes[0].Key != "cohort" || p.Attributes[0].Value.GetStringValue() != "slow" || p.Attributes[1].Value.GetStringValue() != "s" {
		t.Errorf("%v", p)
	}
	if m := byName["ssegauge.received"]; m.Unit != "By" || m.Description == "" {
		t.Errorf("%v", m)
	}
	if len(byName["ssegauge.run.state"].GetGauge().GetDataPoints()) != 6 {
		t.Errorf("%v", byName["ssegauge.run.state"])
	}
	// Bucket i here begins where bucket i of a report ends one before.
	h := byName["ssegauge.connect"].GetExponentialHistogram().DataPoints[0]
	if h.Scale != 5 || h.Count != 4 || h.GetSum() != 3.5 || h.GetMin() != 0.505 || h.GetMax() != 1.05 || h.Positive.Offset != -3 || !slices.Equal(h.Positive.BucketCounts, []uint64{1, 0, 0, 2, 0, 1}) {
		t.Errorf("%v", h)
	}
	if empty := byName["ssegauge.fanout"].GetExponentialHistogram().DataPoints[0]; empty.Count != 0 || len(empty.Positive.GetBucketCounts()) != 0 {
		t.Errorf("%v", empty)
	}
}

func TestPushAtIntervals(t *testing.T) {
	receiver := newReceiver(t)
	e := open(t, receiver.URL+"/at/v2", time.Millisecond)
	for range 3 {
		e.Update(telemetry.During(loadgen.Progress{Phase: loadgen.Running}, report()))
		<-receiver.came
	}
	if err := e.Finish(nil); err != nil {
		t.Error(err)
	}
	if len(receiver.heads) != 3 || receiver.heads[0].URL.Path != "/at/v2" {
		t.Errorf("%d pushes to %s, want 3 to /at/v2", len(receiver.heads), receiver.heads[0].URL.Path)
	}
}

// What a receiver answers is told without its own words: it knows the headers.
func TestRefused(t *testing.T) {
	const canary = "canary-0123456789"
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization="+canary)
	partial, err := proto.Marshal(&collector.ExportMetricsServiceResponse{PartialSuccess: &collector.ExportMetricsPartialSuccess{RejectedDataPoints: 3, ErrorMessage: canary}})
	if err != nil {
		t.Fatal(err)
	}
	for want, answer := range map[string]http.HandlerFunc{
		"1 pushes failed; the last: the answer was 401 Unauthorized": func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "bad token "+r.Header.Get("Authorization"), http.StatusUnauthorized)
		},
		"1 pushes failed; the last: the answer was that some of the points were not accepted": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-protobuf")
			_, _ = w.Write(partial)
		},
		"1 pushes failed; the last: the answer leads elsewhere": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/"+r.Header.Get("Authorization"))
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
	} {
		receiver := newReceiver(t)
		receiver.answer = func(w http.ResponseWriter, r *http.Request, _ int) { answer(w, r) }
		err := open(t, receiver.URL, time.Hour).Finish(telemetry.After(report()))
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for _, text := range []string{"throttled: " + canary, "x: 500 Bearer " + canary + " (body: y)"} {
		if got := new(Exporter).plain(fmt.Errorf("retryable: body: %s", text)).Error(); strings.Contains(got, canary) {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

func TestRetry(t *testing.T) {
	receiver := newReceiver(t)
	receiver.answer = func(w http.ResponseWriter, _ *http.Request, n int) {
		if n == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	if err := open(t, receiver.URL, time.Hour).Finish(telemetry.After(report())); err != nil {
		t.Error(err)
	}
	if len(receiver.heads) != 2 {
		t.Errorf("%d pushes, want 2", len(receiver.heads))
	}
}

func TestUnreachable(t *testing.T) {
	receiver := newReceiver(t)
	receiver.Close()
	err := open(t, receiver.URL, time.Hour).Finish(telemetry.After(report()))
	if err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("%v, want connection refused", err)
	}
}

func TestBadSettings(t *testing.T) {
	const canary = "canary-0123456789"
	for url, want := range map[string]string{
		"collector:4318":                       "expected a URL such as",
		"ftp://collector":                      "expected a URL such as",
		"http://":                              "expected a URL such as",
		"http://user:" + canary + "@collector": "OTEL_EXPORTER_OTLP_HEADERS",
		"http://collector?key=" + canary:       "OTEL_EXPORTER_OTLP_HEADERS",
		"http://" + canary + "\x7f":            "expected a URL such as",
	} {
		if _, err := New(t.Context(), url, "", time.Hour); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
	for name, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_HEADERS": "authorization=%zz" + canary, "OTEL_EXPORTER_OTLP_METRICS_HEADERS": canary,
		"OTEL_EXPORTER_OTLP_CERTIFICATE": "/none/" + canary, "OTEL_RESOURCE_ATTRIBUTES": canary,
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			_, err := New(t.Context(), "https://127.0.0.1:1", "", time.Hour)
			if err == nil || !strings.Contains(err.Error(), "OTEL_") || strings.Contains(err.Error(), canary) {
				t.Errorf("%v, want an error that names the variable and not its value", err)
			}
		})
	}
}
