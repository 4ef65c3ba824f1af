package refserver

import (
	"net/http"
	"slices"
	"strings"

	"github.com/ssegauge/ssegauge/internal/token"
)

// corsFaults are about what pages of other origins may read and send.
var corsFaults = []faultRow{
	{Fault{"cors-missing", "No origin is allowed.",
		[]string{"cors.simple"}},
		faultHooks{origin: func(http.Header, string) {}}},
	{Fault{"cors-asterisk-credentials", "Every origin is allowed by an asterisk, with credentials.",
		[]string{"cors.credentials"}},
		faultHooks{origin: func(h http.Header, _ string) {
			h.Set("Access-Control-Allow-Origin", "*")
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Add("Vary", "Origin")
		}}},
	{Fault{"cors-reflect", "Every origin is allowed, with credentials.",
		[]string{"cors.no-reflect"}},
		faultHooks{origin: func(h http.Header, origin string) {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Add("Vary", "Origin")
		}}},
	{Fault{"cors-vary-missing", "An answer that depends on the origin does not say so.",
		[]string{"cors.vary"}},
		faultHooks{handler: beforeHead(func(_ *http.Request, _ int, h http.Header) { h.Del("Vary") })}},
	{Fault{"cors-errors-bare", "Refusals have no CORS fields.",
		[]string{"cors.on-errors"}},
		faultHooks{handler: beforeHead(func(_ *http.Request, status int, h http.Header) {
			if status >= 400 {
				h.Del("Access-Control-Allow-Origin")
				h.Del("Access-Control-Allow-Credentials")
			}
		})}},
	{Fault{"cors-twice", "The allowed origin is told twice.",
		[]string{"cors.single"}},
		faultHooks{handler: beforeHead(func(_ *http.Request, _ int, h http.Header) {
			if origin := h.Get("Access-Control-Allow-Origin"); origin != "" {
				h.Add("Access-Control-Allow-Origin", origin)
			}
		})}},
	{Fault{"preflight-no-last-event-id", "Pages may not send Last-Event-ID.",
		[]string{"cors.preflight.last-event-id"}},
		faultHooks{handler: beforeHead(forbidField("Last-Event-ID"))}},
	{Fault{"preflight-no-authorization", "Pages may not send Authorization.",
		[]string{"cors.preflight.authorization"}},
		faultHooks{handler: beforeHead(forbidField("Authorization"))}},
	{Fault{"preflight-no-cache-control", "Pages may not send Cache-Control.",
		[]string{"cors.preflight.cache-control"}},
		faultHooks{handler: beforeHead(forbidField("Cache-Control"))}},
	{Fault{"preflight-405", "OPTIONS is answered with 405.",
		[]string{"cors.preflight.status"}},
		faultHooks{handler: onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodOptions {
				w.Header().Set("Allow", "GET")
				http.Error(w, "allowed: GET", http.StatusMethodNotAllowed)
				return
			}
			next.ServeHTTP(w, r)
		})}},
	{Fault{"preflight-case", "Pages may send those fields alone whose names they write with capital letters.",
		[]string{"cors.preflight.names-case"}},
		faultHooks{handler: beforeHead(func(r *http.Request, _ int, h http.Header) {
			asked := fieldNames(r.Header)
			for _, name := range fieldNames(h) {
				if !slices.Contains(asked, name) {
					forbidField(name)(r, 0, h)
				}
			}
		})}},
	{Fault{"origin-trusted", "A request that names an origin needs no token.",
		[]string{"cors.origin-check"}},
		faultHooks{
			handler: onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Origin") != "" && r.Header.Get("Authorization") == "" {
					r.Header.Set("Authorization", "Bearer "+pageToken)
				}
				next.ServeHTTP(w, r)
			}),
			verified: func(v *verification) (token.Claims, error) {
				if v.raw == pageToken {
					return everything, nil
				}
				return v.claims, v.err
			},
		}},
}

// pageToken stands for the token that a page need not have.
const pageToken = "page"

// fieldNames are the names that a preflight asks for, or its answer allows.
func fieldNames(h http.Header) []string {
	var names []string
	for _, of := range []string{"Access-Control-Request-Headers", "Access-Control-Allow-Headers"} {
		for name := range strings.SplitSeq(h.Get(of), ",") {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

// forbidField takes a name out of those that pages may send.
func forbidField(name string) func(*http.Request, int, http.Header) {
	return func(_ *http.Request, _ int, h http.Header) {
		if h.Get("Access-Control-Allow-Headers") == "" {
			return
		}
		kept := slices.DeleteFunc(fieldNames(h), func(n string) bool { return n == name || n == "" })
		h.Set("Access-Control-Allow-Headers", strings.Join(kept, ", "))
	}
}

// beforeHead changes the head of every answer when it is written.
func beforeHead(change func(r *http.Request, status int, h http.Header)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&headWriter{ResponseWriter: w, change: func(status int) { change(r, status, w.Header()) }}, r)
		})
	}
}

// A headWriter changes a head before it is written.
type headWriter struct {
	http.ResponseWriter
	change func(status int)
	begun  bool
}

func (w *headWriter) WriteHeader(status int) {
	if !w.begun {
		w.begun = true
		w.change(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *headWriter) Write(p []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

func (w *headWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
