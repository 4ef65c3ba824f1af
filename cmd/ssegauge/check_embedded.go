package main

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/internal/refserver"
	"github.com/ssegauge/ssegauge/internal/token"
)

// A reference says how the reference server is run under the checks.
type reference struct {
	http  string // 1.1 or 2; with TLS or by prior knowledge
	tls   bool
	fault string
}

// What the reference server allows under the checks. Its times are short, so
// that silence and its end can be waited for.
const (
	referenceOrigin    = "https://app.example"
	referenceLimit     = 40 // streams of one user
	referenceHeartbeat = 200 * time.Millisecond
)

// A referenceServer is the reference server in this process. It can be stopped
// and started again at the same address.
type referenceServer struct {
	config refserver.Config
	secret token.Secret
	http   string
	roots  *x509.CertPool // nil without TLS

	mu      sync.Mutex
	address string
	server  *refserver.Server
	served  chan error
}

func startReference(r reference) (*referenceServer, error) {
	s := &referenceServer{secret: token.NewSecret(), http: r.http, address: "127.0.0.1:0"}
	s.config = refserver.Config{
		Auth:           &refserver.Auth{Verifier: token.VerifierConfig{Secret: s.secret}, Cookie: "session"},
		Heartbeat:      referenceHeartbeat,
		AllowedOrigins: []string{referenceOrigin},
		Limits:         refserver.Limits{StreamsPerSubject: referenceLimit},
		Fault:          r.fault,
		H2C:            r.http == "2" && !r.tls,
	}
	if r.tls {
		certificate, err := refserver.SelfSigned()
		if err != nil {
			return nil, err
		}
		s.config.TLS = &refserver.TLS{Certificate: certificate}
		s.roots = x509.NewCertPool()
		s.roots.AppendCertsFromPEM(certificate.PEM)
	}
	return s, s.start()
}

func (s *referenceServer) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	server, err := refserver.New(s.config)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return errors.Join(err, shutdown(server))
	}
	s.address, s.server, s.served = listener.Addr().String(), server, make(chan error, 1)
	go func() { s.served <- server.Serve(listener) }()
	return nil
}

// stop shuts the server down if it runs.
func (s *referenceServer) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server == nil {
		return
	}
	_ = shutdown(s.server) // what it did not get done in time is closed all the same
	<-s.served
	s.server = nil
}

func shutdown(server *refserver.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	return server.Shutdown(ctx)
}

// complete fills in how the server is reached and controlled. What a target
// file says stays.
func (s *referenceServer) complete(t *conformance.Target) {
	scheme := "http"
	if s.roots != nil {
		scheme = "https"
	}
	base := scheme + "://" + s.address
	if t.Name == "" {
		t.Name = "embedded"
		if s.config.Fault != "" {
			t.Name += " with the fault " + s.config.Fault
		}
	}
	t.URL = base + "/events?topic={topic}"
	t.HTTP = s.http
	t.TLS = conformance.TLS{Roots: s.roots}
	t.AllowedOrigin = referenceOrigin
	t.StreamLimit = referenceLimit
	t.Tokens = &conformance.Tokens{JWT: &conformance.JWT{Secret: conformance.Secret(s.secret.Reveal())}}
	t.Publish = &conformance.Publish{
		Request: conformance.Request{URL: base + "/publish", Body: `{"topic":{topic_json}{optional}}`},
		Optional: map[string]string{
			"data": `,"data":{data_json}`, "event": `,"event":{event_json}`, "id": `,"id":{id_json}`,
			"retry": `,"retry":{retry}`, "comment": `,"comment":{comment_json}`, "user": `,"user":{user_json}`,
		},
	}
	t.Control = map[string]*conformance.Action{
		"finish":  {Request: conformance.Request{URL: base + "/publish", Body: `{"topic":{topic_json},"finish":true}`}},
		"stop":    {Func: func(context.Context, string) error { s.stop(); return nil }},
		"restart": {Func: func(context.Context, string) error { s.stop(); return s.start() }},
	}
	if t.Pace == (conformance.Pace{}) {
		t.Pace = conformance.Pace{
			Heartbeat: referenceHeartbeat, Quiet: 300 * time.Millisecond, Listen: 3 * referenceHeartbeat,
		}
	}
}
