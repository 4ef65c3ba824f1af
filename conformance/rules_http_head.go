package conformance

import (
	"regexp"
	"strings"
	"time"
)

// httpHeadChecks are about the head with which a stream is answered.
var httpHeadChecks = []Check{
	{
		ID: "http.status.ok", Level: Must, Clause: "WHATWG HTML 9.2.2", Exchange: opening,
		Require: "A stream is answered with status 200, after redirects if need be.",
		Why:     "With any other status, 201, 202 and 206 included, an EventSource fails for good and never reconnects.",
		Fix:     "Answer 200 before the first byte of the stream.",
		Judge: func(t *Transcript) Verdict {
			c := t.named("stream")
			switch {
			case c == nil || c.Responded == 0 && c.Problem == "":
				return missed("no response came").expect("status 200")
			case c.Responded == 0:
				return missed("no response came: %s", c.Problem).expect("status 200")
			case c.Status == 405 && profiled(t, "mcp"):
				return untested("the server opens no stream by GET, which MCP allows; method: POST and a body in the target file open one")
			case c.Status != 200:
				return missed("status %d", c.Status).expect("status 200").show(c.headEvidence())
			}
			return passed("")
		},
	},
	{
		ID: "http.content-type.essence", Level: Must, Clause: "WHATWG HTML 9.2.2, 9.2.5", Exchange: opening,
		Require: "The media type is text/event-stream.",
		Why:     "An EventSource takes no other: it fails for good.",
		Fix:     "Set Content-Type: text/event-stream on the handler of the stream.",
		Judge: onAnswer(func(_ *Transcript, c *Connection) Verdict {
			if c.essence() != "text/event-stream" {
				return missed("the media type is %s", quoted(c.essence())).expect("text/event-stream").show(c.headEvidence())
			}
			return passed("")
		}),
	},
	{
		ID: "http.content-type.single", Level: Must, Clause: "RFC 9110 5.3, Fetch", Exchange: opening,
		Require: "There is one Content-Type field.",
		Why:     "Receivers take the first, the last, or both joined by a comma, which is no media type.",
		Fix:     "Set the field in one place; replace where a framework has set it.",
		Judge: onAnswer(func(_ *Transcript, c *Connection) Verdict {
			values := c.values("Content-Type")
			switch {
			case len(values) == 0:
				return untested("there is none (see http.content-type.essence)")
			case len(values) > 1:
				return missed("%d fields: %s", len(values), strings.Join(values, " and ")).show(c.headEvidence())
			}
			return passed("")
		}),
	},
	{
		ID: "http.content-type.syntax", Level: Should, Clause: "practice (event-source-polyfill)", Exchange: opening,
		Require: "The media type is written as type, then optionally a semicolon and parameters, without a blank before it.",
		Why:     "The polyfill's pattern accepts no other spelling, and gives up for good.",
		Fix:     "Write text/event-stream or text/event-stream; charset=utf-8.",
		Judge: onStream(func(_ *Transcript, c *Connection) Verdict {
			if v := c.value("Content-Type"); !polyfillType.MatchString(v) {
				return missed("written as %s", quoted(v)).show(c.headEvidence())
			}
			return passed("")
		}),
	},
	{
		ID: "http.content-type.charset", Level: Must, Clause: "practice (WHATWG HTML 9.2.5)", Exchange: opening,
		Require: "A charset parameter, if there is one, is utf-8.",
		Why:     "A stream is UTF-8 whatever the parameter says; some browsers abort on another charset.",
		Fix:     "Leave the parameter out, or write charset=utf-8.",
		Judge: onStream(func(_ *Transcript, c *Connection) Verdict {
			charset, given := parameter(c.value("Content-Type"), "charset")
			switch {
			case !given:
				return passed("no charset")
			case !strings.EqualFold(charset, "utf-8"):
				return missed("the charset is %s", quoted(charset)).expect("utf-8 or none").show(c.headEvidence())
			}
			return passed("utf-8")
		}),
	},
	{
		ID: "http.head.flush", Level: Should, Clause: "practice (WHATWG HTML 9.2.3)", Exchange: opening, Also: []string{"head"}, Timed: true,
		Require: "The response head is sent before there is an event.",
		Why:     "Until the head comes the EventSource is not open, and proxies count the wait as a time-out.",
		Fix:     "Flush the head, and a comment, as soon as the subscription stands.",
		Judge: func(t *Transcript) Verdict {
			c := t.named("stream")
			if c == nil || c.Sent == 0 {
				return untested("no request was sent")
			}
			allowed := t.allowing(time.Second)
			if h := t.named("head"); h != nil {
				// A target that is slow with everything is not holding back.
				allowed += 4 * h.waited()
			}
			switch nudge := firstSent(t); {
			case c.Responded == 0:
				return untested("no response came%s", because(c))
			case nudge != 0 && nudge < c.Responded:
				return missed("no head within %s; it came %s after an event was published", seconds(nudge-c.Sent), seconds(c.Responded-nudge)).show(c.headEvidence())
			case c.waited() > allowed:
				return missed("the head came after %s", seconds(c.waited())).expect("at most %s", seconds(allowed)).show(c.headEvidence())
			}
			return passed("")
		},
	},
	{
		ID: "http.cache-control", Level: Should, Clause: "RFC 9111 5.2.2", Exchange: opening,
		Require: "Cache-Control has no-store or no-cache.",
		Why:     "A cache that stores the stream replays old events, and may hold the response until it ends.",
		Fix:     "Send Cache-Control: no-cache, no-store.",
		Judge: onStream(func(_ *Transcript, c *Connection) Verdict {
			for _, word := range []string{"max-age", "s-maxage"} {
				if age, ok := c.directive("Cache-Control", word); ok && age != "0" {
					return missed("%s=%s lets caches store the stream", word, age).as(Must).show(c.headEvidence())
				}
			}
			switch {
			case c.lists("Cache-Control", "public"):
				return missed("public lets caches store the stream").as(Must).show(c.headEvidence())
			case c.lists("Cache-Control", "no-store"):
				return passed("no-store")
			case c.lists("Cache-Control", "no-cache"):
				return passed("no-cache")
			case c.value("Cache-Control") == "":
				return missed("there is no Cache-Control").show(c.headEvidence())
			}
			return missed("Cache-Control is %s", quoted(c.value("Cache-Control"))).expect("no-store or no-cache").show(c.headEvidence())
		}),
	},
	{
		ID: "http.cache-control.private", Level: Should, Clause: "RFC 9111 5.2.2.7, RFC 6750 2.3", Exchange: opening,
		Needs:   []Capability{HasToken},
		Require: "A stream that needs a token has no-store or private in Cache-Control.",
		Why:     "A shared cache would serve one user's events to another.",
		Fix:     "Send Cache-Control: no-store on streams of one user.",
		Judge: onStream(func(_ *Transcript, c *Connection) Verdict {
			for _, word := range []string{"no-store", "private"} {
				if c.lists("Cache-Control", word) {
					return passed(word)
				}
			}
			return missed("Cache-Control is %s", quoted(c.value("Cache-Control"))).expect("no-store or private").show(c.headEvidence())
		}),
	},
	{
		ID: "http.no-transform", Level: Should, Clause: "RFC 9111 5.2.2.6, practice", Exchange: opening,
		Require: "Cache-Control has no-transform, or X-Accel-Buffering is no.",
		Why:     "Proxies that compress or buffer hold events back until their buffer is full.",
		Fix:     "Send Cache-Control: no-transform and X-Accel-Buffering: no.",
		Judge: onStream(func(_ *Transcript, c *Connection) Verdict {
			switch {
			case c.lists("Cache-Control", "no-transform"):
				return passed("no-transform")
			case strings.EqualFold(c.value("X-Accel-Buffering"), "no"):
				return passed("X-Accel-Buffering")
			}
			return missed("neither is there").show(c.headEvidence())
		}),
	},
	{
		ID: "http.no-content-length", Level: Must, Clause: "RFC 9112 6.2", Exchange: opening,
		Require: "A response without an end has no Content-Length.",
		Why:     "The receiver takes the stream for over, or for broken, at that byte.",
		Fix:     "Send no length, and switch off the middleware that counts it.",
		Judge: onStream(func(_ *Transcript, c *Connection) Verdict {
			length := c.value("Content-Length")
			switch {
			case length == "":
				return passed("")
			case c.value("Transfer-Encoding") != "":
				return missed("Content-Length: %s beside Transfer-Encoding: %s", length, c.value("Transfer-Encoding")).show(c.headEvidence())
			case c.End == EndComplete:
				return passed("a stream that ended")
			}
			return missed("Content-Length: %s", length).show(c.headEvidence())
		}),
	},
	{
		ID: "http.no-validators", Level: Should, Clause: "RFC 9110 8.8, 13.1", Exchange: "conditional", Also: []string{opening},
		Require: "A stream has neither ETag nor Last-Modified, and is not answered with 304.",
		Why:     "A 304 ends the EventSource for good, and middleware that makes tags reads the whole stream first.",
		Fix:     "Exempt the stream from the middleware of conditional requests.",
		Judge: onHead("conditional", func(t *Transcript, c *Connection) Verdict {
			if c.Status == 304 {
				return missed("status 304 to a conditional request").show(c.headEvidence())
			}
			for _, c := range t.streams() {
				for _, name := range []string{"ETag", "Last-Modified"} {
					if v := c.value(name); v != "" {
						return missed("%s: %s", name, v).show(c.headEvidence())
					}
				}
			}
			return passed("")
		}),
	},
}

// polyfillType is the pattern of event-source-polyfill.
var polyfillType = regexp.MustCompile(`(?i)^text/event-stream(;.*)?$`)

// parameter returns a parameter of a media type.
func parameter(mediaType, name string) (string, bool) {
	for part := range strings.SplitSeq(mediaType, ";") {
		key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if ok && strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.Trim(strings.TrimSpace(value), `"`), true
		}
	}
	return "", false
}

// firstSent is when the first publication was sent, 0 if there was none.
func firstSent(t *Transcript) time.Duration {
	if len(t.Publications) == 0 {
		return 0
	}
	return t.Publications[0].Sent
}
