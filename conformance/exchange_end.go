package conformance

// endExchanges make the target end a stream.
var endExchanges = []exchange{
	{
		name: "finish", needs: []Capability{CanPublish, CanControl("finish")},
		about: "publish an event, and then have the topic finished",
		talk: func(t *talk) {
			s := t.open(ask{name: "stream"})
			if !t.settle(s) {
				return
			}
			if t.publish(Fields{"data": "ssegauge-last"}).Accepted && t.control("finish") {
				s.end(t.pace().Patience)
			}
		},
	},
}
