package badproxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

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
	{ID: "fields-2k", Diagnosis: "D15", About: "header fields over 2 kB are refused", make: func(p *Proxy) { p.refuseOver(2 << 10) }},
	{ID: "fields-8k", Diagnosis: "D15b", About: "header fields over 8 kB are refused", make: func(p *Proxy) { p.refuseOver(8 << 10) }},
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

// refuseOver refuses last event IDs that are longer.
func (p *Proxy) refuseOver(n int) {
	p.handler = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if len(r.Header.Get("Last-Event-ID")) > n {
				w.WriteHeader(http.StatusRequestHeaderFieldsTooLarge)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
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
