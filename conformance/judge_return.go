package conformance

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// judgeUnknown judges what comes of IDs that the target does not know, or knows
// no longer.
func judgeUnknown(t *Transcript) Verdict {
	var branch string
	looked := 0
	for _, c := range t.Connections {
		unknown, gone := strings.HasPrefix(c.Name, "unknown"), strings.HasPrefix(c.Name, afterFlood)
		if !unknown && !gone || c.Responded == 0 || c.crowded() {
			continue
		}
		looked++
		what := "an ID that it does not know"
		if gone {
			what = "the ID of an event from long ago"
		}
		switch {
		case !c.isStream():
			return missed("%s is answered with %s", what, c.answer()).expect("a stream").show(c.headEvidence())
		case unknown && t.endedAlone(c):
			return missed("for %s the stream ends after %s, and the client comes back with the same", what, seconds(c.Ended-c.Responded)).show(c.endEvidence())
		}
		if b, _, ok := t.back(c.Name); ok && unknown {
			branch = beginning(&b)
		}
	}
	if looked == 0 {
		return t.unmet("no response came")
	}
	return passed(branch)
}

// endedAlone reports whether the target ended the stream and not the one that
// stayed all the time.
func (t *Transcript) endedAlone(c *Connection) bool {
	witness := t.of(t.Exchange).named(witnessing)
	return c.End.byPeer() && (witness == nil || !witness.End.byPeer())
}

func judgeMalformed(t *Transcript) Verdict {
	elsewhere := map[string]bool{}
	for _, p := range accepted(t) {
		if p.Topic != t.Publications[0].Topic {
			elsewhere[p.Fields["data"]] = true
		}
	}
	looked, refused := 0, 0
	for _, c := range t.of(t.Exchange).Connections {
		if !strings.HasPrefix(c.Name, "malformed") || c.crowded() || c.Dialed == 0 {
			continue
		}
		looked++
		sent := quoted(c.After)
		foreign := slices.IndexFunc(c.events(), func(e Event) bool { return elsewhere[t.payload(e)] })
		switch {
		case c.Responded == 0 && c.End != EndLeft:
			return missed("the ID %s is not answered%s", sent, because(c))
		case c.Status/100 == 5:
			return missed("the ID %s is answered with status %d", sent, c.Status).show(c.headEvidence())
		case c.isStream() && t.endedAlone(c):
			return missed("for the ID %s the stream ends after %s, and the client comes back with the same", sent, seconds(c.Ended-c.Responded)).show(c.headEvidence(), c.endEvidence())
		case foreign >= 0:
			return missed("the ID %s opens another topic", sent).show(c.around(c.events()[foreign]))
		case c.Status/100 == 4:
			refused++
		}
	}
	switch {
	case looked == 0:
		return t.unmet("no response came")
	case refused > 0:
		return passed(fmt.Sprintf("%d of %d refused", refused, looked))
	}
	return passed("")
}

// queryIDsTaken returns the query parameters by which the target takes an ID, and how
// many were tried.
func queryIDsTaken(t *Transcript) (names []string, tried int) {
	for _, name := range queryIDNames {
		b, _, ok := t.back(name)
		if !ok {
			continue
		}
		tried++
		if b.had(b.after+1, b.until) > 0 && b.had(0, b.after) == 0 {
			names = append(names, name)
		}
	}
	return names, tried
}

func judgeQueryID(t *Transcript) Verdict {
	names, tried := queryIDsTaken(t)
	switch {
	case tried == 0:
		return t.unmet("no response came")
	case len(names) == 0:
		c := t.of(t.Exchange).named(queryIDNames[0])
		return missed("none of %s is taken for the last event ID", strings.Join(queryIDNames, ", ")).show(c.begun()...)
	}
	return passed(strings.Join(names, ", "))
}

func judgeHeaderWins(t *Transcript, b *comeback) Verdict {
	if names, _ := queryIDsTaken(t); len(names) == 0 {
		return untested("no query parameter is taken for the last event ID (see resume.query-param)")
	}
	switch again := b.again(b.after); {
	case len(again) > 0:
		return missed("the stream begins behind the event that the query names, not behind that of the header").show(b.c.around(again[0]))
	case b.had(b.after+1, b.until) == 0:
		return untested("with both of them nothing is replayed")
	}
	return passed("")
}

