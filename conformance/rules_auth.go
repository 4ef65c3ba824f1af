package conformance

import (
	"slices"
	"strconv"
)

// authChecks are about who may open a stream, and for how long.
var authChecks = slices.Concat(credentialChecks, tokenChecks, carrierChecks, expiryChecks)

// credentialChecks are about requests without a token, with one that is no
// token, and with one that does not do.
var credentialChecks = []Check{
	{
		ID: "auth.none.401", Level: Must, Clause: "RFC 9110 15.5.2, RFC 6750 3", Exchange: "credentials",
		Require: "A request without a token is answered with 401.",
		Why:     "With a stream everybody reads it; with a redirect or a page an EventSource fails without telling why.",
		Fix:     "Look for the token before anything else, and answer 401.",
		Judge: onNone(func(_ *Transcript, c *Connection) Verdict {
			switch {
			case c.Status == 401:
				return passed("")
			case c.isStream():
				return missed("a stream opens without a token").expect("status 401").show(c.headEvidence(), c.bodyEvidence(0, 80))
			case c.Status/100 == 4 && (c.Status != 404 || c.essence() != "text/html"):
				return missed("status %d", c.Status).as(Should).expect("status 401").show(c.headEvidence())
			}
			return missed("status %d", c.Status).expect("status 401").show(c.headEvidence())
		}),
	},
	{
		ID: "auth.none.challenge", Level: Must, Clause: "RFC 9110 11.6.1, RFC 6750 3", Exchange: "credentials",
		Require: "A 401 has WWW-Authenticate; to a request without a token it tells no error code.",
		Why:     "Clients learn from it how to authenticate; an error code would blame a token that was never sent.",
		Fix:     "Send WWW-Authenticate: Bearer with a realm.",
		Judge: onNone(func(_ *Transcript, c *Connection) Verdict {
			switch {
			case c.Status != 401:
				return untested("the status is %d (see auth.none.401)", c.Status)
			case c.challenges() == "":
				return missed("there is no WWW-Authenticate").show(c.headEvidence())
			case c.errorCode() != "":
				return missed("no token was sent, and the error code is %s", quoted(c.errorCode())).as(Should).show(c.headEvidence())
			}
			return passed("")
		}),
	},
	{
		ID: "auth.none.no-bytes", Level: Must, Clause: "practice", Exchange: "credentials", Also: []string{"rights"},
		Require: "Not one byte of a stream is sent before it is known who asks.",
		Why:     "What was sent before the refusal has been read.",
		Fix:     "Check the token before writing the head, and before anything is replayed.",
		Judge: onNone(func(t *Transcript, _ *Connection) Verdict {
			for _, c := range t.Connections {
				if c.Name == "none" && c.isStream() && len(c.bytes()) > 0 {
					return missed("%s of a stream came to a request without a token", counted(len(c.bytes()), "byte")).show(c.headEvidence(), c.bodyEvidence(0, 200))
				}
			}
			return passed("")
		}),
	},
	{
		ID: "auth.error.body", Level: Should, Clause: "practice (WHATWG HTML 9.2.2)", Exchange: "credentials", Also: []string{"forged", "cookies", "query-token"},
		Require: "The body of a 401 or 403 is not announced as an event stream.",
		Why:     "Logs and proxies take it for a stream, and clients that look at the media type alone wait for events.",
		Fix:     "Set the media type of a stream once it is known that there is one.",
		Judge: func(t *Transcript) Verdict {
			seen := 0
			for _, c := range t.Connections {
				if c.Status != 401 && c.Status != 403 {
					continue
				}
				if seen++; c.essence() == "text/event-stream" {
					return missed("the %d to %s is announced as text/event-stream", c.Status, c.Name).show(c.headEvidence())
				}
			}
			if seen == 0 {
				return t.unmet("nothing was refused")
			}
			return passed("")
		},
	},
	{
		ID: "auth.bearer.valid", Level: Must, Clause: "RFC 6750 2.1", Exchange: "credentials",
		Require: "A good token in the Authorization field opens a stream.",
		Why:     "It is the one way that every server of bearer tokens must support.",
		Fix:     "Read the field Authorization: Bearer TOKEN.",
		Judge: byBearer(onHead("good", func(_ *Transcript, c *Connection) Verdict {
			if !c.isStream() {
				return missed("status %d", c.Status).expect("a stream").show(c.headEvidence())
			}
			return passed("")
		})),
	},
	{
		ID: "auth.bearer.scheme-case", Level: Must, Clause: "RFC 9110 11.1", Exchange: "credentials",
		Require: "The word Bearer is taken in any letter case.",
		Why:     "Clients write bearer, too, and would be refused with a good token.",
		Fix:     "Compare the scheme without regard to case.",
		Judge: byBearer(guarded(func(t *Transcript) Verdict {
			list := t.prefixed("scheme-")
			if len(list) == 0 {
				return t.unmet("no such request was sent")
			}
			for _, c := range list {
				switch {
				case c.Responded == 0:
					return untested("no response came to %s%s", c.Name, because(c))
				case !c.isStream():
					return missed("%s is answered with status %d", c.Name, c.Status).expect("a stream").show(c.headEvidence())
				}
			}
			return passed("")
		})),
	},
	{
		ID: "auth.bearer.malformed", Level: Must, Clause: "RFC 6750 3.1", Exchange: "credentials",
		Require: "An Authorization field that holds no token is answered with 401 or 400.",
		Why:     "A server that fails over it can be brought down by anybody.",
		Fix:     "Refuse what is not of the form Bearer TOKEN, before the token is looked at.",
		Judge: closed(func(t *Transcript) Verdict {
			list := t.prefixed("malformed-")
			if len(list) == 0 {
				return t.unmet("no such request was sent")
			}
			for _, c := range list {
				switch {
				case c.Responded == 0:
					return missed("%s gets no answer%s", c.Name, because(c)).expect("status 401 or 400")
				case c.Status == 401 || c.Status == 400:
				case c.Status/100 == 4:
					return missed("%s is answered with status %d", c.Name, c.Status).as(Should).expect("status 401 or 400").show(c.headEvidence())
				default:
					return missed("%s is answered with status %d", c.Name, c.Status).expect("status 401 or 400").show(c.headEvidence())
				}
			}
			return passed(strconv.Itoa(list[0].Status))
		}),
	},
	{
		ID: "auth.scope.403", Level: Must, Clause: "RFC 6750 3.1", Exchange: "credentials",
		Needs:   []Capability{HasTokenOf(RoleForbidden)},
		Require: "A valid token that does not allow the stream is answered with 403 and the error code insufficient_scope.",
		Why:     "A stream that stays silent looks like one on which nothing happens, and 401 makes clients fetch the same token again.",
		Fix:     "Compare the token's rights with the topics that are asked for, before the head.",
		Judge: guarded(onHead("forbidden", func(t *Transcript, c *Connection) Verdict {
			switch {
			case c.isStream() && profiled(t, "mercure"):
				return untested("every token opens a stream of public updates (see mercure.private)")
			case c.isStream():
				return missed("a stream opens").expect("status 403").show(c.headEvidence())
			case c.Status == 404:
				return passed("404, which tells nothing of the topic")
			case c.Status == 401:
				return missed("status 401, as if the token were not valid").as(Should).expect("status 403").show(c.headEvidence())
			case c.Status != 403:
				return missed("status %d", c.Status).expect("status 403").show(c.headEvidence())
			case t.Facts.TokenSent == "bearer" && c.errorCode() != "insufficient_scope":
				return missed("403 without the error code insufficient_scope in WWW-Authenticate").as(Should).show(c.headEvidence())
			}
			return passed("403")
		})),
	},
	{
		ID: "auth.preflight.open", Level: Must, Clause: "Fetch (CORS-preflight fetch)", Exchange: "credentials",
		Require: "OPTIONS is answered without a token.",
		Why:     "Browsers send no credentials with a preflight; if it fails, no page of another origin can send the token.",
		Fix:     "Answer OPTIONS in front of authentication.",
		Judge: onHead("preflight", func(t *Transcript, c *Connection) Verdict {
			switch {
			case c.Status == 401:
				return missed("status 401 to OPTIONS").expect("status 204 or 200").show(c.headEvidence())
			case c.Status == 403 && t.Facts.AllowedOrigin == "":
				return untested("status 403, which may be about the origin; add allowed_origin to the target file")
			case c.Status == 403:
				return missed("status 403 to OPTIONS from the allowed origin").expect("status 204 or 200").show(c.headEvidence())
			}
			return passed(strconv.Itoa(c.Status))
		}),
	},
}
