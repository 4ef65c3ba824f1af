package telemetry

import (
	"strings"

	"github.com/ssegauge/ssegauge/loadgen"
)

// A Kind is how the values of a metric move.
type Kind string

// Kinds of metric.
const (
	Counter   Kind = "counter"   // only rises during a run
	Gauge     Kind = "gauge"     // rises and falls
	Histogram Kind = "histogram" // of durations
)

// A Unit is that of a metric's values, in the Unified Code for Units of Measure.
type Unit string

// Units. Those in braces only name what is counted.
const (
	Seconds     Unit = "s"
	Bytes       Unit = "By"
	Ratio       Unit = "1"
	States      Unit = "{state}"
	Streams     Unit = "{stream}"
	Connections Unit = "{connection}"
	Events      Unit = "{event}"
	Deliveries  Unit = "{delivery}"
	Comments    Unit = "{comment}"
	Failures    Unit = "{failure}"
)

// A Metric is a figure of a run that monitoring systems get.
type Metric struct {
	// Name is in OpenTelemetry's style, such as "ssegauge.streams.open".
	Name string
	Help string // what it tells, without a full stop
	Kind Kind
	Unit Unit
	// Label tells the points of the metric apart, besides the scenario; empty
	// where there is only one.
	Label string

	read func(*source) []Point
}

// PrometheusName is the name with the unit behind it, as Prometheus wants it
// and as OpenTelemetry collectors translate it.
func (m *Metric) PrometheusName() string {
	name := strings.ReplaceAll(m.Name, ".", "_") + map[Unit]string{Seconds: "_seconds", Bytes: "_bytes", Ratio: "_ratio"}[m.Unit]
	if m.Kind == Counter {
		name += "_total"
	}
	return name
}

// A Point is the value of a metric under one value of its label.
type Point struct {
	Label     string
	Value     float64
	Histogram *Durations // instead of the value, for a histogram
}

// Durations are a histogram in the two forms that monitoring systems take.
type Durations struct {
	loadgen.Exponential
	// Classic counts the durations up to each of ClassicBounds.
	Classic []uint64
}

// Scale is that of exponential histograms: 32 buckets for each doubling. A
// quantile that is estimated from them is at most 2.2 % off.
const Scale = 5

// ClassicBounds are the upper ends, in seconds, of the buckets for systems that
// do not know exponential ones.
var ClassicBounds = []float64{
	0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
	0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600,
}
