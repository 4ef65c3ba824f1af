package loadgen

import (
	"math/rand/v2"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A latencyState is what two equal Latencies have in common.
type latencyState struct {
	Summary          Summary
	Negative, Beyond uint64
	Quantiles        []time.Duration
}

func stateOf(l *Latency) latencyState {
	s := latencyState{Summary: l.Summary(), Negative: l.negative, Beyond: l.beyond}
	for q := range 21 {
		s.Quantiles = append(s.Quantiles, l.Quantile(float64(q)/20))
	}
	return s
}

func latencyOf(durations []time.Duration) *Latency {
	l := newLatency()
	for _, d := range durations {
		l.record(d)
	}
	return l
}

// spreadDurations turns arbitrary numbers into durations of every order, some
// negative and some over an hour.
func spreadDurations(numbers []uint32) []time.Duration {
	durations := make([]time.Duration, len(numbers))
	for i, n := range numbers {
		random := rand.New(rand.NewPCG(uint64(n), 0))
		durations[i] = time.Duration(random.Int64N(1<<(10+n%34))) - time.Duration(n%3)*time.Nanosecond
	}
	return durations
}

func TestLatencyAddIsASum(t *testing.T) {
	law := func(x, y, z []uint32) bool {
		a, b, c := spreadDurations(x), spreadDurations(y), spreadDurations(z)
		left := latencyOf(a)
		left.Add(latencyOf(b))
		left.Add(latencyOf(c))
		tail := latencyOf(c)
		tail.Add(latencyOf(b))
		tail.Add(latencyOf(a))
		at := append(append(append([]time.Duration{}, a...), b...), c...)
		once := stateOf(latencyOf(at))
		return cmp.Equal(stateOf(left), once) && cmp.Equal(stateOf(tail), once)
	}
	if err := quick.Check(law, &quick.Config{MaxCount: 10}); err != nil {
		t.Error(err)
	}
}

func TestLatencyCountsEverything(t *testing.T) {
	law := func(numbers []uint32) bool {
		durations := spreadDurations(numbers)
		l := latencyOf(durations)
		highest, lowest := time.Duration(0), time.Duration(1<<62)
		for _, d := range durations {
			if d >= 0 {
				highest, lowest = max(highest, d), min(lowest, d)
			}
		}
		if l.Count()+int64(l.negative+l.beyond) != int64(len(durations)) {
			return false
		}
		last := time.Duration(0)
		for q := range 41 {
			at := l.Quantile(float64(q) / 40)
			if at < last || at > highest {
				return false
			}
			last = at
		}
		s := l.Summary()
		if s.Count == 0 {
			return s == Summary{}
		}
		return s.Min <= s.Mean && s.Mean <= s.Max && s.Min == lowest.Seconds() && s.Max == highest.Seconds() &&
			s.P50 <= s.P90 && s.P90 <= s.P99 && s.P99 <= s.P999 && s.P999 <= s.Max
	}
	if err := quick.Check(law, &quick.Config{MaxCount: 20}); err != nil {
		t.Error(err)
	}
}

func TestLatencySummary(t *testing.T) {
	l := newLatency()
	for i := range 1000 {
		l.record(time.Duration(i+1) * time.Millisecond)
	}
	s := l.Summary()
	within := func(name string, got, want float64) {
		if got < want || got > want*1.001 {
			t.Errorf("%s = %v s, want %v to three digits", name, got, want)
		}
	}
	within("p50", s.P50, 0.500)
	within("p90", s.P90, 0.900)
	within("p99", s.P99, 0.990)
	within("p999", s.P999, 0.999)
	if s.Count != 1000 || s.Min != 0.001 || s.Max != 1 {
		t.Errorf("count %d, min %v, max %v; want 1000, 0.001, 1", s.Count, s.Min, s.Max)
	}
}

func TestLatencyOutsideTheHistogram(t *testing.T) {
	l := latencyOf([]time.Duration{-1, 0, time.Hour, 3 * time.Hour})
	if l.negative != 1 || l.beyond != 1 || l.Count() != 2 {
		t.Errorf("%d negative, %d beyond, %d counted; want 1, 1, 2", l.negative, l.beyond, l.Count())
	}
	if l.max != 3*time.Hour {
		t.Errorf("max %v, want the exact 3h", l.max)
	}
	l.reset()
	if diff := cmp.Diff(stateOf(newLatency()), stateOf(l)); diff != "" {
		t.Errorf("after reset (-new +reset):\n%s", diff)
	}
}
