package loadgen

import (
	"math"
	"strings"

	"github.com/ssegauge/ssegauge/internal/chart"
)

// chartSections are the figures of a report, those that say most about the
// target first.
func (r *Report) chartSections() []chartSection {
	all := []chartSection{
		{"latency", "Latency", "From when an event was due to its receipt by a stream, to its last receiver, and from its first receiver to its last.", []*chart.Chart{
			r.latencyByPercentile(), r.latencyOverTime(), r.spreadByPercentile(), r.latencyByOrder(),
		}},
		{"throughput", "Events and streams", "", []*chart.Chart{
			r.overTime("received", "Deliveries per second", "deliveries/s", chart.Count, rate("received", func(i *Interval) int64 { return i.Events.Received }), rate("duplicated", func(i *Interval) int64 { return i.Events.Duplicated })),
			r.overTime("published", "Publishes per second", "publishes/s", chart.Count, rate("published", func(i *Interval) int64 { return i.Events.Published }), rate("refused", func(i *Interval) int64 { return i.Events.Refused }), rate("unsent", func(i *Interval) int64 { return i.Events.Unsent })),
			r.streamsOpen(),
			r.streamEnds(),
		}},
		r.recoverySection(),
		{"connecting", "Connect and first event", "From the start of an attempt to connect to the response head, and to the first event.", []*chart.Chart{
			r.byPercentile("connecting-percentiles", "Connect and first event by percentile", "connect", "first_event"),
		}},
		{"generator", "Generator", "Whether the generator kept up: what it did late or slowly is not the target's.", []*chart.Chart{
			r.generatorLag(),
			r.overTime("hiccups", "Share of time in which the generator's process did not run", "share", chart.Fraction, measure{"hiccups", func(i *Interval) float64 { return i.Generator.HiccupSeconds / i.Seconds() }}),
			r.overTime("cpu", "Processor time of the generator", "of all processors", chart.Fraction, measure{"processors", func(i *Interval) float64 { return i.Generator.CPUFraction }}),
			r.overTime("memory", "Memory of the generator", "resident", chart.Bytes, measure{"memory", func(i *Interval) float64 { return float64(i.Generator.RSSBytes) }}),
		}},
	}
	var shown []chartSection
	for _, s := range all {
		charts := s.Charts[:0]
		for _, c := range s.Charts {
			if c != nil {
				charts = append(charts, c)
			}
		}
		if s.Charts = charts; len(charts) > 0 {
			shown = append(shown, s)
		}
	}
	return shown
}

var (
	latencyAxis    = chart.Axis{Label: "latency", Unit: chart.Seconds, Scale: chart.Log}
	percentileAxis = chart.Axis{Label: "percentile", Scale: chart.Nines}
)

func (r *Report) latencyByPercentile() *chart.Chart {
	names := []string{"fanout", "fanout_last"}
	for i := range r.Cohorts {
		names = append(names, cohortPrefix+r.Cohorts[i].Name)
	}
	c := r.byPercentile("latency-percentiles", "Fan-out latency by percentile", names...)
	if c != nil {
		c.Marks = r.limits("fanout")
	}
	return c
}

func (r *Report) spreadByPercentile() *chart.Chart {
	return r.byPercentile("spread-percentiles", "From an event's first receiver to its last, by percentile of events", "fanout_spread")
}

// timeAxis has the whole run, so that figures can be compared.
func (r *Report) timeAxis() chart.Axis {
	return chart.Axis{Label: "time since the start", Unit: chart.Seconds, Max: r.Environment.DurationSeconds}
}

// byPercentile shows the distributions of the names; nil when none has samples.
func (r *Report) byPercentile(id, title string, names ...string) *chart.Chart {
	c := &chart.Chart{ID: id, Title: title, X: percentileAxis, Y: latencyAxis}
	for _, name := range names {
		if curve := r.Curves[name]; len(curve) > 0 {
			c.Series = append(c.Series, percentiles(strings.NewReplacer("_", " ", "-", " ").Replace(name), curve, r.samples(name)))
		}
	}
	if len(c.Series) == 0 {
		return nil
	}
	return c
}

// samples is how many samples the histogram of a name has.
func (r *Report) samples(name string) int64 {
	for _, l := range r.Latency.named() {
		if l.name == name {
			return l.of.Count
		}
	}
	for i := range r.Cohorts {
		if cohortPrefix+r.Cohorts[i].Name == name {
			return r.Cohorts[i].Fanout.Count
		}
	}
	return 0
}

// FanoutByPercentile is the distribution of the fan-out latency as a series on an
// axis of nines; ok is false without a sample.
func (r *Report) FanoutByPercentile(name string) (s chart.Series, ok bool) {
	curve := r.Curves["fanout"]
	return percentiles(name, curve, r.Latency.Fanout.Count), len(curve) > 0
}

// percentiles places the maximum, whose share of 1 would be infinitely far to
// the right, at the first share that all but one of the samples do not reach.
func percentiles(name string, curve Curve, samples int64) chart.Series {
	s := chart.Series{Name: name}
	end := 1 - 1/float64(samples+1)
	for _, point := range curve {
		s.X, s.Y = append(s.X, min(point[0], end)), append(s.Y, point[1])
	}
	return s
}

// limits are the thresholds that bound a latency from above.
func (r *Report) limits(latency string) (marks []chart.Mark) {
	for _, result := range r.Thresholds {
		var t Threshold
		if t.UnmarshalText([]byte(result.Expression)) != nil {
			continue
		}
		if of, seconds, ok := t.UpperLimit(); ok && of == latency {
			marks = append(marks, chart.Mark{At: seconds, Horizontal: true, Label: result.Expression})
		}
	}
	return marks
}

