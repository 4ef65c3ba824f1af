package conformance

var tokenLiterals = []literal{
	{id: "auth.jwt.signature", name: "refused", t: shown(reply("signature-changed", badToken), reply("signature-missing", badToken), reply("claims-changed", badToken)), want: Pass, observed: "401"},
	{id: "auth.jwt.signature", name: "taken", t: shown(reply("signature-changed", goodHead)), want: Fail, observed: "the token signature-changed opens a stream"},
	{id: "auth.jwt.signature", name: "claims changed", t: shown(reply("signature-changed", badToken), reply("claims-changed", goodHead)), want: Fail, observed: "claims-changed opens"},
	{id: "auth.jwt.signature", name: "no code", t: shown(reply("signature-changed", status401), reply("claims-changed", badToken)), want: Warn, observed: "invalid_token"},
	{id: "auth.jwt.signature", name: "no code, by cookie", t: byCookie(shown(reply("signature-changed", status401), reply("claims-changed", badToken))), want: Pass},
	{id: "auth.jwt.signature", name: "403", t: shown(reply("signature-changed", "HTTP/1.1 403 No"), reply("claims-changed", "HTTP/1.1 403 No")), want: Warn, observed: "403"},
	{id: "auth.jwt.signature", name: "500", t: shown(reply("signature-changed", "HTTP/1.1 500 No")), want: Warn, observed: "500"},
	{id: "auth.jwt.signature", name: "page", t: shown(reply("signature-changed", "HTTP/1.1 200 OK\nContent-Type: text/html")), want: Warn, observed: "200"},
	{id: "auth.jwt.signature", name: "opaque", t: shown(), want: NotTested, observed: "no JSON Web Token"},
	{id: "auth.jwt.signature", name: "open to all", t: openToAll(reply("signature-changed", goodHead)), want: NotTested, observed: "auth.none.401"},
	{id: "auth.jwt.signature", name: "meant to be open", t: optional(shown(reply("signature-changed", goodHead))), want: NotTested, observed: "need no token"},
	{id: "auth.jwt.signature", name: "nothing is good", t: transcript(reply("none", status401), reply("good", status401), reply("signature-changed", badToken)), want: NotTested, observed: "the good token opens no stream"},

	{id: "auth.jwt.alg-none", name: "refused", t: shown(reply("none-none", badToken), reply("none-None", "HTTP/1.1 400 No")), want: Pass},
	{id: "auth.jwt.alg-none", name: "taken in capitals", t: shown(reply("none-none", badToken), reply("none-NONE", goodHead)), want: Fail, observed: "none-NONE"},

	{id: "auth.jwt.alg-confusion", name: "refused", t: shown(reply("confused-pem", badToken), reply("confused-der", badToken)), want: Pass},
	{id: "auth.jwt.alg-confusion", name: "taken", t: shown(reply("confused-pem", badToken), reply("confused-der", goodHead)), want: Fail, observed: "confused-der"},
	{id: "auth.jwt.alg-confusion", name: "signed with a secret", t: shown(reply("signature-changed", badToken)), want: NotTested, observed: "private key"},

	{id: "auth.jwt.exp", name: "refused", t: shown(reply("expired", badToken)), want: Pass},
	{id: "auth.jwt.exp", name: "taken", t: shown(reply("expired", goodHead)), want: Fail, observed: "expired opens"},

	{id: "auth.jwt.nbf", name: "refused", t: shown(reply("minted", goodHead), reply("not-yet", badToken)), want: Pass},
	{id: "auth.jwt.nbf", name: "taken", t: shown(reply("minted", goodHead), reply("not-yet", goodHead)), want: Fail, observed: "not-yet opens"},
	{id: "auth.jwt.nbf", name: "no minted token is taken", t: shown(reply("minted", badToken), reply("not-yet", badToken)), want: NotTested, observed: "not taken at all"},

	{id: "auth.jwt.iss-aud", name: "refused", t: shown(reply("minted", goodHead), reply("wrong-iss", badToken), reply("wrong-aud", badToken)), want: Pass},
	{id: "auth.jwt.iss-aud", name: "other audience", t: shown(reply("minted", goodHead), reply("wrong-iss", badToken), reply("wrong-aud", goodHead)), want: Fail, observed: "wrong-aud"},
	{id: "auth.jwt.iss-aud", name: "neither is there", t: shown(reply("minted", goodHead)), want: NotTested, observed: "neither an issuer nor an audience"},

	{id: "auth.jwt.exp-required", name: "refused", t: shown(reply("minted", goodHead), reply("eternal", badToken)), want: Pass, observed: "refused"},
	{id: "auth.jwt.exp-required", name: "bounded", t: shown(reply("minted", goodHead), reply("eternal", goodHead), reply("eternal-kept", goodHead).ended(EndComplete)), want: Pass, observed: "for a while"},
	{id: "auth.jwt.exp-required", name: "for ever", t: shown(reply("minted", goodHead), reply("eternal", goodHead), reply("eternal-kept", goodHead)), want: Warn, observed: "stays open"},

	{id: "auth.jwt.crit-typ", name: "refused", t: shown(reply("minted", goodHead), reply("critical", badToken), reply("typed", badToken)), want: Pass, observed: "logout+jwt is refused"},
	{id: "auth.jwt.crit-typ", name: "type taken", t: shown(reply("minted", goodHead), reply("critical", badToken), reply("typed", goodHead)), want: Pass, observed: "logout+jwt is taken"},
	{id: "auth.jwt.crit-typ", name: "taken", t: shown(reply("minted", goodHead), reply("critical", goodHead)), want: Warn, observed: "critical opens"},
}
