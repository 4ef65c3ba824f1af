package conformance

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func judgeHeartbeat(t *Transcript) Verdict {
	list := idleTimes(t)
	if len(list) == 0 {
		return t.unmet("no event stream could be opened")
	}
	var quietest *idleTime
	for i := range list {
		h := &list[i]
		if len(h.signs) > 0 {
			return passed("")
		}
		if quietest == nil || h.rest() > quietest.rest() {
			quietest = h
		}
	}
	if quietest.rest() < t.limit(20) {
		return untested("the stream was idle for %s alone; a longer pace: lifetime in the target file shows more", seconds(quietest.rest()))
	}
	return missed("not one byte in %s of silence", seconds(quietest.rest())).expect("some within %s", seconds(t.limit(20))).show(quietest.c.endEvidence())
}

// judgeSilence judges the longest silence of a target that does send something
// in it. Others are judged by live.heartbeat.present and live.heartbeat.repeats.
func judgeSilence(most int, silenceOf func(*idleTime) time.Duration) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		list := idleTimes(t)
		if len(list) == 0 {
			return t.unmet("no event stream could be opened")
		}
		if _, ok := signsThatStop(t, list); ok {
			return untested("the heartbeats stop (see live.heartbeat.repeats)")
		}
		var longest time.Duration
		for i := range list {
			h := &list[i]
			if len(h.signs) == 0 {
				return untested("nothing came in %s of silence (see live.heartbeat.present)", seconds(h.rest()))
			}
			silence := silenceOf(h)
			if longest = max(longest, silence); silence > t.allowing(t.limit(most)) {
				return missed("a silence of %s", seconds(silence)).expect("at most %s", seconds(t.limit(most))).show(h.c.endEvidence())
			}
		}
		return passed(fmt.Sprintf("at most %s", seconds(longest)))
	}
}

// judgeWatchdog is judgeSilence for clients that give up on silence, whether or
// not anything ever comes.
func judgeWatchdog(t *Transcript) Verdict {
	const most = 45
	if profiled(t, "polyfill") {
		for _, h := range idleTimes(t) {
			if silence := max(h.silence(), h.rest()); silence > t.allowing(t.limit(most)) {
				return missed("a silence of %s", seconds(silence)).as(Must).expect("less than %s", seconds(t.limit(most))).show(h.c.endEvidence())
			}
		}
	}
	return judgeSilence(most, (*idleTime).silence)(t)
}

func judgeRepeats(t *Transcript) Verdict {
	list := idleTimes(t)
	if len(list) == 0 {
		return t.unmet("no event stream could be opened")
	}
	if h, ok := signsThatStop(t, list); ok {
		if len(h.signs) == 0 {
			return missed("%s came in %s of silence after an event, and some where there was none", counted(0, "heartbeat"), seconds(h.rest())).show(h.c.endEvidence())
		}
		return missed("%s, the last but %s of silence later", counted(len(h.signs), "heartbeat"), seconds(h.rest())).
			expect("one every %s", seconds(h.silence())).show(h.c.endEvidence())
	}
	fewest := len(list[0].signs)
	for i := range list {
		fewest = min(fewest, len(list[i].signs))
	}
	switch {
	case fewest == 0:
		return untested("no heartbeat came (see live.heartbeat.present)")
	case fewest == 1:
		return untested("one heartbeat came while the stream was idle; a longer pace: lifetime in the target file shows more")
	}
	return passed(counted(fewest, "heartbeat"))
}

// keepAlives are what events that keep a stream alive say, as type or data.
var keepAlives = []string{"ping", "heartbeat", "keepalive", "keep-alive", "keep_alive", "hb", "beat"}

// keepsAlive reports whether an event is for nothing but keeping the stream
// alive.
func keepsAlive(e Event) bool {
	data := strings.ToLower(strings.Trim(unwrap(e.Data, "type"), `" `))
	return slices.Contains(keepAlives, strings.ToLower(e.Type)) || slices.Contains(keepAlives, data)
}

func judgeHeartbeatKind(t *Transcript) Verdict {
	list := idleTimes(t)
	if len(list) == 0 {
		return t.unmet("no event stream could be opened")
	}
	signs := 0
	for i := range list {
		h := &list[i]
		var events []Event
		kinds := map[string]int{}
		for _, e := range h.c.events() {
			if e.At > h.from && e.At <= h.to && (t.Facts.OwnTopics || keepsAlive(e)) {
				events = append(events, e)
				kinds[e.Type]++
			}
		}
		signs += len(h.signs)
		for _, e := range events {
			// A single event may greet, or tell of something.
			if kinds[e.Type] > 1 {
				return missed("nothing was published, and there came %s", quotedAll(events)).expect("comments").
					show(h.c.bodyEvidence(e.Offset, e.Offset+40))
			}
		}
	}
	if signs == 0 {
		return untested("no heartbeat came (see live.heartbeat.present)")
	}
	return passed("")
}

func judgeLifetime(t *Transcript) Verdict {
	longest := time.Duration(0)
	for _, c := range t.streams() {
		if c.Name != "stream" {
			continue
		}
		lived := c.Ended - c.Responded
		told := seconds(lived)
		switch {
		case c.End == EndLeft:
			longest = max(longest, lived)
		case !c.End.byPeer():
			return untested("the stream could be read for %s%s", told, because(c))
		case c.End == EndCut || c.End == EndReset:
			return missed("the connection was broken after %s", told).branch(string(c.End)).show(c.endEvidence())
		case len(c.events()) > 0 && !t.Facts.OwnTopics:
			return Verdict{met: isTold, Branch: "finite", Observed: "the target ended the stream after " + told + " and " + counted(len(c.events()), "event")}
		default:
			return missed("the target ended the stream after %s", told).as(Should).branch("ended").show(c.endEvidence())
		}
	}
	if longest == 0 {
		return t.unmet("no event stream could be opened")
	}
	return passed(fmt.Sprintf("open for %s", seconds(longest)))
}

func judgeEndOfLife(t *Transcript) Verdict {
	longest := time.Duration(0)
	for _, c := range t.streams() {
		lived := c.Ended - c.Responded
		if c.End.byPeer() {
			retry := "without a retry"
			if d := c.decode(); d.hasRetry {
				retry = fmt.Sprintf("with a retry of %v", d.retry)
			}
			return missed("the target ended a stream after %s, %s", seconds(lived), retry).show(c.endEvidence())
		}
		longest = max(longest, lived)
	}
	if longest == 0 {
		return t.unmet("no event stream could be opened")
	}
	return told("streams were open for up to %s, and none was ended", seconds(longest))
}

func judgeDeaf(t *Transcript) Verdict {
	old, fresh := t.named("stream"), t.named("fresh")
	list := accepted(t)
	switch {
	case old == nil || !old.isStream():
		return t.unmet("no event stream could be opened")
	case fresh == nil && old.End.byPeer():
		return untested("the target ended the stream after %s (see live.lifetime.idle)", seconds(old.Ended-old.Responded))
	case fresh == nil || len(list) == 0 || arrival(t, fresh, list[0]) == 0:
		return t.unmet("the late event did not arrive on a fresh stream either")
	case arrival(t, old, list[0]) != 0:
		return passed("")
	case old.End.byPeer():
		return untested("the target ended the stream after %s (see live.lifetime.idle)", seconds(old.Ended-old.Responded))
	}
	return missed("an event published after %s of silence arrived on a fresh stream, and not on the old one, which is open", seconds(list[0].Sent-old.Responded)).show(old.endEvidence())
}
