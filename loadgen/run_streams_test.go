package loadgen

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// What becomes of a stream by the answer to its request.
func TestRunAnswers(t *testing.T) {
	status := func(code int) func(http.ResponseWriter, *http.Request, int) bool {
		return func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			w.WriteHeader(code)
			return true
		}
	}
	contentType := func(value string) func(http.ResponseWriter, *http.Request, int) bool {
		return func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			w.Header()["Content-Type"] = []string{value}
			fmt.Fprint(w, "data: x\n\n")
			return true
		}
	}
	given := func(why Failure) counts {
		return counts{Published: 10, Failed: 5, Failures: map[Failure]uint64{why: 5}}
	}
	for _, c := range []struct {
		name    string
		answer  func(http.ResponseWriter, *http.Request, int) bool
		want    counts
		verdict Verdict
	}{
		{"401", status(401), given("status 401"), Fail},
		{"403", status(403), given("status 403"), Fail},
		{"404", status(404), given("status 404"), Fail},
		{"503", status(503), given("status 503"), Fail},
		{"204 at once", status(204), counts{Published: 10, Finished: 5}, Fail},
		{"JSON", contentType("application/json"), given(FailureType), Fail},
		{"no type", contentType(""), given(FailureType), Fail},
		{"a redirect without a location", status(302), given("status 302"), Fail},
		{"redirects without end", func(w http.ResponseWriter, r *http.Request, _ int) bool {
			http.Redirect(w, r, r.URL.String(), http.StatusFound)
			return true
		}, counts{Published: 10, Failed: 5}, Fail},
		{"the type in capitals", func(w http.ResponseWriter, r *http.Request, _ int) bool {
			w.Header().Set("Content-Type", "Text/Event-Stream")
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return true
		}, counts{Published: 10, Opened: 5, Expected: 50, Lost: 50}, Pass},
		{"another type on reconnection", func(w http.ResponseWriter, _ *http.Request, attempt int) bool {
			if attempt == 1 {
				w.Header().Set("Content-Type", "text/event-stream")
			}
			w.Header().Set("Connection", "close")
			fmt.Fprint(w, ": hello\n\n")
			return true
		}, counts{Published: 10, Opened: 5, Failed: 5, Dropped: 5, Comments: 5, Expected: 50, Lost: 50, Failures: map[Failure]uint64{FailureEnded: 5, FailureType: 5}}, Pass},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachTransport(t, func(t *testing.T, transport string) {
				l := newLiar(t, lies{answer: c.answer})
				set := []string{"streams.count=5", "duration=100ms", "drain=200ms"}
				if c.name == "another type on reconnection" {
					// All must have been opened and given up before anything is
					// published, so that what is lost has one right value.
					set = append(set, "streams.reconnect.retry=1ms")
				}
				r := runPlan(t, l.plan(t, transport, set))
				want := c.want
				if want.Failures == nil && want.Failed > 0 {
					// Each attempt fails again until the end.
					for why, n := range r.Failures {
						if n < 5 {
							t.Errorf("%d × %s, want at least 5", n, why)
						}
					}
					want.Failures = r.Failures
				}
				wantCounts(t, r, want)
				if verdict, reasons := judged(r); verdict != c.verdict {
					t.Errorf("verdict %s, want %s: %q", verdict, c.verdict, reasons)
				}
			})
		})
	}
}

// A stream that the server ends for good has all that it had to get.
func TestRunFinishesWith204(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		l := newLiar(t, lies{endAfter: 10, answer: func(w http.ResponseWriter, _ *http.Request, attempt int) bool {
			if attempt < 3 {
				return false
			}
			w.WriteHeader(http.StatusNoContent)
			return true
		}})
		r := runPlan(t, l.plan(t, transport, nil))
		wantCounts(t, r, counts{
			Published: runEvents, Opened: runStreams, Expected: 20 * runStreams, Received: 20 * runStreams,
			Dropped: 2 * runStreams, Reconnected: runStreams, Finished: runStreams,
			Failures: map[Failure]uint64{FailureEnded: 2 * runStreams},
		})
	})
}

// A stream that the server does not let in again has lost the rest.
func TestRunLosesWhatAFailedStreamMissed(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		l := newLiar(t, lies{endAfter: 10, answer: func(w http.ResponseWriter, _ *http.Request, attempt int) bool {
			if attempt == 1 {
				return false
			}
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}})
		r := runPlan(t, l.plan(t, transport, nil))
		wantCounts(t, r, counts{
			Published: runEvents, Opened: runStreams, Failed: runStreams, Dropped: runStreams,
			Expected: runAll, Received: 10 * runStreams, Lost: 42 * runStreams,
			Failures: map[Failure]uint64{FailureEnded: runStreams, "status 401": runStreams},
		})
	})
}

