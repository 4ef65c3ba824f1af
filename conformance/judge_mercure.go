package conformance

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// hubRefuses judges how a hub takes the bad updates of a field.
func hubRefuses(field string) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		good := t.named("good")
		if good == nil || good.Status/100 != 2 {
			return t.unmet("an update without any fault is not accepted either")
		}
		var other *Connection
		for i, bad := range badUpdates {
			if bad.field != field {
				continue
			}
			c := t.named(bad.named(i))
			switch {
			case c == nil || c.Responded == 0:
				return untested("the update with %s was not answered%s", bad.what, because(c))
			case c.Status/100 == 2:
				return missed("%s is accepted with %d: %s", bad.what, c.Status, quoted(bad.value)).expect("400").show(c.headEvidence())
			case c.Status != 400 && other == nil:
				other = c
			}
		}
		if other != nil {
			return missed("refused with %d", other.Status).as(Should).expect("400").show(other.headEvidence())
		}
		return passed("400")
	}
}

// anIRI is what begins like an absolute IRI (RFC 3987 section 2.2), or is a
// fragment.
var anIRI = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*:|#).`)

func judgeMercureID(t *Transcript) Verdict {
	updates := 0
	var odd *Line
	var in *Connection
	for _, c := range t.streams() {
		for _, b := range c.blocks() {
			if b.Blank == nil || !b.has("data") {
				continue
			}
			updates++
			lines := b.fields("id")
			if len(lines) == 0 {
				return missed("an update has no ID").show(c.bodyEvidence(b.Lines[0].Offset, b.Blank.Offset))
			}
			l := lines[len(lines)-1]
			switch _, id := l.field(); {
			case id == "":
				return missed("the ID of an update is empty").show(c.bodyEvidence(b.Lines[0].Offset, b.Blank.Offset))
			case odd == nil && !anIRI.MatchString(id):
				odd, in = &l, c
			}
		}
	}
	switch {
	case updates == 0:
		return t.unmet("no update arrived")
	case odd != nil:
		_, id := odd.field()
		return missed("the ID %s is neither an IRI nor a fragment", quoted(id)).as(Should).show(odd.evidence(in))
	}
	return passed("")
}

func judgeMercureSplit(t *Transcript) Verdict {
	c := t.named("stream")
	if c == nil {
		return t.unmet("no event stream could be opened")
	}
	for _, e := range c.events() {
		data := t.payload(e)
		if !strings.HasPrefix(data, "ssegauge-split") {
			continue
		}
		if want := lineEnds.Replace(splitData); data != want {
			return missed("%s arrives as %s", quoted(splitData), quoted(data)).expect("%s", quoted(want)).
				show(c.bodyEvidence(e.Offset, e.Offset+80))
		}
		return passed("")
	}
	return t.unmet("the update with all line ends did not arrive")
}

func judgeMercureExpiry(t *Transcript) Verdict {
	c := t.named("stream")
	switch {
	case c == nil || c.Responded == 0:
		return t.unmet("no response came")
	case !c.isStream():
		return untested("the token was not taken: status %d", c.Status)
	case !c.End.byPeer():
		return missed("%s after the token's expiry the stream is still open", seconds(c.Ended-c.Expires)).show(c.endEvidence())
	case c.Ended > c.Expires+t.allowing(expiryTime):
		return missed("the stream ended %s after the token's expiry", seconds(c.Ended-c.Expires)).show(c.endEvidence())
	}
	return passed("")
}

// A mercureError is what a hub must answer to a request that it refuses.
type mercureError struct {
	name   string // of the connection
	what   string
	status int
	code   string // of the challenge (RFC 6750 section 3.1); "-" for none at all
}

var mercureErrors = []mercureError{
	{"no-token", "an update without a token", 401, "-"},
	{"bad-token", "an update with a token whose signature is wrong", 401, "invalid_token"},
	{"forbidden", "an update with a token that does not allow it", 403, "insufficient_scope"},
	{"no-topic", "an update without a topic", 400, ""},
}

