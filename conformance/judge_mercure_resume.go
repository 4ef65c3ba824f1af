package conformance

import (
	"cmp"
	"slices"
	"strings"
)

// cursorFields are the response field by which a hub tells where a stream
// begins, and its name in earlier drafts.
var cursorFields = []string{"Mercure-Last-Event-ID", "Last-Event-ID"}

// resumedAs are the connections that resume a stream of the hub.
var resumedAs = []string{"field", "query", "both", "unknown", "earliest", "shared"}

func judgeMercureCursor(t *Transcript) Verdict {
	live := t.named("live")
	seen := 0
	var older *Connection
	for _, name := range resumedAs {
		c := t.named(name)
		if c == nil || !c.isStream() {
			continue
		}
		seen++
		value := c.value(cursorFields[0])
		if value == "" {
			if value = c.value(cursorFields[1]); value == "" {
				return missed("the answer to a stream resumed by %s has no %s", name, cursorFields[0]).show(c.headEvidence())
			}
			older = cmp.Or(older, c)
		}
		if want, known := t.preceding(live, c); value != want && known && !(value == "earliest" && (name == "unknown" || name == "earliest")) {
			return missed("it is %s, and the first event of the stream follows %s", quoted(value), quoted(want)).show(c.headEvidence(), c.bodyEvidence(0, 120))
		}
	}
	switch {
	case seen == 0:
		return t.unmet("no stream could be resumed")
	case older != nil:
		return missed("it is called %s, as in earlier drafts", cursorFields[1]).as(Should).expect("%s", cursorFields[0]).show(older.headEvidence())
	}
	return passed("")
}

// preceding is the ID of the event before the first one of a resumed stream,
// which the live stream has told; it is not known where that begins too late.
func (t *Transcript) preceding(live, resumed *Connection) (id string, known bool) {
	events := resumed.events()
	if live == nil || len(events) == 0 {
		return "", false
	}
	all := live.events()
	at := slices.IndexFunc(all, func(e Event) bool { return t.payload(e) == t.payload(events[0]) })
	if at < 1 {
		return "", false
	}
	return all[at-1].ID, true
}

// letters are the updates of the exchange mercure-resume that a stream has, in
// their order.
func letters(t *Transcript, c *Connection) string {
	var list []string
	for _, e := range c.events() {
		if letter, ok := strings.CutPrefix(t.payload(e), "ssegauge-"); ok && len(letter) == 1 {
			list = append(list, letter)
		}
	}
	return strings.Join(list, " ")
}

// resumedWith judges a resumed stream by the updates that it brings.
func resumedWith(t *Transcript, name, want, otherwise string) (Verdict, bool) {
	c := t.named(name)
	switch {
	case c == nil || c.Responded == 0:
		return t.unmet("no stream was resumed"), false
	case !c.isStream():
		return missed("%s: the answer has status %d", otherwise, c.Status).show(c.headEvidence()), false
	case letters(t, c) != want:
		return missed("%s: the updates are %s", otherwise, cmp.Or(letters(t, c), "none")).expect("%s", want).show(c.bodyEvidence(0, 160)), false
	}
	return Verdict{}, true
}

func judgeMercureLastEventID(t *Transcript) Verdict {
	if _, ok := resumedWith(t, "field", "b c d e f g", ""); !ok {
		return t.unmet("streams are not resumed by the field Last-Event-ID either")
	}
	if v, ok := resumedWith(t, "query", "b c d e f g", "the parameter last_event_id alone"); !ok {
		return v
	}
	if v, ok := resumedWith(t, "both", "c d e f g", "the field and an older ID in the parameter"); !ok {
		return v
	}
	return passed("")
}

func judgeMercureEarliest(t *Transcript) Verdict {
	c := t.named("earliest")
	if c == nil || !c.isStream() {
		return t.unmet("no stream was opened by it")
	}
	if got := letters(t, c); got != "a b c d e f g" {
		return missed("the updates are %s", cmp.Or(got, "none")).branch("ignored").show(c.headEvidence())
	}
	return passed("replayed")
}

func judgeMercureShared(t *Transcript) Verdict {
	live := t.named("live")
	if live == nil {
		return t.unmet("no event stream could be opened")
	}
	ids := map[string]string{}
	for _, e := range live.events() {
		ids[t.payload(e)] = e.ID
	}
	if d := ids["ssegauge-d"]; d == "" || d != ids["ssegauge-f"] {
		return t.unmet("the hub makes its own IDs, so that no two updates share one")
	}
	if v, ok := resumedWith(t, "shared", "e f g", "an ID that two updates share"); !ok {
		return v
	}
	return passed("")
}
