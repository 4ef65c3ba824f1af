package doctor

import (
	"fmt"
	"math"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
)

// endRows are about how and when streams end, and who learns of it.
var endRows = []Row{
	{
		ID: "D21", Title: "all streams are cut at the same moment",
		Explain: "Streams of different age end together. A box was restarted, reloaded or redeployed, or gives its streams only so long after that.",
		Hides:   []string{"D7", "D8"},
		see:     seeCutTogether, Fixes: fixReload,
	},
	{
		ID: "D8", Title: "a stream is cut at a certain age, active or not",
		Explain: "A box allows a response only so long in all. Heartbeats do not help against it.",
		Hides:   []string{"D7"},
		see:     seeLifeCut, Fixes: fixLife,
	},
	{
		ID: "D7", Title: "a silent stream is cut",
		Explain: "A box ends the stream when the backend has been silent for a while. A heartbeat more often than that keeps it open.",
		see:     seeIdleCut, Fixes: fixIdle,
	},
	{
		ID: "D14", Title: "a broken stream stays open",
		again:   []string{"end"},
		Explain: "The backend broke the connection, and the client was not told: it waits for events that cannot come, and does not reconnect.",
		see:     seeHang, Fixes: fixEnding,
	},
	{
		ID: "D14b", Title: "a broken stream looks as if it had ended well", Note: true,
		Explain: "The backend broke the connection; the client got the end of a complete response. Nothing but an end marker of one's own tells them apart.",
		see:     seeHidden, Fixes: fixEnding,
	},
	{
		ID: "D13b", Title: "the backend is never told that a client left",
		again:   []string{"abort"},
		Explain: "The box goes on reading the stream for nobody, most often to store it. Each client that leaves costs the backend a stream for ever.",
		Hides:   []string{"D13"},
		see:     seeNeverTold, Fixes: fixNeverTold,
	},
	{
		ID: "D13", Title: "the backend learns late that a client left", Note: true,
		again:   []string{"abort"},
		Explain: "While the stream is silent, the backend is not told that its client left; only writing to it shows. Heartbeats are what ends such streams.",
		see:     seeToldLate, Fixes: fixToldLate,
	},
}

// cut reports whether the path ended a stream before the origin did.
func (v *view) cut(f *flow) bool {
	if f == nil || !f.conn.IsStream() || !f.conn.End.ByPeer() {
		return false
	}
	if v.rec.Ours {
		return !f.complete()
	}
	// A foreign backend may end its streams by itself.
	return f.conn.End == conformance.EndCut || f.conn.End == conformance.EndReset || v.direct != nil
}

// activeCut are the active streams of the idle probe that were cut; nil where one
// was not.
func (v *view) activeCut() (active, later *flow) {
	if f := v.flow("idle", "active"); v.cut(f) {
		active = f
	}
	if f := v.flow("idle", "later"); v.cut(f) {
		later = f
	}
	return active, later
}

// together is how far apart streams end that are cut at the same moment.
const together = 500 * time.Millisecond

func seeCutTogether(v *view) *sign {
	active, later := v.activeCut()
	survived := v.flow("idle", "later")
	switch {
	case active == nil:
		return nil
	case later != nil && apart(active.conn.Ended, later.conn.Ended) < together && apart(active.life(), later.life()) > together:
		return proven("streams of %s and %s of age ended within %s", seconds(active.life()), seconds(later.life()), seconds(apart(active.conn.Ended, later.conn.Ended)))
	case later == nil && v.rec.Ours && survived.isStream() && survived.complete() && survived.life() > active.life():
		return proven("a stream was cut at an age of %s, and one that was opened later reached %s", seconds(active.life()), seconds(survived.life()))
	}
	return nil
}

func apart(a, b time.Duration) time.Duration { return max(a-b, b-a) }

func seeLifeCut(v *view) *sign {
	active, later := v.activeCut()
	if active == nil {
		return nil
	}
	if !v.rec.Ours && v.direct != nil {
		if other := v.direct.flow("idle", "active"); v.direct.cut(other) || other == nil {
			return nil
		}
	}
	s := signOf("an active stream ended (%s) %s after its request%s", active.conn.End, seconds(active.life()), named(active.life(), lifeLimits))
	if later != nil {
		s.add("one that was opened later, %s after its own", seconds(later.life()))
		s.controlled = true
	}
	return s
}

