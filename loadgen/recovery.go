package loadgen

import (
	"maps"
	"math"
	"slices"
	"time"
)

// A Recovery says how streams came back after they had lost their connections.
type Recovery struct {
	By    string `json:"by"`    // that of the Drill
	Cause string `json:"cause"` // the same in words
	// Waves are the times at which at least one stream was away, in order. At
	// most maxWaves are told, and the others counted.
	Waves        []Wave `json:"waves"`
	WavesOmitted int    `json:"waves_omitted,omitempty"`
	EventsLost   int64  `json:"events_lost"` // of the whole run
	// Refused are the publishes that the target did not take, of the whole run.
	Refused int64 `json:"publishes_refused"`
	NotBack int64 `json:"streams_not_back"` // away at the end of the run
	// Resolution is the one of all times, in seconds.
	Resolution float64 `json:"resolution_seconds"`
}

// A Wave is a time in which streams were away: from the first connection that
// was lost until all were back.
type Wave struct {
	Start float64 `json:"start_seconds"`    // since the start of publishing
	Lost  int64   `json:"connections_lost"` // a stream can lose more than one
	Away  int64   `json:"streams_away"`     // most at once
	// Back is after how long so many of the streams that were away were back for
	// good, from Start.
	Back BackTimes `json:"back_seconds"`
	// Accepts is the largest number of streams that came back within 100 ms, as
	// a rate per second.
	Accepts float64 `json:"peak_accepts_per_second"`
	// Curve has the number of streams that are away: pairs of the time since
	// Start, in seconds, and the number from then on.
	Curve [][2]float64 `json:"curve"`
}

// BackTimes are in seconds; nil when that share did not come back.
type BackTimes struct {
	P50 *float64 `json:"p50"`
	P90 *float64 `json:"p90"`
	P99 *float64 `json:"p99"`
	All *float64 `json:"all"`
}

func (b *BackTimes) named() []struct {
	name  string
	share float64
	of    **float64
} {
	return []struct {
		name  string
		share float64
		of    **float64
	}{{"p50", 0.5, &b.P50}, {"p90", 0.9, &b.P90}, {"p99", 0.99, &b.P99}, {"all", 1, &b.All}}
}

// recoveryPrefix begins the metrics that are the longest of the waves' times.
const recoveryPrefix = "recovery."

const (
	// flowBin is the resolution of a recovery.
	flowBin    = 10 * time.Millisecond
	acceptBins = 10 // over which the rate of accepts is taken
	maxWaves   = 100
	curveSteps = 200 // of a wave's curve, at most
)

// A flow is how many streams lost their connection within a bin of time, and
// how many came back.
type flow struct{ lost, back int64 }

// flows are those of a run by the bin, counted from the start of publishing.
type flows map[int64]flow

func (f flows) add(o flows) {
	for bin, n := range o {
		sum := f[bin]
		f[bin] = flow{sum.lost + n.lost, sum.back + n.back}
	}
}

// flow notes that a stream has lost its connection, or has another one.
func (l *loop) flow(change flow) {
	start := l.run.publishStart.Load()
	if l.run.plan.Scenario.Drill == nil || start == 0 {
		return
	}
	l.tally.flows.add(flows{(l.run.now() - start) / int64(flowBin): change})
}

// recovery is what a run with a drill came to.
func (c *conductor) recovery() *Recovery {
	d := c.plan.Scenario.Drill
	if d == nil {
		return nil
	}
	r := &Recovery{By: d.By, Cause: causes[d.By], Resolution: flowBin.Seconds()}
	r.Waves, r.NotBack = waves(c.total.flows)
	if omitted := len(r.Waves) - maxWaves; omitted > 0 {
		r.Waves, r.WavesOmitted = r.Waves[:maxWaves], omitted
	}
	r.EventsLost, r.Refused = c.total.events().Lost, c.total.Publishes.Refused
	return r
}

// waves finds the times at which streams were away, and how many still are.
func waves(f flows) (all []Wave, away int64) {
	all = []Wave{}
	var bins []binned
	for _, bin := range slices.Sorted(maps.Keys(f)) {
		// Within a bin, losses come first: a stream comes back only after one.
		away += f[bin].lost
		bins = append(bins, binned{bin: bin, flow: f[bin], peak: away})
		away = max(0, away-f[bin].back)
		bins[len(bins)-1].away = away
		if away == 0 {
			if bins[0].peak > 0 {
				all = append(all, newWave(bins))
			}
			bins = nil
		}
	}
	if len(bins) > 0 {
		all = append(all, newWave(bins))
	}
	return all, away
}

// binned is a flow with the streams that are away: most in the bin, and at its
// end.
type binned struct {
	bin int64
	flow
	peak, away int64
}

func newWave(bins []binned) Wave {
	first := bins[0].bin
	since := func(bin int64) float64 { return (time.Duration(bin-first) * flowBin).Seconds() }
	w := Wave{Start: (time.Duration(first) * flowBin).Seconds(), Curve: [][2]float64{{0, float64(bins[0].peak)}}}
	every := (len(bins) + curveSteps - 1) / curveSteps
	for i, b := range bins {
		w.Lost += b.lost
		w.Away = max(w.Away, b.peak)
		var accepted int64
		for k := i; k >= 0 && bins[k].bin > b.bin-acceptBins; k-- {
			accepted += bins[k].back
		}
		w.Accepts = max(w.Accepts, float64(accepted)/(acceptBins*flowBin).Seconds())
		if i%every == every-1 || i == len(bins)-1 {
			w.Curve = append(w.Curve, [2]float64{since(b.bin + 1), float64(b.away)})
		}
	}
	for _, t := range w.Back.named() {
		// Back for good: at the end of the last bin before which more were away.
		most := w.Away - int64(math.Ceil(t.share*float64(w.Away)-1e-9))
		for i := len(bins) - 1; i >= 0 && bins[i].away <= most; i-- {
			seconds := since(bins[i].bin + 1)
			*t.of = &seconds
		}
	}
	return w
}

// slowest is the longest of the waves' times; nil when one has none, or there
// is no wave.
func (r *Recovery) slowest(name string) (longest *float64) {
	if r == nil {
		return nil
	}
	for i := range r.Waves {
		for _, t := range r.Waves[i].Back.named() {
			if t.name != name {
				continue
			}
			if *t.of == nil {
				return nil
			}
			if longest == nil || **t.of > *longest {
				longest = *t.of
			}
		}
	}
	return longest
}

func (p *printer) recovery(r *Report) {
	if r.Recovery == nil {
		return
	}
	p.printf("\nrecovery  %s; %d events lost", r.Recovery.Cause, r.Recovery.EventsLost)
	p.counts(map[string]int64{"publishes refused": r.Recovery.Refused, "streams not back": r.Recovery.NotBack})
	p.printf("\n")
	if len(r.Recovery.Waves) == 0 {
		p.printf("  no stream was away\n")
	}
	for i := range r.Recovery.Waves {
		w := &r.Recovery.Waves[i]
		p.printf("  at %s: %d connections lost, %d streams away", formatSeconds(w.Start), w.Lost, w.Away)
		for _, t := range w.Back.named() {
			text := "never"
			if *t.of != nil {
				text = formatSeconds(**t.of)
			}
			p.printf("; %s back %s", map[string]string{"p50": "50 %", "p90": "90 %", "p99": "99 %", "all": "all"}[t.name], text)
		}
		p.printf("; at most %.0f accepts/s\n", w.Accepts)
	}
	if n := r.Recovery.WavesOmitted; n > 0 {
		p.printf("  and %d more\n", n)
	}
}
