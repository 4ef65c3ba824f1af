package doctor

import (
	"fmt"
	"slices"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
)

// delayRows are about events, and heads, that come late.
var delayRows = []Row{
	{
		ID: "D9", Title: "held back until a timeout breaks it",
		Explain: "The stream is buffered, and the box that buffers gives up when the backend is silent: the client gets a head and a broken stream, and not one of the events that were sent. They are lost, not late.",
		Hides:   []string{"D7", "D8"},
		see:     seeHeldAndCut, Fixes: fixHeld,
	},
	{
		ID: "D9b", Title: "a box gives up although the backend sends heartbeats",
		Explain: "An inner hop buffers the stream, heartbeats and all, so that an outer one sees silence and gives up.",
		Hides:   []string{"D7", "D8"},
		see:     seeHeartbeatsHidden, Fixes: fixHeld,
	},
	{
		ID: "D6", Title: "the whole response is collected before it is passed on",
		Explain: "An event stream has no length. A box that gives it one has waited for its end and counted: a client gets nothing before that, and of a stream that does not end nothing at all.",
		Hides:   []string{"D1", "D2", "D4", "D5"},
		see:     seeLength, Fixes: fixHeld,
	},
	{
		ID: "D1", Title: "the stream is held back until it ends",
		again:   []string{"plain"},
		Explain: "A box collects the response before it passes it on. As a stream does not end, its client gets nothing, or what fits no more into a buffer.",
		Hides:   []string{"D2", "D3", "D3b", "D4", "D5"},
		see:     seeHeld, Fixes: fixHeld,
	},
	{
		ID: "D4", Title: "the stream is held back by compression",
		again:   []string{"codings"},
		Explain: "The response is compressed by something that does not flush after each event. A client that takes no compression, such as curl, sees the events at once; a browser waits.",
		see:     seeCompressed, Fixes: fixCompressed,
	},
	{
		ID: "D2", Title: "events wait until a buffer is full",
		again:   []string{"plain", "sizes"},
		Explain: "Events come in bursts of a constant size, whatever their rate: a buffer is passed on when it is full.",
		Hides:   []string{"D5"},
		see:     seeBytes, Fixes: fixHeld,
	},
	{
		ID: "D3", Title: "events wait for a timer of 200 ms",
		again:   []string{"plain", "sizes"},
		Explain: "Events come every 200 ms or so, whatever their rate. That is how long the kernel waits for more where a sender says that more will follow (MSG_MORE), as HAProxy does by default; the rate limiter of Apache has the same period.",
		see:     seeCork, Fixes: fixCork,
	},
	{
		ID: "D3b", Title: "events wait for a timer",
		again:   []string{"plain", "sizes"},
		Explain: "Events come at a constant interval, whatever their rate: a timer flushes, or a rate limiter lets some through.",
		see:     seeTimer, Fixes: fixTimer,
	},
	{
		ID: "D5", Title: "the response head waits for the first event",
		again:   []string{"head"},
		Explain: "The head is passed on with the first bytes of the body only. Until then an EventSource is not open, and a box further out may give up.",
		see:     seeLateHead, Fixes: fixLateHead,
	},
	{
		ID: "D19", Title: "what a client does not read is stored on the way",
		again:   []string{"bulk"},
		Explain: "A client that reads too slowly is not felt by the backend: a box takes in all that is sent, into memory or a temporary file, and the client falls behind without end.",
		see:     seeAbsorbed, Fixes: fixAbsorbed,
	},
	{
		ID: "D4b", Title: "the stream is compressed, and flushed", Note: true,
		Explain: "Each event is compressed and passed on at once. That is in order.",
		see:     seeFlushed,
	},
}

