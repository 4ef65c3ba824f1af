package conformance

import (
	"net/http"
	"net/url"
	"strings"
)

// corsExchanges ask as a browser does for a page of another origin.
var corsExchanges = []exchange{
	{
		name: "cross-origin", needs: []Capability{HasOrigin}, anyway: true,
		about: "open streams as a page of the allowed origin, as one of another origin, and as no page",
		talk: func(t *talk) {
			for _, page := range []Field{{"allowed", t.target.AllowedOrigin}, {"stranger", t.strangeOrigin()}, {"plain", ""}} {
				t.open(ask{name: page.Name, fields: []Field{{"Origin", page.Value}}}).close()
			}
		},
	},
	{
		name: "origins", anyway: true,
		about: "open streams as pages of origins that nobody allows, some of which resemble the allowed one",
		talk:  talkOrigins,
	},
	{
		name: "cors-errors", needs: []Capability{HasOrigin}, anyway: true,
		about: "ask as a page of the allowed origin for what cannot be given: an unknown path, no token, a token without rights",
		talk:  talkCORSErrors,
	},
	{
		name: "preflight", needs: []Capability{HasOrigin}, anyway: true,
		about: "ask by OPTIONS, as a browser does before a request, whether a page of the allowed origin may send certain fields",
		talk:  talkPreflight,
	},
}

// strangeOrigin is an origin that no target allows.
func (t *talk) strangeOrigin() string { return "https://ssegauge-" + t.nonce + ".example" }

func talkOrigins(t *talk) {
	origins := append([]Field{{"stranger", t.strangeOrigin()}, {"null", "null"}}, similarOrigins(t.target.AllowedOrigin)...)
	for _, o := range origins {
		t.open(ask{name: o.Name, fields: []Field{{"Origin", o.Value}}, stay: true}).close()
	}
	// A page that has had its name bound to the target's address: it has
	// neither token nor cookie.
	page := t.strangeOrigin()
	fields := []Field{{"Origin", page}, {"Host", strings.TrimPrefix(page, "https://")}}
	t.open(ask{name: "rebound", role: anonymous, fields: append(fields, t.withoutHeaders()...), stay: true}).close()
}

// similarOrigins are origins that a careless comparison takes for the allowed
// one, with a name for each.
func similarOrigins(allowed string) []Field {
	u, err := url.Parse(allowed)
	if err != nil || u.Host == "" {
		return nil
	}
	list := []Field{
		{"suffix", allowed + ".ssegauge.example"},
		{"prefix", u.Scheme + "://ssegauge" + u.Host},
	}
	if label, rest, ok := strings.Cut(u.Host, "."); ok && u.Port() == "" {
		list = append(list, Field{"dot", u.Scheme + "://" + label + "x" + rest})
	}
	if u.Scheme == "https" {
		list = append(list, Field{"scheme", "http://" + u.Host})
	}
	return list
}

// withoutHeaders leaves out what the target file adds to requests, which a
// browser does not know.
func (t *talk) withoutHeaders() []Field {
	var fields []Field
	for name := range t.target.Headers {
		fields = append(fields, Field{name, ""})
	}
	return fields
}

func talkCORSErrors(t *talk) {
	origin := []Field{{"Origin", t.target.AllowedOrigin}}
	t.open(ask{name: "unknown-path", url: t.beside(), fields: origin, stay: true}).close()
	if t.target.Tokens != nil {
		t.open(ask{name: "no-token", role: anonymous, fields: origin, stay: true}).close()
	}
	if t.can(HasTokenOf(RoleForbidden)) {
		t.open(ask{name: "no-right", role: RoleForbidden, fields: origin, stay: true}).close()
	}
}

// Field names as a browser sends them in a preflight, and as they are mostly
// written.
const (
	lowerNames     = "authorization,cache-control,last-event-id"
	canonicalNames = "Authorization, Cache-Control, Last-Event-ID"
)

func talkPreflight(t *talk) {
	t.preflight("last-event-id", "last-event-id")
	t.preflight("cache-control", "cache-control")
	if name := t.target.Tokens.header(); name != "" {
		t.preflight("authorization", strings.ToLower(name))
	}
	t.preflight("lower", lowerNames)
	t.preflight("canonical", canonicalNames)
}

// preflight asks whether a page of the allowed origin may send the fields.
func (t *talk) preflight(connection, names string) {
	role := anonymous
	switch kind, _, _ := strings.Cut(t.target.Tokens.sent(), " "); kind {
	case "url", "query": // the token is part of what the browser asks for
		role = RoleGood
	}
	fields := append(t.withoutHeaders(),
		Field{"Accept", "*/*"}, Field{"Cache-Control", ""}, Field{"Origin", t.target.AllowedOrigin},
		Field{"Access-Control-Request-Method", http.MethodGet}, Field{"Access-Control-Request-Headers", names})
	s := t.open(ask{name: connection, method: http.MethodOptions, role: role, fields: fields, stay: true})
	if s.responded() {
		s.end(t.pace().Quiet)
	}
	s.close()
}

// header names the field that carries the token, empty if none does.
func (t *Tokens) header() string {
	switch kind, name, _ := strings.Cut(t.sent(), " "); kind {
	case "bearer":
		return "Authorization"
	case "header":
		return name
	}
	return ""
}
