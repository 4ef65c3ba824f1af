package prometheus

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/telemetry"
)

// A Server shows the latest snapshot at /metrics. New makes it, Close ends it.
type Server struct {
	collector *collector
	http      *http.Server
	serving   sync.WaitGroup

	started time.Time

	mu      sync.Mutex
	scraped bool          // at least once
	over    bool          // the latest snapshot is the last
	fetched chan struct{} // closed when that has been scraped
}

// Path is where the metrics are.
const Path = "/metrics"

// Limits of what strangers can make the server hold.
const (
	readTimeout  = 5 * time.Second
	writeTimeout = 10 * time.Second
	headerBytes  = 16 << 10
	scrapes      = 4 // at once
)

// New serves on the listener, which it closes in the end. Until the first
// Update there are no metrics.
func New(l net.Listener) *Server {
	s := &Server{collector: newCollector(), started: time.Now(), fetched: make(chan struct{})}
	registry := prometheus.NewRegistry()
	registry.MustRegister(s.collector)
	mux := http.NewServeMux()
	mux.Handle("GET "+Path, s.noting(promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: scrapes, EnableOpenMetrics: true,
	})))
	s.http = &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: readTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: time.Minute,
		MaxHeaderBytes: headerBytes,
		ErrorLog:       log.New(io.Discard, "", 0),
	}
	s.serving.Go(func() { _ = s.http.Serve(l) }) // which ends with Close
	return s
}

// Update shows another snapshot.
func (s *Server) Update(next *telemetry.Snapshot) { s.collector.latest.Store(next) }

// Finish shows the last snapshot, and waits until it has been scraped, for the
// time or until ctx ends. It does not wait if nobody has come in a longer time
// than that. It reports whether the snapshot has been scraped.
func (s *Server) Finish(ctx context.Context, last *telemetry.Snapshot, wait time.Duration) bool {
	s.mu.Lock()
	s.Update(last)
	s.over = true
	expected := s.scraped || time.Since(s.started) < wait
	s.mu.Unlock()
	if !expected {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-s.fetched:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// noting notes when the last snapshot has been scraped.
func (s *Server) noting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		last := s.over
		s.mu.Unlock()
		answer := &answer{ResponseWriter: w}
		next.ServeHTTP(answer, r)
		if !answer.failed {
			s.note(last)
		}
	})
}

func (s *Server) note(last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scraped = true
	select {
	case <-s.fetched:
	default:
		if last {
			close(s.fetched)
		}
	}
}

// An answer knows whether it got through.
type answer struct {
	http.ResponseWriter
	failed bool
}

func (a *answer) WriteHeader(status int) {
	a.failed = a.failed || status != http.StatusOK
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	n, err := a.ResponseWriter.Write(p)
	a.failed = a.failed || err != nil
	return n, err
}

// Close lets scrapes under way end, and ends the server.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
	s.serving.Wait()
}
