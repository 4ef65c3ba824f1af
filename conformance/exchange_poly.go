package conformance

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// polyExchanges do what a browser does that has event-source-polyfill in place
// of EventSource.
var polyExchanges = []exchange{
	{
		name: "poly-idle", idle: true,
		about: "open a stream of a topic to which nothing is published, and wait for signs of life as long as the polyfill does",
		talk: func(t *talk) {
			s := t.open(ask{name: "stream"})
			for range polySigns {
				size, most := s.bodySize(), t.rec.limit(polySilence)+t.pace().Quiet
				if !s.until(most, func() bool { return s.size > size || s.rec.End != EndNone }) || s.end(0) {
					return
				}
			}
		},
	},
	{
		name: "poly-cursor", needs: []Capability{CanPublish},
		about: "publish three events, and open streams with the ID of the first in the parameter lastEventId, and in the field",
		talk:  talkPolyCursor,
	},
	{
		name: "poly-padding", anyway: true,
		about: "open a stream with the parameter padding=true",
		talk: func(t *talk) {
			s := t.open(ask{name: "stream", query: url.Values{"padding": {"true"}}})
			s.awaitBytes(t.pace().Quiet, polyPadding)
		},
	},
	{
		name: "poly-preflight", needs: []Capability{HasOrigin}, anyway: true,
		about: "ask by OPTIONS whether a page of the allowed origin may send the fields that the target needs",
		talk: func(t *talk) {
			var names []string
			for name := range t.target.Headers {
				names = append(names, strings.ToLower(name))
			}
			switch kind, name, _ := strings.Cut(t.target.Tokens.sent(), " "); kind {
			case "bearer":
				names = append(names, "authorization")
			case "header":
				names = append(names, strings.ToLower(name))
			}
			if len(names) == 0 {
				t.stop("the target needs no field that a page would have to ask for")
				return
			}
			slices.Sort(names)
			t.open(ask{name: "preflight", method: http.MethodOptions, role: anonymous, stay: true, fields: []Field{
				{"Accept", "*/*"}, {"Origin", t.target.AllowedOrigin},
				{"Access-Control-Request-Method", http.MethodGet},
				{"Access-Control-Request-Headers", strings.Join(slices.Compact(names), ",")},
			}}).close()
		},
	},
}

// The polyfill reconnects after this many seconds without a byte, unless the
// page sets another heartbeatTimeout; and old browsers show nothing of a
// response before it has this many bytes.
const (
	polySilence = 45
	polyPadding = 2 << 10
)

// polySigns is how many signs of life are waited for: the head's comment, and
// two heartbeats.
const polySigns = 3

func talkPolyCursor(t *talk) {
	live := t.open(ask{name: "live"})
	if !t.settle(live) {
		return
	}
	for i := range 3 {
		t.publish(Fields{"data": fmt.Sprintf("ssegauge-poly-%d", i+1)})
	}
	if !t.mark(live) {
		return
	}
	var id string
	for _, e := range live.received() {
		if t.rec.payload(e) == "ssegauge-poly-1" {
			id = e.ID
		}
	}
	if id == "" {
		t.stop("the events have no ID to resume from")
		return
	}
	query := t.open(ask{name: "query", query: url.Values{"lastEventId": {id}}})
	field := t.open(ask{name: "field", after: id})
	t.settle(query, field)
}
