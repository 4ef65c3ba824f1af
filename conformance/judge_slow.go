package conformance

import (
	"strconv"
	"time"
)

// A bulk is what became of the large events that were published before a stream
// stalled, and after.
type bulk struct {
	other, stalled *Connection
	before, after  []delivery
	// sent is how many bytes of data were accepted after.
	sent int
}

// bulkOf returns the bulk of the exchange "stalled"; the verdict says why there
// is none.
func bulkOf(t *Transcript) (*bulk, Verdict) {
	b := &bulk{other: t.named("other"), stalled: t.named("stalled")}
	if b.other == nil || !b.other.isStream() || b.stalled == nil || !b.stalled.isStream() {
		return nil, t.unmet("no event stream could be opened")
	}
	large := func(p *Publication) bool { return !p.Mark }
	for _, d := range deliveries(t, b.other, large) {
		if d.p.Sent < b.stalled.Sent {
			b.before = append(b.before, d)
			continue
		}
		b.after = append(b.after, d)
		b.sent += len(d.p.Fields["data"])
	}
	if len(b.before) == 0 || len(b.after) == 0 {
		return nil, t.unmet("nothing was accepted")
	}
	return b, Verdict{}
}

// trailing is how many of the last deliveries never came: the stream stands
// still.
func trailing(list []delivery) int {
	n := 0
	for n < len(list) && list[len(list)-1-n].at == 0 {
		n++
	}
	return n
}

// slack is what is allowed beyond three times the time without a stalled stream.
func slack(t *Transcript, before []time.Duration) time.Duration {
	return t.allowing(3*quantile(before, 99) + t.Facts.Patience/10)
}

// unanswered reports whether a publish was given up because no answer came.
func (p *Publication) unanswered() bool { return !p.Accepted && p.Status == 0 && !p.Unsendable }

// heldBack is the longest that an event took to another stream, or has taken
// without arriving, of those whose publish got no answer: it may be held up
// together with its publisher.
func (b *bulk) heldBack(t *Transcript) (longest time.Duration) {
	at := arrivals(t, b.other)
	for _, p := range t.Publications {
		if p.Mark || p.Sent < b.stalled.Sent || !p.unanswered() {
			continue
		}
		until := at[p.Fields["data"]]
		if until == 0 {
			until = p.Answered
		}
		longest = max(longest, until-p.Sent)
	}
	return longest
}

func judgeIsolatedLatency(t *Transcript) Verdict {
	b, v := bulkOf(t)
	if b == nil {
		return v
	}
	latency := func(list []delivery) (took []time.Duration) {
		for _, d := range list {
			if d.at != 0 {
				// A late answer to the publisher is slow.publisher's.
				took = append(took, max(0, d.at-d.p.Answered))
			}
		}
		return took
	}
	before, after := latency(b.before), latency(b.after)
	allowed, p99 := slack(t, before), quantile(after, 99)
	stuck, held := trailing(b.after), b.heldBack(t)
	switch {
	case len(before) == 0:
		return t.unmet("nothing arrived before a stream stalled")
	case held > allowed:
		return missed("while one stream did not read, an event was not on another after %s, and its publisher had no answer", seconds(held)).
			expect("at most %s, as it was %s before", seconds(allowed), seconds(quantile(before, 99))).show(b.other.endEvidence())
	case stuck > 0 && !b.other.End.byPeer():
		return missed("while one stream did not read, %s did not arrive on another", counted(stuck, "event")).show(b.other.endEvidence())
	case p99 > allowed:
		return missed("while one stream did not read, the 99th percentile of the latency on another was %s", seconds(p99)).
			expect("at most %s, as it was %s before", seconds(allowed), seconds(quantile(before, 99)))
	}
	return passed("99th percentile " + seconds(p99) + ", before " + seconds(quantile(before, 99)))
}

