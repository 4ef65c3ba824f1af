package refserver

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/internal/token"
)

// A refusal is an answer that is not a stream.
type refusal struct {
	status int
	reason string // for the statistics
	text   string
	// challenge is the error code of the WWW-Authenticate field (RFC 6750,
	// section 3.1); "none" gives a field without one.
	challenge string
}

func (r *refusal) Error() string { return r.text }

const noErrorCode = "none"

var (
	refuseNoToken     = &refusal{http.StatusUnauthorized, "unauthorized", "a bearer token is needed", noErrorCode}
	refuseMalformed   = &refusal{http.StatusUnauthorized, "unauthorized", "the Authorization header is not of the form: Bearer TOKEN", "invalid_request"}
	refuseBadToken    = &refusal{http.StatusUnauthorized, "unauthorized", "the token is not valid", "invalid_token"}
	refuseScope       = &refusal{http.StatusForbidden, "forbidden", "the token does not give this right", "insufficient_scope"}
	refuseCrossOrigin = &refusal{http.StatusForbidden, "origin", "this origin may not do that", ""}
)

// refuse answers with a refusal.
func (s *Server) refuse(w http.ResponseWriter, r *refusal) {
	s.hub.reject(r.reason)
	h := w.Header()
	if r.challenge != "" {
		value := `Bearer realm="ssegauge"`
		if r.challenge != noErrorCode {
			value += `, error="` + r.challenge + `"`
		}
		h.Set("WWW-Authenticate", value)
	}
	if r.status == http.StatusServiceUnavailable || r.status == http.StatusTooManyRequests {
		h.Set("Retry-After", "5")
	}
	h.Set("Cache-Control", "no-store")
	http.Error(w, r.text, r.status)
}

// everything is what a request without authentication may do.
var everything = token.Claims{Subscribe: []string{"*"}, Publish: []string{"*"}}

// authenticate returns what the bearer of the request's token may do. The
// Authorization header decides if it is there, then the cookie, then, where
// the query may carry a token, the query.
func (s *Server) authenticate(r *http.Request, query bool) (token.Claims, error) {
	claims, err := s.verify(r, query)
	if s.hub.fault.claims != nil {
		return s.hub.fault.claims(claims, err)
	}
	return claims, err
}

func (s *Server) verify(r *http.Request, query bool) (token.Claims, error) {
	if s.verifier == nil {
		return everything, nil
	}
	raw, fromQuery, err := s.bearer(r, query)
	if err != nil {
		return token.Claims{}, err
	}
	claims, err := s.verifier.Verify(raw)
	if s.hub.fault.verified != nil {
		claims, err = s.hub.fault.verified(&verification{r, s.cfg.Auth, raw, claims, err})
	}
	switch {
	case err != nil, s.revocations.has(raw):
		return token.Claims{}, refuseBadToken
	case fromQuery && s.outlives(claims):
		return token.Claims{}, &refusal{http.StatusUnauthorized, "unauthorized", "the query takes only tokens that end within " + s.queryTokenLife().String(), "invalid_token"}
	}
	return claims, nil
}

// queryTokenLife is how long a token in the query may still be valid; negative
// means any time.
func (s *Server) queryTokenLife() time.Duration {
	return cmp.Or(s.cfg.Auth.QueryTokenLife, time.Hour)
}

func (s *Server) outlives(c token.Claims) bool {
	life := s.queryTokenLife()
	return life > 0 && (c.Expires.IsZero() || time.Until(c.Expires) > life)
}

// bearer returns the request's token, and whether it came in the query.
func (s *Server) bearer(r *http.Request, query bool) (raw string, fromQuery bool, err error) {
	if fields := r.Header.Values("Authorization"); len(fields) > 0 {
		scheme, value, _ := strings.Cut(fields[0], " ")
		value = strings.Trim(value, " ")
		if len(fields) > 1 || !strings.EqualFold(scheme, "Bearer") || value == "" || strings.ContainsAny(value, " ,") {
			return "", false, refuseMalformed
		}
		return value, false, nil
	}
	if name := s.cfg.Auth.Cookie; name != "" {
		if c, err := r.Cookie(name); err == nil && c.Value != "" {
			// A browser adds cookies to requests of any page, so the page's
			// origin must be one that may use them.
			if !s.trusted(r) {
				return "", false, refuseCrossOrigin
			}
			return c.Value, false, nil
		}
	}
	if name := s.cfg.Auth.QueryToken; query && name != "" {
		if v := r.URL.Query().Get(name); v != "" {
			return v, true, nil
		}
	}
	return "", false, refuseNoToken
}

// expiry is when a stream with these claims must end: a token that the
// verifier's leeway still accepts gives a stream as long.
func (s *Server) expiry(c token.Claims) time.Time {
	if c.Expires.IsZero() || s.cfg.Auth == nil {
		return c.Expires
	}
	return c.Expires.Add(s.cfg.Auth.Verifier.Leeway)
}

// trusted reports whether the request comes from no page, from a page of this
// server, or from one of an allowed origin.
func (s *Server) trusted(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(s.cfg.AllowedOrigins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// allowOrigin sets the CORS fields that every answer to a page of another
// origin needs, errors included (Fetch, section "CORS protocol").
func (s *Server) allowOrigin(h http.Header, r *http.Request) {
	origin := r.Header.Get("Origin")
	if s.hub.fault.origin != nil && origin != "" {
		s.hub.fault.origin(h, origin)
		return
	}
	if len(s.cfg.AllowedOrigins) == 0 {
		return
	}
	h.Add("Vary", "Origin")
	switch {
	case origin == "":
	case origin != "*" && slices.Contains(s.cfg.AllowedOrigins, origin):
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
	case slices.Contains(s.cfg.AllowedOrigins, "*"):
		h.Set("Access-Control-Allow-Origin", "*")
	}
}

// preflight answers OPTIONS: nobody needs credentials to ask what is allowed.
func (s *Server) preflight(w http.ResponseWriter, allow string) {
	h := w.Header()
	h.Set("Allow", allow)
	if h.Get("Access-Control-Allow-Origin") != "" {
		h.Set("Access-Control-Allow-Methods", allow)
		h.Set("Access-Control-Allow-Headers", "Authorization, Last-Event-ID, Cache-Control, Content-Type")
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}
