package telemetry

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ssegauge/ssegauge/loadgen"
)

// Every count of a report is the value of the metric that has its name.
func TestCountsAreExported(t *testing.T) {
	report := &loadgen.Report{Scenario: "s"}
	want := map[string]float64{}
	n := int64(0)
	for prefix, counts := range map[string]any{
		"streams": &report.Streams, "published": &report.Events.PublishCounts, "delivered": &report.Events.DeliveryCounts,
	} {
		value := reflect.ValueOf(counts).Elem()
		for i := range value.NumField() {
			if field := value.Type().Field(i); field.IsExported() {
				n++
				value.Field(i).SetInt(n)
				want[prefix+"."+field.Tag.Get("json")] = float64(n)
			}
		}
	}
	names := map[string]string{
		"streams.dropped": "connections.dropped", "streams.cut": "connections.cut",
		"delivered.comments": "comments.received", "delivered.bytes": "received",
		"streams.peak": "", // is the maximum of streams.open
	}
	got := map[string]float64{}
	for _, s := range After(report).Series {
		if s.Kind != Histogram && len(s.Points) == 1 {
			got[strings.TrimPrefix(s.Name, "ssegauge.")] = s.Points[0].Value
		}
	}
	for name, value := range want {
		exported, ok := names[name]
		if !ok {
			exported = strings.NewReplacer("published.", "events.", "delivered.", "events.").Replace(name)
		}
		if exported != "" && got[exported] != value {
			t.Errorf("%s is %v, want %v of %s", exported, got[exported], value, name)
		}
	}
	if n < 18 {
		t.Errorf("only %d counts", n)
	}
}

// Every latency of a report has a histogram.
func TestLatenciesAreExported(t *testing.T) {
	var exported []string
	for _, m := range Metrics() {
		if m.Kind == Histogram {
			exported = append(exported, strings.TrimPrefix(m.Name, "ssegauge."))
		}
	}
	latencies := reflect.TypeFor[loadgen.Latencies]()
	for i := range latencies.NumField() {
		if name := latencies.Field(i).Tag.Get("json"); !slices.Contains(exported, name) {
			t.Errorf("no histogram of %s", name)
		}
	}
	if len(exported) != latencies.NumField() {
		t.Errorf("%d histograms, want %d", len(exported), latencies.NumField())
	}
}

func TestCohortsAndStates(t *testing.T) {
	report := &loadgen.Report{Verdict: loadgen.Invalid, Failures: map[loadgen.Failure]uint64{"timeout": 2, "connection reset": 1}}
	report.Cohorts = []loadgen.CohortReport{{Name: "fast"}, {Name: "slow"}}
	report.Cohorts[1].Events.Lost = 7
	for name, want := range map[string][]Point{
		"ssegauge.events.lost": {{Label: "fast"}, {Label: "slow", Value: 7}},
		"ssegauge.failures":    {{Label: "connection reset", Value: 1}, {Label: "timeout", Value: 2}},
		"ssegauge.run.state":   {{Label: "opening"}, {Label: "running"}, {Label: "draining"}, {Label: "pass"}, {Label: "fail"}, {Label: "invalid", Value: 1}},
	} {
		if got := points(After(report), name); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	during := During(loadgen.Progress{Phase: loadgen.Draining, Open: 3, Missing: 4}, &loadgen.Report{})
	for name, want := range map[string]Point{
		"ssegauge.streams.open": {Value: 3}, "ssegauge.events.missing": {Value: 4},
	} {
		if got := points(during, name); !slices.Equal(got, []Point{want}) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if got := points(during, "ssegauge.run.state")[2]; got != (Point{Label: "draining", Value: 1}) {
		t.Errorf("state %v", got)
	}
}

func points(s *Snapshot, name string) []Point {
	for _, series := range s.Series {
		if series.Name == name {
			return series.Points
		}
	}
	return nil
}

func TestPrometheusNames(t *testing.T) {
	for name, want := range map[string]string{
		"ssegauge.streams.open": "ssegauge_streams_open", "ssegauge.streams.opened": "ssegauge_streams_opened_total",
		"ssegauge.received": "ssegauge_received_bytes_total", "ssegauge.fanout_last": "ssegauge_fanout_last_seconds",
		"ssegauge.generator.cpu": "ssegauge_generator_cpu_ratio", "ssegauge.generator.resident_memory": "ssegauge_generator_resident_memory_bytes",
	} {
		i := slices.IndexFunc(metrics, func(m Metric) bool { return m.Name == name })
		if i < 0 || metrics[i].PrometheusName() != want {
			t.Errorf("%s is not there, or not %s", name, want)
		}
	}
}
