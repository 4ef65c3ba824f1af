package loadgen

import (
	"math"
	"slices"
	"testing"
	"testing/quick"
	"time"
)

func TestExponential(t *testing.T) {
	for _, scale := range []int{0, 5, 8} {
		base := math.Pow(2, math.Pow(2, -float64(scale)))
		law := func(numbers []uint32) bool {
			l := latencyOf(append(spreadDurations(numbers), time.Second))
			e := l.Exponential(scale)
			var sum uint64
			for _, n := range e.Buckets {
				sum += n
			}
			s := l.Summary()
			if sum != e.Count || e.Count != uint64(s.Count) || e.Min != s.Min || e.Max != s.Max {
				return false
			}
			// The rank of a quantile falls into the bucket of its value.
			for _, q := range []float64{0.01, 0.5, 0.9, 0.99, 1} {
				want := time.Duration(l.histogram.ValueAtQuantile(100 * q)).Seconds()
				rank := uint64(max(1, q*float64(e.Count)+0.5))
				upper := math.Pow(base, float64(bucketOf(e, rank)))
				if !(want <= upper*(1+1e-12) && want > upper/base*(1-1e-12)) {
					t.Logf("scale %d, quantile %v: %v is not in (%v, %v]", scale, q, want, upper/base, upper)
					return false
				}
			}
			return true
		}
		if err := quick.Check(law, &quick.Config{MaxCount: 10}); err != nil {
			t.Error(err)
		}
	}
}

// bucketOf is the bucket with the duration of a rank, counted from 1.
func bucketOf(e Exponential, rank uint64) int {
	var sum uint64
	numbers := make([]int, 0, len(e.Buckets))
	for i := range e.Buckets {
		numbers = append(numbers, i)
	}
	slices.Sort(numbers)
	for _, i := range numbers {
		if sum += e.Buckets[i]; sum >= rank {
			return i
		}
	}
	return math.MaxInt
}

func TestExponentialBounds(t *testing.T) {
	// At scale 1 the base is the square root of two.
	for d, want := range map[time.Duration]int{
		time.Second: 0, time.Second + 1: 1, 1414 * time.Millisecond: 1, 1415 * time.Millisecond: 2,
		2 * time.Second: 2, 500 * time.Millisecond: -2, 500*time.Millisecond + 1: -1,
	} {
		if got := exponentialBucket(d, 1); got != want {
			t.Errorf("%v is in bucket %d, want %d", d, got, want)
		}
	}
	if e := newLatency().Exponential(5); e.Count != 0 || len(e.Buckets) != 0 || e.Max != 0 {
		t.Errorf("of no sample: %+v", e)
	}
}

// Counters only grow, also where a later sample is in the bucket of the highest.
func TestExponentialGrows(t *testing.T) {
	l := latencyOf([]time.Duration{time.Second - 400*time.Microsecond})
	before := l.Exponential(8)
	l.record(time.Second - 100*time.Microsecond)
	after := l.Exponential(8)
	for i, n := range before.Buckets {
		if after.Buckets[i] < n {
			t.Errorf("bucket %d fell from %d to %d", i, n, after.Buckets[i])
		}
	}
}

func TestCumulative(t *testing.T) {
	l := latencyOf([]time.Duration{time.Millisecond, 2 * time.Millisecond, 2 * time.Millisecond, time.Second, time.Minute})
	got := l.Cumulative([]float64{0.0005, 0.0015, 0.1, 2, 30})
	if want := []uint64{0, 1, 3, 4, 4}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := newLatency().Cumulative([]float64{1}); !slices.Equal(got, []uint64{0}) {
		t.Errorf("of no sample: %v", got)
	}
}
