package doctor

import (
	"slices"
	"strings"

	"github.com/ssegauge/ssegauge/conformance"
)

// boxSigns are the words in header fields, and in the pages of errors, by which
// a box on the path is recognised.
var boxSigns = []struct {
	box, field, word string // a field that is empty stands for the body of an error
}{
	{"nginx", "Server", "nginx"},
	{"nginx", "Server", "openresty"},
	{"Caddy", "Server", "caddy"},
	{"Caddy", "Via", "caddy"},
	{"Apache", "Server", "apache"},
	{"Varnish", "X-Varnish", ""},
	{"Varnish", "Via", "varnish"},
	{"lighttpd", "Server", "lighttpd"},
	{"Envoy", "Server", "envoy"},
	{"Envoy", "X-Envoy-Upstream-Service-Time", ""},
	{"Cloudflare", "CF-Ray", ""},
	{"Cloudflare", "Server", "cloudflare"},
	{"AWS load balancer", "Server", "awselb"},
	{"Node", "X-Powered-By", "express"},
	{"nginx", "", "<center>nginx"},
	{"HAProxy", "", "the server didn't respond in time"},
	{"HAProxy", "", "no server is available to handle this request"},
	{"HAProxy", "", "the server returned an invalid or incomplete response"},
	{"Varnish", "", "backend fetch failed"},
	{"Varnish", "", "varnish cache server"},
}

// boxes are those that are recognised on the path and are not on the direct one.
func (v *view) boxes() []string {
	list := []string{}
	found := func(box string) {
		if !slices.Contains(list, box) {
			list = append(list, box)
		}
	}
	for _, sign := range boxSigns {
		for _, t := range v.rec.Transcripts {
			if slices.ContainsFunc(t.Connections, func(c *conformance.Connection) bool { return shows(c, sign.field, sign.word) }) {
				found(sign.box)
			}
		}
	}
	// nginx takes the header field that it heeds out of the response.
	if c := v.connection("hint", "stream"); c != nil && c.IsStream() && c.Value(hint) == "" {
		found("nginx")
	}
	if v.direct != nil {
		there := v.direct.boxes()
		list = slices.DeleteFunc(list, func(box string) bool { return slices.Contains(there, box) })
	}
	return list
}

func shows(c *conformance.Connection, field, word string) bool {
	if field == "" {
		return c.Status >= 400 && strings.Contains(strings.ToLower(string(c.Body())), word)
	}
	return slices.ContainsFunc(c.Values(field), func(value string) bool { return strings.Contains(strings.ToLower(value), word) })
}

// A Fix is what to change in one box.
type Fix struct {
	Box string `json:"box"` // or "application"
	// Where the lines go, Lines to paste there.
	Where string `json:"where,omitempty"`
	Lines string `json:"lines"`
}

// application is the box that is always there.
const application = "application"

// forBoxes chooses the fixes of the recognised boxes and of the application; all
// of them if none is for a recognised box.
func forBoxes(fixes []Fix, boxes []string) []Fix {
	var list []Fix
	for _, f := range fixes {
		if slices.Contains(boxes, f.Box) {
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		return fixes
	}
	for _, f := range fixes {
		if f.Box == application {
			list = append(list, f)
		}
	}
	return list
}
