package refserver

import (
	"net/http"
	"runtime"
	"slices"
	"strings"
)

// A route is one path: its methods, in the order of the Allow field, and what
// answers them. OPTIONS is always among them.
type route struct {
	methods []string
	serve   http.HandlerFunc
}

func (s *Server) routes() http.Handler {
	read := []string{http.MethodGet, http.MethodHead, http.MethodOptions}
	table := map[string]route{
		"/events":  {read, s.events},
		"/publish": {[]string{http.MethodPost, http.MethodOptions}, s.publish},
		"/stats":   {read, s.stats},
		"/healthz": {read, s.health},
	}
	if s.cfg.Auth != nil && s.cfg.Auth.Cookie != "" {
		table["/session"] = route{[]string{http.MethodPost, http.MethodDelete, http.MethodOptions}, s.session}
	}
	if s.revocations != nil {
		table["/revoke"] = route{[]string{http.MethodPost, http.MethodOptions}, s.revoke}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.allowOrigin(w.Header(), r)
		rt, ok := table[r.URL.Path]
		allow := strings.Join(rt.methods, ", ")
		switch {
		case !ok:
			s.refuse(w, &refusal{http.StatusNotFound, "not_found", "no such path", ""})
		case r.Method == http.MethodOptions:
			s.preflight(w, allow)
		case !slices.Contains(rt.methods, r.Method):
			w.Header().Set("Allow", allow)
			s.refuse(w, &refusal{http.StatusMethodNotAllowed, "method", "allowed: " + allow, ""})
		default:
			rt.serve(w, r)
		}
	})
}

// stats answers GET /stats, to any valid token.
func (s *Server) stats(w http.ResponseWriter, r *http.Request) {
	if _, err := s.authenticate(r, false); err != nil {
		s.refuse(w, asRefusal(err))
		return
	}
	writeJSON(w, s.Stats())
}

// Stats returns a snapshot of what the server does.
func (s *Server) Stats() Stats {
	stats := s.hub.Stats()
	stats.Goroutines = runtime.NumGoroutine()
	return stats
}

// health answers GET /healthz, to anybody.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	select {
	case <-s.hub.closed:
		s.refuse(w, asRefusal(nil))
	default:
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNoContent)
	}
}