func seeHeld(v *view) *sign {
	f := v.flow("plain", "stream")
	if v.noHead() {
		return signOf("the direct path sends an event stream at once; on this one no response head came within %s", seconds(f.conn.Ended-f.conn.Sent))
	}
	if !f.isStream() {
		return nil
	}
	if v.rec.Ours {
		if !f.held() {
			return nil
		}
		s := signOf("%d events, sent over %s, came in %s; the first after %s", len(f.beats),
			seconds(f.beats[len(f.beats)-1].sent-f.beats[0].sent), bursts(f), seconds(f.beats[0].at-f.conn.Sent))
		s.controlled = true // the origin says when it sent
		if size := median(sizes(v.fastBursts())); size > 0 {
			s.add("larger events come in bursts of %d bytes", size)
		}
		if hinted := v.flow("hint", "stream"); hinted.isStream() && !hinted.held() && len(hinted.beats) > 2 {
			s.add("with %s: no from the backend the same stream is not held", hint)
		}
		return s
	}
	return v.seeHeldForeign(f)
}

// noHead reports whether a foreign stream, which does not end, did not even begin
// although the direct one did.
func (v *view) noHead() bool {
	f := v.flow("plain", "stream")
	return f != nil && !v.rec.Ours && v.direct != nil && f.conn.Status == 0 && f.conn.End == conformance.EndLeft &&
		v.direct.flow("plain", "stream").isStream()
}

// fastBursts are those of the fast stream, unless it was held to its end.
func (v *view) fastBursts() []burst {
	if f := v.flow("sizes", "fast"); f.isStream() && !f.held() {
		return f.bursts()
	}
	return nil
}

// seeHeldForeign compares with the direct path; without it, all events in one
// burst at the end of a long response are a sign.
func (v *view) seeHeldForeign(f *flow) *sign {
	if f.held() {
		s := signOf("%d events came in %s, after all had been sent", len(f.beats), bursts(f))
		s.controlled = v.published()
		return s
	}
	if v.direct != nil {
		other := v.direct.flow("plain", "stream")
		early := other.isStream() && len(other.beats) >= 3 && other.beats[0].at-other.conn.Sent < other.life()/4
		if early && len(f.beats) == 0 {
			return signOf("%d events came on the direct path in %s, none on this one", len(other.beats), seconds(other.life()))
		}
		return nil
	}
	list := f.bursts()
	if f.conn.End == conformance.EndComplete && len(f.beats) >= 3 && len(list) == 1 && f.life() > 10*interval {
		return signOf("%d events came in one burst, %s after the request", len(f.beats), seconds(f.life()))
	}
	return nil
}

func bursts(f *flow) string {
	n := len(f.bursts())
	if n == 1 {
		return "one burst"
	}
	return fmt.Sprintf("%d bursts", n)
}

func seeLength(v *view) *sign {
	c := v.connection("plain", "stream")
	if c == nil || !c.IsStream() || c.Value("Content-Length") == "" {
		return nil
	}
	return signOf("Content-Length: %s", c.Value("Content-Length"))
}

func seeCompressed(v *view) *sign {
	plain := v.flow("plain", "stream")
	if !plain.isStream() || plain.held() || v.rec.Ours && !v.prompt("plain", "stream") {
		return nil
	}
	s := &sign{controlled: true} // the stream without compression
	for _, name := range []string{"gzip", "gzip large"} {
		f := v.flow("codings", name)
		if !f.isStream() || f.conn.Value("Content-Encoding") == "" {
			continue
		}
		switch {
		case f.held(), !v.rec.Ours && len(plain.beats) >= 3 && len(f.beats) == 0:
			s.add("with Accept-Encoding: gzip the events come at the end (Content-Encoding: %s, %d bytes)", f.conn.Value("Content-Encoding"), f.conn.Coded)
		case v.late("codings", name) && (median(f.delays()) > compressedLate || v.behind("codings", name)):
			s.add("with Accept-Encoding: gzip events can be read %s late (Content-Encoding: %s)", seconds(median(f.delays())), f.conn.Value("Content-Encoding"))
		}
	}
	if f := v.flow("codings", "br"); f.isStream() && f.conn.Value("Content-Encoding") != "" && v.rec.Ours && f.heldCoded(events, interval) {
		s.add("with Accept-Encoding: br nearly all bytes come at the end (Content-Encoding: %s)", f.conn.Value("Content-Encoding"))
	}
	return s.orNone()
}

