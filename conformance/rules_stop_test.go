package conformance

var stopLiterals = []literal{
	{id: "stop.204", name: "204", t: done(reply("again", "HTTP/1.1 204 No Content")), want: Pass, observed: "204"},
	{id: "stop.204", name: "gone", t: done(reply("again", "HTTP/1.1 410 Gone\nContent-Length: 0")), want: Pass, observed: "410"},
	{id: "stop.204", name: "error", t: done(reply("again", "HTTP/1.1 500 Internal Server Error")), want: Warn, observed: "status 500"},
	{id: "stop.204", name: "begins again", t: done(body("data: first\n\n").called("again")), want: Warn, observed: `begins again with 1 event: "first"`},
	{id: "stop.204", name: "waits", t: done(body(":\n\n").called("again")), want: Warn, observed: "nothing comes"},
	{id: "stop.204", name: "empty", t: done(body().called("again").ended(EndComplete)), want: NotTested, observed: "stop.no-empty-loop"},
	{id: "stop.204", name: "the last event", t: done(body("data: ssegauge-last\n\n").called("again")), want: NotTested, observed: "stop.resume-after-end"},
	{id: "stop.204", name: "closed with a retry", t: done(body("retry: 60000\n\n").called("again").ended(EndComplete)), want: Pass, observed: "retry"},
	{id: "stop.204", name: "did not end", t: transcript(body("data: ssegauge-last\n\n")).with(put("", lastData)), want: NotTested, observed: "did not end"},
	{id: "stop.204", name: "no answer", t: done(&Connection{Name: "again", Problem: "no answer in time"}), want: NotTested, observed: "no answer in time"},

	{id: "stop.204.empty", name: "good", t: transcript(reply("again", "HTTP/1.1 204 No Content")), want: Pass},
	{id: "stop.204.empty", name: "length", t: transcript(reply("again", "HTTP/1.1 204 No Content\nContent-Length: 0")), want: Fail, observed: "Content-Length: 0"},
	{id: "stop.204.empty", name: "transfer coding", t: transcript(reply("again", "HTTP/1.1 204 No Content\nTransfer-Encoding: chunked")), want: Fail, observed: "chunked"},
	{id: "stop.204.empty", name: "body", t: transcript(followed("bye")), want: Fail, observed: `3 bytes follow the head: "bye"`},
	{id: "stop.204.empty", name: "another status", t: transcript(body()), want: NotTested},

	{id: "stop.terminal-event", name: "good", t: ending(body("data: ssegauge-last\n\nevent: done\ndata: {}\n\n").ended(EndComplete)), want: Told, observed: `event "done"`},
	{id: "stop.terminal-event", name: "none", t: ending(body("data: ssegauge-last\n\n").ended(EndComplete)), want: Told, observed: "nothing follows"},

	{id: "stop.clean-eof", name: "complete", t: ending(body("data: ssegauge-last\n\n").ended(EndComplete)), want: Pass},
	{id: "stop.clean-eof", name: "closed", t: ending(body("data: ssegauge-last\n\n").ended(EndClosed)), want: Pass, observed: "without framing"},
	{id: "stop.clean-eof", name: "cut", t: ending(body("data: ssegauge-last\n\n").ended(EndCut)), want: Warn, observed: "the end is cut"},
	{id: "stop.clean-eof", name: "reset", t: ending(body("data: ssegauge-last\n\n").ended(EndReset)), want: Warn, observed: "reset"},
	{id: "stop.clean-eof", name: "malformed", t: ending(body("data: ssegauge-last\n\n").ended(EndMalformed)), want: Warn, observed: "malformed"},
	{id: "stop.clean-eof", name: "open", t: ending(body("data: ssegauge-last\n\n")), want: NotTested},

	{id: "stop.no-empty-loop", name: "open", t: transcript(body(":\n\n")), want: Pass},
	{id: "stop.no-empty-loop", name: "empty", t: transcript(body(":\n\n").ended(EndComplete)), want: Warn, observed: "without an event and without a retry"},
	{id: "stop.no-empty-loop", name: "with a retry", t: transcript(body("retry: 1000\n\n").ended(EndComplete)), want: Pass},
	{id: "stop.no-empty-loop", name: "with an event", t: transcript(body("data: x\n\n").ended(EndComplete)), want: Pass},
	{id: "stop.no-empty-loop", name: "no stream", t: nothing(), want: NotTested},

	{id: "stop.resume-after-end", name: "204", t: done(reply("again", "HTTP/1.1 204 No Content")), want: Pass, observed: "204"},
	{id: "stop.resume-after-end", name: "silence", t: done(body(":\n\n").called("again")), want: Pass, observed: "silence"},
	{id: "stop.resume-after-end", name: "again", t: done(body("data: ssegauge-last\n\n").called("again")), want: Warn, observed: "the last event comes again"},
}

// ending is a stream whose topic was finished.
func ending(c *Connection) *Transcript { return transcript(c).with(put("", lastData)) }

// done is a stream that was finished, and the answer to a client that comes
// back.
func done(again *Connection) *Transcript {
	t := ending(body("data: ssegauge-last\n\n").ended(EndComplete))
	t.Connections = append(t.Connections, again)
	return t
}

// followed is a response that is followed by bytes.
func followed(text string) *Connection {
	c := reply("again", "HTTP/1.1 204 No Content")
	c.Stray = Bytes(text)
	return c
}
