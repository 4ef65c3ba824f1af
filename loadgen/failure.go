package loadgen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
)

// A Failure says in a few words what ended or prevented a stream or a publish.
// It never holds text from the other side, an address or a token.
type Failure string

// Failures that are told apart. Those of this machine are never the target's.
const (
	FailureRefused     Failure = "connection refused"
	FailureReset       Failure = "connection reset"
	FailureEnded       Failure = "stream ended"
	FailureTimeout     Failure = "timeout"
	FailureName        Failure = "host name not resolved"
	FailureCertificate Failure = "certificate not accepted"
	FailureTLS         Failure = "TLS handshake failed"
	FailureType        Failure = "response is not text/event-stream"
	FailureProtocol    Failure = "malformed HTTP response"
	FailureRedirects   Failure = "redirects lead nowhere"
	// FailureSecureRedirect comes of the event loops, which do not speak TLS.
	FailureSecureRedirect Failure = "redirect to https, which needs transport: portable or an https URL"
	FailureToken          Failure = "no token to be had"
	FailureDescriptors    Failure = "no descriptors left on this machine"
	FailurePorts          Failure = "no local ports left on this machine"
	FailureUnanswered     Failure = "no response head"
	FailureCommand        Failure = "command failed"
	FailureNetwork        Failure = "network error"
)

func failureStatus(status int) Failure { return Failure(fmt.Sprintf("status %d", status)) }

// local reports whether this machine was the cause.
func (f Failure) local() bool {
	f = Failure(strings.TrimPrefix(string(f), publishFailure))
	return f == FailureDescriptors || f == FailurePorts
}

// publishFailure stands before the failures of publishes.
const publishFailure = "publish: "

// classify condenses a transport error.
func classify(err error) Failure {
	var (
		name      *net.DNSError
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		alert     tls.AlertError
		record    tls.RecordHeaderError
		timeout   interface{ Timeout() bool }
	)
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return FailureEnded
	case errors.Is(err, syscall.ECONNREFUSED):
		return FailureRefused
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return FailureDescriptors
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return FailurePorts
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrUnexpectedEOF):
		return FailureReset
	case errors.As(err, &name):
		return FailureName
	case errors.As(err, &authority), errors.As(err, &hostname), errors.As(err, &invalid):
		return FailureCertificate
	case errors.As(err, &alert), errors.As(err, &record):
		return FailureTLS
	case errors.Is(err, errTooManyRedirects):
		return FailureRedirects
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return FailureTimeout
	}
	return FailureNetwork
}
