package prometheus

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"go.uber.org/goleak"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/telemetry"
	"github.com/ssegauge/ssegauge/loadgen"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// snapshot has one histogram: a duration in (0.5 s, 0.511 s], and two of which
// each is in another bucket of (1 s, 1.022 s] and above.
func snapshot() *telemetry.Snapshot {
	s := telemetry.During(loadgen.Progress{Phase: loadgen.Running, Open: 3}, &loadgen.Report{Scenario: "s\"\n\xff"})
	for _, series := range s.Series {
		if series.Name == "ssegauge.connect" {
			series.Points[0].Histogram.Exponential = loadgen.Exponential{
				Scale: telemetry.Scale, Count: 3, Sum: 2.6, Min: 0.505, Max: 1.05, Buckets: map[int]uint64{-31: 1, 1: 1, 3: 1},
			}
			series.Points[0].Histogram.Classic = cumulative(0.505, 1.01, 1.05)
		}
	}
	return s
}

func cumulative(durations ...float64) []uint64 {
	counts := make([]uint64, len(telemetry.ClassicBounds))
	for i, bound := range telemetry.ClassicBounds {
		for _, d := range durations {
			if d <= bound {
				counts[i]++
			}
		}
	}
	return counts
}

func serve(t *testing.T) (*Server, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(listener)
	t.Cleanup(s.Close)
	return s, "http://" + listener.Addr().String()
}

// client keeps no connection, so that none is left when a test ends.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}

func scrape(t *testing.T, url, accept string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

func TestNativeHistogram(t *testing.T) {
	server, url := serve(t)
	server.Update(snapshot())
	response, body := scrape(t, url+Path, protobuf)
	decoder := expfmt.NewDecoder(strings.NewReader(body), expfmt.ResponseFormat(response.Header))
	families := map[string]*dto.MetricFamily{}
	for {
		var f dto.MetricFamily
		if err := decoder.Decode(&f); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		families[f.GetName()] = &f
	}
	if want := len(telemetry.Metrics()) - 1; len(families) != want { // there are no failures
		t.Errorf("%d families, want %d", len(families), want)
	}
	h := families["ssegauge_connect_seconds"].GetMetric()[0].GetHistogram()
	// Buckets -31, 1 and 3, each with one more or less than the one before.
	var spans []int64
	for _, s := range h.GetPositiveSpan() {
		spans = append(spans, int64(s.GetOffset()), int64(s.GetLength()))
	}
	buckets := map[int]int64{}
	at, delta, count := 0, 0, int64(0)
	for _, s := range h.GetPositiveSpan() {
		at += int(s.GetOffset())
		for range s.GetLength() {
			count += h.GetPositiveDelta()[delta]
			if count > 0 {
				buckets[at] = count
			}
			at, delta = at+1, delta+1
		}
	}
	if h.GetSchema() != 5 || h.GetSampleCount() != 3 || h.GetSampleSum() != 2.6 || len(buckets) != 3 || buckets[-31] != 1 || buckets[1] != 1 || buckets[3] != 1 {
		t.Errorf("schema %d, count %d, sum %v, buckets %v of the spans %v", h.GetSchema(), h.GetSampleCount(), h.GetSampleSum(), buckets, spans)
	}
	if len(h.GetBucket()) != len(telemetry.ClassicBounds) {
		t.Errorf("%d classic buckets, want %d", len(h.GetBucket()), len(telemetry.ClassicBounds))
	}
	// Scrapers know an empty histogram for a native one by its zero bucket.
	if empty := families["ssegauge_fanout_seconds"].GetMetric()[0].GetHistogram(); empty.GetSampleCount() != 0 || empty.GetZeroThreshold() == 0 {
		t.Errorf("empty histogram: %v", empty)
	}
}

func TestText(t *testing.T) {
	server, url := serve(t)
	if response, body := scrape(t, url+Path, "text/plain"); response.StatusCode != http.StatusOK || body != "" {
		t.Errorf("before the run: status %d, %q; want 200 and nothing", response.StatusCode, body)
	}
	server.Update(snapshot())
	_, body := scrape(t, url+Path, "text/plain")
	for _, want := range []string{
		"# TYPE ssegauge_streams_open gauge\nssegauge_streams_open{scenario=\"s\\\"\\n\uFFFD\"} 3\n",
		"ssegauge_connect_seconds_bucket{scenario=\"s\\\"\\n\uFFFD\",le=\"0.5\"} 0\n",
		"ssegauge_connect_seconds_bucket{scenario=\"s\\\"\\n\uFFFD\",le=\"1\"} 1\n",
		"ssegauge_connect_seconds_bucket{scenario=\"s\\\"\\n\uFFFD\",le=\"2.5\"} 3\n",
		"ssegauge_connect_seconds_bucket{scenario=\"s\\\"\\n\uFFFD\",le=\"+Inf\"} 3\n",
		"ssegauge_connect_seconds_sum{scenario=\"s\\\"\\n\uFFFD\"} 2.6\n",
		"ssegauge_events_received_total{cohort=\"\",",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	response, body := scrape(t, url+Path, "application/openmetrics-text;version=1.0.0")
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "application/openmetrics-text") || !strings.HasSuffix(body, "# EOF\n") {
		t.Errorf("OpenMetrics: %s, %q", response.Header.Get("Content-Type"), body)
	}
	for path, want := range map[string]int{"/": http.StatusNotFound, "/debug/pprof/": http.StatusNotFound} {
		if response, _ := scrape(t, url+path, "*/*"); response.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, response.StatusCode, want)
		}
	}
	response, err := client.Post(url+Path, "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d, want 405", response.StatusCode)
	}
}

