package refserver

import (
	"net/http"
	"time"
)

// session answers POST and DELETE /session: it puts the token of the
// Authorization header into a cookie, or takes it out. A browser's EventSource
// sets no header, so the cookie is its only way to show a token that is not in
// the URL.
//
// Scripts cannot read the cookie, other sites cannot make a browser send it,
// and it travels over TLS alone, and to the same machine.
func (s *Server) session(w http.ResponseWriter, r *http.Request) {
	if !s.trusted(r) {
		s.refuse(w, refuseCrossOrigin)
		return
	}
	cookie := http.Cookie{
		Name: s.cfg.Auth.Cookie, Path: "/", MaxAge: -1,
		HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode,
	}
	if r.Method == http.MethodPost {
		if r.Header.Get("Authorization") == "" {
			s.refuse(w, refuseNoToken)
			return
		}
		claims, err := s.authenticate(r, false)
		if err != nil {
			s.refuse(w, asRefusal(err))
			return
		}
		cookie.Value, _, _ = s.bearer(r, false)
		cookie.MaxAge = max(1, int(time.Until(claims.Expires).Seconds()))
	}
	http.SetCookie(w, &cookie)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}
