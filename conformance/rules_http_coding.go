package conformance

import (
	"slices"
	"strings"
)

// httpCodingChecks are about compressed streams.
var httpCodingChecks = []Check{
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
}

// heardIn reports whether an event arrived in the exchange.
func heardIn(t *Transcript, exchange string) bool {
	return slices.ContainsFunc(t.Connections, func(c *Connection) bool { return c.Exchange == exchange && len(c.events()) > 0 })
}
