package badproxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Kinds are all of them.
func Kinds() []Kind { return slices.Concat(good, delaying, cutting, changing) }

// Find returns the kind of the ID.
func Find(id string) (Kind, bool) {
	kinds := Kinds()
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.ID == id })
	if i < 0 {
		return Kind{}, false
	}
	return kinds[i], true
}

// longLife stands for no limit.
const longLife = time.Hour

var good = []Kind{
	{ID: "good", About: "a plain reverse proxy", make: func(*Proxy) {}},
	{ID: "gzip-flushed", About: "gzip that flushes each event", make: func(p *Proxy) { p.gzip(true) }},
}

func (p *Proxy) gzip(flush bool) {
	p.response = func(r *http.Response) error {
		if strings.Contains(r.Request.Header.Get("Accept-Encoding"), "gzip") && r.Header.Get("Content-Type") == "text/event-stream" {
			r.Header.Set("Content-Encoding", "gzip")
			r.Body = compressed(r.Body, flush)
		}
		return nil
	}
}

var delaying = []Kind{
	{ID: "buffer-1k", Diagnosis: "D2", About: "a buffer of 1 KiB", make: func(p *Proxy) { p.buffer(1 << 10) }},
	{ID: "buffer-4k", Diagnosis: "D1", About: "a buffer of 4 KiB, which small events do not fill", make: func(p *Proxy) { p.buffer(4 << 10) }},
	{ID: "buffer-16k", Diagnosis: "D1", About: "a buffer of 16 KiB", make: func(p *Proxy) { p.buffer(16 << 10) }},
	{ID: "http10", Diagnosis: "D1", About: "HTTP/1.0 to the backend, and a buffer that waits for its end, as nginx before 1.29.7", make: func(p *Proxy) {
		p.transport = old{}
		p.buffer(4 << 10)
	}},
	{ID: "tick-200ms", Diagnosis: "D3", About: "a flush each 200 ms", make: func(p *Proxy) { p.tick(200 * time.Millisecond) }},
	{ID: "tick-500ms", Diagnosis: "D3b", About: "a flush each 500 ms", make: func(p *Proxy) { p.tick(500 * time.Millisecond) }},
	{ID: "hold", Diagnosis: "D1", About: "the response is collected to its end", make: func(p *Proxy) { p.hold(false) }},
	{ID: "length", Diagnosis: "D6", About: "the response is collected and gets a Content-Length", make: func(p *Proxy) { p.hold(true) }},
	{ID: "gzip", Diagnosis: "D4", About: "gzip that does not flush", make: func(p *Proxy) { p.gzip(false) }},
	{ID: "late-head", Diagnosis: "D5", About: "the head comes with the first bytes of the body", make: func(p *Proxy) {
		p.response = func(r *http.Response) error {
			first := make([]byte, 1)
			n, err := r.Body.Read(first)
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			r.Body = reader{io.MultiReader(bytes.NewReader(first[:n]), r.Body), r.Body}
			return nil
		}
	}},
	{ID: "absorb", Diagnosis: "D19", About: "all that is sent is taken in at once", make: func(p *Proxy) {
		p.body(func(body io.ReadCloser, _ *http.Response) io.ReadCloser {
			return reader{readFunc(newPump(body).read), body}
		})
	}},
}

func (p *Proxy) buffer(n int) {
	p.body(func(body io.ReadCloser, _ *http.Response) io.ReadCloser { return full(body, n) })
}

func (p *Proxy) tick(d time.Duration) {
	p.body(func(body io.ReadCloser, _ *http.Response) io.ReadCloser { return ticking(body, d) })
}

func (p *Proxy) hold(length bool) {
	p.response = func(r *http.Response) error {
		all, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		r.Body = reader{bytes.NewReader(all), io.NopCloser(nil)}
		if length {
			r.Header.Set("Content-Length", strconv.Itoa(len(all)))
		}
		return err
	}
}

// old is a transport that speaks HTTP/1.0.
type old struct{}

func (old) RoundTrip(r *http.Request) (*http.Response, error) {
	conn, err := new(net.Dialer).DialContext(r.Context(), "tcp", r.URL.Host)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(r.Context(), func() { _ = conn.Close() })
	var head bytes.Buffer
	_, _ = head.WriteString(r.Method + " " + r.URL.RequestURI() + " HTTP/1.0\r\nHost: " + r.URL.Host + "\r\nConnection: close\r\n")
	if r.ContentLength > 0 {
		_, _ = head.WriteString("Content-Length: " + strconv.FormatInt(r.ContentLength, 10) + "\r\n")
	}
	_ = r.Header.Write(&head)
	_, _ = head.WriteString("\r\n")
	_, err = conn.Write(head.Bytes())
	if err == nil && r.Body != nil {
		_, err = io.Copy(conn, r.Body)
	}
	var response *http.Response
	if err == nil {
		response, err = http.ReadResponse(bufio.NewReader(conn), r)
	}
	if err != nil {
		stop()
		_ = conn.Close()
		return nil, err
	}
	response.Body = reader{response.Body, closeFunc(func() error { stop(); return conn.Close() })}
	return response, nil
}

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

// places is how many streams the proxies with a budget carry.
const places = 8

