package doctor

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/internal/probeorigin"
)

// A view is a recording as it is judged: beside that of the direct path, which
// is nil if there is none, and for which the view's own stands there.
type view struct {
	rec    *Recording
	direct *view
	// skew is what the origin's clock has to be moved by, so that the quickest
	// event took no time.
	skew  time.Duration
	flows map[string]*flow
	// again is the view of the second look, where there was one; nil in itself.
	again *view
}

func newView(rec *Recording, direct *view) *view {
	v := &view{rec: rec, direct: direct, flows: map[string]*flow{}}
	v.skew = math.MaxInt64
	if direct != nil {
		v.skew = direct.skew
	}
	for _, t := range rec.Transcripts {
		for _, c := range t.Connections {
			for _, e := range c.Events() {
				if s, ok := probeorigin.ParseStamp(e.Data); ok {
					v.skew = min(v.skew, rec.Began.Add(e.At).Sub(time.Unix(0, s.Sent)))
				}
			}
		}
	}
	v.again = &view{rec: rec, direct: direct, skew: v.skew, flows: map[string]*flow{}}
	return v
}

// transcript is that of a probe, in the view's look at it.
func (v *view) transcript(probe string) *conformance.Transcript {
	if t := v.rec.Transcripts[probe+again]; t != nil && v.again == nil {
		return t
	}
	return v.rec.Transcripts[probe]
}

// connection returns a connection of a probe, nil if there is none.
func (v *view) connection(probe, name string) *conformance.Connection {
	if t := v.transcript(probe); t != nil {
		return t.Named(name)
	}
	return nil
}

// sees looks for the sign of a row. Where the probe was made twice, it has to be
// in both: a busy machine does not do the same again, a path does.
func (v *view) sees(row *Row) *sign {
	s := row.see(v)
	if s == nil || row.see(v.again) == nil {
		return nil
	}
	return s
}

// shows is sees for rows of these IDs.
func (v *view) shows(ids ...string) bool {
	return slices.ContainsFunc(rows, func(row Row) bool { return slices.Contains(ids, row.ID) && v.sees(&row) != nil })
}

// ours turns a time of the origin's clock into one of the recording's.
func (v *view) ours(origin int64) time.Duration {
	return time.Unix(0, origin).Add(v.skew).Sub(v.rec.Began)
}

// flow returns a stream of a probe; nil if it was not opened.
func (v *view) flow(probe, name string) *flow {
	key := probe + "/" + name
	f, known := v.flows[key]
	if !known {
		if c := v.connection(probe, name); c != nil {
			f = v.follow(c)
			v.align(f, probe, name)
		}
		v.flows[key] = f
	}
	return f
}

// nonceOf is the nonce in a connection's URL.
func nonceOf(c *conformance.Connection) string {
	if u, err := url.Parse(c.URL); err == nil {
		return u.Query().Get("nonce")
	}
	return ""
}

func (v *view) follow(c *conformance.Connection) *flow {
	f := &flow{conn: c}
	for _, e := range c.Events() {
		b := beat{at: e.At}
		if s, ok := probeorigin.ParseStamp(e.Data); ok {
			b.stamp, b.sent, b.known = s, v.ours(s.Sent), true
		}
		f.beats = append(f.beats, b)
	}
	if !v.rec.Ours {
		return f
	}
	if u, err := url.Parse(c.URL); err == nil {
		f.spec, _ = probeorigin.ParseSpec(u.Query()) // it is what we asked for
		f.interval = f.spec.Interval
	}
	list := v.rec.Origin[nonceOf(c)].Requests
	for i := range list {
		if len(list) == 1 || len(f.beats) > 0 && list[i].ID == f.beats[0].stamp.Request {
			f.seen = &list[i]
		}
	}
	return f
}

