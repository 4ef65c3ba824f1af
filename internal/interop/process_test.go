package interop

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait. It is long, because only a failure uses it up.
const patience = 60 * time.Second

// A process is a program that a test has started, in a process group of its
// own, with its output in files.
type process struct {
	command *exec.Cmd
	folder  string
	done    chan struct{} // closed when it has ended
}

// start starts a program and sees to it that it, and all that it has started,
// is gone at the end of the test.
func start(t *testing.T, environment []string, program string, args ...string) *process {
	t.Helper()
	p, err := launch(t.TempDir(), environment, program, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	return p
}

// launch starts a program whose output goes into files of the folder. The
// caller must stop it. Its standard input stays open and empty for as long as
// the tests run, whatever becomes of them.
func launch(folder string, environment []string, program string, args ...string) (*process, error) {
	p := &process{folder: folder, done: make(chan struct{}), command: exec.Command(program, args...)}
	p.command.Env = append(os.Environ(), environment...)
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	for name, to := range map[string]func(*os.File){
		"stdout": func(f *os.File) { p.command.Stdout = f },
		"stderr": func(f *os.File) { p.command.Stderr = f },
	} {
		file, err := os.Create(filepath.Join(p.folder, name))
		if err != nil {
			return nil, err
		}
		defer file.Close()
		to(file)
	}
	if _, err := p.command.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		_ = p.command.Wait()
	}()
	return p, nil
}

// stop ends the process group: first by asking, then by force. A master
// process may be gone while its workers go on, so the group is always killed.
func (p *process) stop() {
	group := -p.command.Process.Pid
	select {
	case <-p.done:
	default:
		_ = syscall.Kill(group, syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(10 * time.Second):
		}
	}
	_ = syscall.Kill(group, syscall.SIGKILL)
	<-p.done
}

// kill ends the process at once.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	<-p.done
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.command.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// wait waits until the process ends by itself and returns its exit code.
func (p *process) wait(t *testing.T, limit time.Duration) int {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(limit):
		// A Go program answers with the stacks of its goroutines.
		_ = p.command.Process.Signal(syscall.SIGQUIT)
		p.stop()
		t.Fatalf("%s %s still ran after %v; its standard error:\n%s", p.command.Args[0], p.command.Args[1], limit, p.stderr())
	}
	return p.command.ProcessState.ExitCode()
}

func (p *process) stdout() string { return p.output("stdout") }
func (p *process) stderr() string { return p.output("stderr") }

func (p *process) output(name string) string {
	text, err := os.ReadFile(filepath.Join(p.folder, name))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// until polls a condition until it holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !holds() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("waited %v in vain until %s", patience, what)
		}
	}
}

func text(n int) string { return strconv.Itoa(n) }
