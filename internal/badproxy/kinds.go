package badproxy

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Kinds are all of them.
func Kinds() []Kind { return slices.Concat(good, delaying, cutting, changing) }

// Find returns the kind of the ID.
func Find(id string) (Kind, bool) {
	kinds := Kinds()
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.ID == id })
	if i < 0 {
		return Kind{}, false
	}
	return kinds[i], true
}

// longLife stands for no limit.
const longLife = time.Hour

var good = []Kind{
	{ID: "good", About: "a plain reverse proxy", make: func(*Proxy) {}},
	{ID: "gzip-flushed", About: "gzip that flushes each event", make: func(p *Proxy) { p.gzip(true) }},
}

func (p *Proxy) gzip(flush bool) {
	p.response = func(r *http.Response) error {
		if strings.Contains(r.Request.Header.Get("Accept-Encoding"), "gzip") && r.Header.Get("Content-Type") == "text/event-stream" {
			r.Header.Set("Content-Encoding", "gzip")
			r.Body = compressed(r.Body, flush)
		}
		return nil
	}
}
