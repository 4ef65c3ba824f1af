package badproxy

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// Limits of the proxies that cut streams: longer than the plain probe, shorter
// than the silence that the doctor is to try.
const (
	cutAfter = 3500 * time.Millisecond
	tryFor   = 6 * time.Second
)

var cutting = []Kind{
	{ID: "idle-cut", Diagnosis: "D7", Idle: tryFor, About: "a silent stream is cut", make: func(p *Proxy) { p.cut(cutAfter, longLife) }},
	{ID: "life-cut", Diagnosis: "D8", Idle: tryFor, About: "a stream is cut at an age", make: func(p *Proxy) { p.cut(0, cutAfter) }},
	{ID: "held-and-cut", Diagnosis: "D9", Idle: tryFor, About: "a buffer, and a silent stream is cut", make: func(p *Proxy) {
		p.body(func(body io.ReadCloser, _ *http.Response) io.ReadCloser {
			return full(impatient(body, cutAfter, longLife), 4<<10)
		})
	}},
	{ID: "heartbeats-held", Diagnosis: "D9b", Idle: tryFor, About: "a response is collected, and given up before it is whole", make: func(p *Proxy) {
		p.response = func(r *http.Response) error {
			all, err := io.ReadAll(impatient(r.Body, 0, cutAfter))
			_ = r.Body.Close()
			r.Body = io.NopCloser(bytes.NewReader(all))
			return gatewayTimeout{err}.orNil()
		}
	}},
	{ID: "reload", Diagnosis: "D21", Idle: tryFor, About: "all streams are cut at one moment, once", make: makeReload},
	{ID: "hang", Diagnosis: "D14", About: "a broken stream stays open", make: func(p *Proxy) {
		p.body(func(body io.ReadCloser, r *http.Response) io.ReadCloser {
			return ending(body, func(err error) error { <-r.Request.Context().Done(); return err })
		})
	}},
	{ID: "clean-end", Diagnosis: "D14b", About: "a broken stream ends as if it were complete", make: func(p *Proxy) {
		p.body(func(body io.ReadCloser, _ *http.Response) io.ReadCloser {
			return ending(body, func(error) error { return io.EOF })
		})
	}},
	{ID: "lazy-abort", Diagnosis: "D13", About: "the backend learns by a write that the client left", make: func(p *Proxy) { p.detach(false) }},
	{ID: "no-abort", Diagnosis: "D13b", About: "the backend never learns that the client left", make: func(p *Proxy) { p.detach(true) }},
}

// A gatewayTimeout is a net.Error.
type gatewayTimeout struct{ error }

func (g gatewayTimeout) Timeout() bool   { return true }
func (g gatewayTimeout) Temporary() bool { return false }

func (g gatewayTimeout) orNil() error {
	if g.error == nil {
		return nil
	}
	return g
}

func (p *Proxy) cut(idle, life time.Duration) {
	p.body(func(body io.ReadCloser, _ *http.Response) io.ReadCloser { return impatient(body, idle, life) })
}

// makeReload cuts all streams when the first of them has reached an age.
func makeReload(p *Proxy) {
	var once sync.Once
	reloaded := make(chan struct{})
	p.body(func(body io.ReadCloser, _ *http.Response) io.ReadCloser {
		source := newPump(body)
		oldest := time.NewTimer(cutAfter)
		return reader{readFunc(func(to []byte) (int, error) {
			cut := reloaded
			for {
				n, changed, err := source.take(to)
				if n > 0 || err != nil {
					return n, err
				}
				select {
				case <-changed:
				case <-oldest.C:
					once.Do(func() { close(reloaded) })
				case <-cut:
					return 0, errTimeout
				}
			}
		}), body}
	})
}

// detach lets a request live on when its client leaves, to the end or until the
// next write.
func (p *Proxy) detach(forever bool) {
	p.handler = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
			context.AfterFunc(p.ctx, cancel)
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
	if forever {
		p.body(func(body io.ReadCloser, _ *http.Response) io.ReadCloser { return drained(p.ctx, body) })
	}
}
