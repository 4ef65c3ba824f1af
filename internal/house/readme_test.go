package house

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The commands of README.md run, as they stand there, on a fresh clone.
func TestReadmeCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("runs every command of the README; left out by -short")
	}
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	clone := filepath.Join(t.TempDir(), "ssegauge")
	if out, err := exec.Command("git", "clone", "-q", "../..", clone).CombinedOutput(); err != nil {
		t.Fatalf("git clone: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	r := &reader{t: t, ctx: ctx, folder: clone}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(blocks) != 4 {
		t.Fatalf("the README has %d blocks of commands, want 4", len(blocks))
	}
	for _, block := range blocks {
		for line := range strings.Lines(string(block[1])) {
			r.do(strings.TrimSpace(line))
		}
		r.endServer()
	}
}

// A reader does what the README says, line by line. A server that one line
// starts runs until the end of its block, on a free port.
type reader struct {
	t      *testing.T
	ctx    context.Context
	folder string

	server  *exec.Cmd
	address string
}

const readmeAddress = "http://127.0.0.1:8080"

func (r *reader) do(line string) {
	r.t.Helper()
	switch {
	case strings.Contains(line, "ssegauge serve"):
		r.startServer(line + " --addr 127.0.0.1:0")
	case strings.HasPrefix(line, "curl -N "):
		r.watch(line)
	default:
		out, err := r.command(line).CombinedOutput()
		switch {
		case err == nil:
		case bytes.Contains(out, []byte("exit status 3")):
			// The run was right to say so of a machine that is busy with tests.
			r.t.Logf("%s: the measurement is invalid\n%s", line, out)
		default:
			r.t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
}

// command runs a line by the shell, in a process group of its own.
func (r *reader) command(line string) *exec.Cmd {
	c := exec.CommandContext(r.ctx, "sh", "-c", "exec "+line)
	c.Dir = r.folder
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	return c
}

func (r *reader) startServer(line string) {
	r.t.Helper()
	c := r.command(line)
	stdout, err := c.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.server = c
	first, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		r.t.Fatalf("%s: %v", line, err)
	}
	r.address = strings.TrimPrefix(strings.TrimSpace(first), "listening on ")
}

func (r *reader) endServer() {
	if r.server == nil {
		return
	}
	_ = syscall.Kill(-r.server.Process.Pid, syscall.SIGTERM)
	_ = r.server.Wait()
	r.server = nil
}

// watch runs a command that never ends by itself until it shows an event.
func (r *reader) watch(line string) {
	r.t.Helper()
	c := r.command(strings.ReplaceAll(line, readmeAddress, r.address))
	stdout, err := c.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		r.t.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		_ = c.Wait()
	}()
	var seen bytes.Buffer
	for !strings.Contains(seen.String(), "data: ") {
		if _, err := io.CopyN(&seen, stdout, 1); err != nil {
			r.t.Errorf("%s: %v before an event came; got %q", line, err, seen.String())
			return
		}
	}
}
