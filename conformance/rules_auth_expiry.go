package conformance

import "strconv"

// expiryChecks are about tokens that are good no longer, while their stream is
// open and afterwards.
var expiryChecks = []Check{
	{
		ID: "auth.expiry.closes", Level: Must, Clause: "practice (Mercure)", Exchange: "expiry", Timed: true,
		Require: "A stream ends when its token expires.",
		Why:     "Who was let in for a minute would listen for days.",
		Fix:     "Keep the expiry with the stream, and end the stream then.",
		Judge: onExpiry(func(t *Transcript, s *Connection) Verdict {
			if !s.End.byPeer() {
				return missed("the token is refused, and the stream that it opened is still open %s later", seconds(s.Ended-t.named("twin").Responded)).show(s.endEvidence())
			}
			return passed("")
		}),
	},
	{
		ID: "auth.expiry.no-data-after", Level: Must, Clause: "practice", Exchange: "expiry",
		Require: "No event that is published after the expiry of a stream's token arrives on it.",
		Why:     "Until the next heartbeat or write the stream gives away what its user may no longer see.",
		Fix:     "Compare the expiry with the clock before each write, not only now and then.",
		Judge: onExpiry(func(t *Transcript, s *Connection) Verdict {
			list := accepted(t)
			if len(list) == 0 {
				return t.unmet("nothing was accepted")
			}
			if at := arrival(t, s, list[0]); at != 0 {
				return missed("an event that was published after the token was refused arrived %s later", seconds(at-list[0].Sent)).show(s.endEvidence())
			}
			return passed("")
		}),
	},
	{
		ID: "auth.expiry.reconnect", Level: Must, Clause: "RFC 7519 4.1.4, RFC 6750 3.1", Exchange: "expiry",
		Require: "A client that comes back with its expired token is refused with 401.",
		Why:     "A token that was good once is taken from a cache, and lives on by reconnecting.",
		Fix:     "Verify the token with every request, or keep what was verified no longer than until its expiry.",
		Judge: onExpiry(func(t *Transcript, _ *Connection) Verdict {
			c := t.named("expired")
			switch {
			case c == nil || c.Responded == 0:
				return t.unmet("no response came" + because(c))
			case c.isStream():
				return missed("a token that had been used opens a stream after its expiry; another that expired at the same time is refused").expect("status 401").show(c.headEvidence())
			case c.Status == 204:
				return passed("204: the client is told not to come back")
			case c.Status != 401:
				return missed("status %d", c.Status).as(Should).expect("status 401").show(c.headEvidence())
			}
			return passed(strconv.Itoa(c.Status))
		}),
	},
	{
		ID: "auth.expiry.renewed", Level: Should, Clause: "practice", Exchange: "expiry",
		Require: "With a new token and the last event ID a client goes on where it was.",
		Why:     "Tokens are renewed every few minutes, and each time events would be lost.",
		Fix:     "Let the last event ID mean the same whatever token comes with it.",
		Judge: func(t *Transcript) Verdict {
			list := accepted(t)
			resumed, renewed := t.named("resumed"), t.named("renewed")
			switch {
			case len(list) == 0 || resumed == nil || renewed == nil:
				return t.unmet("the events have no IDs")
			case !t.delivered(resumed, list[0].Fields["data"]):
				return untested("with its old token the client does not get what it missed, either")
			case !renewed.isStream():
				return missed("the new token is answered with status %d", renewed.Status).expect("a stream").show(renewed.headEvidence())
			case t.delivered(renewed, list[0].Fields["data"]):
				return passed("")
			case len(renewed.events()) == 0:
				return t.unmet("nothing arrived on the stream of the new token")
			}
			return missed("an event that the client missed does not come with the new token, and does with the old one").show(renewed.headEvidence(), renewed.bodyEvidence(0, evidenceBytes))
		},
	},
	{
		ID: "auth.revoke.closes", Level: Should, Clause: "practice (RFC 7009 2)", Exchange: "revoke", Timed: true,
		Require: "A stream ends, or gets no more events, when its token is revoked.",
		Why:     "Someone who was logged out or lost a right goes on listening.",
		Fix:     "Tell open streams of a revocation, or look for it before each write.",
		Judge: func(t *Transcript) Verdict {
			s, again := t.named("stream"), t.named("again")
			switch {
			case s == nil || again == nil || again.Responded == 0:
				return t.unmet("no response came")
			case again.isStream():
				return untested("after the action expire the token still opens streams, so it was not revoked")
			case s.End.byPeer():
				return passed("ended")
			}
			list := accepted(t)
			switch {
			case len(list) == 0:
				return t.unmet("nothing was accepted")
			case t.delivered(s, list[0].Fields["data"]):
				return missed("%s after its token was refused the stream gets an event", seconds(list[0].Sent-again.Responded)).show(s.endEvidence())
			}
			return passed("filtered")
		},
	},
	{
		ID: "auth.replay.rechecked", Level: Must, Clause: "practice (Mercure)", Exchange: "rights",
		Require: "A client that resumes gets what its token allows today, not what it could read before.",
		Why:     "Who has lost a right would read on by coming back with an old ID.",
		Fix:     "Check the rights of a request that resumes like those of any other, before the replay.",
		Judge: func(t *Transcript) Verdict {
			list := accepted(t)
			resumed, forbidden := t.named("resumed"), t.named("forbidden")
			switch {
			case len(list) == 0 || resumed == nil || forbidden == nil || forbidden.Responded == 0:
				return t.unmet("nothing was replayed")
			case !t.delivered(resumed, list[0].Fields["data"]):
				return untested("nothing is replayed to the good token, either")
			case profiled(t, "mercure"):
				return untested("the updates are public (see mercure.private)")
			case t.delivered(forbidden, list[0].Fields["data"]):
				return missed("an event is replayed to a token that does not allow it").show(forbidden.headEvidence(), forbidden.bodyEvidence(0, evidenceBytes))
			case forbidden.isStream():
				return passed("nothing is replayed")
			}
			return passed("refused with " + strconv.Itoa(forbidden.Status))
		},
	},
}

// onExpiry judges what happened once the target refused tokens that expire with
// the stream's.
func onExpiry(judge func(*Transcript, *Connection) Verdict) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		s, twin := t.named("stream"), t.named("twin")
		switch {
		case s == nil || !s.isStream():
			return t.unmet("no event stream could be opened")
		case twin == nil || twin.Responded == 0:
			return t.unmet("no response came" + because(twin))
		}
		return judge(t, s)
	}
}
