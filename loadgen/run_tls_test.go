package loadgen

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// secure starts a server with TLS and HTTP/2; its certificate is made up.
func secure(s *httptest.Server) {
	s.EnableHTTP2 = true
	s.StartTLS()
}

// cleartext2 starts a server that takes HTTP/2 without TLS.
func cleartext2(s *httptest.Server) {
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
}

// authority writes the server's certificate to a file.
func authority(t *testing.T, l *liar) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: l.server.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRunProtocols(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		start       func(*httptest.Server)
		http        string
		per         int
		connections int
		protocol    string
	}{
		{"HTTP/1.1", (*httptest.Server).Start, "1.1", 7, runStreams, "HTTP/1.1"},
		{"HTTP/1.1 over TLS", secure, "1.1", 7, runStreams, "HTTP/1.1"},
		{"HTTP/2 over TLS", secure, "2", 7, 3, "HTTP/2.0"},
		{"HTTP/2 over TLS by ALPN", secure, "", 5, 4, "HTTP/2.0"},
		{"HTTP/2 by prior knowledge", cleartext2, "2", 20, 1, "HTTP/2.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLiar(t, lies{endAfter: 20}, c.start)
			plan := l.plan(t, TransportPortable, nil, func(s *Scenario) {
				s.Target.HTTP, s.Target.StreamsPerConnection = c.http, c.per
				if l.server.TLS != nil {
					s.Target.TLS.CA = authority(t, l)
				}
			})
			r := runPlan(t, plan)
			want := honest()
			want.Dropped, want.Reconnected = 2*runStreams, 2*runStreams
			want.Failures = map[Failure]uint64{FailureEnded: 2 * runStreams}
			wantCounts(t, r, want)
			if diff := cmp.Diff(map[string]int{c.protocol: 3 * runStreams}, l.protocols); diff != "" {
				t.Errorf("protocols (-want +got):\n%s", diff)
			}
			// HTTP/1.1 may use a connection again after a clean end.
			if got := l.clients(); got != c.connections && (c.protocol != "HTTP/1.1" || got < c.connections) {
				t.Errorf("%d connections carried streams, want %d", got, c.connections)
			}
		})
	}
}

func TestRunCertificates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		change  func(*Target, string)
		opened  int64
		failure Failure
		reason  string
	}{
		{"not trusted", func(*Target, string) {}, 0, FailureCertificate, "no stream was opened"},
		{"another name", func(target *Target, ca string) { target.TLS.CA, target.TLS.ServerName = ca, "other.test" }, 0, FailureCertificate, "no stream was opened"},
		{"trusted", func(target *Target, ca string) { target.TLS.CA = ca }, 5, "", ""},
		{"trusted by another name", func(target *Target, ca string) { target.TLS.CA, target.TLS.ServerName = ca, "example.com" }, 5, "", ""},
		{"not verified", func(target *Target, _ string) { target.TLS.Insecure = true }, 5, "", "the target's certificate was not verified"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLiar(t, lies{}, secure)
			plan := l.plan(t, TransportPortable, []string{"streams.count=5", "duration=50ms", "drain=100ms", "streams.reconnect.retry=50ms"}, func(s *Scenario) { c.change(&s.Target, authority(t, l)) })
			r := runPlan(t, plan)
			if r.Streams.Opened != c.opened || r.Streams.Failed != 5-c.opened || (r.Failures[c.failure] >= 5) != (c.failure != "") {
				t.Errorf("%d opened, %d failed, failures %v; want %d, %d, %q", r.Streams.Opened, r.Streams.Failed, r.Failures, c.opened, 5-c.opened, c.failure)
			}
			if _, reasons := judged(r); strings.Join(reasons, "; ") != c.reason {
				t.Errorf("reasons %q, want %q", reasons, c.reason)
			}
		})
	}
	t.Run("no authority in the file", func(t *testing.T) {
		l := &liar{url: "https://127.0.0.1:1"}
		file := filepath.Join(t.TempDir(), "empty.pem")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Run(t.Context(), l.plan(t, TransportPortable, nil, func(s *Scenario) { s.Target.TLS.CA = file }), Options{})
		if err == nil || !strings.HasSuffix(err.Error(), "has no PEM certificate") {
			t.Errorf("error %v", err)
		}
	})
}