func TestFinishWaitsForAScrape(t *testing.T) {
	server, url := serve(t)
	finished := make(chan bool)
	server.Update(snapshot())
	scrape(t, url+Path, "*/*") // which is not the last
	last := telemetry.After(&loadgen.Report{Scenario: "s", Verdict: loadgen.Pass})
	go func() { finished <- server.Finish(context.Background(), last, time.Hour) }()
	for over := false; !over; {
		select {
		case <-finished:
			t.Fatal("it did not wait")
		default:
		}
		server.mu.Lock()
		over = server.over
		server.mu.Unlock()
	}
	scrape(t, url+"/other", "*/*") // which is no scrape
	if _, body := scrape(t, url+Path, "*/*"); !strings.Contains(body, `ssegauge_run_state{scenario="s",state="pass"} 1`) {
		t.Errorf("the last scrape did not get the verdict:\n%s", body)
	}
	if !<-finished {
		t.Error("it does not know that it was scraped")
	}
}

// Only a scrape that got through counts, and none before the end is the last.
func TestWhatCountsAsAScrape(t *testing.T) {
	server, _ := serve(t)
	for _, c := range []struct {
		status int
		counts bool
	}{{http.StatusServiceUnavailable, false}, {http.StatusInternalServerError, false}, {http.StatusOK, true}} {
		answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(c.status) })
		server.noting(answer).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, Path, nil))
		if server.scraped != c.counts {
			t.Errorf("after an answer of %d it was scraped: %v, want %v", c.status, server.scraped, c.counts)
		}
	}
	select {
	case <-server.fetched:
		t.Error("a scrape before the end is taken for the last")
	default:
	}
}

func TestFinishGivesUp(t *testing.T) {
	last := telemetry.After(&loadgen.Report{})
	server, _ := serve(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if server.Finish(ctx, last, time.Hour) {
		t.Error("interrupted: it was not scraped")
	}
	// Nobody came in a time that was long enough.
	server, _ = serve(t)
	server.started = time.Now().Add(-2 * time.Hour)
	if server.Finish(context.Background(), last, time.Hour) {
		t.Error("it was not scraped")
	}
}

func TestCloseFreesTheAddress(t *testing.T) {
	server, url := serve(t)
	server.Close()
	if _, err := client.Get(url + Path); err == nil {
		t.Error("it still answers")
	} else if refused := (*net.OpError)(nil); !errors.As(err, &refused) {
		t.Errorf("%v", err)
	}
}
