package loadgen

import (
	"math"
	"time"
)

// An Exponential is a histogram whose bucket bounds are powers of one base, as
// OpenTelemetry's exponential histograms and Prometheus' native ones are: the
// base is 2^(2^-Scale), and bucket i holds the durations from base^(i-1)
// seconds, without, to base^i seconds.
type Exponential struct {
	Scale   int
	Count   uint64
	Sum     float64 // seconds, as exact as the histogram's mean
	Min     float64 // seconds, exact like Max; 0 when there is no sample
	Max     float64
	Buckets map[int]uint64 // those that hold something
}

// Exponential puts l into buckets of a scale. Each bucket of l goes as a whole
// to where its upper end lies, which is what Quantile tells. So a quantile that
// is estimated from the result is at most the factor 2^(2^-scale) off that of
// l, which is itself off by at most a thousandth or 512 ns.
func (l *Latency) Exponential(scale int) Exponential {
	e := Exponential{Scale: scale, Count: uint64(l.Count()), Buckets: map[int]uint64{}}
	if e.Count == 0 {
		return e
	}
	s := l.Summary()
	e.Sum, e.Min, e.Max = s.Mean*float64(s.Count), s.Min, s.Max
	for b := range l.buckets() {
		e.Buckets[exponentialBucket(time.Duration(b.highest), scale)] += uint64(b.count)
	}
	return e
}

// exponentialBucket is the number of the bucket that holds d.
func exponentialBucket(d time.Duration, scale int) int {
	fraction, exponent := math.Frexp(d.Seconds())
	return int(math.Ceil(math.Ldexp(math.Log2(fraction)+float64(exponent), scale)))
}

// Cumulative counts the durations up to each of the bounds, which are in
// seconds and ascending. A bucket of l that a bound divides counts above it.
func (l *Latency) Cumulative(bounds []float64) []uint64 {
	counts := make([]uint64, len(bounds))
	var at int
	var sum uint64
	for b := range l.buckets() {
		for ; at < len(bounds) && bounds[at] < time.Duration(b.highest).Seconds(); at++ {
			counts[at] = sum
		}
		sum += uint64(b.count)
	}
	for ; at < len(bounds); at++ {
		counts[at] = sum
	}
	return counts
}
