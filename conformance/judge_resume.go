package conformance

import (
	"fmt"
	"slices"
)

// A comeback is what a client got that came back to a topic. Events are known by
// their places among those that the exchange published, which count from 0.
type comeback struct {
	c      *Connection
	after  int     // place of the event whose ID the client had, -1 if of none
	until  int     // place of the first event that was published after it came back
	places []int   // of what it got, in the order of arrival
	events []Event // the same
}

// back returns what the connection of the name got. Without an answer to judge
// it returns the verdict instead.
func (t *Transcript) back(name string) (b comeback, v Verdict, ok bool) {
	own := t.of(t.Exchange)
	switch b.c = own.named(name); {
	case b.c == nil:
		return b, t.unmet("the exchange did not get that far"), false
	case b.c.Responded == 0:
		return b, untested("no response came%s", because(b.c)), false
	case b.c.crowded():
		return b, untested("the answer has status %d: there may be too many streams at a time", b.c.Status), false
	}
	place := own.places()
	b.after = -1
	for _, c := range own.Connections {
		for _, e := range c.events() {
			if at, known := place[firstLine(t.payload(e))]; known && e.ID == b.c.After && e.ID != "" {
				b.after = at
			}
		}
	}
	for _, e := range b.c.events() {
		if at, known := place[firstLine(t.payload(e))]; known {
			b.places, b.events = append(b.places, at), append(b.events, e)
		}
	}
	for _, p := range own.story() {
		if p.Sent < b.c.Sent {
			b.until++
		}
	}
	return b, v, true
}

// of is the part of the transcript that is of one exchange.
func (t *Transcript) of(exchange string) *Transcript {
	part := *t
	part.Exchange, part.Connections, part.Publications = exchange, nil, nil
	for _, c := range t.Connections {
		if c.Exchange == exchange {
			part.Connections = append(part.Connections, c)
		}
	}
	for _, p := range t.Publications {
		if p.Exchange == exchange {
			part.Publications = append(part.Publications, p)
		}
	}
	return &part
}

// story is what was accepted for the exchange's own topic, without the marks.
func (t *Transcript) story() []*Publication {
	return slices.DeleteFunc(accepted(t), func(p *Publication) bool { return p.Topic != t.Publications[0].Topic })
}

// places are the first lines of the data of the story, each with its place.
func (t *Transcript) places() map[string]int {
	places := map[string]int{}
	for i, p := range t.story() {
		places[firstLine(p.Fields["data"])] = i
	}
	return places
}

// crowded reports whether the answer says that there is no room.
func (c *Connection) crowded() bool { return c.Status == 429 || c.Status == 503 }

// answer describes an answer that is no stream.
func (c *Connection) answer() string {
	if c.Status == 200 {
		return "status 200 and " + quoted(c.essence())
	}
	return fmt.Sprintf("status %d", c.Status)
}

// had returns how many different events the client got from the places from up
// to to, which is not included.
func (b *comeback) had(from, to int) int {
	n := 0
	for i := from; i < to; i++ {
		if slices.Contains(b.places, i) {
			n++
		}
	}
	return n
}

// replayed is how many events it got that had been published before.
func (b *comeback) replayed() int { return b.had(0, b.until) }

// again returns the events that it got from a place before the given one.
func (b *comeback) again(before int) []Event {
	var list []Event
	for i, place := range b.places {
		if place < before {
			list = append(list, b.events[i])
		}
	}
	return list
}

// begun shows what an answer begins with.
func (c *Connection) begun() []Evidence {
	if len(c.bytes()) == 0 {
		return []Evidence{c.headEvidence()}
	}
	return []Evidence{c.headEvidence(), c.bodyEvidence(0, evidenceBytes)}
}

// around shows an event.
func (c *Connection) around(e Event) Evidence { return c.bodyEvidence(e.Offset, e.Offset+120) }

const notHonoured = "the last event ID is not honoured (see resume.honoured)"

// resuming judges where a last event ID is honoured at all.
func resuming(judge func(*Transcript) Verdict) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		if plain := t.of("resume"); len(plain.Connections) > 0 && judgeHonoured(plain).met == isMissed {
			return untested(notHonoured)
		}
		return judge(t)
	}
}

