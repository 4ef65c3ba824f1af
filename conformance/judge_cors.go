package conformance

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

const (
	allowOrigin      = "Access-Control-Allow-Origin"
	allowCredentials = "Access-Control-Allow-Credentials"
	allowHeaders     = "Access-Control-Allow-Headers"
	exposeHeaders    = "Access-Control-Expose-Headers"
)

// onAllowed judges what a page of the allowed origin gets.
func onAllowed(judge func(*Transcript, *Connection) Verdict) func(*Transcript) Verdict {
	return onHead("allowed", func(t *Transcript, c *Connection) Verdict {
		if c.Status != 200 {
			return untested("the answer has status %d (see http.status.ok)", c.Status)
		}
		return judge(t, c)
	})
}

// origins are the values of Access-Control-Allow-Origin, taken apart where a
// proxy may have joined them.
func (c *Connection) origins() []string {
	var list []string
	for _, value := range c.values(allowOrigin) {
		for part := range strings.SplitSeq(value, ",") {
			list = append(list, strings.TrimSpace(part))
		}
	}
	return list
}

// mayRead reports whether a page of the origin may read the response without
// credentials. How often it says so is for cors.single.
func (c *Connection) mayRead(origin string) bool {
	return slices.ContainsFunc(c.origins(), func(o string) bool { return o == origin || o == "*" })
}

// credentials reports whether a page may send cookies. The value is compared
// byte by byte (Fetch, CORS check).
func (c *Connection) credentials() bool { return c.value(allowCredentials) == "true" }

const notShared = "the allowed origin may not read the stream at all (see cors.simple)"

func judgeCORSSimple(t *Transcript, c *Connection) Verdict {
	if !c.mayRead(t.Facts.AllowedOrigin) {
		observed := "there is no " + allowOrigin
		if values := c.values(allowOrigin); len(values) > 0 {
			observed = allowOrigin + ": " + strings.Join(values, " and ")
		}
		return missed("%s", observed).expect("%s: %s", allowOrigin, t.Facts.AllowedOrigin).show(c.headEvidence())
	}
	return passed(c.origins()[0])
}

func judgeCORSCredentials(t *Transcript, c *Connection) Verdict {
	byCookie := strings.HasPrefix(t.Facts.TokenSent, "cookie")
	exact := slices.Contains(c.origins(), t.Facts.AllowedOrigin)
	switch {
	case !c.mayRead(t.Facts.AllowedOrigin):
		return untested(notShared)
	case c.credentials() && !exact:
		return missed("credentials are allowed with %s: *", allowOrigin).expect("%s: %s", allowOrigin, t.Facts.AllowedOrigin).show(c.headEvidence())
	case !c.credentials() && byCookie:
		return missed("%s is %s, and the token is a cookie", allowCredentials, quoted(c.value(allowCredentials))).
			expect("%s: true", allowCredentials).show(c.headEvidence())
	case !c.credentials():
		return passed("without credentials")
	}
	return passed("with credentials")
}

func judgeCORSReflect(t *Transcript) Verdict {
	asked := 0
	for _, c := range t.Connections {
		origin := requestField(c, "Origin")
		if c.Responded == 0 || origin == "" || origin == t.Facts.AllowedOrigin {
			continue
		}
		asked++
		if slices.Contains(c.origins(), origin) && c.credentials() {
			return missed("a page of %s may read the stream with the user's cookies", origin).branch(c.Name).
				expect("no %s, or another", allowOrigin).show(c.headEvidence())
		}
	}
	if asked == 0 {
		return t.unmet("no response came")
	}
	return passed(counted(asked, "origin"))
}

