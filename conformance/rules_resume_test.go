package conformance

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

var resumeLiterals = slices.Concat(replayLiterals, cursorLiterals, returnLiterals)

// In these literals the event of the place n has the ID in and the data en. Six
// are published, 10 ms apart from 10 ms on, so a stream that is opened at 45 ms
// has missed those behind its ID up to e3.

var replayLiterals = []literal{
	{id: "resume.honoured", name: "good", t: told6(visit("resumed", 45, "i1", 2, 3, 4, 5)), want: Pass},
	{id: "resume.honoured", name: "one of two", t: told6(visit("resumed", 45, "i1", 3, 4, 5)), want: Pass},
	{id: "resume.honoured", name: "ignored", t: told6(visit("resumed", 45, "i1", 4, 5)), want: Fail, observed: "of 2 events published meanwhile, none came"},
	{id: "resume.honoured", name: "always everything", t: told6(visit("resumed", 45, "i1", 0, 1, 2, 3, 4, 5), visit("fresh-1", 55, "", 0, 1, 2, 3, 4, 5)), want: Fail, observed: "whether or not"},
	{id: "resume.honoured", name: "everything but only with an ID", t: told6(visit("resumed", 45, "i1", 0, 1, 2, 3, 4, 5), visit("fresh-1", 55, "", 5)), want: Pass},
	{id: "resume.honoured", name: "refused", t: told6(turned("resumed", 45, "i1", "HTTP/1.1 410 Gone")), want: Fail, observed: "status 410"},
	{id: "resume.honoured", name: "a page", t: told6(turned("resumed", 45, "i1", "HTTP/1.1 200 OK\nContent-Type: text/html")), want: Fail, observed: `status 200 and "text/html"`},
	{id: "resume.honoured", name: "full", t: told6(turned("resumed", 45, "i1", "HTTP/1.1 429 No")), want: NotTested, observed: "429"},
	{id: "resume.honoured", name: "no ids", t: stopped("no ids: x", told6()), want: NotTested, observed: "no ids"},

	{id: "resume.exclusive", name: "good", t: told6(visit("resumed", 45, "i1", 2, 3, 4, 5)), want: Pass},
	{id: "resume.exclusive", name: "the event itself", t: told6(visit("resumed", 45, "i1", 1, 2, 3, 4, 5)), want: Fail, observed: `1 event: "e1"`},
	{id: "resume.exclusive", name: "twice", t: told6(visit("resumed", 45, "i1", 2, 3, 3, 4, 5)), want: Fail, observed: `1 event: "e3"`},
	{id: "resume.exclusive", name: "not honoured", t: told6(visit("resumed", 45, "i1", 4, 5)), want: NotTested, observed: "resume.honoured"},

	{id: "resume.no-gap", name: "good", t: told6(visit("resumed", 45, "i1", 2, 3, 4, 5)), want: Pass},
	{id: "resume.no-gap", name: "one more", t: told6(visit("resumed", 45, "i1", 1, 2, 3, 4, 5)), want: Pass},
	{id: "resume.no-gap", name: "missing", t: told6(visit("resumed", 45, "i1", 3, 4, 5)), want: Fail, observed: `of 4 events published since the ID, 1 did not come, the first: "e2"`},
	{id: "resume.no-gap", name: "missing live", t: told6(visit("resumed", 45, "i1", 2, 3, 5)), want: Fail, observed: `"e4"`},
	{id: "resume.no-gap", name: "deaf afterwards", t: told6(visit("resumed", 45, "i1", 2, 3)), want: Fail, observed: `"e4"`},
	{id: "resume.no-gap", name: "ended in between", t: told6(visit("resumed", 45, "i1", 2, 3).ended(EndComplete)), want: Pass},
	{id: "resume.no-gap", name: "ignored", t: told6(visit("resumed", 45, "i1", 4, 5)), want: NotTested, observed: "resume.honoured"},

	{id: "resume.order", name: "good", t: told6(visit("resumed", 45, "i1", 2, 3, 4, 5)), want: Pass},
	{id: "resume.order", name: "live first", t: told6(visit("resumed", 45, "i1", 4, 2, 3, 5)), want: Fail, observed: `"e2" came after`},
	{id: "resume.order", name: "swapped", t: told6(visit("resumed", 45, "i1", 3, 2, 4, 5)), want: Fail, observed: `"e2" came after`},
	{id: "resume.order", name: "repeated", t: told6(visit("resumed", 45, "i1", 2, 3, 2, 4, 5)), want: Pass},
	{id: "resume.order", name: "with a gap", t: told6(visit("resumed", 45, "i1", 3, 5)), want: Pass},

	{id: "resume.race", name: "good", t: told6(visit("round-0", 1, "", 0, 1), visit("round-1", 25, "i1", 2, 3), visit("round-2", 45, "i3", 4, 5)), want: Pass, observed: "2 reconnections and 6 events"},
	{id: "resume.race", name: "lost", t: told6(visit("round-0", 1, "", 0, 1), visit("round-1", 25, "i1", 3), visit("round-2", 45, "i3", 4, 5)), want: Fail, observed: "1 never came"},
	{id: "resume.race", name: "twice", t: told6(visit("round-0", 1, "", 0, 1), visit("round-1", 25, "i1", 2, 3), visit("round-2", 45, "i3", 3, 4, 5)), want: Fail, observed: "1 came twice"},
	{id: "resume.race", name: "cut off by us", t: stopped("the newest event did not come", told6(visit("round-0", 1, "", 0, 1), visit("round-1", 25, "i1", 2))), want: NotTested, observed: "newest"},
	{id: "resume.race", name: "lost before", t: stopped("the newest event did not come", told6(visit("round-0", 1, "", 0, 1), visit("round-1", 25, "i1", 3))), want: Fail, observed: "1 never came"},
	{id: "resume.race", name: "few kept", t: told6(visit("first", 1, "", 0).in("resume-window"), visit("control", 25, "i0", 1).in("resume-window"), visit("after-flood-events", 70, "i0", 4, 5).in("resume-window"), visit("round-0", 1, "", 0, 1), visit("round-1", 25, "i1", 3, 4, 5)).alsoIn("resume-window"), want: NotTested, observed: "keeps too few"},
	{id: "resume.race", name: "all kept", t: told6(visit("first", 1, "", 0).in("resume-window"), visit("control", 25, "i0", 1).in("resume-window"), visit("after-flood-events", 70, "i0", 1).in("resume-window"), visit("round-0", 1, "", 0, 1), visit("round-1", 25, "i1", 3, 4, 5)).alsoIn("resume-window"), want: Fail, observed: "1 never came"},
	{id: "resume.race", name: "no round", t: told6(visit("round-0", 1, "", 0)), want: NotTested, observed: "no reconnection"},
	{id: "resume.race", name: "not honoured", t: told6(visit("resumed", 45, "i1", 4, 5).in("resume"), visit("round-0", 1, "", 0), visit("round-1", 25, "i0", 3)).alsoIn("resume"), want: NotTested, observed: "resume.honoured"},

	{id: "resume.fidelity", name: "good", t: told6(visit("resumed", 45, "i1", 2, 3, 4, 5)), want: Pass},
	{id: "resume.fidelity", name: "no id", t: told6(wire("resumed", 45, "i1", "data: e2\n\n")), want: Fail, observed: `the ID "", the type "message" and the data "e2"`},
	{id: "resume.fidelity", name: "a type", t: told6(wire("resumed", 45, "i1", "id: i2\nevent: x\ndata: e2\n\n")), want: Fail, observed: `the type "x"`},
	{id: "resume.fidelity", name: "one line more", t: told6(wire("resumed", 45, "i1", "id: i2\ndata: e2\ndata: x\n\n")), want: Fail, observed: `the data "e2\nx"`},
	{id: "resume.fidelity", name: "nothing to compare", t: told6(wire("resumed", 45, "i1", ":\n\n")), want: NotTested},

	{id: "resume.filter", name: "good", t: elsewhere(told6(visit("resumed", 45, "i1", 2, 3, 4, 5))), want: Pass},
	{id: "resume.filter", name: "leaks", t: elsewhere(told6(wire("resumed", 45, "i1", "id: i2\ndata: e2\n\nid: x\ndata: secret\n\n"))), want: Fail, observed: `"secret"`},
	{id: "resume.filter", name: "live, too", t: elsewhere(told6(wire("resumed", 45, "i1", "id: i2\ndata: e2\n\ndata: secret\n\n"), wire(witnessing, 1, "", "data: secret\n\n"))), want: NotTested, observed: "iso.topic"},
	{id: "resume.filter", name: "one topic", t: told6(visit("resumed", 45, "i1", 2, 3)), want: NotTested, observed: "another topic"},

	{id: "resume.at-head", name: "good", t: told6(visit("at-head", 55, "i4", 5)), want: Pass},
	{id: "resume.at-head", name: "replays", t: told6(visit("at-head", 55, "i4", 0, 1, 2, 3, 4, 5)), want: Fail, observed: "4 earlier events came again"},
	{id: "resume.at-head", name: "itself", t: told6(visit("at-head", 55, "i4", 4, 5)), want: Pass, observed: "resume.exclusive"},
	{id: "resume.at-head", name: "deaf", t: told6(visit("at-head", 55, "i4")), want: Fail, observed: "did not come"},
	{id: "resume.at-head", name: "ended", t: told6(visit("at-head", 55, "i4").ended(EndComplete)), want: Fail, observed: "the stream ended"},

	{id: "resume.partial", name: "good", t: told6(wire("cut", 1, "", "id: i1\ndata: e1\n\nid: i2\ndata: e2"), visit("after-cut", 45, "i1", 2, 3)), want: Pass},
	{id: "resume.partial", name: "skipped", t: told6(wire("cut", 1, "", "id: i1\ndata: e1\n\nid: i2\ndata: e2"), visit("after-cut", 45, "i1", 3)), want: Fail, observed: "did not come again"},
	{id: "resume.partial", name: "the rest of it", t: long2(told6(wire("cut", 1, "", "id: i1\ndata: e1\n\nid: i2\ndata: e2"), visit("after-cut", 45, "i1", 2))), want: Fail, observed: "2 of 7 bytes"},
	{id: "resume.partial", name: "as short for all", t: told6(wire("cut", 1, "", "id: i1\ndata: e1\n\nid: i2\ndata: e2"), visit("after-cut", 45, "i1", 2)), want: Pass},
	{id: "resume.partial", name: "not cut", t: told6(visit("cut", 1, "", 1, 2), visit("after-cut", 45, "i1", 2, 3)), want: NotTested, observed: "in the middle"},
	{id: "resume.partial", name: "cut before", t: told6(visit("cut", 1, "", 1), visit("after-cut", 45, "i1", 2, 3)), want: NotTested, observed: "in the middle"},

	{id: "resume.restart", name: "replayed", t: told6(visit("control", 25, "i0", 1), visit("resumed", 70, "i1", 2, 3, 4, 5)), want: Pass, observed: "replayed"},
	{id: "resume.restart", name: "told", t: told6(visit("control", 25, "i0", 1), visit("fresh", 70, ""), wire("resumed", 70, "i1", "event: gap\ndata: x\n\n")), want: Pass, observed: `told by an event of the type "gap"`},
	{id: "resume.restart", name: "silent", t: told6(visit("control", 25, "i0", 1), visit("resumed", 70, "i1")), want: Warn, observed: "of 4 events published before the restart, 0 came"},
	{id: "resume.restart", name: "some", t: told6(visit("control", 25, "i0", 1), visit("resumed", 70, "i1", 4, 5)), want: Warn, observed: "2 came"},
	{id: "resume.restart", name: "a greeting is no signal", t: told6(visit("control", 25, "i0", 1), wire("fresh", 70, "", "event: hello\ndata: 1\n\n"), wire("resumed", 70, "i1", "event: hello\ndata: 2\n\n")), want: Warn, observed: "nothing tells"},

	{id: "resume.evicted.signalled", name: "an event", t: flood(wire("after-flood-events", 70, "i0", "event: gap\ndata: x\n\n")), want: Pass, observed: `type "gap"`},
	{id: "resume.evicted.signalled", name: "a comment", t: flood(wire("after-flood-events", 70, "i0", ": 17 events are gone\n\n")), want: Pass, observed: "a comment: ## events are gone"},
	{id: "resume.evicted.signalled", name: "a field", t: flood(reply("after-flood-events", goodHead+"\nX-Gap: 1").from(70, "i0")), want: Pass, observed: "X-Gap"},
	{id: "resume.evicted.signalled", name: "a status", t: flood(turned("after-flood-events", 70, "i0", "HTTP/1.1 410 Gone")), want: Pass, observed: "status 410"},
	{id: "resume.evicted.signalled", name: "silent", t: flood(visit("after-flood-events", 70, "i0", 4, 5)), want: Warn, observed: "nothing tells"},
	{id: "resume.evicted.signalled", name: "silent tail", t: flood(visit("after-flood-events", 70, "i0")), want: Warn, observed: "nothing tells"},
	{id: "resume.evicted.signalled", name: "a heartbeat is no signal", t: flood(wire("after-flood-events", 70, "i0", ": ping 2\n\n"), wire("fresh", 70, "", ": ping 1\n\n")), want: Warn},
	{id: "resume.evicted.signalled", name: "a field of every resumption", t: flood(reply("after-flood-events", goodHead+"\nLast: earliest").from(70, "i0"), reply("control", goodHead+"\nLast: i0").sent("id: i1\ndata: e1\n\n").from(25, "i0")), want: Pass, observed: "Last"},
	{id: "resume.evicted.signalled", name: "all kept", t: flood(visit("after-flood-events", 70, "i0", 1, 2)), want: NotTested, observed: "5 events with 10 bytes"},
	{id: "resume.evicted.signalled", name: "the last counts", t: flood(visit("after-flood-events", 65, "i0", 1), visit("after-flood-bytes-4", 70, "i0", 5)), want: Warn},
	{id: "resume.evicted.signalled", name: "not honoured", t: told6(visit("control", 25, "i0"), visit("after-flood-events", 70, "i0")), want: NotTested, observed: "resume.honoured"},

	{id: "resume.window", name: "all", t: flood(visit("after-flood-events", 70, "i0", 1, 2)), want: Told, observed: "5 events with 10 bytes of data are kept, and perhaps more"},
	{id: "resume.window", name: "some", t: flood(visit("after-flood-events", 70, "i0", 4, 5)), want: Told, observed: "the newest 2 events with 4 bytes"},
	{id: "resume.window", name: "none", t: flood(visit("after-flood-events", 70, "i0")), want: Told, observed: "none is replayed"},
}

