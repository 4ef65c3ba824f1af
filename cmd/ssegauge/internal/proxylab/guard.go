package proxylab

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// A job is what a guard is told on its standard input, as one line of JSON.
type job struct {
	Folder  string            `json:"folder"` // to make, and to remove at the end
	Folders []string          `json:"folders"`
	Files   map[string][]byte `json:"files"` // by their names in the folder
	Command []string          `json:"command"`
	Env     []string          `json:"env"` // besides the guard's own
}

// in is the path of a file in the folder.
func (j *job) in(name string) string { return filepath.Join(j.Folder, name) }

// A notice is what a guard says on its standard output, a line of JSON each:
// first that the process runs, or why it does not, and later that it has ended
// by itself.
type notice struct {
	Group   int    `json:"group,omitempty"` // the process group
	Problem string `json:"problem,omitempty"`
	Ended   string `json:"ended,omitempty"` // how the process ended
}

// logFile gets what the process writes to its standard output and error.
const logFile = "output.log"

// grace is how long a process group may take to end before it is killed.
const grace = 2 * time.Second

// Guard runs one process for as long as its standard input stays open and ctx
// is not done. Then it ends the whole process group and removes the folder. It
// is what the command that NewLab gets must call; the end of the lab's process,
// whatever its cause, closes the input.
func Guard(ctx context.Context, stdin io.Reader, stdout io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	input := bufio.NewReader(stdin)
	say := json.NewEncoder(stdout)
	line, err := input.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("guard: no job: %w", err)
	}
	var j job
	if err := json.Unmarshal(line, &j); err != nil {
		return fmt.Errorf("guard: no job: %w", err)
	}
	if err := os.Mkdir(j.Folder, 0o700); err != nil {
		return say.Encode(notice{Problem: err.Error()})
	}
	defer os.RemoveAll(j.Folder)
	command, err := j.start()
	if err != nil {
		return say.Encode(notice{Problem: err.Error()})
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait()
	}()
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, input)
	}()
	_ = say.Encode(notice{Group: command.Process.Pid}) // a lab that is gone has closed the input too
	select {
	case <-ctx.Done():
		endGroup(command.Process.Pid, ended)
	case <-ended:
		endGroup(command.Process.Pid, ended)
		_ = say.Encode(notice{Ended: command.ProcessState.String()})
		<-ctx.Done()
	}
	return nil
}

// start writes the files and starts the process. When this process is root's,
// the proxy's is nobody's.
func (j *job) start() (*exec.Cmd, error) {
	for _, name := range j.Folders {
		if err := os.MkdirAll(j.in(name), 0o700); err != nil {
			return nil, err
		}
	}
	for name, text := range j.Files {
		if err := os.WriteFile(j.in(name), text, 0o600); err != nil {
			return nil, err
		}
	}
	log, err := os.Create(j.in(logFile))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command := exec.Command(j.Command[0], j.Command[1:]...)
	command.Dir = j.Folder
	command.Env = append(os.Environ(), j.Env...)
	command.Stdout, command.Stderr = log, log
	if command.SysProcAttr, err = unprivileged(j.Folder); err != nil {
		return nil, err
	}
	return command, command.Start()
}
