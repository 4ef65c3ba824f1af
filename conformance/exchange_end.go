package conformance

import (
	"fmt"
	"sync"
	"time"
)

// endExchanges make the target end a stream.
var endExchanges = []exchange{
	{
		name: "finish", needs: []Capability{CanPublish, CanControl("finish")},
		about: "publish an event, have the topic finished, and come back with the last ID",
		talk:  talkFinish,
	},
	{
		name: "shutdown", needs: []Capability{CanPublish, CanControl("restart")}, alone: true, limit: 2 * time.Minute,
		about: "have the target restarted under open streams",
		talk:  talkShutdown,
	},
}

func talkFinish(t *talk) {
	s := t.open(ask{name: "stream"})
	if !t.settle(s) {
		return
	}
	last := Fields{"data": lastData}
	if !t.publish(last).Accepted || !t.control("finish") || !s.end(t.pace().Patience) {
		return
	}
	var fields []Field
	if id := s.lastEventID(); id != "" {
		fields = []Field{{"Last-Event-ID", id}}
	}
	again := t.open(ask{name: "again", fields: fields})
	if again.end(t.pace().Quiet) {
		// What follows a response without a body would be part of the next.
		again.closed(t.pace().Quiet / 4)
	}
}

// lastData is the data of the last event of a topic that is finished.
const lastData = "ssegauge-last"

func talkShutdown(t *talk) {
	a, b := t.open(ask{name: "a"}), t.open(ask{name: "b"})
	if !t.settle(a, b) {
		return
	}
	if !t.publish(Fields{"data": fmt.Sprintf("ssegauge-%s-before", t.nonce)}).Accepted {
		return
	}
	var restarting sync.WaitGroup
	restarting.Go(func() { t.control("restart") })
	defer restarting.Wait()
	a.end(2 * t.pace().Patience)
	b.end(t.pace().Quiet)
}
