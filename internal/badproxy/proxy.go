// Package badproxy has reverse proxies that spoil an event stream on purpose,
// one way each: what the doctor must recognise, with nothing installed. Each
// says which diagnosis is the right one.
package badproxy

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// A Kind is one way to spoil a stream.
type Kind struct {
	ID    string
	About string
	// Diagnosis is the right one, empty for a proxy that spoils nothing. Idle is
	// how long the doctor has to try silence, 0 if that does not matter.
	Diagnosis string
	Idle      time.Duration

	make func(*Proxy)
}

// A Proxy is one that runs. Its kind fills in what differs from a good one.
type Proxy struct {
	URL string // where it listens

	request  func(*httputil.ProxyRequest)
	response func(*http.Response) error
	handler  func(http.Handler) http.Handler
	// transport speaks to the backend.
	transport http.RoundTripper

	ctx    context.Context // ends with the proxy
	cancel context.CancelFunc
	server *http.Server
	pool   *http.Transport
	owned  sync.WaitGroup
}

// Start lets a proxy of the kind listen in front of a backend, with TLS if a
// configuration is given. The caller stops it.
func Start(kind Kind, backend *url.URL, config *tls.Config) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{pool: &http.Transport{DisableCompression: true}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.transport = p.pool
	kind.make(p)

	quiet := log.New(io.Discard, "", 0)
	var handler http.Handler = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: backend.Scheme, Host: backend.Host})
			r.SetXForwarded()
			if p.request != nil {
				p.request(r)
			}
		},
		Transport: p.transport, ModifyResponse: p.response, ErrorLog: quiet,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			status := http.StatusBadGateway
			if e, ok := err.(net.Error); ok && e.Timeout() {
				status = http.StatusGatewayTimeout
			}
			w.WriteHeader(status)
		},
	}
	if p.handler != nil {
		handler = p.handler(handler)
	}
	p.server = &http.Server{Handler: handler, ErrorLog: quiet, ReadHeaderTimeout: time.Minute}
	p.URL = "http://" + listener.Addr().String()
	serve := func() { _ = p.server.Serve(listener) }
	if config != nil {
		p.server.TLSConfig = config.Clone() // the server adds to it
		p.URL = "https://" + listener.Addr().String()
		serve = func() { _ = p.server.ServeTLS(listener, "", "") }
	}
	p.owned.Go(serve)
	return p, nil
}

// Stop closes all connections.
func (p *Proxy) Stop() {
	p.cancel()
	_ = p.server.Close()
	p.pool.CloseIdleConnections()
	p.owned.Wait()
}

// body makes the proxy pass on the body of each event stream through a filter.
func (p *Proxy) body(filter func(io.ReadCloser, *http.Response) io.ReadCloser) {
	p.response = func(r *http.Response) error {
		if r.Header.Get("Content-Type") == "text/event-stream" {
			r.Body = filter(r.Body, r)
		}
		return nil
	}
}
