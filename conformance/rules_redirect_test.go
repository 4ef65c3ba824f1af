package conformance

var redirectLiterals = []literal{
	{id: "redirect.followable", name: "none", t: transcript(body(":\n\n")), want: Pass, observed: noRedirect},
	{id: "redirect.followable", name: "two", t: transcript(passing("http://a/", 301, "/b"), passing("http://a/b", 308, "/c"), body(":\n\n")), want: Pass, observed: "2 redirects"},
	{id: "redirect.followable", name: "300", t: transcript(leading("stream", "http://a/", 300, "/b")), want: Fail, observed: "status 300 to stream"},
	{id: "redirect.followable", name: "at the opening", t: transcript(body(":\n\n"), leading("stream", "http://a/", 305, "/b").in("open")), want: Fail, observed: "305"},
	{id: "redirect.followable", name: "without end", t: transcript(passing("http://a/", 302, "/b"), leading("stream", "http://a/b", 302, "/b")), want: Fail, observed: "more than 20"},
	{id: "redirect.followable", name: "304", t: transcript(reply("stream", "HTTP/1.1 304 Not Modified")), want: Pass, observed: noRedirect},
	{id: "redirect.followable", name: "silent", t: transcript(unanswered("stream")), want: NotTested, observed: "no response came"},

	{id: "redirect.location", name: "relative", t: transcript(passing("http://a/x", 307, "?b"), body(":\n\n")), want: Pass},
	{id: "redirect.location", name: "empty", t: transcript(reply("stream", "HTTP/1.1 307 Temporary Redirect\nLocation: ")), want: Fail, observed: "empty"},
	{id: "redirect.location", name: "absent", t: transcript(body(":\n\n"), reply("slash", "HTTP/1.1 301 Moved")), want: Fail, observed: "without a Location"},
	{id: "redirect.location", name: "another scheme", t: transcript(leading("stream", "http://a/", 301, "mailto:a@example.org")), want: Fail, observed: "leads nowhere"},
	{id: "redirect.location", name: "300", t: transcript(reply("stream", "HTTP/1.1 300 Choices")), want: NotTested, observed: "redirect.followable"},

	{id: "redirect.no-login-page", name: "401", t: transcript(reply("anonymous", status401)), want: Pass, observed: noRedirect},
	{id: "redirect.no-login-page", name: "moved, then 401", t: transcript(leading("anonymous/redirect", "http://a/", 301, "/b"), reply("anonymous", status401)), want: Pass, observed: "then 401"},
	{id: "redirect.no-login-page", name: "login", t: transcript(leading("anonymous/redirect", "http://a/", 302, "/login"), reply("anonymous", "HTTP/1.1 200 OK\nContent-Type: text/html")), want: Fail, observed: "to \"/login\", which ends in 200 text/html"},
	{id: "redirect.no-login-page", name: "login elsewhere, unreachable", t: transcript(leading("anonymous/redirect", "http://a/", 302, "https://login.example/"), unanswered("anonymous")), want: Fail, observed: "login.example"},
	{id: "redirect.no-login-page", name: "moved, then login", t: transcript(passing("http://a/", 301, "/b"), body(":\n\n"), leading("anonymous/redirect", "http://a/", 301, "/b"), leading("anonymous/redirect", "http://a/b", 302, "/login"), reply("anonymous", "HTTP/1.1 200 OK\nContent-Type: text/html")), want: Fail, observed: "by 302 to \"/login\""},
	{id: "redirect.no-login-page", name: "redirected anyhow", t: transcript(passing("http://a/", 302, "/b"), reply("stream", "HTTP/1.1 400 No"), leading("anonymous/redirect", "http://a/", 302, "/b"), reply("anonymous", "HTTP/1.1 400 No")), want: NotTested, observed: "likewise"},
	{id: "redirect.no-login-page", name: "open to all", t: transcript(leading("anonymous/redirect", "http://a/", 302, "/b"), reply("anonymous", goodHead)), want: NotTested, observed: "auth.none.401"},
	{id: "redirect.no-login-page", name: "meant to be open", t: optional(transcript(leading("anonymous/redirect", "http://a/", 302, "/login"), reply("anonymous", "HTTP/1.1 200 OK"))), want: NotTested, observed: "need no token"},

	{id: "redirect.keeps-query", name: "copied", t: transcript(passing("http://a/?topic=a%20b&n=1", 302, "/b?n=1&topic=a+b"), body(":\n\n")), want: Pass},
	{id: "redirect.keeps-query", name: "into the path", t: transcript(passing("http://a/?topic=a%20b", 302, "/topics/a%20b/events"), body(":\n\n")), want: Pass},
	{id: "redirect.keeps-query", name: "lost", t: transcript(passing("http://a/?topic=news&n=1", 302, "/b?n=1"), body(":\n\n")), want: Warn, observed: "the parameter topic"},
	{id: "redirect.keeps-query", name: "the token may go", t: transcript(passing("http://a/?topic=news&token=********", 302, "/b?topic=news"), body(":\n\n")), want: Pass},
	{id: "redirect.keeps-query", name: "no query", t: transcript(passing("http://a/", 302, "/b"), body(":\n\n")), want: NotTested, observed: "no query"},
	{id: "redirect.keeps-query", name: "login", t: transcript(body(":\n\n"), leading("anonymous/redirect", "http://a/?topic=news", 302, "/login")), want: Pass, observed: noRedirect},

	{id: "redirect.no-downgrade", name: "relative", t: transcript(overTLS(passing("https://a/", 302, "/b")), body(":\n\n")), want: Pass},
	{id: "redirect.no-downgrade", name: "http", t: transcript(overTLS(passing("https://a/", 302, "http://a/b")), body(":\n\n")), want: Fail, observed: `"http://a/b"`},

	{id: "redirect.cors", name: "allowed", t: fromApp(transcript(permitting(passing("http://a/", 302, "/b"), app), body(":\n\n"))), want: Pass},
	{id: "redirect.cors", name: "any", t: fromApp(transcript(permitting(passing("http://a/", 302, "/b"), "*"), body(":\n\n"))), want: Pass},
	{id: "redirect.cors", name: "only at the end", t: fromApp(transcript(passing("http://a/", 302, "/b"), permitting(body(":\n\n"), app))), want: Fail, observed: `the redirect by 302 has Access-Control-Allow-Origin ""`},
	{id: "redirect.cors", name: "no redirect", t: fromApp(transcript(body(":\n\n"))), want: Pass, observed: noRedirect},

	{id: "redirect.no-token-leak", name: "same origin", t: transcript(passing("http://a/?t=********", 302, "/b?t=********"), body(":\n\n")), want: Pass},
	{id: "redirect.no-token-leak", name: "other origin without it", t: transcript(passing("http://a/", 302, "http://b/"), body(":\n\n")), want: Pass},
	{id: "redirect.no-token-leak", name: "other origin with it", t: transcript(passing("http://a/", 302, "http://b/?t=********"), body(":\n\n")), want: Fail, observed: "another origin"},
	{id: "redirect.no-token-leak", name: "other port with it", t: transcript(passing("http://a/", 302, "http://a:81/?t=********"), body(":\n\n")), want: Fail, observed: "another origin"},
}

// leading is a response that leads elsewhere.
func leading(name, from string, status int, to string) *Connection {
	c := reply(name, "HTTP/1.1 302 Elsewhere\nLocation: "+to)
	c.URL, c.Status = from, status
	return c
}

// passing is one on the way to the stream.
func passing(from string, status int, to string) *Connection {
	return leading("stream"+onward, from, status, to)
}

func overTLS(c *Connection) *Connection { c.TLS = true; return c }

func permitting(c *Connection, origin string) *Connection {
	c.Fields = append(c.Fields, Field{"Access-Control-Allow-Origin", origin})
	return c
}
