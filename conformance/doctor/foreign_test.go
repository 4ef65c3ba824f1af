package doctor

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/internal/badproxy"
)

// ticking is a foreign backend: an endless stream of the same events to all, of
// which so many are flushed at a time.
func ticking(t *testing.T, flushed time.Duration) string {
	t.Helper()
	begun := time.Now()
	const every = 25 * time.Millisecond
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		control := http.NewResponseController(w)
		_ = control.Flush()
		for n := time.Since(begun)/every + 1; ; n++ {
			select {
			case <-time.After(time.Until(begun.Add(n * every))):
			case <-r.Context().Done():
				return
			}
			if _, err := fmt.Fprintf(w, "id: %d\ndata: tick %d of a clock that everybody hears\n\n", n, n); err != nil {
				return
			}
			if n%flushed == 0 {
				_ = control.Flush()
			}
		}
	}))
	t.Cleanup(server.CloseClientConnections)
	t.Cleanup(server.Close)
	return server.URL
}

// broker is a foreign backend to which events are published.
func broker(t *testing.T) (address string, publish *conformance.Publish) {
	t.Helper()
	var mu sync.Mutex
	streams := map[chan string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		events := make(chan string, 100)
		mu.Lock()
		streams[events] = true
		mu.Unlock()
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			delete(streams, events)
		}()
		w.Header().Set("Content-Type", "text/event-stream")
		for control := http.NewResponseController(w); control.Flush() == nil; {
			select {
			case data := <-events:
				if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil {
					return
				}
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(server.CloseClientConnections)
	t.Cleanup(server.Close)
	return server.URL, &conformance.Publish{Func: func(_ context.Context, _ string, f conformance.Fields) error {
		mu.Lock()
		defer mu.Unlock()
		for events := range streams {
			select {
			case events <- f["data"]:
			default:
			}
		}
		return nil
	}}
}

// A foreign is a path to a foreign backend, through a bad proxy.
type foreign struct {
	kind, backend string
	publish       *conformance.Publish
	direct        bool // is examined beside the path
	want          string
	confidence    Confidence
	report        *Report
}

func (c *foreign) first() Diagnosis {
	if len(c.report.Diagnoses) == 0 {
		return Diagnosis{}
	}
	return c.report.Diagnoses[0]
}

// well reports whether the right diagnosis comes first, as sure as it can be.
func (c *foreign) well() bool {
	return c.report != nil && c.first().ID == c.want && c.first().Confidence == c.confidence && !c.report.ProbeOrigin
}

func (c *foreign) examine(t *testing.T) {
	kind, _ := badproxy.Find(c.kind)
	target, err := url.Parse(c.backend)
	if err != nil {
		t.Error(err)
		return
	}
	proxy, err := badproxy.Start(kind, target, nil)
	if err != nil {
		t.Error(err)
		return
	}
	defer proxy.Stop()
	options := Options{Listen: 3 * time.Second, Idle: time.Second}
	path, direct := conformance.Target{URL: proxy.URL + "/events", Publish: c.publish}, conformance.Target{URL: c.backend + "/events"}
	var one, other *Recording
	if c.direct {
		one, other, err = RecordBoth(t.Context(), path, direct, options)
	} else {
		one, err = Record(t.Context(), path, options)
	}
	if err != nil {
		t.Error(err)
		return
	}
	c.report = Judge(one, other)
}

// A foreign backend has no hooks; its events are compared with the same ones on
// the direct path, or with nothing.
func TestForeignBackend(t *testing.T) {
	good, lazy := ticking(t, 1), ticking(t, 20)
	hooked, publish := broker(t)
	cases := []*foreign{
		{kind: "good", backend: hooked, publish: publish},
		{kind: "tick-500ms", backend: hooked, publish: publish, want: "D3b", confidence: Likely},
		{kind: "good", backend: good, direct: true},
		{kind: "good", backend: good},
		{kind: "buffer-1k", backend: good, direct: true, want: "D2", confidence: Certain},
		{kind: "buffer-1k", backend: good, want: "D2", confidence: ConsistentWith},
		{kind: "tick-500ms", backend: good, direct: true, want: "D3b", confidence: Certain},
		{kind: "tick-500ms", backend: good, want: "D3b", confidence: ConsistentWith},
		{kind: "hold", backend: good, direct: true, want: "D1", confidence: Certain},
		{kind: "hold", backend: good, want: "D11", confidence: ConsistentWith},
		{kind: "gzip", backend: good, direct: true, want: "D4", confidence: Certain},
		{kind: "gzip", backend: good, want: "D4", confidence: Likely},
		{kind: "login", backend: good, direct: true, want: "D11", confidence: Certain},
		{kind: "refuse-9th", backend: good, direct: true, want: "D12", confidence: Certain},
		{kind: "queue-9th", backend: good, direct: true, want: "D12", confidence: Certain},
		{kind: "good", backend: lazy, direct: true, want: "D22", confidence: Certain},
	}
	for range 3 { // a busy machine does not do the same again
		again := slices.DeleteFunc(slices.Clone(cases), (*foreign).well)
		var all sync.WaitGroup
		for _, c := range again {
			all.Go(func() { c.examine(t) })
		}
		all.Wait()
	}
	for _, c := range cases {
		if c.report == nil {
			continue
		}
		t.Run(fmt.Sprintf("%s, direct %v, publish %v", c.kind, c.direct, c.publish != nil), func(t *testing.T) {
			if first := c.first(); !c.well() {
				t.Errorf("%s (%s) comes first, want %s (%s)", first.ID, first.Confidence, c.want, c.confidence)
			}
			if t.Failed() || testing.Verbose() {
				t.Logf("%s %+v %+v", c.report.Verdict, c.report.Path, c.report.Diagnoses)
			}
		})
	}
}
