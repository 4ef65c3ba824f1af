package conformance

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// An ask is what a request is beyond the usual: a GET of the target's URL with
// a good token, as an EventSource sends it.
type ask struct {
	name   string // of the connection in the transcript
	method string // default GET
	proto  string // HTTP/1.0 or HTTP/1.1; default the target's
	topic  string // default the exchange's own
	url    string // in place of the target's, with {topic}
	query  url.Values
	// fields replace those of the same name; an empty value leaves one out.
	fields []Field
	body   []byte
	// role of the token; anonymous for none. Default good. token is shown in
	// its place.
	role  string
	token Secret
	// limit is how many bytes of the body are read. Default 1 MiB.
	limit int
	// stalled begins without reading the body; see stream.read.
	stalled bool
	// window is the size of the receive buffer in bytes. Default the system's.
	window int
	// stay leaves redirects unfollowed.
	stay bool
	// shared puts an HTTP/2 stream on the connection that all such streams of
	// the exchange share.
	shared bool
	// patience is how long the response head is waited for. Default the
	// pace's.
	patience time.Duration
}

// anonymous is the role that has no token.
const anonymous = "none"

// A request is what goes over the network.
type request struct {
	method, proto string
	url           *url.URL
	fields        []Field
	body          []byte
}

// request fills in what the ask leaves open.
func (t *talk) request(a ask) (*request, error) {
	r := &request{method: a.method, proto: a.proto, body: a.body}
	if r.method == "" {
		r.method = http.MethodGet
	}
	if r.proto == "" {
		r.proto = t.target.facts().Protocol
	}
	topic, address := a.topic, a.url
	if topic == "" {
		topic = t.topic
	}
	if address == "" {
		address = t.run.url
	}
	s := a.token
	if s == "" && a.role != anonymous {
		s = t.token(a.role)
	}
	t.run.redactor.add(s)
	var err error
	if r.url, err = url.Parse(fillURL(address, "topic", topic, "token", s.Reveal())); err != nil {
		return nil, err
	}
	r.url.Fragment = ""
	if len(a.query) > 0 {
		r.url.RawQuery = strings.TrimPrefix(r.url.RawQuery+"&"+a.query.Encode(), "&")
	}
	r.fields = []Field{
		{"Host", r.url.Host},
		{"User-Agent", "ssegauge"},
		{"Accept", "text/event-stream"},
		{"Accept-Encoding", "identity"},
		{"Cache-Control", "no-cache"},
	}
	for name, value := range t.target.Headers {
		r.set(name, value)
	}
	if s != "" {
		t.target.Tokens.place(r, s)
	}
	for _, f := range a.fields {
		r.set(f.Name, f.Value)
	}
	return r, nil
}

// set replaces the field of the name; an empty value takes it out.
func (r *request) set(name, value string) {
	kept := r.fields[:0]
	for _, f := range r.fields {
		if !strings.EqualFold(f.Name, name) {
			kept = append(kept, f)
		}
	}
	r.fields = kept
	if value != "" {
		r.fields = append(r.fields, Field{name, value})
	}
}

// place puts a token where the target takes it.
func (t *Tokens) place(r *request, s Secret) {
	kind, name, _ := strings.Cut(t.Send, " ")
	switch kind {
	case "url":
	case "header":
		r.set(name, s.Reveal())
	case "cookie":
		r.set("Cookie", name+"="+s.Reveal())
	case "query":
		q := url.Values{name: {s.Reveal()}}
		r.url.RawQuery = strings.TrimPrefix(r.url.RawQuery+"&"+q.Encode(), "&")
	default:
		r.set("Authorization", "Bearer "+s.Reveal())
	}
}

// apply is place for a request of net/http.
func (t *Tokens) apply(to *http.Request, s Secret) {
	if s == "" {
		return
	}
	r := &request{url: to.URL}
	t.place(r, s)
	for _, f := range r.fields {
		to.Header.Set(f.Name, f.Value)
	}
}
