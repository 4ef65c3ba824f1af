package telemetry

import (
	"slices"

	"github.com/ssegauge/ssegauge/loadgen"
)

// Metrics are all that there are.
func Metrics() []Metric { return slices.Clone(metrics) }

var metrics = []Metric{
	{"ssegauge.run.state", "1 for the state that the run is in, 0 for the others: a phase, and at the end its verdict", Gauge, States, "state", states},

	{"ssegauge.streams.planned", "Streams that the scenario has", Gauge, Streams, "", one(func(s *source) int64 { return s.report.Streams.Planned })},
	{"ssegauge.streams.open", "Streams that are open now", Gauge, Streams, "", one(func(s *source) int64 { return s.progress.Open })},
	{"ssegauge.streams.opened", "Streams that got a good response head at least once", Counter, Streams, "", one(func(s *source) int64 { return s.report.Streams.Opened })},
	{"ssegauge.streams.failed", "Streams given up", Counter, Streams, "", one(func(s *source) int64 { return s.report.Streams.Failed })},
	{"ssegauge.streams.finished", "Streams that the server ended for good with status 204", Counter, Streams, "", one(func(s *source) int64 { return s.report.Streams.Finished })},
	{"ssegauge.streams.reconnected", "Response heads after the first of a stream", Counter, Connections, "", one(func(s *source) int64 { return s.report.Streams.Reconnected })},
	{"ssegauge.connections.dropped", "Connections that ended although the generator still wanted them", Counter, Connections, "", one(func(s *source) int64 { return s.report.Streams.Dropped })},
	{"ssegauge.connections.cut", "Connections that the generator cut on purpose", Counter, Connections, "", one(func(s *source) int64 { return s.report.Streams.Cut })},

	{"ssegauge.events.published", "Events that the backend acknowledged", Counter, Events, "", one(func(s *source) int64 { return s.report.Events.Published })},
	{"ssegauge.events.refused", "Events that were sent, but not acknowledged", Counter, Events, "", one(func(s *source) int64 { return s.report.Events.Refused })},
	{"ssegauge.events.unsent", "Events that were due but not sent, since too many publishes were unanswered", Counter, Events, "", one(func(s *source) int64 { return s.report.Events.Unsent })},
	{"ssegauge.events.missing", "Deliveries that later events have overtaken, and that have not come yet", Gauge, Deliveries, "", one(func(s *source) int64 { return s.progress.Missing })},
	{"ssegauge.events.expected", "Deliveries that had to happen, known when the books are settled at the end", Counter, Deliveries, "cohort", perCohort(func(c *loadgen.DeliveryCounts) int64 { return c.Expected })},
	{"ssegauge.events.received", "Deliveries that happened, each event once per stream", Counter, Deliveries, "cohort", perCohort(func(c *loadgen.DeliveryCounts) int64 { return c.Received })},
	{"ssegauge.events.lost", "Deliveries that did not happen, known when the books are settled at the end", Counter, Deliveries, "cohort", perCohort(func(c *loadgen.DeliveryCounts) int64 { return c.Lost })},
	{"ssegauge.events.duplicated", "Deliveries of an event that the stream had", Counter, Deliveries, "cohort", perCohort(func(c *loadgen.DeliveryCounts) int64 { return c.Duplicated })},
	{"ssegauge.events.reordered", "Deliveries after an event that was sent only when this one had been acknowledged", Counter, Deliveries, "cohort", perCohort(func(c *loadgen.DeliveryCounts) int64 { return c.Reordered })},
	{"ssegauge.events.late", "Deliveries later than the scenario's late_after", Counter, Deliveries, "cohort", perCohort(func(c *loadgen.DeliveryCounts) int64 { return c.Late })},
	{"ssegauge.events.foreign", "Events that are not of this run", Counter, Deliveries, "cohort", perCohort(func(c *loadgen.DeliveryCounts) int64 { return c.Foreign })},
	{"ssegauge.comments.received", "Comments, such as heartbeats", Counter, Comments, "cohort", perCohort(func(c *loadgen.DeliveryCounts) int64 { return c.Comments })},
	{"ssegauge.received", "Bytes of the bodies of streams", Counter, Bytes, "cohort", perCohort(func(c *loadgen.DeliveryCounts) int64 { return c.Bytes })},
	{"ssegauge.failures", "What ended or prevented streams and publishes", Counter, Failures, "kind", failures},

	{"ssegauge.connect", "From the start of an attempt to its response head", Histogram, Seconds, "", histogram("connect")},
	{"ssegauge.first_event", "From the start of an attempt to its first event", Histogram, Seconds, "", histogram("first_event")},
	{"ssegauge.fanout", "From when an event was due to its receipt by a stream", Histogram, Seconds, "cohort", histogramPerCohort("fanout")},
	{"ssegauge.fanout_last", "From when an event was due to its last receipt, recorded 30 s after it was due or at the end", Histogram, Seconds, "", histogram("fanout_last")},
	{"ssegauge.fanout_spread", "From an event's first receipt to its last, recorded likewise", Histogram, Seconds, "", histogram("fanout_spread")},
	{"ssegauge.service", "From the start of an event's publishing to its receipt by a stream", Histogram, Seconds, "", histogram("service")},
	{"ssegauge.publish_lag", "From when an event was due to the start of its publishing: the generator's own delay", Histogram, Seconds, "", histogram("publish_lag")},
	{"ssegauge.receive_lag", "From the kernel's receipt of bytes to the generator's: its own delay", Histogram, Seconds, "", histogram("receive_lag")},

	{"ssegauge.generator.cpu", "Share of all processors that the generator has used, over the run", Gauge, Ratio, "", one(func(s *source) float64 { return s.report.Generator.CPUFraction })},
	{"ssegauge.generator.resident_memory", "Most resident memory that the generator has had", Gauge, Bytes, "", one(func(s *source) int64 { return s.report.Generator.RSSBytes })},
}