func seeIdleCut(v *view) *sign {
	f := v.flow("idle", "silent")
	if !v.cut(f) {
		return nil
	}
	since := f.conn.Ended - f.lastSent()
	s := signOf("a silent stream ended (%s) %s after the last byte was sent%s", f.conn.End, seconds(since), named(since, idleLimits))
	if beating := v.flow("idle", "heartbeat"); beating.isStream() && beating.complete() {
		s.add("with a heartbeat every %s it lived through %s", seconds(beating.spec.Heartbeat), seconds(beating.life()))
		s.controlled = true
	} else if active := v.flow("idle", "active"); active.isStream() && active.complete() {
		s.add("an active stream lived for %s", seconds(active.life()))
		s.controlled = true
	}
	return s
}

// A limit is a default by which a box can be guessed.
type limit struct {
	at   time.Duration
	what string
}

var idleLimits = []limit{
	{30 * time.Second, "API Gateway at the edge"},
	{50 * time.Second, "HAProxy as Debian configures it"},
	{55 * time.Second, "Heroku"},
	{60 * time.Second, "nginx, Apache, Varnish, an AWS load balancer"},
	{100 * time.Second, "Cloudflare"},
	{240 * time.Second, "Azure"},
	{300 * time.Second, "Envoy, Apache as Debian configures it, API Gateway"},
}

var lifeLimits = []limit{
	{15 * time.Second, "the route timeout of Envoy"},
	{30 * time.Second, "the backend timeout of Google's load balancer"},
	{600 * time.Second, "send_timeout of Varnish"},
	{900 * time.Second, "API Gateway"},
}

// named says whose default a limit is.
func named(d time.Duration, list []limit) string {
	for _, l := range list {
		if math.Abs(float64(d-l.at)) <= float64(2*time.Second) {
			return fmt.Sprintf(": the default of %s", l.what)
		}
	}
	return ""
}

// died returns the stream whose origin broke it.
func (v *view) died() *flow {
	f := v.flow("end", "dies")
	if f == nil || !f.conn.IsStream() || f.seen == nil || f.seen.How != "died" {
		return nil
	}
	return f
}

func seeHang(v *view) *sign {
	f := v.died()
	if f == nil || f.conn.End != conformance.EndLeft {
		return nil
	}
	return proven("%s after the backend broke the connection the stream was still open", seconds(f.conn.Ended-v.ours(f.seen.Ended)))
}

func seeHidden(v *view) *sign {
	f := v.died()
	if f == nil || f.conn.End != conformance.EndComplete && f.conn.End != conformance.EndClosed {
		return nil
	}
	return proven("the backend broke the connection after %d events; the response ended as if it were complete (%s)", f.seen.Events, f.conn.End)
}

// told is when the origin saw that the client left, after it had.
func (v *view) told(name string) (after time.Duration, told, known bool) {
	f := v.flow("abort", name)
	if f == nil || f.seen == nil || f.conn.End != conformance.EndLeft {
		return 0, false, false
	}
	if f.seen.How != "gone" {
		return 0, false, true
	}
	return max(v.ours(f.seen.Ended)-f.conn.Ended, 0), true, true
}

func seeNeverTold(v *view) *sign {
	_, silent, known := v.told("silent")
	_, active, alsoKnown := v.told("active")
	if !known || !alsoKnown || silent || active {
		return nil
	}
	f := v.flow("abort", "active")
	return proven("the client left; %s later the backend was still sending, %d events in all", seconds(leftFor), f.seen.Events)
}

func seeToldLate(v *view) *sign {
	_, silent, known := v.told("silent")
	after, active, alsoKnown := v.told("active")
	if !known || !alsoKnown || silent || !active {
		return nil
	}
	return proven("a stream that was silent was not given up within %s; one that was active, %s after its client left", seconds(leftFor), seconds(after))
}
