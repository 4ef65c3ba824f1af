package refserver

import (
	"io"
	"net/http"
	"net/url"
	"strings"
)

// redirectFaults are about redirects. The ordinary server has none.
var redirectFaults = []faultRow{
	{Fault{"redirect-choices", "A stream is offered elsewhere, with status 300.",
		[]string{"redirect.followable", "http.status.ok"}},
		redirecting(http.StatusMultipleChoices, true, func(r *http.Request) string { return moved(r.URL.RawQuery) })},
	{Fault{"redirect-nowhere", "A redirect has an empty Location.",
		[]string{"redirect.location", "http.status.ok"}},
		redirecting(http.StatusTemporaryRedirect, true, func(*http.Request) string { return "" })},
	{Fault{"redirect-login", "A request without a token is sent to a page where one logs in.",
		[]string{"redirect.no-login-page", "auth.none.401"}},
		faultHooks{handler: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/login":
					w.Header().Set("Content-Type", "text/html")
					_, _ = io.WriteString(w, page) // the client may be gone
				case r.URL.Path == "/events" && r.Method == http.MethodGet && !showsToken(r):
					http.Redirect(w, r, "/login", http.StatusFound)
				default:
					next.ServeHTTP(w, r)
				}
			})
		}}},
	{Fault{"redirect-query-lost", "A redirect leads to an address without the query.",
		[]string{"redirect.keeps-query", "http.status.ok"}},
		redirecting(http.StatusTemporaryRedirect, true, func(r *http.Request) string { return moved("") })},
	{Fault{"redirect-downgrade", "A redirect leads to http.",
		[]string{"redirect.no-downgrade", "http.status.ok"}},
		redirecting(http.StatusTemporaryRedirect, true, func(r *http.Request) string { return "http://" + r.Host + moved(r.URL.RawQuery) })},
	{Fault{"redirect-cors", "A redirect has no CORS fields.",
		[]string{"redirect.cors"}},
		redirecting(http.StatusPermanentRedirect, false, func(r *http.Request) string { return moved(r.URL.RawQuery) })},
	{Fault{"redirect-token", "A redirect to another origin carries the token in its address.",
		[]string{"redirect.no-token-leak"}},
		redirecting(http.StatusTemporaryRedirect, true, func(r *http.Request) string {
			_, port, _ := strings.Cut(r.Host, ":")
			raw := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			return "http://localhost:" + port + moved(r.URL.RawQuery+"&access_token="+url.QueryEscape(raw))
		})},
}

// movedPath is where a redirect leads.
const movedPath = "/moved/events"

func moved(query string) string {
	to := url.URL{Path: movedPath, RawQuery: query}
	return to.RequestURI()
}

// redirecting sends each request for a stream elsewhere, where it is answered.
func redirecting(status int, cors bool, to func(*http.Request) string) faultHooks {
	return faultHooks{handler: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == movedPath:
				r.URL.Path = "/events"
				next.ServeHTTP(w, r)
			case r.URL.Path == "/events" && r.Method == http.MethodGet:
				if origin := r.Header.Get("Origin"); cors && origin != "" {
					w.Header().Set("Access-Control-Allow-Origin", origin)
					w.Header().Set("Access-Control-Allow-Credentials", "true")
				}
				w.Header().Set("Location", to(r))
				w.WriteHeader(status)
			default:
				next.ServeHTTP(w, r)
			}
		})
	}}
}