var cursorLiterals = []literal{
	{id: "resume.future-id", name: "good", t: told6(visit("future", 55, "i99", 5)), want: Pass, observed: "live events only"},
	{id: "resume.future-id", name: "replays", t: told6(visit("future", 55, "i99", 0, 1, 2, 3, 4, 5)), want: Pass, observed: "replays 5 of 5 events"},
	{id: "resume.future-id", name: "mute", t: told6(visit("future", 55, "i99", 1)), want: Warn, observed: `with the ID "i99" nothing came`},
	{id: "resume.future-id", name: "ended", t: told6(visit("future", 55, "i99").ended(EndComplete)), want: Warn, observed: "the stream ended"},
	{id: "resume.future-id", name: "refused", t: told6(turned("future", 55, "i99", "HTTP/1.1 400 No")), want: NotTested, observed: "status 400"},
	{id: "resume.future-id", name: "no counting", t: told6(), want: NotTested, observed: "do not count"},

	{id: "resume.unknown.not-fatal", name: "good", t: told6(visit("unknown", 70, "x"), visit("unknown-similar", 70, "y", 0, 1)), want: Pass, observed: "replays 2 of 6"},
	{id: "resume.unknown.not-fatal", name: "400", t: told6(turned("unknown", 70, "x", "HTTP/1.1 400 No")), want: Fail, observed: "an ID that it does not know is answered with status 400"},
	{id: "resume.unknown.not-fatal", name: "204", t: told6(visit("unknown", 70, "x"), turned("unknown-similar", 70, "y", "HTTP/1.1 204 No")), want: Fail, observed: "status 204"},
	{id: "resume.unknown.not-fatal", name: "breaks off", t: told6(visit("unknown", 70, "x").ended(EndComplete)), want: Fail, observed: "the stream ends"},
	{id: "resume.unknown.not-fatal", name: "streams are short here", t: told6(visit("unknown", 70, "x").ended(EndComplete), visit(witnessing, 1, "", 0).ended(EndComplete)), want: Pass},
	{id: "resume.unknown.not-fatal", name: "no longer known", t: told6(visit("unknown", 70, "x"), turned("after-flood-events", 70, "i0", "HTTP/1.1 410 Gone").in("resume-window")), want: Fail, observed: "from long ago"},
	{id: "resume.unknown.not-fatal", name: "full", t: told6(turned("unknown", 70, "x", "HTTP/1.1 429 No")), want: NotTested},

	{id: "resume.malformed", name: "good", t: told6(visit("malformed-letters", 70, "abc")), want: Pass},
	{id: "resume.malformed", name: "refused", t: told6(visit("malformed-letters", 70, "abc"), turned("malformed-long", 70, "777", "HTTP/1.1 431 No")), want: Pass, observed: "1 of 2 refused"},
	{id: "resume.malformed", name: "500", t: told6(turned("malformed-letters", 70, "abc", "HTTP/1.1 500 No")), want: Fail, observed: `the ID "abc" is answered with status 500`},
	{id: "resume.malformed", name: "breaks off", t: told6(visit("malformed-negative", 70, "-1").ended(EndCut)), want: Fail, observed: `for the ID "-1" the stream ends`},
	{id: "resume.malformed", name: "not answered", t: told6(mute("malformed-emoji", "x")), want: Fail, observed: "not answered"},
	{id: "resume.malformed", name: "another topic", t: elsewhere(told6(wire("malformed-statement", 70, "1;drop", "data: secret\n\n"))), want: Fail, observed: "opens another topic"},
	{id: "resume.malformed", name: "full", t: told6(turned("malformed-letters", 70, "abc", "HTTP/1.1 503 No")), want: NotTested},

	{id: "resume.empty-header", name: "good", t: told6(visit("fresh-1", 55, "", 5), visit("fresh-2", 55, "", 5), visit("empty", 55, "", 5)), want: Pass},
	{id: "resume.empty-header", name: "as always", t: told6(visit("fresh-1", 55, "", 0, 5), visit("fresh-2", 55, "", 0, 5), visit("empty", 55, "", 0, 5)), want: Pass},
	{id: "resume.empty-header", name: "zero", t: told6(visit("fresh-1", 55, "", 5), visit("fresh-2", 55, "", 5), visit("empty", 55, "", 0, 1, 2, 3, 4, 5)), want: Warn, observed: "replays 5 of 5"},
	{id: "resume.empty-header", name: "refused", t: told6(visit("fresh-1", 55, "", 5), visit("fresh-2", 55, "", 5), turned("empty", 55, "", "HTTP/1.1 400 No")), want: Warn, observed: "status 400"},
	{id: "resume.empty-header", name: "not alike", t: told6(visit("fresh-1", 55, "", 0, 5), visit("fresh-2", 55, "", 5), visit("empty", 55, "", 5)), want: NotTested, observed: "resume.first-connect"},

	{id: "resume.query-param", name: "two of them", t: told6(visit("lastEventId", 45, "i0", 1, 2, 3, 4, 5), visit("last_event_id", 45, "i0", 1, 2, 3, 4, 5), visit("last-event-id", 45, "i0", 4, 5)), want: Pass, observed: "lastEventId, last_event_id"},
	{id: "resume.query-param", name: "none", t: told6(visit("lastEventId", 45, "i0", 4, 5), visit("last_event_id", 45, "i0", 4, 5)), want: Warn, observed: "none of lastEventId"},
	{id: "resume.query-param", name: "everything always", t: told6(visit("lastEventId", 45, "i1", 0, 1, 2, 3, 4, 5)), want: Warn, observed: "none of lastEventId"},

	{id: "resume.header-wins", name: "good", t: told6(visit("lastEventId", 45, "i0", 1, 2, 3, 4, 5), visit("both", 45, "i2", 3, 4, 5)), want: Pass},
	{id: "resume.header-wins", name: "query", t: told6(visit("lastEventId", 45, "i0", 1, 2, 3, 4, 5), visit("both", 45, "i2", 1, 2, 3, 4, 5)), want: Fail, observed: "that the query names"},
	{id: "resume.header-wins", name: "header alone", t: told6(visit("lastEventId", 45, "i0", 4, 5), visit("both", 45, "i2", 3, 4, 5)), want: NotTested, observed: "resume.query-param"},
	{id: "resume.header-wins", name: "neither", t: told6(visit("lastEventId", 45, "i0", 1, 2, 3, 4, 5), visit("both", 45, "i2", 4, 5)), want: NotTested, observed: "nothing is replayed"},

	{id: "resume.header-utf8", name: "good", t: told6(visit("by-ascii", 45, "i0", 1, 2, 3, 4, 5), visit("by-utf8", 45, "i1", 2, 3, 4, 5)), want: Pass},
	{id: "resume.header-utf8", name: "from the beginning", t: told6(visit("by-ascii", 45, "i0", 1, 2, 3, 4, 5), visit("by-utf8", 45, "i1", 0, 1, 2, 3, 4, 5)), want: Fail, observed: "1 earlier event came again"},
	{id: "resume.header-utf8", name: "nothing", t: told6(visit("by-ascii", 45, "i0", 1, 2, 3, 4, 5), visit("by-utf8", 45, "i1", 4, 5)), want: Fail, observed: "none came"},
	{id: "resume.header-utf8", name: "refused there", t: told6(visit("by-ascii", 45, "i0", 1, 2), turned("by-utf8", 45, "i1", "HTTP/1.1 400 No")), want: Fail, observed: "status 400"},
	{id: "resume.header-utf8", name: "not even ASCII", t: told6(visit("by-ascii", 45, "i0", 4, 5), visit("by-utf8", 45, "i1", 4, 5)), want: NotTested, observed: "not honoured"},
	{id: "resume.header-utf8", name: "other IDs", t: told6(visit("by-ascii", 45, "x", 4, 5), visit("by-utf8", 45, "é", 4, 5)), want: NotTested, observed: "do not have the IDs"},
	{id: "resume.header-utf8", name: "cannot be published", t: told6().with(&Publication{Fields: Fields{"data": "x", "id": "é"}, Status: 422}), want: Pass, observed: "refused with 422"},

	{id: "resume.header-name-case", name: "good", t: told6(visit("lower-case", 45, "i1", 2, 3, 4, 5)), want: Pass},
	{id: "resume.header-name-case", name: "not known", t: told6(visit("lower-case", 45, "i1", 4, 5)), want: Fail, observed: "of 2 events published since the ID, none came"},
	{id: "resume.header-name-case", name: "HTTP/2", t: told6(over2(visit("lower-case", 45, "i1", 4, 5))), want: Pass, observed: "HTTP/2"},
	{id: "resume.header-name-case", name: "refused", t: told6(turned("lower-case", 45, "i1", "HTTP/1.1 400 No")), want: Fail, observed: "status 400"},

	{id: "resume.first-connect", name: "live", t: told6(visit("fresh-1", 55, "", 5), visit("fresh-2", 55, "", 5)), want: Told, observed: "live events only"},
	{id: "resume.first-connect", name: "all", t: told6(visit("fresh-1", 55, "", 0, 5), visit("fresh-2", 55, "", 0, 5)), want: Told, observed: "replays 1 of 5 events"},
	{id: "resume.first-connect", name: "now so, now so", t: told6(visit("fresh-1", 55, "", 0, 5), visit("fresh-2", 55, "", 5)), want: Told, observed: "one stream without an ID replays 1 of 5 events, and the next live events only"},
}

