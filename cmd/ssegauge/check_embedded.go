package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
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
	// protocol is that of a profile with a server of its own.
	protocol string
}

// A backend is what refserver and refprofile have to offer.
type backend interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
}

// What the reference server allows under the checks. Its times are short, so
// that silence and its end can be waited for.
const (
	referenceOrigin    = "https://app.example"
	referenceIssuer    = "https://issuer.example"
	referenceAudience  = "ssegauge"
	referenceLimit     = 40 // streams of one user
	referenceHeartbeat = 200 * time.Millisecond
	referenceCrowd     = 300     // idle streams of many users: both ends are in this process
	referenceWindow    = 1 << 20 // bytes kept for streams that are behind
)

// A referenceServer is the reference server in this process. It can be
// restarted at its address.
type referenceServer struct {
	config   refserver.Config
	key      ed25519.PrivateKey // that signs the tokens of the ordinary server
	secret   token.Secret       // that signs those of another protocol's
	http     string
	roots    *x509.CertPool // nil without TLS
	protocol string
	begin    func() (backend, error)

	address *address

	mu     sync.Mutex
	server backend
	served chan error
}

func startReference(r reference) (*referenceServer, error) {
	s := &referenceServer{secret: token.NewSecret(), http: r.http, protocol: r.protocol}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	s.key = private
	s.config = refserver.Config{
		Auth: &refserver.Auth{
			Verifier: token.VerifierConfig{
				PublicKey: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
				Issuer:    referenceIssuer, Audience: referenceAudience,
			},
			Cookie: "session", QueryToken: "access_token", Revocable: true,
		},
		Heartbeat:      referenceHeartbeat,
		AllowedOrigins: []string{referenceOrigin},
		Limits:         refserver.Limits{StreamsPerSubject: referenceLimit},
		Window:         refserver.Window{Bytes: referenceWindow},
		Fault:          r.fault,
		H2C:            r.http == "2" && !r.tls,
	}
	var certificate *refserver.Certificate
	if r.tls {
		if certificate, err = refserver.SelfSigned(); err != nil {
			return nil, err
		}
		s.config.TLS = &refserver.TLS{Certificate: certificate}
		s.roots = x509.NewCertPool()
		s.roots.AppendCertsFromPEM(certificate.PEM)
	}
	s.begin = func() (backend, error) { return refserver.New(s.config) }
	if r.protocol != "" {
		s.begin = s.protocolServer(r, certificate)
	}
	if s.address, err = takeAddress(); err != nil {
		return nil, err
	}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, s.address.Close())
	}
	return s, nil
}

func (s *referenceServer) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	server, err := s.begin()
	if err != nil {
		return err
	}
	listener, err := s.address.lend()
	if err != nil {
		return errors.Join(err, shutdown(server))
	}
	s.server, s.served = server, make(chan error, 1)
	go func() { s.served <- server.Serve(listener) }()
	return nil
}

// stop ends the server and gives its address up.
func (s *referenceServer) stop() {
	s.shutdown()
	s.address.Close() // again, unless it was kept
}

// shutdown ends the server if it runs.
func (s *referenceServer) shutdown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server == nil {
		return
	}
	_ = shutdown(s.server) // what it did not get done in time is closed all the same
	<-s.served
	s.server = nil
}

func shutdown(server backend) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	return server.Shutdown(ctx)
}

// kept is what the ordinary server keeps for streams, in bytes: all that grows
// with them. The memory of this process is also that of the checker.
func (s *referenceServer) kept() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if server, ok := s.server.(*refserver.Server); ok {
		return int64(server.Hub().Stats().Window.Bytes)
	}
	return 0
}

// complete fills in how the server is reached and controlled. What a target
// file says stays.
func (s *referenceServer) complete(t *conformance.Target) {
	scheme := "http"
	if s.roots != nil {
		scheme = "https"
	}
	base := scheme + "://" + s.address.Addr().String()
	if t.Name == "" {
		t.Name = "embedded"
		if s.config.Fault != "" {
			t.Name += " with the fault " + s.config.Fault
		}
	}
	t.HTTP = s.http
	t.TLS = conformance.TLS{Roots: s.roots}
	if t.Pace == (conformance.Pace{}) {
		t.Pace = conformance.Pace{
			Heartbeat: referenceHeartbeat, Quiet: 300 * time.Millisecond, Listen: 3 * referenceHeartbeat,
			Second: referenceHeartbeat / 7, Lifetime: 22 * referenceHeartbeat,
		}
	}
	if s.protocol != "" {
		s.completeProtocol(t, base)
		return
	}
	t.URL = base + "/events?topic={topic}"
	t.UserTopic = "user/{user}"
	t.AllowedOrigin = referenceOrigin
	t.StreamLimit = referenceLimit
	if t.Crowd == 0 {
		t.Crowd = referenceCrowd
	}
	claims := fmt.Sprintf(`{"iss":%q,"aud":%q,"sub":{user_json}`, referenceIssuer, referenceAudience)
	t.Tokens = &conformance.Tokens{
		Cookie: "session", Login: &conformance.Request{URL: base + "/session"},
		JWT: &conformance.JWT{
			Method: "EdDSA", Signer: s.key,
			Claims: claims + `,"subscribe":["*"]}`, PublisherClaims: claims + `,"publish":["*"]}`, ForbiddenClaims: claims + "}",
		},
	}
	t.Publish = &conformance.Publish{
		Request: conformance.Request{URL: base + "/publish", Body: `{"topic":{topic_json}{optional}}`},
		Optional: map[string]string{
			"data": `,"data":{data_json}`, "event": `,"event":{event_json}`, "id": `,"id":{id_json}`,
			"retry": `,"retry":{retry_json}`, "comment": `,"comment":{comment_json}`, "user": `,"user":{user_json}`,
		},
	}
	t.Memory = &conformance.Memory{Func: func(context.Context) (int64, error) { return s.kept(), nil }}
	t.Control = map[string]*conformance.Action{
		"finish": {Request: conformance.Request{URL: base + "/publish", Body: `{"topic":{topic_json},"finish":true}`}},
		"expire": {Request: conformance.Request{
			URL: base + "/revoke", Body: "token={token_form}",
			Headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		}},
		"stop": {Func: func(context.Context, string) error { s.stop(); return nil }},
		"restart": {Func: func(context.Context, string) error {
			s.address.kept.Store(true)
			s.shutdown()
			return s.start()
		}},
	}
}
