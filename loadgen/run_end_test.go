package loadgen

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestRunInterrupted(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		l := newLiar(t, lies{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		plan := l.plan(t, transport, []string{"duration=1h"})
		r, err := Run(ctx, plan, Options{Interval: 50 * time.Millisecond, Progress: func(p Progress) {
			if p.Received >= 10*runStreams {
				cancel()
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		checkReport(t, r)
		if !r.Interrupted || !slices.ContainsFunc(r.Reasons, func(reason string) bool { return strings.HasPrefix(reason, "interrupted after ") }) {
			t.Errorf("interrupted %v, reasons %q", r.Interrupted, r.Reasons)
		}
		did := l.truth()
		want := honest()
		want.Published = int64(did.Accepted)
		want.Expected, want.Received = want.Published*runStreams, want.Published*runStreams
		wantCounts(t, r, want)
		if did.Accepted < 10 {
			t.Errorf("%d events, want at least 10", did.Accepted)
		}
	})
}

// A run that ends before its streams are open has opened some, failed none.
func TestRunInterruptedWhileOpening(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		l := newLiar(t, lies{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r, err := Run(ctx, l.plan(t, transport, []string{"streams.ramp=1h"}), Options{Interval: 20 * time.Millisecond, Progress: func(p Progress) {
			if p.Open > 0 {
				cancel()
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		wantCounts(t, r, counts{Opened: 1})
		if r.Streams.Planned != runStreams || !r.Interrupted {
			t.Errorf("%d planned, interrupted %v", r.Streams.Planned, r.Interrupted)
		}
	})
}

func TestRunUnreachable(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		address := closedPort(t)
		l := &liar{url: "http://" + address}
		r, err := Run(t.Context(), l.plan(t, transport, nil), Options{})
		if r != nil || !errors.Is(err, ErrUnreachable) {
			t.Fatalf("report %v, error %v; want ErrUnreachable", r, err)
		}
		want := "target unreachable: tried a TCP connection to " + address + " for streams of http://" + address + "/events: "
		if !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %q, want it to begin with %q", err, want)
		}
	})
}

// The first sign of life is a TCP connection; a target that then says nothing
// makes failed streams, not an endless run.
func TestRunUnanswered(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		l := newLiar(t, lies{answer: func(_ http.ResponseWriter, r *http.Request, _ int) bool {
			<-r.Context().Done()
			return true
		}})
		r := runPlan(t, l.plan(t, transport, []string{"streams.open_timeout=50ms", "drain=50ms", "duration=100ms"}))
		wantCounts(t, r, counts{Published: 10, Failed: runStreams, Failures: map[Failure]uint64{FailureUnanswered: runStreams}})
		if verdict, reasons := judged(r); verdict != Fail || !slices.Contains(reasons, "no stream was opened") {
			t.Errorf("verdict %s: %q", verdict, reasons)
		}
	})
}

// The portable transport has a goroutine a stream and one a loop. With a single
// processor none may wait for another without end. Every goroutine and socket
// is gone when a run is over, whatever its end.
func TestRunLeavesNothingBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	processors := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(processors)
	for _, c := range []struct {
		name string
		lies lies
		end  func(cancel func(), p Progress)
	}{
		{"honest", lies{}, nil},
		{"reconnecting", lies{cutAfter: 10}, nil},
		{"interrupted", lies{}, func(cancel func(), p Progress) {
			if p.Received > 0 {
				cancel()
			}
		}},
		{"interrupted while opening", lies{}, func(cancel func(), p Progress) { cancel() }},
		{"unanswered", lies{answer: func(_ http.ResponseWriter, r *http.Request, _ int) bool {
			<-r.Context().Done()
			return true
		}}, func(cancel func(), p Progress) {
			if p.Elapsed > 0 {
				cancel()
			}
		}},
	} {
		for _, transport := range plainTransports() {
			t.Run(c.name+"/"+transport, func(t *testing.T) {
				func() {
					l := newLiar(t, c.lies)
					defer l.server.Close()
					defer l.server.CloseClientConnections()
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					options := Options{Interval: 20 * time.Millisecond}
					if c.end != nil {
						options.Progress = func(p Progress) { c.end(cancel, p) }
					}
					r, err := Run(ctx, l.plan(t, transport, nil), options)
					if err != nil && c.name != "interrupted while opening" {
						t.Fatal(err)
					}
					if c.end == nil && r.Events.Received != runAll {
						t.Errorf("%d received, want %d", r.Events.Received, runAll)
					}
				}()
				goleak.VerifyNone(t, before)
			})
		}
	}
	t.Run("unreachable", func(t *testing.T) {
		l := &liar{url: "http://" + closedPort(t)}
		if _, err := Run(t.Context(), l.plan(t, TransportPortable, nil), Options{}); !errors.Is(err, ErrUnreachable) {
			t.Error(err)
		}
		goleak.VerifyNone(t, before)
	})
}
