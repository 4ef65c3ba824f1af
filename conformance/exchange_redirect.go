package conformance

import (
	"net/url"
	"slices"
	"strings"
)

// redirectExchanges follow redirects wherever streams tend to have some. What
// is passed on the way is called by the name of the request with "/redirect"
// behind it.
var redirectExchanges = []exchange{
	{
		name: "redirects", anyway: true,
		about: "ask for a stream from a page of another origin, at its path with a slash more or less, and without a token, and follow redirects",
		talk:  talkRedirects,
	},
}

// onward is what follows the name of a request that was redirected.
const onward = "/redirect"

func talkRedirects(t *talk) {
	var fields []Field
	if t.can(HasOrigin) {
		fields = []Field{{"Origin", t.target.AllowedOrigin}}
	}
	t.open(ask{name: "stream", fields: fields}).close()
	if other := t.otherSlash(); other != "" {
		t.open(ask{name: "slash", url: other, fields: fields}).close()
	}
	if t.target.Tokens != nil {
		t.open(ask{name: "anonymous", role: anonymous}).close()
	}
}

// otherSlash is the target's URL with the slash at the end of its path that it
// lacks, or without that which it has; empty if it has no path.
func (t *talk) otherSlash() string {
	address, query, asked := strings.Cut(t.run.url, "?")
	_, path, _ := strings.Cut(address, "://")
	if _, path, _ = strings.Cut(path, "/"); path == "" {
		return ""
	}
	if shorter, ok := strings.CutSuffix(address, "/"); ok {
		address = shorter
	} else {
		address += "/"
	}
	if asked {
		address += "?" + query
	}
	return address
}

// A hop is a response that leads elsewhere.
type hop struct {
	*Connection
	location string   // as it stands, empty if there is none
	target   *url.URL // nil if it leads nowhere
	followed bool
}

// followable are the statuses that Fetch takes for redirects.
var followable = []int{301, 302, 303, 307, 308}

// hops returns the responses with status 3xx, but for 304, to the requests of
// the names.
func (t *Transcript) hops(names ...string) []hop {
	var list []hop
	for _, c := range t.Connections {
		name, followed := strings.CutSuffix(c.Name, onward)
		if c.Status/100 != 3 || c.Status == 304 || !slices.Contains(names, name) {
			continue
		}
		h := hop{Connection: c, location: c.value("Location"), followed: followed}
		base, err := url.Parse(c.URL)
		if err == nil && h.location != "" {
			if to, err := base.Parse(h.location); err == nil && to.Host != "" {
				h.target = to
			}
		}
		list = append(list, h)
	}
	return list
}
