package doctor

import (
	"math"
	"time"
)

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