var returnLiterals = []literal{
	{id: "resume.abort-kinds", name: "good", t: told6(visit("after-close", 25, "i0", 1), visit("after-abort", 45, "i2", 3)), want: Pass},
	{id: "resume.abort-kinds", name: "close alone", t: told6(visit("after-close", 25, "i0", 1), visit("after-abort", 45, "i2", 4)), want: Fail, observed: "after it was aborted not"},
	{id: "resume.abort-kinds", name: "abort alone", t: told6(visit("after-close", 25, "i0"), visit("after-abort", 45, "i2", 3)), want: Fail, observed: "after it was closed not"},
	{id: "resume.abort-kinds", name: "locked out", t: told6(visit("after-close", 25, "i0", 1), turned("after-abort", 45, "i2", "HTTP/1.1 409 No")), want: Fail, observed: "after it was aborted not"},
	{id: "resume.abort-kinds", name: "neither", t: told6(visit("after-close", 25, "i0"), visit("after-abort", 45, "i2")), want: NotTested, observed: "resume.honoured"},

	{id: "resume.chained", name: "good", t: told6(visit("round-1", 25, "i1"), visit("final", 70, "i1", 2, 3, 4, 5)), want: Pass},
	{id: "resume.chained", name: "lost", t: told6(visit("round-1", 25, "i1"), visit("final", 70, "i1")), want: Fail, observed: "after 10 reconnections, 0 of 4 events came"},
	{id: "resume.chained", name: "taken away", t: told6(wire("round-1", 25, "i1", "id:\n\n"), visit("final", 70, "")), want: Fail, observed: "takes the last event ID from its client"},
	{id: "resume.chained", name: "locked out", t: told6(visit("round-1", 25, "i1"), turned("round-2", 25, "i1", "HTTP/1.1 400 No")), want: Fail, observed: "reconnection 2 is answered with status 400"},
	{id: "resume.chained", name: "by the ID of a heartbeat", t: told6(visit("round-1", 25, "i1"), visit("final", 70, "beat-7", 2, 3, 4, 5)), want: Pass},

	{id: "resume.concurrent-cursors", name: "good", t: told6(visit("early", 70, "i1", 2, 3, 4, 5), visit("late", 70, "i3", 4, 5)), want: Pass},
	{id: "resume.concurrent-cursors", name: "shared", t: told6(visit("early", 70, "i1", 2, 3, 4, 5), visit("late", 70, "i3", 2, 3, 4, 5)), want: Fail, observed: "from the late ID repeats 1 event"},
	{id: "resume.concurrent-cursors", name: "moved on", t: told6(visit("early", 70, "i1", 4, 5), visit("late", 70, "i3", 4, 5)), want: Fail, observed: "from the early ID lacks 2 events"},
	{id: "resume.concurrent-cursors", name: "ignored", t: told6(visit("early", 70, "i1"), visit("late", 70, "i3")), want: NotTested, observed: "resume.honoured"},

	{id: "resume.no-stealing", name: "good", t: told6(visit("a", 1, "", 0, 1, 2, 3, 4, 5), visit("b", 2, "", 0, 1, 2, 3, 4, 5)), want: Pass},
	{id: "resume.no-stealing", name: "one queue", t: told6(visit("a", 1, "", 0, 2, 4), visit("b", 2, "", 1, 3, 5)), want: Fail, observed: "of 6 events, 3 came to one stream and 3 to the other"},
	{id: "resume.no-stealing", name: "the newer one", t: told6(visit("a", 1, ""), visit("b", 2, "", 0, 1, 2, 3, 4, 5)), want: Fail, observed: "0 came to one stream and 6"},
	{id: "resume.no-stealing", name: "without IDs", t: stopped("no ids: x", told6(wire("a", 1, "", asData("e0")), wire("b", 2, "", asData("e0")))), want: Fail, observed: "1 came to one stream and 1"},
	{id: "resume.no-stealing", name: "ended", t: told6(visit("a", 1, "", 0).ended(EndComplete), visit("b", 2, "", 0, 1, 2, 3, 4, 5)), want: NotTested, observed: "ended a stream"},
}

