package conformance

import (
	"strings"
	"time"
)

// authExchanges show good tokens, wrong ones and none. In each of them "good"
// is opened with the good token, and "none" without any: what a wrong token
// gets tells nothing unless these two differ.
var authExchanges = []exchange{
	{
		name: "expiry", needs: []Capability{CanPublish, CanMint}, limit: time.Minute,
		about: "hold a stream open until its token expires, come back with the same token and with a new one",
		talk:  talkExpiry,
	},
	{
		name: "credentials", needs: []Capability{HasToken}, anyway: true,
		about: "ask for a stream with the good token, without one, with malformed ones, and with one that does not allow it",
		talk:  talkCredentials,
	},
	{
		name: "forged", needs: []Capability{HasToken},
		about: "ask for a stream with tokens that are signed wrongly, not at all, or are not for now or not for here",
		talk:  talkForged,
	},
	{
		name: "cookies", needs: []Capability{HasToken, HasCookie}, anyway: true,
		about: "ask for a stream with the token in a cookie, also from a foreign page, and with a header that says otherwise",
		talk:  talkCookies,
	},
	{
		name: "login", needs: []Capability{HasToken, HasLogin}, anyway: true,
		about: "send the request that sets the cookie",
		talk:  talkLogin,
	},
	{
		name: "query-token", needs: []Capability{HasToken}, anyway: true,
		about: "open streams with the token in a query parameter instead, and try what else it is good for there",
		talk:  talkQueryToken,
	},
	{
		name: "rights", needs: []Capability{CanPublish, HasTokenOf(RoleForbidden)},
		about: "resume a stream with a token that does not allow it",
		talk:  talkRights,
	},
}

// revokeExchanges spoil the good token, so they come last of all.
var revokeExchanges = []exchange{
	{
		name: "revoke", needs: []Capability{CanPublish, HasToken, CanControl("expire")}, alone: true,
		about: "make the token of an open stream invalid, and publish an event",
		talk:  talkRevoke,
	},
}

// askAnonymous asks once without a token and looks at what begins to come.
func (t *talk) askAnonymous(fields ...Field) {
	t.open(ask{name: "none", role: anonymous, fields: fields, stay: true}).end(t.pace().Quiet)
}

// try asks for a stream and reports whether it was opened. A target that does
// not answer ends the exchange.
func (t *talk) try(a ask) (s *stream, opened bool) {
	a.stay = true
	s = t.open(a)
	defer s.close()
	if !s.responded() {
		t.stop("%s got no answer", a.name)
	}
	return s, s.isStream()
}

// authorized is an ask with a value of the Authorization field and no token
// elsewhere.
func authorized(name, value string) ask {
	return ask{name: name, role: anonymous, fields: []Field{{"Authorization", value}}}
}

func talkCredentials(t *talk) {
	t.askAnonymous()
	_, opened := t.try(ask{name: "good"})
	t.try(ask{
		name: "preflight", method: "OPTIONS", role: anonymous,
		fields: []Field{
			{"Origin", t.ownOrigin()}, {"Access-Control-Request-Method", "GET"}, {"Access-Control-Request-Headers", "authorization"},
		},
	})
	asks := []ask{
		authorized("malformed-empty", "Bearer"), authorized("malformed-two", "Bearer a b"),
		authorized("malformed-basic", "Basic c3NlZ2F1Z2U6c3NlZ2F1Z2U="), authorized("malformed-junk", "Bearer ssegauge"),
	}
	if opened && t.target.Tokens.sent() == "bearer" {
		token := t.token(RoleGood).Reveal()
		asks = append(asks, authorized("scheme-lower", "bearer "+token), authorized("scheme-upper", "BEARER "+token))
	}
	if t.can(HasTokenOf(RoleForbidden)) {
		asks = append(asks, ask{name: "forbidden", role: RoleForbidden})
	}
	for _, a := range asks {
		if s, _ := t.try(a); !s.responded() {
			return
		}
	}
}

// order is a request for a token as good as the good one.
func (t *talk) order() TokenRequest {
	return TokenRequest{User: t.target.Tokens.user(RoleGood), Topic: t.topic, Expires: time.Now().Add(time.Hour)}
}

