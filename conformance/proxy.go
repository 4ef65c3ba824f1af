package conformance

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
)

// A proxy is a reverse proxy on this machine that holds a response back until
// its buffer is full, as proxies do by default, unless the response asks it not
// to: by no-transform in Cache-Control (RFC 9111 section 5.2.2.6) or by
// X-Accel-Buffering: no.
type proxy struct {
	address   string
	server    *http.Server
	transport *http.Transport
	serving   sync.WaitGroup
}

// proxyBuffer is what a proxy collects before it passes it on, in bytes.
const proxyBuffer = 8 << 10

// startProxy starts a proxy in front of the target. The caller stops it.
func (r *runner) startProxy() (*proxy, error) {
	target, err := url.Parse(r.url)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{address: listener.Addr().String(), transport: &http.Transport{TLSClientConfig: r.tls.Clone(), DisableCompression: true}}
	if r.target.HTTP == "2" {
		p.transport = r.newHTTP2()
	}
	forward := &httputil.ReverseProxy{
		Rewrite:   func(q *httputil.ProxyRequest) { q.SetURL(&url.URL{Scheme: target.Scheme, Host: target.Host}) },
		Transport: p.transport,
		ErrorLog:  log.New(io.Discard, "", 0),
		ModifyResponse: func(answer *http.Response) error {
			if mayHold(answer.Header) {
				answer.Body = heldBody{answer.Body}
			}
			return nil
		},
	}
	p.server = &http.Server{Handler: forward, ErrorLog: forward.ErrorLog, ConnState: func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			p.serving.Add(1) // under Serve, so before stop waits for nothing
		case http.StateClosed, http.StateHijacked:
			p.serving.Done()
		}
	}}
	p.serving.Go(func() { _ = p.server.Serve(listener) }) // ends with stop
	return p, nil
}

// through is the proxy's address for a URL of the target, which may be a
// template.
func (p *proxy) through(target string) string {
	_, rest, _ := strings.Cut(target, "://")
	if at := strings.IndexAny(rest, "/?#"); at >= 0 {
		return "http://" + p.address + rest[at:]
	}
	return "http://" + p.address
}

// stop closes all connections of the proxy.
func (p *proxy) stop() {
	_ = p.server.Close()
	p.serving.Wait()
	p.transport.CloseIdleConnections()
}

// mayHold reports whether a response with the head may be held back.
func mayHold(h http.Header) bool {
	return !strings.EqualFold(h.Get("X-Accel-Buffering"), "no") &&
		!strings.Contains(strings.ToLower(strings.Join(h.Values("Cache-Control"), ",")), "no-transform")
}

// A heldBody is read a buffer at a time.
type heldBody struct{ io.ReadCloser }

func (b heldBody) Read(p []byte) (int, error) {
	p = p[:min(len(p), proxyBuffer)]
	n, err := io.ReadFull(b.ReadCloser, p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}
