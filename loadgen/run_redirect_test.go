package loadgen

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// The token goes along to the same host, and not to another.
func TestRunRedirects(t *testing.T) {
	for _, send := range []string{"bearer", "header X-Api-Key", "cookie session", "query token"} {
		for _, away := range []bool{false, true} {
			name := send + ", same host"
			if away {
				name = send + ", another host"
			}
			t.Run(name, func(t *testing.T) {
				eachTransport(t, func(t *testing.T, transport string) {
					there := newLiar(t, lies{})
					here := newLiar(t, lies{})
					to := here
					if away {
						to = there
					}
					here.answerWith(func(w http.ResponseWriter, r *http.Request, _ int) bool {
						query := r.URL.Query()
						if query.Has("redirected") {
							return false
						}
						query.Set("redirected", "1")
						query.Del("token")
						http.Redirect(w, r, to.url+"/events?"+query.Encode(), http.StatusTemporaryRedirect)
						return true
					})
					plan := here.plan(t, transport, []string{"duration=50ms"}, func(s *Scenario) {
						s.Target.Auth = Auth{Token: canarySecret(), Send: send}
						s.Publish.URL = to.url + "/publish"
						s.Publish.Auth = &Auth{Send: "bearer"}
					})
					r := runPlan(t, plan)
					wantCounts(t, r, counts{Published: 5, Opened: runStreams, Expected: 5 * runStreams, Received: 5 * runStreams})
					redirected := 0
					requests, _ := to.requests()
					for _, request := range requests {
						if !request.URL.Query().Has("redirected") {
							continue
						}
						redirected++
						carries := strings.Contains(fmt.Sprint(request.Header, request.URL), canary[:13])
						if want := !away && send != "query token"; carries != want {
							t.Fatalf("the redirected request carries the token: %v, want %v: %v %v", carries, want, request.URL, request.Header)
						}
						if request.Header.Get("Accept") != "text/event-stream" {
							t.Fatalf("the redirected request accepts %q", request.Header.Get("Accept"))
						}
					}
					if redirected != runStreams {
						t.Errorf("%d redirected requests, want %d", redirected, runStreams)
					}
				})
			})
		}
	}
}

// Backends that read the last event ID from the query get it there.
func TestRunResumesByQuery(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		l := newLiar(t, lies{endAfter: 20})
		plan := l.plan(t, transport, nil, func(s *Scenario) {
			s.Target.LastEventID = "lastEventId"
			s.Target.Headers = map[string]string{"X-Tenant": "gauge", "host": "liar.test"}
		})
		r := runPlan(t, plan)
		if r.Streams.Reconnected < runStreams {
			t.Errorf("%d reconnections, want at least %d", r.Streams.Reconnected, runStreams)
		}
		requests, _ := l.requests()
		resumed := 0
		for _, request := range requests {
			if request.Header.Get("Last-Event-ID") != "" || request.Header.Get("X-Tenant") != "gauge" || request.Host != "liar.test" {
				t.Fatalf("request to %s with headers %v", request.Host, request.Header)
			}
			if request.URL.Query().Get("lastEventId") == "20" {
				resumed++
			}
		}
		if resumed != runStreams {
			t.Errorf("%d streams resumed after event 20 by query, want %d", resumed, runStreams)
		}
	})
}
