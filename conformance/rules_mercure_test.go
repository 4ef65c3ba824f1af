package conformance

import (
	"strings"
	"time"
)

// updatesOf are updates with their letters as data, each with the ID that
// follows its letter, or with that of the update before.
func updatesOf(letters string) string {
	var b strings.Builder
	for letter := range strings.FieldsSeq(letters) {
		b.WriteString("id: urn:" + letter[1:] + "\ndata: ssegauge-" + letter[:1] + "\n\n")
	}
	return b.String()
}

// allUpdates are those of the exchange mercure-resume, of which d and f share
// an ID.
const allUpdates = "a1 b2 c3 d4 e5 f4 g6"

func hubLive() *Connection {
	return body("id: urn:0\ndata: m\n\n" + updatesOf(allUpdates)).called("live")
}

// behind is a resumed stream of a hub, with the cursor that its head tells.
func behind(name, cursor, letters string) *Connection {
	return reply(name, goodHead+"\nMercure-Last-Event-ID: "+cursor).sent(updatesOf(letters))
}

// refusals are the answers to all bad updates: the status, but for the one that
// is given with its own.
func refusals(status, odd, at string) *Transcript {
	list := []*Connection{reply("good", "HTTP/1.1 200 OK").asked("POST")}
	for i, bad := range badUpdates {
		s := status
		if bad.named(i) == at {
			s = odd
		}
		list = append(list, reply(bad.named(i), "HTTP/1.1 "+s+" X").asked("POST"))
	}
	return transcript(list...)
}

// hubErrors are the answers of a hub that refuses, each a head.
func hubErrors(none, wrong, forbidden, malformed string) *Transcript {
	t := transcript(reply("good", "HTTP/1.1 200 OK"), reply("no-token", none), reply("bad-token", wrong), reply("no-topic", malformed))
	if forbidden != "" {
		t.Connections = append(t.Connections, reply("forbidden", forbidden))
	}
	return t
}

const (
	noToken    = "HTTP/1.1 401 No\nWWW-Authenticate: Bearer realm=\"x\""
	wrongToken = "HTTP/1.1 401 No\nWWW-Authenticate: Bearer error=\"invalid_token\""
	noScope    = "HTTP/1.1 403 No\nWWW-Authenticate: bearer realm=\"x\", error=\"insufficient_scope\""
	badForm    = "HTTP/1.1 400 No"
	taken      = "HTTP/1.1 200 OK"
)

func privacy(stranger, replay *Connection) *Transcript {
	private := "data: ssegauge-private-on\n\ndata: ssegauge-private-empty\n\n"
	t := transcript(body(private).called("entitled"), reply("private-on", taken), reply("private-empty", taken), stranger)
	if replay != nil {
		t.Connections = append(t.Connections, replay)
	}
	return t
}

// expiring is a stream whose token expires at a time in milliseconds.
func expiring(at int, c *Connection) *Connection { c.Expires = ms(at); return c }

