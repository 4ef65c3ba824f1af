package loadgen

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What a run of liarScenario has.
const (
	runStreams = 20
	runEvents  = 52
	runAll     = runStreams * runEvents
)

// counts are the parts of a report that have one right value. Bytes depend on
// the length of ids, and lateness on the machine.
type counts struct {
	Published, Refused                                  int64
	Expected, Received, Lost, Duplicated, Reordered     int64
	Foreign, Comments                                   int64
	Opened, Failed, Dropped, Cut, Reconnected, Finished int64
	CutEvents                                           uint64
	Failures                                            map[Failure]uint64
}

func countsOf(r *Report) counts {
	e, s := &r.Events, &r.Streams
	c := counts{
		e.Published, e.Refused,
		e.Expected, e.Received, e.Lost, e.Duplicated, e.Reordered,
		e.Foreign, e.Comments,
		s.Opened, s.Failed, s.Dropped, s.Cut, s.Reconnected, s.Finished,
		r.Findings.CutEvents, r.Failures,
	}
	if c.Failures == nil {
		c.Failures = map[Failure]uint64{}
	}
	return c
}

func wantCounts(t *testing.T, r *Report, want counts) {
	t.Helper()
	if want.Failures == nil {
		want.Failures = map[Failure]uint64{}
	}
	if diff := cmp.Diff(want, countsOf(r)); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// honest are the counts of a run in which nothing goes wrong.
func honest() counts {
	return counts{Published: runEvents, Expected: runAll, Received: runAll, Opened: runStreams}
}

func TestRunAgainstLies(t *testing.T) {
	lossless := []string{"events.lost == 0", "events.duplicated == 0", "events.reordered == 0", "streams.failed == 0"}
	for _, c := range []struct {
		name    string
		lies    lies
		set     []string
		want    func(*counts)
		verdict Verdict
	}{
		{"honest", lies{}, nil, func(*counts) {}, Pass},
		{"every 10th dropped", lies{drop: 10}, []string{"drain=3s"}, func(c *counts) {
			c.Lost = runStreams * 5
			c.Received -= c.Lost
		}, Fail},
		{"every 10th doubled", lies{double: 10}, nil, func(c *counts) { c.Duplicated = runStreams * 5 }, Fail},
		{"every 5th publish refused", lies{refuse: 5}, nil, func(c *counts) {
			c.Published, c.Refused = 42, 10
			c.Expected, c.Received = 42*runStreams, 42*runStreams
			c.Failures = map[Failure]uint64{"publish: status 503": 10}
		}, Pass},
		{"ends after 10 events", lies{endAfter: 10}, nil, func(c *counts) {
			c.Dropped, c.Reconnected = runStreams*5, runStreams*5
			c.Failures = map[Failure]uint64{FailureEnded: runStreams * 5}
		}, Pass},
		{"ends within an event", lies{tearAfter: 10}, nil, func(c *counts) {
			c.CutEvents = runStreams * 5
			c.Dropped, c.Reconnected = runStreams*5, runStreams*5
			c.Failures = map[Failure]uint64{FailureEnded: runStreams * 5}
		}, Pass},
		{"is cut within an event", lies{cutAfter: 10}, nil, func(c *counts) {
			c.CutEvents = runStreams * 5
			c.Dropped, c.Reconnected = runStreams*5, runStreams*5
			c.Failures = map[Failure]uint64{FailureReset: runStreams * 5}
		}, Pass},
		{"foreign events and comments", lies{noise: true}, nil, func(c *counts) {
			c.Foreign, c.Comments = runAll, runAll
		}, Pass},
		{"several topics", lies{}, []string{"streams.topics=t-{stream}"}, func(c *counts) {
			// 52 events dealt to 20 topics of one stream each.
			c.Expected, c.Received = runEvents, runEvents
		}, Pass},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachTransport(t, func(t *testing.T, transport string) {
				l := newLiar(t, c.lies)
				r := runPlan(t, l.plan(t, transport, c.set, thresholds(t, lossless...)))
				want := honest()
				c.want(&want)
				wantCounts(t, r, want)
				if verdict, reasons := judged(r); verdict != c.verdict {
					t.Errorf("verdict %s, want %s: %q", verdict, c.verdict, reasons)
				}
				if did := l.truth(); int64(did.Accepted) != r.Events.Published || int64(did.Delivered) != r.Events.Received {
					t.Errorf("the server took %d events and delivered %d, the report says %d and %d", did.Accepted, did.Delivered, r.Events.Published, r.Events.Received)
				}
				if r.Latency.Fanout.Count != r.Events.Received {
					t.Errorf("%d latencies of %d events", r.Latency.Fanout.Count, r.Events.Received)
				}
				if r.Streams.Peak != runStreams || r.Generator.Transport != transport {
					t.Errorf("%d streams at once on transport %s, want %d on %s", r.Streams.Peak, r.Generator.Transport, runStreams, transport)
				}
			})
		})
	}
}

