package conformance

import (
	"slices"
	"testing"
)

const pageOrigin = "https://app.example"

var corsLiterals = []literal{
	{id: "cors.simple", name: "named", t: crossOrigin(page("allowed", pageOrigin, allowOrigin+": "+pageOrigin)), want: Pass, observed: pageOrigin},
	{id: "cors.simple", name: "asterisk", t: crossOrigin(page("allowed", pageOrigin, allowOrigin+": *")), want: Pass, observed: "*"},
	{id: "cors.simple", name: "none", t: crossOrigin(page("allowed", pageOrigin, "X: y")), want: Fail, observed: "there is no"},
	{id: "cors.simple", name: "another", t: crossOrigin(page("allowed", pageOrigin, allowOrigin+": https://app.example/")), want: Fail, observed: "app.example/"},
	{id: "cors.simple", name: "twice", t: crossOrigin(page("allowed", pageOrigin, allowOrigin+": *, "+pageOrigin)), want: Pass},
	{id: "cors.simple", name: "401", t: crossOrigin(reply("allowed", "HTTP/1.1 401 No")), want: NotTested, observed: "401"},

	{id: "cors.credentials", name: "exact", t: crossOrigin(page("allowed", pageOrigin, allowOrigin+": "+pageOrigin, allowCredentials+": true")), want: Pass, observed: "with credentials"},
	{id: "cors.credentials", name: "without", t: crossOrigin(page("allowed", pageOrigin, allowOrigin+": *")), want: Pass, observed: "without credentials"},
	{id: "cors.credentials", name: "asterisk", t: crossOrigin(page("allowed", pageOrigin, allowOrigin+": *", allowCredentials+": true")), want: Fail, observed: "with Access-Control-Allow-Origin: *"},
	{id: "cors.credentials", name: "cookie", t: sentBy("cookie session", crossOrigin(page("allowed", pageOrigin, allowOrigin+": *"))), want: Fail, observed: "the token is a cookie"},
	{id: "cors.credentials", name: "capital", t: sentBy("cookie session", crossOrigin(page("allowed", pageOrigin, allowOrigin+": "+pageOrigin, allowCredentials+": True"))), want: Fail, observed: `"True"`},
	{id: "cors.credentials", name: "none", t: crossOrigin(page("allowed", pageOrigin, "X: y")), want: NotTested, observed: "see cors.simple"},

	{id: "cors.no-reflect", name: "ignored", t: crossOrigin(page("stranger", "https://a.example", "X: y"), page("null", "null", allowOrigin+": *")), want: Pass, observed: "2 origins"},
	{id: "cors.no-reflect", name: "echoed", t: crossOrigin(page("suffix", pageOrigin+".evil", allowOrigin+": "+pageOrigin+".evil", allowCredentials+": true")), want: Fail, observed: "app.example.evil may read"},
	{id: "cors.no-reflect", name: "null", t: crossOrigin(page("null", "null", allowOrigin+": null", allowCredentials+": true")), want: Fail, observed: "null may read"},
	{id: "cors.no-reflect", name: "without credentials", t: crossOrigin(page("stranger", "https://a.example", allowOrigin+": https://a.example")), want: Pass},
	{id: "cors.no-reflect", name: "the allowed one", t: crossOrigin(page("null", "null", allowOrigin+": "+pageOrigin, allowCredentials+": true")), want: Pass},
	{id: "cors.no-reflect", name: "silent", t: crossOrigin(), want: NotTested},

	{id: "cors.vary", name: "with", t: crossOrigin(page("allowed", pageOrigin, allowOrigin+": "+pageOrigin, "Vary: Accept, origin"), page("plain", "", "Vary: Origin")), want: Pass, observed: "with Vary"},
	{id: "cors.vary", name: "without", t: crossOrigin(page("allowed", pageOrigin, allowOrigin+": "+pageOrigin), page("plain", "", "Vary: Origin")), want: Warn, observed: "an answer to https://app.example has no Vary"},
	{id: "cors.vary", name: "not where there is no page", t: crossOrigin(page("allowed", pageOrigin, allowOrigin+": "+pageOrigin, "Vary: *"), page("plain", "", "X: y")), want: Warn, observed: "without Origin"},
	{id: "cors.vary", name: "static", t: crossOrigin(page("allowed", pageOrigin, allowOrigin+": "+pageOrigin), page("stranger", "https://a.example", allowOrigin+": "+pageOrigin)), want: Pass, observed: "the same"},
	{id: "cors.vary", name: "refused stranger", t: crossOrigin(page("allowed", pageOrigin, allowOrigin+": "+pageOrigin, "Vary: Origin"), reply("stranger", "HTTP/1.1 403 No")), want: Pass},
	{id: "cors.vary", name: "none", t: crossOrigin(page("allowed", pageOrigin, "X: y")), want: NotTested},

	{id: "cors.on-errors", name: "readable", t: crossOrigin(errorPage("no-token", "401 No", allowOrigin+": "+pageOrigin), errorPage("unknown-path", "404 No", allowOrigin+": *")), want: Pass, observed: "401, 404"},
	{id: "cors.on-errors", name: "bare", t: crossOrigin(errorPage("unknown-path", "404 No", allowOrigin+": *"), errorPage("no-token", "401 No", "X: y")), want: Warn, observed: "no-token: status 401 without"},
	{id: "cors.on-errors", name: "overload", t: crossOrigin(errorPage("last", "429 No", "X: y").in("overload")), want: Warn, observed: "overload/last: status 429"},
	{id: "cors.on-errors", name: "not asked by a page", t: crossOrigin(reply("last", "HTTP/1.1 429 No")), want: NotTested, observed: "nothing was refused"},
	{id: "cors.on-errors", name: "nor elsewhere", t: crossOrigin(errorPage("no-token", "401 No", "X: y"), page("allowed", pageOrigin, "X: y").in("cross-origin")), want: NotTested, observed: "see cors.simple"},

	{id: "cors.single", name: "one", t: crossOrigin(page("allowed", pageOrigin, allowOrigin+": *")), want: Pass},
	{id: "cors.single", name: "two", t: crossOrigin(page("allowed", pageOrigin, allowOrigin+": *", allowOrigin+": *")), want: Fail, observed: "* and *"},
	{id: "cors.single", name: "joined", t: crossOrigin(page("allowed", pageOrigin, allowOrigin+": *, "+pageOrigin)), want: Fail, observed: "*, https"},
	{id: "cors.single", name: "none", t: crossOrigin(page("allowed", pageOrigin, "X: y")), want: NotTested},

	{id: "cors.preflight.last-event-id", name: "listed", t: crossOrigin(preflighted("last-event-id", "last-event-id", "authorization, Last-Event-ID")), want: Pass},
	{id: "cors.preflight.last-event-id", name: "asterisk", t: crossOrigin(preflighted("last-event-id", "last-event-id", "*")), want: Pass},
	{id: "cors.preflight.last-event-id", name: "asterisk with credentials", t: crossOrigin(preflighted("last-event-id", "last-event-id", "*\n"+allowCredentials+": true")), want: Fail, observed: "does not list last-event-id"},
	{id: "cors.preflight.last-event-id", name: "not listed", t: crossOrigin(preflighted("last-event-id", "last-event-id", "authorization")), want: Fail, observed: "does not list last-event-id"},
	{id: "cors.preflight.last-event-id", name: "no origin", t: crossOrigin(reply("last-event-id", "HTTP/1.1 204 No\n"+allowHeaders+": last-event-id")), want: Fail, observed: "does not name the origin"},
	{id: "cors.preflight.last-event-id", name: "capital", t: crossOrigin(preflighted("last-event-id", "last-event-id", "x"), preflighted("canonical", canonicalNames, "Last-Event-ID")), want: Pass, observed: "capital"},
	{id: "cors.preflight.last-event-id", name: "405", t: crossOrigin(reply("last-event-id", "HTTP/1.1 405 No")), want: NotTested, observed: "see cors.preflight.status"},
	{id: "cors.preflight.last-event-id", name: "no CORS", t: crossOrigin(reply("last-event-id", "HTTP/1.1 204 No"), page("allowed", pageOrigin, "X: y").in("cross-origin")), want: NotTested, observed: "see cors.simple"},

	{id: "cors.preflight.authorization", name: "listed", t: crossOrigin(preflighted("authorization", "authorization", "Authorization")), want: Pass},
	{id: "cors.preflight.authorization", name: "asterisk", t: crossOrigin(preflighted("authorization", "authorization", "*")), want: Fail, observed: "does not list authorization"},
	{id: "cors.preflight.authorization", name: "another field", t: crossOrigin(preflighted("authorization", "x-token", "X-Token")), want: Pass},
	{id: "cors.preflight.authorization", name: "by cookie", t: crossOrigin(), want: NotTested, observed: "not sent in a field"},

	{id: "cors.preflight.cache-control", name: "listed", t: crossOrigin(preflighted("cache-control", "cache-control", "Cache-Control")), want: Pass},
	{id: "cors.preflight.cache-control", name: "not listed", t: crossOrigin(preflighted("cache-control", "cache-control", "Authorization")), want: Warn, observed: "cache-control"},

	{id: "cors.preflight.status", name: "204", t: crossOrigin(preflighted("lower", lowerNames, "x")), want: Pass, observed: "204"},
	{id: "cors.preflight.status", name: "405", t: crossOrigin(reply("lower", "HTTP/1.1 405 No").asked("OPTIONS").ended(EndComplete)), want: Fail, observed: "405"},
	{id: "cors.preflight.status", name: "redirect", t: crossOrigin(reply("lower", "HTTP/1.1 301 No").asked("OPTIONS").ended(EndComplete)), want: Fail, observed: "301"},
	{id: "cors.preflight.status", name: "stream", t: crossOrigin(reply("lower", goodHead).asked("OPTIONS")), want: Fail, observed: "opens a stream"},
	{id: "cors.preflight.status", name: "endless", t: crossOrigin(reply("lower", "HTTP/1.1 200 OK").asked("OPTIONS")), want: Fail, observed: "does not end"},
	{id: "cors.preflight.status", name: "401", t: authenticated(crossOrigin(reply("lower", "HTTP/1.1 401 No").asked("OPTIONS").ended(EndComplete))), want: NotTested, observed: "see auth.preflight.open"},
	{id: "cors.preflight.status", name: "silent", t: crossOrigin(&Connection{Name: "lower", Method: "OPTIONS", Sent: 1}), want: Fail, observed: "no answer"},

	{id: "cors.preflight.names-case", name: "either", t: crossOrigin(preflighted("lower", lowerNames, "last-event-id"), preflighted("canonical", canonicalNames, "Last-Event-ID")), want: Pass},
	{id: "cors.preflight.names-case", name: "capital", t: crossOrigin(preflighted("lower", lowerNames, "authorization"), preflighted("canonical", canonicalNames, "Authorization, Last-Event-ID")), want: Warn, observed: "last-event-id is not allowed"},
	{id: "cors.preflight.names-case", name: "none", t: crossOrigin(preflighted("lower", lowerNames, "x"), preflighted("canonical", canonicalNames, "x")), want: NotTested},

	{id: "cors.expose", name: "exposed", t: crossOrigin(page("allowed", pageOrigin, "X-Cursor: 1", exposeHeaders+": x-cursor")), want: Told, observed: "exposed: X-Cursor"},
	{id: "cors.expose", name: "hidden", t: crossOrigin(page("allowed", pageOrigin, "Last-Event-ID: 1")), want: Told, observed: "cannot read Last-Event-ID"},
	{id: "cors.expose", name: "none", t: crossOrigin(page("allowed", pageOrigin, "X: y")), want: Told, observed: "no such field"},

	{id: "cors.origin-check", name: "refused", t: at("http://127.0.0.1/", crossOrigin(reply("rebound", "HTTP/1.1 403 No"))), want: Pass, observed: "403"},
	{id: "cors.origin-check", name: "stream", t: at("http://localhost:8080/{topic}", crossOrigin(page("rebound", "https://a.example", "X: y"))), want: Warn, observed: "a page of https://a.example gets the stream"},
	{id: "cors.origin-check", name: "public on purpose", t: at("http://localhost:8080/{topic}", crossOrigin(page("rebound", "https://a.example", "Access-Control-Allow-Origin: *"))), want: Pass, observed: "open to every page"},
	{id: "cors.origin-check", name: "public", t: at("https://a.example/", crossOrigin(page("rebound", "https://b.example", "X: y"))), want: NotTested},
	{id: "cors.origin-check", name: "profile", t: profile("mcp", at("http://[::1]/", crossOrigin(page("rebound", "https://b.example", "X: y")))), want: NotTested, observed: "mcp.origin"},
}

