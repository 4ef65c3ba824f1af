// Package refserver is a reference server for Server-Sent Events: a broadcast
// hub with replay behind an HTTP interface that does what the standard and
// deployed clients need, and, when told so, one thing wrong.
//
//	GET  /events?topic=a&topic=b   an event stream of the topics
//	POST /publish                  {"topic":"a","data":"…"} publishes one event
//	GET  /stats                    what the server does, in JSON
//	GET  /healthz                  204 while the server accepts streams
//	POST /session                  puts the bearer token into a cookie, DELETE takes it out
//	POST /revoke                   token=… is good no longer
//
// The events of a topic are encoded once, into a log of bytes that all its
// streams share. A stream of plain HTTP/1.1 is a socket and a position in that
// log: once its head is written, the connection is taken from net/http and
// given to one of a few event loops, and costs neither a goroutine nor a
// buffer. All other streams (TLS, HTTP/2, HTTP/1.0, systems other than Linux)
// have a goroutine that reads the same log.
package refserver

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"

	"github.com/ssegauge/ssegauge/internal/token"
	"github.com/tmaxmax/go-sse"
)

// A Server serves one hub over HTTP. New makes it, Shutdown ends it.
type Server struct {
	cfg      Config
	hub      *Hub
	verifier *token.Verifier
	tls      *tls.Config
	http     *http.Server
	handler  http.Handler

	revocations *revocations // nil: a token is good until it expires

	ticks    sync.WaitGroup
	startAll sync.Once
	stop     context.CancelFunc
	ctx      context.Context

	mu   sync.Mutex
	addr net.Addr
}

// New checks the configuration and starts the hub. The caller owes it a
// Shutdown.
func New(cfg Config) (*Server, error) {
	fault, err := findFault(cfg.Fault)
	if err != nil {
		return nil, err
	}
	cfg, err = cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if fault.config != nil {
		fault.config(&cfg)
	}
	s := &Server{cfg: cfg}
	if cfg.Auth != nil {
		if s.verifier, err = token.NewVerifier(cfg.Auth.Verifier); err != nil {
			return nil, err
		}
		if cfg.Auth.Revocable {
			s.revocations = newRevocations()
		}
	}
	if cfg.TLS != nil {
		if s.tls, err = cfg.TLS.config(); err != nil {
			return nil, err
		}
	}
	if s.hub, err = newHub(cfg, fault.faultHooks); err != nil {
		return nil, err
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.handler = s.routes()
	if fault.handler != nil {
		s.handler = fault.handler(s.handler)
	}
	s.http = &http.Server{
		Handler:           s.handler,
		TLSConfig:         s.tls,
		ReadHeaderTimeout: cfg.ReadHeaderTimeout,
		IdleTimeout:       cfg.IdleTimeout,
		MaxHeaderBytes:    cfg.Limits.HeaderBytes,
		ErrorLog:          cfg.ErrorLog,
		ConnContext:       s.accepted,
		Protocols:         new(http.Protocols),
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 1000},
	}
	if s.http.ErrorLog == nil {
		s.http.ErrorLog = log.New(io.Discard, "", 0)
	}
	s.http.Protocols.SetHTTP1(true)
	s.http.Protocols.SetHTTP2(cfg.TLS != nil)
	s.http.Protocols.SetUnencryptedHTTP2(cfg.H2C)
	return s, nil
}

// connKey is the context key of a request's connection.
type connKey struct{}

// accepted prepares a new connection and keeps it in the context of its
// requests.
func (s *Server) accepted(ctx context.Context, c net.Conn) context.Context {
	if s.cfg.SendBuffer > 0 {
		raw := c
		if t, ok := c.(*tls.Conn); ok {
			raw = t.NetConn()
		}
		if b, ok := raw.(interface{ SetWriteBuffer(int) error }); ok {
			_ = b.SetWriteBuffer(s.cfg.SendBuffer) // a wish, not a condition
		}
	}
	return context.WithValue(ctx, connKey{}, c)
}

// Handler returns the HTTP interface, for a server of the caller's. Its streams
// then have a goroutine each, and there are no ticks.
func (s *Server) Handler() http.Handler { return s.handler }

// Hub returns the provider behind the HTTP interface, to publish or subscribe
// from the same process.
func (s *Server) Hub() *Hub { return s.hub }

// Serve accepts connections on l until Shutdown, and then returns
// http.ErrServerClosed. It closes l.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	s.addr = l.Addr()
	s.mu.Unlock()
	if s.hub.fault.accept != nil {
		l = changedListener{l, s.hub.fault.accept}
	}
	s.startAll.Do(func() {
		if s.cfg.Tick.Rate > 0 {
			s.ticks.Go(s.tick)
		}
	})
	if s.tls != nil {
		return s.http.ServeTLS(l, "", "")
	}
	return s.http.Serve(l)
}

// Addr returns the address of the listener that Serve was last called with,
// nil before.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// URL returns the server's base URL, such as "http://127.0.0.1:8080", empty
// before Serve.
func (s *Server) URL() string {
	addr := s.Addr()
	if addr == nil {
		return ""
	}
	if s.tls != nil {
		return "https://" + addr.String()
	}
	return "http://" + addr.String()
}

// Shutdown stops the ticks, refuses what is new, writes every published event
// to the streams whose sockets take it before ctx ends, ends the streams with
// their last chunk, and closes all connections. If ctx ends first, the rest is
// closed as it is and the error is that of ctx. A second Shutdown returns
// sse.ErrProviderClosed.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	s.ticks.Wait()
	err := s.hub.Shutdown(ctx)
	if errors.Is(err, sse.ErrProviderClosed) {
		return err
	}
	err = errors.Join(err, s.http.Shutdown(ctx))
	if err != nil {
		s.http.Close()
	}
	return err
}