// returning is resuming for the named connection of the exchange, where it
// carried a stream.
func returning(name string, judge func(*Transcript, *comeback) Verdict) func(*Transcript) Verdict {
	return resuming(func(t *Transcript) Verdict {
		b, v, ok := t.back(name)
		switch {
		case !ok:
			return v
		case !b.c.isStream():
			return untested("the answer has %s", b.c.answer())
		}
		return judge(t, &b)
	})
}

func judgeHonoured(t *Transcript) Verdict {
	b, v, ok := t.back("resumed")
	switch {
	case !ok:
		return v
	case !b.c.isStream():
		return missed("a stream that follows an event of the target's own is answered with %s", b.c.answer()).show(b.c.headEvidence())
	case b.until-b.after < 2:
		return t.unmet("nothing was published meanwhile")
	case b.had(b.after+1, b.until) == 0:
		return missed("of %s published meanwhile, none came", counted(b.until-b.after-1, "event")).show(b.c.begun()...)
	}
	if fresh, _, ok := t.back("fresh-1"); ok && b.after > 0 && slices.Contains(b.places, 0) && slices.Contains(fresh.places, 0) {
		return missed("a stream begins with the first event whether or not it sends an ID").show(b.c.begun()...)
	}
	return passed("")
}

func judgeExclusive(_ *Transcript, b *comeback) Verdict {
	again := b.again(b.after + 1)
	for i, place := range b.places {
		if place > b.after && slices.Contains(b.places[:i], place) {
			again = append(again, b.events[i])
		}
	}
	if len(again) > 0 {
		return missed("what the client had came again: %s", quotedAll(again)).show(b.c.around(again[0]))
	}
	return passed("")
}

func judgeNoGap(t *Transcript, b *comeback) Verdict {
	story := t.of(t.Exchange).story()
	if b.had(b.after+1, b.until) == 0 {
		return untested(notHonoured)
	}
	end := len(story)
	if b.c.End.byPeer() || t.Problem != "" {
		end = slices.Max(b.places) + 1 // what follows is for another stream
	}
	for i := b.after + 1; i < end; i++ {
		if !slices.Contains(b.places, i) {
			return missed("of %s published since the ID, %d did not come, the first: %s", counted(end-b.after-1, "event"),
				end-b.after-1-b.had(b.after+1, end), quoted(story[i].Fields["data"])).show(b.c.bodyEvidence(0, evidenceBytes))
		}
	}
	return passed("")
}

func judgeReplayOrder(_ *Transcript, b *comeback) Verdict {
	highest := -1
	for i, place := range b.places {
		if place < highest && !slices.Contains(b.places[:i], place) {
			return missed("%s came after an event that was published later", quoted(b.events[i].Data)).
				show(b.c.bodyEvidence(b.events[i-1].Offset, b.events[i].Offset+80))
		}
		highest = max(highest, place)
	}
	if len(b.places) < 2 {
		return untested("fewer than two events came")
	}
	return passed("")
}

func judgeFidelity(t *Transcript, b *comeback) Verdict {
	live, v, ok := t.back(witnessing)
	if !ok {
		return v
	}
	compared := 0
	for i, place := range b.places {
		at := slices.Index(live.places, place)
		if place <= b.after || place >= b.until || at < 0 {
			continue
		}
		compared++
		was, is := live.events[at], b.events[i]
		if t.payload(was) != t.payload(is) || was.Type != is.Type || was.ID != is.ID {
			return missed("an event has the ID %s, the type %s and the data %s", quoted(is.ID), quoted(is.Type), quoted(t.payload(is))).
				expect("as it was live: %s, %s and %s", quoted(was.ID), quoted(was.Type), quoted(t.payload(was))).show(b.c.around(is), live.c.around(was))
		}
	}
	if compared == 0 {
		return untested(notHonoured)
	}
	return passed("")
}

