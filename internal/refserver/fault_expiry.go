package refserver

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ssegauge/ssegauge/internal/token"
)

// expiryFaults are about tokens that are good no longer.
var expiryFaults = []faultRow{
	{Fault{"expiry-ignored", "A stream outlives its token.",
		[]string{"auth.expiry.closes", "auth.expiry.no-data-after"}},
		faultHooks{subscription: func(s *subscription) { s.expires = time.Time{} }}},
	{Fault{"expiry-lagging", "A stream ends with the first event after its token's expiry.",
		[]string{"auth.expiry.no-data-after"}},
		faultHooks{
			subscription: func(s *subscription) { s.expires, s.swept = time.Time{}, false },
			handler: onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
				ctx, cancel := context.WithCancel(r.Context())
				defer cancel()
				_, claims, ok := unverified(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
				if ok && r.Method == http.MethodGet {
					w = &lastWriter{ResponseWriter: w, after: claims.Expires, end: cancel}
				}
				next.ServeHTTP(w, r.WithContext(ctx))
			}),
		}},
	{Fault{"verified-once", "A token that was taken once is taken after its expiry, too.",
		[]string{"auth.expiry.reconnect"}},
		faultHooks{handler: remembering(markKnown), verified: func(v *verification) (token.Claims, error) {
			if v.request.Context().Value(knownKey{}) != nil {
				return overlooking(token.ErrExpired)(v)
			}
			return v.claims, v.err
		}}},
	{Fault{"cursor-per-token", "A last event ID is good with the token alone that it was got with.",
		[]string{"auth.expiry.renewed"}},
		faultHooks{handler: remembering(func(r *http.Request, known bool) *http.Request {
			if !known {
				r.Header.Del("Last-Event-ID")
			}
			return r
		})}},
	{Fault{"revocation-late", "A stream goes on when its token is revoked.",
		[]string{"auth.revoke.closes"}},
		faultHooks{subscription: func(s *subscription) {
			s.grant.release()
			s.grant = nil
		}}},
}

// remembering changes each request for a stream, and is told whether one with
// the same token has come before.
func remembering(change func(r *http.Request, known bool) *http.Request) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		var mu sync.Mutex
		seen := map[string]bool{}
		return onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			raw := r.Header.Get("Authorization")
			mu.Lock()
			known := seen[raw]
			seen[raw] = true
			mu.Unlock()
			next.ServeHTTP(w, change(r, known))
		})(next)
	}
}

// knownKey is the context key of a request whose token is known.
type knownKey struct{}

func markKnown(r *http.Request, known bool) *http.Request {
	if !known {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), knownKey{}, true))
}
