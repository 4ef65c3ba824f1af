package interop

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/internal/token"
)

// Every 100th event goes wrong. 240 events have two of them, and the last one
// is none, so that a swapped event is always followed by another.
func TestFaultsOfSingleEvents(t *testing.T) {
	t.Parallel()
	const streams, published, wrong = 50, 240, 2
	for _, c := range []struct {
		fault   string
		verdict string
		want    eventCounts
	}{
		{"drop-100th", "fail", eventCounts{Expected: streams * published, Received: streams * (published - wrong), Lost: streams * wrong}},
		{"double-100th", "fail", eventCounts{Expected: streams * published, Received: streams * published, Duplicated: streams * wrong}},
		{"swap-100th", "fail", eventCounts{Expected: streams * published, Received: streams * published, Reordered: streams * wrong}},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			s := serve(t, token.NewSecret(), "--addr", "127.0.0.1:0", "--fault", c.fault)
			got := load(t, s.environment(s.url), generic, "streams.count=50", "publish.rate=40/s", "duration=6s", "drain=1s",
				"thresholds=events.received == "+text(streams*published+1))
			c.want.Published = published
			got.wantVerdict(t, c.verdict)
			got.wantStreams(t, steady(streams))
			got.wantEvents(t, c.want)
		})
	}
}

// pause is how long a process is stopped.
const pause = 1100 * time.Millisecond

// half bounds what a busy machine may do to a run without spoiling it, well
// below what the pause does.
var half = []string{"limits.schedule_slack=500ms", "limits.receive_slack=500ms", "limits.hiccup_share=0.1"}

// startStoppable starts a run of 100 streams and 250 events, and waits until it
// is publishing.
func startStoppable(t *testing.T, s *server, set ...string) *loading {
	t.Helper()
	run := startLoad(t, s.environment(s.url), generic, append(append(set, half...),
		"streams.count=100", "publish.rate=50/s", "duration=5s", "late_after="+(pause/2).String())...)
	until(t, "events are published", func() bool { return s.stats(t).Published >= 50 })
	return run
}

// A server that stops for a second shows as latency, which is for a threshold
// to judge. The measurement is good.
func TestServerStopsForASecond(t *testing.T) {
	t.Parallel()
	s := serve(t, token.NewSecret(), "--addr", "127.0.0.1:0")
	run := startStoppable(t, s, "thresholds=fanout.max < "+(pause/2).String())
	s.signal(t, syscall.SIGSTOP)
	time.Sleep(pause)
	s.signal(t, syscall.SIGCONT)

	got := run.result(t)
	if got.Verdict != "fail" {
		t.Errorf("verdict %s, want fail; reasons: %q", got.Verdict, got.Reasons)
	}
	got.wantStreams(t, steady(100))
	got.wantEvents(t, exact(100, 250))
	// One event was due within 20 ms of the stop, whatever else was held up.
	if longest := got.Latency.Fanout.Max; longest < 1 {
		t.Errorf("the longest fan-out latency is %.3fs, want the %v of the stop", longest, pause)
	}
	if got.Events.Late == 0 {
		t.Error("no event was late")
	}
}

// A generator that stops for a second must not pass its own delay off as the
// server's.
func TestGeneratorStopsForASecond(t *testing.T) {
	t.Parallel()
	for name, set := range map[string][]string{
		"loops":    {"transport=loops"},
		"portable": {"transport=portable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := startStoppable(t, serve(t, token.NewSecret(), "--addr", "127.0.0.1:0"), append(set, "thresholds=events.lost == 0")...)
			run.signal(t, syscall.SIGSTOP)
			time.Sleep(pause)
			run.signal(t, syscall.SIGCONT)

			got := run.result(t)
			if got.Verdict != "invalid" {
				t.Errorf("verdict %s, want invalid; reasons: %q", got.Verdict, got.Reasons)
			}
			for _, reason := range []string{"the generator published late", "the generator's process did not run"} {
				if !slices.ContainsFunc(got.Reasons, func(r string) bool { return strings.HasPrefix(r, reason) }) {
					t.Errorf("no reason begins with %q: %q", reason, got.Reasons)
				}
			}
			got.wantStreams(t, steady(100))
			got.wantEvents(t, exact(100, 250))
		})
	}
}

// A killed server that comes back at the same address: every stream is dropped
// and returns, and what is lost is what had been acknowledged and never sent.
func TestServerKilledAndRestarted(t *testing.T) {
	t.Parallel()
	const streams = 100
	for _, c := range []struct {
		name   string
		before []string // flags of the server that is killed
		passed int64    // how many events it acknowledges
		sent   int64    // how many of them it sends
	}{
		{"with everything sent", nil, 40, 40},
		{"with events unsent", []string{"--fault", "stall"}, 105, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, secret := freeAddress(t), token.NewSecret()
			flags := []string{"--addr", address, "--retry", "200ms"}
			first := serve(t, secret, append(flags, c.before...)...)
			gate := openGate(t, first.url, c.passed)
			run := startLoad(t, append(first.environment(first.url), "SSEGAUGE_PUBLISH="+gate.url), generic,
				"streams.count="+text(streams), "publish.rate=40/s", "duration=10s", "drain=2s", "thresholds=streams.dropped == 0")

			<-gate.shut
			until(t, "everything is sent that will be", func() bool {
				// The server counts what it took into its log and what the
				// kernel took from it.
				figures := first.stats(t)
				return figures.Published == c.passed && figures.Window.Events == c.sent && figures.DeliveredBytes == streams*figures.Window.Bytes
			})
			first.kill()
			second := serve(t, secret, flags...)
			until(t, "all streams are back", func() bool { return second.stats(t).Subscribers.Total == streams })
			gate.open()

			got := run.result(t)
			got.wantVerdict(t, "fail")
			got.wantStreams(t, streamCounts{Planned: streams, Opened: streams, Dropped: streams, Reconnected: streams})
			published := 400 - gate.refused()
			if published <= c.passed {
				t.Fatalf("only %d events were published: the server came back after the end of the run", published)
			}
			lost := c.passed - c.sent
			got.wantEvents(t, eventCounts{
				Published: published, Refused: gate.refused(),
				Expected: streams * published, Received: streams * (published - lost), Lost: streams * lost,
				// The new server does not know the old one's ids and says so
				// by an event of its own.
				Foreign: streams,
			})
		})
	}
}

// A gate stands in front of a server's POST /publish. It shuts after a number
// of events, and refuses all until it is opened again: what is published before
// and after a fault is then a matter of counting, not of time.
type gate struct {
	url  string
	shut chan struct{} // closed when the gate has shut

	proxy http.Handler
	mu    sync.Mutex // held while an event passes, so that one follows the other
	left  int64
	no    int64
}

func openGate(t *testing.T, origin string, passes int64) *gate {
	t.Helper()
	to, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{shut: make(chan struct{}), proxy: httputil.NewSingleHostReverseProxy(to), left: passes}
	mux := http.NewServeMux()
	mux.Handle("POST /publish", g)
	g.url = listen(t, mux)
	return g
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.left == 0 {
		g.no++
		http.Error(w, "the gate is shut", http.StatusServiceUnavailable)
		return
	}
	g.proxy.ServeHTTP(w, r)
	if g.left--; g.left == 0 {
		close(g.shut)
	}
}

// open lets everything pass from now on.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left = -1
}

func (g *gate) refused() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.no
}
