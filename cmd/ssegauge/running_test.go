package main

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// A running is a command line whose messages can be read while it runs.
type running struct {
	stop   context.CancelFunc
	stdout bytes.Buffer // to be read once it is done
	done   chan int     // gets its exit code

	mu       sync.Mutex
	messages bytes.Buffer
	grown    chan struct{} // has one when messages have come
}

// start runs a command line beside the test, and ends it with the test.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{stop: cancel, done: make(chan int, 1), grown: make(chan struct{}, 1)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.done <- run(ctx, strings.NewReader(""), &r.stdout, r, args)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return r
}

// Write takes the command's messages.
func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages.Write(p)
	select {
	case r.grown <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (r *running) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.messages.String()
}

// message waits for what the pattern's group matches.
func (r *running) message(t *testing.T, pattern string) string {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		if found := regexp.MustCompile(pattern).FindStringSubmatch(r.said()); found != nil {
			return found[1]
		}
		select {
		case <-r.grown:
		case code := <-r.done:
			t.Fatalf("it ended with exit code %d before it said %q:\n%s", code, pattern, r.said())
		case <-timeout:
			t.Fatalf("it does not say %q:\n%s", pattern, r.said())
		}
	}
}

func (r *running) wait(t *testing.T) int {
	t.Helper()
	select {
	case code := <-r.done:
		return code
	case <-time.After(3 * time.Minute):
		t.Fatalf("it does not end:\n%s", r.said())
		return 0
	}
}
