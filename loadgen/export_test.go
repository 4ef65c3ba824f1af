package loadgen

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// SaveLiarRun runs a plan against a liar whose deliveries take delay, and saves
// it.
func SaveLiarRun(t *testing.T, folder string, delay time.Duration, set []string, change ...func(*Scenario)) {
	t.Helper()
	l := newLiar(t, lies{delay: delay})
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(folder, LogFile))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	r, err := Run(t.Context(), l.plan(t, TransportPortable, set, change...), Options{Version: "test", HistogramLog: log})
	if err != nil {
		t.Fatal(err)
	}
	checkReport(t, r)
	if err := r.Save(folder); err != nil {
		t.Fatal(err)
	}
}

// A PretendedLiar is a liar whose clock is a random number generator: every
// delivery takes Delay, and what the machine adds to it, a millisecond on average
// with a long tail. How much the machine adds varies from second to second, slowly
// by Memory, and from run to run.
type PretendedLiar struct {
	Random      *rand.Rand
	Delay       time.Duration
	Memory      float64
	Second, Run float64 // standard deviations of the logarithm
}

// Save records a run of so many seconds as Run would, and saves it.
func (p *PretendedLiar) Save(t *testing.T, folder string, seconds int) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(folder, LogFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	start := time.Unix(1_700_000_000, 0)
	log, err := newHistogramLog(file, start)
	if err != nil {
		t.Fatal(err)
	}
	total, interval := newTally(1), newTally(1)
	level, state := p.Run*p.Random.NormFloat64(), p.Random.NormFloat64()
	for i := range seconds {
		interval.reset()
		state = p.Memory*state + math.Sqrt(1-p.Memory*p.Memory)*p.Random.NormFloat64()
		for range 200 {
			machine := math.Exp(level + p.Second*state + 0.8*p.Random.NormFloat64())
			interval.Cohorts[0].Fanout.record(p.Delay + time.Duration(machine*float64(time.Millisecond)))
		}
		total.Add(interval)
		if err := log.interval(interval, start.Add(time.Duration(i+1)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	r := &Report{SchemaVersion: SchemaVersion, Scenario: "pretended", Verdict: Pass}
	r.Latency.Fanout = total.fanout().Summary()
	r.Curves = map[string]Curve{"fanout": total.fanout().Curve()}
	if err := r.Save(folder); err != nil {
		t.Fatal(err)
	}
}
