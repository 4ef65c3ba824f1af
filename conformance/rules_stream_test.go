package conformance

// bad is a stream that a check objects to, good one that it does not.
func bad(id, observed string, want Outcome, chunks ...string) literal {
	return literal{id: id, name: "bad", t: transcript(body(chunks...)), want: want, observed: observed}
}

func good(id string, chunks ...string) literal {
	return literal{id: id, name: "good", t: transcript(body(chunks...)), want: Pass}
}

const ordinary = ": hello\nretry: 1000\n\nevent: a\nid: 1\ndata: é\ndata: x\n\n"

var streamLiterals = []literal{
	good("stream.utf8.valid", ordinary),
	bad("stream.utf8.valid", `1 line, the first: bytes that are not UTF-8 in "data: caf\xe9"`, Fail, "data: caf\xe9\n\n"),
	{id: "stream.utf8.valid", name: "nothing heard", t: transcript(body()), want: NotTested, observed: "no line"},

	good("stream.utf8.no-cesu", "data: \U0001F600\n\n"),
	bad("stream.utf8.no-cesu", "1 surrogate pair, the first: at byte 6", Fail, "data: \xed\xa0\xbd\xed\xb8\x80\n\n"),

	{id: "stream.utf8.split-across-flush", name: "whole", t: transcript(body("data: é\n\n", "data: é\n\n")), want: Told},
	bad("stream.utf8.split-across-flush", "1 split character, the first: at byte 7", Told, "data: \xc3", "\xa9\n\n"),

	{id: "stream.bom.start", name: "none", t: transcript(body(ordinary)), want: Told},
	bad("stream.bom.start", "begins with a byte order mark", Told, "\ufeffdata: x\n\n"),

	good("stream.bom.later", "\ufeffdata: x\n\n"),
	bad("stream.bom.later", "1 line", Fail, "data: x\n\n\ufeffdata: y\n\n"),

	good("stream.eol.mixed", "data: x\r\n\r\ndata: y\r\n\r\n"),
	good("stream.eol.mixed", "data: a\rb\n\n"),
	bad("stream.eol.mixed", `2 lines, the first: \r\n after lines that end with \n`, Warn, "data: x\n\n:\r\n\r\n"),

	good("stream.eol.lone-cr", "data: x\r\rdata: y\r\r"),
	bad("stream.eol.lone-cr", `1 line, the first: "data: a\r"`, Warn, "data: a\rb\n\n"),

	{id: "stream.eol.crlf", name: "LF", t: transcript(body(ordinary)), want: Told},
	bad("stream.eol.crlf", "2 lines", Told, "data: x\r\n\r\n"),

	{id: "stream.event.terminated", name: "good", t: transcript(body("data: m\n\n", "data: e1\n\n")).with(mark("m"), put("", "e1")), want: Pass},
	{id: "stream.event.terminated", name: "one line feed", t: transcript(body("data: m\n", "data: e1\n", "data: e2\n")).with(mark("m"), put("", "e1"), put("", "e2")),
		want: Fail, observed: "of 3 accepted events, 3 reached the stream as data and were not dispatched"},
	{id: "stream.event.terminated", name: "nothing", t: transcript(body(":\n\n")).with(mark("m")), want: Fail, observed: "name the same topic"},
	{id: "stream.event.terminated", name: "one lost", t: transcript(body("data: m\n\n")).with(mark("m"), put("", "e1")), want: Fail, observed: "1 never reached"},
	{id: "stream.event.terminated", name: "another field", t: transcript(body("data: m\n\nData: e1\n\n")).with(mark("m"), put("", "e1")), want: Pass},

	{id: "stream.event.terminator-timely", name: "good", t: transcript(body("data: a\n\n", "data: b\n\n")), want: Pass},
	{id: "stream.event.terminator-timely", name: "with the next", t: transcript(body("data: a", "\n\ndata: b\n", "\ndata: c\n", "\n")), want: Fail, observed: "of 3 events, 2 got"},
	{id: "stream.event.terminator-timely", name: "with a heartbeat", t: transcript(body("data: a\n", ":\n\ndata: b\n", ":\n\n")), want: Fail, observed: "of 2 events, 2 got"},
	{id: "stream.event.terminator-timely", name: "one slow packet", t: transcript(body("data: a\n\n", "data: b\n", "\n")), want: Pass},

	good("stream.line.unknown-field", ordinary+"Data: x\n data: x\n\ufeffdata: x\nraw\n\n"),
	bad("stream.line.unknown-field", `1 line, the first: the field ""a""`, Warn, "data: {\n\"a\": 1\n}\n\n"),
	{id: "stream.line.unknown-field", name: "allowed", t: allowing("heartbeatTimeout", transcript(body("heartbeatTimeout: 100\n\n"))), want: Pass},

	good("stream.line.no-colon", "data\n\nid\n\n"),
	bad("stream.line.no-colon", `1 line, the first: "}"`, Warn, "data: {\n}\n\n"),

	good("stream.field.case", ordinary),
	bad("stream.field.case", `the field "Data"`, Fail, "Data: x\n\n"),

	good("stream.field.indent", "data:  x\n\n"),
	bad("stream.field.indent", `2 lines, the first: the field " data"`, Fail, " data: x\ndata : y\n\n"),

	{id: "stream.field.space-style", name: "with", t: transcript(body(ordinary)), want: Told, observed: "with"},
	bad("stream.field.space-style", "no blank behind the colon", Told, "data:x\n\n"),
	bad("stream.field.space-style", "1 field with a blank behind the colon, 1 without", Warn, "data:x\n\ndata: x\n\n"),
	{id: "stream.field.space-style", name: "no field", t: transcript(body(":\n\n")), want: NotTested},

	good("stream.block.no-data", "id: 1\n\nevent: a\ndata\n\nevent: cut\n"),
	bad("stream.block.no-data", `1 block, the first: "event: ping"`, Warn, "event: ping\n\n"),

	good("stream.block.repeated-field", "data: a\ndata: b\nid: 1\n\nid: 2\n\n"),
	bad("stream.block.repeated-field", "1 block, the first: 2 id lines", Warn, "id: 1\ndata: a\nid: 2\n\n"),

	good("stream.control-chars", "data: a\tb\n\n"),
	bad("stream.control-chars", `"data: a\x00"`, Warn, "data: a\x00\n\n"),
	{id: "stream.control-chars", name: "published", t: transcript(body("data: a\vb\n\n").in("payload")), want: Pass},

	{id: "stream.line.length", name: "short", t: transcript(body("data: x\n\n")), want: Told, observed: "7 bytes"},
	bad("stream.line.length", "70006 bytes", Told, "data: "+large(70000)+"\n\n"),

	{id: "stream.interleave", name: "whole", t: transcript(body(asData(checksummed("a")) + ":\n\n" + asData(checksummed("b")))), want: Pass},
	{id: "stream.interleave", name: "torn", t: transcript(body(asData(checksummed("a")), asData("ssegauge-sum:0:x\ny"))), want: Fail, observed: "1 event or lines"},
	{id: "stream.interleave", name: "raw", t: transcript(body(asData(checksummed("a")), "wxyz\n\n")), want: Fail},
	{id: "stream.interleave", name: "allowed", t: allowing("sent", transcript(body("sent: 1\n"+asData(checksummed("a"))))), want: Pass},
	{id: "stream.interleave", name: "lines raw, as published", t: transcript(body("data: " + checksummed("a") + "\n\n")).with(put("", checksummed("a"))), want: NotTested, observed: "see data.multiline.lf"},
	{id: "stream.interleave", name: "lines raw, and torn", t: transcript(body("data: " + checksummed("a") + "\n01234\n\n")).with(put("", checksummed("a"))), want: Fail, observed: "1 event or lines"},
	{id: "stream.interleave", name: "nothing", t: transcript(body("data: ssegauge-x-1\n\n")), want: NotTested},

	{id: "stream.eof.complete", name: "good", t: transcript(body(ordinary).ended(EndComplete)), want: Pass},
	{id: "stream.eof.complete", name: "cut", t: transcript(body("data: x\n\ndata: y\n").ended(EndComplete)), want: Fail, observed: "inside a block"},
	{id: "stream.eof.complete", name: "cut line", t: transcript(body("data: x\n\ndata").ended(EndCut)), want: Fail, observed: "inside a block"},
	{id: "stream.eof.complete", name: "we left", t: transcript(body("data: x\n")), want: NotTested, observed: "ended no stream"},

	{id: "stream.error.in-band", name: "good", t: transcript(body(ordinary).ended(EndComplete)), want: Pass},
	{id: "stream.error.in-band", name: "page", t: transcript(body(ordinary, "<html><h1>500</h1>").ended(EndComplete)), want: Warn, observed: "<html>"},
	{id: "stream.error.in-band", name: "a payload's line", t: transcript(body("data: a\n[DONE]\n\n").ended(EndComplete)).with(put("", "a\n[DONE]")), want: Pass},
	{id: "stream.error.in-band", name: "JSON", t: transcript(body(ordinary, "{\"error\":1}\n").ended(EndComplete)), want: Warn, observed: "error"},

	good("stream.sentinel-literals", "id: 1\ndata: null\n\n"),
	bad("stream.sentinel-literals", `1 line, the first: "id: undefined"`, Warn, "id: undefined\ndata: x\n\n"),

	{id: "stream.preamble", name: "comment", t: transcript(body(":ok\n\ndata: x\n\n")), want: Told, observed: "5 bytes before the first event"},
	bad("stream.preamble", `"padding" before the first event`, Told, "padding\n\ndata: x\n\n"),
}

func allowing(field string, t *Transcript) *Transcript {
	t.Facts.AllowFields = []string{field}
	return t
}

// asData is data as it goes over the wire.
func asData(data string) string { return block(Fields{"data": data}) }

// publishedAs is a check's payload and what went over the wire for it.
func publishedAs(id, name, data, wire string, want Outcome, observed string) literal {
	return literal{id: id, name: name, t: framed(put(id, data), wire), want: want, observed: observed}
}

// roundTrip is a payload that arrives, and one that is lost on its way.
func roundTrip(id, data, broken, observed string) []literal {
	return []literal{
		publishedAs(id, "good", data, asData(data), Pass, ""),
		publishedAs(id, "bad", data, broken, Fail, observed),
	}
}