func judgeCORSVary(t *Transcript, c *Connection) Verdict {
	if !c.mayRead(t.Facts.AllowedOrigin) {
		return untested(notShared)
	}
	others := []*Connection{t.named("stranger"), t.named("plain")}
	static := true
	for _, other := range others {
		if other != nil && other.Responded != 0 && !slices.Equal(other.values(allowOrigin), c.values(allowOrigin)) {
			static = false
		}
	}
	if static {
		return passed("the same for every origin")
	}
	for _, c := range append(others, c) { // a refusal is seldom stored
		if c == nil || c.Status != 200 || c.lists("Vary", "Origin") || c.lists("Vary", "*") {
			continue
		}
		of := "an answer to " + requestField(c, "Origin")
		if requestField(c, "Origin") == "" {
			of = "the answer to a request without Origin"
		}
		return missed("%s has no Vary: Origin", of).show(c.headEvidence())
	}
	return passed("with Vary")
}

func judgeCORSErrors(t *Transcript) Verdict {
	if c := t.named("allowed"); c != nil && c.Status == 200 && !c.mayRead(t.Facts.AllowedOrigin) {
		return untested(notShared)
	}
	var seen []string
	for _, c := range t.Connections {
		if c.Status < 400 || requestField(c, "Origin") != t.Facts.AllowedOrigin {
			continue
		}
		if !c.mayRead(t.Facts.AllowedOrigin) {
			return missed("%s: status %d without %s", c.label(), c.Status, allowOrigin).
				expect("%s: %s", allowOrigin, t.Facts.AllowedOrigin).show(c.headEvidence())
		}
		seen = append(seen, fmt.Sprint(c.Status))
	}
	if len(seen) == 0 {
		return t.unmet("nothing was refused")
	}
	slices.Sort(seen)
	return passed(strings.Join(slices.Compact(seen), ", "))
}

func judgeCORSSingle(_ *Transcript, c *Connection) Verdict {
	switch values := c.values(allowOrigin); {
	case len(values) == 0:
		return untested("there is none (see cors.simple)")
	case len(c.origins()) > 1:
		return missed("%s: %s", allowOrigin, strings.Join(values, " and ")).expect("one value").show(c.headEvidence())
	}
	return passed("")
}

// grants reports whether the answer to a preflight lets a page send the field.
// An asterisk stands for all names but Authorization, and for none where there
// are credentials (Fetch, CORS-preflight fetch).
func (c *Connection) grants(name string) bool {
	if c.lists(allowHeaders, name) {
		return true
	}
	return c.lists(allowHeaders, "*") && !c.credentials() && !strings.EqualFold(name, "authorization")
}

// preflighted reports whether a preflight is answered so that what it grants
// counts; the verdict says why not.
func (t *Transcript) preflighted(c *Connection) (Verdict, bool) {
	if simple := t.named("allowed"); simple != nil && simple.Status == 200 && !simple.mayRead(t.Facts.AllowedOrigin) {
		return untested(notShared), false
	}
	switch {
	case c == nil || c.Responded == 0:
		return untested("OPTIONS was not answered%s", because(c)), false
	case c.Status/100 != 2:
		return untested("OPTIONS is answered with %d (see cors.preflight.status)", c.Status), false
	}
	return Verdict{}, true
}

// mayBeSent wants a field to be granted in the named preflight. One that is
// granted only as it is mostly written is for cors.preflight.names-case.
func mayBeSent(connection, name string) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		c, canonical := t.named(connection), t.named("canonical")
		if v, ok := t.preflighted(c); !ok {
			return v
		}
		switch {
		case !c.mayRead(t.Facts.AllowedOrigin):
			return missed("the answer to OPTIONS does not name the origin").expect("%s: %s", allowOrigin, t.Facts.AllowedOrigin).show(c.headEvidence())
		case c.grants(name):
			return passed("")
		case canonical != nil && canonical.Status/100 == 2 && canonical.grants(name):
			return passed("in capital letters")
		}
		return missed("%s does not list %s", allowHeaders, name).show(c.headEvidence())
	}
}

