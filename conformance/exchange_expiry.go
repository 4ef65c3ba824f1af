package conformance

import (
	"fmt"
	"time"
)

// lateProbes is how often a target is asked whether it takes a token that has
// expired: its clock may be behind, or it may bear with clocks that are.
const lateProbes = 4

// In the exchange "expiry", "stream" has the token that expires. A twin is a
// token that expires at the same time and was never shown before: once the
// target refuses one, "expired" shows the stream's own token again.
func talkExpiry(t *talk) {
	kept := t.token(RoleGood)
	witness := t.open(ask{name: "witness", token: kept})
	// Tokens hold whole seconds.
	expires := time.Now().Add(3 * t.pace().Quiet).Truncate(time.Second).Add(time.Second)
	expiring := func(id string) Secret {
		order := t.order()
		order.Expires, order.Claims = expires, map[string]any{"jti": id + "-" + t.nonce}
		return t.mint(order)
	}
	short := expiring("own")
	s := t.open(ask{name: "stream", token: short})
	if !t.settle(witness, s) {
		return
	}
	last := s.lastEventID()
	if !t.sleep(time.Until(expires)) {
		return
	}
	for i := 0; ; i++ {
		twin, opened := t.try(ask{name: "twin", token: expiring(fmt.Sprint("twin-", i))})
		if !twin.responded() {
			return
		}
		if !opened {
			break
		}
		twin.rename("twin-taken")
		if i == lateProbes-1 || !t.sleep(t.pace().Quiet) {
			t.stop("tokens are still taken %v after their expiry, so it cannot be seen when a stream is to end", time.Since(expires).Truncate(time.Second/10))
			return
		}
	}
	t.try(ask{name: "expired", token: short})
	data := "ssegauge-" + t.nonce + "-after-expiry"
	t.publish(Fields{"data": data})
	if !t.hasMark(data, t.pace().Patience, witness) {
		t.stop("an event that was accepted did not arrive")
		return
	}
	s.end(t.pace().Heartbeat + t.pace().Quiet)
	if last == "" {
		return
	}
	after := []Field{{"Last-Event-ID", last}}
	t.settle(
		t.open(ask{name: "resumed", token: kept, fields: after}),
		t.open(ask{name: "renewed", token: t.mint(t.order()), fields: after}),
	)
}

func talkRevoke(t *talk) {
	token := t.token(RoleGood)
	s := t.open(ask{name: "stream", token: token})
	if !t.settle(s) || !t.controlOf("expire", token) {
		return
	}
	if again, opened := t.try(ask{name: "again", token: token}); opened || !again.responded() {
		return
	}
	if s.end(t.pace().Heartbeat + 3*t.pace().Quiet) {
		return
	}
	data := "ssegauge-" + t.nonce + "-after-revocation"
	t.publish(Fields{"data": data})
	t.hasMark(data, t.pace().Quiet, s)
}
