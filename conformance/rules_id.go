package conformance

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// idChecks are about the IDs of events, by which clients resume.
var idChecks = []Check{
	{
		ID: "id.present", Level: Should, Clause: "practice (WHATWG HTML 9.2.4, Mercure)", Exchange: "publish", Also: []string{"sequence", "burst", "finish"},
		Require: "Where events have IDs, every published event has one.",
		Why:     "After an event without an ID the client resumes from the one before it, and gets some events twice.",
		Fix:     "Give every event that can be replayed an ID.",
		Judge:   judgeIDsPresent,
	},
	{
		ID: "id.unique", Level: Must, Clause: "practice (Mercure, MCP)", Exchange: opening, Also: plain,
		Require: "No two events of a stream have the same ID.",
		Why:     "A client that resumes from it gets the events behind the wrong one: some are lost or come twice.",
		Fix:     "Make IDs of a counter that does not wrap, or of random bits.",
		Judge:   onIDs(judgeIDsUnique),
	},
	{
		ID: "id.same-for-all", Level: Must, Clause: "practice (WHATWG HTML 9.2.4)", Exchange: "ids",
		Require: "An event has the same ID on every stream.",
		Why:     "A client seldom comes back to the same connection, or to the same process: its ID must mean something there.",
		Fix:     "Give the ID to the event when it is published, not to the connection that sends it.",
		Judge:   judgeIDsAgree,
	},
	{
		ID: "id.monotonic", Level: Info, Clause: "practice", Exchange: opening, Also: plain,
		Require: "IDs that are numbers rise.",
		Why:     "Clients and servers that compare IDs as numbers skip events otherwise.",
		Fix:     "Take the numbers from one counter, in the order of sending.",
		Judge:   onIDs(judgeIDsRise),
	},
	{
		ID: "id.no-nul", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: "fields", Also: append([]string{opening}, plain...),
		Needs:    []Capability{CanPublishField("id")},
		Require:  "No ID has a NUL.",
		Why:      "The client ignores the field, and resumes from the event before.",
		Fix:      "Refuse an ID with a NUL when it is published.",
		Payloads: []Payload{{Fields: Fields{"id": "ssegauge\x00nul", "data": "ssegauge-id-with-nul"}}},
		Judge:    judgeIDNoNUL,
	},
	{
		ID: "id.header-safe", Level: Must, Clause: "practice (RFC 9110 5.5, WHATWG HTML 9.2.4)", Exchange: opening, Also: append([]string{"fields"}, plain...),
		Require: "An ID has no control character, and no blank or tab at its ends.",
		Why:     "It comes back in the field Last-Event-ID, which cannot carry the former and loses the latter, so the server does not know it again.",
		Fix:     "Make IDs of letters, digits and hyphens, and refuse others when they are published.",
		Judge:   judgeIDHeaderSafe,
	},
	{
		ID: "id.ascii", Level: Should, Clause: "practice (WHATWG HTML 9.2.4)", Exchange: opening, Also: plain,
		Require: "An ID has only ASCII characters.",
		Why:     "Clients send it back in UTF-8, and most servers read header fields as ISO 8859-1.",
		Fix:     "Make IDs of letters, digits and hyphens.",
		Judge: onIDs(eachID(func(id string) string {
			if strings.ContainsFunc(id, func(r rune) bool { return r >= utf8.RuneSelf }) {
				return quoted(id)
			}
			return ""
		})),
	},
	{
		ID: "id.length", Level: Should, Clause: "practice (Fetch)", Exchange: opening, Also: plain,
		Require: "An ID has at most 128 bytes.",
		Why:     "A longer one costs a preflight across origins, and a very long one makes the head of the request too large.",
		Fix:     "Send a key into the server's own store in place of the whole state.",
		Judge: onIDs(eachID(func(id string) string {
			if len(id) > 128 {
				return counted(len(id), "byte")
			}
			return ""
		})),
	},
	{
		// Heartbeats in the middle of events, which "burst" looks for, leave IDs
		// without data behind.
		ID: "id.not-on-control", Level: Should, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: opening, Also: []string{"publish", "sequence", "finish"},
		Require: "Heartbeats do not change the last event ID.",
		Why:     "The client resumes from the ID of a heartbeat, which is the place of no event.",
		Fix:     "Write no id line into heartbeats; a comment is enough.",
		Judge:   everywhere("heartbeat", findControlIDs),
	},
	{
		ID: "id.not-blank", Level: Should, Clause: "WHATWG HTML 9.2.6", Exchange: opening, Also: plain,
		Require: "No id line is empty.",
		Why:     "It resets the last event ID: after the next disconnection the client does not resume.",
		Fix:     "Leave the line out when an event has no ID. To reset the client on purpose, accept this finding.",
		Judge: eachLine("line", func(_ *Transcript, l Line) string {
			if name, value := l.field(); name == "id" && value == "" {
				return quoted(string(l.Text))
			}
			return ""
		}),
	},
	{
		ID: "id.epoch", Level: Should, Clause: "practice (WHATWG HTML 9.2.4)", Exchange: "epoch",
		Require: "After a restart no ID is given to another event than before.",
		Why:     "A client that comes back with an ID from before the restart is taken for one that has seen the new event.",
		Fix:     "Put something into the ID that differs from start to start, or keep the counter.",
		Judge:   judgeEpoch,
	},
	{
		ID: "id.opaque", Level: Info, Clause: "practice (Mercure)", Exchange: "ids", Needs: []Capability{HasTopics},
		Require: "IDs do not tell how much is published to other topics.",
		Why:     "A subscriber of one topic can measure the business of the others.",
		Fix:     "Count per topic, or make IDs of random bits.",
		Judge:   judgeIDsOpaque,
	},
}

