package loadgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Options are what a caller of Run may add.
type Options struct {
	// Progress, if set, is called every Interval, and at each change of phase,
	// from the goroutine of Run.
	Progress func(Progress)
	Interval time.Duration // default 1 s
	// HistogramLog, if set, gets the histograms of every interval in
	// HdrHistogram's log format (.hlog).
	HistogramLog io.Writer
	// Version of the program, for the report.
	Version string
}

// ErrUnreachable says that nothing answered at the target's address.
var ErrUnreachable = errors.New("target unreachable")

// A run is one execution of a plan.
type run struct {
	plan        *Plan
	credentials *credentials // of the streams
	publishing  *credentials // of the publisher
	observer    *observer    // nil unless the server emits by itself
	books       []*book      // per topic
	streams     []*stream
	started     time.Time // of the clock
	cleanups    []func()

	// measureFrom is the due time, in Unix nanoseconds, from which latencies
	// count.
	measureFrom atomic.Int64
	// publishStart is when publishing began, in Unix nanoseconds; 0 before.
	publishStart atomic.Int64

	openNow, openPeak atomic.Int64
	unanswered        atomic.Int64
	allAnswered       chan struct{}
}

// Run executes a plan and reports what happened. When only the histogram log
// could not be written, it returns the report and the error. It returns no
// report when the run could not begin: ErrTooFewDescriptors, ErrUnreachable
// when nothing listens at the target, or what was wrong with the files and keys
// that the scenario names. When ctx ends, the run stops publishing, drains for
// at most two seconds, and reports what it has with Interrupted set.
func Run(ctx context.Context, plan *Plan, options Options) (*Report, error) {
	if err := plan.Preflight().Err(); err != nil {
		return nil, err
	}
	r, err := newRun(plan)
	if err != nil {
		return nil, err
	}
	defer r.cleanup()
	if err := r.reach(ctx); err != nil {
		return nil, err
	}
	if err := r.makeTokens(ctx); err != nil {
		return nil, err
	}
	transport, err := newTransport(ctx, r)
	if err != nil {
		return nil, err
	}
	publisher, err := newPublisher(r)
	if err != nil {
		transport.stop()
		return nil, err
	}
	c, err := newConductor(r, transport, publisher, options)
	if err != nil {
		transport.stop()
		return nil, err
	}
	return c.conduct(ctx)
}

func newRun(plan *Plan) (*run, error) {
	r := &run{plan: plan, started: time.Now(), allAnswered: make(chan struct{})}
	r.measureFrom.Store(math.MaxInt64)
	s := plan.Scenario
	config, err := clientTLS(&s.Target.TLS)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: config}
	r.onStop(transport.CloseIdleConnections)
	tokenClient := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	if r.credentials, err = newCredentials(&s.Target.Auth, tokenClient); err != nil {
		return nil, err
	}
	if r.publishing, err = newCredentials(publisherAuth(s), tokenClient); err != nil {
		return nil, err
	}
	if s.Publish.Via == ViaNone {
		if r.observer, err = newObserver(s.Publish.Observe); err != nil {
			return nil, err
		}
	}
	for range plan.Topics {
		r.books = append(r.books, &book{})
	}
	for i := range plan.Streams {
		r.streams = append(r.streams, r.newStream(i))
	}
	r.unanswered.Store(int64(len(r.streams)))
	return r, nil
}

// publisherAuth is how publishes are authorised: as streams are, unless the
// scenario says otherwise. A minted token may publish to every topic.
func publisherAuth(s *Scenario) *Auth {
	if s.Publish.Auth != nil {
		return s.Publish.Auth
	}
	if s.Target.Auth.JWT == nil {
		return &s.Target.Auth
	}
	auth, jwt := s.Target.Auth, *s.Target.Auth.JWT
	jwt.Subject = "publisher"
	if len(jwt.Publish) == 0 {
		jwt.Publish = []string{"*"}
	}
	auth.JWT = &jwt
	return &auth
}