func judgePreflightToken(t *Transcript) Verdict {
	c := t.named("authorization")
	if c == nil {
		return untested("the token is not sent in a field of the request")
	}
	return mayBeSent("authorization", requestField(c, "Access-Control-Request-Headers"))(t)
}

func judgePreflightStatus(t *Transcript) Verdict {
	for _, c := range t.Connections {
		switch {
		case c.Method != "OPTIONS":
		case c.Responded == 0:
			return missed("OPTIONS gets no answer%s", because(c)).expect("204")
		case (c.Status == 401 || c.Status == 403) && t.Facts.Authenticated:
			return untested("OPTIONS without a token is answered with %d (see auth.preflight.open)", c.Status)
		case c.Status/100 != 2:
			return missed("OPTIONS is answered with %d", c.Status).expect("204").show(c.headEvidence())
		case c.isStream():
			return missed("OPTIONS opens a stream").expect("204").show(c.headEvidence())
		case !c.End.byPeer():
			return missed("the answer to OPTIONS does not end").expect("204").show(c.headEvidence())
		}
	}
	if len(t.Connections) == 0 {
		return t.unmet("OPTIONS was not sent")
	}
	return passed(fmt.Sprint(t.Connections[0].Status))
}

func judgePreflightCase(t *Transcript) Verdict {
	lower, canonical := t.named("lower"), t.named("canonical")
	for _, c := range []*Connection{lower, canonical} {
		if v, ok := t.preflighted(c); !ok {
			return v
		}
	}
	granted := 0
	for name := range strings.SplitSeq(lowerNames, ",") {
		if !canonical.grants(name) {
			continue
		}
		granted++
		if !lower.grants(name) {
			return missed("%s is not allowed, and is so with capital letters", name).show(lower.headEvidence(), canonical.headEvidence())
		}
	}
	if granted == 0 {
		return untested("none of the fields is allowed (see cors.preflight.last-event-id)")
	}
	return passed("")
}

// safelisted are the response fields that every page may read (Fetch,
// CORS-safelisted response-header name).
var safelisted = []string{"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"}

func judgeCORSExpose(_ *Transcript, c *Connection) Verdict {
	var hidden, exposed []string
	for _, f := range c.Fields {
		name := strings.ToLower(f.Name)
		if slices.Contains(safelisted, name) || !slices.ContainsFunc(resumeWords, func(w string) bool { return strings.Contains(name, w) }) {
			continue
		}
		if c.lists(exposeHeaders, name) || c.lists(exposeHeaders, "*") && !c.credentials() {
			exposed = append(exposed, f.Name)
		} else {
			hidden = append(hidden, f.Name)
		}
	}
	switch {
	case len(hidden) > 0:
		return missed("pages of other origins cannot read %s", strings.Join(hidden, ", ")).branch("hidden").show(c.headEvidence())
	case len(exposed) == 0:
		return passed("no such field")
	}
	return passed("exposed: " + strings.Join(exposed, ", "))
}

// resumeWords are parts of the names of fields that tell about gaps and
// cursors.
var resumeWords = []string{"last-event-id", "cursor", "gap", "resume", "replay"}

func judgeOriginCheck(t *Transcript) Verdict {
	if profiled(t, "mcp") {
		return untested("see mcp.origin")
	}
	if !local(t.Facts.URL) {
		return untested("the target is not on this machine or in a private network")
	}
	return onHead("rebound", func(_ *Transcript, c *Connection) Verdict {
		switch {
		case c.isStream() && c.value("Access-Control-Allow-Origin") == "*":
			return passed("open to every page")
		case c.isStream():
			return missed("a page of %s gets the stream without a token", requestField(c, "Origin")).expect("403").show(c.headEvidence())
		}
		return passed("refused with " + fmt.Sprint(c.Status))
	})(t)
}

// local reports whether a URL names this machine, or one of a private network.
func local(address string) bool {
	u, err := url.Parse(fill(address, "topic", "x", "token", "x"))
	if err != nil {
		return false
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local")
}
