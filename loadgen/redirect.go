package loadgen

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// maxRequests is how many requests one attempt makes, redirected ones included.
const maxRequests = 10

var (
	errTooManyRedirects = errors.New("stopped after 10 requests")
	errSecureLocation   = errors.New("redirected to https")
	errLocation         = errors.New("redirected to no http URL")
)

// checkRedirect follows redirects as Fetch does, without the token once they
// lead to another origin, and never with a Referer, whose query may hold it.
func checkRedirect(c *credentials) func(*http.Request, []*http.Request) error {
	return func(r *http.Request, via []*http.Request) error {
		if len(via) >= maxRequests {
			return errTooManyRedirects
		}
		if r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme {
			c.strip(r)
		}
		r.Header.Del("Referer")
		return nil
	}
}

// redirects reports whether h leads elsewhere, as net/http's client sees it.
func (h *head) redirects() bool {
	switch h.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return h.location != ""
	}
	return false
}

// redirected is the request that follows a redirect to location. home is the
// host, with its port, of the first request: elsewhere the token is not sent,
// and once it was left out it stays so.
func (r *run) redirected(from *http.Request, location, home string) (*http.Request, error) {
	to, err := url.Parse(location)
	if err != nil {
		return nil, errLocation
	}
	relative := to.Host == ""
	to = from.URL.ResolveReference(to)
	switch {
	case to.Scheme == "https":
		return nil, errSecureLocation
	case to.Scheme != "http" || to.Host == "":
		return nil, errLocation
	}
	// A fragment is no part of a request.
	to.Fragment, to.RawFragment = "", ""
	next, err := http.NewRequestWithContext(from.Context(), http.MethodGet, to.String(), nil)
	if err != nil || strings.ContainsAny(next.URL.Host, " \r\n") {
		return nil, errLocation
	}
	next.Header = from.Header.Clone()
	if relative {
		next.Host = from.Host
	}
	if hostPort(next.URL) != home {
		r.credentials.strip(next)
	}
	return next, nil
}
