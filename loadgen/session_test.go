package loadgen

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// holdPlan runs a plan in a session, and demands what holds for every report.
func holdPlan(t *testing.T, s *Session, plan *Plan) *Report {
	t.Helper()
	r, err := s.Hold(t.Context(), plan, Options{Interval: 500 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	checkReport(t, r)
	return r
}

func newTestSession(t *testing.T, plan *Plan) *Session {
	t.Helper()
	s, err := NewSession(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Streams that the next hold also has go on with the connection that they have,
// and each hold has books of its own.
func TestSessionReusesStreams(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		l := newLiar(t, lies{})
		plan := func(set ...string) *Plan {
			return l.plan(t, transport, append([]string{"duration=200ms", "streams.topics=all"}, set...))
		}
		s := newTestSession(t, plan("streams.count=10"))
		requests := 0
		for i, c := range []struct {
			set             []string
			streams, events int64
			requests        int
		}{
			{[]string{"streams.count=10"}, 10, 20, 10},
			{[]string{"streams.count=20", "publish.rate=50/s"}, 20, 10, 10},
			{[]string{"streams.count=5", "publish.size=2000"}, 5, 20, 0},
			{[]string{"streams.count=5", "streams.topics=other"}, 5, 20, 5},
			{[]string{"streams.count=12", "streams.topics=other"}, 12, 20, 7},
		} {
			r := holdPlan(t, s, plan(c.set...))
			wantCounts(t, r, counts{Published: c.events, Opened: c.streams, Expected: c.streams * c.events, Received: c.streams * c.events})
			if r.Streams.Planned != c.streams || r.Streams.Peak != c.streams || r.Latency.Connect.Count != int64(c.requests) {
				t.Errorf("hold %d: %d planned, %d at once, %d connects; want %d, %d, %d",
					i, r.Streams.Planned, r.Streams.Peak, r.Latency.Connect.Count, c.streams, c.streams, c.requests)
			}
			heads, _ := l.requests()
			if got := len(heads) - requests; got != c.requests {
				t.Errorf("hold %d: %d streams were asked for, want %d", i, got, c.requests)
			}
			requests = len(heads)
		}
	})
}

// A stream that the server refused in one hold is asked for again in the next.
func TestSessionTriesAgainWhatFailed(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		l := newLiar(t, lies{answer: func(w http.ResponseWriter, r *http.Request, attempt int) bool {
			if attempt > 1 || r.URL.Query().Get("stream") != "3" {
				return false
			}
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}})
		plan := func() *Plan { return l.plan(t, transport, []string{"streams.count=5", "duration=100ms"}) }
		s := newTestSession(t, plan())
		wantCounts(t, holdPlan(t, s, plan()), counts{
			Published: 10, Opened: 4, Failed: 1, Expected: 40, Received: 40, Failures: map[Failure]uint64{"status 503": 1},
		})
		wantCounts(t, holdPlan(t, s, plan()), counts{Published: 10, Opened: 5, Expected: 50, Received: 50})
		if diff := cmp.Diff(map[string]int{"0": 1, "1": 1, "2": 1, "3": 2, "4": 1}, l.attemptsOf()); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
	})
}

// What a hold did not wait for is lost in it, and in the next one nobody's.
func TestSessionIgnoresWhatComesTooLate(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		gate := make(chan struct{})
		l := newLiar(t, lies{gate: gate})
		plan := func(set ...string) *Plan {
			return l.plan(t, transport, append([]string{"streams.count=5", "duration=100ms"}, set...))
		}
		s := newTestSession(t, plan())
		wantCounts(t, holdPlan(t, s, plan("drain=1ns")), counts{Published: 10, Opened: 5, Expected: 50, Lost: 50})
		second := sync.OnceFunc(func() { close(gate) })
		t.Cleanup(second)
		l.mu.Lock()
		l.grant = func(*http.Request) int { second(); return http.StatusOK }
		l.mu.Unlock()
		wantCounts(t, holdPlan(t, s, plan()), counts{Published: 10, Opened: 5, Expected: 50, Received: 50})
		if did := l.truth(); did.Delivered != 100 {
			t.Errorf("the server delivered %d, want 100", did.Delivered)
		}
	})
}

func TestSessionKeepsItsCohorts(t *testing.T) {
	l := newLiar(t, lies{})
	plain := l.plan(t, TransportPortable, nil)
	s := newTestSession(t, plain)
	other := l.plan(t, TransportPortable, nil, func(s *Scenario) { s.Streams.Cohorts = []Cohort{{Name: "other", Count: 20}} })
	if _, err := s.Hold(t.Context(), other, Options{}); err != errOtherCohorts {
		t.Errorf("error %v, want %v", err, errOtherCohorts)
	}
}
