package interop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
)

// A backend of the conformance tests is a process of its own: what breaks in it
// breaks nothing else, and it can be stopped and started again. Those written
// in Go are this test binary again, which finds the name of an application in
// the environment. All of them take the address to listen at from ADDRESS, say
// on their standard output where they listen, and end with their standard
// input.
const (
	applicationVariable = "INTEROP_APPLICATION"
	addressVariable     = "ADDRESS"
)

// An application makes the handler of a backend and what ends its streams when
// the server shuts down.
type application func() (http.Handler, func())

// serveApplication is the main program of a backend written in Go.
func serveApplication(name string) error {
	build, known := applications[name]
	if !known {
		return fmt.Errorf("unknown application %q", name)
	}
	listener, err := net.Listen("tcp", os.Getenv(addressVariable))
	if err != nil {
		return err
	}
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}()
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	handler, end := build()
	server := &http.Server{Handler: handler}
	server.RegisterOnShutdown(end)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Printf("listening on http://%s\n", listener.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	// Streams that the application does not end are cut after a while.
	grace, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if server.Shutdown(grace) != nil {
		return server.Close()
	}
	return nil
}

// A program is a backend seen from the tests.
type program struct {
	folder      string
	environment []string
	command     []string
	address     string // where it listens, and listens again after a restart
	log         []string

	mu      sync.Mutex
	process *process
	starts  int
}

// startProgram starts a backend, which ends with the test.
func startProgram(t *testing.T, environment []string, command ...string) *program {
	t.Helper()
	p := &program{folder: t.TempDir(), environment: environment, command: command, address: "127.0.0.1:0"}
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.stop() })
	return p
}

// startApplication starts a backend of this binary.
func startApplication(t *testing.T, name string, environment ...string) *program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return startProgram(t, append(environment, applicationVariable+"="+name), self)
}

func (p *program) url() string { return "http://" + p.address }

// start starts the process and waits until it listens.
func (p *program) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.process != nil {
		return nil
	}
	p.starts++
	folder := filepath.Join(p.folder, fmt.Sprint(p.starts))
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	process, err := launch(folder, append(p.environment, addressVariable+"="+p.address), p.command[0], p.command[1:]...)
	if err != nil {
		return err
	}
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		line, whole := strings.CutSuffix(process.stdout(), "\n")
		if address, found := strings.CutPrefix(line, "listening on http://"); found && whole {
			p.process, p.address = process, address
			return nil
		}
		if process.ended() || time.Now().After(end) {
			process.stop()
			return fmt.Errorf("%s does not listen: %s", p.command, process.stderr())
		}
	}
}

// stop asks the process to end, and waits until it has.
func (p *program) stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.process != nil {
		p.process.stop()
		p.log = append(p.log, p.process.stderr())
		p.process = nil
	}
	return nil
}

// control is what can be done to every program.
func (p *program) control() map[string]*conformance.Action {
	return map[string]*conformance.Action{
		"stop": {Func: func(context.Context, string) error { return p.stop() }},
		"restart": {Func: func(context.Context, string) error {
			return errors.Join(p.stop(), p.start())
		}},
	}
}

// memory is that of the process that runs.
func (p *program) memory() *conformance.Memory {
	m := memoryOf()
	if m != nil {
		m.Func = func(ctx context.Context) (int64, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			return memoryOf(p.process).Func(ctx)
		}
	}
	return m
}

// target is the program as a target of the checker: GET /events?topic=… is the
// stream, and POST /publish takes the fields that are named.
func (p *program) target(fields ...string) conformance.Target {
	publish := &conformance.Publish{
		Request:  conformance.Request{URL: p.url() + "/publish", Body: `{"topic":{topic_json}{optional}}`},
		Optional: map[string]string{},
	}
	for _, field := range fields {
		publish.Optional[field] = fmt.Sprintf(`,%q:{%s_json}`, field, field)
	}
	return conformance.Target{URL: p.url() + "/events?topic={topic}", Publish: publish, Control: p.control(), Memory: p.memory()}
}

// finishing adds to the target that POST /finish?topic=… ends the streams of a
// topic.
func finishing(target conformance.Target) conformance.Target {
	address, err := url.Parse(target.Publish.URL)
	if err != nil {
		panic(err) // it is one of this file
	}
	target.Control["finish"] = &conformance.Action{
		Request: conformance.Request{URL: address.Scheme + "://" + address.Host + "/finish?topic={topic}"},
	}
	return target
}

// A publication is the body of POST /publish. What is not given is nil.
type publication struct {
	Topic   string  `json:"topic"`
	Data    *string `json:"data"`
	Event   *string `json:"event"`
	ID      *string `json:"id"`
	Retry   *string `json:"retry"`
	Comment *string `json:"comment"`
}

// value is what a field holds, empty if it is not given.
func value(field *string) string {
	if field == nil {
		return ""
	}
	return *field
}

// accepting answers POST /publish. What the library refuses is the publisher's
// fault.
func accepting(publish func(publication) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var p publication
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<20)).Decode(&p)
		if err == nil {
			err = publish(p)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}
