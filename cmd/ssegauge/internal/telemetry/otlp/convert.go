package otlp

import (
	"maps"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/telemetry"
)

// resourceMetrics is a snapshot in OpenTelemetry's terms. All sums are
// cumulative from the start of the run.
func resourceMetrics(r *resource.Resource, s *telemetry.Snapshot) *metricdata.ResourceMetrics {
	scope := metricdata.ScopeMetrics{Scope: instrumentation.Scope{Name: "github.com/ssegauge/ssegauge", Version: s.Version}}
	for _, series := range s.Series {
		if len(series.Points) > 0 {
			scope.Metrics = append(scope.Metrics, metricdata.Metrics{
				Name: series.Name, Description: series.Help + ".", Unit: string(series.Unit), Data: aggregation(s, &series),
			})
		}
	}
	return &metricdata.ResourceMetrics{Resource: r, ScopeMetrics: []metricdata.ScopeMetrics{scope}}
}

func aggregation(s *telemetry.Snapshot, series *telemetry.Series) metricdata.Aggregation {
	if series.Kind == telemetry.Histogram {
		h := metricdata.ExponentialHistogram[float64]{Temporality: metricdata.CumulativeTemporality}
		for _, p := range series.Points {
			h.DataPoints = append(h.DataPoints, histogramPoint(s, series.Metric, p))
		}
		return h
	}
	var points []metricdata.DataPoint[float64]
	for _, p := range series.Points {
		points = append(points, metricdata.DataPoint[float64]{Attributes: attributes(s, series.Metric, p), StartTime: s.Started, Time: s.At, Value: p.Value})
	}
	if series.Kind == telemetry.Counter {
		return metricdata.Sum[float64]{DataPoints: points, Temporality: metricdata.CumulativeTemporality, IsMonotonic: true}
	}
	return metricdata.Gauge[float64]{DataPoints: points}
}

func attributes(s *telemetry.Snapshot, m *telemetry.Metric, p telemetry.Point) attribute.Set {
	pairs := []attribute.KeyValue{attribute.String("scenario", s.Scenario)}
	if m.Label != "" {
		pairs = append(pairs, attribute.String(m.Label, p.Label))
	}
	return attribute.NewSet(pairs...)
}

func histogramPoint(s *telemetry.Snapshot, m *telemetry.Metric, p telemetry.Point) metricdata.ExponentialHistogramDataPoint[float64] {
	d := p.Histogram
	point := metricdata.ExponentialHistogramDataPoint[float64]{
		Attributes: attributes(s, m, p), StartTime: s.Started, Time: s.At,
		Count: d.Count, Sum: d.Sum, Scale: int32(d.Scale),
	}
	if d.Count == 0 {
		return point
	}
	point.Min, point.Max = metricdata.NewExtrema(d.Min), metricdata.NewExtrema(d.Max)
	numbers := slices.Sorted(maps.Keys(d.Buckets))
	first, last := numbers[0], numbers[len(numbers)-1]
	// OpenTelemetry numbers buckets by their lower ends.
	point.PositiveBucket = metricdata.ExponentialBucket{Offset: int32(first - 1), Counts: make([]uint64, last-first+1)}
	for i, n := range d.Buckets {
		point.PositiveBucket.Counts[i-first] = n
	}
	return point
}