func judgeIsolatedLoss(t *Transcript) Verdict {
	b, v := bulkOf(t)
	if b == nil {
		return v
	}
	stuck := trailing(b.after)
	if b.other.End.byPeer() {
		return missed("a stream that reads was ended while another one did not; %s did not arrive", counted(stuck, "event")).show(b.other.endEvidence())
	}
	lost := 0
	for _, d := range b.after[:len(b.after)-stuck] {
		if d.at == 0 {
			lost++
		}
	}
	switch {
	case lost > 0:
		return missed("while one stream did not read, another one lost %d of %s", lost, counted(len(b.after), "event")).show(b.other.endEvidence())
	case stuck == len(b.after):
		return untested("no event arrived while one stream did not read (see slow.isolation.latency)")
	}
	return passed(counted(len(b.after)-stuck, "event"))
}

func judgePublisher(t *Transcript) Verdict {
	b, v := bulkOf(t)
	if b == nil {
		return v
	}
	var before, after []time.Duration
	longest := time.Duration(0) // without an answer
	for _, p := range t.Publications {
		switch took := p.Answered - p.Sent; {
		case p.Mark || p.Answered == 0:
		case p.Sent < b.stalled.Sent:
			before = append(before, took)
		case p.unanswered():
			longest = max(longest, took)
		default:
			after = append(after, took)
		}
	}
	allowed, p99 := slack(t, before), quantile(after, 99)
	switch {
	case longest > allowed:
		return missed("while one stream did not read, a publish got no answer in %s", seconds(longest)).
			expect("one within %s, as before", seconds(allowed))
	case p99 > allowed:
		return missed("while one stream did not read, the 99th percentile of the time to publish was %s", seconds(p99)).
			expect("at most %s, as it was %s before", seconds(allowed), seconds(quantile(before, 99)))
	}
	return passed("99th percentile " + seconds(p99) + ", before " + seconds(quantile(before, 99)))
}

// A backlog is what a stalled stream got of the events that another one got
// after it had been opened.
type backlog struct {
	*bulk
	got, lost int
	// holes is how many of those lost were followed by something that came.
	holes int
	bytes int // of data that came
	// noticed tells that something came that nobody published.
	noticed bool
}

func backlogOf(t *Transcript) (*backlog, Verdict) {
	b, v := bulkOf(t)
	if b == nil {
		return nil, v
	}
	l := &backlog{bulk: b, noticed: unpublished(t, b.stalled)}
	others, at := arrivals(t, b.other), arrivals(t, b.stalled)
	pending := 0
	for _, p := range t.Publications {
		data := p.Fields["data"]
		switch {
		case !p.Accepted || p.Sent < b.stalled.Sent:
		case at[data] != 0:
			l.holes += pending
			pending = 0
			if !p.Mark {
				l.got++
				l.bytes += len(data)
			}
		case !p.Mark && others[data] != 0: // else it is lost for all
			l.lost++
			pending++
		}
	}
	return l, Verdict{}
}

// unpublished reports whether a stream has an event that nobody published.
func unpublished(t *Transcript, c *Connection) bool {
	published := map[string]bool{}
	for _, p := range t.Publications {
		published[p.Fields["data"]] = true
	}
	for _, e := range c.events() {
		if !published[t.payload(e)] {
			return true
		}
	}
	return false
}

// backlogEnough is what is published at least to a stream that does not read
// before anything can be said about bounds, in bytes: more than sockets and a
// log of moderate size hold.
const backlogEnough = 16 << 20

func judgeBounded(t *Transcript) Verdict {
	l, v := backlogOf(t)
	switch {
	case l == nil:
		return v
	case l.stalled.End.byPeer():
		return passed("cut")
	case l.lost > 0:
		return passed("dropped")
	case l.got == 0:
		return t.unmet("nothing arrived")
	case l.sent < backlogEnough:
		return untested("%.1f MiB could be published in time, and were kept", mebibytes(l.sent))
	}
	before, weighed := t.Counts[memoryBefore]
	grown := t.Counts[memoryFull] - before
	switch {
	case !weighed:
		return untested("all of %.1f MiB were kept, in sockets or by the target: memory in the target file tells which", mebibytes(l.bytes))
	case grown < l.bytes/2:
		// A process may put them into memory that it had before.
		return untested("all of %.1f MiB were kept, and the target's memory grew by %.1f MiB: sockets keep the rest, or memory that was free", mebibytes(l.bytes), mebibytes(grown))
	}
	return missed("all of %.1f MiB were kept for a stream that did not read, and the target's memory grew by %.1f MiB", mebibytes(l.bytes), mebibytes(grown)).
		expect("the stream is cut, or events are dropped and it is told").show(l.stalled.endEvidence())
}

