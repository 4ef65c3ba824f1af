package conformance

import (
	"slices"
	"strings"
	"unicode"
)

// flooded returns the last stream that came back after very much had been
// published, and what was to be known before it could be judged.
func flooded(t *Transcript) (b comeback, v Verdict, ok bool) {
	control, v, ok := t.back("control")
	switch {
	case !ok:
		return control, v, false
	case control.had(control.after+1, control.until) == 0:
		return control, untested(notHonoured), false
	}
	last := ""
	for _, c := range t.of(t.Exchange).Connections {
		if strings.HasPrefix(c.Name, afterFlood) {
			last = c.Name
		}
	}
	return t.back(last)
}

// fewKept reports whether the target is known to keep fewer events than may be
// on their way in the exchange "resume-race".
func fewKept(t *Transcript) bool {
	b, _, ok := flooded(t.of("resume-window"))
	return ok && !slices.Contains(b.places, b.after+1) && (len(b.places) == 0 || b.until-slices.Min(b.places) < 2*raceAhead)
}

// size is how many bytes of data the events have from a place up to another,
// which is not included.
func (t *Transcript) size(from, to int) int {
	n := 0
	for _, p := range t.of(t.Exchange).story()[from:to] {
		n += len(p.Fields["data"])
	}
	return n
}

func judgeEvicted(t *Transcript) Verdict {
	b, v, ok := flooded(t)
	switch {
	case !ok:
		return v
	case slices.Contains(b.places, b.after+1):
		return untested("%s with %d bytes of data are not too much for the target, and more were not published",
			counted(b.until-b.after-1, "event"), t.size(b.after+1, b.until))
	}
	own := t.of(t.Exchange)
	var others []*Connection
	for _, name := range []string{"control", "fresh"} {
		if c := own.named(name); c != nil {
			others = append(others, c)
		}
	}
	if told := signal(own, b.c, others...); told != "" {
		return passed(told)
	}
	return missed("events that the client has missed are gone, and nothing tells it").show(b.c.begun()...)
}

// judgeWindow tells how much the target keeps.
func judgeWindow(t *Transcript) Verdict {
	b, v, ok := flooded(t)
	switch missed := b.until - b.after - 1; {
	case !ok:
		return v
	case slices.Contains(b.places, b.after+1):
		return told("%s with %d bytes of data are kept, and perhaps more", counted(missed, "event"), t.size(b.after+1, b.until)).branch("all")
	case len(b.places) == 0:
		return told("of %s with %d bytes of data none is replayed", counted(missed, "event"), t.size(b.after+1, b.until)).branch("none")
	}
	oldest := slices.Min(b.places)
	return told("the newest %s with %d bytes of data are kept", counted(b.until-oldest, "event"), t.size(oldest, b.until)).branch("the newest")
}

func judgeRestart(t *Transcript, b *comeback) Verdict {
	own := t.of(t.Exchange)
	missing := b.until - b.after - 1
	if missing > 0 && b.had(b.after+1, b.until) == missing {
		return passed("replayed")
	}
	others := []*Connection{own.named("control")}
	if fresh := own.named("fresh"); fresh != nil {
		others = append(others, fresh)
	}
	if told := signal(own, b.c, others...); told != "" {
		return passed("told by " + told)
	}
	return missed("of %s published before the restart, %d came, and nothing tells of the others", counted(missing, "event"), b.had(b.after+1, b.until)).show(b.c.begun()...)
}

// signal says how a stream tells its client that events are gone, "" if it does
// not: by something that neither a stream without an ID nor one that resumed
// without a loss has.
func signal(t *Transcript, c *Connection, others ...*Connection) string {
	known := map[string]bool{}
	for _, o := range others {
		for _, s := range remarks(t, o) {
			known[s] = true
		}
	}
	for _, s := range remarks(t, c) {
		if !known[s] {
			return s
		}
	}
	return ""
}

// remarks are what a stream says beside the events of the exchange: fields of
// the head, comments, and types of other events. What differs from one time to
// the next is left out of them.
func remarks(t *Transcript, c *Connection) []string {
	if !c.isStream() {
		return []string{c.answer()}
	}
	published := map[string]bool{}
	for _, p := range t.Publications {
		published[firstLine(p.Fields["data"])] = true
	}
	var list []string
	for _, f := range c.Fields {
		remark := "the header field " + f.Name
		if c.After != "" && f.Value == c.After {
			remark += " with the ID that was sent"
		}
		list = append(list, remark)
	}
	for _, l := range c.lines() {
		text := strings.TrimSpace(strings.TrimPrefix(string(l.Text), ":"))
		if l.comment() && text != "" {
			list = append(list, "a comment: "+strings.Map(func(r rune) rune {
				if unicode.IsDigit(r) {
					return '#'
				}
				return r
			}, text))
		}
	}
	for _, e := range c.events() {
		if !published[firstLine(t.payload(e))] {
			list = append(list, "an event of the type "+quoted(e.Type))
		}
	}
	return list
}
