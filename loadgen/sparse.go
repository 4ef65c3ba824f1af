package loadgen

import (
	"cmp"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A sparseLatency is a Latency that is kept, not recorded to: it has only those
// of the 17,000 counts of a histogram that are not zero, in ascending order.
type sparseLatency struct {
	counts   []bucketCount
	min, max time.Duration
}

// A bucketCount is a bucket, from its lowest value to its highest, with how many
// samples are in it.
type bucketCount struct{ lowest, highest, count int64 }

// sparse is what l has recorded within the histogram's range.
func (l *Latency) sparse() sparseLatency {
	return sparseLatency{slices.Collect(l.buckets()), l.min, l.max}
}

// buckets are those that hold something, in ascending order.
func (l *Latency) buckets() iter.Seq[bucketCount] {
	return func(yield func(bucketCount) bool) {
		if l.Count() == 0 {
			return
		}
		bounds := bucketBounds()
		for i, n := range l.histogram.Export().Counts {
			if n > 0 && !yield(bucketCount{bounds[i].From, bounds[i].To, n}) {
				return
			}
		}
	}
}

// bucketBounds are the bounds of all buckets, in the order of their counts. To
// ask a histogram for them takes longer than to look through its counts.
var bucketBounds = sync.OnceValue(func() []hdrhistogram.Bar {
	full := newLatency().histogram.Export()
	for i := range full.Counts {
		full.Counts[i] = 1
	}
	return hdrhistogram.Import(full).Distribution()
})

// plus is the sum, which shares no memory with either.
func (l sparseLatency) plus(o sparseLatency) sparseLatency {
	sum := sparseLatency{min: min(l.min, o.min), max: max(l.max, o.max)}
	sum.counts = slices.Concat(l.counts, o.counts)
	slices.SortFunc(sum.counts, func(a, b bucketCount) int { return cmp.Compare(a.lowest, b.lowest) })
	kept := sum.counts[:0]
	for _, c := range sum.counts {
		if n := len(kept); n > 0 && kept[n-1].lowest == c.lowest {
			kept[n-1].count += c.count
			continue
		}
		kept = append(kept, c)
	}
	sum.counts = kept
	return sum
}

// summary is that of the Latency, for which only the buckets that hold something
// are looked at.
func (l sparseLatency) summary() Summary {
	if len(l.counts) == 0 {
		return Summary{}
	}
	s := Summary{Min: l.min.Seconds(), Max: l.max.Seconds()}
	for _, c := range l.counts {
		s.Count += c.count
	}
	var mean float64
	for _, c := range l.counts {
		middle := c.lowest + (c.highest-c.lowest+1)/2
		mean += float64(c.count) * float64(middle) / float64(s.Count)
	}
	s.Mean = min(max(time.Duration(mean), l.min), l.max).Seconds()
	var passed int64
	at := 0
	for _, q := range []struct {
		share float64
		of    *float64
	}{{0.50, &s.P50}, {0.90, &s.P90}, {0.99, &s.P99}, {0.999, &s.P999}} {
		rank := max(1, int64(q.share*float64(s.Count)+0.5))
		for ; passed+l.counts[at].count < rank; at++ {
			passed += l.counts[at].count
		}
		*q.of = min(time.Duration(l.counts[at].highest), l.max).Seconds()
	}
	return s
}
