package conformance

import (
	"fmt"
	"strings"
	"time"
)

// owners has for the data of each publication the role of the user whom it is
// for.
func (t *Transcript) owners() map[string]string {
	owners := map[string]string{}
	for _, p := range t.Publications {
		if p.For != "" {
			owners[p.Fields["data"]] = p.For
		}
	}
	return owners
}

// asker is the role by whose token a connection of the isolation exchanges was
// opened: they are named by it.
func (c *Connection) asker() string {
	if c.Name == "b" || strings.HasPrefix(c.Name, "b-") {
		return RoleOther
	}
	return RoleGood
}

// userName names a role's user in what is observed.
func userName(role string) string {
	if role == RoleOther {
		return "B"
	}
	return "A"
}

// astray returns the events that the named streams got and that are for
// another user, and how many of their own they got.
func (t *Transcript) astray(names ...string) (own int, leaks []leak) {
	owners := t.owners()
	for _, name := range names {
		c := t.named(name)
		if c == nil || !c.isStream() {
			continue
		}
		for _, e := range c.events() {
			switch owner := owners[t.payload(e)]; owner {
			case "":
			case c.asker():
				own++
			default:
				leaks = append(leaks, leak{c, e, owner})
			}
		}
	}
	return own, leaks
}

// A leak is an event on a stream of somebody whom it is not for.
type leak struct {
	c     *Connection
	e     Event
	owner string
}

// leaked is the verdict on events that went astray.
func leaked(leaks []leak) Verdict {
	first := leaks[0]
	v := missed("%s for another user, the first: the stream %s of user %s gets %s, which is for %s",
		counted(len(leaks), "event"), first.c.Name, userName(first.c.asker()), quoted(first.e.Data), userName(first.owner))
	for _, l := range leaks[:min(len(leaks), shownOffences)] {
		v = v.show(l.c.around(l.e))
	}
	return v
}

func judgeIsoUser(t *Transcript) Verdict {
	own, leaks := t.astray("a", "b", "b-at-a")
	switch {
	case len(leaks) > 0:
		return leaked(leaks)
	case own == 0:
		return t.unmet("no event reached the user whom it was for")
	}
	return passed(counted(own, "event"))
}

// forbidden returns what was published although it should have been refused; nil,
// with the verdict, if it was refused or nothing can be known.
func (t *Transcript) forbidden() (*Publication, Verdict) {
	published := t.published()
	if len(published) == 0 {
		return nil, t.unmet("nothing was published")
	}
	switch p := published[0]; {
	case p.Accepted:
		return p, Verdict{}
	case p.Status/100 == 4:
		return nil, passed(fmt.Sprintf("refused with %d", p.Status))
	default:
		return nil, unknown(t, p)
	}
}

func judgeIsoUntargeted(t *Transcript) Verdict {
	p, v := t.forbidden()
	if p == nil {
		return v
	}
	for _, c := range t.streams() {
		for _, e := range c.events() {
			if t.payload(e) == p.Fields["data"] {
				return missed("an event for nobody reaches user %s", userName(c.asker())).expect("a refusal, or no event").show(c.around(e))
			}
		}
	}
	if t.Problem != "" {
		return untested("%s", t.Problem)
	}
	return passed("dropped")
}

func judgeIsoTopic(t *Transcript) Verdict {
	topics := map[string]string{}
	for _, p := range t.Publications {
		topics[p.Fields["data"]] = p.Topic
	}
	// A name with an asterisk may be meant as a pattern.
	pattern := func(name string) bool { return strings.Contains(name, "*") }
	own, others, patterns := 0, map[string]bool{}, false
	for _, c := range t.streams() {
		for _, e := range c.events() {
			topic, known := topics[t.payload(e)]
			switch {
			case !known:
			case topic == c.Name:
				own++
				others[c.Name] = true
			case pattern(topic), pattern(c.Name):
				patterns = true
			default:
				return missed("a stream of the topic %s gets an event of %s", quoted(c.Name), quoted(topic)).show(c.around(e))
			}
		}
	}
	switch {
	case own == 0:
		return t.unmet("no event reached the stream of its topic")
	case len(others) < 2:
		return untested("the target takes no topics with similar names")
	case patterns:
		return passed("an asterisk is a pattern")
	}
	return passed(counted(len(others), "topic"))
}

const broadcast = "a stream gets the events of other users without resuming, too (see iso.user)"

func judgeIsoResume(t *Transcript) Verdict {
	if _, live := t.astray("b"); len(live) > 0 {
		return untested(broadcast)
	}
	_, leaks := t.astray("b-foreign", "b-neighbour", "b-unknown", "b-at-a")
	switch {
	case len(leaks) > 0:
		return leaked(leaks)
	case t.named("b-foreign") == nil:
		return t.unmet("no stream was resumed")
	case !t.named("b-foreign").isStream():
		return passed("refused: " + t.named("b-foreign").answer())
	}
	return passed("nothing is replayed")
}

