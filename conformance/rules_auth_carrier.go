package conformance

import (
	"net/http"
	"slices"
	"strings"
)

// carrierChecks are about the ways by which a token may come beside the
// Authorization field.
var carrierChecks = slices.Concat(cookieChecks, queryChecks)

// cookieChecks are about tokens in a cookie.
var cookieChecks = []Check{
	{
		ID: "auth.cookie.works", Level: Should, Clause: "practice (WHATWG HTML 9.2.2)", Exchange: "cookies",
		Require: "A good token in the cookie alone opens a stream.",
		Why:     "A browser's EventSource sets no header: the cookie is its only way to show a token that is not in the URL.",
		Fix:     "Take the token from a cookie where there is no Authorization field.",
		Judge: closed(onHead("cookie", func(_ *Transcript, c *Connection) Verdict {
			if !c.isStream() {
				return missed("status %d", c.Status).expect("a stream").show(c.headEvidence())
			}
			return passed("")
		})),
	},
	{
		ID: "auth.cookie.flags", Level: Should, Clause: "RFC 6265 4.1.2, practice (Mercure)", Exchange: "login",
		Require: "The cookie that carries the token is set with HttpOnly, SameSite, and over TLS with Secure.",
		Why:     "Otherwise scripts read it, other sites send it, or it travels in the clear.",
		Fix:     "Set-Cookie: …; HttpOnly; Secure; SameSite=Strict.",
		Judge: onHead("login", func(t *Transcript, c *Connection) Verdict {
			header := http.Header{"Set-Cookie": c.values("Set-Cookie")}
			looked := 0
			for _, cookie := range (&http.Response{Header: header}).Cookies() {
				if t.Facts.Cookie != "" && cookie.Name != t.Facts.Cookie || cookie.MaxAge < 0 {
					continue
				}
				looked++
				var lacking []string
				if !cookie.HttpOnly {
					lacking = append(lacking, "HttpOnly")
				}
				if c.TLS && !cookie.Secure {
					lacking = append(lacking, "Secure")
				}
				if cookie.SameSite == 0 {
					lacking = append(lacking, "SameSite")
				}
				if len(lacking) > 0 {
					return missed("the cookie %s is set without %s", cookie.Name, strings.Join(lacking, " and ")).show(c.headEvidence())
				}
			}
			if looked == 0 {
				return untested("the login is answered with status %d and sets no such cookie", c.Status)
			}
			return passed("")
		}),
	},
	{
		ID: "auth.cookie.origin", Level: Should, Clause: "practice (Fetch, CORS protocol)", Exchange: "cookies",
		Require: "A foreign page with the user's cookie is refused, or may not read the answer.",
		Why:     "Browsers add the cookie to requests of any page, which would read the user's events.",
		Fix:     "Compare Origin with a list where the token comes from a cookie; never reflect it.",
		Judge: closed(func(t *Transcript) Verdict {
			own, c := t.named("cookie"), t.named("foreign-page")
			switch {
			case own == nil || !own.isStream():
				return untested("the cookie opens no stream (see auth.cookie.works)")
			case c == nil || c.Responded == 0:
				return t.unmet("no response came" + because(c))
			case !c.isStream():
				return passed("refused")
			}
			allowed, credentials := c.value("Access-Control-Allow-Origin"), c.value("Access-Control-Allow-Credentials")
			if allowed == strangerOrigin && credentials == "true" {
				return missed("a page of %s opens the stream with the cookie, and may read it", strangerOrigin).show(c.headEvidence())
			}
			return passed("the page may not read it")
		}),
	},
}

const noQueryToken = "no token is taken from the query"

// queryTaken are the streams that were opened with the token in the query. They
// say nothing where streams are open to everybody.
func queryTaken(t *Transcript) []*Connection {
	var list []*Connection
	if none := t.named("none"); none != nil && none.isStream() {
		return nil
	}
	for _, c := range t.streams() {
		if !strings.HasPrefix(c.Name, "long") && c.Name != "unknown-path" && c.Exchange == "query-token" {
			list = append(list, c)
		}
	}
	return list
}

