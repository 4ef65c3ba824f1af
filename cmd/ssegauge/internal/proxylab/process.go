package proxylab

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// A process is a proxy that runs under a guard.
type process struct {
	job       job
	guard     *exec.Cmd
	stdin     io.Closer
	complaint bytes.Buffer // the guard's standard error; to be read once it has ended

	group int
	ended chan struct{} // closed when the proxy, or its guard, has ended
	how   string        // then: how it ended
	done  chan struct{} // closed when the guard has ended
	once  sync.Once
}

// startProcess starts the guard with its job. The caller stops the process.
func startProcess(guard []string, j job) (*process, error) {
	p := &process{job: j, guard: exec.Command(guard[0], guard[1:]...), ended: make(chan struct{}), done: make(chan struct{})}
	p.guard.SysProcAttr = ownGroup()
	p.guard.Stderr = &p.complaint
	stdin, err := p.guard.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = stdin
	stdout, err := p.guard.StdoutPipe()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	if err := p.guard.Start(); err != nil {
		return nil, fmt.Errorf("guard of %s: %w", j.Command[0], err)
	}
	_, _ = stdin.Write(append(text, '\n')) // what became of it, the answer says
	first := make(chan notice, 1)
	go p.listen(json.NewDecoder(stdout), first)
	if n := <-first; p.group == 0 {
		p.stop()
		return nil, fmt.Errorf("%s: %s", j.Command[0], cmp.Or(n.Problem, strings.TrimSpace(p.complaint.String())))
	}
	return p, nil
}

// listen hears what the guard has to say until it ends.
func (p *process) listen(say *json.Decoder, first chan<- notice) {
	defer close(p.done)
	var n notice
	_ = say.Decode(&n)
	p.group = n.Group
	first <- n
	n = notice{}
	if err := say.Decode(&n); err != nil {
		n.Ended = "its guard ended"
	}
	p.how = n.Ended
	close(p.ended)
	for say.Decode(&n) == nil {
	}
	if err := p.guard.Wait(); err != nil {
		// Somebody has killed the guard: what it had to do is left to us.
		if p.group != 0 {
			killGroup(p.group)
		}
		_ = os.RemoveAll(p.job.Folder)
	}
}

// stop ends the proxy with all its processes, and removes its folder.
func (p *process) stop() {
	p.once.Do(func() { _ = p.stdin.Close() })
	<-p.done
}

// log is what the proxy has written into its log files so far.
func (p *process) log(files ...string) string {
	var all strings.Builder
	for _, name := range append([]string{logFile}, files...) {
		if text, err := os.ReadFile(p.job.in(name)); err == nil || !errors.Is(err, os.ErrNotExist) {
			all.Write(text)
		}
	}
	return strings.TrimSpace(all.String())
}
