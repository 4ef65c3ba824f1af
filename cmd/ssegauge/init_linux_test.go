package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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
func startAtTerminal(t *testing.T, args ...string) (*child, *os.File) {
	t.Helper()
	ours, theirs := openTerminal(t)
	c := &child{Cmd: exec.Command(os.Args[0], args...), stderr: ours}
	c.Stdin, c.Stdout, c.Stderr = theirs, theirs, theirs
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	c.launch(t)
	_ = theirs.Close()
	return c, ours
}

func TestInitAtATerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "typed.yaml")
	c, terminal := startAtTerminal(t, "init", "--file", file, "--auth", "none")
	for _, step := range [][2]string{{"URL of the event stream", "\n"}, {"number of streams [100]: ", "12\n"}, {"rate of events [10/s]: ", "5/s\n"}, {"[10s]: ", "3s\n"}} {
		waitFor(t, terminal, step[0])
		if _, err := io.WriteString(terminal, step[1]); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, terminal, "next: ssegauge explain ")
	c.end(t, exitYes)
	if s := readDraft(t, file); s.Streams.Count != 12 || s.Publish.Rate != 5 || s.Duration != 3*time.Second {
		t.Errorf("%d streams, %v, %v; want 12, 5/s, 3s", s.Streams.Count, s.Publish.Rate, s.Duration)
	}
}

// An interrupt at a question writes nothing.
func TestInitInterrupted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "typed.yaml")
	c, terminal := startAtTerminal(t, "init", "--file", file)
	waitFor(t, terminal, "URL of the event stream")
	if _, err := io.WriteString(terminal, "\x03"); err != nil {
		t.Fatal(err)
	}
	c.end(t, exitInterrupted)
	if _, err := os.Stat(file); err == nil {
		t.Error("a file is written")
	}
}
