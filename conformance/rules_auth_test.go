package conformance

import "slices"

var authLiterals = slices.Concat(credentialLiterals, tokenLiterals, carrierLiterals, expiryLiterals)

const (
	status401 = "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer realm=\"x\""
	status403 = "HTTP/1.1 403 Forbidden\nWWW-Authenticate: Bearer realm=\"x\", error=\"insufficient_scope\""
	badToken  = status401 + ", error=\"invalid_token\""
)

// shown is what was said where the good token opens a stream and none does not.
func shown(more ...*Connection) *Transcript {
	t := transcript(append([]*Connection{reply("none", status401), reply("good", goodHead)}, more...)...)
	t.Facts.Authenticated, t.Facts.TokenSent = true, "bearer"
	return t
}

// openToAll is what was said where both do.
func openToAll(more ...*Connection) *Transcript {
	t := shown(more...)
	t.Connections[0] = reply("none", goodHead)
	return t
}

func optional(t *Transcript) *Transcript { t.Facts.TokenOptional = true; return t }

func byCookie(t *Transcript) *Transcript { t.Facts.TokenSent = "cookie id"; return t }

// unanswered is a request without a response.
func unanswered(name string) *Connection {
	return &Connection{Name: name, Method: "GET", URL: "http://a/", Sent: 1, Problem: "the connection was closed before a response", End: EndCut}
}