// Publishes that overlap may arrive in either order; one at a time they may
// not.
func oneAtATime(s *Scenario) { s.Publish.InFlight = 1 }

func TestRunReportsReordering(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		// What falls due while a publish is unanswered is not sent. A busy machine
		// may leave so little that there is nothing to swap: that run shows nothing.
		for !reportsReordering(t, transport) {
		}
	})
}

// reportsReordering runs against a liar that swaps events, and reports whether it
// could swap any.
func reportsReordering(t *testing.T, transport string) bool {
	t.Helper()
	l := newLiar(t, lies{swap: 3})
	r := runPlan(t, l.plan(t, transport, nil, oneAtATime, thresholds(t, "events.lost == 0", "events.reordered == 0")))
	did := l.truth()
	want := honest()
	want.Published = int64(did.Accepted)
	want.Expected, want.Received = want.Published*runStreams, want.Published*runStreams
	want.Reordered = int64(did.Swapped)
	wantCounts(t, r, want)
	verdict, reasons := judged(r)
	switch {
	case did.Swapped > 0 && verdict != Fail:
		t.Errorf("verdict %s, want fail: %q", verdict, reasons)
	case did.Swapped == 0 && did.Accepted == runEvents:
		t.Fatal("nothing was swapped of all events")
	}
	return did.Swapped > 0
}

// A server that ignores Last-Event-ID loses what was published meanwhile.
func TestRunReportsWhatAServerForgets(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		l := newLiar(t, lies{endAfter: 10, forgetful: true, holdBack: 30 * time.Millisecond})
		r := runPlan(t, l.plan(t, transport, []string{"drain=3s"}))
		did := l.truth()
		if did.Accepted != runEvents || did.Delivered == runAll {
			t.Fatalf("the server took %d events and delivered %d of %d: nothing was forgotten", did.Accepted, did.Delivered, runAll)
		}
		e := r.Events
		if e.Expected != runAll || e.Received != int64(did.Delivered) || e.Lost != int64(runAll-did.Delivered) || e.Duplicated+e.Reordered != 0 {
			t.Errorf("%d expected, %d received, %d lost, %d duplicated, %d reordered; want %d, %d, %d, 0, 0",
				e.Expected, e.Received, e.Lost, e.Duplicated, e.Reordered, runAll, did.Delivered, runAll-did.Delivered)
		}
	})
}

func TestRunTellsTheTruthAboutLatency(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		const delay = 150 * time.Millisecond
		l := newLiar(t, lies{delay: delay})
		r := runPlan(t, l.plan(t, transport, []string{"late_after=150ms"}))
		wantCounts(t, r, honest())
		for name, seconds := range map[string]float64{
			"fanout min": r.Latency.Fanout.Min, "fanout p50": r.Latency.Fanout.P50,
			"fanout_last min": r.Latency.FanoutLast.Min, "first_event min": r.Latency.FirstEvent.Min,
		} {
			if seconds < delay.Seconds() {
				t.Errorf("%s is %v s, less than the %v by which every event was delayed", name, seconds, delay)
			}
		}
		if r.Latency.Connect.Count != runStreams || r.Latency.FirstEvent.Count != runStreams {
			t.Errorf("%d connects and %d first events, want %d", r.Latency.Connect.Count, r.Latency.FirstEvent.Count, runStreams)
		}
		if r.Latency.FanoutLast.Count != runEvents || r.Latency.FanoutSpread.Count != runEvents || r.Latency.FanoutLast.Max != r.Latency.Fanout.Max {
			t.Errorf("fanout_last has %d events and max %v, fanout_spread %d; want %d, the fanout's max %v, %d",
				r.Latency.FanoutLast.Count, r.Latency.FanoutLast.Max, r.Latency.FanoutSpread.Count, runEvents, r.Latency.Fanout.Max, runEvents)
		}
		if r.Events.Late != runAll {
			t.Errorf("%d late, want all %d", r.Events.Late, runAll)
		}
	})
}

func TestRunLeavesTheWarmupOut(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		l := newLiar(t, lies{})
		// 10 of the 52 events are due within the first 100 ms.
		r := runPlan(t, l.plan(t, transport, []string{"warmup=100ms", "duration=420ms"}))
		wantCounts(t, r, honest())
		for name, n := range map[string]int64{"fanout": r.Latency.Fanout.Count, "publish lag": r.Latency.PublishLag.Count * runStreams, "fanout last": r.Latency.FanoutLast.Count * runStreams} {
			if want := int64(42 * runStreams); n != want {
				t.Errorf("%s has %d samples, want %d", name, n, want)
			}
		}
	})
}
