package conformance

import (
	"slices"
	"strings"
	"testing"
)

var injectLiterals = slices.Concat(
	forgedLiterals("inject.data.lf", "data", "stream", "data: x\n\nevent: F\ndata: F\n\n"),
	forgedLiterals("inject.data.cr", "data", "stream", "data: x\revent: F\ndata: F\n\n"),
	forgedLiterals("inject.cross-user", "data", "other", "data: x\nevent: F\ndata: F\n\n"),
	forgedLiterals("inject.event", "event", "stream", "event: x\ndata: F\ndata: 1\n\n"),
	forgedLiterals("inject.id", "id", "stream", "id: x\r\ndata: F\r\ndata: 1\n\n"),
	forgedLiterals("inject.retry", "retry", "stream", "retry: x\rdata: F\rdata: 1\n\n"),
	forgedLiterals("inject.comment", "comment", "stream", ": x\ndata: F\ndata: 1\n\n"),
	[]literal{
		// Data may be split, and must stay one event.
		{id: "inject.data.lf", name: "split", t: forged("inject.data.lf", "data", "data: x\ndata: event: F\ndata: data: F\n\n", "x\nevent: F\ndata: F"), want: Pass, observed: "split"},
		{id: "inject.data.lf", name: "stripped", t: forged("inject.data.lf", "data", "data: xevent: Fdata: F\n\n", "x\nevent: F\ndata: F"), want: Pass, observed: "stripped"},
		{id: "inject.data.lf", name: "in two events", t: forged("inject.data.lf", "data", "data: x\n\ndata: event: F\n\n", "x\nevent: F"), want: Fail, observed: "2 events"},
		{id: "inject.data.lf", name: "lost", t: forged("inject.data.lf", "data", ":\n\n", "x\nevent: F"), want: Fail, observed: "was accepted, and no event came"},
		{id: "inject.data.lf", name: "refused, and sent", t: refusing(1, 400, forged("inject.data.lf", "data", "data: x\n\n", "x\nevent: F")), want: Fail, observed: "1 event"},
		{id: "inject.data.lf", name: "refused by an error", t: refusing(1, 0, forged("inject.data.lf", "data", "", "x\nevent: F")), want: Pass, observed: "rejected"},
		{id: "inject.data.lf", name: "decoded", t: forged("inject.data.lf", "data", "data: x\ndata: F\n\n", "x%0Adata: F"), want: Fail, observed: `became the line "data: F"`},
		{id: "inject.data.lf", name: "in an envelope", t: enveloped("d", transcript(body(`data: {"d":"m0"}`+"\n\n"+`data: {"d":"harmless"}`+"\n\n"+`data: {"d":"m1"}`+"\n\n"+`data: {"d":"x\ndata: F"}`+"\n\n"+`data: {"d":"m2"}`+"\n\n")).
			with(mark("m0"), put("inject.data.lf", "harmless"), mark("m1"), put("inject.data.lf", "x\ndata: F"), mark("m2"))), want: Pass, observed: "split"},
		{id: "inject.data.lf", name: "none arrived", t: transcript(body("data: m0\n\n")).with(mark("m0"), put("inject.data.lf", "harmless"), mark("m1")), want: NotTested, observed: "did not arrive"},
		{id: "inject.data.lf", name: "nothing", t: transcript(body("data: m0\n\n")), want: NotTested, observed: "nothing was published"},

		{id: "inject.data.blank", name: "good", t: forged("inject.data.blank", "data", "data: x\ndata: \ndata: data: F\n\n", "x\n\ndata: F"), want: Pass, observed: "split"},
		{id: "inject.data.blank", name: "raw", t: forged("inject.data.blank", "data", "data: x\n\ndata: F\n\n", "x\n\ndata: F"), want: Fail, observed: `became the line "data: F"`},

		// What the fate of a text shows, and what it does not.
		{id: "inject.event", name: "stripped", t: forged("inject.event", "event", "event: x data: F\ndata: 1\n\n", "x\ndata: F"), want: Pass, observed: "stripped"},
		{id: "inject.event", name: "cut", t: forged("inject.event", "event", "event: x\ndata: 1\n\n", "x\ndata: F"), want: Pass, observed: "stripped"},
		{id: "inject.event", name: "dropped", t: forged("inject.event", "event", "", "x\ndata: F"), want: Pass, observed: "dropped"},
		{id: "inject.event", name: "torn", t: forged("inject.event", "event", "event: x\n\ndata: 1\n\n", "x\n\ndata: F"), want: Fail, observed: "ended its event early"},
		{id: "inject.event", name: "another event", t: forged("inject.event", "event", "event: x\ndata: 1\n\ndata: G\n\n", "x\n\ndata: F"), want: Fail, observed: "2 events"},
		{id: "inject.event", name: "lookalikes kept", t: refusing(2, 400, forged("inject.event", "event", "event: x\u2028data: F\ndata: 1\n\n|", "x\u2028data: F", "x\ndata: F")), want: Pass, observed: "rejected"},
		{id: "inject.event", name: "split at a lookalike", t: forged("inject.event", "event", "event: x\ndata: F\ndata: 1\n\n", "x\u2028data: F"), want: Fail, observed: `became the line "data: F"`},
		{id: "inject.event", name: "control refused", t: refusing(0, 400, sentFields("inject.event", "event", "|", "harmless", "x\ndata: F")), want: NotTested, observed: "not accepted"},
		{id: "inject.event", name: "control not sent", t: sentFields("inject.event", "event", "data: 0\n\n|", "harmless", "x\ndata: F"), want: NotTested, observed: "does not send it"},
		{id: "inject.event", name: "unsendable", t: unsent(1, forged("inject.event", "event", "", "x\ndata: F")), want: NotTested, observed: "cannot express line ends"},
		{id: "inject.event", name: "stopped", t: forgedUnmarked(), want: NotTested, observed: "did not arrive"},

		{id: "inject.comment", name: "split", t: forged("inject.comment", "comment", ": x\n: data: F\ndata: 1\n\n", "x\ndata: F"), want: Pass, observed: "split"},
		{id: "inject.comment", name: "stripped", t: forged("inject.comment", "comment", ": x data: F\ndata: 1\n\n", "x\ndata: F"), want: Pass, observed: "stripped"},
		{id: "inject.comment", name: "a block of its own", t: forged("inject.comment", "comment", ": x\n: data: F\n\ndata: 1\n\n", "x\ndata: F"), want: Pass, observed: "split"},

		{id: "inject.id.nul", name: "refused", t: refusing(1, 400, forgedNUL("")), want: Pass, observed: "rejected"},
		{id: "inject.id.nul", name: "omitted", t: forgedNUL("data: 1\n\n"), want: Pass, observed: "omitted"},
		{id: "inject.id.nul", name: "the server's own", t: forgedNUL("id: 7\ndata: 1\n\n"), want: Pass, observed: "omitted"},
		{id: "inject.id.nul", name: "stripped", t: forgedNUL("id: " + nulID + "?behind\ndata: 1\n\n"), want: Pass, observed: "stripped"},
		{id: "inject.id.nul", name: "sent", t: forgedNUL("id: " + nulID + "\x00behind\ndata: 1\n\n"), want: Fail, observed: "the NUL is sent"},
		{id: "inject.id.nul", name: "cut", t: forgedNUL("id: " + nulID + "\ndata: 1\n\n"), want: Fail, observed: "cut at the NUL"},
		{id: "inject.id.nul", name: "control refused", t: refusing(0, 400, sentFields("inject.id.nul", "id", "|", "harmless", nulID+"\x00behind")), want: NotTested, observed: "not accepted"},
		{id: "inject.id.nul", name: "unsendable", t: unsent(1, forgedNUL("")), want: NotTested, observed: "cannot express"},

		{id: "inject.last-event-id-echo", name: "not echoed", t: transcript(body(":\n\n").called("tab")), want: Pass, observed: "not echoed"},
		{id: "inject.last-event-id-echo", name: "in one field", t: transcript(body("data: {\"from\":\"" + echoedIDs[2].Value + "\"}\n\n").called("separator")), want: Pass, observed: "in one field"},
		{id: "inject.last-event-id-echo", name: "in a comment", t: transcript(body(": " + echoedIDs[1].Value + "\n\n").called("colon")), want: Pass, observed: "in one field"},
		{id: "inject.last-event-id-echo", name: "broken out", t: transcript(body("data: " + echoMark + "\n" + echoForged + "\n\n").called("separator")), want: Fail, observed: "an ID with a separator breaks out"},
		{id: "inject.last-event-id-echo", name: "no field", t: transcript(body(echoedIDs[1].Value + "\n\n").called("colon")), want: Fail, observed: "outside of every field"},
		{id: "inject.last-event-id-echo", name: "not UTF-8", t: transcript(body("data: " + echoedIDs[3].Value + "\n\n").called("latin1")), want: Fail, observed: "not UTF-8"},
		{id: "inject.last-event-id-echo", name: "refused", t: transcript(reply("tab", "HTTP/1.1 400 Bad Request")), want: Pass, observed: "rejected"},
		{id: "inject.last-event-id-echo", name: "nothing", t: nothing(), want: NotTested, observed: "no response"},

		{id: "inject.query-reflect", name: "ignored", t: transcript(body("data: x\n\n").called("type")), want: Pass, observed: "ignored"},
		{id: "inject.query-reflect", name: "escaped", t: transcript(body("data: " + jsonText(reflectValue) + "\n\n").called("type")), want: Pass, observed: "stripped"},
		{id: "inject.query-reflect", name: "refused", t: transcript(reply("topic", "HTTP/1.1 400 Bad Request")), want: Pass, observed: "rejected"},
		{id: "inject.query-reflect", name: "reflected", t: transcript(body("event: " + reflectValue + "data: x\n\n").called("type")), want: Fail, observed: "in the parameter type begins the line"},
		{id: "inject.query-reflect", name: "split at CR alone", t: transcript(body("data: a\r" + reflectForged + "\r\r").called("type")), want: Fail, observed: "begins the line"},
		{id: "inject.query-reflect", name: "nothing", t: nothing(), want: NotTested, observed: "no response"},

		{id: "inject.header-split", name: "good", t: transcript(reply("type", goodHead+"\nX-Name: ssegauge X-Ssegauge-Forged: 1")), want: Pass},
		{id: "inject.header-split", name: "split", t: transcript(reply("name", goodHead+"\nX-Name: ssegauge\nx-ssegauge-forged: 1")), want: Fail, observed: "in the parameter name begins the field"},
		{id: "inject.header-split", name: "in a refusal", t: transcript(reply("topic", "HTTP/1.1 302 Found\nLocation: /ssegauge\nX-Ssegauge-Forged: 1")), want: Fail, observed: "in the parameter topic"},
		{id: "inject.header-split", name: "nothing", t: nothing(), want: NotTested, observed: "no response"},

		{id: "inject.reserved-name", name: "refused", t: refusing(0, 400, sentFields("inject.reserved-name", "event", "", "gap")), want: Pass, observed: "rejected"},
		{id: "inject.reserved-name", name: "renamed", t: sentFields("inject.reserved-name", "event", "event: user-gap\ndata: 0\n\n", "gap"), want: Pass, observed: "renamed"},
		{id: "inject.reserved-name", name: "accepted", t: sentFields("inject.reserved-name", "event", "event: gap\ndata: 0\n\n", "gap"), want: Warn, observed: `can send "gap"`},
		{id: "inject.reserved-name", name: "none", t: transcript(body("data: x\n\n")), want: NotTested, observed: "no event of its own"},
	},
)

