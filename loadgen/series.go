package loadgen

import "time"

// An Interval is what happened in a part of a run: counts since the interval
// before, and summaries of its own histograms.
type Interval struct {
	Start     float64           `json:"start_seconds"` // since the start of the run
	End       float64           `json:"end_seconds"`
	Streams   IntervalStreams   `json:"streams"`
	Events    IntervalEvents    `json:"events"`
	Latency   IntervalLatencies `json:"latency_seconds"`
	Generator IntervalGenerator `json:"generator"`
}

// Seconds is how long the interval is.
func (i *Interval) Seconds() float64 { return i.End - i.Start }

// IntervalStreams say what became of the streams.
type IntervalStreams struct {
	Open        int64 `json:"open"` // at the end of the interval
	Opened      int64 `json:"opened"`
	Failed      int64 `json:"failed"`
	Dropped     int64 `json:"dropped"`
	Cut         int64 `json:"cut"`
	Reconnected int64 `json:"reconnected"`
}

// IntervalEvents are the part of the ledger that is known while a run goes on.
type IntervalEvents struct {
	Published  int64 `json:"published"`
	Refused    int64 `json:"refused"`
	Unsent     int64 `json:"unsent"`
	Received   int64 `json:"received"`
	Duplicated int64 `json:"duplicated"`
	Late       int64 `json:"late"`
	Bytes      int64 `json:"bytes"`
}

// IntervalLatencies are summaries of what was recorded in the interval. JSON
// leaves out those without a sample.
type IntervalLatencies struct {
	Connect    Summary `json:"connect,omitzero"`
	FirstEvent Summary `json:"first_event,omitzero"`
	Fanout     Summary `json:"fanout,omitzero"`
	PublishLag Summary `json:"publish_lag,omitzero"`
	ReceiveLag Summary `json:"receive_lag,omitzero"`
}

// IntervalGenerator says how the generator was.
type IntervalGenerator struct {
	CPUFraction   float64 `json:"cpu_fraction"` // of all processors of the machine
	RSSBytes      int64   `json:"rss_bytes"`    // at the end of the interval
	HiccupSeconds float64 `json:"hiccup_seconds"`
}

// A PhaseStart says when a phase of a run began.
type PhaseStart struct {
	Phase Phase   `json:"phase"`
	Start float64 `json:"start_seconds"` // since the start of the run
}

// seriesLength is how many intervals a report has at the most. A longer run has
// longer ones.
const seriesLength = 360

// A series collects the intervals of a run within bounded memory: when there
// are too many, neighbours become one.
type series struct {
	stretches []*stretch
	width     int // how many intervals of the run a stretch has
	pending   int // how many the last one has so far
}

func newSeries() *series { return &series{width: 1} }

func (s *series) add(one *stretch) {
	if s.pending > 0 && s.pending < s.width {
		s.stretches[len(s.stretches)-1].add(one)
		s.pending++
		return
	}
	if len(s.stretches) == seriesLength {
		for i := range seriesLength / 2 {
			s.stretches[i] = s.stretches[2*i]
			s.stretches[i].add(s.stretches[2*i+1])
		}
		clear(s.stretches[seriesLength/2:])
		s.stretches, s.width = s.stretches[:seriesLength/2], 2*s.width
	}
	s.stretches, s.pending = append(s.stretches, one), 1
}

// intervals returns the series. What is left of an interval at the end of the
// run is no rate worth showing, and goes to the one before.
func (s *series) intervals() []Interval {
	all := make([]Interval, 0, len(s.stretches))
	for i, one := range s.stretches {
		if last := len(s.stretches) - 1; i == last-1 && 2*s.stretches[last].length() < one.length() {
			whole := *one
			whole.add(s.stretches[last])
			return append(all, whole.interval())
		}
		all = append(all, one.interval())
	}
	return all
}

// A stretch is an Interval that can still be added to: it has histograms where
// the Interval has summaries.
type stretch struct {
	start, end time.Duration // since the start of the run
	streams    IntervalStreams
	events     IntervalEvents
	cpu        time.Duration // of the processor time that all processors had
	capacity   time.Duration
	rss        int64
	hiccup     time.Duration
	// In the order of IntervalLatencies.
	latencies [5]sparseLatency
	known     *Interval // what it comes to, once somebody has asked
}

// newStretch is what t counted. What t does not know is left to the caller.
func newStretch(t *Tally) *stretch {
	e := t.events()
	s := &stretch{
		streams: IntervalStreams{Opened: t.Streams.Opened, Failed: t.Streams.Failed, Dropped: t.Streams.Dropped, Cut: t.Streams.Cut, Reconnected: t.Streams.Reconnected},
		events:  IntervalEvents{Published: e.Published, Refused: e.Refused, Unsent: e.Unsent, Received: e.Received, Duplicated: e.Duplicated, Late: e.Late, Bytes: e.Bytes},
	}
	for i, l := range []*Latency{t.Connect, t.FirstEvent, t.fanout(), t.PublishLag, t.ReceiveLag} {
		s.latencies[i] = l.sparse()
	}
	return s
}

func (s *stretch) length() time.Duration { return s.end - s.start }

// add appends the stretch that follows s.
func (s *stretch) add(next *stretch) {
	s.end, s.known = next.end, nil
	a, b := &s.streams, &next.streams
	*a = IntervalStreams{b.Open, a.Opened + b.Opened, a.Failed + b.Failed, a.Dropped + b.Dropped, a.Cut + b.Cut, a.Reconnected + b.Reconnected}
	e, f := &s.events, &next.events
	*e = IntervalEvents{e.Published + f.Published, e.Refused + f.Refused, e.Unsent + f.Unsent, e.Received + f.Received, e.Duplicated + f.Duplicated, e.Late + f.Late, e.Bytes + f.Bytes}
	s.cpu, s.capacity, s.hiccup = s.cpu+next.cpu, s.capacity+next.capacity, s.hiccup+next.hiccup
	s.rss = next.rss
	for i := range s.latencies {
		s.latencies[i] = s.latencies[i].plus(next.latencies[i])
	}
}

func (s *stretch) interval() Interval {
	if s.known == nil {
		s.known = s.summarise()
	}
	return *s.known
}

func (s *stretch) summarise() *Interval {
	i := &Interval{Start: s.start.Seconds(), End: s.end.Seconds(), Streams: s.streams, Events: s.events}
	i.Generator = IntervalGenerator{RSSBytes: s.rss, HiccupSeconds: s.hiccup.Seconds()}
	if s.capacity > 0 {
		i.Generator.CPUFraction = s.cpu.Seconds() / s.capacity.Seconds()
	}
	l := &i.Latency
	for k, of := range []*Summary{&l.Connect, &l.FirstEvent, &l.Fanout, &l.PublishLag, &l.ReceiveLag} {
		*of = s.latencies[k].summary()
	}
	return i
}
