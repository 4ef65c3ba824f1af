package loadgen

import (
	"context"
	"net/netip"
)

// takeHead takes in bytes of the response head, and what came behind it.
func (e *eventLoop) takeHead(k *link, p []byte) {
	a := k.attempt
	a.head = append(a.head, p...)
	for {
		end := findHeadEnd(a.head, a.searched)
		size := end
		if end == 0 {
			size = len(a.head)
		}
		if a.past+size > maxHead {
			e.end(k, FailureProtocol)
			return
		}
		if end == 0 {
			a.searched = len(a.head)
			return
		}
		h, err := parseHead(a.head[:end])
		if err != nil {
			e.end(k, FailureProtocol)
			return
		}
		a.head, a.searched, a.past = a.head[end:], 0, a.past+end
		if !h.informational() {
			e.answered(k, &h)
			return
		}
	}
}

// answered does what the final response head asks for.
func (e *eventLoop) answered(k *link, h *head) {
	if h.redirects() {
		e.redirect(k, h.location)
		return
	}
	switch answer, why := judgeHead(h.status, h.contentType); answer {
	case answerOpens:
		rest := k.attempt.head
		e.leaveGate(k)
		k.attempt, k.body, k.phase = nil, h.body, reading
		e.connected(k.stream, e.now)
		e.arm(k)
		e.take(k, rest)
	case answerFinishes:
		e.disconnect(k, false)
		k.phase = over
		e.finished(k.stream)
	case answerFails:
		e.giveUp(k, why)
	}
}

// redirect connects k to where the response head points.
func (e *eventLoop) redirect(k *link, location string) {
	a := k.attempt
	if a.requests >= maxRequests {
		e.end(k, FailureRedirects)
		return
	}
	next, err := e.run.redirected(a.request, location, e.transport.host)
	switch {
	case err == errSecureLocation:
		e.giveUp(k, FailureSecureRedirect)
		return
	case err != nil:
		e.end(k, FailureRedirects)
		return
	}
	e.closeSocket(k, false)
	k.phase = preparing
	a.request = next
	e.arm(k)
	host := hostPort(next.URL)
	if host == e.transport.host {
		e.dial(k, e.transport.targets)
		return
	}
	var to []netip.AddrPort
	e.errand(k, func(ctx context.Context) (err error) {
		to, err = resolve(ctx, host)
		return err
	}, func(err error) {
		if err != nil {
			e.end(k, classify(err))
			return
		}
		e.dial(k, to)
	})
}
