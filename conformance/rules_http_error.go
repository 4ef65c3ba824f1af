package conformance

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// httpErrorChecks are about requests that cannot be granted.
var httpErrorChecks = []Check{
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
			streams := queryTaken(t)
			if len(streams) == 0 {
				return passed(noQueryToken)
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

// notStreams are beginnings of what error handlers write, in lower case.
var notStreams = []string{"<!doctype", "<html", "<?xml", "{", "["}
