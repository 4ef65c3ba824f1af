package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/loadgen"
)

// testBlocks tests the percentiles of the fan-out latency over blocks of
// intervals of one run on each side.
func (c *Comparison) testBlocks() {
	a, b := c.Baseline[0].Fanout, c.Candidate[0].Fanout
	if a == nil || b == nil {
		c.Method = fmt.Sprintf("nothing was tested: %s is not beside both reports", loadgen.LogFile)
		return
	}
	samples := float64(min(c.Baseline[0].Latency.Fanout.Count, c.Candidate[0].Latency.Fanout.Count))
	var tested []string
	for i := range c.Rows {
		r := &c.Rows[i]
		share, ok := map[string]float64{"fanout.p50": 0.5, "fanout.p90": 0.9, "fanout.p99": 0.99, "fanout.p999": 0.999}[r.Metric]
		if !ok || !testable(r) || samples*(1-share) < samplesBeyond {
			continue
		}
		length := max(memory(a, share), memory(b, share))
		blocksA, blocksB := percentiles(join(a, length), share), percentiles(join(b, length), share)
		if len(blocksA) >= leastBlocks && len(blocksB) >= leastBlocks {
			r.test(blocksA, blocksB)
			tested = append(tested, fmt.Sprintf("%d and %d for %s", len(blocksA), len(blocksB), strings.TrimPrefix(r.Metric, "fanout.")))
		}
	}
	if tested == nil {
		c.Method = fmt.Sprintf("nothing was tested: the runs have %d and %d intervals, too few for %d independent blocks of each; longer runs, or several rounds, say more", len(a), len(b), leastBlocks)
		return
	}
	c.Method = fmt.Sprintf("fan-out latencies by Student's t over blocks of intervals (%s); what differs from run to run is not known from one run each: several rounds, in turns, say more", strings.Join(tested, ", "))
}

// memory is how many intervals a run takes to forget how slow it was: twice the
// integrated autocorrelation time of the logarithms of the intervals' own
// percentiles, the sum of their autocorrelations up to the first that is not more
// than that of n independent values would be, one in the square root of n. A block
// of that length is nearly independent of its neighbours. Intervals that differ by
// less than immaterial cannot make a difference that counts, whatever they
// remember. It is at least what keeps the number of blocks in bounds.
func memory(run []loadgen.Distribution, share float64) int {
	n := len(run)
	least := (n + mostBlocks - 1) / mostBlocks
	values := percentiles(join(run, 1), share)
	mean, squares := spread(values)
	if math.Sqrt(squares/float64(n)) < immaterial {
		return least
	}
	time := 1.0
	for lag := 1; lag <= n/3; lag++ {
		product := 0.0
		for i := lag; i < n; i++ {
			product += (values[i] - mean) * (values[i-lag] - mean)
		}
		if product/squares <= 1/math.Sqrt(float64(n)) {
			break
		}
		time += 2 * product / squares
	}
	if time == 1 {
		return least
	}
	return max(int(math.Round(2*time)), least)
}

// join makes blocks of neighbouring intervals. What is left at the end goes to
// the last.
func join(run []loadgen.Distribution, length int) (blocks [][]loadgen.Distribution) {
	for count := len(run) / length; count > 0; count-- {
		next := run[:length]
		if count == 1 {
			next = run
		}
		blocks, run = append(blocks, next), run[length:]
	}
	return blocks
}

// percentiles are the logarithms of each block's own percentile, of the seconds
// of all its samples.
func percentiles(blocks [][]loadgen.Distribution, share float64) []float64 {
	logs := make([]float64, len(blocks))
	for i, block := range blocks {
		logs[i] = math.Log(percentile(slices.Concat(block...), share).Seconds())
	}
	return logs
}

func percentile(buckets loadgen.Distribution, share float64) time.Duration {
	slices.SortFunc(buckets, func(a, b loadgen.Bucket) int { return int(a.Upper - b.Upper) })
	samples := int64(0)
	for _, b := range buckets {
		samples += b.Count
	}
	rank := min(max(int64(share*float64(samples)+0.5), 1), samples)
	for _, b := range buckets {
		if rank -= b.Count; rank <= 0 {
			return b.Upper
		}
	}
	return 0
}
