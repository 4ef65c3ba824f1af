package loadgen

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The geometry of every histogram, in nanoseconds: 1 µs to 1 h at three
// significant digits. One geometry makes all of them addable.
const (
	lowestLatency     = int64(time.Microsecond)
	highestLatency    = int64(time.Hour)
	significantDigits = 3
)

// A Latency is a histogram of durations with the exact extremes beside it,
// since a histogram knows its own only to three digits. It has one owner.
type Latency struct {
	histogram *hdrhistogram.Histogram
	min, max  time.Duration
	// negative and beyond count what the histogram cannot hold: durations below
	// zero, which tell of a clock that was set, and those over an hour.
	negative, beyond uint64
}

func newLatency() *Latency {
	l := &Latency{histogram: hdrhistogram.New(lowestLatency, highestLatency, significantDigits)}
	l.reset()
	return l
}

func (l *Latency) reset() {
	if l.histogram.TotalCount() > 0 {
		l.histogram.Reset()
	}
	l.min, l.max, l.negative, l.beyond = math.MaxInt64, 0, 0, 0
}

// record counts one duration.
func (l *Latency) record(d time.Duration) {
	if d < 0 {
		l.negative++
		return
	}
	l.min, l.max = min(l.min, d), max(l.max, d)
	if l.histogram.RecordValue(int64(d)) != nil {
		l.beyond++
	}
}

// Add adds o to l.
func (l *Latency) Add(o *Latency) {
	if o.histogram.TotalCount() > 0 {
		l.histogram.Merge(o.histogram)
	}
	l.min, l.max = min(l.min, o.min), max(l.max, o.max)
	l.negative += o.negative
	l.beyond += o.beyond
}

// Clone is another Latency with what l has recorded.
func (l *Latency) Clone() *Latency {
	clone := newLatency()
	clone.Add(l)
	return clone
}

// Count is the number of durations recorded.
func (l *Latency) Count() int64 { return l.histogram.TotalCount() }

// Quantile is the duration that the share q of all durations does not exceed,
// to three digits and never beyond the exact maximum; 0 when there is none.
func (l *Latency) Quantile(q float64) time.Duration {
	return min(time.Duration(l.histogram.ValueAtQuantile(100*q)), l.max)
}

// A Curve is a distribution as its percentiles: pairs of a share, from 0 to 1,
// and the time in seconds that this share of all samples does not exceed. Shares
// come closer to each other towards 1, which has the exact maximum.
type Curve [][2]float64

// curveTicks is how many points a Curve has for each halving of the distance to
// 1.
const curveTicks = 5

// Curve is the distribution of l; nil without a sample.
func (l *Latency) Curve() Curve {
	if l.Count() == 0 {
		return nil
	}
	var c Curve
	for _, b := range l.histogram.CumulativeDistributionWithTicks(curveTicks) {
		value := min(max(time.Duration(b.ValueAt), l.min), l.max)
		c = append(c, [2]float64{b.Quantile / 100, value.Seconds()})
	}
	return c
}

// A Summary is what a Report says of a Latency. Times are in seconds.
type Summary struct {
	Count int64   `json:"count"`
	Min   float64 `json:"min"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

// Summary condenses l; without a sample it is zero.
func (l *Latency) Summary() Summary {
	if l.Count() == 0 {
		return Summary{}
	}
	return Summary{
		Count: l.Count(),
		Min:   l.min.Seconds(),
		Mean:  min(max(time.Duration(l.histogram.Mean()), l.min), l.max).Seconds(),
		P50:   l.Quantile(0.50).Seconds(),
		P90:   l.Quantile(0.90).Seconds(),
		P99:   l.Quantile(0.99).Seconds(),
		P999:  l.Quantile(0.999).Seconds(),
		Max:   l.max.Seconds(),
	}
}

// statistics are the names that a threshold gives to the parts of a Summary.
var statistics = []struct {
	name string
	of   func(Summary) float64
}{
	{"count", func(s Summary) float64 { return float64(s.Count) }},
	{"min", func(s Summary) float64 { return s.Min }},
	{"mean", func(s Summary) float64 { return s.Mean }},
	{"p50", func(s Summary) float64 { return s.P50 }},
	{"p90", func(s Summary) float64 { return s.P90 }},
	{"p99", func(s Summary) float64 { return s.P99 }},
	{"p999", func(s Summary) float64 { return s.P999 }},
	{"max", func(s Summary) float64 { return s.Max }},
}
