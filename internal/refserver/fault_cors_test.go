package refserver

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ssegauge/ssegauge/internal/token"
)

const allowedPage = "https://app.example"

// CORS faults change the heads of streams, refusals and preflights, and nothing
// of what is beside them.
func TestFaultCORS(t *testing.T) {
	const (
		stream    = "GET /events?topic=t HTTP/1.1"
		nowhere   = "GET /nowhere HTTP/1.1"
		preflight = "OPTIONS /events?topic=t HTTP/1.1"
		origin    = "Access-Control-Allow-Origin"
		headers   = "Access-Control-Allow-Headers"
		all       = "Authorization, Last-Event-ID, Cache-Control, Content-Type"
	)
	for _, row := range []struct {
		fault, line, asked string
		status             int
		field, value       string // joined by blanks
	}{
		{"", stream, "", 200, origin, allowedPage},
		{"", preflight, "authorization", 204, headers, all},
		{"cors-missing", stream, "", 200, origin, ""},
		{"cors-asterisk-credentials", stream, "", 200, origin, "*"},
		{"cors-vary-missing", stream, "", 200, "Vary", ""},
		{"cors-vary-missing", stream, "", 200, origin, allowedPage},
		{"cors-errors-bare", stream, "", 200, origin, allowedPage},
		{"cors-errors-bare", nowhere, "", 404, origin, ""},
		{"cors-twice", stream, "", 200, origin, allowedPage + " " + allowedPage},
		{"preflight-no-last-event-id", preflight, "last-event-id", 204, headers, "Authorization, Cache-Control, Content-Type"},
		{"preflight-405", preflight, "authorization", 405, headers, ""},
		{"preflight-405", stream, "", 200, origin, allowedPage},
		{"preflight-case", preflight, "authorization,last-event-id", 204, headers, ""},
		{"preflight-case", preflight, "Authorization, Last-Event-ID", 204, headers, "Authorization, Last-Event-ID"},
	} {
		s := start(t, Config{Fault: row.fault, AllowedOrigins: []string{allowedPage}})
		c := request(t, s, row.line, "", "Origin: "+allowedPage, "Access-Control-Request-Headers: "+row.asked)
		got := strings.Join(c.resp.Header.Values(row.field), " ")
		if c.resp.StatusCode != row.status || got != row.value {
			t.Errorf("%s: %s, %q: %d with %s %q, want %d and %q", row.fault, row.line, row.asked, c.resp.StatusCode, row.field, got, row.status, row.value)
		}
		c.close()
	}
}

// A page is let in without a token, and nobody else is.
func TestFaultOriginTrusted(t *testing.T) {
	auth := &Auth{Verifier: token.VerifierConfig{Secret: token.NewSecret()}}
	s := start(t, Config{Fault: "origin-trusted", Auth: auth})
	for header, want := range map[string]int{"Origin: https://any.example": http.StatusOK, "X: y": http.StatusUnauthorized} {
		c := dial(t, s, "/events?topic=t", header)
		if c.resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", header, c.resp.StatusCode, want)
		}
		c.close()
	}
}
