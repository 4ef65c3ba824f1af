// Package prometheus shows the metrics of a run to Prometheus.
package prometheus

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/telemetry"
)

// A collector gives the latest snapshot to a registry.
type collector struct {
	latest atomic.Pointer[telemetry.Snapshot] // nil until the run begins
	descs  map[string]*prometheus.Desc        // by the metric's name
}

func newCollector() *collector {
	c := &collector{descs: map[string]*prometheus.Desc{}}
	for _, m := range telemetry.Metrics() {
		labels := []string{"scenario"}
		if m.Label != "" {
			labels = append(labels, m.Label)
		}
		c.descs[m.Name] = prometheus.NewDesc(m.PrometheusName(), m.Help+".", labels, nil)
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := c.latest.Load()
	if s == nil {
		return
	}
	for _, series := range s.Series {
		for _, p := range series.Points {
			out <- c.metric(s, series.Metric, p)
		}
	}
}

func (c *collector) metric(s *telemetry.Snapshot, m *telemetry.Metric, p telemetry.Point) prometheus.Metric {
	desc, labels := c.descs[m.Name], []string{s.Scenario}
	if m.Label != "" {
		labels = append(labels, p.Label)
	}
	var metric prometheus.Metric
	var err error
	switch m.Kind {
	case telemetry.Counter:
		metric, err = prometheus.NewConstMetricWithCreatedTimestamp(desc, prometheus.CounterValue, p.Value, s.Started, labels...)
	case telemetry.Histogram:
		metric, err = newHistogram(desc, s, p.Histogram, labels)
	default:
		metric, err = prometheus.NewConstMetric(desc, prometheus.GaugeValue, p.Value, labels...)
	}
	if err != nil {
		return prometheus.NewInvalidMetric(desc, err)
	}
	return metric
}

// A histogram has native buckets, for scrapers that take them, and classic
// ones, for the others.
type histogram struct {
	prometheus.Metric // with the native buckets
	classic           prometheus.Metric
}

func newHistogram(desc *prometheus.Desc, s *telemetry.Snapshot, d *telemetry.Durations, labels []string) (prometheus.Metric, error) {
	buckets := make(map[int]int64, len(d.Buckets))
	for i, n := range d.Buckets {
		buckets[i] = int64(n)
	}
	native, err := prometheus.NewConstNativeHistogram(desc, d.Count, d.Sum, buckets, nil, 0, int32(d.Scale), prometheus.DefNativeHistogramZeroThreshold, s.Started, labels...)
	if err != nil {
		return nil, err
	}
	cumulative := make(map[float64]uint64, len(d.Classic))
	for i, n := range d.Classic {
		cumulative[telemetry.ClassicBounds[i]] = n
	}
	classic, err := prometheus.NewConstHistogram(desc, d.Count, d.Sum, cumulative, labels...)
	return histogram{native, classic}, err
}

// Write implements prometheus.Metric.
func (h histogram) Write(out *dto.Metric) error {
	var classic dto.Metric
	if err := h.classic.Write(&classic); err != nil {
		return err
	}
	if err := h.Metric.Write(out); err != nil {
		return err
	}
	out.Histogram.Bucket = classic.Histogram.Bucket
	return nil
}