func judgeIsoOracle(t *Transcript) Verdict {
	foreign, strange := t.named("b-foreign"), t.named("b-unknown")
	if _, live := t.astray("b"); len(live) > 0 {
		return untested(broadcast)
	}
	switch {
	case foreign == nil:
		return t.unmet("no stream was resumed")
	case strange == nil:
		return untested("the IDs are numbers: one that nobody sent cannot be told from one that is still to come")
	case foreign.Responded == 0:
		return untested("no response came%s", because(foreign))
	case strange.Responded == 0:
		return untested("no response came%s", because(strange))
	case foreign.Status != strange.Status || foreign.essence() != strange.essence():
		return missed("an ID of another user gets %s, and one that nobody sent gets %s", foreign.answer(), strange.answer()).
			show(foreign.headEvidence(), strange.headEvidence())
	}
	a, b := t.firstAnswer(foreign, strange), t.firstAnswer(strange, foreign)
	if a != b {
		return missed("a stream that resumes by an ID of another user gets %s first, and by one that nobody sent %s", quoted(a), quoted(b)).
			show(foreign.bodyEvidence(0, evidenceBytes), strange.bodyEvidence(0, evidenceBytes))
	}
	return passed(foreign.answer())
}

// firstAnswer is what a stream gets before anything is published that was sent
// when it and the other one stood, with the ID that it sent blanked out.
func (t *Transcript) firstAnswer(c, other *Connection) string {
	sent, owners := map[string]time.Duration{}, t.owners()
	for _, p := range t.Publications {
		sent[p.Fields["data"]] = p.Sent
	}
	var text strings.Builder
	for _, e := range c.events() {
		data := t.payload(e)
		at, ours := sent[data]
		switch {
		case at > max(c.Responded, other.Responded): // live
			continue
		case owners[data] == RoleGood: // for iso.resume
			continue
		case !ours && strings.HasPrefix(data, "ssegauge-"): // of another exchange
			continue
		}
		fmt.Fprintf(&text, "%s: %s\n", e.Type, e.Data)
	}
	if id := requestField(c, "Last-Event-ID"); id != "" {
		return strings.ReplaceAll(text.String(), id, "ID")
	}
	return text.String()
}

func judgeIsoTabs(t *Transcript) Verdict {
	first, second := t.named("first"), t.named("second")
	if first == nil || !first.isStream() || len(first.events()) == 0 {
		return t.unmet("no event stream could be opened")
	}
	list := accepted(t)
	switch {
	case second == nil:
		return t.unmet("no second stream was opened")
	case !second.isStream():
		return missed("a second stream of the same user gets %s", second.answer()).expect("a stream").show(second.headEvidence())
	case first.End.byPeer() && first.Ended > second.Sent:
		return missed("the first stream is ended when the second opens").expect("two streams").show(first.endEvidence())
	case len(list) == 0:
		return t.unmet("nothing was accepted")
	}
	for _, c := range []*Connection{first, second} {
		lost := 0
		for _, p := range list {
			if arrival(t, c, p) == 0 {
				lost++
			}
		}
		if lost > 0 && c.End.byPeer() {
			return untested("the %s stream ended", c.Name)
		}
		if lost > 0 {
			return missed("the %s of two streams did not get %d of %s", c.Name, lost, counted(len(list), "event")).show(c.endEvidence())
		}
	}
	return passed("")
}

func judgeIsoPublish(t *Transcript) Verdict {
	p, v := t.forbidden()
	if p == nil {
		return v
	}
	c := t.named("b")
	if at := arrival(t, c, p); at != 0 {
		return missed("with the token of user A an event was published to user B").expect("a refusal with 403").show(c.endEvidence())
	}
	if t.Problem != "" {
		return untested("%s", t.Problem)
	}
	return passed("accepted and dropped")
}

func judgeIsoMetadata(t *Transcript) Verdict {
	a, b := t.named("a"), t.named("b")
	if a == nil || b == nil || len(a.events()) == 0 || len(b.events()) < 2 {
		return t.unmet("no event reached the user whom it was for")
	}
	foreign := map[string]bool{}
	for _, e := range a.events() {
		foreign[e.ID] = true
	}
	events := b.events()
	for i := 1; i < len(events); i++ {
		// The number that B would have counted next.
		next := idBeside(events[i-1].ID, 1)
		if next != "" && next != events[i].ID && foreign[next] {
			return missed("between the IDs %s and %s of user B is %s of user A: the numbers tell how many events others get",
				quoted(events[i-1].ID), quoted(events[i].ID), quoted(next)).show(b.around(events[i]))
		}
	}
	return passed("")
}

func judgeIsoReuse(t *Transcript) Verdict {
	fresh, anonymous := t.named("fresh"), t.named("anonymous")
	if _, leaks := t.astray("b", "b-at-a"); len(leaks) > 0 {
		return leaked(leaks)
	}
	demanded := fresh != nil && fresh.Responded != 0 && !fresh.isStream()
	switch {
	case demanded && anonymous != nil && anonymous.isStream():
		return missed("a request without a token gets a stream on a connection that another request had shown a token on; on a new connection it gets %s", fresh.answer()).
			show(fresh.headEvidence(), anonymous.headEvidence())
	case demanded && anonymous != nil && anonymous.Responded != 0:
		return passed(anonymous.Protocol)
	case t.named("b") != nil && t.named("b").isStream() && len(t.named("b").events()) > 0:
		return passed(t.named("b").Protocol)
	case demanded && anonymous == nil:
		return untested("the target does not keep a connection for a second request")
	}
	return t.unmet("the target needs no token, and two users are not known")
}