var credentialLiterals = []literal{
	{id: "auth.none.401", name: "401", t: shown(), want: Pass},
	{id: "auth.none.401", name: "stream", t: openToAll(), want: Fail, observed: "opens without a token"},
	{id: "auth.none.401", name: "login page", t: transcript(reply("none", "HTTP/1.1 302 Found\nLocation: /login")), want: Fail, observed: "302"},
	{id: "auth.none.401", name: "page with 404", t: transcript(reply("none", "HTTP/1.1 404 Not Found\nContent-Type: text/html")), want: Fail, observed: "404"},
	{id: "auth.none.401", name: "hidden by 404", t: transcript(reply("none", "HTTP/1.1 404 Not Found")), want: Warn, observed: "404"},
	{id: "auth.none.401", name: "403", t: transcript(reply("none", "HTTP/1.1 403 Forbidden")), want: Warn, observed: "403"},
	{id: "auth.none.401", name: "meant to be open", t: optional(openToAll()), want: NotTested, observed: "need no token"},
	{id: "auth.none.401", name: "silent", t: transcript(unanswered("none")), want: NotTested, observed: "no response"},

	{id: "auth.none.challenge", name: "bearer", t: shown(), want: Pass},
	{id: "auth.none.challenge", name: "bare", t: transcript(reply("none", "HTTP/1.1 401 Unauthorized")), want: Fail, observed: "no WWW-Authenticate"},
	{id: "auth.none.challenge", name: "blame", t: transcript(reply("none", badToken)), want: Warn, observed: `"invalid_token"`},
	{id: "auth.none.challenge", name: "403", t: transcript(reply("none", "HTTP/1.1 403 Forbidden")), want: NotTested, observed: "auth.none.401"},

	{id: "auth.none.no-bytes", name: "none", t: shown(), want: Pass},
	{id: "auth.none.no-bytes", name: "empty stream", t: transcript(reply("none", goodHead)), want: Pass},
	{id: "auth.none.no-bytes", name: "backlog", t: transcript(reply("none", goodHead).sent("data: x\n\n").ended(EndComplete)), want: Fail, observed: "9 bytes"},
	{id: "auth.none.no-bytes", name: "backlog on resuming", t: transcript(reply("none", status401), reply("none", goodHead).sent("data: x\n\n").in("rights")), want: Fail, observed: "9 bytes"},
	{id: "auth.none.no-bytes", name: "page", t: transcript(reply("none", "HTTP/1.1 200 OK\nContent-Type: text/html").sent("<p>")), want: Pass},

	{id: "auth.error.body", name: "text", t: transcript(reply("none", status401+"\nContent-Type: text/plain")), want: Pass},
	{id: "auth.error.body", name: "stream", t: transcript(reply("forbidden", status403+"\nContent-Type: Text/Event-Stream; charset=utf-8")), want: Warn, observed: "the 403 to forbidden"},
	{id: "auth.error.body", name: "nothing refused", t: openToAll(), want: NotTested, observed: "nothing was refused"},

	{id: "auth.bearer.valid", name: "stream", t: shown(), want: Pass},
	{id: "auth.bearer.valid", name: "401", t: bySending("bearer", reply("good", badToken)), want: Fail, observed: "401"},
	{id: "auth.bearer.valid", name: "by cookie", t: byCookie(shown()), want: NotTested, observed: "cookie id"},

	{id: "auth.bearer.scheme-case", name: "both", t: shown(reply("scheme-lower", goodHead), reply("scheme-upper", goodHead)), want: Pass},
	{id: "auth.bearer.scheme-case", name: "exact", t: shown(reply("scheme-lower", goodHead), reply("scheme-upper", status401)), want: Fail, observed: "scheme-upper is answered with status 401"},
	{id: "auth.bearer.scheme-case", name: "open to all", t: openToAll(reply("scheme-lower", status401)), want: NotTested, observed: "auth.none.401"},
	{id: "auth.bearer.scheme-case", name: "not sent", t: shown(), want: NotTested, observed: "no such request"},

	{id: "auth.bearer.malformed", name: "401 and 400", t: shown(reply("malformed-empty", status401), reply("malformed-two", "HTTP/1.1 400 Bad Request")), want: Pass, observed: "401"},
	{id: "auth.bearer.malformed", name: "500", t: shown(reply("malformed-two", "HTTP/1.1 500 Oh")), want: Fail, observed: "malformed-two is answered with status 500"},
	{id: "auth.bearer.malformed", name: "crash", t: shown(unanswered("malformed-empty")), want: Fail, observed: "gets no answer: the connection was closed"},
	{id: "auth.bearer.malformed", name: "stream", t: shown(reply("malformed-basic", goodHead)), want: Fail, observed: "200"},
	{id: "auth.bearer.malformed", name: "403", t: shown(reply("malformed-basic", status403)), want: Warn, observed: "403"},

	{id: "auth.scope.403", name: "403", t: shown(reply("forbidden", status403)), want: Pass, observed: "403"},
	{id: "auth.scope.403", name: "no code", t: shown(reply("forbidden", "HTTP/1.1 403 Forbidden")), want: Warn, observed: "insufficient_scope"},
	{id: "auth.scope.403", name: "no code, by cookie", t: byCookie(shown(reply("forbidden", "HTTP/1.1 403 Forbidden"))), want: Pass},
	{id: "auth.scope.403", name: "hidden", t: shown(reply("forbidden", "HTTP/1.1 404 Not Found")), want: Pass, observed: "tells nothing"},
	{id: "auth.scope.403", name: "silence", t: shown(reply("forbidden", goodHead)), want: Fail, observed: "a stream opens"},
	{id: "auth.scope.403", name: "public updates", t: profile("mercure", shown(reply("forbidden", goodHead))), want: NotTested, observed: "mercure.private"},
	{id: "auth.scope.403", name: "401", t: shown(reply("forbidden", badToken)), want: Warn, observed: "not valid"},
	{id: "auth.scope.403", name: "500", t: shown(reply("forbidden", "HTTP/1.1 500 Oh")), want: Fail, observed: "500"},

	{id: "auth.preflight.open", name: "204", t: transcript(reply("preflight", "HTTP/1.1 204 No Content").asked("OPTIONS")), want: Pass, observed: "204"},
	{id: "auth.preflight.open", name: "no CORS", t: transcript(reply("preflight", "HTTP/1.1 405 No").asked("OPTIONS")), want: Pass, observed: "405"},
	{id: "auth.preflight.open", name: "401", t: transcript(reply("preflight", status401).asked("OPTIONS")), want: Fail, observed: "401"},
	{id: "auth.preflight.open", name: "403, unknown origin", t: transcript(reply("preflight", "HTTP/1.1 403 No").asked("OPTIONS")), want: NotTested, observed: "origin"},
	{id: "auth.preflight.open", name: "403, allowed origin", t: fromApp(transcript(reply("preflight", "HTTP/1.1 403 No").asked("OPTIONS"))), want: Fail, observed: "allowed origin"},
}

func bySending(way string, c ...*Connection) *Transcript {
	t := transcript(c...)
	t.Facts.TokenSent = way
	return t
}

// app is the origin of a page that may read.
const app = "https://app.example"

func fromApp(t *Transcript) *Transcript { t.Facts.AllowedOrigin = app; return t }
