//go:build unix

package main

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/loadgen"
)

// startCapacity runs a capacity run as a process of its own.
func startCapacity(t *testing.T, out string, set ...string) (*exec.Cmd, io.Reader) {
	t.Helper()
	args := []string{"capacity", quickstart, "--out", out, "--repeats", "1"}
	for _, s := range append([]string{"streams.count=5", "streams.ramp=10ms", "warmup=0s"}, set...) {
		args = append(args, "--set", s)
	}
	command := exec.Command(os.Args[0], args...)
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	watchdog := time.AfterFunc(2*time.Minute, func() { _ = command.Process.Kill() })
	t.Cleanup(func() { watchdog.Stop() })
	return command, stderr
}

// A generator that is stopped again and again cannot say anything of the target.
func TestCapacityThrottled(t *testing.T) {
	out := t.TempDir()
	command, stderr := startCapacity(t, out, "duration=1s")
	ended := make(chan string)
	go func() {
		text, _ := io.ReadAll(stderr)
		ended <- string(text)
	}()
	for {
		_ = command.Process.Signal(syscall.SIGSTOP)
		time.Sleep(200 * time.Millisecond)
		_ = command.Process.Signal(syscall.SIGCONT)
		select {
		case text := <-ended:
			_ = command.Wait()
			if code := command.ProcessState.ExitCode(); code != exitInvalid {
				t.Errorf("exit code %d, want %d\n%s", code, exitInvalid, text)
			}
			r := readCapacity(t, out)
			if r.Verdict != loadgen.Invalid || r.Knee.Load != 0 || !strings.HasPrefix(r.Sentence, "nothing can be said of the target") {
				t.Errorf("verdict %s, knee %+v, %q", r.Verdict, r.Knee, r.Sentence)
			}
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// An interrupt keeps what was found.
func TestCapacityInterrupted(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	command, stderr := startCapacity(t, out, "duration=200ms", "thresholds=events.lost == 0",
		"limits.schedule_slack=1m", "limits.receive_slack=1m", "limits.hiccup_share=1", "limits.cpu_share=1")
	waitFor(t, stderr, "step 3 (doubling): 20: met")
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, stderr)
	_ = command.Wait()
	if code := command.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if r := readCapacity(t, out); !r.Interrupted || r.Knee.Load < 20 || len(r.Steps) < 3 {
		t.Errorf("interrupted %v, knee %+v, %d steps; want what was found", r.Interrupted, r.Knee, len(r.Steps))
	}
}