func judgeReplayFilter(t *Transcript, b *comeback) Verdict {
	elsewhere := map[string]bool{}
	for _, p := range accepted(t) {
		if p.Topic != t.Publications[0].Topic {
			elsewhere[p.Fields["data"]] = true
		}
	}
	foreign := func(c *Connection) []Event {
		return slices.DeleteFunc(slices.Clone(c.events()), func(e Event) bool { return !elsewhere[t.payload(e)] })
	}
	live, v, ok := t.back(witnessing)
	switch {
	case !ok:
		return v
	case len(elsewhere) == 0:
		return t.unmet("nothing could be published to another topic")
	case len(foreign(live.c)) > 0:
		return untested("a live stream gets the events of other topics, too (see iso.topic)")
	}
	if got := foreign(b.c); len(got) > 0 {
		return missed("an event of another topic came: %s", quotedAll(got)).show(b.c.around(got[0]))
	}
	return passed("")
}

func judgeAtHead(t *Transcript, b *comeback) Verdict {
	switch again := b.again(b.after); {
	case len(again) > 0:
		return missed("%s came again", counted(len(again), "earlier event")).expect("nothing until something is published").show(b.c.around(again[0]))
	case b.had(b.until, len(t.of(t.Exchange).story())) == 0 && t.Problem == "":
		return missed("what was published afterwards did not come%s", ofItself(b.c)).show(b.c.endEvidence())
	case slices.Contains(b.places, b.after):
		return passed("begins with the event itself (see resume.exclusive)")
	}
	return passed("")
}

func judgeFuture(t *Transcript) Verdict {
	if t.of(t.Exchange).named("future") == nil && t.Problem == "" {
		return untested("the IDs do not count, so none is known to be of the future")
	}
	return returning("future", func(t *Transcript, b *comeback) Verdict {
		switch {
		case b.had(b.until, len(t.of(t.Exchange).story())) > 0:
			return passed(beginning(b))
		case t.Problem != "":
			return t.unmet("")
		}
		return missed("with the ID %s nothing came of what was published afterwards%s", quoted(b.c.After), ofItself(b.c)).show(b.c.begun()...)
	})(t)
}

// ofItself tells behind a sentence that the target ended the stream.
func ofItself(c *Connection) string {
	if c.End.byPeer() {
		return ": the stream ended"
	}
	return ""
}

// beginning describes what a stream begins with.
func beginning(b *comeback) string {
	if n := b.replayed(); n > 0 {
		return fmt.Sprintf("replays %d of %s", n, counted(b.until, "event"))
	}
	return "live events only"
}

// judgeFirst judges streams that send no ID: whether they begin alike.
func judgeFirst(t *Transcript) Verdict {
	a, v, ok := t.back("fresh-1")
	if !ok {
		return v
	}
	b, v, ok := t.back("fresh-2")
	switch {
	case !ok:
		return v
	case !a.c.isStream() || !b.c.isStream():
		return untested("a stream could not be opened")
	case a.replayed() != b.replayed():
		return missed("one stream without an ID %s, and the next %s", beginning(&a), beginning(&b)).show(a.c.begun()...).show(b.c.begun()...)
	}
	return passed(beginning(&b))
}

func judgeEmptyID(t *Transcript) Verdict {
	v := judgeFirst(t)
	if v.met == isUntested {
		return v
	}
	if v.met != isMet {
		return untested("streams without an ID do not begin alike (see resume.first-connect)")
	}
	b, problem, ok := t.back("empty")
	if !ok {
		return problem
	}
	fresh, _, _ := t.back("fresh-2")
	switch {
	case !b.c.isStream():
		return missed("an empty Last-Event-ID is answered with %s", b.c.answer()).show(b.c.headEvidence())
	case b.replayed() != fresh.replayed():
		return missed("with an empty Last-Event-ID a stream begins otherwise: %s", beginning(&b)).expect("as without one: %s", beginning(&fresh)).show(b.c.begun()...)
	}
	return passed("")
}

func judgeLowerCase(t *Transcript) Verdict {
	b, v, ok := t.back("lower-case")
	switch {
	case !ok:
		return v
	case b.c.Protocol == "HTTP/2.0":
		return passed("HTTP/2 has lower case alone")
	case !b.c.isStream():
		return missed("it is answered with %s", b.c.answer()).show(b.c.headEvidence())
	case b.had(b.after+1, b.until) == 0:
		return missed("of %s published since the ID, none came", counted(b.until-b.after-1, "event")).show(b.c.begun()...)
	}
	return passed("")
}