func (r *Report) latencyOverTime() *chart.Chart {
	statistic := func(name string, of func(*Summary) float64) measure {
		return measure{name, func(i *Interval) float64 {
			if i.Latency.Fanout.Count == 0 {
				return math.NaN()
			}
			return of(&i.Latency.Fanout)
		}}
	}
	c := r.overTime("latency-time", "Fan-out latency over time", "latency", chart.Seconds,
		statistic("max", func(s *Summary) float64 { return s.Max }), statistic("p99.9", func(s *Summary) float64 { return s.P999 }),
		statistic("p99", func(s *Summary) float64 { return s.P99 }), statistic("p50", func(s *Summary) float64 { return s.P50 }))
	if c != nil {
		c.Y.Scale = chart.Log
		c.Marks = append(c.Marks, r.limits("fanout")...)
	}
	return c
}

func (r *Report) generatorLag() *chart.Chart {
	p99 := func(name string, of func(*IntervalLatencies) *Summary) measure {
		return measure{name, func(i *Interval) float64 {
			if s := of(&i.Latency); s.Count > 0 {
				return s.P99
			}
			return math.NaN()
		}}
	}
	c := r.overTime("lag", "Lag of the generator, 99th percentile", "lag", chart.Seconds,
		p99("publish lag", func(l *IntervalLatencies) *Summary { return &l.PublishLag }), p99("receive lag", func(l *IntervalLatencies) *Summary { return &l.ReceiveLag }))
	if c != nil {
		c.Y.Scale = chart.Log
	}
	return c
}

func (r *Report) streamsOpen() *chart.Chart {
	if len(r.Series) == 0 {
		return nil
	}
	s := chart.Series{Name: "open", Kind: chart.Step, X: []float64{0}, Y: []float64{0}}
	for i := range r.Series {
		s.X, s.Y = append(s.X, r.Series[i].End), append(s.Y, float64(r.Series[i].Streams.Open))
	}
	return &chart.Chart{
		ID: "streams-open", Title: "Streams open", X: r.timeAxis(), Y: chart.Axis{Label: "streams", Max: float64(r.Streams.Planned)},
		Series: []chart.Series{s}, Marks: r.phaseMarks(),
	}
}

// latencyByOrder shows whether streams that opened early get their events
// earlier.
func (r *Report) latencyByOrder() *chart.Chart {
	c := &chart.Chart{
		ID: "latency-order", Title: "Mean fan-out latency, by the order in which streams opened",
		X: chart.Axis{Label: "tenth of the streams"}, Y: chart.Axis{Label: "latency", Unit: chart.Seconds},
	}
	s := chart.Series{Name: "mean", Kind: chart.Bar}
	names := []string{"first", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th", "last"}
	for i, mean := range r.ConnectOrder {
		if mean > 0 {
			s.X, s.Y = append(s.X, float64(i)), append(s.Y, mean)
		}
	}
	if len(s.X) < 2 {
		return nil
	}
	c.X.Names, c.Series = names, []chart.Series{s}
	return c
}

// A measure is something of every interval. NaN means that it had none.
type measure struct {
	name string
	of   func(*Interval) float64
}

func rate(name string, of func(*Interval) int64) measure {
	return measure{name, func(i *Interval) float64 { return float64(of(i)) / i.Seconds() }}
}

// overTime shows measures, each in the middle of its interval. Of several,
// those that are always 0 are left out, but for the first when all are. Without
// a series the figure is nil.
func (r *Report) overTime(id, title, label string, unit chart.Unit, measures ...measure) *chart.Chart {
	c := &chart.Chart{ID: id, Title: title, X: r.timeAxis(), Y: chart.Axis{Label: label, Unit: unit}, Marks: r.phaseMarks()}
	if unit == chart.Fraction {
		c.Y.Max = 0.1
	}
	var all []chart.Series
	for _, m := range measures {
		s := chart.Series{Name: m.name}
		has := false
		for i := range r.Series {
			if interval := &r.Series[i]; interval.Seconds() > 0 {
				v := m.of(interval)
				has = has || v > 0
				s.X, s.Y = append(s.X, (interval.Start+interval.End)/2), append(s.Y, v)
			}
		}
		all = append(all, s)
		if has {
			c.Series = append(c.Series, s)
		}
	}
	if len(c.Series) == 0 {
		c.Series = all[:1]
	}
	if len(r.Series) == 0 {
		return nil
	}
	return c
}

// streamEnds shows what became of streams; nil when each, once open, stayed so.
func (r *Report) streamEnds() *chart.Chart {
	if s := &r.Streams; s.Failed+s.Dropped+s.Cut+s.Reconnected == 0 {
		return nil
	}
	return r.overTime("stream-ends", "Streams that ended or came back, per second", "streams/s", chart.Count,
		rate("failed", func(i *Interval) int64 { return i.Streams.Failed }), rate("dropped", func(i *Interval) int64 { return i.Streams.Dropped }),
		rate("cut", func(i *Interval) int64 { return i.Streams.Cut }), rate("reconnected", func(i *Interval) int64 { return i.Streams.Reconnected }))
}

func (r *Report) phaseMarks() (marks []chart.Mark) {
	for _, p := range r.Phases {
		marks = append(marks, chart.Mark{At: p.Start, Label: string(p.Phase)})
	}
	return marks
}
