package loadgen

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Who watches a run sees its figures grow up to those of the report.
func TestWatch(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		server := newLiar(t, lies{})
		var phases []Phase
		var last EventCounts
		var samples int64
		r, err := Run(context.Background(), server.plan(t, transport, nil), Options{
			Interval: 20 * time.Millisecond,
			Watch: func(p Progress, r *Report) {
				if len(phases) == 0 || phases[len(phases)-1] != p.Phase {
					phases = append(phases, p.Phase)
				}
				if r.Verdict != "" || r.Events.Received < last.Received || r.Events.Published < last.Published {
					t.Errorf("verdict %q, %+v after %+v", r.Verdict, r.Events, last)
				}
				last, samples = r.Events, r.Histogram("", "fanout").Count()
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Phase{Opening, Running, Draining}, phases); diff != "" {
			t.Errorf("phases (-want +got):\n%s", diff)
		}
		if last.Received != runAll || last != r.Events || samples != runAll || r.Histogram("", "fanout").Count() != samples {
			t.Errorf("last seen %+v with %d samples, reported %+v", last, samples, r.Events)
		}
		if h := r.Histogram("none", "fanout"); h != nil {
			t.Errorf("a cohort that is not there has a histogram of %d samples", h.Count())
		}
	})
}
