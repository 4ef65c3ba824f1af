package compare

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/loadgen"
)

// A world is how latencies vary where the truth is known.
type world struct {
	random  *rand.Rand
	seconds int
	memory  float64 // how much of a second's slowness is left in the next
	second  float64 // the standard deviation of the logarithm, from second to second
}

// play is a run in which everything takes slow times as long. Each second has 400
// latencies around 10 ms.
func (w *world) play(slow float64) *loadgen.Saved {
	s := &loadgen.Saved{Report: &loadgen.Report{}}
	state := w.random.NormFloat64()
	all := map[time.Duration]int64{}
	for range w.seconds {
		state = w.memory*state + math.Sqrt(1-w.memory*w.memory)*w.random.NormFloat64()
		counts := map[time.Duration]int64{}
		for range 400 {
			d := time.Duration(slow * 1e7 * math.Exp(w.second*state+0.3*w.random.NormFloat64()))
			d = d.Round(100 * time.Microsecond)
			counts[d]++
			all[d]++
		}
		s.Fanout = append(s.Fanout, distribution(counts))
	}
	whole := distribution(all)
	at := func(share float64) float64 {
		rank := int64(share * 400 * float64(w.seconds))
		for _, b := range whole {
			if rank -= b.Count; rank <= 0 {
				return b.Upper.Seconds()
			}
		}
		return 0
	}
	s.Latency.Fanout = loadgen.Summary{Count: int64(400 * w.seconds), P50: at(0.5), P90: at(0.9), P99: at(0.99), P999: at(0.999), Max: at(1), Mean: at(0.5)}
	return s
}

func distribution(counts map[time.Duration]int64) (d loadgen.Distribution) {
	for upper, n := range counts {
		d = append(d, loadgen.Bucket{Upper: upper, Count: n})
	}
	slices.SortFunc(d, func(a, b loadgen.Bucket) int { return int(a.Upper - b.Upper) })
	return d
}

// What a run remembers from second to second does not become a difference.
func TestMemoryIsNoDifference(t *testing.T) {
	w := &world{random: rand.New(rand.NewPCG(1, 2)), seconds: 40, memory: 0.6, second: 0.2}
	falsely, tested, found := 0, 0, 0
	for range 40 {
		a := w.play(1)
		alike := compared(t, Side{a}, Side{w.play(1)})
		if len(alike.Differences()) > 0 {
			falsely++
		}
		if !strings.HasPrefix(alike.Method, "nothing was tested") {
			tested++
		}
		if len(compared(t, Side{a}, Side{w.play(2)}).Differences()) > 0 {
			found++
		}
	}
	if falsely > 2 || tested < 25 || found < 25 {
		t.Errorf("%d of 40 pairs differ, %d were tested, and %d of 40 are seen to be twice as slow; want at most 2, at least 25 and 25", falsely, tested, found)
	}
}

// Of a hundred pairs of the same build, in which a second has half of the slowness
// of the one before it and a standard deviation of 20 %, no more than so many are
// said to differ.
func TestShortRunsHideTheirMemory(t *testing.T) {
	for seconds, most := range map[int]int{10: 7, 30: 3, 60: 3} {
		w := &world{random: rand.New(rand.NewPCG(1, 2)), seconds: seconds, memory: 0.5, second: 0.2}
		falsely := 0
		for range 100 {
			if len(compared(t, Side{w.play(1)}, Side{w.play(1)}).Differences()) > 0 {
				falsely++
			}
		}
		t.Logf("%d seconds: %d of 100 pairs differ", seconds, falsely)
		if falsely > most {
			t.Errorf("%d seconds: %d of 100 pairs differ, want at most %d", seconds, falsely, most)
		}
	}
}

// One bad second makes the 99th percentile of a run, but a run whose other
// seconds are all better is not slower.
func TestOneBadSecondIsNoDifference(t *testing.T) {
	second := func(latency time.Duration) loadgen.Distribution {
		return loadgen.Distribution{{Upper: latency, Count: 100}}
	}
	a, b := run("a", 0.010), run("b", 0.012)
	for i := range 20 {
		a.Fanout = append(a.Fanout, second(10*time.Millisecond+time.Duration(i%3)*time.Microsecond))
		b.Fanout = append(b.Fanout, second(5*time.Millisecond))
	}
	b.Fanout[7] = second(12 * time.Millisecond)
	c := compared(t, Side{a}, Side{b})
	for _, r := range c.Rows {
		if r.Metric == "fanout.p99" && (!r.Significant || r.Outcome != Noise || r.Ratio < 1.19) {
			t.Errorf("%+v, want a significant row that is no difference", r)
		}
	}
}