// told6 is an exchange in which six events were published, and a witness got
// them all.
func told6(connections ...*Connection) *Transcript {
	t := transcript(append(connections, visit(witnessing, 1, "", 0, 1, 2, 3, 4, 5))...)
	for i := range 6 {
		t.with(&Publication{Accepted: true, Fields: Fields{"data": fmt.Sprintf("e%d", i)}, Sent: ms(10 * (i + 1))})
	}
	return t
}

// flood is told6 with a stream that resumed in between without a loss.
func flood(connections ...*Connection) *Transcript {
	return told6(append(connections, visit("control", 25, "i0", 1))...)
}

// visit is a stream that was asked for at a time and got the events of the
// places.
func visit(name string, at int, after string, places ...int) *Connection {
	var text strings.Builder
	for _, i := range places {
		fmt.Fprintf(&text, "id: i%d\ndata: e%d\n\n", i, i)
	}
	return wire(name, at, after, text.String())
}

func wire(name string, at int, after, text string) *Connection {
	return body(text).called(name).from(at, after)
}

// turned is an answer that is no stream.
func turned(name string, at int, after, head string) *Connection {
	return reply(name, head).from(at, after)
}

func (c *Connection) from(at int, after string) *Connection {
	c.Sent, c.Responded, c.After = ms(at), ms(at+1), after
	return c
}

