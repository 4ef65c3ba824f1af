package conformance

import (
	"cmp"
	"net/http"
	"strconv"
)

// httpRequestChecks are about requests other than an EventSource's: other
// methods, other Accept fields, further fields.
var httpRequestChecks = []Check{
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
			if profiled(t, "openai", "mcp") || t.Facts.Method == http.MethodPost {
				return untested("a stream is opened by POST here")
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
			if profiled(t, "mcp") {
				return untested("MCP demands that Accept lists text/event-stream")
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
