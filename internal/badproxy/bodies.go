package badproxy

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// A reader replaces how a body is read.
type reader struct {
	io.Reader
	io.Closer
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// ending replaces the error with which a body ends too soon.
func ending(body io.ReadCloser, with func(error) error) io.ReadCloser {
	return reader{readFunc(func(p []byte) (int, error) {
		n, err := body.Read(p)
		if err != nil && !errors.Is(err, io.EOF) {
			err = with(err)
		}
		return n, err
	}), body}
}

// full passes a body on n bytes at a time, and what is left at its end. What was
// collected when it broke is lost.
func full(body io.ReadCloser, n int) io.ReadCloser {
	return reader{readFunc(func(p []byte) (int, error) {
		got := 0
		for got < min(n, len(p)) {
			m, err := body.Read(p[got:min(n, len(p))])
			got += m
			if errors.Is(err, io.EOF) {
				return got, err
			}
			if err != nil {
				return 0, err
			}
		}
		return got, nil
	}), body}
}

// A pump reads a body ahead of who wants it.
type pump struct {
	body    io.ReadCloser
	mu      sync.Mutex
	held    bytes.Buffer
	err     error
	changed chan struct{} // closed and replaced with each read
	done    chan struct{} // closed when the body is over
}

func newPump(body io.ReadCloser) *pump {
	p := &pump{body: body, changed: make(chan struct{}), done: make(chan struct{})}
	go p.run() // ends with the body, which its reader closes
	return p
}

func (p *pump) run() {
	defer close(p.done)
	buf := make([]byte, 32<<10)
	for {
		n, err := p.body.Read(buf)
		p.mu.Lock()
		p.held.Write(buf[:n])
		p.err = err
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// take returns what there is, and the error once there is no more.
func (p *pump) take(to []byte) (int, <-chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held.Len() == 0 {
		return 0, p.changed, p.err
	}
	n, _ := p.held.Read(to)
	return n, p.changed, nil
}

// read waits for something to take.
func (p *pump) read(to []byte) (int, error) {
	for {
		n, changed, err := p.take(to)
		if n > 0 || err != nil {
			return n, err
		}
		<-changed
	}
}

// ticking passes a body on at an interval.
func ticking(body io.ReadCloser, interval time.Duration) io.ReadCloser {
	p := newPump(body)
	next := time.Now().Add(interval)
	return reader{readFunc(func(to []byte) (int, error) {
		select {
		case <-time.After(time.Until(next)):
		case <-p.done:
		}
		next = time.Now().Add(interval)
		return p.read(to)
	}), body}
}

// errTimeout is the error of a body that was given up.
var errTimeout = errors.New("timed out")

// impatient gives a body up that is silent for a while, or that lives for long.
func impatient(body io.ReadCloser, idle, life time.Duration) io.ReadCloser {
	p := newPump(body)
	end := time.Now().Add(life)
	last := time.Now()
	return reader{readFunc(func(to []byte) (int, error) {
		for {
			n, changed, err := p.take(to)
			if n > 0 || err != nil {
				last = time.Now()
				return n, err
			}
			wait := time.Until(end)
			if idle > 0 {
				wait = min(wait, time.Until(last.Add(idle)))
			}
			timer := time.NewTimer(wait)
			select {
			case <-changed:
				timer.Stop()
			case <-timer.C:
				return 0, errTimeout
			}
		}
	}), body}
}

// compressed gzips a body, and flushes each read of it or not.
func compressed(body io.ReadCloser, flush bool) io.ReadCloser {
	out, in := io.Pipe()
	go func() { // ends with the body, or when out is closed
		z := gzip.NewWriter(in)
		buf := make([]byte, 32<<10)
		for {
			n, err := body.Read(buf)
			if _, werr := z.Write(buf[:n]); werr != nil {
				return
			}
			if flush && z.Flush() != nil {
				return
			}
			if err != nil {
				if errors.Is(err, io.EOF) {
					err = z.Close()
				}
				_ = in.CloseWithError(err)
				return
			}
		}
	}()
	return reader{out, closers{out, body}}
}

type closers []io.Closer

func (list closers) Close() error {
	var errs []error
	for _, c := range list {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// drained goes on reading a body that nobody wants any more, until ctx ends.
func drained(ctx context.Context, body io.ReadCloser) io.ReadCloser {
	return reader{body, closeFunc(func() error {
		context.AfterFunc(ctx, func() { _ = body.Close() })
		go func() { _, _ = io.Copy(io.Discard, body) }() // ends with the body
		return nil
	})}
}

type closeFunc func() error

func (f closeFunc) Close() error { return f() }
