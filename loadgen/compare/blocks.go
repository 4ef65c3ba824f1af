package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ssegauge/ssegauge/loadgen"
)

// A blockTest divides the blocks of two runs between two sides in many ways.
type blockTest struct {
	uppers []time.Duration // of all buckets
	blocks [][]int64       // the counts of each block in those buckets
	total  []int64
	first  int // how many blocks the first side has
}

// testBlocks tests the percentiles of the fan-out latency over blocks of
// intervals of one run on each side.
func (c *Comparison) testBlocks() {
	a, b := c.Baseline[0].Fanout, c.Candidate[0].Fanout
	if a == nil || b == nil {
		c.Method = fmt.Sprintf("nothing was tested: %s is not beside both reports", loadgen.LogFile)
		return
	}
	length := max(memory(a), memory(b))
	blocksA, blocksB := join(a, length), join(b, length)
	if len(blocksA) < leastBlocks || len(blocksB) < leastBlocks {
		c.Method = fmt.Sprintf("nothing was tested: the runs have %d and %d intervals, and %d blocks of %s would be needed of each; longer runs, or several rounds, say more", len(a), len(b), leastBlocks, intervals(length))
		return
	}
	c.Method = fmt.Sprintf(singleRunsOnly, intervals(length), len(blocksA), len(blocksB))
	test := newBlockTest(blocksA, blocksB)
	var rows []*Row
	var shares []float64
	for i := range c.Rows {
		r := &c.Rows[i]
		share, ok := map[string]float64{"fanout.p50": 0.5, "fanout.p90": 0.9, "fanout.p99": 0.99, "fanout.p999": 0.999}[r.Metric]
		least := float64(min(c.Baseline[0].Latency.Fanout.Count, c.Candidate[0].Latency.Fanout.Count))
		if ok && testable(r) && least*(1-share) >= samplesBeyond {
			rows, shares = append(rows, r), append(shares, share)
		}
	}
	for i, p := range test.run(shares) {
		rows[i].P = p
	}
}

func intervals(n int) string {
	if n == 1 {
		return "one interval"
	}
	return fmt.Sprintf("%d intervals", n)
}

// memory is how many intervals a run takes to forget how slow it was: twice the
// integrated autocorrelation time of the logarithms of the intervals' means, the
// sum of their autocorrelations up to the first that is not more than that of n
// independent values would be, one in the square root of n. A block of that length is nearly independent of its neighbours. It is at least what keeps
// the number of blocks in bounds.
func memory(run []loadgen.Distribution) int {
	n := len(run)
	values := make([]float64, n)
	for i, d := range run {
		sum, count := 0.0, int64(0)
		for _, b := range d {
			sum += b.Upper.Seconds() * float64(b.Count)
			count += b.Count
		}
		values[i] = math.Log(sum / float64(count))
	}
	mean, squares := spread(values)
	time := 1.0
	for lag := 1; lag <= n/3 && squares > 1e-12; lag++ {
		product := 0.0
		for i := lag; i < n; i++ {
			product += (values[i] - mean) * (values[i-lag] - mean)
		}
		if product/squares <= 1/math.Sqrt(float64(n)) {
			break
		}
		time += 2 * product / squares
	}
	forgotten := 1
	if time > 1 {
		forgotten = int(math.Round(2 * time))
	}
	return max(forgotten, (n+mostBlocks-1)/mostBlocks)
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

func newBlockTest(a, b [][]loadgen.Distribution) *blockTest {
	t := &blockTest{first: len(a)}
	known := map[time.Duration]bool{}
	all := slices.Concat(a, b)
	for _, block := range all {
		for _, d := range block {
			for _, bucket := range d {
				if !known[bucket.Upper] {
					known[bucket.Upper] = true
					t.uppers = append(t.uppers, bucket.Upper)
				}
			}
		}
	}
	slices.Sort(t.uppers)
	place := map[time.Duration]int{}
	for i, upper := range t.uppers {
		place[upper] = i
	}
	t.total = make([]int64, len(t.uppers))
	for _, block := range all {
		counts := make([]int64, len(t.uppers))
		for _, d := range block {
			for _, bucket := range d {
				counts[place[bucket.Upper]] += bucket.Count
				t.total[place[bucket.Upper]] += bucket.Count
			}
		}
		t.blocks = append(t.blocks, counts)
	}
	return t
}

// run returns for each share the probability that its percentile differs as much
// between two sides by chance as it does.
func (t *blockTest) run(shares []float64) []float64 {
	observed := t.differences(first(t.first), shares)
	more := make([]int, len(shares))
	divisions := 0
	count := func(side []int) {
		divisions++
		for i, d := range t.differences(side, shares) {
			// Sums of logarithms differ in their last digits.
			if d >= observed[i]-1e-12 {
				more[i]++
			}
		}
	}
	if ways := binomial(len(t.blocks), t.first); ways <= mostDivisions {
		combinations(len(t.blocks), t.first, count)
	} else {
		count(first(t.first)) // what was observed is one of the ways
		random := rand.New(rand.NewPCG(1, uint64(len(t.blocks))))
		for range someDivisions {
			count(random.Perm(len(t.blocks))[:t.first])
		}
	}
	p := make([]float64, len(shares))
	for i := range p {
		p[i] = float64(more[i]) / float64(divisions)
	}
	return p
}

// differences are the absolute logarithms of the ratios of both sides'
// percentiles, when the blocks of side are the first one.
func (t *blockTest) differences(side []int, shares []float64) []float64 {
	one, other := make([]int64, len(t.total)), slices.Clone(t.total)
	var samples, others int64
	for _, n := range t.total {
		others += n
	}
	for _, block := range side {
		for i, n := range t.blocks[block] {
			one[i] += n
			other[i] -= n
			samples += n
		}
	}
	others -= samples
	d := make([]float64, len(shares))
	for i, share := range shares {
		d[i] = math.Abs(math.Log(t.percentile(one, samples, share).Seconds() / t.percentile(other, others, share).Seconds()))
	}
	return d
}

func (t *blockTest) percentile(counts []int64, samples int64, share float64) time.Duration {
	rank := min(max(int64(share*float64(samples)+0.5), 1), samples)
	for i, n := range counts {
		if rank -= n; rank <= 0 {
			return t.uppers[i]
		}
	}
	return t.uppers[len(t.uppers)-1]
}

func first(n int) []int {
	side := make([]int, n)
	for i := range side {
		side[i] = i
	}
	return side
}

// binomial is the number of ways to choose k of n, or something beyond
// mostDivisions.
func binomial(n, k int) int {
	ways := 1
	for i := 1; i <= k && ways <= mostDivisions; i++ {
		ways = ways * (n - k + i) / i
	}
	return ways
}

// combinations calls f with each choice of k of n.
func combinations(n, k int, f func([]int)) {
	choice := first(k)
	for {
		f(choice)
		i := k - 1
		for i >= 0 && choice[i] == n-k+i {
			i--
		}
		if i < 0 {
			return
		}
		choice[i]++
		for j := i + 1; j < k; j++ {
			choice[j] = choice[j-1] + 1
		}
	}
}