// mute is a connection that was closed without an answer.
func mute(name, after string) *Connection {
	return &Connection{Name: name, Method: "GET", Dialed: ms(1), Sent: ms(2), After: after, End: EndCut}
}

func over2(c *Connection) *Connection {
	c.Protocol = "HTTP/2.0"
	return c
}

func stopped(problem string, t *Transcript) *Transcript {
	t.Problem = problem
	return t
}

// alsoIn adds to the exchange what was published in the literal's own.
func (t *Transcript) alsoIn(exchange string) *Transcript {
	for _, p := range slices.Clone(t.Publications) {
		twin := *p
		twin.Exchange = exchange
		t.with(&twin)
	}
	return t
}

// elsewhere adds an event of another topic.
func elsewhere(t *Transcript) *Transcript {
	return t.with(&Publication{Accepted: true, Topic: "other", Fields: Fields{"data": "secret"}, Sent: ms(35)})
}

// long2 makes the third event longer than what came of it to all but the
// witness.
func long2(t *Transcript) *Transcript {
	t.Publications[2].Fields["data"] = "e2\nmore"
	witness := t.named(witnessing)
	whole := strings.Replace(string(witness.bytes()), "data: e2\n", "data: e2\ndata: more\n", 1)
	*witness = *wire(witnessing, 1, "", whole)
	return t
}

