package conformance

import (
	"slices"
	"strings"
	"time"
)

// A delivery is what became of one short event.
type delivery struct {
	p *Publication
	// at is when it was dispatched, 0 if it never was. behind is how many
	// publishes had begun by then since its own, the first of them at next.
	at, next time.Duration
	behind   int
}

// withNext reports whether an event that is late came with the next one.
func (d delivery) withNext(allowed time.Duration) bool {
	return d.at != 0 && d.behind == 1 && d.at-d.next <= allowed/4
}

// deliveries returns what became of the publications for which ok holds.
func deliveries(t *Transcript, c *Connection, ok func(*Publication) bool) []delivery {
	at := arrivals(t, c)
	var list []delivery
	for i, p := range t.Publications {
		if !p.Accepted || !ok(p) {
			continue
		}
		d := delivery{p: p, at: at[p.Fields["data"]]}
		for _, later := range t.Publications[i+1:] {
			if d.at != 0 && later.Sent >= d.at {
				break
			}
			if d.behind++; d.behind == 1 {
				d.next = later.Sent
			}
		}
		list = append(list, d)
	}
	return list
}

// arrivals is when each payload was dispatched first.
func arrivals(t *Transcript, c *Connection) map[string]time.Duration {
	at := map[string]time.Duration{}
	for _, e := range c.events() {
		if data := t.payload(e); at[data] == 0 {
			at[data] = e.At
		}
	}
	return at
}

// allowance is how long an event may take: a second, and more where the target
// takes its time over every publish, or this process was late.
func allowance(t *Transcript) time.Duration {
	var took []time.Duration
	for _, p := range t.Publications {
		took = append(took, p.Answered-p.Sent)
	}
	return t.allowing(time.Second + 4*quantile(took, 50))
}

// quantile returns the value below which so many percent of the list are, 0 for
// an empty list.
func quantile(list []time.Duration, percent int) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[(len(sorted)-1)*percent/100]
}

// isShort tells the events that are published for their latency from marks and
// from what pushes them out of a buffer.
func isShort(p *Publication) bool { return !p.Mark && !strings.HasPrefix(p.Fields["data"], "xx") }

func judgeLatency(t *Transcript) Verdict {
	c := t.named("stream")
	if c == nil || !c.isStream() {
		return t.unmet("no event stream could be opened")
	}
	if held := pushedOut(t, c); held.met != isMet {
		return held
	}
	allowed, late, behind := allowance(t), 0, 0
	list := deliveries(t, c, isShort)
	var took []time.Duration
	var evidence []Evidence
	for _, d := range list {
		switch {
		case d.at != 0 && d.at-d.p.Sent <= allowed:
			took = append(took, d.at-d.p.Sent)
		case d.withNext(allowed):
			behind++ // live.latency.not-one-behind
		default:
			if late++; late <= shownOffences && d.at != 0 {
				evidence = append(evidence, c.bodyEvidence(offsetAt(c, d.at), offsetAt(c, d.at)))
			}
		}
	}
	switch n := len(list); {
	case n == 0:
		return t.unmet("nothing was published")
	// One late event of many can be a packet that was lost on the way.
	case late > 1 || late == 1 && n < 10:
		return missed("%d of %s took more than %s", late, counted(n, "short event"), seconds(allowed)).show(evidence...)
	case len(took) == 0 && behind > 0:
		return untested("each event came with the one behind it (see live.latency.not-one-behind)")
	}
	return passed("median " + seconds(quantile(took, 50)))
}

// pushedOut judges a stream that got nothing until a buffer was full; it is met
// by others.
func pushedOut(t *Transcript, c *Connection) Verdict {
	var held, pushed int
	var pushing time.Duration
	at := arrivals(t, c)
	for _, p := range t.Publications {
		switch {
		case !p.Accepted:
		case p.Mark:
			held++
		case !isShort(p):
			pushed += len(p.Fields["data"])
			if pushing == 0 {
				pushing = p.Sent
			}
		}
	}
	if pushing == 0 {
		return passed("")
	}
	for _, p := range t.Publications {
		if p.Mark && at[p.Fields["data"]] > pushing {
			return missed("none of %s arrived before %d KiB more had been published", counted(held, "short event"), pushed>>10).
				show(c.bodyEvidence(0, 0))
		}
	}
	return t.unmet("no event arrived")
}

// offsetAt is where the bytes begin that were read at a time.
func offsetAt(c *Connection, at time.Duration) int {
	offset := 0
	for _, chunk := range c.Chunks {
		if chunk.At >= at {
			break
		}
		offset += len(chunk.Data)
	}
	return offset
}

func judgeNotBehind(t *Transcript) Verdict {
	c := t.named("stream")
	if c == nil || !c.isStream() {
		return t.unmet("no event stream could be opened")
	}
	list := deliveries(t, c, isShort)
	if len(list) == 0 {
		return t.unmet("nothing was published")
	}
	allowed := allowance(t)
	for _, d := range list {
		if d.withNext(allowed) && d.at-d.p.Sent > allowed {
			return missed("an event waited %s, until the next one was published", seconds(d.at-d.p.Sent)).expect("at most %s", seconds(allowed)).
				show(c.bodyEvidence(offsetAt(c, d.at), offsetAt(c, d.at)))
		}
	}
	last := list[len(list)-1]
	switch {
	case len(list) <= burstOfFive:
		return untested("no burst was published: single events are too late (see live.latency.small)")
	case last.at == 0 || last.at-last.p.Sent > allowed:
		return untested("the last event of a burst is late or lost, and not by one (see live.latency.small)")
	}
	return passed("")
}

func judgeProxied(t *Transcript) Verdict {
	direct, c := t.named("direct"), t.named("proxied")
	switch {
	case direct == nil || !direct.isStream() || c == nil:
		return t.unmet("no event stream could be opened")
	case c.Responded == 0:
		return missed("no response head came through the proxy%s", because(c))
	case !c.isStream():
		return untested("the answer through the proxy has status %d", c.Status)
	}
	straight, through := arrivals(t, direct), arrivals(t, c)
	var sent, came int
	var late time.Duration
	for _, p := range t.Publications {
		at := straight[p.Fields["data"]]
		if p.Sent < c.Responded || at == 0 {
			continue
		}
		sent++
		if through[p.Fields["data"]] != 0 {
			came++
			late = max(late, through[p.Fields["data"]]-at)
		}
	}
	switch {
	case sent == 0:
		return t.unmet("nothing arrived directly either")
	case came == 0:
		return missed("%s arrived directly, and none through a proxy that buffers", counted(sent, "event")).show(c.headEvidence(), c.endEvidence())
	}
	return passed("at most " + seconds(late) + " later")
}
