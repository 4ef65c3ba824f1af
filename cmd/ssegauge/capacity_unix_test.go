//go:build unix

package main

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/loadgen"
)

// startCapacity runs a capacity run as a process of its own.
func startCapacity(t *testing.T, out string, set ...string) *child {
	t.Helper()
	args := []string{"capacity", quickstart, "--out", out, "--repeats", "1"}
	for _, s := range append([]string{"streams.count=5", "streams.ramp=10ms", "warmup=0s"}, set...) {
		args = append(args, "--set", s)
	}
	return startChild(t, nil, args...)
}

// A generator that is stopped again and again cannot say anything of the target.
func TestCapacityThrottled(t *testing.T) {
	out := t.TempDir()
	c := startCapacity(t, out, "duration=1s")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.end(t, exitInvalid)
	}()
	for stopped := false; !stopped; {
		_ = c.Process.Signal(syscall.SIGSTOP)
		time.Sleep(200 * time.Millisecond)
		_ = c.Process.Signal(syscall.SIGCONT)
		select {
		case <-ended:
			stopped = true
		case <-time.After(200 * time.Millisecond):
		}
	}
	r := readCapacity(t, out)
	if r.Verdict != loadgen.Invalid || r.Knee.Load != 0 || !strings.HasPrefix(r.Sentence, "nothing can be said of the target") {
		t.Errorf("verdict %s, knee %+v, %q", r.Verdict, r.Knee, r.Sentence)
	}
}

// An interrupt keeps what was found.
func TestCapacityInterrupted(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	c := startCapacity(t, out, "duration=200ms", "thresholds=events.lost == 0",
		"limits.schedule_slack=1m", "limits.receive_slack=1m", "limits.hiccup_share=1", "limits.cpu_share=1")
	waitFor(t, c.stderr, "step 3 (doubling): 20: met")
	c.interrupt(t)
	if r := readCapacity(t, out); !r.Interrupted || r.Knee.Load < 20 || len(r.Steps) < 3 {
		t.Errorf("interrupted %v, knee %+v, %d steps; want what was found", r.Interrupted, r.Knee, len(r.Steps))
	}
}
