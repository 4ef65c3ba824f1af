package doctor

import (
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/internal/probeorigin"
)

func talkPlain(p *prober) {
	if p.path.rec.Ours || !p.talk.CanPublish() {
		p.listen("stream", p.spec())
		return
	}
	done := make(chan struct{})
	var publishing sync.WaitGroup
	publishing.Go(func() { p.publish(done) })
	p.listen("stream", p.spec())
	close(done)
	publishing.Wait()
}

// publish publishes numbered events to a foreign backend until done.
func (p *prober) publish(done <-chan struct{}) {
	for {
		p.talk.Publish(conformance.Fields{"data": "ssegauge " + p.talk.Nonce() + " " + p.talk.Now().String()})
		select {
		case <-done:
			return
		case <-time.After(interval):
		}
	}
}

// The streams of the ramp have this many events at this interval.
const (
	rampEvents   = 8
	rampInterval = 250 * time.Millisecond
)

// placeTime is how long a stream of a foreign backend is waited for at least.
const placeTime = 3 * time.Second

// talkRamp opens streams at once. Those of the probe origin end by themselves;
// of a foreign backend's, those that stand are left when the others have been
// waited for, which shows whether these only waited for a place.
func talkRamp(p *prober) {
	spec := probeorigin.Spec{Count: rampEvents, Interval: rampInterval}
	life := p.life(spec)
	wait := life + answerTime
	if !p.path.rec.Ours {
		wait = max(p.path.o.Listen/2, placeTime)
	}
	streams := make([]*conformance.Stream, p.path.o.Ramp)
	nonce := func(i int) string { return p.nonce("ramp") + "-" + strconv.Itoa(i) }
	var sending sync.WaitGroup
	for i := range streams {
		spec.Nonce = nonce(i) // a cache would let requests for one URL wait for each other
		a := p.ask("stream", spec)
		sending.Go(func() { streams[i] = p.talk.Send(a) })
	}
	sending.Wait()
	end := time.Now().Add(wait)
	for _, s := range streams {
		s.Head(time.Until(end))
	}
	if p.path.rec.Ours {
		for _, s := range streams {
			s.End(time.Until(end))
		}
		for i := range streams {
			p.report(nonce(i))
		}
		return
	}
	for _, s := range streams {
		if s.Head(0) {
			s.Close()
		}
	}
	end = time.Now().Add(wait)
	for _, s := range streams {
		s.Head(time.Until(end))
	}
}

// hint is the response header field that asks a proxy not to buffer.
const hint = "X-Accel-Buffering"

func talkHint(p *prober) {
	s := p.spec()
	for _, f := range p.path.o.Headers {
		if strings.EqualFold(f.Name, hint) {
			return
		}
	}
	s.Header = []probeorigin.Field{{Name: hint, Value: "no"}}
	p.listen("stream", s)
}

func talkSizes(p *prober) {
	var both sync.WaitGroup
	both.Go(func() {
		p.listen("slow", probeorigin.Spec{Count: events, Interval: interval, Size: largeSize, Random: true})
	})
	both.Go(func() {
		p.listen("fast", probeorigin.Spec{Count: fastEvents, Interval: fastInterval, Size: largeSize, Random: true})
	})
	both.Wait()
}

// talkCodings asks for each coding. What br holds cannot be read here, but when
// it comes can be seen.
func talkCodings(p *prober) {
	var all sync.WaitGroup
	all.Go(func() { p.listen("gzip", p.spec(), accepting("gzip")) })
	all.Go(func() { p.listen("br", p.spec(), accepting("br"), coded) })
	if p.path.rec.Ours {
		all.Go(func() {
			p.listen("gzip large", probeorigin.Spec{Count: events, Interval: interval, Size: largeSize, Random: true}, accepting("gzip"))
		})
	}
	all.Wait()
}

// lateBy is how long the first event is behind the head, or the head behind the
// request.
const lateBy = 1500 * time.Millisecond

func talkHead(p *prober) {
	var both sync.WaitGroup
	both.Go(func() { p.listen("early", probeorigin.Spec{Count: 3, Interval: interval, First: lateBy}) })
	both.Go(func() { p.listen("late", probeorigin.Spec{Count: 3, Interval: interval, Head: lateBy}) })
	both.Wait()
}

// talkIdle holds streams for the idle time: one silent between its first events
// and its last, one with heartbeats in that silence, one active all the time,
// and another active one that is opened later, to tell what ends all streams of
// an age from what ends all at a moment.
func talkIdle(p *prober) {
	idle := p.path.o.Idle
	if !p.path.rec.Ours {
		p.foreignIdle(idle)
		return
	}
	silent := probeorigin.Spec{Count: 4, Interval: interval / 2, IdleAt: 3, IdleFor: idle}
	beating := silent
	beating.Heartbeat = min(max(idle/8, 250*time.Millisecond), 15*time.Second)
	active := probeorigin.Spec{Interval: max(idle/16, interval), Count: 17}
	active.Count = int(idle/active.Interval) + 1
	var all sync.WaitGroup
	all.Go(func() { p.listen("silent", silent) })
	all.Go(func() { p.listen("heartbeat", beating) })
	all.Go(func() { p.listen("active", active) })
	all.Go(func() {
		if p.talk.Sleep(idle / 3) {
			p.listen("later", active)
		}
	})
	all.Wait()
}

// foreignIdle listens to a foreign stream for the idle time, and to one that is
// opened later.
func (p *prober) foreignIdle(idle time.Duration) {
	var both sync.WaitGroup
	listen := func(name string) {
		a := p.ask(name, probeorigin.Spec{})
		if s := p.talk.Open(a); s.Head(0) {
			s.End(idle)
			s.Close()
		}
	}
	both.Go(func() { listen("active") })
	both.Go(func() {
		if p.talk.Sleep(idle / 3) {
			listen("later")
		}
	})
	both.Wait()
}

