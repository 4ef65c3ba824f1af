package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A process is a program in a process group of its own, with its standard
// output as lines. Its standard input stays open until stop.
type process struct {
	lab     *lab
	name    string
	pid     int
	stdin   io.Closer
	lines   chan string   // closed at the end of its output
	done    chan struct{} // closed when it has ended
	err     error         // valid after done
	stopped sync.Once

	mu     sync.Mutex
	stderr bytes.Buffer
}

// keptLines is how much output may be unread before it is dropped.
const keptLines = 64

func (l *lab) start(name string, arguments ...string) (*process, error) {
	p := &process{lab: l, name: name, lines: make(chan string, keptLines), done: make(chan struct{})}
	command := exec.Command(name, arguments...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Stderr = p
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = stdin
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	p.pid = command.Process.Pid
	l.adopt(p)
	go func() {
		defer close(p.done)
		p.read(stdout)
		p.err = command.Wait()
	}()
	return p, nil
}

func (p *process) read(stdout io.Reader) {
	defer close(p.lines)
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		select {
		case p.lines <- lines.Text():
		default:
		}
	}
}

// Write keeps the beginning of the standard error.
func (p *process) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stderr.Len() < 4096 {
		p.stderr.Write(text)
	}
	return len(text), nil
}

// line returns the next line of the standard output that begins with prefix.
func (p *process) line(ctx context.Context, prefix string, limit time.Duration) (string, error) {
	late := time.After(limit)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				<-p.done
				return "", p.failure()
			}
			if strings.HasPrefix(line, prefix) {
				return line, nil
			}
		case <-late:
			return "", fmt.Errorf("nothing said for %v", limit)
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func (p *process) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	said, _, _ := strings.Cut(strings.TrimSpace(p.stderr.String()), "\n")
	if said == "" {
		return fmt.Errorf("ended early: %v", p.err)
	}
	return fmt.Errorf("ended early: %s", said)
}

// stop ends the process group: first by asking, then by force. A master may be
// gone while its workers go on, so the group is always killed.
func (p *process) stop() {
	p.stopped.Do(func() {
		_ = p.stdin.Close()
		select {
		case <-p.done:
		default:
			_ = syscall.Kill(-p.pid, syscall.SIGTERM)
			select {
			case <-p.done:
			case <-time.After(3 * time.Second):
			}
		}
		_ = syscall.Kill(-p.pid, syscall.SIGKILL)
		<-p.done
		p.lab.release(p)
	})
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// until polls a condition.
func until(ctx context.Context, limit time.Duration, what string, holds func() bool) error {
	for end := time.Now().Add(limit); !holds(); {
		if time.Now().After(end) {
			return fmt.Errorf("waited %v in vain until %s", limit, what)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// file writes a file into the lab's folder and returns its path.
func (l *lab) file(pattern, text string) (string, error) {
	file, err := os.CreateTemp(l.folder, pattern)
	if err != nil {
		return "", err
	}
	if _, err := file.WriteString(text); err != nil {
		return "", err
	}
	return file.Name(), file.Close()
}
