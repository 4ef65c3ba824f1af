package conformance

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

const noRedirect = "no redirect"

// redirectChecks are about responses that lead to a stream elsewhere.
var redirectChecks = []Check{
	{
		ID: "redirect.followable", Level: Must, Clause: "WHATWG HTML 9.2.2, Fetch", Exchange: "redirects", Also: []string{opening},
		Require: "A redirect has status 301, 302, 303, 307 or 308, and no more than 20 come in a row.",
		Why:     "Clients follow no other status and no longer way: the EventSource fails.",
		Fix:     "Answer 307 or 308 with the address of the stream.",
		Judge: onHops([]string{"stream", "slash", "anonymous"}, func(_ *Transcript, h hop) Verdict {
			switch {
			case !slices.Contains(followable, h.Status):
				return missed("status %d to %s", h.Status, h.Name).expect("301, 302, 303, 307 or 308").show(h.headEvidence())
			case h.target != nil && !h.followed && webScheme(h.target):
				return missed("more than %d redirects in a row", maxRedirects).show(h.headEvidence())
			}
			return passed("")
		}),
	},
	{
		ID: "redirect.location", Level: Must, Clause: "RFC 9110 10.2.2, 15.4", Exchange: "redirects", Also: []string{opening},
		Require: "A redirect has a Location, which leads to an address of http or https.",
		Why:     "Without one clients fail, or ask for the same address again and again.",
		Fix:     "Send Location with the address of the stream.",
		Judge: onHops([]string{"stream", "slash", "anonymous"}, func(_ *Transcript, h hop) Verdict {
			switch {
			case !slices.Contains(followable, h.Status):
				return untested("the status is %d (see redirect.followable)", h.Status)
			case h.location == "":
				return missed("status %d without a Location, or with an empty one", h.Status).show(h.headEvidence())
			case h.target == nil || !webScheme(h.target):
				return missed("Location leads nowhere: %s", quoted(h.location)).show(h.headEvidence())
			}
			return passed("")
		}),
	},
	{
		ID: "redirect.no-login-page", Level: Must, Clause: "practice (WHATWG HTML 9.2.2)", Exchange: "redirects",
		Needs:   []Capability{HasToken},
		Require: "A request for a stream without a token is refused, and not sent to a page where one logs in.",
		Why:     "An EventSource follows, gets a page with status 200, and fails for good without a word of why.",
		Fix:     "Answer 401 on the route of streams; leave redirects to pages.",
		Judge: func(t *Transcript) Verdict {
			hops, c := t.hops("anonymous"), t.named("anonymous")
			switch {
			case t.Facts.TokenOptional:
				return untested("the target file says that streams need no token")
			case c == nil && len(hops) == 0, c != nil && c.Responded == 0 && len(hops) == 0:
				return t.unmet("no response came")
			case len(hops) == 0:
				return passed(noRedirect)
			case c != nil && (c.Status == 401 || c.Status == 403):
				return passed(fmt.Sprintf("a redirect, then %d", c.Status))
			case c != nil && c.isStream():
				return untested("a stream opens without a token (see auth.none.401)")
			}
			// What is passed with the token, too, is not about the token.
			known := t.hops("stream")
			hops = slices.DeleteFunc(hops, func(h hop) bool {
				return slices.ContainsFunc(known, func(k hop) bool { return k.Status == h.Status && k.location == h.location })
			})
			if len(hops) == 0 {
				return untested("a request with the token is redirected likewise")
			}
			v := missed("a request without a token is redirected by %d to %s", hops[0].Status, quoted(hops[0].location)).expect("status 401").show(hops[0].headEvidence())
			if c != nil && c.Responded != 0 && c.Status/100 != 3 {
				v.Observed += fmt.Sprintf(", which ends in %d %s", c.Status, c.essence())
				v = v.show(c.headEvidence())
			}
			return v
		},
	},
	{
		ID: "redirect.keeps-query", Level: Should, Clause: "practice", Exchange: "redirects", Also: []string{opening},
		Require: "What the query says is still in the address to which a redirect leads.",
		Why:     "The topic or the place to resume from is lost on the way.",
		Fix:     "Copy the query into Location.",
		Judge: onHops([]string{"stream", "slash"}, func(_ *Transcript, h hop) Verdict {
			if h.target == nil {
				return untested("there is no Location to speak of (see redirect.location)")
			}
			asked, err := url.Parse(h.URL)
			if err != nil || asked.RawQuery == "" {
				return untested("the URL has no query")
			}
			kept := h.target.Path
			for _, values := range h.target.Query() {
				kept += "\n" + strings.Join(values, "\n")
			}
			for name, values := range asked.Query() {
				for _, v := range values {
					if !hidden(v) && !strings.Contains(kept, v) {
						return missed("the parameter %s is not in Location: %s", name, quoted(h.location)).show(h.headEvidence())
					}
				}
			}
			return passed("")
		}),
	},
	{
		ID: "redirect.no-downgrade", Level: Must, Clause: "practice (RFC 9110 4.2.2)", Exchange: "redirects", Also: []string{opening},
		Needs:   []Capability{HasTLS},
		Require: "No redirect leads from https to http.",
		Why:     "The token and the events would travel in the clear; browsers refuse, and the stream fails.",
		Fix:     "Behind a proxy that ends TLS, make Location from what the proxy says of the scheme, or make it relative.",
		Judge: onHops([]string{"stream", "slash", "anonymous"}, func(_ *Transcript, h hop) Verdict {
			if h.TLS && h.target != nil && h.target.Scheme == "http" {
				return missed("Location leads to http: %s", quoted(h.location)).show(h.headEvidence())
			}
			return passed("")
		}),
	},
	{
		ID: "redirect.cors", Level: Must, Clause: "Fetch (HTTP-redirect fetch, CORS check)", Exchange: "redirects",
		Needs:   []Capability{HasOrigin},
		Require: "A redirect, too, allows the origin of the page that asked.",
		Why:     "Browsers check each response on the way; one without the field fails the whole request.",
		Fix:     "Set the CORS fields in front of whatever redirects.",
		Judge: onHops([]string{"stream", "slash"}, func(t *Transcript, h hop) Verdict {
			allowed := h.value("Access-Control-Allow-Origin")
			if allowed != "*" && allowed != t.Facts.AllowedOrigin {
				return missed("the redirect by %d has Access-Control-Allow-Origin %s", h.Status, quoted(allowed)).expect("%s", t.Facts.AllowedOrigin).show(h.headEvidence())
			}
			return passed("")
		}),
	},
	{
		ID: "redirect.no-token-leak", Level: Must, Clause: "practice (RFC 9700 4.2)", Exchange: "redirects", Also: []string{opening},
		Needs:   []Capability{HasToken},
		Require: "No redirect to another origin carries the token in its address.",
		Why:     "The other origin, its logs and whoever reads them get a token that works.",
		Fix:     "Leave the token out of Location.",
		Judge: onHops([]string{"stream", "slash"}, func(_ *Transcript, h hop) Verdict {
			if h.target != nil && hidden(h.location) && !sameOrigin(h.URL, h.target.String()) {
				return missed("Location has the token in it and leads to another origin: %s", quoted(h.location)).show(h.headEvidence())
			}
			return passed("")
		}),
	},
}

// onHops judges each redirect of the requests of the names. The first verdict
// that is not a pass stands; without redirects nothing can be wrong with them.
func onHops(names []string, judge func(*Transcript, hop) Verdict) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		hops := t.hops(names...)
		if len(hops) == 0 {
			if c := t.named(names[0]); c == nil || c.Responded == 0 {
				return t.unmet("no response came" + because(c))
			}
			return passed(noRedirect)
		}
		for _, h := range hops {
			if v := judge(t, h); v.met != isMet {
				return v
			}
		}
		return passed(counted(len(hops), "redirect"))
	}
}

func webScheme(u *url.URL) bool { return u.Scheme == "http" || u.Scheme == "https" }
