package loadgen

import (
	"context"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// closedPort is an address at which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// liarScenario is what most runs against a liar begin with: 20 streams, 52
// events.
const liarScenario = `
name: liar
target:
  url: "${LIAR}/events?topic={topic}&stream={stream}"
publish:
  url: "${LIAR}/publish"
  body: '{"topic":{topic_json},"data":{data_json}}'
  rate: 100/s
streams:
  count: 20
  ramp: 20ms
  reconnect: {retry: 5ms, jitter: 0}
duration: 520ms
drain: 20s
`

// plan is the scenario of a liar, changed by settings and functions.
func (l *liar) plan(t *testing.T, transport string, set []string, change ...func(*Scenario)) *Plan {
	t.Helper()
	return scenarioPlan(t, liarScenario, l.url, transport, set, change...)
}

func scenarioPlan(t *testing.T, text, url, transport string, set []string, change ...func(*Scenario)) *Plan {
	t.Helper()
	s, err := Load("liar.yaml", []byte(text), set, func(name string) (string, bool) { return url, name == "LIAR" })
	if err != nil {
		t.Fatal(err)
	}
	s.Transport = transport
	for _, f := range change {
		f(s)
	}
	plan := NewPlan(s)
	return plan
}

// firstRun is the first hold of a session.
func firstRun(plan *Plan) (*run, error) {
	s, err := newSession(plan)
	if err != nil {
		return nil, err
	}
	return s.newRun(plan, s.goingOn(plan)), nil
}

// thresholds are to be met by a run.
func thresholds(t *testing.T, expressions ...string) func(*Scenario) {
	t.Helper()
	var all []Threshold
	for _, e := range expressions {
		all = append(all, parseThreshold(t, e))
	}
	return func(s *Scenario) { s.Thresholds = all }
}

// plainTransports are those that carry plain HTTP/1.1 on this system.
func plainTransports() []string {
	if runtime.GOOS == "linux" {
		return []string{TransportPortable, TransportLoops}
	}
	return []string{TransportPortable}
}

// eachTransport runs a test over every transport that carries plain HTTP/1.1.
func eachTransport(t *testing.T, test func(t *testing.T, transport string)) {
	t.Helper()
	t.Parallel()
	for _, transport := range plainTransports() {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			test(t, transport)
		})
	}
}

// runPlan runs a plan, and demands what holds for every report.
func runPlan(t *testing.T, plan *Plan) *Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r, err := Run(ctx, plan, Options{Version: "test", Interval: 500 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	checkReport(t, r)
	return r
}

func checkReport(t *testing.T, r *Report) {
	t.Helper()
	if e := &r.Events; e.Expected != e.Received+e.Lost {
		t.Errorf("%d expected is not %d received + %d lost", e.Expected, e.Received, e.Lost)
	}
	var cohorts DeliveryCounts
	for i := range r.Cohorts {
		cohorts.add(&r.Cohorts[i].Events)
	}
	if len(r.Cohorts) > 0 && cohorts != r.Events.DeliveryCounts {
		t.Errorf("the cohorts' deliveries add up to %+v, the total is %+v", cohorts, r.Events.DeliveryCounts)
	}
	for _, reason := range r.Reasons {
		if strings.Contains(reason, "books") || strings.Contains(reason, "latencies were negative") {
			t.Error(reason)
		}
	}
}

// judged is the verdict of a run without what a busy machine adds to it.
func judged(r *Report) (Verdict, []string) {
	reasons := slices.DeleteFunc(slices.Clone(r.Reasons), func(reason string) bool {
		return strings.HasPrefix(reason, "the generator") || strings.Contains(reason, "were due but not sent")
	})
	switch {
	case r.Verdict != Invalid:
		return r.Verdict, reasons
	case len(reasons) == len(r.Reasons):
		return Invalid, reasons
	case slices.ContainsFunc(r.Thresholds, func(t ThresholdResult) bool { return !t.OK }), r.Streams.Opened == 0:
		return Fail, reasons
	}
	return Pass, reasons
}
