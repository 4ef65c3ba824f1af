package conformance

var expiryLiterals = []literal{
	{id: "auth.expiry.closes", name: "ends", t: expired(body("data: m\n\n").ended(EndComplete)), want: Pass},
	{id: "auth.expiry.closes", name: "stays", t: expired(body("data: m\n\n")), want: Fail, observed: "still open"},
	{id: "auth.expiry.closes", name: "leeway", t: transcript(body("data: m\n\n"), reply("twin-taken", goodHead)), want: NotTested, observed: "no response"},

	{id: "auth.expiry.no-data-after", name: "nothing", t: expired(body("data: m\n\n").ended(EndComplete)).with(mark("m"), put("", "late")), want: Pass},
	{id: "auth.expiry.no-data-after", name: "event", t: expired(body("data: m\n\n", "data: late\n\n").ended(EndComplete)).with(mark("m"), put("", "late")), want: Fail, observed: "arrived"},
	{id: "auth.expiry.no-data-after", name: "nothing published", t: expired(body("data: m\n\n")).with(mark("m")), want: NotTested, observed: "nothing was accepted"},

	{id: "auth.expiry.reconnect", name: "401", t: expired(body("data: m\n\n"), reply("expired", badToken)), want: Pass, observed: "401"},
	{id: "auth.expiry.reconnect", name: "204", t: expired(body("data: m\n\n"), reply("expired", "HTTP/1.1 204 No Content")), want: Pass, observed: "204"},
	{id: "auth.expiry.reconnect", name: "taken", t: expired(body("data: m\n\n"), reply("expired", goodHead).ended(EndComplete)), want: Fail, observed: "after its expiry"},
	{id: "auth.expiry.reconnect", name: "403", t: expired(body("data: m\n\n"), reply("expired", "HTTP/1.1 403 No")), want: Warn, observed: "403"},

	{id: "auth.expiry.renewed", name: "goes on", t: renewal("data: late\n\n", "data: late\n\ndata: m2\n\n"), want: Pass},
	{id: "auth.expiry.renewed", name: "loses", t: renewal("data: late\n\n", "data: m2\n\n"), want: Warn, observed: "does not come with the new token"},
	{id: "auth.expiry.renewed", name: "no replay at all", t: renewal("data: m2\n\n", "data: m2\n\n"), want: NotTested, observed: "either"},
	{id: "auth.expiry.renewed", name: "nothing came yet", t: renewal("data: late\n\n", ""), want: NotTested, observed: "nothing arrived"},
	{id: "auth.expiry.renewed", name: "refused", t: transcript(body("data: late\n\n").called("resumed"), reply("renewed", badToken)).with(put("", "late")), want: Warn, observed: "401"},
	{id: "auth.expiry.renewed", name: "no IDs", t: expired(body("data: m\n\n")).with(put("", "late")), want: NotTested, observed: "no IDs"},

	{id: "auth.revoke.closes", name: "ends", t: transcript(body("data: m\n\n").ended(EndComplete), reply("again", badToken)), want: Pass, observed: "ended"},
	{id: "auth.revoke.closes", name: "filtered", t: transcript(body("data: m\n\n"), reply("again", badToken)).with(put("", "late")), want: Pass, observed: "filtered"},
	{id: "auth.revoke.closes", name: "goes on", t: transcript(body("data: m\n\n", "data: late\n\n"), reply("again", badToken)).with(put("", "late")), want: Warn, observed: "gets an event"},
	{id: "auth.revoke.closes", name: "not revoked", t: transcript(body("data: m\n\n"), reply("again", goodHead)), want: NotTested, observed: "not revoked"},
	{id: "auth.revoke.closes", name: "nothing accepted", t: transcript(body("data: m\n\n"), reply("again", badToken)), want: NotTested, observed: "nothing was accepted"},

	{id: "auth.replay.rechecked", name: "403", t: transcript(body("data: late\n\n").called("resumed"), reply("forbidden", status403)).with(put("", "late")), want: Pass, observed: "403"},
	{id: "auth.replay.rechecked", name: "empty stream", t: transcript(body("data: late\n\n").called("resumed"), reply("forbidden", goodHead)).with(put("", "late")), want: Pass, observed: "nothing is replayed"},
	{id: "auth.replay.rechecked", name: "replayed", t: transcript(body("data: late\n\n").called("resumed"), body("data: late\n\n").called("forbidden")).with(put("", "late")), want: Fail, observed: "does not allow it"},
	{id: "auth.replay.rechecked", name: "public updates", t: profile("mercure", transcript(body("data: late\n\n").called("resumed"), body("data: late\n\n").called("forbidden")).with(put("", "late"))), want: NotTested, observed: "mercure.private"},
	{id: "auth.replay.rechecked", name: "no replay at all", t: transcript(body(":\n\n").called("resumed"), reply("forbidden", goodHead)).with(put("", "late")), want: NotTested, observed: "either"},
}

// expired is a stream whose token is then refused.
func expired(s *Connection, more ...*Connection) *Transcript {
	return transcript(append([]*Connection{s, reply("twin", badToken)}, more...)...)
}

// renewal is what comes to the old token of a client that resumes, and to a new
// one.
func renewal(old, renewed string) *Transcript {
	return transcript(body(old).called("resumed"), body(renewed).called("renewed")).with(put("", "late"))
}