var mercureLiterals = []literal{
	{id: "mercure.id.always", name: "IRI", t: transcript(body("id: urn:uuid:1\ndata: x\n\n: beat\n\nretry: 1\n\n")), want: Pass},
	{id: "mercure.id.always", name: "fragment", t: transcript(body("id: #1\ndata: x\n\n")), want: Pass},
	{id: "mercure.id.always", name: "none", t: transcript(body("id: urn:uuid:1\ndata: x\n\ndata: y\n\n")), want: Fail, observed: "has no ID"},
	{id: "mercure.id.always", name: "empty", t: transcript(body("id:\ndata: x\n\n")), want: Fail, observed: "is empty"},
	{id: "mercure.id.always", name: "bare", t: transcript(body("id: 17\ndata: x\n\n")), want: Warn, observed: `"17"`},
	{id: "mercure.id.always", name: "nothing", t: transcript(body(":\n\n")), want: NotTested},

	{id: "mercure.id.reject", name: "400", t: refusals("400", "", ""), want: Pass},
	{id: "mercure.id.reject", name: "earliest taken", t: refusals("400", "200", "id-2"), want: Fail, observed: "the ID earliest is accepted"},
	{id: "mercure.id.reject", name: "422", t: refusals("400", "422", "id-4"), want: Warn, observed: "422"},
	{id: "mercure.id.reject", name: "type taken", t: refusals("400", "200", "type-6"), want: Pass},
	{id: "mercure.id.reject", name: "all refused", t: transcript(reply("good", "HTTP/1.1 400 No")), want: NotTested},

	{id: "mercure.type.reject", name: "400", t: refusals("400", "", ""), want: Pass},
	{id: "mercure.type.reject", name: "mercure taken", t: refusals("400", "201", "type-6"), want: Fail, observed: "the type mercure is accepted with 201"},

	{id: "mercure.retry.reject", name: "400", t: refusals("400", "", ""), want: Pass},
	{id: "mercure.retry.reject", name: "sign taken", t: refusals("400", "200", "retry-13"), want: Fail, observed: `"+5"`},

	{id: "mercure.data.split", name: "split", t: transcript(body("id: 1\ndata: ssegauge-split\ndata: a\ndata: b\ndata: c\n\n")), want: Pass},
	{id: "mercure.data.split", name: "CR raw", t: transcript(body("data: ssegauge-split\ra\ndata: b\ndata: c\n\n")), want: Fail, observed: "arrives as"},
	{id: "mercure.data.split", name: "CRLF twice", t: transcript(body("data: ssegauge-split\ndata: a\ndata: b\ndata: \ndata: c\n\n")), want: Fail},
	{id: "mercure.data.split", name: "lost", t: transcript(body("data: x\n\n")), want: NotTested},

	{id: "mercure.last_event_id", name: "both ways", t: transcript(hubLive(), behind("field", "urn:1", "b2 c3 d4 e5 f4 g6"), behind("query", "urn:1", "b2 c3 d4 e5 f4 g6"), behind("both", "urn:2", "c3 d4 e5 f4 g6")), want: Pass},
	{id: "mercure.last_event_id", name: "query ignored", t: transcript(hubLive(), behind("field", "urn:1", "b2 c3 d4 e5 f4 g6"), behind("query", "", "")), want: Fail, observed: "the parameter last_event_id alone: the updates are none"},
	{id: "mercure.last_event_id", name: "query wins", t: transcript(hubLive(), behind("field", "urn:1", "b2 c3 d4 e5 f4 g6"), behind("query", "urn:1", "b2 c3 d4 e5 f4 g6"), behind("both", "urn:1", "b2 c3 d4 e5 f4 g6")), want: Fail, observed: "an older ID"},
	{id: "mercure.last_event_id", name: "nothing resumes", t: transcript(hubLive(), behind("field", "", ""), behind("query", "", "")), want: NotTested},

	{id: "mercure.earliest", name: "all", t: transcript(behind("earliest", "earliest", allUpdates)), want: Told, observed: "replayed"},
	{id: "mercure.earliest", name: "ignored", t: transcript(behind("earliest", "earliest", "")), want: Told, observed: "none"},

	{id: "mercure.cursor-header", name: "told", t: transcript(hubLive(), behind("field", "urn:1", "b2 c3"), behind("both", "urn:2", "c3"), behind("unknown", "earliest", "a1 b2"), behind("earliest", "earliest", "a1")), want: Pass},
	{id: "mercure.cursor-header", name: "unknown gets none", t: transcript(hubLive(), behind("unknown", "earliest", "g6")), want: Pass},
	{id: "mercure.cursor-header", name: "none", t: transcript(hubLive(), behind("field", "urn:1", "b2"), reply("query", goodHead).sent(updatesOf("b2"))), want: Fail, observed: "resumed by query has no"},
	{id: "mercure.cursor-header", name: "another", t: transcript(hubLive(), behind("field", "urn:3", "b2 c3")), want: Fail, observed: `follows "urn:1"`},
	{id: "mercure.cursor-header", name: "older name", t: transcript(hubLive(), reply("field", goodHead+"\nLast-Event-ID: urn:1").sent(updatesOf("b2"))), want: Warn, observed: "earlier drafts"},
	{id: "mercure.cursor-header", name: "no stream", t: transcript(hubLive()), want: NotTested},

	{id: "mercure.reused-id", name: "behind the earliest", t: transcript(hubLive(), behind("shared", "urn:4", "e5 f4 g6")), want: Pass},
	{id: "mercure.reused-id", name: "behind the latest", t: transcript(hubLive(), behind("shared", "urn:4", "g6")), want: Fail, observed: "the updates are g"},
	{id: "mercure.reused-id", name: "IDs of its own", t: transcript(body(updatesOf("d4 e5 f7")).called("live"), behind("shared", "urn:4", "e5 f7")), want: NotTested, observed: "its own IDs"},

	{id: "mercure.exp", name: "ends", t: transcript(expiring(2000, endedAt(body(":\n\n").ended(EndComplete), 2010))), want: Pass},
	{id: "mercure.exp", name: "ends before", t: transcript(expiring(2000, endedAt(body(":\n\n").ended(EndComplete), 1900))), want: Pass},
	{id: "mercure.exp", name: "stays", t: transcript(expiring(2000, endedAt(body(":\n\n"), 3000))), want: Fail, observed: "1.000 s after"},
	{id: "mercure.exp", name: "late", t: transcript(expiring(2000, endedAt(body(":\n\n").ended(EndComplete), 3001))), want: Fail, observed: "ended 1.001 s after"},
	{id: "mercure.exp", name: "refused", t: transcript(expiring(2000, reply("stream", "HTTP/1.1 401 No"))), want: NotTested},

	{id: "mercure.errors", name: "four answers", t: hubErrors(noToken, wrongToken, noScope, badForm), want: Pass},
	{id: "mercure.errors", name: "no token without rights", t: hubErrors(noToken, wrongToken, "", badForm), want: Pass},
	{id: "mercure.errors", name: "403 for none", t: hubErrors(noScope, wrongToken, noScope, badForm), want: Fail, observed: "without a token is answered with 403"},
	{id: "mercure.errors", name: "code for none", t: hubErrors(wrongToken, wrongToken, noScope, badForm), want: Fail, observed: "has an error code"},
	{id: "mercure.errors", name: "no code for a wrong one", t: hubErrors(noToken, noToken, noScope, badForm), want: Fail, observed: "has not the error invalid_token"},
	{id: "mercure.errors", name: "no challenge", t: hubErrors("HTTP/1.1 401 No", wrongToken, noScope, badForm), want: Fail, observed: "bearer token"},
	{id: "mercure.errors", name: "401 for the right", t: hubErrors(noToken, wrongToken, wrongToken, badForm), want: Fail, observed: "does not allow it is answered with 401"},
	{id: "mercure.errors", name: "no topic taken", t: hubErrors(noToken, wrongToken, noScope, taken), want: Fail, observed: "without a topic is answered with 200"},

	{id: "mercure.no-query-token", name: "refused", t: transcript(reply("query-token", noToken), reply("anonymous", noToken), reply("query-stream", noToken)), want: Pass},
	{id: "mercure.no-query-token", name: "open hub", t: transcript(reply("query-token", noToken), reply("anonymous", goodHead), reply("query-stream", goodHead)), want: Pass, observed: "open to all"},
	{id: "mercure.no-query-token", name: "publishes", t: transcript(reply("query-token", taken)), want: Fail, observed: "an update"},
	{id: "mercure.no-query-token", name: "subscribes", t: transcript(reply("query-token", noToken), reply("anonymous", noToken), reply("query-stream", goodHead)), want: Fail, observed: "a stream opens"},

	{id: "mercure.private", name: "entitled alone", t: privacy(body("data: public\n\n").called("stranger"), body("data: public\n\n").called("stranger-replay")), want: Pass, observed: "public updates alone"},
	{id: "mercure.private", name: "strangers refused", t: privacy(reply("stranger", noScope), reply("stranger-replay", noScope)), want: Pass, observed: "no stream"},
	{id: "mercure.private", name: "live", t: privacy(body("data: ssegauge-private-empty\n\n").called("stranger"), nil), want: Fail, observed: "stranger"},
	{id: "mercure.private", name: "replayed", t: privacy(body(":\n\n").called("stranger"), body("data: ssegauge-private-on\n\n").called("stranger-replay")), want: Fail, observed: "stranger-replay"},
	{id: "mercure.private", name: "reaches nobody", t: transcript(body(":\n\n").called("entitled"), reply("private-on", taken), reply("private-empty", taken)), want: Fail, observed: "entitled"},
	{id: "mercure.private", name: "not accepted", t: transcript(body(":\n\n").called("entitled"), reply("private-on", badForm)), want: NotTested},

	{id: "mercure.heartbeat", name: "comment", t: beating(200*time.Millisecond, transcript(body(":\n\n", ":\n\n"))), want: Pass},
	{id: "mercure.heartbeat", name: "at the start alone", t: beating(time.Second, transcript(body(":\n\n"))), want: Warn, observed: "8.997 s of silence"},
	{id: "mercure.heartbeat", name: "not idle", t: beating(time.Second, transcript(body("data: x\n\n"))), want: NotTested},
	{id: "mercure.heartbeat", name: "ended", t: beating(time.Second, transcript(body(":\n\n").ended(EndComplete))), want: NotTested},
}
