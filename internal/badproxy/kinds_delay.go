package badproxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

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
	{ID: "hold-http1", Diagnosis: "D1", About: "the response is collected to its end, for clients of HTTP/1.1", make: func(p *Proxy) {
		type old struct{}
		p.handler = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), old{}, r.ProtoMajor == 1)))
			})
		}
		p.body(func(body io.ReadCloser, r *http.Response) io.ReadCloser {
			if r.Request.Context().Value(old{}) == true {
				return full(body, 32<<10)
			}
			return body
		})
	}},
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
