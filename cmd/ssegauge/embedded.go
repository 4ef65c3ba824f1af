package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
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
	arguments   []string // of serve, without the address
	environment []string
	address     string // its URL, once it has listened
	process     *embeddedProcess
}

type embeddedProcess struct {
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
	e := &embedded{arguments: s.Target.Serve, environment: os.Environ()}
	if secret := authenticate(s); secret != "" {
		e.arguments = append(slices.Clip(e.arguments), "--auth", "jwt")
		e.environment = append(e.environment, secretVariable+"="+secret.Reveal())
	}
	if err := e.start(ctx, "127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.Target.URL = e.address + "/events?topic={topic}"
	if s.Publish.URL == "" {
		s.Publish.URL = e.address + "/publish"
	}
	return e, nil
}

// start starts a process that listens at host:port.
func (e *embedded) start(ctx context.Context, at string) error {
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("embedded server: %w", err)
	}
	arguments := append([]string{"serve", "--addr", at, "--exit-with-stdin"}, e.arguments...)
	p := &embeddedProcess{command: exec.Command(executable, arguments...), done: make(chan struct{})}
	p.command.Env = e.environment
	p.command.Stderr = &p.complaint
	p.command.SysProcAttr = ownGroup()
	if p.stdin, err = p.command.StdinPipe(); err != nil {
		return fmt.Errorf("embedded server: %w", err)
	}
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		return fmt.Errorf("embedded server: %w", err)
	}
	if err := p.command.Start(); err != nil {
		return fmt.Errorf("embedded server: %w", err)
	}
	if e.address, err = p.listening(ctx, stdout); err != nil {
		p.stop()
		return fmt.Errorf("embedded server: %w: %s", err, strings.TrimSpace(p.complaint.String()))
	}
	e.process = p
	return nil
}

// restart ends the server, and starts another one at its address.
func (e *embedded) restart(ctx context.Context) error {
	u, err := url.Parse(e.address)
	if err != nil {
		return err
	}
	e.process.stop()
	return e.start(ctx, u.Host)
}

// stop ends the server.
func (e *embedded) stop() { e.process.stop() }

var errNoAddress = errors.New("it ended before it listened")

// listening waits for the line in which the server says its address.
func (e *embeddedProcess) listening(ctx context.Context, stdout io.Reader) (string, error) {
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
func (e *embeddedProcess) stop() {
	_ = e.stdin.Close()
	select {
	case <-e.done:
	case <-time.After(5 * time.Second):
		_ = e.command.Process.Kill()
		<-e.done
	}
}
