package doctor

import (
	"slices"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
)

// Measurements are the figures of one path. Those of the plain stream are so
// unless said otherwise. Delays count from when the backend sent, as seen by the
// quickest event of all.
type Measurements struct {
	Status   int    `json:"status"`
	Protocol string `json:"protocol,omitempty"`
	// HeadSeconds and FirstSeconds count from the request. HeadWaits tells that
	// a head that was sent long before its first event came with it.
	HeadSeconds  float64 `json:"head_seconds"`
	FirstSeconds float64 `json:"first_event_seconds"`
	HeadWaits    bool    `json:"head_waits,omitempty"`

	Events int    `json:"events"`
	Delay  Delays `json:"delay_seconds"`
	Bursts Bursts `json:"bursts"`
	// Large and Fast are the bursts of large events, at the usual rate and at
	// four times that.
	Large *Bursts `json:"large,omitempty"`
	Fast  *Bursts `json:"fast,omitempty"`

	// Codings are what came of each content coding that was asked for.
	Codings []Coding `json:"codings,omitempty"`

	// IdleCutSeconds is how long a silent stream lived after its last byte was sent,
	// LifeCutSeconds how long an active one lived; 0 if they were not cut.
	IdleCutSeconds float64 `json:"idle_cut_seconds,omitempty"`
	LifeCutSeconds float64 `json:"life_cut_seconds,omitempty"`
	// Ending is what a client sees of a backend that broke the connection:
	// "broken" as it is, "hidden" behind a complete end, "hangs", or "unknown".
	Ending string `json:"ending"`
	// Abort is when a backend learns that a client left a silent stream: "at
	// once", "on a later write", "never", or "unknown".
	Abort        string  `json:"abort"`
	AbortSeconds float64 `json:"abort_seconds,omitempty"`

	// Forwarded tells of request header fields whether they arrived unchanged.
	Forwarded map[string]bool `json:"forwarded,omitempty"`
	// Replayed tells that a second request got the events of the first.
	Replayed bool `json:"replayed,omitempty"`
	// Carried is how many of the streams of the ramp were open at once, Tried
	// how many there were.
	Carried int `json:"carried,omitempty"`
	Tried   int `json:"tried,omitempty"`
}

// Delays are percentiles, in seconds.
type Delays struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Bursts are medians over what came together.
type Bursts struct {
	Count      int     `json:"count"`
	Events     int     `json:"events"`
	Bytes      int     `json:"bytes"`
	GapSeconds float64 `json:"gap_seconds"`
}

// A Coding is what came of a content coding.
type Coding struct {
	Asked   string  `json:"asked"`
	Coding  string  `json:"coding,omitempty"` // of the response
	Bytes   int     `json:"bytes"`            // of the body as it came
	Verdict Verdict `json:"verdict"`
}

func (v *view) measure() Measurements {
	m := Measurements{Ending: v.ending(), Replayed: v.shows("D10"), HeadWaits: v.shows("D5")}
	if f := v.flow("plain", "stream"); f != nil {
		m.Status, m.Protocol = f.conn.Status, f.conn.Protocol
		if f.conn.Responded != 0 {
			m.HeadSeconds = (f.conn.Responded - f.conn.Sent).Seconds()
		}
		m.Events = len(f.beats)
		if m.Events > 0 {
			m.FirstSeconds = (f.beats[0].at - f.conn.Sent).Seconds()
		}
		m.Delay = percentiles(f.delays())
		m.Bursts = f.summary()
	}
	for name, to := range map[string]**Bursts{"slow": &m.Large, "fast": &m.Fast} {
		if f := v.flow("sizes", name); f.isStream() {
			b := f.summary()
			*to = &b
		}
	}
	m.Codings = v.codings()
	if f := v.flow("idle", "silent"); v.cut(f) {
		m.IdleCutSeconds = (f.conn.Ended - f.lastSent()).Seconds()
	}
	if f, _ := v.activeCut(); f != nil {
		m.LifeCutSeconds = f.life().Seconds()
	}
	m.Abort, m.AbortSeconds = v.abort()
	m.Forwarded = v.forwarded()
	if b := v.places(); b.open > 0 {
		m.Carried, m.Tried = b.open, b.open+b.refused+b.waited
	}
	return m
}

func percentiles(list []time.Duration) Delays {
	if len(list) == 0 {
		return Delays{}
	}
	slices.Sort(list)
	at := func(share float64) float64 {
		return list[min(int(share*float64(len(list))), len(list)-1)].Seconds()
	}
	return Delays{at(0.5), at(0.9), at(0.99), at(1)}
}

func (f *flow) summary() Bursts {
	list := f.bursts()
	b := Bursts{Count: len(list), GapSeconds: median(gaps(list)).Seconds()}
	var events, bytes []int
	for _, u := range list {
		events, bytes = append(events, u.events), append(bytes, u.bytes)
	}
	b.Events, b.Bytes = median(events), median(bytes)
	return b
}

func (v *view) codings() []Coding {
	var list []Coding
	for _, name := range []string{"gzip", "br"} {
		f := v.flow("codings", name)
		if f == nil {
			continue
		}
		c := Coding{Asked: name, Coding: f.conn.Value("Content-Encoding"), Bytes: f.conn.Coded, Verdict: Streams}
		switch {
		case !f.isStream():
			c.Verdict = Refused
		case f.held(), name == "br" && c.Coding != "" && f.heldCoded(events, interval):
			c.Verdict = Held
		case v.late("codings", name):
			c.Verdict = BatchedBytes
		}
		list = append(list, c)
	}
	return list
}

func (v *view) ending() string {
	f := v.died()
	switch {
	case f == nil:
		return "unknown"
	case v.shows("D14"):
		return "hangs"
	case seeHidden(v) != nil:
		return "hidden"
	case f.conn.End == conformance.EndCut || f.conn.End == conformance.EndReset:
		return "broken"
	}
	return "unknown"
}

func (v *view) abort() (how string, after float64) {
	silent, told, known := v.told("silent")
	switch {
	case !known:
		return "unknown", 0
	case told:
		return "at once", silent.Seconds()
	}
	active, told, known := v.told("active")
	switch {
	case !known:
		return "unknown", 0
	case told:
		return "on a later write", active.Seconds()
	}
	return "never", 0
}

func (v *view) forwarded() map[string]bool {
	m := map[string]bool{}
	for name, probe := range map[string]string{"Last-Event-ID": "id short", "Last-Event-ID UTF-8": "id utf8", "Last-Event-ID 4 kB": "id long", "Last-Event-ID 9 kB": "id very long"} {
		if f := v.flow("fields", probe); f != nil {
			_, m[name] = passed(f, "Last-Event-ID", f.conn.After)
		}
	}
	if f := v.flow("fields", "authorized"); f != nil && f.seen != nil {
		for _, name := range authorizing(f.conn) {
			m[name], _ = passed(f, name, "")
		}
	}
	return m
}