func TestBeyond(t *testing.T) {
	for _, c := range []struct{ older, newer, want string }{
		{"7", "9", "1000009"},
		{"9", "10", "1000010"},
		{"e-7", "e-12", "e-1000012"},
		{"m8x2-98", "m8x2-101", "m8x2-1000101"},
		{"1700000000000-0", "1700000000123-0", "1700001000123-0"},
		{"9", "7", ""},
		{"7", "7", ""},
		{"abc", "abd", ""},
		{"3f0a", "8ac1", ""},
		{"1-1", "2-7", ""},
		{"9007199254740991", "9007199254740993", ""},
		{"", "1", ""},
	} {
		if got, ok := beyond(c.older, c.newer); got != c.want || ok != (c.want != "") {
			t.Errorf("beyond %q and %q: %q %t, want %q", c.older, c.newer, got, ok, c.want)
		}
	}
}

func TestSimilar(t *testing.T) {
	for _, c := range []struct {
		id, want string
		ok       bool
	}{
		{"m8x2k1ab-57", "m3x7k6ab-02", true},
		{"12345", "67890", false},
		{"abcdefgh", "abcdefgh", false},
		{"é2345678", "é7890123", true},
	} {
		if got, ok := similar(c.id); got != c.want || ok != c.ok {
			t.Errorf("similar to %q: %q %t, want %q %t", c.id, got, ok, c.want, c.ok)
		}
	}
}
