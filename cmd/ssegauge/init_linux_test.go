package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openTerminal opens a pseudo-terminal: what is written to ours is typed at
// theirs.
func openTerminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { _ = ours.Close() })
	if err := unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(ours.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

// startAtTerminal runs the command with a terminal of its own.
func startAtTerminal(t *testing.T, args ...string) (*exec.Cmd, *os.File) {
	t.Helper()
	ours, theirs := openTerminal(t)
	command := exec.Command(os.Args[0], args...)
	command.Stdin, command.Stdout, command.Stderr = theirs, theirs, theirs
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_ = theirs.Close()
	watchdog := time.AfterFunc(time.Minute, func() { _ = command.Process.Kill() })
	t.Cleanup(func() { watchdog.Stop() })
	return command, ours
}

func TestInitAtATerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "typed.yaml")
	command, terminal := startAtTerminal(t, "init", "--file", file, "--auth", "none")
	for _, step := range [][2]string{{"URL of the event stream", "\n"}, {"number of streams [100]: ", "12\n"}, {"rate of events [10/s]: ", "5/s\n"}, {"[10s]: ", "3s\n"}} {
		waitFor(t, terminal, step[0])
		if _, err := io.WriteString(terminal, step[1]); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, terminal, "next: ssegauge explain ")
	_, _ = io.Copy(io.Discard, terminal) // ends with an error when they close
	if err := command.Wait(); err != nil {
		t.Error(err)
	}
	if s := readDraft(t, file); s.Streams.Count != 12 || s.Publish.Rate != 5 || s.Duration != 3*time.Second {
		t.Errorf("%d streams, %v, %v; want 12, 5/s, 3s", s.Streams.Count, s.Publish.Rate, s.Duration)
	}
}

// An interrupt at a question writes nothing.
func TestInitInterrupted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "typed.yaml")
	command, terminal := startAtTerminal(t, "init", "--file", file)
	waitFor(t, terminal, "URL of the event stream")
	if _, err := io.WriteString(terminal, "\x03"); err != nil {
		t.Fatal(err)
	}
	var left strings.Builder
	_, _ = io.Copy(&left, terminal)
	_ = command.Wait()
	if code := command.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d\n%s", code, exitInterrupted, left.String())
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a file is written")
	}
}