// compressedLate is the least median delay that is put down to a compressor,
// whose blocks are large.
const compressedLate = 2 * interval

// behind reports whether nearly each event of a stream came with the next one, as
// from a compressor that keeps the last bits back.
func (v *view) behind(probe, name string) bool {
	f := v.flow(probe, name)
	list := slices.Sorted(slices.Values(f.delays()))
	return len(list) > 0 && list[len(list)/5] >= f.interval*4/5
}

func seeFlushed(v *view) *sign {
	f := v.flow("codings", "gzip")
	if !f.isStream() || f.conn.Value("Content-Encoding") == "" || f.held() || v.late("codings", "gzip") || seeCompressed(v) != nil {
		return nil
	}
	return signOf("Content-Encoding: %s, %d bytes on the wire", f.conn.Value("Content-Encoding"), f.conn.Coded)
}

func seeBytes(v *view) *sign {
	p := v.pacing()
	if p.kind != "bytes" {
		return nil
	}
	s := signOf("bursts of %d bytes", p.size)
	s.controlled = v.published()
	if p.fast != nil {
		s.add("large events at two rates came in bursts of %d and %d bytes, %s and %s apart", median(sizes(p.slow)), median(sizes(p.fast)), seconds(median(gaps(p.slow))), seconds(p.period))
		s.controlled = true // the origin says when it sent
	}
	return s
}

// cork is how long a kernel waits for more at most, with what is added to it.
const (
	corkLeast = 150 * time.Millisecond
	corkMost  = 260 * time.Millisecond
)

func seeCork(v *view) *sign {
	p := v.pacing()
	if p.kind != "time" || p.period < corkLeast || p.period > corkMost {
		return nil
	}
	return v.timed(p)
}

func seeTimer(v *view) *sign {
	p := v.pacing()
	if p.kind != "time" || p.period >= corkLeast && p.period <= corkMost {
		return nil
	}
	return v.timed(p)
}

func (v *view) timed(p pacing) *sign {
	s := signOf("bursts %s apart", seconds(p.period))
	s.controlled = v.published()
	if p.fast != nil {
		s.add("large events at two rates came in bursts %s and %s apart, of %d and %d bytes", seconds(median(gaps(p.slow))), seconds(p.period), median(sizes(p.slow)), median(sizes(p.fast)))
		s.controlled = true // the origin says when it sent
	}
	return s
}

func seeLateHead(v *view) *sign {
	f := v.flow("head", "early")
	if !f.isStream() || len(f.beats) == 0 {
		return nil
	}
	if first := f.beats[0]; f.conn.Responded < first.sent-interval || f.seen == nil || v.ours(f.seen.HeadSent) > first.sent-lateBy/2 {
		return nil
	}
	return proven("the backend sent its head at once and its first event %s later; the head came after %s", seconds(lateBy), seconds(f.conn.Responded-f.conn.Sent))
}

func seeHeldAndCut(v *view) *sign {
	f := v.flow("idle", "silent")
	if f == nil || !v.rec.Ours || len(f.beats) > 0 || !f.conn.IsStream() || !f.conn.End.ByPeer() || f.seen == nil || f.seen.Events == 0 {
		return nil
	}
	return proven("%d events were sent and none came; the stream ended after %s (%s)", f.seen.Events, seconds(f.life()), f.conn.End)
}

func seeHeartbeatsHidden(v *view) *sign {
	f := v.flow("idle", "heartbeat")
	if f == nil || !v.rec.Ours || f.conn.Status < 500 || f.seen == nil || f.seen.Events == 0 {
		return nil
	}
	return proven("status %d after %s, although the backend sent a heartbeat every %s", f.conn.Status, seconds(f.conn.Responded-f.conn.Sent), seconds(f.spec.Heartbeat))
}

func seeAbsorbed(v *view) *sign {
	f := v.flow("bulk", "stalled")
	if f == nil || f.seen == nil || f.seen.Events < bulkEvents {
		return nil
	}
	return proven("the backend got rid of all of %d MB while the client read nothing", bulkEvents*bulkSize>>20)
}