// forged is a harmless value of a field, then others, and what went over the
// wire for these.
func forged(check, field, wire string, values ...string) *Transcript {
	return forgedOn(check, field, "stream", wire, values...)
}

func forgedOn(check, field, stream, wire string, values ...string) *Transcript {
	control := block(Fields{field: "harmless", "data": "0"})
	if field == "data" {
		control = "data: harmless\n\n"
	}
	return sentFieldsOn(check, field, stream, control+"|"+wire, append([]string{"harmless"}, values...)...)
}

// forgedLiterals is a text that is refused, and one whose rest becomes a line.
// F stands for what it forges.
func forgedLiterals(check, field, stream, raw string) []literal {
	const text = "x\ndata: F\n\ndata: G"
	return []literal{
		{id: check, name: "good", t: refusing(1, 400, forgedOn(check, field, stream, "", text)), want: Pass, observed: "rejected"},
		{id: check, name: "bad", t: forgedOn(check, field, stream, raw, text), want: Fail, observed: `became the line "data: F"`},
	}
}

// forgedNUL is an ID with a NUL, behind a harmless one.
func forgedNUL(wire string) *Transcript {
	return forged("inject.id.nul", "id", wire, nulID+"\x00behind")
}

// forgedUnmarked is a text after which nothing arrived.
func forgedUnmarked() *Transcript {
	t := forged("inject.event", "event", "", "x\ndata: F")
	last := len("data: m2\n\n")
	wire := t.Connections[0].Chunks[0].Data
	t.Connections[0].Chunks[0].Data = wire[:len(wire)-last]
	return t
}

