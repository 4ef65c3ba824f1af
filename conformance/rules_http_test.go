package conformance

import "time"

var targetLiterals = []literal{
	{id: "target.alive", name: "alive", t: &Transcript{Probes: []Probe{{After: "open"}}}, want: Pass},
	{id: "target.alive", name: "dead", t: &Transcript{Probes: []Probe{{After: "open"}, {After: "burst", Problem: "connection refused"}}},
		want: Fail, observed: "after the exchange burst: connection refused"},
}

var httpLiterals = []literal{
	{id: "http.status.ok", name: "200", t: transcript(reply("stream", goodHead)), want: Pass},
	{id: "http.status.ok", name: "202", t: transcript(reply("stream", "HTTP/1.1 202 Accepted")), want: Fail, observed: "status 202"},
	{id: "http.status.ok", name: "silent", t: nothing(), want: Fail, observed: "no response came"},

	{id: "http.content-type.essence", name: "case and parameter", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: Text/Event-Stream; charset=UTF-8")), want: Pass},
	{id: "http.content-type.essence", name: "plain", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: text/plain")), want: Fail, observed: "text/plain"},
	{id: "http.content-type.essence", name: "none", t: transcript(reply("stream", "HTTP/1.1 200 OK")), want: Fail, observed: `""`},
	{id: "http.content-type.essence", name: "404", t: transcript(reply("stream", "HTTP/1.1 404 Not Found")), want: NotTested, observed: "404"},

	{id: "http.content-type.single", name: "one", t: transcript(head("X: y")), want: Pass},
	{id: "http.content-type.single", name: "two", t: transcript(head("content-type: text/html")), want: Fail, observed: "2 fields"},

	{id: "http.content-type.syntax", name: "parameter", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: text/event-stream;charset=utf-8")), want: Pass},
	{id: "http.content-type.syntax", name: "blank", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: text/event-stream ; charset=utf-8")), want: Warn, observed: "stream ; charset"},

	{id: "http.content-type.charset", name: "none", t: transcript(head("X: y")), want: Pass, observed: "no charset"},
	{id: "http.content-type.charset", name: "quoted", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: text/event-stream; Charset=\"UTF-8\"")), want: Pass, observed: "utf-8"},
	{id: "http.content-type.charset", name: "Latin-1", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: text/event-stream;charset=ISO-8859-1")), want: Fail, observed: "ISO-8859-1"},

	{id: "http.head.flush", name: "at once", t: transcript(head("X: y").after(ms(20))), want: Pass},
	{id: "http.head.flush", name: "late", t: transcript(head("X: y").after(1200 * time.Millisecond)), want: Warn, observed: "1.200 s"},
	{id: "http.head.flush", name: "late as everything", t: transcript(head("X: y").after(ms(1200)), reply("head", goodHead).after(ms(900)).in("head")), want: Pass},
	{id: "http.head.flush", name: "with the first event", t: transcript(head("X: y").after(ms(100))).with(mark("m")), want: Warn, observed: "after an event was published"},
	{id: "http.head.flush", name: "never", t: nothing(), want: NotTested},

	{id: "http.cache-control", name: "no-store", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nCache-Control: No-Store")), want: Pass, observed: "no-store"},
	{id: "http.cache-control", name: "two fields", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nCache-Control: private\nCache-Control: no-cache")), want: Pass, observed: "no-cache"},
	{id: "http.cache-control", name: "absent", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: text/event-stream")), want: Warn, observed: "no Cache-Control"},
	{id: "http.cache-control", name: "private", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nCache-Control: private")), want: Warn, observed: "private"},
	{id: "http.cache-control", name: "max-age", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nCache-Control: max-age=60")), want: Fail, observed: "max-age=60"},
	{id: "http.cache-control", name: "max-age 0", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nCache-Control: no-cache, max-age=0")), want: Pass},
	{id: "http.cache-control", name: "public", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nCache-Control: public, max-age=0")), want: Fail, observed: "public"},

	{id: "http.cache-control.private", name: "private", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nCache-Control: private, no-cache")), want: Pass, observed: "private"},
	{id: "http.cache-control.private", name: "no-cache alone", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nCache-Control: no-cache")), want: Warn, observed: "no-cache"},

	{id: "http.no-transform", name: "nginx", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nX-Accel-Buffering: no")), want: Pass, observed: "X-Accel-Buffering"},
	{id: "http.no-transform", name: "neither", t: transcript(reply("stream", "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nX-Accel-Buffering: yes")), want: Warn},

	{id: "http.no-content-length", name: "none", t: transcript(head("X: y")), want: Pass},
	{id: "http.no-content-length", name: "open", t: transcript(head("Content-Length: 4096")), want: Fail, observed: "4096"},
	{id: "http.no-content-length", name: "a finished stream", t: transcript(head("Content-Length: 10").ended(EndComplete)), want: Pass},
	{id: "http.no-content-length", name: "both", t: transcript(head("Content-Length: 10\nTransfer-Encoding: chunked").ended(EndComplete)), want: Fail, observed: "beside"},

	{id: "http.no-validators", name: "none", t: transcript(head("X: y").called("conditional")), want: Pass},
	{id: "http.no-validators", name: "304", t: transcript(reply("conditional", "HTTP/1.1 304 Not Modified")), want: Warn, observed: "304"},
	{id: "http.no-validators", name: "tag", t: transcript(head("X: y").called("conditional"), head("ETag: W/\"1\"")), want: Warn, observed: "ETag"},

	{id: "http.encoding.unasked", name: "identity", t: transcript(head("Content-Encoding: identity")), want: Pass},
	{id: "http.encoding.unasked", name: "gzip", t: transcript(head("Content-Encoding: gzip")), want: Fail, observed: "gzip"},

	{id: "http.encoding.flush", name: "not compressed", t: transcript(head("X: y")), want: Pass, observed: "not compressed"},
	{id: "http.encoding.flush", name: "in time",
		t:    transcript(head("Content-Encoding: gzip").sent("data: a\n\n", "data: b\n\n")).with(sentAt(put("", "a"), 90), sentAt(put("", "b"), 190)),
		want: Pass, observed: "flushed"},
	{id: "http.encoding.flush", name: "one behind",
		t:    transcript(head("Content-Encoding: gzip").sent("", "data: a\n\n")).with(sentAt(put("", "a"), 90), sentAt(put("", "b"), 190)),
		want: Fail, observed: "of 2 events, 2 came after"},
	{id: "http.encoding.flush", name: "never",
		t:    transcript(head("Content-Encoding: gzip"), body("data: a\n\n").in("publish")).with(mark("m")),
		want: Fail, observed: "no event can be decoded"},
	{id: "http.encoding.flush", name: "never, nor without compression",
		t:    transcript(head("Content-Encoding: gzip"), body(":\n\n").in("publish")).with(mark("m")),
		want: NotTested, observed: "nothing was accepted"},

	{id: "http.encoding.vary", name: "with", t: transcript(head("Content-Encoding: gzip\nVary: Origin, accept-encoding")), want: Told, observed: "with Vary"},
	{id: "http.encoding.vary", name: "without", t: transcript(head("Content-Encoding: gzip")), want: Told, observed: "without Vary"},

	{id: "http.method.head", name: "ends", t: transcript(headReply("head"), headReply("next")), want: Pass},
	{id: "http.method.head", name: "closes", t: transcript(closedAfter(headReply("head"))), want: Pass},
	{id: "http.method.head", name: "pinned", t: transcript(headReply("head"), &Connection{Name: "next", Method: "HEAD", Sent: 1}), want: Fail, observed: "does not end"},
	{id: "http.method.head", name: "body", t: transcript(strayed(headReply("head"))), want: Fail, observed: "follow"},
	{id: "http.method.head", name: "405", t: transcript(reply("head", "HTTP/1.1 405 No").asked("HEAD").ended(EndComplete)), want: Pass, observed: "405"},
	{id: "http.method.head", name: "other type", t: transcript(reply("head", "HTTP/1.1 200 OK\nContent-Type: text/html").asked("HEAD").ended(EndComplete), headReply("next"), head("X: y").in("open")),
		want: Fail, observed: "text/html"},

	{id: "http.method.other", name: "405", t: transcript(reply("POST", "HTTP/1.1 405 No\nAllow: GET").asked("POST"), reply("PUT", "HTTP/1.1 405 No\nAllow: GET").asked("PUT")), want: Pass},
	{id: "http.method.other", name: "no Allow", t: transcript(reply("POST", "HTTP/1.1 405 No").asked("POST")), want: Warn, observed: "no Allow"},
	{id: "http.method.other", name: "stream", t: transcript(reply("POST", goodHead).asked("POST")), want: Warn, observed: "POST opens a stream"},
	{id: "http.method.other", name: "profile", t: profile("mcp", transcript(reply("POST", goodHead).asked("POST"))), want: NotTested},

	{id: "http.accept.missing", name: "streams", t: transcript(head("X: y").called("accept-none"), head("X: y").called("accept-any"), head("X: y").in("open")), want: Pass},
	{id: "http.accept.missing", name: "406", t: transcript(reply("accept-none", "HTTP/1.1 406 Not Acceptable"), head("X: y").in("open")), want: Warn, observed: "406"},
	{id: "http.accept.missing", name: "no stream at all", t: transcript(reply("accept-none", "HTTP/1.1 404 No"), reply("stream", "HTTP/1.1 404 No").in("open")), want: NotTested},

	{id: "http.accept.list", name: "stream", t: transcript(head("X: y").called("accept-list"), head("X: y").in("open")), want: Pass},
	{id: "http.accept.list", name: "406", t: transcript(reply("accept-list", "HTTP/1.1 406 Not Acceptable"), head("X: y").in("open")), want: Warn, observed: "406"},

	{id: "http.accept.refused", name: "406", t: transcript(reply("accept-json", "HTTP/1.1 406 Not Acceptable")), want: Told, observed: "406"},
	{id: "http.accept.refused", name: "stream", t: transcript(reply("accept-json", goodHead)), want: Told, observed: "gets the stream"},

	{id: "http.request-headers.tolerated", name: "stream", t: transcript(head("X: y")), want: Pass},
	{id: "http.request-headers.tolerated", name: "400", t: transcript(reply("stream", "HTTP/1.1 400 Bad Request"), head("X: y").in("open")), want: Fail, observed: "400"},

	{id: "http.error.not-a-stream", name: "404", t: transcript(reply("unknown-path", "HTTP/1.1 404 No")), want: Pass},
	{id: "http.error.not-a-stream", name: "page", t: transcript(reply("no-token", goodHead).sent("\n<!DOCTYPE html><p>Log in")), want: Fail, observed: "<!doctype"},
	{id: "http.error.not-a-stream", name: "endless line", t: transcript(reply("stream", goodHead).sent("xxxxxxxx").ended(EndLimit)), want: Fail, observed: "without a line end"},
	{id: "http.error.not-a-stream", name: "unreadable", t: transcript(reply("stream", goodHead).ended(EndMalformed)), want: Fail, observed: "cannot be read"},

	{id: "http.error.before-commit", name: "stays", t: transcript(reply("bad-id", goodHead)), want: Pass},
	{id: "http.error.before-commit", name: "breaks off", t: transcript(reply("bad-id", goodHead).ended(EndCut)), want: Warn, observed: "bad-id gets 200"},

	{id: "http.error.unknown-topic", name: "404", t: transcript(reply("unknown-path", "HTTP/1.1 404 No")), want: Pass, observed: "404"},
	{id: "http.error.unknown-topic", name: "open topics", t: transcript(reply("unknown-path", goodHead)), want: Pass, observed: "open topics"},
	{id: "http.error.unknown-topic", name: "page", t: transcript(reply("unknown-path", "HTTP/1.1 200 OK\nContent-Type: text/html")), want: Warn, observed: "text/html"},
	{id: "http.error.unknown-topic", name: "500", t: transcript(reply("unknown-path", "HTTP/1.1 500 No")), want: Warn, observed: "500"},

	{id: "http.overload", name: "503", t: transcript(reply("last", "HTTP/1.1 503 No\nRetry-After: 5")), want: Pass, observed: "Retry-After"},
	{id: "http.overload", name: "retry and close", t: transcript(reply("last", goodHead).sent("retry: 5000\n\n").ended(EndComplete)), want: Pass, observed: "told to retry"},
	{id: "http.overload", name: "close", t: transcript(reply("last", goodHead).ended(EndComplete)), want: Warn, observed: "without a retry"},
	{id: "http.overload", name: "500", t: transcript(reply("last", "HTTP/1.1 500 No")), want: Warn, observed: "500"},
	{id: "http.overload", name: "no limit", t: transcript(reply("stream-1", goodHead), reply("last", goodHead)), want: Warn, observed: "2 streams are open"},

	{id: "http.referrer-policy", name: "refused", t: transcript(reply("token", "HTTP/1.1 401 No")), want: Told, observed: "no token is taken"},
	{id: "http.referrer-policy", name: "absent", t: transcript(reply("jwt", goodHead)), want: Told, observed: "parameter jwt is taken"},
}

func sentAt(p *Publication, at int) *Publication { p.Sent = ms(at); return p }

func headReply(name string) *Connection {
	return reply(name, goodHead).asked("HEAD").ended(EndComplete)
}

func closedAfter(c *Connection) *Connection { c.Closed = ms(10); return c }

func strayed(c *Connection) *Connection { c.Stray = Bytes("data: x\n\n"); return c }

func profile(name string, t *Transcript) *Transcript {
	t.Facts.Profiles = []string{name}
	return t
}
