package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The rows of the senders' table.
const (
	rowSsegauge = "ssegauge serve"
	rowJoe      = "go-sse, Joe"
	rowNchan    = "nchan"
	rowFloor    = "floor"
)

var senderRows = []string{rowSsegauge, rowJoe, rowNchan, rowFloor}

// servers are the senders that speak HTTP.
var servers = senderRows[:3]

// A sender is a server that runs, and publishes by itself.
type sender struct {
	*process
	port int
	path string
	end  []func()
}

// url is the address of its event stream.
func (s *sender) url() string { return fmt.Sprintf("http://127.0.0.1:%d%s", s.port, s.path) }

func (s *sender) stop() {
	for _, end := range s.end {
		end()
	}
	s.process.stop()
}

// startTime is how long a server may take to listen.
const startTime = 20 * time.Second

// serve starts a server that publishes so many events per second, with so many
// bytes of data; 0 means none.
func (l *lab) serve(ctx context.Context, row string, rate float64, size int) (*sender, error) {
	tick := strconv.FormatFloat(rate, 'f', -1, 64)
	switch row {
	case rowSsegauge:
		arguments := []string{"serve", "--addr", "127.0.0.1:0", "--auth", "none", "--heartbeat", "0s", "--exit-with-stdin"}
		if rate > 0 {
			arguments = append(arguments, "--tick", tick+"/s", "--topic", "t", "--tick-size", strconv.Itoa(size))
		}
		return l.listening(ctx, "/events?topic=t", l.program("ssegauge"), arguments...)
	case rowJoe:
		return l.listening(ctx, "/", l.program("joe"), "-tick", tick, "-size", strconv.Itoa(size))
	case rowNchan:
		return l.serveNchan(ctx, rate, size)
	}
	return nil, fmt.Errorf("unknown sender %q", row)
}

// listening starts a server that prints where it listens.
func (l *lab) listening(ctx context.Context, path, program string, arguments ...string) (*sender, error) {
	p, err := l.start(program, arguments...)
	if err != nil {
		return nil, err
	}
	const prefix = "listening on "
	line, err := p.line(ctx, prefix, startTime)
	if err != nil {
		p.stop()
		return nil, err
	}
	at, err := url.Parse(strings.TrimPrefix(line, prefix))
	if err != nil {
		p.stop()
		return nil, err
	}
	port, err := strconv.Atoi(at.Port())
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("%q: %w", line, err)
	}
	return &sender{process: p, port: port, path: path}, nil
}