func talkForged(t *talk) {
	t.askAnonymous()
	if _, opened := t.try(ask{name: "good"}); !opened {
		return
	}
	var list []forgery
	good, isJWT := parseToken(t.token(RoleGood))
	if isJWT {
		list = append(list, good.unsigned()...)
		list = append(list, good.unprotected()...)
		if key := t.target.Tokens.publicKey(); key != nil {
			list = append(list, good.confused(key)...)
		}
	}
	if t.can(HasTokenOf(RoleExpired)) {
		list = append(list, forgery{"expired", t.token(RoleExpired)})
	}
	if t.can(CanMint) {
		list = append(list, t.misminted()...)
	}
	for _, f := range list {
		s, opened := t.try(ask{name: f.name, token: f.token})
		if !s.responded() {
			return
		}
		if opened && f.name == "eternal" {
			t.open(ask{name: "eternal-kept", token: f.token, stay: true}).end(t.pace().Listen)
		}
	}
}

// misminted are tokens that are signed as they should be, and not to be
// accepted here and now. "minted" is the good one among them.
func (t *talk) misminted() []forgery {
	with := func(claims, header map[string]any) Secret {
		request := t.order()
		request.Claims, request.Header = claims, header
		return t.mint(request)
	}
	plain := with(nil, nil)
	eternal := t.order()
	eternal.Expires, eternal.Claims = time.Time{}, map[string]any{"exp": nil}
	list := []forgery{
		{"minted", plain},
		{"not-yet", with(map[string]any{"nbf": time.Now().Add(30 * time.Minute).Unix()}, nil)},
		{"eternal", t.mint(eternal)},
		{"critical", with(nil, map[string]any{"crit": []string{"ssegauge"}, "ssegauge": true})},
		{"typed", with(nil, map[string]any{"typ": "logout+jwt"})},
	}
	p, ok := parseToken(plain)
	if !ok {
		return list
	}
	for claim, wrong := range map[string]string{"iss": "https://ssegauge.example/another-issuer", "aud": "ssegauge-another-audience"} {
		if _, given := p.claims[claim]; given {
			list = append(list, forgery{"wrong-" + claim, with(map[string]any{claim: wrong}, nil)})
		}
	}
	return list
}

// strangerOrigin is an origin that no target allows (RFC 2606 section 2).
const strangerOrigin = "https://stranger.invalid"

func talkCookies(t *talk) {
	token := t.token(RoleGood)
	bad := spoiled(token)
	t.run.redactor.add(bad)
	cookie := func(s Secret) Field { return Field{"Cookie", t.target.Tokens.cookie() + "=" + s.Reveal()} }
	header := func(s Secret) Field { return Field{"Authorization", "Bearer " + s.Reveal()} }
	t.askAnonymous()
	for _, a := range []ask{
		{name: "cookie", fields: []Field{cookie(token)}},
		{name: "foreign-page", fields: []Field{cookie(token), {"Origin", strangerOrigin}}},
		{name: "header", fields: []Field{header(token)}},
		{name: "bad-header", fields: []Field{header(bad), cookie(token)}},
		{name: "bad-cookie", fields: []Field{header(token), cookie(bad)}},
	} {
		a.role = anonymous
		if s, _ := t.try(a); !s.responded() {
			return
		}
	}
}

func talkLogin(t *talk) {
	login := t.target.Tokens.Login
	token := t.token(RoleGood)
	values := append(forms("topic", t.topic), forms("token", token.Reveal())...)
	a := ask{name: "login", method: "POST", url: login.URL, body: []byte(fill(login.Body, values...)), stay: true}
	if login.Method != "" {
		a.method = login.Method
	}
	for name, template := range login.Headers {
		a.fields = append(a.fields, Field{name, fill(template, values...)})
		t.run.redactor.add(Secret(fill(template, values...)))
	}
	t.run.redactor.add(Secret(a.body))
	t.open(a).close()
}

func talkRights(t *talk) {
	s := t.open(ask{name: "stream"})
	if !t.settle(s) {
		return
	}
	last := s.lastEventID()
	data := "ssegauge-" + t.nonce + "-private"
	t.publish(Fields{"data": data})
	if !t.hasMark(data, t.pace().Patience, s) {
		t.stop("an event that was accepted did not arrive")
		return
	}
	s.close()
	if last == "" {
		t.stop("the events have no IDs, so nothing can be replayed")
		return
	}
	after := Field{"Last-Event-ID", last}
	t.hasMark(data, t.pace().Patience, t.open(ask{name: "resumed", fields: []Field{after}}))
	t.askAnonymous(after)
	t.open(ask{name: "forbidden", role: RoleForbidden, fields: []Field{after}, stay: true}).end(t.pace().Quiet)
}

// beside is an address next to the target's where nothing is.
func (t *talk) beside() string {
	address, query, asked := strings.Cut(t.run.url, "?")
	address = strings.TrimRight(address, "/") + "/ssegauge-" + t.nonce
	if asked {
		address += "?" + query
	}
	return address
}
