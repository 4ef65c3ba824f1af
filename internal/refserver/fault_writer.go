package refserver

import (
	"context"
	"net/http"
	"time"
)

// What the hooks of faults are made of that look at what is written to a
// stream. Their streams have to be unswept.

// A tap stands between a stream and what it writes to.
type tap struct {
	http.ResponseWriter
	write func(p []byte) (int, error)
	flush func() error
	other bool // the answer is no stream
}

func (w *tap) WriteHeader(status int) {
	w.other = status != http.StatusOK
	w.ResponseWriter.WriteHeader(status)
}

func (w *tap) Write(p []byte) (int, error) {
	if w.other {
		return w.ResponseWriter.Write(p)
	}
	return w.write(p)
}

func (w *tap) FlushError() error { return w.flush() }

func (w *tap) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// tapped lets serve answer GET /events through a tap that changes nothing
// unless serve makes it.
func tapped(serve func(next http.Handler, w *tap, r *http.Request)) func(http.Handler) http.Handler {
	return onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		serve(next, &tap{ResponseWriter: w, write: w.Write, flush: http.NewResponseController(w).Flush}, r)
	})
}

// breakOff ends the response of a stream whose client is there as a failure
// would.
func (w *tap) breakOff(r *http.Request) {
	if !w.other && r.Context().Err() == nil {
		panic(http.ErrAbortHandler)
	}
}

// broken breaks streams off where they should end.
func broken(next http.Handler, w *tap, r *http.Request) {
	next.ServeHTTP(w, r)
	w.breakOff(r)
}

// brokenAfter breaks streams off when they have been open for so long.
func brokenAfter(d time.Duration) func(http.Handler, *tap, *http.Request) {
	return func(next http.Handler, w *tap, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), d)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
		if ctx.Err() != nil {
			w.breakOff(r)
		}
	}
}

// flushedLate lets what is written behind a stream's head leave later by d.
func flushedLate(d time.Duration) func(http.Handler, *tap, *http.Request) {
	return func(next http.Handler, w *tap, r *http.Request) {
		flush, begun := w.flush, false
		w.flush = func() error {
			if begun {
				pause(r.Context(), d)
			}
			begun = true
			return flush()
		}
		next.ServeHTTP(w, r)
	}
}

// oneBehind lets what is written behind a stream's head leave with what is
// written next.
func oneBehind(next http.Handler, w *tap, r *http.Request) {
	write, begun := w.write, false
	var held []byte
	w.write = func(p []byte) (int, error) {
		if !begun {
			begun = true
			return write(p)
		}
		_, err := write(held)
		held = append(held[:0], p...)
		return len(p), err
	}
	next.ServeHTTP(w, r)
	if !w.other {
		_, _ = write(held) // the client may be gone
	}
}

// pause waits for d unless ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