var changing = []Kind{
	{ID: "refuse-9th", Diagnosis: "D12", About: "the ninth stream is refused", make: func(p *Proxy) {
		var open atomic.Int64
		p.handler = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer open.Add(-1)
				if open.Add(1) > places {
					http.Error(w, "no place", http.StatusServiceUnavailable)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	}},
	{ID: "queue-9th", Diagnosis: "D12", About: "the ninth stream waits for another to end", make: func(p *Proxy) {
		open := make(chan struct{}, places)
		p.handler = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				select {
				case open <- struct{}{}:
				case <-r.Context().Done():
					return
				}
				defer func() { <-open }()
				next.ServeHTTP(w, r)
			})
		}
	}},
	{ID: "login", Diagnosis: "D11", About: "a login page in place of the stream", make: func(p *Proxy) {
		p.instead(func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, "<!doctype html><title>Sign in</title>")
		})
	}},
	{ID: "redirect", Diagnosis: "D11", About: "a redirect to a login", make: func(p *Proxy) {
		p.instead(func(w http.ResponseWriter) {
			w.Header().Set("Location", "/login")
			w.WriteHeader(http.StatusFound)
		})
	}},
	{ID: "cache", Diagnosis: "D10", About: "a stream is stored and replayed", make: makeCache},
	{ID: "cache-lock", Diagnosis: "D10b", About: "of the requests for one URL, one at a time is let through", make: makeLock},
	{ID: "no-last-event-id", Diagnosis: "D15", About: "Last-Event-ID is taken out", make: func(p *Proxy) {
		p.request = func(r *httputil.ProxyRequest) { r.Out.Header.Del("Last-Event-ID") }
	}},
	{ID: "short-fields", Diagnosis: "D15", About: "header fields over 2 kB are refused", make: func(p *Proxy) {
		p.handler = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if len(r.Header.Get("Last-Event-ID")) > 2000 {
					w.WriteHeader(http.StatusRequestHeaderFieldsTooLarge)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	}},
	{ID: "no-authorization", Diagnosis: "D16", About: "Authorization is taken out", make: func(p *Proxy) {
		p.request = func(r *httputil.ProxyRequest) { r.Out.Header.Del("Authorization") }
	}},
	{ID: "cors-twice", Diagnosis: "D17", About: "Access-Control-Allow-Origin is added to what the backend sets", make: func(p *Proxy) {
		p.response = func(r *http.Response) error { r.Header.Add("Access-Control-Allow-Origin", "*"); return nil }
	}},
	{ID: "cors-not-on-errors", Diagnosis: "D17", About: "Access-Control-Allow-Origin is set where all is well only", make: func(p *Proxy) {
		p.response = func(r *http.Response) error {
			if r.StatusCode == http.StatusOK {
				r.Header.Set("Access-Control-Allow-Origin", "*")
			}
			return nil
		}
	}},
	{ID: "retry", Diagnosis: "D18", About: "a request that is not answered at once is sent again", make: func(p *Proxy) { p.transport = twice{p.pool} }},
	{ID: "collect-post", Diagnosis: "D20", About: "the body of a POST is collected", make: func(p *Proxy) {
		p.handler = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				all, err := io.ReadAll(r.Body)
				if err != nil {
					return
				}
				r.Body = io.NopCloser(bytes.NewReader(all))
				next.ServeHTTP(w, r)
			})
		}
	}},
	{ID: "error-page", Diagnosis: "D23", About: "errors get a page of the proxy's own", make: func(p *Proxy) {
		p.response = func(r *http.Response) error {
			if r.StatusCode >= 500 {
				_ = r.Body.Close()
				r.Header = http.Header{"Content-Type": {"text/html"}}
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader("<h1>Sorry</h1>")), -1
			}
			return nil
		}
	}},
}

// instead answers every request itself.
func (p *Proxy) instead(answer func(http.ResponseWriter)) {
	p.handler = func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) })
	}
}

func makeCache(p *Proxy) {
	var stored sync.Map // of bodies by URL
	p.body(func(body io.ReadCloser, r *http.Response) io.ReadCloser {
		var all bytes.Buffer
		return reader{readFunc(func(to []byte) (int, error) {
			n, err := body.Read(to)
			all.Write(to[:n])
			if errors.Is(err, io.EOF) {
				stored.Store(r.Request.URL.RequestURI(), all.Bytes())
			}
			return n, err
		}), body}
	})
	p.handler = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if body, ok := stored.Load(r.URL.RequestURI()); ok {
				w.Header().Set("Content-Type", "text/event-stream")
				w.Header().Set("X-Cache", "HIT")
				_, _ = w.Write(body.([]byte))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func makeLock(p *Proxy) {
	var locks sync.Map // by URL
	p.handler = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			lock, _ := locks.LoadOrStore(r.URL.RequestURI(), make(chan struct{}, 1))
			select {
			case lock.(chan struct{}) <- struct{}{}:
				defer func() { <-lock.(chan struct{}) }()
			case <-time.After(5 * time.Second):
			case <-r.Context().Done():
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// twice is a transport that sends a request again whose answer does not come
// soon, and waits for the second.
type twice struct{ to http.RoundTripper }

func (t twice) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	timer := time.AfterFunc(700*time.Millisecond, cancel)
	response, err := t.to.RoundTrip(r.WithContext(ctx))
	if err != nil && !timer.Stop() && r.Context().Err() == nil {
		return t.to.RoundTrip(r)
	}
	timer.Stop()
	if err != nil {
		cancel()
		return nil, err
	}
	response.Body = reader{response.Body, closers{response.Body, closeFunc(func() error { cancel(); return nil })}}
	return response, nil
}
