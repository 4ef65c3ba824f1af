package conformance

import "time"

const polyMissing = "data: ssegauge-poly-2\n\ndata: ssegauge-poly-3\n\n"

// preflight is an answer to OPTIONS that asks for fields.
func preflight(asked, head string) *Transcript {
	c := reply("preflight", head).asked("OPTIONS")
	c.Request = Bytes("OPTIONS / HTTP/1.1\r\nOrigin: https://a.example\r\nAccess-Control-Request-Headers: " + asked + "\r\n\r\n")
	t := transcript(c)
	t.Facts.AllowedOrigin = "https://a.example"
	return t
}

const allowsA = "HTTP/1.1 204 No Content\nAccess-Control-Allow-Origin: https://a.example\nAccess-Control-Allow-Headers: "

// paced is a transcript of a target whose seconds are so long.
func paced(second time.Duration, t *Transcript) *Transcript { t.Facts.Second = second; return t }

var polyLiterals = []literal{
	{id: "poly.last-event-id-query", name: "resumed", t: transcript(body(polyMissing+"data: m\n\n").called("query"), body(polyMissing).called("field")), want: Pass},
	{id: "poly.last-event-id-query", name: "ignored", t: transcript(body("data: m\n\n").called("query"), body(polyMissing).called("field")), want: Fail, observed: "none of the missing"},
	{id: "poly.last-event-id-query", name: "inclusive", t: transcript(body("data: ssegauge-poly-1\n\n"+polyMissing).called("query"), body(polyMissing).called("field")), want: Fail, observed: "ssegauge-poly-1"},
	{id: "poly.last-event-id-query", name: "refused", t: transcript(reply("query", "HTTP/1.1 400 No"), body(polyMissing).called("field")), want: Fail, observed: "400"},
	{id: "poly.last-event-id-query", name: "nothing resumes", t: transcript(body("data: m\n\n").called("query"), body("data: m\n\n").called("field")), want: NotTested, observed: "resume.honoured"},

	{id: "poly.heartbeat-45", name: "beats", t: paced(5*time.Millisecond, transcript(endedAt(body(":\n\n", ":\n\n"), 300))), want: Pass},
	{id: "poly.heartbeat-45", name: "real seconds", t: transcript(endedAt(body(":\n\n"), 45_099)), want: Pass},
	{id: "poly.heartbeat-45", name: "silent", t: transcript(endedAt(body(":\n\n"), 45_100)), want: Fail, observed: "45.000 s"},
	{id: "poly.heartbeat-45", name: "silent at first", t: paced(time.Millisecond, transcript(endedAt(body(":\n\n"), 110))), want: Fail, observed: "0.097 s"},
	{id: "poly.heartbeat-45", name: "ended by the target", t: transcript(endedAt(body(":\n\n").ended(EndComplete), 90_000)), want: Pass},

	{id: "poly.padding", name: "padded", t: transcript(body(":" + spaces(2048) + "\n\n")), want: Told, observed: "padded"},
	{id: "poly.padding", name: "none", t: transcript(body(":\n\ndata: x\n\n")), want: Told, observed: "1 byte of comment"},
	{id: "poly.padding", name: "blanks", t: transcript(body(spaces(2048) + "\n\n")), want: Told, observed: "without a colon"},

	{id: "poly.preflight", name: "allowed", t: preflight("authorization,x-tenant", allowsA+"X-Tenant, Authorization"), want: Pass},
	{id: "poly.preflight", name: "asterisk", t: preflight("authorization,x-tenant", allowsA+"*, authorization"), want: Pass},
	{id: "poly.preflight", name: "asterisk alone", t: preflight("authorization,x-tenant", allowsA+"*"), want: Fail, observed: "authorization is not allowed"},
	{id: "poly.preflight", name: "one missing", t: preflight("authorization,x-tenant", allowsA+"authorization"), want: Fail, observed: "x-tenant"},
	{id: "poly.preflight", name: "401", t: preflight("authorization", "HTTP/1.1 401 No"), want: Fail, observed: "401"},
	{id: "poly.preflight", name: "no origin", t: preflight("authorization", "HTTP/1.1 204 No Content"), want: Fail, observed: "Access-Control-Allow-Origin"},
	{id: "poly.preflight", name: "nothing to ask", t: transcript(), want: NotTested},

	{id: "poly.status-final", name: "one", t: transcript(reply("stream", goodHead), reply("last", "HTTP/1.1 503 No")), want: Told, observed: "last: 503"},
	{id: "poly.status-final", name: "none", t: transcript(reply("stream", goodHead)), want: Told, observed: "none of 1 answer"},

	{id: "poly.heartbeat-field", name: "sent", t: transcript(body("heartbeatTimeout: 60000\n\n")), want: Told, observed: "60000"},
	{id: "poly.heartbeat-field", name: "not sent", t: transcript(body(":\n\n")), want: Told, observed: "no heartbeatTimeout"},

	{id: "stream.line.unknown-field", name: "polyfill", t: profile("polyfill", transcript(body("heartbeatTimeout: 60000\n\n"))), want: Pass},
	{id: "stream.line.unknown-field", name: "without the polyfill", t: transcript(body("heartbeatTimeout: 60000\n\n")), want: Warn},
}

func spaces(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = ' '
	}
	return string(b)
}
