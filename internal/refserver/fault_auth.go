package refserver

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/ssegauge/ssegauge/internal/token"
)

// authFaults are about which tokens are taken, and from where.
var authFaults = []faultRow{
	{Fault{"auth-open", "A request without a good token may do everything.",
		[]string{"auth.none.401", "auth.none.no-bytes"}},
		faultHooks{claims: func(c token.Claims, err error) (token.Claims, error) {
			if err != nil {
				return everything, nil
			}
			return c, nil
		}}},
	{Fault{"challenge-missing", "A 401 has no WWW-Authenticate.",
		[]string{"auth.none.challenge"}},
		faultHooks{handler: beforeHead(func(_ *http.Request, status int, h http.Header) {
			if status == http.StatusUnauthorized {
				h.Del("WWW-Authenticate")
			}
		})}},
	{Fault{"decided-late", "A request without a token gets the beginning of a stream, and is then cut off.",
		[]string{"auth.none.401", "auth.none.no-bytes"}},
		faultHooks{handler: onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet || showsToken(r) {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: not for everybody\n\n") // the client may be gone
		})}},
	{Fault{"error-as-stream", "A 401 is announced as an event stream.",
		[]string{"auth.error.body"}},
		faultHooks{handler: beforeHead(func(_ *http.Request, status int, h http.Header) {
			if status == http.StatusUnauthorized {
				h.Set("Content-Type", "text/event-stream")
			}
		})}},
	{Fault{"header-ignored", "A token in the Authorization field is not looked at.",
		[]string{"auth.bearer.valid", "http.status.ok"}},
		faultHooks{handler: edited(func(r *http.Request) { r.Header.Del("Authorization") })}},
	{Fault{"scheme-exact", "The word Bearer is taken as it stands here alone.",
		[]string{"auth.bearer.scheme-case"}},
		faultHooks{handler: refusing(http.StatusUnauthorized, func(h http.Header) bool {
			return h.Get("Authorization") != "" && !strings.HasPrefix(h.Get("Authorization"), "Bearer ")
		})}},
	{Fault{"malformed-fails", "An Authorization field without a token makes the server fail.",
		[]string{"auth.bearer.malformed"}},
		faultHooks{handler: refusing(http.StatusInternalServerError, func(h http.Header) bool {
			return strings.TrimSpace(h.Get("Authorization")) == "Bearer"
		})}},
	{Fault{"signature-unchecked", "The signature of a token is not verified.",
		[]string{"auth.jwt.signature"}},
		faultHooks{verified: overlooking(token.ErrSignature)}},
	{Fault{"code-missing", "A 401 does not tell what is wrong with the token.",
		[]string{"auth.jwt.signature"}},
		faultHooks{handler: beforeHead(func(_ *http.Request, status int, h http.Header) {
			if status == http.StatusUnauthorized {
				h.Set("WWW-Authenticate", "Bearer")
			}
		})}},
	{Fault{"method-none", "A token whose method is none needs no signature.",
		[]string{"auth.jwt.alg-none"}},
		faultHooks{verified: func(v *verification) (token.Claims, error) {
			header, claims, ok := unverified(v.raw)
			if method, _ := header["alg"].(string); errors.Is(v.err, token.ErrMethod) && ok && strings.EqualFold(method, "none") {
				return claims, nil
			}
			return v.claims, v.err
		}}},
	{Fault{"method-confused", "The public key is taken for a secret where a token's method asks for one.",
		[]string{"auth.jwt.alg-confusion"}},
		faultHooks{verified: func(v *verification) (token.Claims, error) {
			header, claims, ok := unverified(v.raw)
			if errors.Is(v.err, token.ErrMethod) && ok && header["alg"] == "HS256" && signedWith(v.raw, v.auth.Verifier.PublicKey) {
				return claims, nil
			}
			return v.claims, v.err
		}}},
	{Fault{"expired-taken", "A token that has expired is taken.",
		[]string{"auth.jwt.exp"}},
		faultHooks{verified: overlooking(token.ErrExpired)}},
	{Fault{"early-taken", "A token that is not valid yet is taken.",
		[]string{"auth.jwt.nbf"}},
		faultHooks{verified: overlooking(token.ErrNotYetValid)}},
	{Fault{"foreign-taken", "A token of another issuer, or for another audience, is taken.",
		[]string{"auth.jwt.iss-aud"}},
		faultHooks{verified: overlooking(token.ErrIssuer, token.ErrAudience)}},
	{Fault{"eternal-taken", "A token without an expiry is taken, for ever.",
		[]string{"auth.jwt.exp-required"}},
		faultHooks{verified: overlooking(token.ErrNoExpiry)}},
	{Fault{"critical-taken", "A critical header of a token is overlooked.",
		[]string{"auth.jwt.crit-typ"}},
		faultHooks{verified: overlooking(token.ErrCritical)}},
	{Fault{"scope-ignored", "Every valid token may subscribe to every topic.",
		[]string{"auth.scope.403"}},
		faultHooks{verified: func(v *verification) (token.Claims, error) {
			v.claims.Subscribe = []string{"*"}
			return v.claims, v.err
		}}},
	{Fault{"cookie-ignored", "A token in a cookie is not looked at.",
		[]string{"auth.cookie.works"}},
		faultHooks{handler: edited(func(r *http.Request) { r.Header.Del("Cookie") })}},
	{Fault{"cookie-plain", "The cookie of a session is set without attributes.",
		[]string{"auth.cookie.flags"}},
		faultHooks{handler: beforeHead(func(_ *http.Request, _ int, h http.Header) {
			if setting, _, found := strings.Cut(h.Get("Set-Cookie"), ";"); found {
				h.Set("Set-Cookie", setting)
			}
		})}},
	{Fault{"cookie-cross-site", "Pages of every origin may read with the user's cookie.",
		[]string{"auth.cookie.origin"}},
		faultHooks{handler: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if origin := r.Header.Get("Origin"); origin != "" && r.Header.Get("Cookie") != "" {
					r.Header.Del("Origin")
					w.Header().Set("Access-Control-Allow-Origin", origin)
					w.Header().Set("Access-Control-Allow-Credentials", "true")
				}
				next.ServeHTTP(w, r)
			})
		}}},
	{Fault{"query-cacheable", "A stream whose token is in the query may be stored by caches that others use.",
		[]string{"auth.query.private"}},
		faultHooks{handler: beforeHead(func(r *http.Request, _ int, h http.Header) {
			if !showsToken(r) {
				h.Set("Cache-Control", "no-cache, no-transform")
			}
		})}},
	{Fault{"query-everywhere", "A token in the query does for publishing, too.",
		[]string{"auth.query.limited"}},
		faultHooks{handler: onPath("/publish", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			for name, values := range r.URL.Query() {
				if !showsToken(r) && name != "topic" {
					r.Header.Set("Authorization", "Bearer "+values[0])
				}
			}
			next.ServeHTTP(w, r)
		})}},
	{Fault{"query-long-lived", "A token in the query may be good for any time.",
		[]string{"auth.query.limited"}},
		faultHooks{config: func(c *Config) {
			if c.Auth != nil {
				auth := *c.Auth
				auth.QueryTokenLife = -1
				c.Auth = &auth
			}
		}}},
	{Fault{"query-reflected", "A stream tells its own address, with the token that is in it.",
		[]string{"auth.query.not-reflected"}},
		faultHooks{handler: onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "<"+r.URL.String()+`>; rel="self"`)
			next.ServeHTTP(w, r)
		})}},
	{Fault{"cookie-first", "Where there is a cookie the Authorization field is not looked at.",
		[]string{"auth.precedence"}},
		faultHooks{handler: edited(func(r *http.Request) {
			if r.Header.Get("Cookie") != "" {
				r.Header.Del("Authorization")
			}
		})}},
	{Fault{"resume-unchecked", "A stream that resumes may read what its token does not allow.",
		[]string{"auth.replay.rechecked"}},
		faultHooks{verified: func(v *verification) (token.Claims, error) {
			if lastEventID(v.request) != "" {
				v.claims.Subscribe = []string{"*"}
			}
			return v.claims, v.err
		}}},
	{Fault{"preflight-guarded", "OPTIONS needs a token.",
		[]string{"auth.preflight.open"}},
		faultHooks{handler: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodOptions && !showsToken(r) {
					http.Error(w, "a token is needed", http.StatusUnauthorized)
					return
				}
				next.ServeHTTP(w, r)
			})
		}}},
}

// showsToken reports whether a request has a token elsewhere than in its query.
func showsToken(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != ""
}

// overlooking takes a token although one of the errors was found.
func overlooking(found ...error) func(*verification) (token.Claims, error) {
	return func(v *verification) (token.Claims, error) {
		for _, err := range found {
			if _, claims, ok := unverified(v.raw); ok && errors.Is(v.err, err) {
				return claims, nil
			}
		}
		return v.claims, v.err
	}
}