func judgeHeaderUTF8(t *Transcript) Verdict {
	for _, p := range t.of(t.Exchange).Publications {
		if !p.Accepted && p.Status/100 == 4 && p.Fields["id"] != "" && !isASCII(p.Fields["id"]) {
			return passed(fmt.Sprintf("the publish is refused with %d", p.Status))
		}
	}
	plain, v, ok := t.back("by-ascii")
	if !ok {
		return v
	}
	b, v, ok := t.back("by-utf8")
	switch {
	case !ok:
		return v
	case plain.after < 0 || b.after < 0:
		return untested("the events do not have the IDs that were published")
	case plain.had(plain.after+1, plain.until) == 0:
		return untested("IDs that publishers give are not honoured")
	case !b.c.isStream():
		return missed("it is answered with %s", b.c.answer()).show(b.c.headEvidence())
	case len(b.again(b.after)) > 0:
		return missed("%s came again", counted(len(b.again(b.after)), "earlier event")).show(b.c.begun()...)
	case b.had(b.after+1, b.until) == 0:
		return missed("of %s published since the ID, none came", counted(b.until-b.after-1, "event")).show(b.c.begun()...)
	}
	return passed("")
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

func judgePartial(t *Transcript, b *comeback) Verdict {
	story := t.of(t.Exchange).story()
	cut := t.of(t.Exchange).named("cut")
	if cut == nil || b.after < 0 || b.after+1 >= len(story) {
		return t.unmet("the event was not published")
	}
	next := story[b.after+1].Fields["data"]
	live, _, ok := t.back(witnessing)
	at := slices.Index(live.places, b.after+1)
	switch {
	case !cut.brokeOff(firstLine(next)):
		return untested("the stream could not be left in the middle of the event")
	case !ok || at < 0:
		return t.unmet("the event did not come to the stream that stayed")
	}
	whole := t.payload(live.events[at]) // which may lack lines for all (see data.multiline.lf)
	at = slices.Index(b.places, b.after+1)
	switch {
	case at < 0:
		return missed("the event that was cut off did not come again").show(cut.endEvidence()).show(b.c.begun()...)
	case t.payload(b.events[at]) != whole:
		return missed("the event that was cut off came with %d of %d bytes", len(t.payload(b.events[at])), len(whole)).show(b.c.around(b.events[at]))
	}
	return passed("")
}

func judgeAbortKinds(t *Transcript) Verdict {
	complete := map[string]bool{}
	var shown []Evidence
	for _, name := range []string{"after-close", "after-abort"} {
		b, v, ok := t.back(name)
		if !ok {
			return v
		}
		complete[name] = b.c.isStream() && b.had(b.after+1, b.until) == b.until-b.after-1
		if !complete[name] {
			shown = append(shown, b.c.begun()...)
		}
	}
	switch {
	case complete["after-close"] && complete["after-abort"]:
		return passed("")
	case complete["after-close"]:
		return missed("after a stream was closed its client gets what it missed, and after it was aborted not").show(shown...)
	case complete["after-abort"]:
		return missed("after a stream was aborted its client gets what it missed, and after it was closed not").show(shown...)
	}
	return untested(notHonoured)
}

func judgeChained(t *Transcript) Verdict {
	own := t.of(t.Exchange)
	for i := range chainRounds {
		c := own.named(fmt.Sprint(roundName, i+1))
		if c != nil && c.Responded != 0 && !c.isStream() && !c.crowded() {
			return missed("reconnection %d is answered with %s", i+1, c.answer()).show(c.headEvidence())
		}
	}
	b, v, ok := t.back("final")
	if !ok {
		return v
	}
	from := 0
	for _, p := range own.story() {
		if p.Sent < own.named(roundName+"1").Sent {
			from++
		}
	}
	switch had := b.had(from, b.until); {
	case b.c.After == "":
		return missed("a stream without an event takes the last event ID from its client").show(own.named(roundName + "1").begun()...)
	case had < b.until-from:
		return missed("after %s, %d of %d events came that were published then", counted(chainRounds, "reconnection"), had, b.until-from).show(b.c.begun()...)
	}
	return passed("")
}

func judgeCursors(t *Transcript) Verdict {
	wrong := map[string]string{}
	var shown []Evidence
	empty := 0
	for _, name := range []string{"early", "late"} {
		b, v, ok := t.back(name)
		switch {
		case !ok:
			return v
		case !b.c.isStream():
			return untested("the answer has %s", b.c.answer())
		case len(b.places) == 0:
			empty++
		}
		switch lost, again := b.until-b.after-1-b.had(b.after+1, b.until), len(b.again(b.after)); {
		case lost > 0:
			wrong[name] = fmt.Sprintf("the stream from the %s ID lacks %s", name, counted(lost, "event"))
		case again > 0:
			wrong[name] = fmt.Sprintf("the stream from the %s ID repeats %s", name, counted(again, "event"))
		default:
			continue
		}
		shown = append(shown, b.c.begun()...)
	}
	switch {
	case empty == 2:
		return untested(notHonoured)
	case wrong["early"] != "":
		return missed("%s", wrong["early"]).show(shown...)
	case wrong["late"] != "":
		return missed("%s", wrong["late"]).show(shown...)
	}
	return passed("")
}

func judgeStealing(t *Transcript) Verdict {
	var had [2]int
	all := len(t.of(t.Exchange).story())
	for i, name := range []string{"a", "b"} {
		b, v, ok := t.back(name)
		switch {
		case !ok:
			return v
		case !b.c.isStream():
			return untested("the answer has %s", b.c.answer())
		case b.c.End.byPeer():
			return untested("the target ended a stream")
		}
		had[i] = b.had(0, all)
	}
	if all == 0 || had[0]+had[1] == 0 {
		return t.unmet("no event came")
	}
	if had[0] < all || had[1] < all {
		return missed("of %s, %d came to one stream and %d to the other", counted(all, "event"), had[0], had[1]).
			show(t.of(t.Exchange).named("a").endEvidence(), t.of(t.Exchange).named("b").endEvidence())
	}
	return passed("")
}

// judgeRace counts what a client got in all over many reconnections.
func judgeRace(t *Transcript) Verdict {
	own := t.of(t.Exchange)
	story, place := own.story(), own.places()
	had := make([]int, len(story))
	rounds, lost, again := -1, 0, 0
	var shown []Evidence
	next := 0
	for _, c := range own.streams() {
		if !strings.HasPrefix(c.Name, roundName) {
			continue
		}
		rounds++
		for _, e := range c.events() {
			at, known := place[firstLine(t.payload(e))]
			if !known {
				continue
			}
			if had[at]++; had[at] > 1 {
				if again++; again <= shownOffences {
					shown = append(shown, c.around(e))
				}
			} else if at > next && len(shown) < shownOffences {
				shown = append(shown, c.around(e)) // what came in place of the next
			}
			next = max(next, at+1)
		}
	}
	if t.Problem == "" {
		next = len(had)
	}
	for _, n := range had[:next] {
		if n == 0 {
			lost++
		}
	}
	what := fmt.Sprintf("%s and %s", counted(rounds, "reconnection"), counted(len(story), "event"))
	switch {
	case rounds < 1:
		return t.unmet("there was no reconnection")
	case again > 0:
		return missed("over %s, %d came twice and %d never", what, again, lost).show(shown...)
	case lost > 0 && fewKept(t):
		return untested("%d of %s did not come, but the target keeps too few for this (see resume.window)", lost, counted(len(story), "event"))
	case lost > 0:
		return missed("over %s, %d never came", what, lost).show(shown...)
	case t.Problem != "":
		return untested("%s", t.Problem)
	}
	return passed(what)
}

// brokeOff reports whether the stream ended in the middle of the event whose
// data begins with the line.
func (c *Connection) brokeOff(line string) bool {
	dispatched := slices.ContainsFunc(c.events(), func(e Event) bool { return strings.Contains(firstLine(e.Data), line) })
	return bytes.Contains(c.bytes(), []byte(line)) && !dispatched
}