// crossOrigin is a transcript of a target that allows pageOrigin.
func crossOrigin(connections ...*Connection) *Transcript {
	t := transcript(connections...)
	t.Facts.AllowedOrigin = pageOrigin
	return t
}

// page is a stream that a page of the origin asked for.
func page(name, origin string, lines ...string) *Connection {
	text := goodHead
	for _, line := range lines {
		text += "\n" + line
	}
	return from(origin, reply(name, text))
}

func errorPage(name, status, line string) *Connection {
	return from(pageOrigin, reply(name, "HTTP/1.1 "+status+"\n"+line))
}

func from(origin string, c *Connection) *Connection {
	c.Request = Bytes("GET / HTTP/1.1\r\n")
	if origin != "" {
		c.Request = append(c.Request, "Origin: "+origin+"\r\n"...)
	}
	c.Request = append(c.Request, "\r\n"...)
	return c
}

// preflighted is the answer to OPTIONS, which asked for some fields and allows
// some.
func preflighted(name, asked, allowed string) *Connection {
	c := reply(name, "HTTP/1.1 204 No\n"+allowOrigin+": "+pageOrigin+"\n"+allowHeaders+": "+allowed).asked("OPTIONS").ended(EndComplete)
	c.Request = Bytes("OPTIONS / HTTP/1.1\r\nAccess-Control-Request-Headers: " + asked + "\r\n\r\n")
	return c
}

