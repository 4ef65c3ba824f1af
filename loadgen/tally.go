package loadgen

import "github.com/ssegauge/ssegauge/internal/eventstream"

// A Tally is what one owner has counted: a sum, with a single Add that is
// commutative and associative. Loops, seconds and workers all add up the same
// way.
type Tally struct {
	Streams    StreamCounts
	Connect    *Latency // from the start of an attempt to its response head
	FirstEvent *Latency // from the start of an attempt to its first event
	PublishLag *Latency // from an event's due time to the start of its publishing
	ReceiveLag *Latency // from the kernel's receive time to the event loop's
	// Service is the fan-out latency without the publish lag: from the start of
	// an event's publishing to its receipt.
	Service   *Latency
	Order     ConnectOrder
	Publishes PublishCounts
	Cohorts   []CohortTally
	Findings  eventstream.Findings
	Odd       OddCounts
	// Failures counts what ended or prevented streams and publishes, by kind.
	Failures map[Failure]uint64
	// spreads are the first and last receipts of single events; the Tally of a
	// whole run turns them into histograms once no more receipts are to come.
	spreads []spread
	flows   flows // empty unless there is a drill
}

// A CohortTally is the part of a Tally that is kept per cohort.
type CohortTally struct {
	Fanout *Latency // from an event's due time to its receipt
	Events DeliveryCounts
}

func newTally(cohorts int) *Tally {
	t := &Tally{
		Connect:    newLatency(),
		FirstEvent: newLatency(),
		PublishLag: newLatency(),
		ReceiveLag: newLatency(),
		Service:    newLatency(),
		Cohorts:    make([]CohortTally, cohorts),
		Failures:   map[Failure]uint64{},
		flows:      flows{},
	}
	for i := range t.Cohorts {
		t.Cohorts[i].Fanout = newLatency()
	}
	return t
}

// Add adds o to t. Both count the same cohorts.
func (t *Tally) Add(o *Tally) {
	t.Streams.add(&o.Streams)
	t.Connect.Add(o.Connect)
	t.FirstEvent.Add(o.FirstEvent)
	t.PublishLag.Add(o.PublishLag)
	t.ReceiveLag.Add(o.ReceiveLag)
	t.Service.Add(o.Service)
	t.Order.add(&o.Order)
	t.Publishes.add(&o.Publishes)
	for i := range o.Cohorts {
		t.Cohorts[i].Fanout.Add(o.Cohorts[i].Fanout)
		t.Cohorts[i].Events.add(&o.Cohorts[i].Events)
	}
	t.Findings.Add(o.Findings)
	t.Odd.add(&o.Odd)
	for kind, n := range o.Failures {
		t.Failures[kind] += n
	}
	t.spreads = append(t.spreads, o.spreads...)
	t.flows.add(o.flows)
}

func (t *Tally) reset() {
	t.Streams, t.Publishes, t.Order = StreamCounts{}, PublishCounts{}, ConnectOrder{}
	for _, l := range []*Latency{t.Connect, t.FirstEvent, t.PublishLag, t.ReceiveLag, t.Service} {
		l.reset()
	}
	for i := range t.Cohorts {
		t.Cohorts[i].Fanout.reset()
		t.Cohorts[i].Events = DeliveryCounts{}
	}
	t.Findings, t.Odd = eventstream.Findings{}, OddCounts{}
	clear(t.Failures)
	t.spreads = t.spreads[:0]
	clear(t.flows)
}

// fanout is the sum of the cohorts' histograms.
func (t *Tally) fanout() *Latency {
	sum := newLatency()
	for i := range t.Cohorts {
		sum.Add(t.Cohorts[i].Fanout)
	}
	return sum
}

// events are the publishes, and the sum of the cohorts' deliveries.
func (t *Tally) events() EventCounts {
	sum := EventCounts{PublishCounts: t.Publishes}
	for i := range t.Cohorts {
		sum.DeliveryCounts.add(&t.Cohorts[i].Events)
	}
	return sum
}

// StreamCounts say what became of the streams.
type StreamCounts struct {
	Planned     int64 `json:"planned"`
	Opened      int64 `json:"opened"`      // streams that got a good response head at least once
	Failed      int64 `json:"failed"`      // streams given up: a status or type that EventSource does not retry, or no good head to the end
	Dropped     int64 `json:"dropped"`     // connections that ended although the generator still wanted them
	Cut         int64 `json:"cut"`         // connections that the generator cut on purpose
	Reconnected int64 `json:"reconnected"` // response heads after the first of a stream
	Finished    int64 `json:"finished"`    // streams that the server ended for good with 204
	Peak        int64 `json:"peak"`        // most streams open at once
}

