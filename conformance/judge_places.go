package conformance

import "time"

func judgePlaces(t *Transcript) Verdict {
	held, again := t.named("held"), t.named("again")
	switch {
	case held == nil || again == nil:
		return t.unmet("no event stream could be opened")
	case !again.isStream():
		return missed("%s after all streams were left, another is answered with status %d", seconds(again.Sent-held.Ended), again.Status).
			expect("a stream").show(again.headEvidence())
	}
	freed := again.Responded - held.Ended
	if allowed := t.allowing(t.Facts.Heartbeat + time.Second); freed > allowed {
		return missed("a place was free again %s after all streams were left", seconds(freed)).expect("at most %s", seconds(allowed)).show(again.headEvidence())
	}
	return passed("after " + seconds(freed))
}

func judgeChurn(t *Transcript) Verdict {
	c, cycles := t.named("stream"), t.Counts["cycles"]
	switch {
	case cycles == 0 || c == nil:
		return t.unmet("no event stream could be opened")
	case c.Responded == 0:
		return missed("after %s that were opened and left, there is no answer%s", counted(cycles, "stream"), because(c))
	case !c.isStream():
		return missed("after %s that were opened and left, another is answered with status %d", counted(cycles, "stream"), c.Status).
			expect("a stream").show(c.headEvidence())
	case len(c.events()) == 0:
		return missed("after %s that were opened and left, a stream opens and gets no event", counted(cycles, "stream")).show(c.endEvidence())
	}
	return passed("after " + counted(cycles, "stream"))
}

func judgeShutdown(t *Transcript) Verdict {
	list := accepted(t)
	if len(list) == 0 {
		return t.unmet("nothing was published")
	}
	asked, longest, branch := list[len(list)-1].Answered, time.Duration(0), ""
	for _, c := range t.streams() {
		switch {
		case c.End == EndReset:
			return missed("the connection failed%s", because(c)).expect("an end that the response's framing marks").show(c.endEvidence())
		case !c.End.byPeer() && t.Problem != "":
			return untested("%s", t.Problem)
		case !c.End.byPeer():
			return missed("a stream was open %s after the restart was asked for", seconds(c.Ended-asked)).show(c.endEvidence())
		case c.decode().findings.CutEvents > 0:
			return missed("a stream ended within an event").show(c.endEvidence())
		}
		longest = max(longest, c.Ended-asked)
		branch = string(c.End)
	}
	switch {
	case longest == 0:
		return t.unmet("no event stream could be opened")
	case longest > t.allowing(t.Facts.Patience):
		return missed("a stream ended %s after the restart was asked for", seconds(longest)).expect("at most %s", seconds(t.Facts.Patience))
	}
	return passed(branch + " after " + seconds(longest))
}
