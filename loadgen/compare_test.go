//go:build !race

// Hundreds of pretended runs, and no goroutine but the tests' own: the race
// detector would take minutes and find nothing.

package loadgen_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/loadgen"
	"github.com/ssegauge/ssegauge/loadgen/compare"
)

const delay = 10 * time.Millisecond

// rounds saves pretended runs, and opens them.
func rounds(t *testing.T, liar *loadgen.PretendedLiar, n, seconds int) (side compare.Side) {
	t.Helper()
	for range n {
		folder := filepath.Join(t.TempDir(), "run")
		liar.Save(t, folder, seconds)
		side = append(side, open(t, folder))
	}
	return side
}

func open(t *testing.T, folder string) *loadgen.Saved {
	t.Helper()
	run, err := loadgen.OpenSaved(folder)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// Of 20 comparisons of runs of the same build at least 19 see no difference, and
// all 20 see that everything takes 20 % longer: with one run on each side, and
// with three rounds when runs differ by themselves. Time is pretended, so that
// what the machine does has no part in it.
func TestSameBuildAndSlowdown(t *testing.T) {
	for _, c := range []struct {
		name            string
		runs, seconds   int
		second, between float64
	}{
		{"one run each", 1, 30, 0.1, 0},
		{"three rounds each", 3, 6, 0.1, 0.15},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(20, uint64(c.runs)))
			same := &loadgen.PretendedLiar{Random: random, Delay: delay, Memory: 0.3, Second: c.second, Run: c.between}
			slow := &loadgen.PretendedLiar{Random: random, Delay: delay * 12 / 10, Memory: 0.3, Second: c.second, Run: c.between}
			falsely, found, tested := 0, 0, 0
			for range 20 {
				baseline := rounds(t, same, c.runs, c.seconds)
				alike := compared(t, baseline, rounds(t, same, c.runs, c.seconds))
				if len(alike.Differences()) > 0 {
					t.Logf("falsely: %s", alike.Sentence())
					falsely++
				}
				if alike.Sentence() != "cannot tell whether the latencies differ" {
					tested++
				}
				slower := compared(t, baseline, rounds(t, slow, c.runs, c.seconds))
				for _, r := range slower.Differences() {
					if r.Metric == "fanout.p50" && r.Outcome == compare.Slower {
						found++
					}
				}
			}
			t.Logf("%d of 20 pairs of the same build differ (%d tested); %d of 20 slowdowns found", falsely, tested, found)
			if falsely > 1 || found < 20 || tested < 20 {
				t.Error("want at most 1, 20 and 20")
			}
		})
	}
}

func compared(t *testing.T, baseline, candidate compare.Side) *compare.Comparison {
	t.Helper()
	c, err := compare.Runs(baseline, candidate)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The same with a real server and real time, for those who have five minutes and
// a machine with nothing else to do, which would show as what it is, noise:
// TRIES=20 go test -v -parallel 10 -run TestTries ./loadgen
func TestTries(t *testing.T) {
	var tries int
	if _, err := fmt.Sscan(os.Getenv("TRIES"), &tries); err != nil {
		t.Skip("TRIES is not set")
	}
	const delay = 100 * time.Millisecond
	for _, c := range []struct {
		name, duration string
		rounds         int
	}{{"one run each", "30s", 1}, {"five rounds in turns", "4s", 5}} {
		var falsely, found atomic.Int64
		t.Run(c.name, func(t *testing.T) {
			for i := range tries {
				t.Run(strconv.Itoa(i+1), func(t *testing.T) {
					t.Parallel()
					save := func(delay time.Duration) *loadgen.Saved {
						folder := filepath.Join(t.TempDir(), "run")
						loadgen.SaveLiarRun(t, folder, delay, []string{"duration=" + c.duration, "publish.rate=20/s", "streams.count=5"})
						return open(t, folder)
					}
					var baseline, same, slow compare.Side
					for range c.rounds {
						baseline, same, slow = append(baseline, save(delay)), append(same, save(delay)), append(slow, save(delay*12/10))
					}
					alike, slower := compared(t, baseline, same), compared(t, baseline, slow)
					t.Logf("same build: %s; 20 %% slower: %s", alike.Sentence(), slower.Sentence())
					if len(alike.Differences()) > 0 {
						falsely.Add(1)
					}
					if len(slower.Differences()) > 0 {
						found.Add(1)
					}
				})
			}
		})
		t.Logf("%s: %d of %d pairs of the same build differ, %d of %d slowdowns found", c.name, falsely.Load(), tries, found.Load(), tries)
	}
}
