package loadgen

import "github.com/ssegauge/ssegauge/internal/epoll"

// end ends the connection or the attempt of k, which tries again later.
func (e *eventLoop) end(k *link, why Failure) { e.rest(k, why, false) }

// cut ends it without a goodbye: the other side sees a reset.
func (e *eventLoop) cut(k *link) { e.rest(k, "", true) }

func (e *eventLoop) rest(k *link, why Failure, cut bool) {
	e.disconnect(k, cut)
	next := e.ended(k.stream, why, cut)
	k.phase, k.when = resting, e.run.now()+int64(next.wait)
	e.arm(k)
}

// hungUp ends a connection that the other side has ended.
func (e *eventLoop) hungUp(k *link) {
	switch {
	case k.phase == reading:
		e.end(k, k.body.ended())
	case len(k.attempt.head) > 0:
		e.end(k, FailureReset)
	default:
		e.end(k, FailureEnded)
	}
}

func (e *eventLoop) giveUp(k *link, why Failure) {
	e.disconnect(k, false)
	k.phase = over
	e.gaveUp(k.stream, why)
}

// shut closes k as planned.
func (e *eventLoop) shut(k *link) {
	if k.phase == over {
		return
	}
	e.disconnect(k, false)
	k.phase = over
	e.closed(k.stream)
}

// disconnect leaves nothing of a connection or an attempt.
func (e *eventLoop) disconnect(k *link, abort bool) {
	e.closeSocket(k, abort)
	e.leaveGate(k)
	e.timers.set(k, 0)
	k.attempt, k.body, k.cutAt = nil, body{}, 0
}

// closeSocket closes the socket of k, and outdates all that was on its way for
// it.
func (e *eventLoop) closeSocket(k *link, abort bool) {
	k.generation++
	k.again, k.stalled = false, false
	if k.fd == noSocket {
		return
	}
	if abort {
		_ = epoll.SetAbort(int(k.fd))
	}
	_ = epoll.CloseFD(int(k.fd))
	k.fd = noSocket
}

func (e *eventLoop) leaveGate(k *link) {
	if k.slot {
		k.slot = false
		e.transport.gate.leave()
	}
}
