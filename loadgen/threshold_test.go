package loadgen

import (
	"strings"
	"testing"
)

func parseThreshold(t *testing.T, expression string) Threshold {
	t.Helper()
	var threshold Threshold
	if err := threshold.UnmarshalText([]byte(expression)); err != nil {
		t.Fatal(err)
	}
	return threshold
}

func TestThresholdErrors(t *testing.T) {
	for _, c := range []struct{ expression, want string }{
		{"", `threshold "": expected METRIC OPERATOR VALUE, such as fanout.p99 < 250ms`},
		{"fanout.p99", `threshold "fanout.p99": expected METRIC OPERATOR VALUE, such as fanout.p99 < 250ms`},
		{"fanout.p99 =< 1s", `threshold "fanout.p99 =< 1s": unknown operator "=<"; known operators: < <= > >= == !=`},
		{"events.lost = 0", `threshold "events.lost = 0": unknown operator "="; known operators: < <= > >= == !=`},
		{"fanout.p99 < 250", `threshold "fanout.p99 < 250": fanout.p99 is compared with a duration such as 250ms, found "250"`},
		{"fanout.p99 <", `threshold "fanout.p99 <": fanout.p99 is compared with a duration such as 250ms, found ""`},
		{"fanout.count > 1s", `threshold "fanout.count > 1s": fanout.count is compared with a number, found "1s"`},
		{"events.lost == none", `threshold "events.lost == none": events.lost is compared with a number, found "none"`},
		{"events.lost < NaN", `threshold "events.lost < NaN": events.lost is compared with a number, found "NaN"`},
		{"event.lost == 0", `threshold "event.lost == 0": unknown metric "event.lost" (did you mean events.lost?); known metrics: connect.count, `},
		{"fanout.p95 < 1s", `threshold "fanout.p95 < 1s": unknown metric "fanout.p95" (did you mean fanout.p90?); known metrics: connect.count, `},
		{"slow:connect.p99 < 1s", `threshold "slow:connect.p99 < 1s": unknown metric "connect.p99"`},
		{"slow:streams.failed == 0", `threshold "slow:streams.failed == 0": unknown metric "streams.failed"`},
		{"slow:events.published > 0", `threshold "slow:events.published > 0": unknown metric "events.published"`},
	} {
		var threshold Threshold
		err := threshold.UnmarshalText([]byte(c.expression))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q:\n got %v\nwant %s", c.expression, err, c.want)
		}
	}
}

func TestThresholdJudge(t *testing.T) {
	r := &Report{
		Streams: StreamCounts{Opened: 3, Failed: 1},
		Events:  EventCounts{PublishCounts{Published: 7}, DeliveryCounts{Lost: 2, Received: 12}},
		Latency: Latencies{Fanout: Summary{Count: 12, Min: 0.01, P99: 0.25, Max: 0.5}},
		Cohorts: []CohortReport{
			{Name: "quick", Fanout: Summary{Count: 6, P99: 0.02}},
			{Name: "stalled", Events: DeliveryCounts{Lost: 2}},
		},
	}
	for _, c := range []struct {
		expression string
		observed   string
		ok         bool
	}{
		{"fanout.p99 < 250ms", "250ms", false},
		{"fanout.p99 <= 250ms", "250ms", true},
		{"fanout.p99>=0.25s", "250ms", true},
		{"fanout.p99 > 250ms", "250ms", false},
		{"fanout.max == 500ms", "500ms", true},
		{"fanout.max != 500ms", "500ms", false},
		{"fanout.count == 12", "12", true},
		{"events.lost == 0", "2", false},
		{"events.lost < 2.5", "2", true},
		{"events.published == 7", "7", true},
		{"streams.failed != 0", "1", true},
		{"quick:fanout.p99 < 30ms", "20.0ms", true},
		{"quick:events.lost == 0", "0", true},
		{"stalled:events.lost == 0", "2", false},
		// What was never measured is not met, in whatever direction.
		{"connect.p99 < 1s", "no sample", false},
		{"connect.p99 > 0s", "no sample", false},
		{"stalled:fanout.p99 < 1s", "no sample", false},
		{"connect.count == 0", "0", true},
	} {
		result := parseThreshold(t, c.expression).judge(r)
		if result.OK != c.ok || observedText(result) != c.observed || result.Expression != c.expression {
			t.Errorf("%s: %v with %s observed, want %v with %s", c.expression, result.OK, observedText(result), c.ok, c.observed)
		}
	}
}

// Every metric that can be written can also be read from a report.
func TestEveryMetricIsRead(t *testing.T) {
	full := Summary{Count: 1}
	r := &Report{
		Latency: Latencies{full, full, full, full, full, full, full, full},
		Cohorts: []CohortReport{{Name: "one", Fanout: full}, {Name: "two", Fanout: full}},
	}
	r.Recovery = &Recovery{}
	r.Recovery.Waves, _ = waves(flows{1: {lost: 1}, 2: {back: 1}})
	for _, name := range Metrics(false) {
		if _, ok := r.metric("", name); !ok {
			t.Errorf("%s cannot be read", name)
		}
	}
	for _, name := range Metrics(true) {
		if _, ok := r.metric("two", name); !ok {
			t.Errorf("two:%s cannot be read", name)
		}
	}
}
