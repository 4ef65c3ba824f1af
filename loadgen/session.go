package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Session keeps streams open over several holds. Each hold runs a plan of its
// own and has a report of its own: a stream that the next plan also has, with
// the same cohort and topics, goes on; others are closed or opened. Its methods
// are called by one goroutine.
type Session struct {
	plan        *Plan        // of the first hold
	credentials *credentials // of the streams
	publishing  *credentials // of the publisher
	observer    *observer    // nil unless the server emits by itself
	started     time.Time    // of the clock
	machine     facts        // before anything was opened
	resident    int64        // bytes of the process, likewise
	reserve     int          // connections that later holds may have at once
	cleanups    []func()

	transport transport // nil before the first hold
	current   *run      // likewise

	// publishStart is when publishing began, in Unix nanoseconds; 0 before.
	publishStart atomic.Int64
	openNow      atomic.Int64
}

// NewSession makes a session for plans of one target. It opens no stream, but
// makes sure that the target can be reached. Errors are those of Run.
func NewSession(ctx context.Context, plan *Plan) (*Session, error) {
	s, err := newSession(plan)
	if err != nil {
		return nil, err
	}
	if err := plan.preflight(s.machine).Err(); err != nil {
		s.Close()
		return nil, err
	}
	if err := s.reach(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func newSession(plan *Plan) (*Session, error) {
	s := &Session{plan: plan, started: time.Now(), machine: machineFacts(), resident: residentBytes()}
	scenario := plan.Scenario
	config, err := clientTLS(&scenario.Target.TLS)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: config}
	s.onClose(transport.CloseIdleConnections)
	tokenClient := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	if s.credentials, err = newCredentials(&scenario.Target.Auth, tokenClient); err != nil {
		return nil, err
	}
	if s.publishing, err = newCredentials(publisherAuth(scenario), tokenClient); err != nil {
		return nil, err
	}
	if scenario.Publish.Via == ViaNone {
		if s.observer, err = newObserver(scenario.Publish.Observe); err != nil {
			return nil, err
		}
	}
	return s, nil
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

// errOtherCohorts says that a plan cannot follow another one in a session.
var errOtherCohorts = errors.New("the plans of a session have the same cohorts")

// Hold runs a plan, whose target and cohorts are those of the session's first,
// and leaves its streams open. Its results and errors are those of Run; after
// an error the session can only be closed.
func (s *Session) Hold(ctx context.Context, plan *Plan, options Options) (*Report, error) {
	if !slices.Equal(plan.Cohorts, s.plan.Cohorts) {
		return nil, errOtherCohorts
	}
	if err := plan.preflight(s.machine).Err(); err != nil {
		return nil, err
	}
	r := s.newRun(plan, s.goingOn(plan))
	if err := s.makeTokens(ctx, r.fresh); err != nil {
		return nil, err
	}
	if err := s.begin(ctx, r); err != nil {
		return nil, err
	}
	publisher, err := newPublisher(r)
	if err != nil {
		return nil, err
	}
	defer publisher.close()
	c, err := newConductor(r, s.transport, publisher, options)
	if err != nil {
		return nil, err
	}
	return c.conduct(ctx)
}

// goingOn finds the streams that plan goes on with. A stream that is open, or
// between two connections, does so at the same place in the plan.
func (s *Session) goingOn(plan *Plan) func(i int) *stream {
	if s.current == nil {
		return func(int) *stream { return nil }
	}
	var mu sync.Mutex
	good := map[*stream]bool{}
	s.transport.each(func(l *loop) {
		mu.Lock()
		defer mu.Unlock()
		for _, one := range l.streams {
			good[one] = one.opened && (one.state == open || one.state == connecting)
		}
	})
	return func(i int) *stream {
		if i >= len(s.current.streams) {
			return nil
		}
		one := s.current.streams[i]
		if !good[one] || one.cohort != plan.Streams[i].Cohort || !slices.Equal(one.plan.topicNames(i), plan.topicNames(i)) {
			return nil
		}
		return one
	}
}

// noticing is how long a target gets to notice that streams were closed before
// others ask for their places.
const noticing = 500 * time.Millisecond

// begin hands the streams over to r.
func (s *Session) begin(ctx context.Context, r *run) error {
	before := s.current
	s.current = r
	if s.transport == nil {
		var err error
		s.transport, err = newTransport(ctx, r)
		return err
	}
	s.publishStart.Store(0)
	open := s.openNow.Load()
	s.transport.drop(slices.DeleteFunc(slices.Clone(before.streams), func(one *stream) bool {
		return one.index < len(r.streams) && r.streams[one.index] == one
	}))
	s.transport.each(func(l *loop) { l.goOn(r) })
	r.atLeast(s.openNow.Load())
	if s.openNow.Load() < open && len(r.fresh) > 0 {
		select {
		case <-time.After(noticing):
		case <-ctx.Done():
		}
	}
	return nil
}

// Close ends all streams and what served them.
func (s *Session) Close() {
	if s.transport != nil {
		s.transport.stop()
	}
	for _, f := range s.cleanups {
		f()
	}
}

// onClose has f called when the session is over.
func (s *Session) onClose(f func()) { s.cleanups = append(s.cleanups, f) }

// now is the session's clock in Unix nanoseconds: the wall clock at its start,
// and the monotonic clock from there on.
func (s *Session) now() int64 { return s.at(time.Now()) }

func (s *Session) at(t time.Time) int64 { return s.started.UnixNano() + int64(t.Sub(s.started)) }

// reach makes sure that something listens at the target's address, so that a
// wrong address is an error and not a run of failures.
func (s *Session) reach(ctx context.Context) error {
	u, err := s.plan.URL(0)
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

// stalledUntil is when a stream of this behaviour reads again, in Unix
// nanoseconds; 0 when it reads now.
func (s *Session) stalledUntil(stall *Stall) int64 {
	if stall == nil {
		return 0
	}
	start := s.publishStart.Load()
	now := s.now()
	if start == 0 || now < start+int64(stall.After) || now >= start+int64(stall.After+stall.For) {
		return 0
	}
	return start + int64(stall.After+stall.For)
}
