//go:build unix

package proxylab

import (
	"context"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/conformance/doctor"
	"github.com/ssegauge/ssegauge/internal/refserver"
	"github.com/ssegauge/ssegauge/loadgen"
)

// only keeps the variants of the names.
func only(m *Matrix, names ...string) *Matrix {
	m.Variants = slices.DeleteFunc(m.Variants, func(v *Variant) bool { return !slices.Contains(names, v.Name) })
	return m
}

func verdicts(r *Report) map[string]doctor.Verdict {
	got := map[string]doctor.Verdict{}
	for _, row := range r.Rows {
		got[row.Variant] = row.Verdict
	}
	return got
}

// The story that this began with, and one row of each other sort.
func TestBehaviourOfNginx(t *testing.T) {
	t.Parallel()
	want := map[string]doctor.Verdict{
		"nginx-http10": doctor.Held, "nginx-sse": doctor.Streams, "nginx-gzip": doctor.Held,
		"nginx-gzip-buffering-off": doctor.Streams, "nginx-short-timeout": doctor.Cut, "nginx-cache": doctor.Replayed,
		"nginx-few-connections": doctor.Refused, "go-reverseproxy": doctor.Streams,
	}
	m := only(loadMatrix(t, scenario("nginx.yaml")), slices.Collect(maps.Keys(want))...)
	r, err := newLab(t).Run(t.Context(), m, Options{BehaviourOnly: true, Idle: 4 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	skipSkipped(t, r)
	if got := verdicts(r); !maps.Equal(got, want) {
		t.Errorf("verdicts %v, want %v", got, want)
	}
	if surprises := r.Surprises(); len(surprises) > 0 {
		t.Errorf("%d rows are not as foreseen, the first is %+v", len(surprises), surprises[0])
	}
	first := map[string]string{
		"nginx-http10": "D1", "nginx-gzip": "D4", "nginx-short-timeout": "D7", "nginx-cache": "D10", "nginx-few-connections": "D12",
	}
	for _, row := range r.Rows {
		if id, bad := first[row.Variant]; bad && (len(row.Diagnoses) == 0 || row.Diagnoses[0].ID != id) {
			t.Errorf("%s: the diagnoses are %+v, want %s first", row.Variant, row.Diagnoses, id)
		}
		switch {
		case row.Verdict != doctor.Streams && (len(row.Diagnoses) == 0 || len(row.Diagnoses[0].Fixes) == 0):
			t.Errorf("%s is %s and has nothing to paste", row.Variant, row.Verdict)
		case row.Version == "" || row.Behaviour.Delay.P50 <= 0:
			t.Errorf("%s has version %q and behaviour %+v", row.Variant, row.Version, row.Behaviour)
		}
	}
}

func skipSkipped(t *testing.T, r *Report) {
	t.Helper()
	for _, row := range r.Rows {
		if row.Skipped != "" && os.Getenv("CI") != "" {
			t.Fatal(row.Variant, ": ", row.Skipped)
		}
		if row.Skipped != "" {
			t.Skip(row.Variant, ": ", row.Skipped)
		}
	}
}

// A matrix for a proxy that nobody has still has Go's row.
func TestSkippedRows(t *testing.T) {
	t.Parallel()
	absent := &kind{name: "absent", programs: []string{"ssegauge-has-no-such-proxy"}, install: "make it up"}
	m := &Matrix{Name: "test", Variants: []*Variant{{Name: "one", About: "x", kind: absent}, builtinVariant()}}
	r, err := newLab(t).Run(t.Context(), m, Options{BehaviourOnly: true, Idle: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != 2 || r.Rows[0].Verdict != doctor.Streams || r.Rows[1].Skipped != "absent is not installed; install it with: make it up" {
		t.Errorf("%+v, want Go's row and a skipped one", r.Rows)
	}
}

// serve starts a reference server in the test, for the load part.
func serve(t *testing.T) StartServer {
	return func(_ context.Context, s *loadgen.Scenario) (func(), error) {
		server, err := refserver.New(refserver.Config{})
		if err != nil {
			return nil, err
		}
		listener, err := net.Listen("tcp", loopback+"0")
		if err != nil {
			return nil, err
		}
		ended := make(chan error, 1)
		go func() { ended <- server.Serve(listener) }()
		url := "http://" + listener.Addr().String()
		s.Target.URL, s.Publish.URL = url+"/events?topic={topic}", url+"/publish"
		return func() {
			if err := server.Shutdown(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
			<-ended
		}, nil
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	m := only(loadMatrix(t, scenario("nginx.yaml")), "nginx-sse", "nginx-tls", "nginx-http10", "go-reverseproxy")
	m.Load = Load{Streams: 5, Rate: 20, Size: 100, Duration: 500 * time.Millisecond, Rounds: 2, SaturationRate: 100}
	r, err := newLab(t).Run(t.Context(), m, Options{Idle: time.Second, Server: serve(t)})
	if err != nil {
		t.Fatal(err)
	}
	skipSkipped(t, r)
	const deliveries = 2 * 10 * 5
	if d := r.DirectLoad; d.Rounds != 2 || d.Received != deliveries || d.Lost != 0 {
		t.Errorf("direct: %+v; want %d received in 2 rounds", d, deliveries)
	}
	for _, row := range r.Rows {
		l := row.Load
		switch {
		case row.Variant == "nginx-http10":
			if l != nil {
				t.Errorf("%s is held and was loaded", row.Variant)
			}
		case l == nil:
			t.Errorf("%s was not loaded", row.Variant)
		case l.Expected != deliveries || l.Received != deliveries || l.Lost != 0 || l.Fanout.Count != deliveries:
			t.Errorf("%s: %+v; want %d expected and received", row.Variant, l, deliveries)
		case len(l.Ratios) != 3 || len(l.Curve) == 0 || l.Deliveries <= 0 || l.Offered <= 0:
			t.Errorf("%s: %+v; want ratios, a curve and deliveries", row.Variant, l)
		}
	}
	var html, text strings.Builder
	if err := WriteHTML(&html, r); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(html.String(), "<figure"); n != 3 {
		t.Errorf("the page has %d figures, want 3", n)
	}
	if err := WriteText(&text, r); err != nil || !strings.Contains(text.String(), "added p99.9") {
		t.Errorf("%v: %s", err, text.String())
	}
}