// lastID returns the ID that a block sets, and its line. A line with a NUL sets
// none (WHATWG HTML 9.2.6).
func (b Block) lastID() (id string, line Line, ok bool) {
	for _, l := range slices.Backward(b.fields("id")) {
		if bytes.IndexByte(l.Text, 0) < 0 {
			_, id = l.field()
			return id, l, true
		}
	}
	return "", Line{}, false
}

const noIDs = "no event has an ID"

// onIDs judges streams some event of which has an ID. Otherwise nothing is
// known.
func onIDs(judge func(*Transcript) Verdict) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		heard := t.heard()
		for _, c := range heard {
			for _, b := range c.dispatched {
				if id, _, _ := b.lastID(); id != "" {
					return judge(t)
				}
			}
		}
		if len(heard) == 0 {
			return t.unmet(nothingHeard)
		}
		return untested(noIDs)
	}
}

// eachID judges a stream by the IDs that its blocks set.
func eachID(offends func(id string) string) func(*Transcript) Verdict {
	return everywhere("ID", func(_ *Transcript, c *Connection, report func(string, Evidence)) {
		for _, b := range c.blocks() {
			id, line, ok := b.lastID()
			if !ok {
				continue
			}
			if problem := offends(id); problem != "" {
				report(problem, line.evidence(c))
			}
		}
	})
}

func judgeIDNoNUL(t *Transcript) Verdict {
	v := eachLine("line", func(_ *Transcript, l Line) string {
		if name, value := l.field(); name == "id" && strings.Contains(value, "\x00") {
			return quoted(string(l.Text))
		}
		return ""
	})(t)
	if v.met != isMet {
		return v
	}
	published := t.published()
	if len(published) == 0 {
		return t.unmet("nothing was published")
	}
	p := published[0]
	_, _, arrived := t.between(p, "stream")
	switch {
	case p.refused():
		return passed("refused")
	case !p.Accepted, !arrived:
		return unknown(t, p)
	}
	return passed("omitted or changed")
}

func judgeIDHeaderSafe(t *Transcript) Verdict {
	seen := false
	v := eachLine("line", func(_ *Transcript, l Line) string {
		name, value := l.field()
		if name != "id" {
			return ""
		}
		seen = true
		switch {
		case strings.ContainsFunc(value, func(r rune) bool { return r != 0 && r != '\t' && (r < 0x20 || r == 0x7F) }):
			return "a control character in " + quoted(value)
		case strings.Trim(value, " \t") != value:
			return "a blank at an end of " + quoted(value)
		case strings.Contains(value, "\t"):
			return "a tab in " + quoted(value)
		}
		return ""
	})(t)
	switch {
	case v.met != isMet:
		return v
	case slices.ContainsFunc(t.published(), (*Publication).refused):
		return passed("refused")
	case !seen:
		return untested(noIDs)
	}
	return passed("")
}

// heartbeatWords are types and data by which heartbeats are known that are
// events.
var heartbeatWords = []string{"ping", "heartbeat", "keepalive", "keep-alive", "keep_alive", "noop"}

// heartbeat reports whether the block is no event, or one that only keeps the
// connection alive.
func (b Block) heartbeat() bool {
	if !b.has("data") {
		return true
	}
	for _, name := range []string{"event", "data"} {
		for _, l := range b.fields(name) {
			_, value := l.field()
			if slices.Contains(heartbeatWords, strings.ToLower(value)) {
				return true
			}
		}
	}
	return false
}

// findControlIDs reports heartbeats that change the last event ID. A first
// block without data may set it, to give the client a place to resume from
// before anything has happened.
func findControlIDs(_ *Transcript, c *Connection, report func(string, Evidence)) {
	last, any := "", false
	for _, b := range c.blocks() {
		id, line, ok := b.lastID()
		if b.Blank == nil || !ok || id == "" {
			continue
		}
		if b.heartbeat() && any && id != last {
			report(fmt.Sprintf("the ID %s after %s", quoted(id), quoted(last)), line.evidence(c))
		}
		last, any = id, true
	}
}
