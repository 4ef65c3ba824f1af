package refserver

import (
	"compress/gzip"
	"io"
	"net/http"
	"slices"
)

// What the hooks of HTTP faults are made of.

// withField sets a head field of a stream.
func withField(name, value string) func(http.Header) int {
	return func(h http.Header) int {
		h.Set(name, value)
		return http.StatusOK
	}
}

// unswept gives a stream a goroutine, which writes through net/http.
func unswept(s *subscription) { s.swept = false }

// onPath lets serve answer the requests of one path.
func onPath(path string, serve func(next http.Handler, w http.ResponseWriter, r *http.Request)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path {
				serve(next, w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// asGet takes a method for GET. net/http looks at the same request, so it
// answers as to GET.
func asGet(method string) func(http.Handler, http.ResponseWriter, *http.Request) {
	return func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		if r.Method == method {
			r.Method = http.MethodGet
		}
		next.ServeHTTP(w, r)
	}
}

// refusing answers requests for a stream with a status if their head is such.
func refusing(status int, such func(http.Header) bool) func(http.Handler) http.Handler {
	return onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		if such(r.Header) {
			http.Error(w, http.StatusText(status), status)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// pages answers a page with status 200 in place of the given statuses.
func pages(mediaType string, statuses ...int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&pageWriter{ResponseWriter: w, mediaType: mediaType, statuses: statuses}, r)
		})
	}
}

// page is what error handlers write.
const page = "<!doctype html>\n<title>Something went wrong</title>\n"

// A pageWriter writes the page in place of an answer with one of the statuses.
type pageWriter struct {
	http.ResponseWriter
	mediaType string
	statuses  []int
	replaced  bool
}

func (w *pageWriter) WriteHeader(status int) {
	if w.replaced = slices.Contains(w.statuses, status); !w.replaced {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", w.mediaType)
	w.ResponseWriter.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w.ResponseWriter, page) // the client may be gone
}

func (w *pageWriter) Write(p []byte) (int, error) {
	if w.replaced {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

func (w *pageWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// compress answers GET with a compressed stream.
func compress(next http.Handler, w http.ResponseWriter, r *http.Request, flush bool) {
	if r.Method != http.MethodGet {
		next.ServeHTTP(w, r)
		return
	}
	z := &gzipWriter{ResponseWriter: w, flush: flush}
	next.ServeHTTP(z, r)
	if z.zip != nil {
		_ = z.zip.Close() // the client may be gone
	}
}

// A gzipWriter compresses what is answered with status 200.
type gzipWriter struct {
	http.ResponseWriter
	flush bool // the compressor, too, is flushed
	begun bool
	zip   *gzip.Writer // nil for other answers
}

func (w *gzipWriter) WriteHeader(status int) {
	w.begun = true
	if status == http.StatusOK {
		w.Header().Set("Content-Encoding", "gzip")
		w.zip = gzip.NewWriter(w.ResponseWriter)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *gzipWriter) Write(p []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	if w.zip == nil {
		return w.ResponseWriter.Write(p)
	}
	return w.zip.Write(p)
}

func (w *gzipWriter) FlushError() error {
	if w.zip != nil && w.flush {
		if err := w.zip.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *gzipWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
