package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// childLimit is after how long a process is killed that does not end.
const childLimit = 2 * time.Minute

// A child is the command as a process of its own, for what is about signals and
// about what is left behind.
type child struct {
	*exec.Cmd
	stderr io.Reader
}

// startChild starts a command line. variables are added to the environment.
func startChild(t *testing.T, variables []string, args ...string) *child {
	t.Helper()
	c := &child{Cmd: exec.Command(os.Args[0], args...)}
	c.Env = append(os.Environ(), variables...)
	var err error
	if c.stderr, err = c.StderrPipe(); err != nil {
		t.Fatal(err)
	}
	c.launch(t)
	return c
}

// launch starts the process, which ends with the test at the latest.
func (c *child) launch(t *testing.T) {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	watchdog := time.AfterFunc(childLimit, func() { _ = c.Process.Kill() })
	t.Cleanup(func() {
		watchdog.Stop()
		if c.ProcessState == nil {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	})
}

// end waits until the child ends, and demands an exit code. It returns what was
// left of its messages.
func (c *child) end(t *testing.T, want int) string {
	t.Helper()
	left, _ := io.ReadAll(c.stderr)
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != want {
		t.Errorf("exit code %d, want %d\n%s", code, want, left)
	}
	return string(left)
}

// interrupt interrupts the child, which winds down.
func (c *child) interrupt(t *testing.T) {
	t.Helper()
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	c.end(t, exitInterrupted)
}

// startServe runs a server in a process of its own, and returns its address. With
// the test its standard input ends, and with that so must the server.
func startServe(t *testing.T, args ...string) string {
	t.Helper()
	c := &child{Cmd: exec.Command(os.Args[0], append([]string{"serve", "--addr", "127.0.0.1:0", "--exit-with-stdin"}, args...)...)}
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.launch(t)
	t.Cleanup(func() {
		_ = stdin.Close()
		if err := c.Wait(); err != nil {
			t.Errorf("serve %v ended with %v, want exit code 0", args, err)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	address, ok := strings.CutPrefix(line, listeningPrefix)
	if err != nil || !ok {
		t.Fatalf("%q, %v", line, err)
	}
	return strings.TrimSpace(address)
}