func sentBy(way string, t *Transcript) *Transcript { t.Facts.TokenSent = way; return t }

func at(url string, t *Transcript) *Transcript { t.Facts.URL = url; return t }

func authenticated(t *Transcript) *Transcript { t.Facts.Authenticated = true; return t }

func TestSimilarOrigins(t *testing.T) {
	for allowed, want := range map[string][]Field{
		"": nil,
		"https://app.example": {
			{"suffix", "https://app.example.ssegauge.example"}, {"prefix", "https://ssegaugeapp.example"},
			{"dot", "https://appxexample"}, {"scheme", "http://app.example"},
		},
		"http://localhost:3000": {
			{"suffix", "http://localhost:3000.ssegauge.example"}, {"prefix", "http://ssegaugelocalhost:3000"},
		},
	} {
		if got := similarOrigins(allowed); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", allowed, got, want)
		}
	}
}

func TestLocal(t *testing.T) {
	for url, want := range map[string]bool{
		"http://127.0.0.1:80/{topic}": true, "https://[::1]/": true, "http://localhost/": true, "http://a.localhost/": true,
		"http://10.1.2.3/": true, "http://printer.local./": true, "https://a.example/": false, "http://8.8.8.8/": false, "http://localhost.example/": false,
	} {
		if got := local(url); got != want {
			t.Errorf("%s: %t", url, got)
		}
	}
}
