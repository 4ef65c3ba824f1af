// Package probeorigin is an event stream whose behaviour each request selects:
// how many events it sends, when, how large, framed how, with which header
// fields, and whether it falls silent, dies or ends. It is the far end of a path
// that the doctor and the proxy lab examine. A control request tells what the
// origin saw: how many requests came, with which fields, and when their clients
// left.
//
// Every path is answered alike, so that it can stand behind any routing:
//
//	GET /any/path?count=20&interval=100ms&nonce=x    an event stream, see Spec
//	GET /any/path?control=x                          a Report as JSON
//
// What a stranger may ask is bounded, and values that could be secrets are never
// told.
package probeorigin

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Mark is the header field by which the origin is recognised.
const Mark = "Ssegauge-Probe"

// maxStreams is how many streams are served at once.
const maxStreams = 1024

// An Origin answers probes. The zero value is not usable; see New.
type Origin struct {
	ledger  ledger
	streams atomic.Int64
}

// New returns an origin that has seen nothing.
func New() *Origin {
	return &Origin{ledger: ledger{nonces: map[string][]*Request{}}}
}

// ServeHTTP implements http.Handler.
func (o *Origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(Mark, "1")
	q := r.URL.Query()
	if q.Has("control") {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(o.ledger.report(q.Get("control"), time.Now().UnixNano()))
		return
	}
	spec, err := ParseSpec(q)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if o.streams.Add(1) > maxStreams {
		o.streams.Add(-1)
		http.Error(w, "too many streams at once", http.StatusServiceUnavailable)
		return
	}
	defer o.streams.Add(-1)
	s := &stream{
		spec: spec, ledger: &o.ledger, w: w, r: r, control: http.NewResponseController(w),
		seen: &Request{
			ID: strings.ToLower(rand.Text()[:10]), Method: r.Method, Protocol: r.Proto,
			Header: seen(r), Received: time.Now().UnixNano(),
		},
	}
	o.ledger.enter(spec.Nonce, s.seen)
	s.serve()
}

// connKey is where a request's context has its network connection.
type connKey struct{}

// Serve answers on a listener, with TLS if a configuration is given, until ctx
// ends; then it closes all connections. It speaks HTTP/1 and HTTP/2, without TLS
// by prior knowledge.
func (o *Origin) Serve(ctx context.Context, listener net.Listener, config *tls.Config) error {
	server := &http.Server{
		Handler: o, Protocols: new(http.Protocols),
		ReadHeaderTimeout: 30 * time.Second, MaxHeaderBytes: 64 << 10,
		ErrorLog:    log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	var err error
	if config != nil {
		server.TLSConfig = config.Clone() // the server adds to it
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
