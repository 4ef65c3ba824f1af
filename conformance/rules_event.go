package conformance

import (
	"slices"
	"strings"
)

// eventChecks are about the type of an event.
var eventChecks = []Check{
	{
		ID: "event.default", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: "fields",
		Require:  "An event that is published without a type arrives with the type message.",
		Why:      "The message listener of an EventSource gets no event of another type.",
		Fix:      "Write no event line when no type was given.",
		Payloads: []Payload{{Fields: Fields{"data": "ssegauge-without-a-type"}}},
		Judge:    judgeDefaultType,
	},
	{
		ID: "event.roundtrip", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: "fields",
		Needs:    []Capability{CanPublishField("event")},
		Require:  "The type of an event arrives as it was published.",
		Why:      "Types are compared exactly: a listener for Order.Created never hears of order.created.",
		Fix:      "Write the type as it is, in UTF-8, behind event: and one blank.",
		Payloads: types("order.created", "Order.Created", "a b", "é"),
		Judge:    sameType,
	},
	{
		ID: "event.no-carry-over", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: "fields",
		Needs:   []Capability{CanPublishField("event")},
		Require: "An event without a type that follows one with a type arrives without it.",
		Why:     "The type of one event sends the next ones to the wrong listener.",
		Fix:     "Make the type part of the event, not of the connection or the encoder.",
		Payloads: []Payload{
			{Fields: Fields{"event": "ssegauge-typed", "data": "ssegauge-with-a-type"}},
			{Fields: Fields{"data": "ssegauge-behind-a-type"}},
		},
		Judge: judgeCarryOver,
	},
	{
		ID: "event.reserved", Level: Should, Clause: "practice (WHATWG HTML 9.2.3)", Exchange: opening, Also: listened,
		Require: "The server sends no event of the type open or error.",
		Why:     "An EventSource fires events of these names itself, so an application error looks like a lost connection.",
		Fix:     "Call the type something else, such as failed or app-error.",
		Judge: eachEvent("event", func(e Event) string {
			if slices.Contains(lifecycleTypes, e.Type) {
				return "the type " + quoted(e.Type)
			}
			return ""
		}),
	},
	{
		ID: "event.edge-space", Level: Should, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: "fields",
		Needs:    []Capability{CanPublishField("event")},
		Require:  "A type that begins or ends with a blank arrives as it was published, or is refused.",
		Why:      "Receivers take one blank off behind the colon; without another one the type's own is lost.",
		Fix:      "Always write a blank behind event:, and do not trim; or refuse such types.",
		Payloads: types("ssegauge-plain", " ssegauge-led", "ssegauge-followed "),
		Judge:    sameType,
	},
}

// lifecycleTypes are the events that an EventSource fires by itself (WHATWG
// HTML 9.2.3).
var lifecycleTypes = []string{"open", "error"}

// types makes a payload of each type.
func types(names ...string) []Payload {
	list := make([]Payload, len(names))
	for i, name := range names {
		list[i] = Payload{Fields: Fields{"event": name, "data": "ssegauge-of-a-type"}}
	}
	return list
}

// eachEvent judges a stream by its events. Where there is none, nothing is
// known.
func eachEvent(what string, offends func(Event) string) func(*Transcript) Verdict {
	judge := everywhere(what, func(_ *Transcript, c *Connection, report func(string, Evidence)) {
		for e, b := range c.dispatched {
			if problem := offends(e); problem != "" {
				report(problem, c.bodyEvidence(e.Offset, b.Blank.Offset))
			}
		}
	})
	return func(t *Transcript) Verdict {
		if !slices.ContainsFunc(t.heard(), func(c *Connection) bool { return len(c.events()) > 0 }) {
			return t.unmet("no event was seen; a publish hook in the target file makes some")
		}
		return judge(t)
	}
}

// dispatched yields each event with its block.
func (c *Connection) dispatched(yield func(Event, Block) bool) {
	events := c.events()
	for _, b := range c.blocks() {
		if len(events) == 0 {
			return
		}
		if b.Blank == nil || !b.has("data") {
			continue
		}
		if !yield(events[0], b) {
			return
		}
		events = events[1:]
	}
}

// became returns the one event that a publication has become, or the verdict
// if there is none.
func (t *Transcript) became(p *Publication) (e Event, c *Connection, v Verdict, ok bool) {
	events, c, arrived := t.between(p, "stream")
	switch {
	case !p.Accepted, !arrived:
		return e, c, unknown(t, p), false
	case len(events) != 1:
		v = missed("%s", quotedAll(events)).expect("one event: %s", quoted(p.Fields["data"]))
		if len(events) > 0 {
			return e, c, v.show(c.bodyEvidence(events[0].Offset, events[len(events)-1].Offset)), false
		}
		return e, c, v.show(c.endEvidence()), false
	}
	return events[0], c, v, true
}

// refused reports whether the target refused the publication.
func (p *Publication) refused() bool {
	return !p.Accepted && !p.Unsendable && p.Status/100 == 4
}

func judgeDefaultType(t *Transcript) Verdict {
	for _, p := range t.published() {
		e, c, v, ok := t.became(p)
		switch {
		case !ok:
			return v
		case e.Type == "message":
		case !slices.Contains(t.Facts.Publishable, "event") && !slices.Contains(sentinels, e.Type):
			// The hook leaves the choice of the type to the target.
			return told("the target gives its events the type %s", quoted(e.Type)).branch("named")
		default:
			return missed("the event has the type %s", quoted(e.Type)).expect("message").show(c.bodyEvidence(e.Offset, c.arrivedBefore(e)))
		}
	}
	if len(t.published()) == 0 {
		return t.unmet("nothing was published")
	}
	return passed("")
}

// sameType wants every type of the check back. The first must be accepted, to
// show that the hook works; the others may be refused.
func sameType(t *Transcript) Verdict {
	published := t.published()
	if len(published) == 0 {
		return t.unmet("nothing was published")
	}
	var refused []string
	for i, p := range published {
		if i > 0 && p.refused() {
			refused = append(refused, quoted(p.Fields["event"]))
			continue
		}
		e, c, v, ok := t.became(p)
		switch {
		case !ok:
			return v
		case e.Type != p.Fields["event"]:
			return missed("the type %s arrived as %s", quoted(p.Fields["event"]), quoted(e.Type)).show(c.bodyEvidence(e.Offset, c.arrivedBefore(e)))
		}
	}
	if len(refused) > 0 {
		return passed("refused: " + strings.Join(refused, ", "))
	}
	return passed("")
}

func judgeCarryOver(t *Transcript) Verdict {
	published := t.published()
	if len(published) < 2 {
		return t.unmet("nothing was published")
	}
	typed := published[0]
	e, c, v, ok := t.became(typed)
	switch {
	case !ok:
		return v
	case e.Type != typed.Fields["event"]:
		return untested("the published type did not arrive (see event.roundtrip)")
	}
	for _, next := range c.events() {
		if next.Type == e.Type && next.Offset > e.Offset {
			return missed("the event %s behind it has the type %s, too", quoted(next.Data), quoted(next.Type)).
				expect("message").show(c.bodyEvidence(e.Offset, c.arrivedBefore(next)))
		}
	}
	if _, _, v, ok := t.became(published[1]); !ok {
		return v
	}
	return passed("")
}