// align fills in when a foreign backend sent what came: as its publisher says,
// or as the same stream came on the direct path.
func (v *view) align(f *flow, probe, name string) {
	if v.rec.Ours {
		return
	}
	sent := map[string]time.Duration{}
	for _, p := range v.transcript(probe).Publications {
		sent[p.Fields["data"]] = p.Sent
	}
	list := f.conn.Events()
	for i := range list {
		for data, at := range sent {
			if strings.Contains(list[i].Data, data) {
				f.beats[i].sent, f.beats[i].known = at, true
			}
		}
	}
	if len(sent) > 0 || v.direct == nil {
		return
	}
	other := v.direct.flow(probe, name)
	if other == nil {
		return
	}
	// Both listened at the same time, and may have heard the same events.
	shift := v.direct.rec.Began.Sub(v.rec.Began)
	same := map[string]time.Duration{}
	for _, e := range other.conn.Events() {
		same[e.ID+"\n"+e.Data] = e.At + shift
	}
	matched := 0
	for i, e := range list {
		if at, ok := same[e.ID+"\n"+e.Data]; ok {
			f.beats[i].sent, f.beats[i].known = at, true
			matched++
		}
	}
	if matched >= 3 && matched > len(list)/2 {
		return
	}
	// Or else each has a stream of its own, which begins with its request.
	for i := range list {
		f.beats[i].known = i < len(other.beats)
		if f.beats[i].known {
			f.beats[i].sent = f.conn.Sent + other.beats[i].at - other.conn.Sent
		}
	}
}

// usual is the median delay of the stream of the direct path that came best: what
// this machine and its network take in any case.
func (v *view) usual() time.Duration {
	if v.direct == nil {
		return 0
	}
	var least time.Duration
	for _, of := range [][2]string{{"plain", "stream"}, {"hint", "stream"}, {"codings", "gzip"}, {"sizes", "slow"}, {"sizes", "fast"}} {
		if f := v.direct.flow(of[0], of[1]); f.isStream() && len(f.delays()) >= 3 {
			if m := median(f.delays()); least == 0 || m < least {
				least = m
			}
		}
	}
	return least
}

// leastDelay is a median delay below which events are not late.
const leastDelay = 40 * time.Millisecond

// late reports whether most events of a stream are later than chance and the
// direct path explain.
func (v *view) late(probe, name string) bool {
	f := v.flow(probe, name)
	if !f.isStream() || len(f.delays()) < 3 {
		return false
	}
	return median(f.delays()) >= 2*v.usual()+max(leastDelay, f.interval*2/5)
}

// prompt reports whether a stream came as it was sent.
func (v *view) prompt(probe, name string) bool {
	f := v.flow(probe, name)
	return f.isStream() && len(f.delays()) >= 3 && !f.held() && !v.late(probe, name)
}

// A pacing is what makes events come in bursts.
type pacing struct {
	kind   string // "bytes", "time", or "" for none
	period time.Duration
	size   int
	// fast and slow are the bursts at the two rates.
	fast, slow []burst
}

// pacing finds out what bounds the bursts, by the pair of rates.
func (v *view) pacing() pacing {
	var p pacing
	if !v.rec.Ours {
		return v.pacingOfOne()
	}
	plain, fast, slow := v.flow("plain", "stream"), v.flow("sizes", "fast"), v.flow("sizes", "slow")
	if !plain.isStream() || !fast.isStream() || !slow.isStream() || fast.held() {
		return p
	}
	lateSlow, lateFast := v.late("sizes", "slow") || slow.held(), v.late("sizes", "fast")
	latePlain := v.late("plain", "stream") || plain.held()
	if !lateSlow && !lateFast || !lateSlow && !latePlain || !lateFast && !latePlain {
		return p // one alone may be chance
	}
	p.fast, p.slow = fast.bursts(), slow.bursts()
	p.period, p.size, p.kind = median(gaps(p.fast)), median(sizes(p.fast)), "bytes"
	of := sizes(p.fast)
	if list := plain.bursts(); len(list) > 2 && latePlain {
		of = sizes(list) // small events show the size of a small buffer
		p.size = median(of)
	}
	switch {
	case !lateFast: // a faster stream fills the buffer sooner
	case !lateSlow, len(p.fast) > 1 && len(p.slow) > 1 && mean(gaps(p.slow)) < 2*mean(gaps(p.fast)):
		p.kind = "time"
	}
	if p.kind == "time" && spread(gaps(p.fast)) > irregular || p.kind == "bytes" && spread(of) > irregular {
		p.kind = "" // of a busy machine, or a bad network
	}
	return p
}

