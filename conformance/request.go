package conformance

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// An ask is what a request is beyond the usual: a GET of the target's URL with
// a good token, as an EventSource sends it.
type ask struct {
	name   string // of the connection in the transcript
	method string // default the target's, which is GET most often, with its body
	proto  string // HTTP/1.0 or HTTP/1.1; default the target's
	topic  string // default the exchange's own
	url    string // in place of the target's, with {topic}
	query  url.Values
	// fields replace those of the same name; an empty value leaves one out.
	fields []Field
	// extra are sent behind them as they are, empty or not.
	extra []Field
	// after is the last event ID that the client has. It is sent, and the
	// stream's own until the stream sets another.
	after string
	body  []byte
	// pause lies between the two halves of the body, with HTTP/1.
	pause time.Duration
	// role of the token; anonymous for none. Default good. token is shown in
	// its place.
	role  string
	token Secret
	// limit is how many bytes of the body are read. Default 1 MiB.
	limit int
	// coded leaves the content coding on.
	coded bool
	// stalled begins without reading the body; see stream.read.
	stalled bool
	// window is the size in bytes of the receive buffer, or of an HTTP/2
	// stream's. Default the system's, or 4 MiB.
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
		if r.method = t.target.Method; r.method == http.MethodPost && r.body == nil {
			r.body = []byte(fill(t.target.Body, forms("topic", cmp.Or(a.topic, t.topic))...))
		}
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
		s = t.tokenFor(a.role, topic)
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
	if r.method == http.MethodPost && t.target.MCP != nil {
		r.set("Accept", "application/json, text/event-stream")
	}
	if len(r.body) > 0 && (r.body[0] == '{' || r.body[0] == '[') {
		r.set("Content-Type", "application/json")
	}
	for name, value := range t.target.Headers {
		r.set(name, value)
	}
	if len(t.run.session) > 0 && sameOrigin(r.url.String(), t.target.MCP.URL) {
		for _, f := range t.run.session {
			r.set(f.Name, f.Value)
		}
	}
	if s != "" {
		t.target.Tokens.place(r, s)
	}
	if a.after != "" {
		r.set("Last-Event-ID", a.after)
	}
	for _, f := range a.fields {
		r.set(f.Name, f.Value)
	}
	r.fields = append(r.fields, a.extra...)
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
