package refserver

import (
	"net/http"
	"time"

	"github.com/ssegauge/ssegauge/internal/token"
)

// accessFaults are about who may do what, and for how long.
var accessFaults = []faultRow{
	{Fault{"auth-open", "A request without a good token may do everything.", nil},
		faultHooks{claims: func(c token.Claims, err error) (token.Claims, error) {
			if err != nil {
				return everything, nil
			}
			return c, nil
		}}},
	{Fault{"expiry-ignored", "A stream outlives its token.", nil},
		faultHooks{subscription: func(s *subscription) { s.expires = time.Time{} }}},
	{Fault{"cors-reflect", "Every origin is allowed, with credentials.", nil},
		faultHooks{origin: func(h http.Header, origin string) {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Add("Vary", "Origin")
		}}},
}
