package conformance

var carrierLiterals = []literal{
	{id: "auth.cookie.works", name: "stream", t: shown(reply("cookie", goodHead)), want: Pass},
	{id: "auth.cookie.works", name: "401", t: shown(reply("cookie", status401)), want: Warn, observed: "401"},
	{id: "auth.cookie.works", name: "open to all", t: openToAll(reply("cookie", goodHead)), want: NotTested, observed: "auth.none.401"},

	{id: "auth.cookie.flags", name: "all", t: setting("https", "session=x; Path=/; HttpOnly; Secure; SameSite=Strict"), want: Pass},
	{id: "auth.cookie.flags", name: "plain HTTP", t: setting("http", "session=x; httponly; samesite=lax"), want: Pass},
	{id: "auth.cookie.flags", name: "readable, in the clear", t: setting("https", "session=x; SameSite=Lax"), want: Warn, observed: "session is set without HttpOnly and Secure"},
	{id: "auth.cookie.flags", name: "SameSite", t: setting("http", "session=x; HttpOnly"), want: Warn, observed: "without SameSite"},
	{id: "auth.cookie.flags", name: "another cookie", t: setting("http", "theme=dark\nSet-Cookie: session=x; HttpOnly; SameSite=Lax"), want: Pass},
	{id: "auth.cookie.flags", name: "deleted", t: setting("http", "session=; Max-Age=0"), want: NotTested, observed: "sets no such cookie"},
	{id: "auth.cookie.flags", name: "none", t: transcript(reply("login", status401)), want: NotTested, observed: "401"},

	{id: "auth.cookie.origin", name: "refused", t: shown(reply("cookie", goodHead), reply("foreign-page", status403)), want: Pass, observed: "refused"},
	{id: "auth.cookie.origin", name: "not to be read", t: shown(reply("cookie", goodHead), reply("foreign-page", goodHead)), want: Pass, observed: "may not read"},
	{id: "auth.cookie.origin", name: "any origin, no credentials", t: shown(reply("cookie", goodHead), reply("foreign-page", goodHead+"\nAccess-Control-Allow-Origin: *")), want: Pass, observed: "may not read"},
	{id: "auth.cookie.origin", name: "reflected", t: shown(reply("cookie", goodHead), reply("foreign-page", goodHead+"\nAccess-Control-Allow-Origin: "+strangerOrigin+"\nAccess-Control-Allow-Credentials: true")), want: Warn, observed: "may read it"},
	{id: "auth.cookie.origin", name: "no cookie", t: shown(reply("cookie", status401), reply("foreign-page", status401)), want: NotTested, observed: "auth.cookie.works"},

	{id: "auth.query.policy", name: "refused", t: queried(reply("token", status401)), want: Told, observed: noQueryToken},
	{id: "auth.query.policy", name: "taken", t: queried(reply("access_token", goodHead)), want: Told, observed: "taken from the query: access_token"},
	{id: "auth.query.policy", name: "in the path", t: bySending("url", reply("none", status401)), want: Told, observed: "in the URL"},

	{id: "auth.query.private", name: "no-store", t: queried(reply("jwt", goodHead)), want: Pass, observed: "private"},
	{id: "auth.query.private", name: "not taken", t: queried(reply("jwt", status401)), want: Pass, observed: noQueryToken},
	{id: "auth.query.private", name: "shared", t: queried(reply("jwt", "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nCache-Control: no-cache")), want: Warn, observed: "jwt"},

	{id: "auth.query.limited", name: "not taken", t: queried(reply("jwt", status401)), want: Pass, observed: noQueryToken},
	{id: "auth.query.limited", name: "short-lived", t: queried(reply("jwt", goodHead), reply("long", badToken), reply("long-again", badToken)), want: Pass, observed: "short-lived"},
	{id: "auth.query.limited", name: "one use", t: queried(reply("jwt", goodHead), reply("long", goodHead), reply("long-again", badToken)), want: Pass, observed: "one use"},
	{id: "auth.query.limited", name: "long-lived", t: queried(reply("jwt", goodHead), reply("long", goodHead), reply("long-again", goodHead)), want: Warn, observed: "for a day"},
	{id: "auth.query.limited", name: "publishes", t: queried(reply("jwt", goodHead)).with(refused("auth.query.limited", "a", 401), putBy("jwt")), want: Warn, observed: "jwt also publishes"},
	{id: "auth.query.limited", name: "everybody publishes", t: queried(reply("jwt", goodHead)).with(putBy(anonymous), putBy("jwt")), want: Pass, observed: "streams alone"},

	{id: "auth.query.not-reflected", name: "no", t: queried(reply("jwt", goodHead)), want: Pass},
	{id: "auth.query.not-reflected", name: "link", t: queried(reflecting(reply("jwt", goodHead+"\nLink: <http://a/?jwt=********>"))), want: Fail, observed: "the answer to jwt"},
	{id: "auth.query.not-reflected", name: "error", t: queried(reflecting(reply("unknown-path", "HTTP/1.1 404 No"))), want: Fail, observed: "unknown-path"},

	{id: "auth.precedence", name: "header", t: shown(reply("cookie", goodHead), reply("header", goodHead), reply("bad-header", badToken), reply("bad-cookie", goodHead)), want: Pass, observed: "the field decides"},
	{id: "auth.precedence", name: "rescued", t: shown(reply("cookie", goodHead), reply("header", goodHead), reply("bad-header", goodHead), reply("bad-cookie", goodHead)), want: Fail, observed: "there is a good cookie"},
	{id: "auth.precedence", name: "both must be good", t: shown(reply("cookie", goodHead), reply("header", goodHead), reply("bad-header", badToken), reply("bad-cookie", badToken)), want: Fail, observed: "there is a bad cookie"},
	{id: "auth.precedence", name: "no header", t: shown(reply("cookie", goodHead), reply("header", status401), reply("bad-header", goodHead), reply("bad-cookie", status401)), want: NotTested, observed: "the Authorization field opens no stream"},
}

// setting is a login whose answer sets cookies, of which "session" counts.
func setting(scheme, cookie string) *Transcript {
	c := reply("login", "HTTP/1.1 204 No Content\nSet-Cookie: "+cookie).asked("POST")
	c.TLS = scheme == "https"
	t := transcript(c)
	t.Facts.Cookie = "session"
	return t
}

// queried is what was said with the token in the query.
func queried(c ...*Connection) *Transcript {
	return bySending("bearer", append([]*Connection{reply("none", status401)}, c...)...)
}

func reflecting(c *Connection) *Connection { c.Reflected = 1; return c }

func putBy(by string) *Publication {
	p := put("auth.query.limited", "by "+by)
	p.By = by
	return p
}
