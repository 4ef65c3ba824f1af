package loadgen

import (
	"context"
	"errors"
	"strings"
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

// The page of a run under way has no verdict, and nothing that is known only at
// the end.
func TestHTMLBodyOfARunUnderWay(t *testing.T) {
	r := &Report{Scenario: "s", Phases: []PhaseStart{{Phase: Opening}, {Phase: Running, Start: 1}}, Thresholds: []ThresholdResult{{Expression: "events.lost == 0", OK: true}}}
	r.Events.Received = 1234
	for verdict, want := range map[Verdict][]string{
		"":   {`class="verdict running"`, "RUNNING <span>s</span>", "observed so far", "<dd>1,234</dd>"},
		Fail: {`class="verdict fail"`, "FAIL <span>s</span>", `id="ledger"`, `id="findings"`, "of 0 deliveries lost"},
	} {
		r.Verdict = verdict
		var body, page strings.Builder
		if err := errors.Join(r.WriteHTMLBody(&body), r.WriteHTML(&page)); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(body.String(), w) {
				t.Errorf("%q: no %q in\n%s", verdict, w, body.String())
			}
		}
		if verdict == "" && strings.Contains(body.String(), `id="ledger"`) {
			t.Errorf("there is a ledger:\n%s", body.String())
		}
		if strings.Contains(body.String(), "<style") || !strings.Contains(page.String(), body.String()) || !strings.Contains(page.String(), string(HTMLStyle)) {
			t.Errorf("%q: the page is not the body and the style sheet", verdict)
		}
	}
}
