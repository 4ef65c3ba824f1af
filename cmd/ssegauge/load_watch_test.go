package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/protobuf/proto"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/telemetry"
	"github.com/ssegauge/ssegauge/loadgen"
)

// A running is a command line whose messages can be read while it runs.
type running struct {
	stop   context.CancelFunc
	stdout bytes.Buffer // to be read once it is done
	done   chan int     // gets its exit code

	mu       sync.Mutex
	messages bytes.Buffer
	grown    chan struct{} // has one when messages have come
}

// start runs a command line beside the test, and ends it with the test.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{stop: cancel, done: make(chan int, 1), grown: make(chan struct{}, 1)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.done <- run(ctx, strings.NewReader(""), &r.stdout, r, args)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return r
}

// Write takes the command's messages.
func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages.Write(p)
	select {
	case r.grown <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (r *running) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.messages.String()
}

// message waits for what the pattern's group matches.
func (r *running) message(t *testing.T, pattern string) string {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		if found := regexp.MustCompile(pattern).FindStringSubmatch(r.said()); found != nil {
			return found[1]
		}
		select {
		case <-r.grown:
		case code := <-r.done:
			t.Fatalf("it ended with exit code %d before it said %q:\n%s", code, pattern, r.said())
		case <-timeout:
			t.Fatalf("it does not say %q:\n%s", pattern, r.said())
		}
	}
}

func (r *running) wait(t *testing.T) int {
	t.Helper()
	select {
	case code := <-r.done:
		return code
	case <-time.After(3 * time.Minute):
		t.Fatalf("it does not end:\n%s", r.said())
		return 0
	}
}

// needProgram skips a test that lacks a program; in CI it fails.
func needProgram(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	t.Skipf("skipped: %v", err)
	return ""
}

// A prometheusServer is a running Prometheus.
type prometheusServer struct{ url string }

// startPrometheus starts one that scrapes an address, with native histograms.
func startPrometheus(t *testing.T, address string) *prometheusServer {
	t.Helper()
	program := needProgram(t, "prometheus")
	version, err := exec.Command(program, "--version").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(string(version), "prometheus, version %d.%d", &major, &minor); err != nil {
		t.Fatalf("%v: %s", err, version)
	}
	folder := t.TempDir()
	config := fmt.Sprintf("global: {scrape_interval: 200ms, scrape_timeout: 200ms}\nscrape_configs: [{job_name: load, static_configs: [{targets: [%q]}]}]\n", address)
	args := []string{"--config.file=" + filepath.Join(folder, "config.yml"), "--storage.tsdb.path=" + filepath.Join(folder, "data"), "--web.listen-address=127.0.0.1:0"}
	if major > 3 || major == 3 && minor >= 8 {
		config = strings.Replace(config, "global: {", "global: {scrape_native_histograms: true, ", 1)
	} else {
		args = append(args, "--enable-feature=native-histograms")
	}
	if err := os.WriteFile(filepath.Join(folder, "config.yml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, args...)
	command.SysProcAttr = ownGroup()
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	listening := make(chan string, 1)
	read := make(chan struct{})
	var all bytes.Buffer
	go func() {
		defer close(read)
		lines := bufio.NewScanner(log)
		for lines.Scan() {
			all.WriteString(lines.Text() + "\n")
			if _, address, ok := strings.Cut(lines.Text(), `msg="Listening on" address=`); ok {
				listening <- strings.Fields(address)[0]
			}
		}
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		<-read
		_ = command.Wait()
	})
	select {
	case address := <-listening:
		return &prometheusServer{"http://" + address}
	case <-read:
		t.Fatalf("Prometheus ended:\n%s", all.String())
	case <-time.After(time.Minute):
		t.Fatal("Prometheus does not listen")
	}
	return nil
}

// A sample of Prometheus; for a histogram only its time is kept.
type sample struct {
	at    float64
	value float64
}

// query evaluates an expression at a time, in Unix seconds; 0 means now.
func (p *prometheusServer) query(t *testing.T, expression string, at float64) []sample {
	t.Helper()
	values := url.Values{"query": {expression}}
	if at != 0 {
		values.Set("time", strconv.FormatFloat(at, 'f', 3, 64))
	}
	response, err := http.PostForm(p.url+"/api/v1/query", values)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Error string
		Data  struct {
			Result []struct {
				Value      [2]any
				Values     [][2]any
				Histograms [][2]any
			}
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Error != "" {
		t.Fatalf("%s: %v %s", expression, err, answer.Error)
	}
	var samples []sample
	for _, r := range answer.Data.Result {
		for _, one := range slices.Concat(r.Values, r.Histograms, [][2]any{r.Value}) {
			if at, ok := one[0].(float64); ok {
				text, _ := one[1].(string)
				value, _ := strconv.ParseFloat(text, 64)
				samples = append(samples, sample{at, value})
			}
		}
	}
	return samples
}

// await waits until the expression has a sample.
func (p *prometheusServer) await(t *testing.T, expression string) []sample {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(50 * time.Millisecond) {
		if samples := p.query(t, expression, 0); len(samples) > 0 {
			return samples
		}
	}
	t.Fatalf("%s has no sample", expression)
	return nil
}

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
	load := start(t, append([]string{"load", quickstart, "--out", out, "--metrics", ":0", "--metrics-linger", "2m", "--otlp", receiver.URL, "--otlp-interval", "1s"}, small...)...)
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
