package probeorigin

import (
	"fmt"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Spec is what a request asks of the origin. It travels in the query of the
// request, so that a path that is examined needs no other hole.
type Spec struct {
	// Nonce groups requests for the control report. Empty: none is kept.
	Nonce string
	// Count is how many events are sent, of which the last has the type "end".
	Count int
	// Interval lies between two events.
	Interval time.Duration
	// Size is the length of each event's padding in bytes.
	Size int
	// Random makes the padding hard to compress.
	Random bool
	// Head is the wait before the response head, First that between the head
	// and the first event.
	Head, First time.Duration
	// Heartbeat is the silence after which a comment is sent; 0: never.
	Heartbeat time.Duration
	// IdleAt is the number of events after which there is a silence of IdleFor.
	IdleAt  int
	IdleFor time.Duration
	// DieAt is the number of events after which the connection is broken; 0:
	// never.
	DieAt   int
	Framing Framing
	// Status of the response; other than 200 it is a short text.
	Status int
	// Header fields are added to the response; only some may be.
	Header []Field
	// Echo sends what came in the request as a first event of type "request".
	Echo bool
	// Early answers a request with a body before the body has come.
	Early bool
}

// A Framing is how the end of the body is told.
type Framing string

// Framings. HTTP/2 has but one, which is Chunked.
const (
	Chunked Framing = "chunked"
	Close   Framing = "close" // HTTP/1.1 without a length: the end of the connection ends it
	HTTP10  Framing = "1.0"   // as a server of HTTP/1.0 answers
)

// A Field is a header field.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Limits of what a request may ask.
const (
	MaxCount    = 10_000
	MaxInterval = time.Minute
	MaxSize     = 64 << 10 // bytes
	MaxTotal    = 64 << 20 // bytes of padding in a stream
	MaxLife     = 15 * time.Minute
	maxNonce    = 64
	maxFields   = 16
)

// settable are the response header fields that a request may ask for: those
// that say how to pass a stream on.
var settable = []string{
	"Access-Control-Allow-Credentials", "Access-Control-Allow-Origin", "Cache-Control", "Content-Encoding",
	"Etag", "Expires", "Last-Modified", "Pragma", "Surrogate-Control", "Vary", "X-Accel-Buffering",
}

// Defaults of a request that says nothing: what one sees with curl.
var defaults = Spec{Count: 10, Interval: time.Second, Framing: Chunked, Status: 200}

// Query is the spec as it stands in a URL. Only what is not the default is in
// it.
func (s Spec) Query() url.Values {
	q := url.Values{}
	text := func(name, value string, usual bool) {
		if !usual {
			q.Set(name, value)
		}
	}
	text("nonce", s.Nonce, s.Nonce == "")
	text("count", strconv.Itoa(s.Count), false)
	text("interval", s.Interval.String(), false)
	text("size", strconv.Itoa(s.Size), s.Size == 0)
	text("padding", "random", !s.Random)
	text("head", s.Head.String(), s.Head == 0)
	text("first", s.First.String(), s.First == 0)
	text("heartbeat", s.Heartbeat.String(), s.Heartbeat == 0)
	text("idle-at", strconv.Itoa(s.IdleAt), s.IdleFor == 0)
	text("idle-for", s.IdleFor.String(), s.IdleFor == 0)
	text("die-at", strconv.Itoa(s.DieAt), s.DieAt == 0)
	text("framing", string(s.Framing), s.Framing == "" || s.Framing == Chunked)
	text("status", strconv.Itoa(s.Status), s.Status == 0 || s.Status == 200)
	text("echo", "1", !s.Echo)
	text("early", "1", !s.Early)
	for _, f := range s.Header {
		q.Add("header", f.Name+": "+f.Value)
	}
	return q
}

// ParseSpec reads a spec from a query. Names that it does not know are left to
// the path that the query came through.
func ParseSpec(q url.Values) (Spec, error) {
	s := defaults
	p := parser{q: q}
	s.Nonce = q.Get("nonce")
	p.count("count", &s.Count, MaxCount)
	p.duration("interval", &s.Interval, MaxInterval)
	p.count("size", &s.Size, MaxSize)
	p.choice("padding", []string{"text", "random"}, func(v string) { s.Random = v == "random" })
	p.duration("head", &s.Head, MaxLife)
	p.duration("first", &s.First, MaxLife)
	p.duration("heartbeat", &s.Heartbeat, MaxLife)
	p.count("idle-at", &s.IdleAt, MaxCount)
	p.duration("idle-for", &s.IdleFor, MaxLife)
	p.count("die-at", &s.DieAt, MaxCount)
	p.choice("framing", []string{string(Chunked), string(Close), string(HTTP10)}, func(v string) { s.Framing = Framing(v) })
	p.count("status", &s.Status, 599)
	p.choice("echo", []string{"0", "1"}, func(v string) { s.Echo = v == "1" })
	p.choice("early", []string{"0", "1"}, func(v string) { s.Early = v == "1" })
	for _, line := range q["header"] {
		p.field(line, &s)
	}
	switch {
	case p.err != nil:
		return s, p.err
	case len(s.Nonce) > maxNonce || strings.ContainsFunc(s.Nonce, func(r rune) bool { return r <= ' ' || r > '~' }):
		return s, fmt.Errorf("nonce: expected at most %d printable characters", maxNonce)
	case s.Status < 200 || s.Status == 304:
		return s, fmt.Errorf("status: expected 200 to 599, and not 304")
	case s.Count*s.Size > MaxTotal:
		return s, fmt.Errorf("count and size: expected at most %d bytes in all", MaxTotal)
	case s.life() > MaxLife:
		return s, fmt.Errorf("expected a stream of at most %v in all", MaxLife)
	}
	return s, nil
}

// life is how long the stream lasts.
func (s Spec) life() time.Duration {
	return s.Head + s.First + time.Duration(s.Count)*s.Interval + s.IdleFor
}

// A parser collects the first error of a query.
type parser struct {
	q   url.Values
	err error
}

func (p *parser) get(name string) (string, bool) {
	return p.q.Get(name), p.err == nil && p.q.Has(name)
}

func (p *parser) count(name string, to *int, most int) {
	if text, ok := p.get(name); ok {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > most {
			p.err = fmt.Errorf("%s: expected a number from 0 to %d", name, most)
		}
		*to = n
	}
}

func (p *parser) duration(name string, to *time.Duration, most time.Duration) {
	if text, ok := p.get(name); ok {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 || d > most {
			p.err = fmt.Errorf("%s: expected a duration such as 100ms, at most %v", name, most)
		}
		*to = d
	}
}

func (p *parser) choice(name string, known []string, set func(string)) {
	if text, ok := p.get(name); ok {
		if !slices.Contains(known, text) {
			p.err = fmt.Errorf("%s: expected one of %s", name, strings.Join(known, ", "))
		}
		set(text)
	}
}

func (p *parser) field(line string, s *Spec) {
	name, value, ok := strings.Cut(line, ":")
	name, value = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value)
	switch {
	case p.err != nil:
	case !ok || !slices.Contains(settable, name):
		p.err = fmt.Errorf("header: expected \"NAME: VALUE\" with one of the names %s", strings.Join(settable, ", "))
	case len(value) > 1024 || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }):
		p.err = fmt.Errorf("header: expected a value of at most 1024 printable characters")
	case len(s.Header) == maxFields:
		p.err = fmt.Errorf("header: expected at most %d fields", maxFields)
	default:
		s.Header = append(s.Header, Field{name, value})
	}
}