func (r *run) newStream(i int) *stream {
	planned := &r.plan.Streams[i]
	s := &stream{index: i, cohort: planned.Cohort, tenth: uint8(i * tenths / len(r.plan.Streams))}
	if r.observer != nil {
		s.lanes = make([]lane, 1)
		return s
	}
	s.lanes = make([]lane, len(planned.Topics))
	for k, topic := range planned.Topics {
		s.lanes[k] = lane{topic: topic, book: r.books[topic]}
	}
	return s
}

// onStop has f called when the run is over.
func (r *run) onStop(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *run) cleanup() {
	for _, f := range r.cleanups {
		f()
	}
}

// now is the run's clock in Unix nanoseconds: the wall clock at its start, and
// the monotonic clock from there on.
func (r *run) now() int64 { return r.at(time.Now()) }

func (r *run) at(t time.Time) int64 { return r.started.UnixNano() + int64(t.Sub(r.started)) }

// reach makes sure that something listens at the target's address, so that a
// wrong address is an error and not a run of failures.
func (r *run) reach(ctx context.Context) error {
	u, err := r.plan.URL(0)
	if err != nil {
		return err
	}
	address := hostPort(u)
	dialer := net.Dialer{Timeout: 5 * time.Second}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("%w: tried a TCP connection to %s for streams of %s://%s%s: %w", ErrUnreachable, address, u.Scheme, u.Host, u.Path, err)
	}
	return connection.Close()
}

// makeTokens makes every stream's first token before the clock starts.
func (r *run) makeTokens(ctx context.Context) error {
	for _, s := range r.streams {
		var err error
		if s.held, err = r.credentials.get(ctx, r.bearer(s)); err != nil {
			return fmt.Errorf("token of stream %d: %w", s.index, err)
		}
	}
	return nil
}

func (r *run) bearer(s *stream) bearer { return bearer{s.index, r.plan.topicNames(s.index)} }

// mustRenew reports whether the token of s is about to end.
func (r *run) mustRenew(s *stream) bool { return s.held.token != "" && !s.held.good(time.Now()) }

// newCredential gets another token for s.
func (r *run) newCredential(ctx context.Context, s *stream) (credential, error) {
	return r.credentials.get(ctx, r.bearer(s))
}

// request makes the request that opens s.
func (r *run) request(ctx context.Context, s *stream, lastEventID string) (*http.Request, error) {
	u, err := r.plan.URL(s.index)
	if err != nil {
		return nil, err
	}
	target := &r.plan.Scenario.Target
	if lastEventID != "" && target.LastEventID != "" {
		query := u.Query()
		query.Set(target.LastEventID, lastEventID)
		u.RawQuery = query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Cache-Control", "no-store")
	request.Header.Set("User-Agent", "ssegauge")
	if lastEventID != "" && target.LastEventID == "" {
		request.Header.Set("Last-Event-ID", lastEventID)
	}
	for name, value := range target.Headers {
		if strings.EqualFold(name, "Host") {
			request.Host = value
		}
		request.Header.Set(name, value)
	}
	r.credentials.apply(request, s.held)
	return request, nil
}

// stalledUntil is when a stream of this behaviour reads again, in Unix
// nanoseconds; 0 when it reads now.
func (r *run) stalledUntil(s *Stall) int64 {
	if s == nil {
		return 0
	}
	start := r.publishStart.Load()
	now := r.now()
	if start == 0 || now < start+int64(s.After) || now >= start+int64(s.After+s.For) {
		return 0
	}
	return start + int64(s.After+s.For)
}

func (r *run) opened() {
	n := r.openNow.Add(1)
	for {
		peak := r.openPeak.Load()
		if n <= peak || r.openPeak.CompareAndSwap(peak, n) {
			return
		}
	}
}

func (r *run) closed() { r.openNow.Add(-1) }

func (r *run) answered() {
	if r.unanswered.Add(-1) == 0 {
		close(r.allAnswered)
	}
}