func TestRunWaitsForTheReconnectionTime(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		const retry = 250 * time.Millisecond
		l := newLiar(t, lies{endAfter: 30, retry: "250"})
		var again []time.Duration
		l.answerWith(func(_ http.ResponseWriter, r *http.Request, attempt int) bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			if attempt > 1 {
				again = append(again, time.Since(l.ended[r.URL.Query().Get("stream")]))
			}
			return false
		})
		r := runPlan(t, l.plan(t, transport, nil))
		want := honest()
		want.Dropped, want.Reconnected = runStreams, runStreams
		want.Failures = map[Failure]uint64{FailureEnded: runStreams}
		wantCounts(t, r, want)
		if len(again) != runStreams {
			t.Fatalf("%d streams came again, want %d", len(again), runStreams)
		}
		// The server notes the end just before the client can see it.
		for _, waited := range again {
			if waited < retry {
				t.Errorf("a stream came again after %v, the server had asked for %v", waited, retry)
			}
		}
	})
}

func TestRunCutsWithoutLoss(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		l := newLiar(t, lies{})
		r := runPlan(t, l.plan(t, transport, []string{"streams.cut_every=400ms"}))
		want := honest()
		// A cut that comes within an event is no finding: it is ours.
		want.Cut, want.Reconnected = r.Streams.Cut, r.Streams.Reconnected
		wantCounts(t, r, want)
		if r.Streams.Cut < 5 || r.Streams.Reconnected < 5 {
			t.Errorf("%d streams were cut every 400 ms for 520 ms: %d cuts, %d reconnections", runStreams, r.Streams.Cut, r.Streams.Reconnected)
		}
	})
}

func TestRunCohorts(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		l := newLiar(t, lies{})
		plan := scenarioPlan(t, `
name: cohorts
target:
  url: "${LIAR}/events?topic={topic}&stream={stream}"
publish:
  url: "${LIAR}/publish"
  body: '{"topic":{topic_json},"data":{data_json}}'
  rate: 100/s
streams:
  ramp: 20ms
  reconnect: {retry: 5ms, jitter: 0}
  cohorts:
    - {name: healthy, count: 15}
    - {name: stalled, count: 5, stall: {after: 0s, for: 400ms}}
duration: 520ms
drain: 20s
thresholds:
  - healthy:events.lost == 0
  - stalled:fanout.max >= 300ms
`, l.url, transport, nil)
		r := runPlan(t, plan)
		wantCounts(t, r, honest())
		if len(r.Cohorts) != 2 || r.Cohorts[0].Name != "healthy" || r.Cohorts[1].Name != "stalled" {
			t.Fatalf("cohorts %+v", r.Cohorts)
		}
		for i, streams := range []int64{15, 5} {
			if c := r.Cohorts[i]; c.Events.Received != streams*runEvents || c.Fanout.Count != streams*runEvents {
				t.Errorf("%s: %d received, %d latencies, want %d", c.Name, c.Events.Received, c.Fanout.Count, streams*runEvents)
			}
		}
		if verdict, reasons := judged(r); verdict != Pass {
			t.Errorf("verdict %s: %q", verdict, reasons)
		}
	})
}

func TestRunStages(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		l := newLiar(t, lies{})
		plan := scenarioPlan(t, `
name: stages
target: {url: "${LIAR}/events?topic={topic}&stream={stream}"}
publish:
  url: "${LIAR}/publish"
  body: '{"topic":{topic_json},"data":{data_json}}'
  rate: 100/s
streams:
  stages:
    - {duration: 200ms, count: 20}
    - {duration: 200ms, count: 20}
    - {duration: 200ms, count: 5}
    - {duration: 1h, count: 1000}
duration: 620ms
drain: 20s
`, l.url, transport, nil)
		r := runPlan(t, plan)
		want := honest()
		// The last stage asks for a stream every 3.6 s: one, at its beginning.
		// A slow machine may close a stream before its head has come.
		want.Published, want.Opened = 62, r.Streams.Opened
		want.Expected, want.Received = r.Events.Expected, r.Events.Expected
		wantCounts(t, r, want)
		if r.Streams.Opened < 5 || r.Streams.Opened > 21 || r.Streams.Peak > 20 || r.Streams.Planned != 1015 {
			t.Errorf("%d opened, %d at once, %d planned; want at most 21, 20, and 1015", r.Streams.Opened, r.Streams.Peak, r.Streams.Planned)
		}
		if int64(l.truth().Delivered) < r.Events.Received || r.Events.Received == 0 {
			t.Errorf("%d received of %d that were delivered", r.Events.Received, l.truth().Delivered)
		}
	})
}

func TestRunSeveralTopicsPerStream(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		l := newLiar(t, lies{})
		r := runPlan(t, l.plan(t, transport, nil, func(s *Scenario) {
			s.Streams.Topics = []string{"all & sundry", "own/{stream}"}
		}))
		want := honest()
		// Of 52 events dealt to 21 topics in turn, the first has 3.
		want.Expected, want.Received = 3*runStreams+49, 3*runStreams+49
		wantCounts(t, r, want)
	})
}
