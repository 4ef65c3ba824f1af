package conformance

import "testing"

var eventLiterals = []literal{
	{id: "event.default", name: "good", t: framed(put("event.default", "x"), "data: x\n\n"), want: Pass},
	{id: "event.default", name: "empty type", t: framed(put("event.default", "x"), "event:\ndata: x\n\n"), want: Pass},
	{id: "event.default", name: "null", t: framed(put("event.default", "x"), "event: null\ndata: x\n\n"), want: Fail, observed: `the type "null"`},
	{id: "event.default", name: "named", t: publishable("event", framed(put("event.default", "x"), "event: update\ndata: x\n\n")), want: Fail, observed: `the type "update"`},
	{id: "event.default", name: "the target chooses", t: framed(put("event.default", "x"), "event: update\ndata: x\n\n"), want: Told, observed: "named"},
	{id: "event.default", name: "refused", t: framed(refused("event.default", "x", 400), ""), want: NotTested, observed: "not accepted"},
	{id: "event.default", name: "nothing", t: transcript(body(":\n\n")), want: NotTested, observed: "nothing was published"},

	{id: "event.roundtrip", name: "good", t: sentFields("event.roundtrip", "event", "event: a b\ndata: 0\n\n", "a b"), want: Pass},
	{id: "event.roundtrip", name: "lower case", t: sentFields("event.roundtrip", "event", "event: order\ndata: 0\n\n", "Order"), want: Fail, observed: `"Order" arrived as "order"`},
	{id: "event.roundtrip", name: "without", t: sentFields("event.roundtrip", "event", "data: 0\n\n", "a"), want: Fail, observed: `"a" arrived as "message"`},
	{id: "event.roundtrip", name: "lost", t: sentFields("event.roundtrip", "event", "", "a"), want: Fail, observed: "no event"},
	{id: "event.roundtrip", name: "one refused", t: refusing(1, 400, sentFields("event.roundtrip", "event", "event: a\ndata: 0\n\n", "a", "é")), want: Pass, observed: `refused: "é"`},
	{id: "event.roundtrip", name: "all refused", t: refusing(0, 400, sentFields("event.roundtrip", "event", "", "a")), want: NotTested, observed: "not accepted"},

	{id: "event.no-carry-over", name: "good", t: sentFields("event.no-carry-over", "event", "event: a\ndata: 0\n\n|data: 1\n\n", "a", leftOut), want: Pass},
	{id: "event.no-carry-over", name: "carried", t: sentFields("event.no-carry-over", "event", "event: a\ndata: 0\n\n|event: a\ndata: 1\n\n", "a", leftOut), want: Fail, observed: `the event "1" behind it has the type "a", too`},
	{id: "event.no-carry-over", name: "onto the mark", t: transcript(body("data: m1\n\nevent: a\ndata: 0\n\nevent: a\ndata: m2\n\ndata: 1\n\ndata: m3\n\n")).
		with(mark("m1"), putField("event.no-carry-over", "event", "a", 0), mark("m2"), putField("event.no-carry-over", "event", leftOut, 1), mark("m3")), want: Fail, observed: `the event "m2"`},
	{id: "event.no-carry-over", name: "another default", t: sentFields("event.no-carry-over", "event", "event: a\ndata: 0\n\n|event: update\ndata: 1\n\n", "a", leftOut), want: Pass},
	{id: "event.no-carry-over", name: "no type", t: sentFields("event.no-carry-over", "event", "data: 0\n\n|data: 1\n\n", "a", leftOut), want: NotTested, observed: "see event.roundtrip"},

	good("event.reserved", "event: opened\ndata: x\n\nevent: Error\ndata: x\n\nevent: error\n\n"+"data: event: error\n\n"),
	bad("event.reserved", `1 event, the first: the type "error"`, Warn, "data: x\n\nevent: error\ndata: {}\n\n"),
	bad("event.reserved", `the type "open"`, Warn, "event: open\ndata\n\n"),
	{id: "event.reserved", name: "no event", t: transcript(body(":\n\n")), want: NotTested, observed: "no event was seen"},

	{id: "event.edge-space", name: "good", t: sentFields("event.edge-space", "event", "event: a\ndata: 0\n\n|event:  b\ndata: 1\n\n", "a", " b"), want: Pass},
	{id: "event.edge-space", name: "lost", t: sentFields("event.edge-space", "event", "event: a\ndata: 0\n\n|event: b\ndata: 1\n\n", "a", " b"), want: Warn, observed: `" b" arrived as "b"`},
	{id: "event.edge-space", name: "refused", t: refusing(1, 422, sentFields("event.edge-space", "event", "event: a\ndata: 0\n\n", "a", " b")), want: Pass, observed: "refused"},
	{id: "event.edge-space", name: "all refused", t: refusing(1, 422, refusing(0, 422, sentFields("event.edge-space", "event", "", "a", " b"))), want: NotTested, observed: "not accepted"},
}

// leftOut in place of a value leaves the field out.
const leftOut = "left out"

// putField is a publication with data that is its number, and one other field.
func putField(check, name, value string, number int) *Publication {
	p := put(check, string(rune('0'+number)))
	if value != leftOut {
		p.Fields[name] = value
	}
	return p
}

// sentFields is publications of values of one field, and what went over the wire for
// each, parted by bars. Their marks are m0, m1 and so on.
func sentFields(check, name, wire string, values ...string) *Transcript {
	return sentFieldsOn(check, name, "stream", wire, values...)
}

func sentFieldsOn(check, name, stream, wire string, values ...string) *Transcript {
	text := "data: m0\n\n"
	t := transcript().with(mark("m0"))
	parts := append(splitBars(wire), make([]string, len(values))...)
	for i, value := range values {
		m := "m" + string(rune('1'+i))
		t.with(putField(check, name, value, i), mark(m))
		text += parts[i] + "data: " + m + "\n\n"
	}
	t.Connections = append(t.Connections, body(text).called(stream))
	return t
}

func splitBars(s string) []string {
	var parts []string
	from := 0
	for i := range len(s) {
		if s[i] == '|' {
			parts, from = append(parts, s[from:i]), i+1
		}
	}
	return append(parts, s[from:])
}

// refusing makes one of the publications refused.
func refusing(i, status int, t *Transcript) *Transcript {
	return altered(i, t, func(p *Publication) { p.Accepted, p.Status, p.Problem = false, status, "status" })
}

// altered changes one of the publications that are no marks.
func altered(i int, t *Transcript, change func(*Publication)) *Transcript {
	for _, p := range t.Publications {
		if p.Mark {
			continue
		}
		if i == 0 {
			change(p)
		}
		i--
	}
	return t
}

func publishable(name string, t *Transcript) *Transcript {
	t.Facts.Publishable = append(t.Facts.Publishable, name)
	return t
}

func TestDispatchedPairsEventsWithBlocks(t *testing.T) {
	c := body(":\n\nid: 1\ndata: a\n\nevent: x\n\nid: 2\n\ndata: b\ndata: c\n\ndata: cut\n")
	var got []string
	for e, b := range c.dispatched {
		id, _, _ := b.lastID()
		got = append(got, e.Data+"/"+id)
	}
	if len(got) != 2 || got[0] != "a/1" || got[1] != "b\nc/" {
		t.Errorf("%q", got)
	}
}
