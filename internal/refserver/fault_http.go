package refserver

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// httpFaults are about the head of the response, and about requests other than
// an EventSource's.
var httpFaults = []faultRow{
	{Fault{"dies", "The first publish closes the listener.",
		[]string{"target.alive"}},
		faultHooks{handler: onPath("/publish", func(_ http.Handler, _ http.ResponseWriter, r *http.Request) {
			if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
				_ = server.Close() // nobody is left to be told
			}
		})}},
	{Fault{"status-202", "A stream is answered with status 202.",
		[]string{"http.status.ok"}},
		faultHooks{head: func(http.Header) int { return http.StatusAccepted }}},
	{Fault{"content-type-plain", "A stream is announced as text/plain.",
		[]string{"http.content-type.essence"}},
		faultHooks{head: withField("Content-Type", "text/plain")}},
	{Fault{"content-type-twice", "A stream has two Content-Type fields.",
		[]string{"http.content-type.single"}},
		faultHooks{head: func(h http.Header) int {
			h.Add("Content-Type", "text/event-stream; charset=utf-8")
			return http.StatusOK
		}}},
	{Fault{"content-type-blank", "A blank stands behind the media type of a stream.",
		[]string{"http.content-type.syntax"}},
		faultHooks{head: withField("Content-Type", "text/event-stream ; charset=utf-8")}},
	{Fault{"charset-latin1", "A stream is announced as ISO 8859-1.",
		[]string{"http.content-type.charset"}},
		faultHooks{head: withField("Content-Type", "text/event-stream; charset=ISO-8859-1")}},
	{Fault{"head-late", "The head of a stream is held back for two seconds.",
		[]string{"http.head.flush"}},
		faultHooks{handler: onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				select {
				case <-time.After(2 * time.Second):
				case <-r.Context().Done():
					return
				}
			}
			next.ServeHTTP(w, r)
		})}},
	{Fault{"cacheable", "A stream may be stored by caches for a minute.",
		[]string{"http.cache-control", "http.cache-control.private"}},
		faultHooks{head: withField("Cache-Control", "public, max-age=60")}},
	{Fault{"cache-shared", "A stream of one user may be stored by caches that others use.",
		[]string{"http.cache-control.private"}},
		faultHooks{head: withField("Cache-Control", "no-cache, no-transform")}},
	{Fault{"transformable", "Proxies may compress and buffer a stream.",
		[]string{"http.no-transform", "live.latency.via-proxy"}},
		faultHooks{head: func(h http.Header) int {
			h.Set("Cache-Control", "no-cache, no-store")
			h.Del("X-Accel-Buffering")
			return http.StatusOK
		}}},
	{Fault{"content-length", "A stream is announced to be a gigabyte long.",
		[]string{"http.no-content-length", "stop.clean-eof"}},
		faultHooks{head: withField("Content-Length", "1073741824"), subscription: unswept}},
	{Fault{"not-modified", "A conditional request is answered with 304.",
		[]string{"http.no-validators"}},
		faultHooks{handler: onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("If-None-Match") != "" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			next.ServeHTTP(w, r)
		})}},
	{Fault{"gzip-always", "A stream is compressed whatever the request accepts.",
		[]string{"http.encoding.unasked"}},
		faultHooks{subscription: unswept, handler: onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			compress(next, w, r, true)
		})}},
	{Fault{"gzip-unflushed", "A stream is compressed on request, and the compressor never flushed.",
		[]string{"http.encoding.flush"}},
		faultHooks{subscription: unswept, handler: onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				compress(next, w, r, false)
				return
			}
			next.ServeHTTP(w, r)
		})}},
	{Fault{"head-streams", "HEAD opens a stream.",
		[]string{"http.method.head"}},
		faultHooks{handler: onPath("/events", asGet(http.MethodHead))}},
	{Fault{"post-streams", "POST opens a stream.",
		[]string{"http.method.other"}},
		faultHooks{handler: onPath("/events", asGet(http.MethodPost))}},
	{Fault{"accept-demanded", "A request without Accept, or for anything, is answered with 406.",
		[]string{"http.accept.missing"}},
		faultHooks{handler: refusing(http.StatusNotAcceptable, func(h http.Header) bool {
			return slices.Contains([]string{"", "*/*"}, h.Get("Accept"))
		})}},
	{Fault{"accept-case", "A request whose Accept has not the media type in lower case is answered with 406.",
		[]string{"http.accept.list"}},
		faultHooks{handler: refusing(http.StatusNotAcceptable, func(h http.Header) bool {
			accept := h.Get("Accept")
			return accept != "" && accept != "*/*" && !strings.Contains(accept, "text/event-stream")
		})}},
	{Fault{"pragma-refused", "A request with Pragma is answered with 400.",
		[]string{"http.request-headers.tolerated"}},
		faultHooks{handler: refusing(http.StatusBadRequest, func(h http.Header) bool { return h.Get("Pragma") != "" })}},
	{Fault{"error-page-200", "An unknown path and a missing token are answered with a page that is announced as a stream.",
		[]string{"http.error.not-a-stream", "http.error.before-commit"}},
		faultHooks{handler: pages("text/event-stream", http.StatusNotFound, http.StatusUnauthorized)}},
	{Fault{"late-refusal", "A stream that is to follow an ID of another form than the server's is opened and closed.",
		[]string{"http.error.before-commit"}},
		faultHooks{handler: onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			if id := lastEventID(r); id != "" && !strings.Contains(id, "-") {
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = w.Write([]byte(comment)) // the client may be gone
				return
			}
			next.ServeHTTP(w, r)
		})}},
	{Fault{"spa-fallback", "An unknown path is answered with a page.",
		[]string{"http.error.unknown-topic"}},
		faultHooks{handler: pages("text/html", http.StatusNotFound)}},
	{Fault{"limit-missing", "A user may hold any number of streams.",
		[]string{"http.overload"}},
		faultHooks{config: func(c *Config) { c.Limits.StreamsPerSubject = 0 }}},
}
