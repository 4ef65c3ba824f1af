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

// published reports whether the events are our own, so that it is known when they
// were sent.
func (v *view) published() bool {
	t := v.transcript("plain")
	return t != nil && len(t.Publications) > 0
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
	return median(f.delays()) >= v.usual()+max(leastDelay, f.interval*2/5)
}

// prompt reports whether a stream came as it was sent.
func (v *view) prompt(probe, name string) bool {
	f := v.flow(probe, name)
	return f.isStream() && len(f.delays()) >= 3 && !f.held() && !v.late(probe, name)
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
