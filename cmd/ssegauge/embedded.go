package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ssegauge/ssegauge/internal/token"
	"github.com/ssegauge/ssegauge/loadgen"
)

// An embedded server is `ssegauge serve` in a process of its own: neither its
// memory, nor its garbage collector, nor its descriptors are the generator's.
type embedded struct {
	command   *exec.Cmd
	stdin     io.Closer
	complaint bytes.Buffer  // its standard error; to be read once it has ended
	done      chan struct{} // closed then
}

// authenticate gives the streams of a scenario minted tokens, unless it says how
// the embedded server authenticates them, and returns what signs those.
func authenticate(s *loadgen.Scenario) token.Secret {
	saysAuth := func(flag string) bool { return flag == "--auth" || strings.HasPrefix(flag, "--auth=") }
	if slices.ContainsFunc(s.Target.Serve, saysAuth) {
		return ""
	}
	jwt := s.Target.Auth.JWT
	if jwt == nil {
		jwt = &loadgen.JWT{Method: "HS256", Subject: "stream-{stream}", TTL: time.Hour}
		s.Target.Auth.JWT = jwt
	}
	if jwt.Secret == "" {
		jwt.Secret = token.NewSecret()
	}
	return jwt.Secret
}

// startEmbedded starts the reference server that a scenario asks for, and puts
// its address into the scenario.
func startEmbedded(ctx context.Context, s *loadgen.Scenario) (*embedded, error) {
	args := append([]string{"serve", "--addr", "127.0.0.1:0", "--exit-with-stdin"}, s.Target.Serve...)
	environment := os.Environ()
	if secret := authenticate(s); secret != "" {
		args = append(args, "--auth", "jwt")
		environment = append(environment, secretVariable+"="+secret.Reveal())
	}
	executable, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("embedded server: %w", err)
	}
	e := &embedded{command: exec.Command(executable, args...), done: make(chan struct{})}
	e.command.Env = environment
	e.command.Stderr = &e.complaint
	e.command.SysProcAttr = ownGroup()
	stdin, err := e.command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("embedded server: %w", err)
	}
	e.stdin = stdin
	stdout, err := e.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("embedded server: %w", err)
	}
	if err := e.command.Start(); err != nil {
		return nil, fmt.Errorf("embedded server: %w", err)
	}
	address, err := e.listening(ctx, stdout)
	if err != nil {
		e.stop()
		return nil, fmt.Errorf("embedded server: %w: %s", err, strings.TrimSpace(e.complaint.String()))
	}
	s.Target.URL = address + "/events?topic={topic}"
	if s.Publish.URL == "" {
		s.Publish.URL = address + "/publish"
	}
	return e, nil
}

var errNoAddress = errors.New("it ended before it listened")

// listening waits for the line in which the server says its address.
func (e *embedded) listening(ctx context.Context, stdout io.Reader) (string, error) {
	lines := make(chan string, 1)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(lines)
		scanner := bufio.NewScanner(stdout)
		if scanner.Scan() {
			lines <- scanner.Text()
		}
		_, _ = io.Copy(io.Discard, stdout)
	})
	go func() {
		defer close(e.done)
		reading.Wait()
		_ = e.command.Wait()
	}()
	select {
	case line, ok := <-lines:
		address, found := strings.CutPrefix(line, listeningPrefix)
		if !ok || !found {
			return "", errNoAddress
		}
		return address, nil
	case <-ctx.Done():
		return "", ctx.Err()
	case <-time.After(30 * time.Second):
		return "", errors.New("it did not listen within 30 s")
	}
}

// stop ends the server: it shuts down when its standard input ends, and is
// killed when it takes too long.
func (e *embedded) stop() {
	_ = e.stdin.Close()
	select {
	case <-e.done:
	case <-time.After(5 * time.Second):
		_ = e.command.Process.Kill()
		<-e.done
	}
}