// A percentile beyond which there are less than ten samples is not tested.
func TestFewSamplesAreNotTested(t *testing.T) {
	for seconds, tested := range map[int]bool{24: false, 25: true} {
		w := &world{random: rand.New(rand.NewPCG(7, 8)), seconds: seconds, second: 0.001}
		for _, r := range compared(t, Side{w.play(1)}, Side{w.play(1)}).Rows {
			if r.Metric == "fanout.p999" && math.IsNaN(r.P) == tested {
				t.Errorf("%d samples: p %v; want it tested: %v", 400*seconds, r.P, tested)
			}
		}
	}
}

func compared(t *testing.T, baseline, candidate Side) *Comparison {
	t.Helper()
	c, err := Runs(baseline, candidate)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMemory(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		memory      float64
		least, most int
	}{{0, 5, 6}, {0.8, 12, 30}} {
		w := &world{random: random, seconds: 100, memory: c.memory, second: 0.3}
		if got := memory(w.play(1).Fanout, 0.5); got < c.least || got > c.most {
			t.Errorf("with a memory of %v blocks have %d intervals, want %d to %d", c.memory, got, c.least, c.most)
		}
	}
	drifting := make([]loadgen.Distribution, 100)
	for i := range drifting {
		drifting[i] = loadgen.Distribution{{Upper: 10*time.Millisecond + time.Duration(i)*time.Microsecond, Count: 1}}
	}
	if got := memory(drifting, 0.5); got != 5 {
		t.Errorf("a run that drifts by 1 %% is in blocks of %d, want 5, of which there are %d", got, mostBlocks)
	}
	flat := make([]loadgen.Distribution, 10)
	for i := range flat {
		flat[i] = loadgen.Distribution{{Upper: time.Millisecond, Count: 1}}
	}
	if got := memory(flat, 0.5); got != 1 {
		t.Errorf("intervals that do not differ are in blocks of %d, want 1", got)
	}
}

func TestJoin(t *testing.T) {
	run := make([]loadgen.Distribution, 11)
	var lengths []int
	for _, block := range join(run, 3) {
		lengths = append(lengths, len(block))
	}
	if !slices.Equal(lengths, []int{3, 3, 5}) {
		t.Errorf("blocks of %v, want 3, 3 and 5", lengths)
	}
	if join(run[:2], 3) != nil {
		t.Error("a block of less than its length")
	}
}

// The tables of Student's t: two-sided probabilities.
func TestStudentTails(t *testing.T) {
	for _, c := range []struct {
		t       float64
		freedom int
		want    float64
	}{
		{12.706, 1, 0.05}, {4.303, 2, 0.05}, {3.182, 3, 0.05}, {2.776, 4, 0.05}, {4.604, 4, 0.01}, {2.571, 5, 0.05},
		{2.228, 10, 0.05}, {3.169, 10, 0.01}, {2.042, 30, 0.05}, {0, 7, 1}, {math.Inf(1), 6, 0},
	} {
		if got := studentTails(c.t, c.freedom); math.Abs(got-c.want) > 1e-4 {
			t.Errorf("t %v with %d degrees of freedom: %v, want %v", c.t, c.freedom, got, c.want)
		}
	}
	if got := studentP([]float64{1, 2, 3}, []float64{4, 5, 6}); math.Abs(got-0.0213) > 1e-4 { // t = 3.674, 4 degrees
		t.Errorf("studentP gives %v, want 0.0213", got)
	}
	if got := studentP([]float64{2}, []float64{1, 2, 3}); got != 1 {
		t.Errorf("a value at the mean of three others: %v, want 1", got)
	}
}

// A percentile of joined intervals is that of the histogram.
func TestBlockPercentile(t *testing.T) {
	w := &world{random: rand.New(rand.NewPCG(5, 6)), seconds: 6, second: 0.3}
	run := w.play(1)
	for share, want := range map[float64]float64{0.5: run.Latency.Fanout.P50, 0.99: run.Latency.Fanout.P99} {
		if got := percentiles(join(run.Fanout, 6), share); len(got) != 1 || math.Abs(got[0]-math.Log(want)) > 1e-9 {
			t.Errorf("the share %v is at %v, want %v", share, got, math.Log(want))
		}
	}
}