func mebibytes(n int) float64 { return float64(n) / (1 << 20) }

func judgeDropSignalled(t *Transcript) Verdict {
	l, v := backlogOf(t)
	switch {
	case l == nil:
		return v
	case l.holes > 0 && l.noticed:
		return passed("told")
	case l.holes > 0:
		return missed("%s were dropped for the stream that did not read, and it goes on without a word", counted(l.holes, "event")).
			expect("an event that tells it, or the end of the stream").show(l.stalled.endEvidence())
	case l.lost > 0 && l.stalled.End.byPeer():
		return passed("cut")
	case l.lost > 0:
		return t.unmet("the stream that did not read did not get to its end")
	}
	return untested("nothing was dropped (see slow.bounded)")
}

func judgeRecover(t *Transcript) Verdict {
	l, v := backlogOf(t)
	resumed := t.named("resumed")
	switch {
	case l == nil:
		return v
	case !l.stalled.End.byPeer():
		return untested("the stream that did not read was not cut")
	case l.lost == 0:
		return untested("nothing was missing when the stream was cut")
	case resumed == nil:
		return untested("the stream that was cut had no ID to go on from (see id.present)")
	case resumed.Responded == 0:
		return missed("the request to go on is not answered%s", because(resumed))
	case resumed.Status/100 == 4:
		return passed("refused with " + strconv.Itoa(resumed.Status))
	case !resumed.isStream():
		return missed("the request to go on is answered with status %d", resumed.Status).show(resumed.headEvidence())
	}
	cut, again := arrivals(t, l.stalled), arrivals(t, resumed)
	missing := 0
	for _, d := range l.after {
		if data := d.p.Fields["data"]; d.at != 0 && cut[data] == 0 && again[data] == 0 {
			missing++
		}
	}
	switch {
	case missing == 0:
		return passed("complete")
	case unpublished(t, resumed):
		return passed("told that events are missing")
	}
	return missed("%d of %s that the cut stream had missed did not come, and it was told nothing", missing, counted(l.lost, "event")).
		show(resumed.bodyEvidence(0, 200))
}

// judgeNewcomer judges a stream that is opened beside many others of some kind.
func judgeNewcomer(count, noun string) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		before, after := t.named("before"), t.named("after")
		n := t.Counts[count]
		if before == nil || !before.isStream() || n == 0 {
			return t.unmet("no event stream could be opened")
		}
		for _, c := range t.Connections {
			if c.Name != "refused" {
				continue
			}
			if c.Responded == 0 {
				return missed("beside %s another gets no answer%s", counted(n, noun), because(c))
			}
			if c.Status == 429 || c.Status == 503 {
				return passed("refused beyond " + counted(n, noun))
			}
			return missed("beside %s another is answered with status %d", counted(n, noun), c.Status).expect("a stream, 429 or 503").show(c.headEvidence())
		}
		allowed := t.allowing(time.Second + 4*before.waited())
		switch {
		case after == nil:
			return t.unmet("no stream was opened afterwards")
		case after.Responded == 0:
			return missed("beside %s a new stream gets no answer%s", counted(n, noun), because(after))
		case !after.isStream():
			return missed("beside %s a new stream is answered with status %d", counted(n, noun), after.Status).show(after.headEvidence())
		case after.waited() > allowed:
			return missed("beside %s a new stream opens after %s", counted(n, noun), seconds(after.waited())).
				expect("at most %s, as it was %s before", seconds(allowed), seconds(before.waited())).show(after.headEvidence())
		case len(after.events()) == 0:
			return missed("beside %s a new stream opens and gets no event", counted(n, noun)).show(after.endEvidence())
		}
		return passed("beside " + counted(n, noun))
	}
}
