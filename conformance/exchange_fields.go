package conformance

import "fmt"

// fieldExchanges are about what an event has beside its data.
var fieldExchanges = []exchange{
	{
		name: "fields", needs: []Capability{CanPublish},
		about: "publish types, IDs and reconnection times, ordinary ones and such as the standard does not allow, with a mark after each",
		talk:  talkFields,
	},
	{
		name: "ids", needs: []Capability{CanPublish},
		about: "publish events to two streams of one topic, and others to another topic in between",
		talk:  talkIDs,
	},
	{
		name: "spread", needs: []Capability{CanControl("finish")},
		about: "open ten streams of one topic, and then have it finished",
		talk:  talkSpread,
	},
	{
		name: "epoch", needs: []Capability{CanPublish, CanControl("restart")}, alone: true,
		about: "publish events to a stream, have the target restarted, and publish others",
		talk:  talkEpoch,
	},
}

// A fieldProbe is a field that a target should refuse, for a check that looks at
// all streams and so has no payloads of its own.
type fieldProbe struct{ check, field, value string }

// fieldProbes are IDs that cannot come back in a header, and reconnection times
// that clients ignore.
var fieldProbes = []fieldProbe{
	{"id.header-safe", "id", "ssegauge-followed "},
	{"id.header-safe", "id", "\tssegauge-led"},
	{"id.header-safe", "id", "ssegauge\x7fdeleted"},
	{"retry.digits", "retry", "5s"},
	{"retry.digits", "retry", "1.5"},
	{"retry.digits", "retry", "-1"},
	{"retry.digits", "retry", "+5"},
	{"retry.digits", "retry", "1e3"},
	{"retry.digits", "retry", "0x10"},
	{"retry.digits", "retry", "１０"},
	{"retry.digits", "retry", ""},
}

func talkFields(t *talk) {
	wanted := t.payloads
	for i, p := range fieldProbes {
		if t.can(CanPublishField(p.field)) {
			wanted = append(wanted, payloadOf{p.check, Payload{Fields: Fields{p.field: p.value, "data": fmt.Sprintf("ssegauge-probe-%d", i)}}})
		}
	}
	t.payloads = wanted
	talkPayload(t)
}

// The exchange "ids" publishes this many events, and as many to another topic
// behind each.
const (
	numberedEvents    = 5
	strangersPerEvent = 3
)

func talkIDs(t *talk) {
	a, b := t.open(ask{name: "a"}), t.open(ask{name: "b"})
	if !t.settle(a, b) {
		return
	}
	for i := range numberedEvents {
		t.publish(Fields{"data": fmt.Sprintf("ssegauge-%s-id-%d", t.nonce, i)})
		if !t.can(HasTopics) {
			continue
		}
		for j := range strangersPerEvent {
			t.publishAs(&Publication{Topic: t.topic + "-beside", Fields: Fields{"data": fmt.Sprintf("ssegauge-%s-beside-%d-%d", t.nonce, i, j)}}, "")
		}
	}
	t.mark(a, b)
}

// spreadStreams is how many streams are told to come back at the same time.
const spreadStreams = 10

func talkSpread(t *talk) {
	n := spreadStreams
	if limit := t.target.StreamLimit; limit > 0 {
		n = min(n, max(2, limit/4)) // other exchanges hold streams, too
	}
	streams := make([]*stream, n)
	for i := range streams {
		if streams[i] = t.open(ask{name: fmt.Sprintf("stream-%d", i+1)}); !streams[i].isStream() {
			t.stop("stream %d of %d could not be opened", i+1, n)
			return
		}
	}
	if !t.control("finish") {
		return
	}
	for _, s := range streams {
		if !s.end(t.pace().Patience) {
			t.stop("a finished topic's streams did not end")
			return
		}
	}
}

func talkEpoch(t *talk) {
	before := t.open(ask{name: "before"})
	if !t.settle(before) {
		return
	}
	t.publishNumbered("before")
	if !t.mark(before) {
		return
	}
	// A graceful shutdown may wait for a connection that was never used.
	t.run.client.CloseIdleConnections()
	if !t.control("restart") {
		return
	}
	t.run.client.CloseIdleConnections() // they lead to the process that is gone
	after := t.open(ask{name: "after"})
	if !t.settle(after) {
		return
	}
	t.publishNumbered("after")
	t.mark(after)
}

func (t *talk) publishNumbered(when string) {
	for i := range numberedEvents {
		t.publish(Fields{"data": fmt.Sprintf("ssegauge-%s-%s-%d", t.nonce, when, i)})
	}
}
