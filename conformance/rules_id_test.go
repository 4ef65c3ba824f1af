package conformance

import (
	"fmt"
	"strings"
)

var idLiterals = []literal{
	{id: "id.present", name: "good", t: transcript(body("id: 1\ndata: m\n\ndata: of nobody\n\nid: 2\ndata: a\n\n")).with(mark("m"), put("", "a")), want: Pass},
	{id: "id.present", name: "without", t: transcript(body("id: 1\ndata: m\n\ndata: a\n\n")).with(mark("m"), put("", "a")), want: Warn, observed: "1 of 2 events have no ID"},
	{id: "id.present", name: "without, in Mercure", t: inProfile("mercure", transcript(body("id: 1\ndata: m\n\ndata: a\n\n")).with(mark("m"), put("", "a"))), want: Fail, observed: "1 of 2 events"},
	{id: "id.present", name: "none", t: transcript(body("data: m\n\ndata: a\n\n")).with(mark("m"), put("", "a")), want: Told, observed: "none"},
	{id: "id.present", name: "none, in Mercure", t: inProfile("mercure", transcript(body("data: a\n\n")).with(put("", "a"))), want: Fail, observed: "no event has an ID"},
	{id: "id.present", name: "nothing", t: transcript(body(":\n\n")).with(put("", "a")), want: NotTested, observed: "no published event"},

	good("id.unique", "id: 1\ndata: a\n\nid: 2\ndata: a\n\nid:\ndata: b\n\nid:\ndata: c\n\n"),
	good("id.unique", "id: 1\ndata: a\n\nid: 1\ndata: a\n\ndata: b\n\nid: 1\n\n"),
	good("id.unique", "id: undefined\ndata: a\n\nid: undefined\ndata: b\n\nid: 1\ndata: c\n\n"),
	bad("id.unique", `1 repeated ID, the first: "1" of "a" and of "c"`, Fail, "id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 1\ndata: c\n\n"),
	{id: "id.unique", name: "on two streams", t: transcript(body("id: 1\ndata: a\n\n"), body("id: 1\ndata: b\n\n")), want: Pass},
	{id: "id.unique", name: "no IDs", t: transcript(body("data: a\n\n")), want: NotTested, observed: "no event has an ID"},
	{id: "id.unique", name: "nothing heard", t: transcript(body()), want: NotTested, observed: "no line"},

	{id: "id.same-for-all", name: "good", t: twoStreams("id: 1\ndata: a\n\n", "id: 1\ndata: a\n\nid: 2\ndata: b\n\n"), want: Pass},
	{id: "id.same-for-all", name: "other", t: twoStreams("id: 1\ndata: a\n\n", "id: 7\ndata: a\n\n"), want: Fail, observed: `the event "a" has the ID "1" on one stream and "7"`},
	{id: "id.same-for-all", name: "no IDs", t: twoStreams("data: a\n\n", "data: a\n\n"), want: NotTested, observed: "no event has an ID"},
	{id: "id.same-for-all", name: "one stream", t: transcript(body("id: 1\ndata: a\n\n").called("a")), want: NotTested, observed: "two event streams"},

	{id: "id.monotonic", name: "rising", t: transcript(body("id: e-9\ndata: a\n\ndata: b\n\nid: e-10\ndata: c\n\n")), want: Told, observed: "rising"},
	{id: "id.monotonic", name: "falling", t: transcript(body("id: 10\ndata: a\n\nid: 9\ndata: b\n\n")), want: Told, observed: "9 after 10"},
	{id: "id.monotonic", name: "no numbers", t: transcript(body("id: b2\ndata: a\n\nid: a1\ndata: b\n\n")), want: Told, observed: "opaque"},
	{id: "id.monotonic", name: "no IDs", t: transcript(body("data: a\n\n")), want: NotTested, observed: "no event has an ID"},

	{id: "id.no-nul", name: "refused", t: refusing(0, 400, sentFields("id.no-nul", "id", "", "a\x00b")), want: Pass, observed: "refused"},
	{id: "id.no-nul", name: "omitted", t: sentFields("id.no-nul", "id", "data: 0\n\n", "a\x00b"), want: Pass, observed: "omitted"},
	{id: "id.no-nul", name: "sent", t: sentFields("id.no-nul", "id", "id: a\x00b\ndata: 0\n\n", "a\x00b"), want: Fail, observed: `"id: a\x00b"`},
	{id: "id.no-nul", name: "in data", t: refusing(0, 400, sentFields("id.no-nul", "id", "data: id: a\x00b\n\n", "a\x00b")), want: Pass},
	{id: "id.no-nul", name: "unsendable", t: unsent(0, sentFields("id.no-nul", "id", "", "a\x00b")), want: NotTested, observed: "cannot express"},

	good("id.header-safe", "id: a b…\ndata: a\n\nid:1\n\nid\n\ndata: id: 7 \n\n"),
	bad("id.header-safe", `1 line, the first: a blank at an end of "7 "`, Fail, "id: 7 \ndata: a\n\n"),
	bad("id.header-safe", `a blank at an end of "\t7"`, Fail, "id:\t7\ndata: a\n\n"),
	bad("id.header-safe", `a control character in "7\x7f"`, Fail, "id: 7\x7f\ndata: a\n\n"),
	bad("id.header-safe", "a tab in", Fail, "id: a\tb\ndata: a\n\n"),
	{id: "id.header-safe", name: "NUL", t: transcript(body("id: a\x00b\ndata: a\n\n")), want: Pass},
	{id: "id.header-safe", name: "refused", t: refusing(0, 400, sentFields("id.header-safe", "id", "", "7 ")), want: Pass, observed: "refused"},
	{id: "id.header-safe", name: "no IDs", t: transcript(body("data: a\n\n")), want: NotTested, observed: "no event has an ID"},

	good("id.ascii", "id: a~!\ndata: é\n\n"),
	bad("id.ascii", `1 ID, the first: "…7"`, Warn, "id: …7\ndata: a\n\n"),
	{id: "id.ascii", name: "no IDs", t: transcript(body("data: é\n\n")), want: NotTested, observed: "no event has an ID"},

	good("id.length", "id: "+strings.Repeat("x", 128)+"\ndata: a\n\n"),
	bad("id.length", "1 ID, the first: 129 bytes", Warn, "id: "+strings.Repeat("x", 129)+"\ndata: a\n\n"),

	good("id.not-on-control", ":\n\nid: 1\ndata: a\n\n: beat\n\nevent: ping\ndata: x\n\nid: 2\ndata: b\n\n"),
	good("id.not-on-control", "id: 0\n\nid: 1\ndata: a\n\nid: 1\n:\n\nevent: ping\nid: 1\ndata\n\n"),
	bad("id.not-on-control", `2 heartbeats, the first: the ID "2" after "1"`, Warn, "id: 1\ndata: a\n\nid: 2\n:\n\nid: 3\n:\n\n"),
	bad("id.not-on-control", `1 heartbeat, the first: the ID "9" after "1"`, Warn, "id: 1\ndata: a\n\nid: 9\nevent: heartbeat\ndata: {}\n\n"),
	bad("id.not-on-control", "1 heartbeat", Warn, "id: 1\n:\n\nid: 2\n:\n\n"),
	{id: "id.not-on-control", name: "nothing heard", t: transcript(body()), want: NotTested, observed: "no line"},

	good("id.not-blank", "id: 1\ndata: id:\n\nid:  \n\n: id:\n\n"),
	bad("id.not-blank", `2 lines, the first: "id:"`, Warn, "id:\ndata: a\n\nid\ndata: b\n\n"),

	{id: "id.epoch", name: "good", t: epochs("id: e-1\ndata: a\n\n", "id: f-1\ndata: b\n\n"), want: Pass},
	{id: "id.epoch", name: "replayed", t: epochs("id: 1\ndata: a\n\n", "id: 1\ndata: a\n\nid: 2\ndata: b\n\n"), want: Pass},
	{id: "id.epoch", name: "anew", t: epochs("id: 1\ndata: a\n\n", "id: 1\ndata: b\n\n"), want: Warn, observed: `the ID "1" is that of "a" before the restart, and of "b"`},
	{id: "id.epoch", name: "counted anew", t: epochs(withNumbers("e-", 50, 51, 53), withNumbers("e-", 1, 2, 3)), want: Warn, observed: `IDs count from "e-50" up to "e-53" before the restart, and again from "e-1"`},
	{id: "id.epoch", name: "counted on", t: epochs(withNumbers("", 50, 51, 53), withNumbers("", 54, 55, 56)), want: Pass},
	{id: "id.epoch", name: "another epoch", t: epochs(withNumbers("e-", 50, 51, 53), withNumbers("f-", 1, 2, 3)), want: Pass},
	{id: "id.epoch", name: "random numbers", t: epochs(withNumbers("", 7_000_000, 9_000_000, 8_000_000), withNumbers("", 5, 1, 3)), want: Pass},
	{id: "id.epoch", name: "too few", t: epochs(withNumbers("", 50, 51), withNumbers("", 1, 2)), want: Pass},
	{id: "id.epoch", name: "no IDs", t: epochs("data: a\n\n", "data: b\n\n"), want: NotTested, observed: "no event has an ID"},
	{id: "id.epoch", name: "not back", t: epochs("id: 1\ndata: a\n\n", ":\n\n"), want: NotTested, observed: "no event arrived after"},

	{id: "id.opaque", name: "per topic", t: counted3("7", "8", "9"), want: Told, observed: "a counter of the topic"},
	{id: "id.opaque", name: "of all", t: counted3("e-7", "e-11", "e-15"), want: Told, observed: "events of other topics are counted"},
	{id: "id.opaque", name: "random", t: counted3("x1", "y2", "z3"), want: Told, observed: "no counter"},
	{id: "id.opaque", name: "far apart", t: counted3("5000000000", "4", "9000000000"), want: Told, observed: "no plain counter"},
	{id: "id.opaque", name: "nothing beside", t: transcript(body("id: 1\ndata: 0\n\nid: 2\ndata: 1\n\n").called("a")).with(put("", "0"), put("", "1")), want: NotTested, observed: "no publish to another topic"},
}

