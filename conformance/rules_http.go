package conformance

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// httpChecks are about the head of the response, and about what is answered to
// other requests than an EventSource's.
var httpChecks = []Check{
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
			allowed := time.Second
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
	{
		ID: "http.encoding.unasked", Level: Must, Clause: "RFC 9110 12.5.3", Exchange: opening,
		Require: "A request for identity gets no Content-Encoding.",
		Why:     "The client has said that it cannot decode it.",
		Fix:     "Compress only what the request accepts.",
		Judge: onStream(func(_ *Transcript, c *Connection) Verdict {
			if coding := c.value("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
				return missed("Content-Encoding: %s", coding).show(c.headEvidence())
			}
			return passed("")
		}),
	},
	{
		ID: "http.encoding.flush", Level: Must, Clause: "practice (WHATWG HTML 9.2.5)", Exchange: "gzip", Also: []string{"publish"}, Timed: true,
		Require: "In a compressed stream each event can be decoded before the next is published.",
		Why:     "A compressor that is not flushed holds events back until its block is full.",
		Fix:     "Flush the compressor with each event (sync flush), or do not compress streams.",
		Judge: onHead("stream", func(t *Transcript, c *Connection) Verdict {
			if v := c.value("Content-Encoding"); v == "" || strings.EqualFold(v, "identity") {
				return passed("not compressed")
			}
			late := 0
			accepted := accepted(t)
			for i, p := range accepted {
				at := arrival(t, c, p)
				if at == 0 || i+1 < len(accepted) && at > accepted[i+1].Sent {
					late++
				}
			}
			switch {
			case len(accepted) == 0 && len(c.events()) == 0 && heardIn(t, "publish"):
				return missed("no event can be decoded, and events of a stream that is not compressed can").branch("compressed").show(c.headEvidence(), c.endEvidence())
			case len(accepted) == 0:
				return t.unmet("nothing was accepted")
			case late > 0:
				return missed("of %s, %d came after the next one or not at all", counted(len(accepted), "event"), late).branch("compressed").show(c.headEvidence(), c.endEvidence())
			}
			return passed("compressed and flushed")
		}),
	},
	{
		ID: "http.encoding.vary", Level: Info, Clause: "RFC 9110 12.5.5", Exchange: "gzip",
		Require: "A stream that is compressed on request has Vary: Accept-Encoding.",
		Why:     "A cache could serve the compressed form to a client that cannot read it.",
		Fix:     "Send Vary: Accept-Encoding where compression depends on it.",
		Judge: onHead("stream", func(_ *Transcript, c *Connection) Verdict {
			switch {
			case c.value("Content-Encoding") == "":
				return passed("not compressed")
			case c.lists("Vary", "Accept-Encoding"), c.lists("Vary", "*"):
				return passed("compressed, with Vary")
			}
			return missed("compressed, without Vary: Accept-Encoding").show(c.headEvidence())
		}),
	},
	{
		ID: "http.method.head", Level: Must, Clause: "RFC 9110 9.3.2", Exchange: "head", Also: []string{opening},
		Require: "HEAD is answered with the head of the stream, without a body, and the response ends.",
		Why:     "Monitors and link checkers send it, and each would pin a worker of the server for ever.",
		Fix:     "Return after the head when the method is HEAD, before subscribing.",
		Judge: func(t *Transcript) Verdict {
			c := t.named("head")
			if c == nil || c.Responded == 0 {
				return missed("no response came%s", because(c))
			}
			next, open := t.named("next"), t.named("stream")
			switch {
			case len(c.Stray) > 0:
				return missed("bytes follow the head").show(c.headEvidence(), Evidence{Connection: c.label(), Part: "body", Text: escape(c.Stray)})
			case len(c.bytes()) > 0:
				return missed("a body follows the head").show(c.headEvidence(), c.bodyEvidence(0, 80))
			case c.Status/100 != 2:
				return passed("refused with " + strconv.Itoa(c.Status))
			case c.End != EndComplete || c.Closed == 0 && next != nil && next.Responded == 0 && next.Closed == 0:
				return missed("the head came, and the response does not end: a second request on the connection gets no answer").show(c.headEvidence())
			case open != nil && open.isStream() && c.essence() != "" && c.essence() != open.essence():
				return missed("the media type is %s, and %s with GET", c.essence(), open.essence()).show(c.headEvidence())
			}
			return passed("")
		},
	},
	{
		ID: "http.method.other", Level: Should, Clause: "RFC 9110 15.5.6", Exchange: "methods",
		Require: "Methods that open no stream are answered with 405 and Allow.",
		Why:     "A stream that opens by any method is reached by forms and scripts that were not meant to.",
		Fix:     "Route GET alone to the stream; answer the others 405 with Allow: GET.",
		Judge: func(t *Transcript) Verdict {
			if profiled(t, "openai", "mcp") {
				return untested("in this profile a stream is opened by POST")
			}
			for _, c := range t.Connections {
				switch {
				case c.Responded == 0:
					return missed("%s gets no answer%s", c.Method, because(c))
				case c.isStream():
					return missed("%s opens a stream", c.Method).expect("405 with Allow").show(c.headEvidence())
				case c.Status/100 == 2:
					return missed("%s is answered with %d", c.Method, c.Status).expect("405 with Allow").show(c.headEvidence())
				case c.Status == 405 && c.value("Allow") == "":
					return missed("405 to %s has no Allow", c.Method).expect("Allow: GET").show(c.headEvidence())
				}
			}
			return passed("refused with " + strconv.Itoa(t.Connections[0].Status))
		},
	},
	{
		ID: "http.accept.missing", Level: Should, Clause: "WHATWG HTML 9.2.2, RFC 9110 12.5.1", Exchange: "accept", Also: []string{opening},
		Require: "A request without Accept, or with */*, gets the stream.",
		Why:     "A client need not send Accept, and curl and many libraries send */*.",
		Fix:     "Take a missing Accept and */* for consent.",
		Judge: func(t *Transcript) Verdict {
			if c := t.named("stream"); c == nil || !c.isStream() {
				return untested("no event stream could be opened with Accept: text/event-stream")
			}
			for _, name := range []string{"accept-none", "accept-any"} {
				if v, ok := sameStream(t, name); !ok {
					return v
				}
			}
			return passed("")
		},
	},
	{
		ID: "http.accept.list", Level: Should, Clause: "RFC 9110 12.5.1", Exchange: "accept", Also: []string{opening},
		Require: "Accept is read as a list, with weights, in any letter case.",
		Why:     "Clients that also take JSON, as for errors, would be refused.",
		Fix:     "Parse the field; do not compare it with one string.",
		Judge: func(t *Transcript) Verdict {
			if c := t.named("stream"); c == nil || !c.isStream() {
				return untested("no event stream could be opened with Accept: text/event-stream")
			}
			if v, ok := sameStream(t, "accept-list"); !ok {
				return v
			}
			return passed("")
		},
	},
	{
		ID: "http.accept.refused", Level: May, Clause: "RFC 9110 12.5.1, 15.5.7", Exchange: "accept",
		Require: "A request that accepts JSON alone gets 406 or JSON, and no stream.",
		Why:     "It would wait for the end of a stream that it cannot read.",
		Fix:     "Answer 406, or a snapshot in JSON.",
		Judge: onHead("accept-json", func(_ *Transcript, c *Connection) Verdict {
			if c.isStream() {
				return missed("it gets the stream").branch("stream")
			}
			return passed(strconv.Itoa(c.Status) + " " + c.essence())
		}),
	},
	{
		ID: "http.request-headers.tolerated", Level: Must, Clause: "practice (Fetch)", Exchange: "browser", Also: []string{opening},
		Require: "Cache-Control, Pragma, Sec-Fetch-* and Origin in the request change nothing.",
		Why:     "Browsers send them, so the stream would work with curl and with no page.",
		Fix:     "Ignore request fields that you do not know.",
		Judge: func(t *Transcript) Verdict {
			if c := t.Connections[len(t.Connections)-1]; c.Exchange == opening && !c.isStream() {
				return untested("no event stream could be opened without them")
			}
			if v, ok := sameStream(t, "stream"); !ok {
				return v
			}
			return passed("")
		},
	},
	{
		ID: "http.error.not-a-stream", Level: Must, Clause: "practice (WHATWG HTML 9.2.2)", Exchange: "errors", Also: []string{opening},
		Require: "What is announced as an event stream is one: no page, no JSON, no endless line.",
		Why:     "An EventSource opens, dispatches nothing, and reconnects for ever; the error is never seen.",
		Fix:     "Decide about errors before the head, and send them with their own status and media type.",
		Judge: func(t *Transcript) Verdict {
			for _, c := range t.streams() {
				body := strings.ToLower(strings.TrimLeft(string(c.bytes()[:min(len(c.bytes()), 256)]), " \t\r\n"))
				if i := slices.IndexFunc(notStreams, func(prefix string) bool { return strings.HasPrefix(body, prefix) }); i >= 0 {
					return missed("200 text/event-stream begins with %s", quoted(body[:min(len(body), 40)])).branch(c.Name).show(c.headEvidence(), c.bodyEvidence(0, 120))
				}
				if c.End == EndLimit && len(c.lines()) == 0 {
					return missed("%d bytes without a line end", len(c.bytes())).branch(c.Name).show(c.bodyEvidence(0, 120))
				}
				if c.End == EndMalformed {
					return missed("the body cannot be read: %s", c.Problem).branch(c.Name).show(c.headEvidence(), c.bodyEvidence(0, 120))
				}
			}
			return passed("")
		},
	},
	{
		ID: "http.error.before-commit", Level: Should, Clause: "practice (WHATWG HTML 9.2.2)", Exchange: "errors",
		Require: "A request that cannot be served is refused by its status, not by a stream that breaks off.",
		Why:     "A stream that breaks off is reconnected for ever, with the same bad request.",
		Fix:     "Check parameters, rights and the last event ID before writing the head.",
		Judge: func(t *Transcript) Verdict {
			for _, c := range t.streams() {
				if c.End.byPeer() && len(c.events()) == 0 {
					return missed("%s gets 200 and a stream that ends after %s without an event", c.Name, seconds(c.Ended-c.Responded)).
						expect("a status of 4xx, or a stream that stays").show(c.headEvidence(), c.endEvidence())
				}
			}
			return passed("")
		},
	},
	{
		ID: "http.error.unknown-topic", Level: Should, Clause: "RFC 9110 15.5.5", Exchange: "errors",
		Require: "An unknown path is answered with an error, not with a page and status 200.",
		Why:     "A misspelt address looks like a working one, and the EventSource fails with nothing to read.",
		Fix:     "Answer 404 below the path of streams; let no fallback page match there.",
		Judge: onHead("unknown-path", func(_ *Transcript, c *Connection) Verdict {
			switch {
			case c.isStream():
				return passed("open topics")
			case c.Status/100 == 2:
				return missed("status %d with %s", c.Status, cmp.Or(c.essence(), "no media type")).expect("404 or 403").show(c.headEvidence())
			case c.Status/100 == 5:
				return missed("status %d", c.Status).expect("404 or 403").show(c.headEvidence())
			}
			return passed(strconv.Itoa(c.Status))
		}),
	},
	{
		ID: "http.overload", Level: Should, Clause: "RFC 9110 10.2.3, 15.6.4", Exchange: "overload",
		Require: "A stream beyond the limit is refused with 429 or 503 and Retry-After, or accepted and closed with a retry.",
		Why:     "A client that gets no answer waits, and one that gets no Retry-After comes back at once.",
		Fix:     "Refuse with Retry-After. As a browser never retries after a refusal, a short overload is better met by retry: and a close.",
		Judge: onHead("last", func(t *Transcript, c *Connection) Verdict {
			switch {
			case c.isStream() && c.End.byPeer() && c.decode().hasRetry:
				return passed("accepted, told to retry, closed")
			case c.isStream() && c.End.byPeer():
				return missed("accepted and closed without a retry").show(c.headEvidence(), c.endEvidence())
			case c.isStream():
				return missed("%s are open, one more than the limit that the target file gives", counted(len(t.Connections), "stream"))
			case (c.Status == 429 || c.Status == 503) && c.value("Retry-After") != "":
				return passed(strconv.Itoa(c.Status) + " with Retry-After")
			}
			return missed("status %d, Retry-After %s", c.Status, quoted(c.value("Retry-After"))).expect("429 or 503 with Retry-After").show(c.headEvidence())
		}),
	},
	{
		ID: "http.referrer-policy", Level: Info, Clause: "RFC 9700 4.2.4", Exchange: "query-token",
		Require: "Where a token is taken from the query, there is Referrer-Policy: no-referrer.",
		Why:     "The address, token included, would be told to other sites.",
		Fix:     "Send Referrer-Policy: no-referrer and Cache-Control: private, or take no token from the query.",
		Judge: func(t *Transcript) Verdict {
			streams := t.streams()
			if len(streams) == 0 {
				return passed("no token is taken from the query")
			}
			for _, c := range streams {
				if !strings.EqualFold(c.value("Referrer-Policy"), "no-referrer") {
					return missed("the parameter %s is taken, and Referrer-Policy is %s", c.Name, quoted(c.value("Referrer-Policy"))).show(c.headEvidence())
				}
			}
			return passed("no-referrer")
		},
	},
}

