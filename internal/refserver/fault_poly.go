package refserver

import "net/http"

// polyFaults are about what event-source-polyfill needs.
var polyFaults = []faultRow{
	{Fault{"poly-query-ignored", "An ID in the parameter lastEventId is ignored.",
		[]string{"poly.last-event-id-query"}},
		faultHooks{handler: onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			query.Del("lastEventId")
			r.URL.RawQuery = query.Encode()
			next.ServeHTTP(w, r)
		})}},
	{Fault{"poly-silent", "A stream that is open gets no comments.",
		[]string{"poly.heartbeat-45"}},
		faultHooks{config: func(c *Config) { c.Heartbeat = -1 }}},
	{Fault{"poly-preflight", "Pages may send no fields of their own.",
		[]string{"poly.preflight"}},
		faultHooks{handler: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodOptions {
					w = &headFilter{w}
				}
				next.ServeHTTP(w, r)
			})
		}}},
}

// A headFilter leaves out which fields a page may send.
type headFilter struct{ http.ResponseWriter }

func (w *headFilter) WriteHeader(status int) {
	w.Header().Del("Access-Control-Allow-Headers")
	w.ResponseWriter.WriteHeader(status)
}

func (w *headFilter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
