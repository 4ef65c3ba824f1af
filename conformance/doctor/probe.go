package doctor

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/internal/probeorigin"
)

// A probe is an exchange that shows something of a path.
type probe struct {
	name  string
	about string
	ours  bool // needs the probe origin
	first bool // is made before the others, alone
	// streams is how many it holds at once.
	streams int
	talk    func(*prober)
}

// The streams of most probes have this many events at this interval.
const (
	events   = 24
	interval = 100 * time.Millisecond
)

// The pair of rates that tells a buffer that fills from a timer: events of
// largeSize bytes at interval and at fastInterval, for the same time.
const (
	largeSize    = 2000
	fastInterval = interval / 4
	fastEvents   = events * 4
)

// probes are all of them, in the order in which they are made.
var probes = []probe{
	{name: "plain", first: true, streams: 1, about: "an event stream without content coding", talk: talkPlain},
	{name: "ramp", first: true, streams: 0, about: "many streams at once", talk: talkRamp},
	{name: "idle", streams: 4, about: "streams that are silent, that have heartbeats, and that are active", talk: talkIdle},
	{name: "codings", streams: 3, about: "streams for a client that takes gzip, or br", talk: talkCodings},
	{name: "sizes", ours: true, streams: 2, about: "large events at two rates", talk: talkSizes},
	{name: "hint", ours: true, streams: 1, about: "the plain stream with X-Accel-Buffering: no", talk: talkHint},
	{name: "cache", streams: 2, about: "the same URL again, and twice at the same time", talk: talkCache},
	{name: "head", ours: true, streams: 2, about: "a stream whose head is sent long before its first event, and one whose head comes late", talk: talkHead},
	{name: "abort", ours: true, streams: 2, about: "streams that the client leaves, a silent one and an active one", talk: talkAbort},
	{name: "end", ours: true, streams: 1, about: "a stream whose origin breaks the connection", talk: talkEnd},
	{name: "fields", ours: true, streams: 1, about: "last event IDs of several lengths, and header fields that authorize", talk: talkFields},
	{name: "errors", streams: 1, about: "responses to a page of another origin, and an error", talk: talkErrors},
	{name: "upload", ours: true, streams: 1, about: "a POST whose body comes in two halves", talk: talkUpload},
	{name: "protocol", streams: 1, about: "the plain stream over the other version of HTTP", talk: talkProtocol},
	{name: "bulk", ours: true, streams: 1, about: "32 MB for a client that does not read", talk: talkBulk},
}

// wanted reports whether a probe is to be made.
func (p *path) wanted(probe *probe) bool {
	switch {
	case len(p.o.Only) > 0 && probe.name != "plain" && !slices.Contains(p.o.Only, probe.name):
	case probe.ours && !p.rec.Ours:
		p.note(probe, "needs the probe origin (ssegauge serve --probe) behind the path")
	case probe.name == "ramp" && p.o.Ramp < 0, probe.name == "bulk" && !p.o.Bulk:
	default:
		return true
	}
	return false
}

// A prober makes one probe.
type prober struct {
	path *path
	talk *conformance.Talk
	name string
	// brief, unless 0, is how long a foreign stream is listened to at most.
	brief time.Duration
}

// listening is how long a foreign stream is listened to.
func (p *prober) listening() time.Duration {
	if p.brief > 0 {
		return min(p.brief, p.path.o.Listen)
	}
	return p.path.o.Listen
}

// spec is that of the plain stream.
func (p *prober) spec() probeorigin.Spec {
	return probeorigin.Spec{Count: events, Interval: interval}
}

// ask is a request for a stream that behaves as the spec says, if the probe
// origin is there.
func (p *prober) ask(name string, s probeorigin.Spec) conformance.Ask {
	a := conformance.Ask{Name: name, Patience: p.life(s) + answerTime}
	if !p.path.rec.Ours {
		a.Patience = max(p.path.o.Listen, answerTime)
		return a
	}
	if s.Nonce == "" {
		s.Nonce = p.nonce(name)
	}
	for _, f := range p.path.o.Headers {
		s.Header = append(s.Header, probeorigin.Field{Name: f.Name, Value: f.Value})
	}
	a.Query = s.Query()
	a.Limit = max(1<<20, 2*s.Count*(s.Size+256))
	return a
}

func (p *prober) nonce(name string) string {
	return p.talk.Nonce() + "-" + strings.ReplaceAll(name, " ", "-")
}

// life is how long a stream of the spec lasts.
func (p *prober) life(s probeorigin.Spec) time.Duration {
	if !p.path.rec.Ours {
		return p.listening()
	}
	return s.Head + s.First + s.IdleFor + time.Duration(s.Count)*s.Interval
}

// listen opens a stream, follows it to its end, and asks the origin about it. A
// foreign stream is left when it was listened to for long enough.
func (p *prober) listen(name string, s probeorigin.Spec, change ...func(*conformance.Ask)) *conformance.Stream {
	a := p.ask(name, s)
	for _, f := range change {
		f(&a)
	}
	begun := p.talk.Now()
	stream := p.talk.Open(a)
	if stream.Head(0) {
		wait := p.life(s) - (p.talk.Now() - begun)
		if p.path.rec.Ours {
			wait = p.life(s) + answerTime
		}
		stream.End(wait)
	}
	stream.Close()
	if s.Nonce == "" {
		s.Nonce = p.nonce(name)
	}
	p.report(s.Nonce)
	return stream
}

// report keeps what the origin saw.
func (p *prober) report(nonce string) probeorigin.Report {
	if !p.path.rec.Ours {
		return probeorigin.Report{}
	}
	report, ok := p.path.saw(p.talk, nonce)
	if ok {
		p.path.rec.mu.Lock()
		p.path.rec.Origin[nonce] = report
		p.path.rec.mu.Unlock()
	}
	return report
}

// accepting sets the content codings that the client takes.
func accepting(coding string) func(*conformance.Ask) {
	return field("Accept-Encoding", coding)
}

func field(name, value string) func(*conformance.Ask) {
	return func(a *conformance.Ask) {
		a.Fields = append(a.Fields, conformance.Field{Name: name, Value: value})
	}
}

// coded leaves the content coding on.
func coded(a *conformance.Ask) { a.Coded = true }

// post makes the request a POST whose body comes in two halves.
func post(body string, pause time.Duration) func(*conformance.Ask) {
	return func(a *conformance.Ask) {
		a.Method, a.Body, a.Pause, a.Protocol = http.MethodPost, []byte(body), pause, "HTTP/1.1"
	}
}