// serialBy is how long the head of each of two parallel streams takes.
const serialBy = time.Second

func talkCache(p *prober) {
	p.brief = serialBy
	short := probeorigin.Spec{Count: 5, Interval: interval / 2, Nonce: p.nonce("again")}
	p.listen("before", short)
	p.listen("again", short)
	pair := probeorigin.Spec{Head: serialBy, Count: 5, Interval: interval, Nonce: p.nonce("pair")}
	var both sync.WaitGroup
	both.Go(func() { p.listen("pair", pair) })
	both.Go(func() { p.listen("twin", pair) })
	both.Wait()
}

// leftFor is how long the origin may take to see that a client left.
const leftFor = 2 * time.Second

func talkAbort(p *prober) {
	var both sync.WaitGroup
	leave := func(name string, s probeorigin.Spec) {
		stream := p.talk.Send(p.ask(name, s))
		stream.Await(4*interval, func(e []conformance.Event) bool { return len(e) > 0 })
		stream.Close()
		end := time.Now().Add(leftFor)
		for {
			report := p.report(p.nonce(name))
			if len(report.Requests) > 0 && report.Requests[0].Ended != 0 || time.Now().After(end) || !p.talk.Sleep(interval) {
				return
			}
		}
	}
	both.Go(func() { leave("silent", probeorigin.Spec{Count: 2, IdleAt: 1, IdleFor: 10 * leftFor}) })
	both.Go(func() { leave("active", probeorigin.Spec{Count: 10 * int(leftFor/interval), Interval: interval}) })
	both.Wait()
}

// hangFor is how long a stream may stay open whose origin has broken it.
const hangFor = 3 * time.Second

func talkEnd(p *prober) {
	s := probeorigin.Spec{Count: 10, Interval: interval / 2, DieAt: 5}
	stream := p.talk.Open(p.ask("dies", s))
	stream.End(hangFor)
	stream.Close()
	p.report(p.nonce("dies"))
}

// Lengths in bytes of last event IDs that are tried. Some proxies refuse header
// fields over 8 KiB.
const (
	longID     = 4000
	veryLongID = 9000
)

const utf8ID = "ssegauge-é✓"

func talkFields(p *prober) {
	one := probeorigin.Spec{Count: 1}
	for _, id := range []struct{ name, value string }{
		{"id short", "ssegauge-42"}, {"id utf8", utf8ID},
		{"id long", strings.Repeat("i", longID)}, {"id very long", strings.Repeat("i", veryLongID)},
	} {
		p.listen(id.name, one, func(a *conformance.Ask) { a.After = id.value })
	}
	if p.path.target.Tokens == nil {
		p.listen("authorized", one, field("Authorization", "Bearer "+dummy), field("Cookie", "ssegauge="+dummy))
	} else {
		p.listen("authorized", one)
	}
}

// dummy stands in for a token where there is none.
const dummy = "ssegauge-probe-of-what-is-passed-on"

// pageOrigin is that of a page whose requests must be allowed by CORS.
const pageOrigin = "https://ssegauge.example"

func talkErrors(p *prober) {
	page := field("Origin", pageOrigin)
	if !p.path.rec.Ours {
		a := p.ask("page", probeorigin.Spec{})
		page(&a)
		p.talk.Open(a).Close()
		missing := p.ask("missing", probeorigin.Spec{})
		page(&missing)
		if u, err := url.Parse(p.path.target.URL); err == nil {
			u.Path += "/ssegauge-" + p.talk.Nonce()
			missing.URL = u.String()
			p.talk.Open(missing).Close()
		}
		return
	}
	allow := []probeorigin.Field{{Name: "Access-Control-Allow-Origin", Value: pageOrigin}}
	p.listen("page", probeorigin.Spec{Count: 1}, page)
	p.listen("page allowed", probeorigin.Spec{Count: 1, Header: allow}, page)
	p.listen("error", probeorigin.Spec{Status: 503}, page)
}

// uploadPause lies between the halves of a body of uploadSize bytes, which is
// more than is buffered on the way by accident.
const (
	uploadPause = time.Second
	uploadSize  = 128 << 10
)

func talkUpload(p *prober) {
	spec := probeorigin.Spec{Count: 3, Interval: interval, Early: true}
	p.listen("post", spec, post(strings.Repeat("ssegauge", uploadSize/8), uploadPause))
}

func talkProtocol(p *prober) {
	if !strings.HasPrefix(p.path.target.URL, "https:") {
		return
	}
	other := "HTTP/2.0"
	if p.path.target.HTTP == "2" {
		other = "HTTP/1.1"
	}
	p.listen("other", p.spec(), func(a *conformance.Ask) { a.Protocol = other })
}

// A client that does not read is sent this many events of this many bytes, which
// is more than the kernels on the way hold.
const (
	bulkEvents = 512
	bulkSize   = 64 << 10
	bulkTime   = 15 * time.Second
)

func talkBulk(p *prober) {
	spec := probeorigin.Spec{Count: bulkEvents, Size: bulkSize}
	a := p.ask("stalled", spec)
	a.Stalled, a.Window = true, 64<<10
	s := p.talk.Send(a)
	written, still := int64(-1), 0
	for end := time.Now().Add(bulkTime); time.Now().Before(end) && still < 4; {
		if report := p.report(p.nonce("stalled")); len(report.Requests) > 0 {
			now := report.Requests[0].Written
			if report.Requests[0].Ended != 0 {
				break
			}
			if still++; now != written {
				written, still = now, 0
			}
		}
		if !p.talk.Sleep(3 * interval) {
			break
		}
	}
	s.Close()
}