func judgeMercureErrors(t *Transcript) Verdict {
	if good := t.named("good"); good == nil || good.Status/100 != 2 {
		return t.unmet("an update with the publisher's token is not accepted either")
	}
	for _, e := range mercureErrors {
		c := t.named(e.name)
		if c == nil && e.name == "forbidden" {
			continue
		}
		if c == nil || c.Responded == 0 {
			return untested("%s was not answered%s", e.what, because(c))
		}
		if c.Status != e.status {
			return missed("%s is answered with %d", e.what, c.Status).expect("%d", e.status).show(c.headEvidence())
		}
		if problem := e.challenge(c); problem != "" {
			return missed("%s is answered with %d, and the challenge %s", e.what, c.Status, problem).show(c.headEvidence())
		}
	}
	return passed("")
}

// challenge says what is wrong with the challenge of an answer, "" if nothing
// is.
func (e mercureError) challenge(c *Connection) string {
	challenge := c.value("WWW-Authenticate")
	bearer := len(challenge) >= len("Bearer") && strings.EqualFold(challenge[:len("Bearer")], "Bearer")
	switch {
	case e.code == "":
		return ""
	case !bearer:
		return "is not that of a bearer token: " + quoted(challenge)
	case e.code == "-" && strings.Contains(challenge, "error="):
		return "has an error code: " + quoted(challenge)
	case e.code != "-" && !strings.Contains(challenge, fmt.Sprintf("error=%q", e.code)):
		return "has not the error " + e.code + ": " + quoted(challenge)
	}
	return ""
}

func judgeMercureQueryToken(t *Transcript) Verdict {
	publish, without, with := t.named("query-token"), t.named("anonymous"), t.named("query-stream")
	switch {
	case publish == nil || publish.Responded == 0:
		return t.unmet("the update was not answered")
	case publish.Status/100 == 2:
		return missed("an update with the token in access_token is accepted with %d", publish.Status).expect("401").show(publish.headEvidence())
	case without == nil || with == nil || with.Responded == 0:
		return t.unmet("the request for a stream was not answered")
	case without.isStream():
		return passed("updates; streams are open to all")
	case with.isStream():
		return missed("a stream opens with the token in access_token").expect("401").show(with.headEvidence())
	}
	return passed("")
}

func judgeMercurePrivate(t *Transcript) Verdict {
	for _, name := range []string{"private-on", "private-empty"} {
		if c := t.named(name); c == nil || c.Status/100 != 2 {
			return t.unmet("the private update was not accepted")
		}
	}
	for _, name := range []string{"stranger", "stranger-replay"} {
		c := t.named(name)
		if c == nil {
			continue
		}
		for _, e := range c.events() {
			if data := t.payload(e); strings.HasPrefix(data, "ssegauge-private") {
				return missed("%s reaches a subscriber without the right to its topic", quoted(data)).branch(name).
					show(c.bodyEvidence(e.Offset, e.Offset+80))
			}
		}
	}
	entitled := t.named("entitled")
	for _, data := range []string{"ssegauge-private-on", "ssegauge-private-empty"} {
		if !slices.ContainsFunc(entitled.events(), func(e Event) bool { return t.payload(e) == data }) {
			return missed("%s does not reach a subscriber with the right to its topic", quoted(data)).branch("entitled").show(entitled.endEvidence())
		}
	}
	if c := t.named("stranger"); c != nil && !c.isStream() {
		return passed("strangers get no stream")
	}
	return passed("strangers get public updates alone")
}

func judgeMercureHeartbeat(t *Transcript) Verdict {
	c := t.named("stream")
	if c == nil || !c.isStream() {
		return t.unmet("no event stream could be opened")
	}
	for _, l := range c.lines() {
		if l.comment() && l.At-c.Responded > t.Facts.Heartbeat/2 {
			return passed("")
		}
	}
	switch {
	case c.End.byPeer():
		return untested("the stream ended before a comment was due")
	case len(c.events()) > 0:
		return untested("the stream was not idle: %s", quotedAll(c.events()))
	}
	return missed("no comment in %s of silence", seconds(c.Ended-c.Responded)).
		expect("one within %s", seconds(mercureIdle(t.Facts.Heartbeat))).show(c.endEvidence())
}