// Every field is tried with every terminator, each text is its own, and written
// raw each would begin a line.
func TestForgingPayloads(t *testing.T) {
	texts := map[string]bool{}
	count := map[string]int{}
	for _, c := range injectChecks {
		for i, p := range c.Payloads {
			field, _, _ := strings.Cut(strings.TrimPrefix(c.ID, "inject."), ".")
			if c.ID == "inject.cross-user" {
				field = "data"
			}
			text := p.Fields[field]
			if field != "retry" && c.ID != "inject.cross-user" && texts[c.ID+text] {
				t.Errorf("%s publishes %q twice", c.ID, text)
			}
			texts[c.ID+text] = true
			switch forged := forgedLines(text); {
			case strings.Contains(text, "\x00"):
			case i == 0 && len(forged) > 0:
				t.Errorf("%s: the harmless %q would forge %q", c.ID, text, forged)
			case i > 0 && len(forged) == 0:
				t.Errorf("%s: %q would forge nothing", c.ID, text)
			case i > 0:
				count[field]++
			}
			if i > 0 && p.Fields["data"] == "" {
				t.Errorf("%s publishes no data with %q", c.ID, text)
			}
		}
	}
	// Six terminators and five lookalikes; data has two of the latter, and
	// three terminators once more for another user.
	for field, want := range map[string]int{"data": 6 + 2 + 3, "event": 11, "id": 11, "retry": 11, "comment": 11} {
		if count[field] != want {
			t.Errorf("%d texts of the field %s, want %d", count[field], field, want)
		}
	}
}

func TestForgedLines(t *testing.T) {
	for _, end := range slices.Concat(terminators, lookalikes) {
		got := forgedLines("x" + end.text + "data: F" + end.text + "id: G")
		if !slices.Equal(got, []string{"data: F", "id: G"}) {
			t.Errorf("%s: %q", end.name, got)
		}
	}
	if got := forgedLines("x data: F"); len(got) > 0 {
		t.Errorf("%q", got)
	}
}
