package loadgen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"mime"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"
)

// A transport carries streams over the network: it connects them, gives their
// bytes to the loop that owns them, and connects them again as the loop says.
// Unless they say otherwise, its methods are called by the run's goroutine.
type transport interface {
	// open starts stream s, which lives until shut, stop, or its own end.
	open(s *stream)
	// shut closes s as planned.
	shut(s *stream)
	// cut resets the connection of s, if it has one. Any goroutine may call it.
	cut(s *stream)
	// drop shuts streams. What each calls afterwards finds nothing more of them
	// to come.
	drop(streams []*stream)
	// each calls f for every loop, by the loop's owner, and returns when all
	// calls have.
	each(f func(*loop))
	// stop ends all streams and loops, and everything that served them.
	stop()
	// describe says what the report is to say of the transport.
	describe() Generator
}

// patience is how long a stream whose answer is awaited keeps others from
// connecting. A proxy may hold the head back until there are events.
const patience = time.Second

// clientTLS is the TLS configuration for the target.
func clientTLS(t *TLS) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName, InsecureSkipVerify: t.Insecure}
	if t.CA == "" {
		return config, nil
	}
	pem, err := os.ReadFile(t.CA)
	if err != nil {
		return nil, fmt.Errorf("certificate authorities: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("certificate authorities: %s has no PEM certificate", t.CA)
	}
	return config, nil
}

func (t *Target) secure() bool { return strings.HasPrefix(t.URL, "https:") }

// multiplexed reports whether several streams may share a connection.
func (t *Target) multiplexed() bool { return t.HTTP == "2" || t.HTTP == "" && t.secure() }

// protocols are the HTTP versions that the target may speak.
func protocols(version string, secure bool) *http.Protocols {
	p := new(http.Protocols)
	switch {
	case version == "2":
		p.SetHTTP2(secure)
		p.SetUnencryptedHTTP2(!secure)
	case version == "1.1" || !secure:
		p.SetHTTP1(true)
	default:
		p.SetHTTP1(true)
		p.SetHTTP2(true)
	}
	return p
}

// newTransport makes the transport that the scenario asks for.
func newTransport(ctx context.Context, r *run) (transport, error) {
	obstacle := r.plan.Scenario.loopsObstacle(runtime.GOOS)
	switch r.plan.Scenario.Transport {
	case TransportLoops:
		if obstacle != "" {
			return nil, fmt.Errorf("transport: loops cannot be used: %s", obstacle)
		}
		return newLoops(ctx, r)
	case TransportPortable:
		return newPortable(r)
	}
	if obstacle != "" {
		return newPortable(r)
	}
	return newLoops(ctx, r)
}

// onLoops reports whether the streams run on event loops on a system.
func (s *Scenario) onLoops(system string) bool {
	return s.Transport != TransportPortable && s.loopsObstacle(system) == ""
}

// loopsObstacle says why streams cannot run on event loops; empty when they
// can.
func (s *Scenario) loopsObstacle(system string) string {
	switch {
	case system != "linux":
		return "event loops need Linux; this is " + system
	case s.Target.secure():
		return "the target has an https URL, and event loops do not speak TLS"
	case s.Target.HTTP == "2":
		return "the target is to be spoken to in HTTP/2, and event loops only speak HTTP/1.1"
	}
	return ""
}

// An answer is what a response head means to a stream.
type answer uint8

const (
	answerOpens answer = iota
	answerFinishes
	answerFails
)

// judgeHead says whether a response opens a stream, and why not (WHATWG HTML
// 9.2.2).
func judgeHead(status int, contentType string) (answer, Failure) {
	essence, _, _ := mime.ParseMediaType(contentType)
	switch {
	case status == http.StatusNoContent:
		return answerFinishes, ""
	case status != http.StatusOK:
		return answerFails, failureStatus(status)
	case essence != "text/event-stream":
		return answerFails, FailureType
	}
	return answerOpens, ""
}