// irregular is how far gaps, or sizes, of bursts lie from their median on
// average where neither a timer nor a buffer makes them.
const irregular = 0.35

// pacingOfOne is pacing by what is more regular: the bursts' times or their
// sizes. Where nobody knows when events were sent, several at a time are a sign.
func (v *view) pacingOfOne() pacing {
	f := v.flow("plain", "stream")
	if !f.isStream() || f.held() {
		return pacing{}
	}
	list := f.bursts()
	if len(list) < 4 {
		return pacing{}
	}
	if len(f.delays()) == 0 {
		if f.summary().Events < 3 {
			return pacing{}
		}
	} else if !v.late("plain", "stream") {
		return pacing{}
	}
	p := pacing{slow: list, period: median(gaps(list)), size: median(sizes(list))}
	switch {
	case p.size%bufferUnit == 0 && spread(sizes(list)) < irregular/4:
		p.kind = "bytes" // a steady stream is as regular in time
	case spread(gaps(list)) < irregular:
		p.kind = "time"
	}
	return p
}

// bufferUnit divides the sizes of buffers, in bytes.
const bufferUnit = 512

func mean(list []time.Duration) time.Duration {
	sum := time.Duration(0)
	for _, d := range list {
		sum += d
	}
	return sum / time.Duration(max(len(list), 1))
}

// spread is how far a list lies from its median on average, as a share of it.
func spread[T ~int | ~int64](list []T) float64 {
	middle := float64(median(list))
	sum := 0.0
	for _, x := range list {
		sum += math.Abs(float64(x) - middle)
	}
	return sum / max(middle, 1) / float64(max(len(list), 1))
}

// A budget is how many streams the path carries at once.
type budget struct {
	limited bool
	open    int
	refused int // were answered otherwise, with status
	status  int
	waited  int // waited for another to end
}

// rampWait is how long a stream is kept waiting at least that waits for another
// to end.
const rampWait = rampEvents * rampInterval / 4

// budget judges the ramp.
func (v *view) budget() budget {
	t := v.transcript("ramp")
	var b budget
	if t == nil {
		return b
	}
	firstEnd := time.Duration(math.MaxInt64)
	for _, c := range t.Connections {
		if c.IsStream() && c.Ended != 0 {
			firstEnd = min(firstEnd, c.Ended)
		}
	}
	for _, c := range t.Connections {
		began := c.Responded
		if at, known := v.reached(c); known {
			began = at
		}
		switch {
		case c.IsStream() && began < firstEnd:
			b.open++
		case c.IsStream() && (c.Sent > firstEnd || began-c.Sent < rampWait):
			// It was not asked for while all places were taken.
		case c.IsStream(), c.Status == 0 && (c.End == conformance.EndLeft || c.End == conformance.EndNone):
			b.waited++
		default:
			b.refused++
			b.status = max(b.status, c.Status)
		}
	}
	b.limited = b.open > 0 && b.refused+b.waited > 0
	return b
}

// places is the better of two looks at the budget.
func (v *view) places() budget {
	one, two := v.budget(), v.again.budget()
	if two.open > one.open {
		return two
	}
	return one
}

// reached is when the request of a connection was at the origin.
func (v *view) reached(c *conformance.Connection) (at time.Duration, known bool) {
	f := v.follow(c)
	if f.seen == nil {
		return 0, false
	}
	return v.ours(f.seen.Received), true
}

// seconds writes a time as a reader would say it.
func seconds(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
