package capacity

import (
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/internal/stamp"
	"github.com/ssegauge/ssegauge/loadgen"
)

// A knownTarget is a small event stream server with limits that a test knows.
// None of them depends on how fast the machine is.
type knownTarget struct {
	url     string
	streams int           // open at once; one more is answered with 503
	rate    float64       // events due per second, beyond which latency doubles; 0: none
	delay   time.Duration // of every delivery
	bytes   int           // of a publish, beyond which it is answered with 413; 0: none

	mu       sync.Mutex
	open     map[chan delivery]bool
	requests int
	run      uint32
	dues     []int64 // of the run's events
	gap      float64 // the smallest between two of them, in seconds
}

type delivery struct {
	data string
	at   time.Time
}

func (k *knownTarget) start(t *testing.T) *knownTarget {
	t.Helper()
	k.open = map[chan delivery]bool{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /events", k.events)
	mux.HandleFunc("POST /publish", k.publish)
	server := httptest.NewUnstartedServer(mux)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	k.url = server.URL
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return k
}

func (k *knownTarget) events(w http.ResponseWriter, r *http.Request) {
	deliveries := make(chan delivery, 1000)
	k.mu.Lock()
	k.requests++
	k.mu.Unlock()
	if !k.admit(deliveries) {
		http.Error(w, "full", http.StatusServiceUnavailable)
		return
	}
	defer func() {
		k.mu.Lock()
		delete(k.open, deliveries)
		k.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w).Flush
	if flush() != nil {
		return
	}
	for {
		select {
		case d := <-deliveries:
			time.Sleep(time.Until(d.at))
			if k.rate > 0 && k.overtaxed() {
				time.Sleep(time.Until(d.at.Add(k.delay)))
			}
			fmt.Fprintf(w, "data: %s\n\n", d.data)
			if flush() != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

// admit finds a place for a stream. Those that their clients have just closed
// may still be there for a moment.
func (k *knownTarget) admit(deliveries chan delivery) bool {
	for deadline := time.Now().Add(500 * time.Millisecond); ; time.Sleep(time.Millisecond) {
		k.mu.Lock()
		free := k.streams == 0 || len(k.open) < k.streams
		if free {
			k.open[deliveries] = true
		}
		k.mu.Unlock()
		if free || time.Now().After(deadline) {
			return free
		}
	}
}

// publish has every stream deliver an event when its time has come.
func (k *knownTarget) publish(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil || k.bytes > 0 && len(data) > k.bytes {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	mark, _ := stamp.Find(data)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.run != mark.Run {
		k.run, k.dues, k.gap = mark.Run, nil, math.Inf(1)
	}
	for _, due := range k.dues {
		k.gap = min(k.gap, math.Abs(float64(mark.Due-due))/float64(time.Second))
	}
	k.dues = append(k.dues, mark.Due)
	for open := range k.open {
		open <- delivery{string(data), time.Now().Add(k.delay)}
	}
}

// overtaxed reports whether the events of the run are due more often than the
// rate allows. By the time of a delivery, several have come.
func (k *knownTarget) overtaxed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.gap*k.rate < 0.9999
}

// scenario is one of 4 streams and 20 events/s against k, which no busy machine
// makes invalid.
func (k *knownTarget) scenario(t *testing.T, set ...string) *loadgen.Scenario {
	t.Helper()
	text := fmt.Sprintf(`
name: known
target:
  url: "%s/events"
publish:
  url: "%[1]s/publish"
  rate: 20/s
streams:
  count: 4
  ramp: 1ms
duration: 200ms
drain: 1m
limits: {schedule_slack: 1h, receive_slack: 1h, hiccup_share: 1, cpu_share: 1}
thresholds:
  - fanout.p50 < 1h
`, k.url)
	s, err := loadgen.Load("known.yaml", []byte(text), set, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// find runs a search that must come to a result.
func find(t *testing.T, s *loadgen.Scenario, o Options) *Result {
	t.Helper()
	o.Version = "test"
	r, err := Find(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
