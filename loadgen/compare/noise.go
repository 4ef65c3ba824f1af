package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// How it is decided which differences are more than chance.
//
// A sample is not an observation: the deliveries of an event come together, and
// a slow second makes all of its deliveries slow, so that a test over single
// latencies finds a difference between any two runs. What may be compared are
// things that are as good as independent of each other.
//
// With several rounds on a side those are the rounds. Student's t is taken of the
// logarithms of each round's own figure, since latencies vary by factors, with a
// common variance: two rounds against two are enough, and so are three against
// one. It knows what differs from run to run, which no single run shows, and is
// to be preferred. Rounds of both sides should alternate, so that what changes on
// the machine meanwhile meets both.
//
// With one run on each side they are blocks of intervals, as in the method of
// batch means (Law, Simulation Modeling and Analysis, 9.5.3). A block is as long
// as it takes the run to forget how slow it was, by the autocorrelation of the
// intervals' own percentiles, since half of the deliveries being slow is forgotten
// sooner than a hundredth. It cannot know what differs from run to run, so only
// differences of 10 % and more count, against 5 % with rounds.
//
// Either way the figure of all samples must differ the same way as those of the
// rounds or blocks do: one bad second makes a percentile of the whole, but not
// most of the seconds.
//
// Figures are tested together: by Benjamini and Hochberg's procedure, at a level
// of 1 %. Where the sides do not differ, a difference is named in 1 % of all
// comparisons at the most, on two conditions. That the figures depend on each other
// positively holds of percentiles of the same thing. That rounds or blocks are
// independent holds of blocks only as far as the memory of a run can be seen, which
// short runs hide: TestShortRunsHideTheirMemory has how often they are wrong.
const (
	level         = 0.01
	roundsMargin  = 0.05
	singleMargin  = 0.10
	leastBlocks   = 5 // of each side
	mostBlocks    = 20
	samplesBeyond = 10   // that a percentile must have on each side
	immaterial    = 0.01 // the standard deviation of logarithms, a tenth of singleMargin
)

// judge tests the latencies, and sets outcomes and Method.
func (c *Comparison) judge() {
	margin := roundsMargin
	switch {
	case len(c.Baseline)+len(c.Candidate) >= 4:
		c.testRounds()
		c.Method = fmt.Sprintf("latencies by Student's t over %d and %d rounds", len(c.Baseline), len(c.Candidate))
	case len(c.Baseline) == 1 && len(c.Candidate) == 1:
		margin = singleMargin
		c.testBlocks()
	default:
		c.Method = "nothing was tested: it takes one run on each side, or four rounds and more in all"
	}
	var tested []*Row
	for i := range c.Rows {
		if r := &c.Rows[i]; !math.IsNaN(r.P) {
			r.Outcome = Noise
			tested = append(tested, r)
		}
	}
	if len(tested) > 0 {
		c.Method += fmt.Sprintf("; a difference is named when it is %.0f %% or more, and chance explains it in less than %.0f %% of all comparisons", 100*margin, 100*level)
	}
	slices.SortStableFunc(tested, func(a, b *Row) int { return cmp.Compare(a.P, b.P) })
	significant := 0
	for i, r := range tested {
		if r.P <= level*float64(i+1)/float64(len(tested)) {
			significant = i + 1
		}
	}
	for _, r := range tested[:significant] {
		r.Significant = true
		switch {
		case r.Ratio >= 1+margin && r.slower:
			r.Outcome = Slower
		case r.Ratio <= 1/(1+margin) && !r.slower:
			r.Outcome = Faster
		}
	}
}

// testable reports whether chance can be told of the figure at all.
func testable(r *Row) bool {
	return r.Seconds() && !strings.HasSuffix(r.Metric, ".max") && r.Baseline > 0 && r.Candidate > 0
}

// testRounds tests every latency over the runs of both sides.
func (c *Comparison) testRounds() {
	for i := range c.Rows {
		r := &c.Rows[i]
		if !testable(r) {
			continue
		}
		a, okA := c.Baseline.logs(r.Metric)
		b, okB := c.Candidate.logs(r.Metric)
		if okA && okB {
			r.test(a, b)
		}
	}
}

// test compares the logarithms of the figure of independent parts of both sides.
func (r *Row) test(baseline, candidate []float64) {
	meanA, _ := spread(baseline)
	meanB, _ := spread(candidate)
	r.P, r.slower = studentP(baseline, candidate), meanB > meanA
}

// logs are the logarithms of a figure of each run.
func (s Side) logs(metric string) (logs []float64, ok bool) {
	for _, run := range s {
		v := of(run.Report, metric)
		if !(v > 0) {
			return nil, false
		}
		logs = append(logs, math.Log(v))
	}
	return logs, true
}

// studentP is the probability, of both tails, that two samples of the same
// normal distribution have means as far apart as a and b. One of them has at
// least two values.
func studentP(a, b []float64) float64 {
	meanA, squaresA := spread(a)
	meanB, squaresB := spread(b)
	freedom := len(a) + len(b) - 2
	variance := (squaresA + squaresB) / float64(freedom) * (1/float64(len(a)) + 1/float64(len(b)))
	difference := math.Abs(meanA - meanB)
	if difference == 0 {
		return 1
	}
	return studentTails(difference/math.Sqrt(variance), freedom)
}

func spread(values []float64) (mean, squares float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return mean, squares
}

// studentTails is the probability that Student's t with whole degrees of freedom
// is beyond t or -t (Abramowitz and Stegun 26.7.3 and 26.7.4).
func studentTails(t float64, freedom int) float64 {
	theta := math.Atan(t / math.Sqrt(float64(freedom)))
	sin, cos := math.Sincos(theta)
	term, sum, from := 1.0, 0.0, 0
	if freedom%2 == 1 {
		term, from = cos, 1
	}
	for k := from; k <= freedom-2; k += 2 {
		sum += term
		term *= cos * cos * float64(k+1) / float64(k+2)
	}
	inside := sin * sum
	if freedom%2 == 1 {
		inside = 2 / math.Pi * (theta + sin*sum)
	}
	return min(1, max(0, 1-inside))
}