// polyfillType is the pattern of event-source-polyfill.
var polyfillType = regexp.MustCompile(`(?i)^text/event-stream(;.*)?$`)

// notStreams are beginnings of what error handlers write, in lower case.
var notStreams = []string{"<!doctype", "<html", "<?xml", "{", "["}

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

// sameStream reports whether the named connection is a stream too; the verdict
// says what it is instead.
func sameStream(t *Transcript, name string) (Verdict, bool) {
	c := t.named(name)
	switch {
	case c == nil:
		return t.unmet("the request was not sent"), false
	case c.Responded == 0:
		return missed("%s gets no answer%s", name, because(c)), false
	case !c.isStream():
		return missed("%s gets status %d with %s", name, c.Status, cmp.Or(c.essence(), "no media type")).expect("the stream").show(c.headEvidence()), false
	}
	return Verdict{}, true
}

// accepted returns the publications of the check's own exchange that were
// accepted and are no marks.
func accepted(t *Transcript) []*Publication {
	var list []*Publication
	for _, p := range t.Publications {
		if p.Accepted && !p.Mark && p.Exchange == t.Exchange {
			list = append(list, p)
		}
	}
	return list
}

// heardIn reports whether an event arrived in the exchange.
func heardIn(t *Transcript, exchange string) bool {
	return slices.ContainsFunc(t.Connections, func(c *Connection) bool { return c.Exchange == exchange && len(c.events()) > 0 })
}

// arrival is when the event with the publication's data was dispatched, 0 if it
// never was.
func arrival(t *Transcript, c *Connection, p *Publication) time.Duration {
	for _, e := range c.events() {
		if t.payload(e) == p.Fields["data"] {
			return e.At
		}
	}
	return 0
}

// profiled reports whether one of the profiles is switched on.
func profiled(t *Transcript, names ...string) bool {
	return slices.ContainsFunc(t.Facts.Profiles, func(p string) bool { return slices.Contains(names, p) })
}