// queryChecks are about tokens in the URL, and which of two tokens counts.
var queryChecks = []Check{
	{
		ID: "auth.query.policy", Level: Info, Clause: "RFC 9700 4.3.2", Exchange: "query-token",
		Require: "No token is taken from the query.",
		Why:     "URLs end up in logs, in histories, and in what pages tell other sites.",
		Fix:     "Take tokens from the Authorization field or a cookie; if a URL must carry one, make it short-lived and good for one stream.",
		Judge: closed(func(t *Transcript) Verdict {
			var names []string
			for _, c := range queryTaken(t) {
				names = append(names, c.Name)
			}
			switch {
			case len(names) > 0:
				return missed("a token is taken from the query: %s", strings.Join(names, ", ")).branch("taken")
			case t.Facts.TokenSent == "url":
				return missed("the target file sends the token in the URL").branch("taken")
			}
			return passed(noQueryToken)
		}),
	},
	{
		ID: "auth.query.private", Level: Should, Clause: "RFC 6750 2.3", Exchange: "query-token",
		Require: "A stream that was opened with a token in the query has Cache-Control: private or no-store.",
		Why:     "To a shared cache the URL with its token is like any other, and the answer is stored for others.",
		Fix:     "Send Cache-Control: no-store.",
		Judge: closed(func(t *Transcript) Verdict {
			taken := queryTaken(t)
			if len(taken) == 0 {
				return passed(noQueryToken)
			}
			for _, c := range taken {
				if !c.lists("Cache-Control", "private") && !c.lists("Cache-Control", "no-store") {
					return missed("with the token in the parameter %s, Cache-Control is %s", c.Name, quoted(c.value("Cache-Control"))).expect("private or no-store").show(c.headEvidence())
				}
			}
			return passed("private")
		}),
	},
	{
		ID: "auth.query.limited", Level: Should, Clause: "practice (RFC 6750 5.3)", Exchange: "query-token",
		Require: "A token in the query opens streams and does nothing else, and is good for a short time or for one use.",
		Why:     "Whoever reads a log or a history can use what stands there.",
		Fix:     "Take tokens from the query on the route of streams alone, and refuse those that are good for more than an hour.",
		Judge: closed(func(t *Transcript) Verdict {
			if len(queryTaken(t)) == 0 {
				return passed(noQueryToken)
			}
			published := t.published()
			if len(published) == 2 && !published[0].Accepted && published[1].Accepted {
				return missed("a token in the parameter %s also publishes", published[1].By).branch("publishes")
			}
			long, again := t.named("long"), t.named("long-again")
			switch {
			case long == nil || again == nil || long.Responded == 0 || again.Responded == 0:
				return passed("streams alone")
			case long.isStream() && again.isStream():
				return missed("a token that is good for a day opens streams again and again").branch("long-lived").show(long.headEvidence())
			case long.isStream():
				return passed("streams alone, one use")
			}
			return passed("streams alone, short-lived")
		}),
	},
	{
		ID: "auth.query.not-reflected", Level: Must, Clause: "practice (RFC 9700 4.3.2)", Exchange: "query-token",
		Require: "A token in the query is never sent back: not in the stream, not in a header field, not in the text of an error.",
		Why:     "Logs, error trackers and other readers of the answer get a token that works.",
		Fix:     "Take the token out of the URL before anything is made of it.",
		Judge: func(t *Transcript) Verdict {
			responded := false
			for _, c := range t.Connections {
				responded = responded || c.Responded != 0
				if c.Reflected > 0 {
					return missed("the answer to %s has the token in it", c.Name).branch(c.Name).show(c.headEvidence(), c.bodyEvidence(0, evidenceBytes))
				}
			}
			if !responded {
				return t.unmet("no response came")
			}
			return passed("")
		},
	},
	{
		ID: "auth.precedence", Level: Must, Clause: "practice (Mercure)", Exchange: "cookies",
		Require: "Where the Authorization field and the cookie differ, the field decides.",
		Why:     "A page that shows the token of one user would get the events of the other whose cookie the browser adds, and a bad token would go unnoticed.",
		Fix:     "Look at the cookie only if there is no Authorization field.",
		Judge: closed(func(t *Transcript) Verdict {
			for name, what := range map[string]string{"cookie": "the cookie", "header": "the Authorization field"} {
				if c := t.named(name); c == nil || !c.isStream() {
					return untested("%s opens no stream by itself", what)
				}
			}
			bad, rest := t.named("bad-header"), t.named("bad-cookie")
			switch {
			case bad == nil || bad.Responded == 0 || rest == nil || rest.Responded == 0:
				return t.unmet("no response came")
			case bad.isStream():
				return missed("a bad token in the Authorization field opens a stream because there is a good cookie").branch("the cookie decides").show(bad.headEvidence())
			case !rest.isStream():
				return missed("a good token in the Authorization field is answered with status %d because there is a bad cookie", rest.Status).branch("both decide").show(rest.headEvidence())
			}
			return passed("the field decides")
		}),
	},
}
