package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func judgeIDsPresent(t *Transcript) Verdict {
	published := map[string]bool{}
	for _, p := range t.Publications {
		if _, own := p.Fields["id"]; p.Accepted && !own {
			published[p.Fields["data"]] = true
		}
	}
	with, without := 0, 0
	var evidence []Evidence
	for _, c := range t.heard() {
		for e, b := range c.dispatched {
			switch {
			case !published[t.payload(e)]: // of somebody else, or of the server
			case b.has("id"):
				with++
			default:
				if without++; without <= shownOffences {
					evidence = append(evidence, c.bodyEvidence(e.Offset, b.Blank.Offset))
				}
			}
		}
	}
	switch {
	case with == 0 && without == 0:
		return t.unmet("no published event arrived")
	case with == 0 && profiled(t, "mercure"):
		return missed("no event has an ID").as(Must).show(evidence...)
	case with == 0:
		return told("no event has an ID, so no stream can be resumed").branch("none")
	case without > 0 && profiled(t, "mercure"):
		return missed("%d of %s have no ID", without, counted(with+without, "event")).as(Must).show(evidence...)
	case without > 0:
		return missed("%d of %s have no ID", without, counted(with+without, "event")).show(evidence...)
	}
	return passed("")
}

func judgeIDsUnique(t *Transcript) Verdict {
	return everywhere("repeated ID", func(_ *Transcript, c *Connection, report func(string, Evidence)) {
		seen := map[string]Event{}
		for e, b := range c.dispatched {
			id, line, _ := b.lastID()
			// What absent values become is for stream.sentinel-literals.
			if id == "" || slices.Contains(sentinels, id) {
				continue
			}
			first, there := seen[id]
			switch {
			case !there:
				seen[id] = e
			// The same event once more is for data.exactly-once-live.
			case first.Data != e.Data || first.Type != e.Type:
				report(fmt.Sprintf("%s of %s and of %s", quoted(id), quoted(first.Data), quoted(e.Data)), line.evidence(c))
			}
		}
	})(t)
}

// idsByData are the IDs of a stream's events by their data.
func (t *Transcript) idsByData(c *Connection) map[string]string {
	ids := map[string]string{}
	for e, b := range c.dispatched {
		if id, _, _ := b.lastID(); id != "" {
			ids[t.payload(e)] = id
		}
	}
	return ids
}

func judgeIDsAgree(t *Transcript) Verdict {
	a, b := t.named("a"), t.named("b")
	if a == nil || b == nil || !a.isStream() || !b.isStream() {
		return t.unmet("two event streams could not be opened")
	}
	ids, compared := t.idsByData(a), 0
	for e, block := range b.dispatched {
		id, line, _ := block.lastID()
		other, there := ids[t.payload(e)]
		if id == "" || !there {
			continue
		}
		compared++
		if id != other {
			return missed("the event %s has the ID %s on one stream and %s on another", quoted(t.payload(e)), quoted(other), quoted(id)).show(line.evidence(b))
		}
	}
	switch {
	case compared > 0:
		return passed("")
	case len(a.events()) > 0:
		return untested(noIDs)
	}
	return t.unmet("no event reached both streams")
}

// number returns what stands in front of the digits at an ID's end, and the
// number that they are.
func number(id string) (prefix string, n uint64, ok bool) {
	prefix = strings.TrimRight(id, "0123456789")
	n, err := strconv.ParseUint(id[len(prefix):], 10, 64)
	return prefix, n, err == nil
}

func judgeIDsRise(t *Transcript) Verdict {
	for _, c := range t.heard() {
		var before string
		var last uint64
		compared := false
		for _, b := range c.dispatched {
			id, line, _ := b.lastID()
			if id == "" {
				continue
			}
			prefix, n, ok := number(id)
			switch {
			case !ok, compared && prefix != before:
				return told("the IDs are no numbers").branch("opaque").show(line.evidence(c))
			case compared && n <= last:
				return missed("%d after %d", n, last).branch("not rising").show(line.evidence(c))
			}
			before, last, compared = prefix, n, true
		}
	}
	return passed("rising")
}

func judgeEpoch(t *Transcript) Verdict {
	before, after := t.named("before"), t.named("after")
	if before == nil || after == nil || len(after.events()) == 0 {
		return t.unmet("no event arrived after the restart")
	}
	owners := map[string]string{}
	for data, id := range t.idsByData(before) {
		owners[id] = data
	}
	if len(owners) == 0 {
		return untested(noIDs)
	}
	for e, b := range after.dispatched {
		id, line, _ := b.lastID()
		if data, taken := owners[id]; taken && data != t.payload(e) {
			return missed("the ID %s is that of %s before the restart, and of %s after it", quoted(id), quoted(data), quoted(t.payload(e))).show(line.evidence(after))
		}
	}
	old, fresh := before.counter(), after.counter()
	if old != nil && fresh != nil && old.prefix == fresh.prefix && fresh.last < old.first {
		return missed("IDs count from %s up to %s before the restart, and again from %s after it, so they are given twice", quoted(old.id(old.first)), quoted(old.id(old.last)), quoted(fresh.id(fresh.first))).
			show(after.bodyEvidence(after.events()[0].Offset, after.events()[0].Offset+evidenceMargin))
	}
	return passed("")
}

// A counterRun is IDs that come from a counter.
type counterRun struct {
	prefix      string
	first, last uint64
}

func (r *counterRun) id(n uint64) string { return r.prefix + strconv.FormatUint(n, 10) }

// counter returns the run that a stream's IDs are; nil if they are fewer than
// three, or not rising numbers near each other.
func (c *Connection) counter() *counterRun {
	var r *counterRun
	count := 0
	for _, b := range c.dispatched {
		id, _, _ := b.lastID()
		if id == "" {
			continue
		}
		prefix, n, ok := number(id)
		switch {
		case !ok:
			return nil
		case r == nil:
			r = &counterRun{prefix, n, n}
		case prefix != r.prefix, n <= r.last, n-r.last > mostStep:
			return nil
		}
		r.last = n
		count++
	}
	if count < 3 {
		return nil
	}
	return r
}

// mostStep is how far apart two IDs may be that are taken for values of a
// counter.
const mostStep = 100_000

func judgeIDsOpaque(t *Transcript) Verdict {
	c := t.named("a")
	if c == nil || !c.isStream() {
		return t.unmet("no event stream could be opened")
	}
	ids := t.idsByData(c)
	var own []string
	strangers := 0
	for _, p := range accepted(t) {
		if id := ids[p.Fields["data"]]; id != "" {
			own = append(own, id)
		} else {
			strangers++
		}
	}
	switch {
	case len(ids) == 0 && len(c.events()) > 0:
		return untested(noIDs)
	case len(own) < 2:
		return t.unmet("fewer than two events arrived")
	case strangers == 0:
		return untested("no publish to another topic was accepted")
	}
	firstPrefix, first, ok := number(own[0])
	lastPrefix, last, ok2 := number(own[len(own)-1])
	switch steps := uint64(len(own) - 1); {
	case !ok, !ok2, firstPrefix != lastPrefix:
		return passed("no counter")
	case last-first == steps:
		return passed("a counter of the topic")
	// Other exchanges may publish at the same time.
	case last > first && last-first >= steps*(1+strangersPerEvent) && last-first < steps*mostStep:
		return missed("%s after %s: events of other topics are counted, too", quoted(own[len(own)-1]), quoted(own[0])).branch("a counter of all topics")
	}
	return passed("no plain counter")
}
