package loadgen

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"time"

	"github.com/ssegauge/ssegauge/internal/epoll"
)

// An attempt is what a link needs until its response head has come.
type attempt struct {
	began   int64 // when the link got its slot
	dialled int64 // when the connection was begun
	request *http.Request
	// requests is how many were made, those that were redirected included.
	requests int
	unsent   []byte // the rest of the request
	head     []byte // of the response, as far as it has come
	searched int    // bytes of head in which its end was looked for
	past     int    // bytes of informational heads
}

// keepAlive is how often the kernel asks a silent peer for a sign of life, as
// net/http's connections do.
const keepAlive = 30 * time.Second

// stampEvery says that the kernel notes for every eighth stream of a loop when
// bytes arrive. Having it noted and told makes a small write and its read about
// half as dear again, and all streams of a loop wait alike for their turn.
const stampEvery = 8

// begin makes an attempt, as soon as there is a slot for it.
func (e *eventLoop) begin(k *link) {
	k.phase = queued
	if e.transport.gate.enter(k) {
		e.admitted(k)
	}
}

// admitted goes on with a link that has got a slot.
func (e *eventLoop) admitted(k *link) {
	if k.phase != queued {
		e.transport.gate.leave()
		return
	}
	k.slot, k.phase = true, preparing
	k.attempt = &attempt{began: e.run.now()}
	if every := e.run.plan.behaviour(k.stream.cohort).CutEvery; every > 0 {
		k.cutAt = k.attempt.began + int64((0.5+rand.Float64())*float64(every))
	}
	e.arm(k)
	if !e.run.mustRenew(k.stream) {
		e.request(k)
		return
	}
	s := k.stream
	var held credential
	e.errand(k, func(ctx context.Context) (err error) {
		held, err = e.run.newCredential(ctx, s)
		return err
	}, func(err error) {
		if err != nil {
			e.end(k, FailureToken)
			return
		}
		s.held = held
		e.request(k)
	})
}

// errand runs what may block elsewhere, and then done on the loop, unless k has
// gone on to something else by then.
func (e *eventLoop) errand(k *link, run func(context.Context) error, done func(error)) {
	generation := k.generation
	e.transport.errands.do(func(ctx context.Context) {
		err := run(ctx)
		e.post(func() {
			if k.generation == generation && k.phase == preparing {
				done(err)
			}
		})
	})
}

// request makes the request of an attempt, and begins to connect.
func (e *eventLoop) request(k *link) {
	request, err := e.run.request(context.Background(), k.stream, string(k.stream.decoder.LastEventID()))
	if err != nil {
		e.end(k, FailureToken)
		return
	}
	e.starting(k.stream, e.run.now())
	k.attempt.request = request
	e.dial(k, e.transport.targets)
}

// dial begins to connect to one of the addresses: each stream to another one,
// and after a failure to the next.
func (e *eventLoop) dial(k *link, to []netip.AddrPort) {
	a := k.attempt
	a.requests++
	var wire bytes.Buffer
	if err := a.request.Write(&wire); err != nil {
		e.end(k, classify(err))
		return
	}
	a.unsent = wire.Bytes()
	a.head, a.searched, a.past = nil, 0, 0
	address := to[(k.stream.index+k.stream.attempts)%len(to)]
	err := e.connect(k, address)
	switch {
	case err == epoll.ErrInProgress:
		k.phase, a.dialled = dialling, e.run.now()
		e.arm(k)
	case err != nil:
		e.end(k, classify(err))
	default:
		k.phase = responding
		e.send(k)
	}
}

// connect makes the socket and begins to connect it.
func (e *eventLoop) connect(k *link, to netip.AddrPort) error {
	fd, err := epoll.Socket(to.Addr())
	if err != nil {
		return err
	}
	k.fd, k.hungUp = int32(fd), false
	if err := epoll.SetKeepAlive(fd, keepAlive); err != nil {
		return err
	}
	sampled := k.stream.index/len(e.transport.all)%stampEvery == 0
	k.stamped = sampled && epoll.SetReceiveTimestamps(fd) == nil
	if n := len(e.transport.sources); n > 0 && e.transport.sources[0].Is4() == to.Addr().Is4() {
		if err := epoll.Bind(fd, e.transport.sources[k.stream.index%n]); err != nil {
			return err
		}
	}
	connecting := epoll.Connect(fd, to)
	if connecting != nil && connecting != epoll.ErrInProgress {
		return connecting
	}
	token := uint64(k.stream.index)<<32 | uint64(k.generation)
	if err := e.poller.Add(fd, token, epoll.In|epoll.Out); err != nil {
		return err
	}
	return connecting
}

// dialled goes on with a connection that stands, or has failed.
func (e *eventLoop) dialled(k *link) {
	if err := epoll.ConnectError(int(k.fd)); err != nil {
		e.end(k, classify(err))
		return
	}
	k.phase = responding
	e.arm(k)
	e.send(k)
}

// send sends what is left of the request.
func (e *eventLoop) send(k *link) {
	a := k.attempt
	for len(a.unsent) > 0 {
		n, err := epoll.Send(int(k.fd), a.unsent)
		if err == epoll.ErrAgain {
			return
		}
		if err != nil {
			e.end(k, classify(err))
			return
		}
		a.unsent = a.unsent[n:]
	}
	a.unsent = nil
}