// twoStreams is two streams of one topic.
func twoStreams(a, b string) *Transcript {
	return transcript(body(a).called("a"), body(b).called("b"))
}

// epochs is a stream before a restart and one after it.
func epochs(before, after string) *Transcript {
	return transcript(body(before).called("before"), body(after).called("after"))
}

// withNumbers is events with the numbers as IDs and, behind the first of them, as
// data.
func withNumbers(prefix string, numbers ...int) string {
	wire := ""
	for _, n := range numbers {
		wire += fmt.Sprintf("id: %s%d\ndata: %d of %d\n\n", prefix, n, n, numbers[0])
	}
	return wire
}

// counted3 is three events of a topic with their IDs; an event of another topic
// is published as well.
func counted3(ids ...string) *Transcript {
	t := transcript()
	wire := ""
	for i, id := range ids {
		data := string(rune('0' + i))
		wire += "id: " + id + "\ndata: " + data + "\n\n"
		t.with(put("", data))
	}
	t.with(put("", "beside"))
	t.Connections = append(t.Connections, body(wire).called("a"))
	return t
}

func unsent(i int, t *Transcript) *Transcript {
	return altered(i, t, func(p *Publication) { p.Accepted, p.Unsendable, p.Problem = false, true, "a header cannot carry this" })
}

func inProfile(name string, t *Transcript) *Transcript {
	t.Facts.Profiles = append(t.Facts.Profiles, name)
	return t
}