func (c *StreamCounts) add(o *StreamCounts) {
	c.Planned += o.Planned
	c.Opened += o.Opened
	c.Failed += o.Failed
	c.Dropped += o.Dropped
	c.Cut += o.Cut
	c.Reconnected += o.Reconnected
	c.Finished += o.Finished
	c.Peak += o.Peak
}

// EventCounts are the ledger.
type EventCounts struct {
	PublishCounts
	DeliveryCounts
}

// PublishCounts say what became of the events that were due.
type PublishCounts struct {
	Published int64 `json:"published"` // acknowledged by the backend
	Refused   int64 `json:"refused"`   // sent, but not acknowledged
	Unsent    int64 `json:"unsent"`    // not sent: too many publishes were unanswered
}

func (c *PublishCounts) add(o *PublishCounts) {
	c.Published += o.Published
	c.Refused += o.Refused
	c.Unsent += o.Unsent
}

// DeliveryCounts say what became of the deliveries, one per event and stream.
// Expected = received + lost; duplicates count in neither.
type DeliveryCounts struct {
	Expected   int64 `json:"expected"`   // had to happen
	Received   int64 `json:"received"`   // happened, each event once per stream
	Lost       int64 `json:"lost"`       // did not happen
	Duplicated int64 `json:"duplicated"` // of an event that the stream had
	Reordered  int64 `json:"reordered"`  // after an event that was sent only when this one had been acknowledged
	Late       int64 `json:"late"`       // later than late_after
	Foreign    int64 `json:"foreign"`    // events that are not this run's
	Comments   int64 `json:"comments"`
	Bytes      int64 `json:"bytes"` // of bodies
	missing    int64 // numbers passed over so far; a change, in the Tally of an interval
}

func (c *DeliveryCounts) add(o *DeliveryCounts) {
	c.Expected += o.Expected
	c.Received += o.Received
	c.Lost += o.Lost
	c.Duplicated += o.Duplicated
	c.Reordered += o.Reordered
	c.Late += o.Late
	c.Foreign += o.Foreign
	c.Comments += o.Comments
	c.Bytes += o.Bytes
	c.missing += o.missing
}

// publishCounts, deliveryCounts and streamCounts are the names that thresholds
// give to counts.
var publishCounts = []struct {
	name string
	of   func(*PublishCounts) int64
}{
	{"published", func(c *PublishCounts) int64 { return c.Published }},
	{"refused", func(c *PublishCounts) int64 { return c.Refused }},
	{"unsent", func(c *PublishCounts) int64 { return c.Unsent }},
}

var deliveryCounts = []struct {
	name string
	of   func(*DeliveryCounts) int64
}{
	{"expected", func(c *DeliveryCounts) int64 { return c.Expected }},
	{"received", func(c *DeliveryCounts) int64 { return c.Received }},
	{"lost", func(c *DeliveryCounts) int64 { return c.Lost }},
	{"duplicated", func(c *DeliveryCounts) int64 { return c.Duplicated }},
	{"reordered", func(c *DeliveryCounts) int64 { return c.Reordered }},
	{"late", func(c *DeliveryCounts) int64 { return c.Late }},
	{"foreign", func(c *DeliveryCounts) int64 { return c.Foreign }},
	{"comments", func(c *DeliveryCounts) int64 { return c.Comments }},
	{"bytes", func(c *DeliveryCounts) int64 { return c.Bytes }},
}

var streamCounts = []struct {
	name string
	of   func(*StreamCounts) int64
}{
	{"planned", func(c *StreamCounts) int64 { return c.Planned }},
	{"opened", func(c *StreamCounts) int64 { return c.Opened }},
	{"failed", func(c *StreamCounts) int64 { return c.Failed }},
	{"dropped", func(c *StreamCounts) int64 { return c.Dropped }},
	{"cut", func(c *StreamCounts) int64 { return c.Cut }},
	{"reconnected", func(c *StreamCounts) int64 { return c.Reconnected }},
	{"finished", func(c *StreamCounts) int64 { return c.Finished }},
	{"peak", func(c *StreamCounts) int64 { return c.Peak }},
}
