package conformance

import (
	"fmt"
	"net/url"
	"slices"
	"time"
)

// injectExchanges try to make the target write lines that they choose.
var injectExchanges = []exchange{
	{
		name: "inject", needs: []Capability{CanPublish}, limit: time.Minute,
		about: "publish data, types, IDs, reconnection times and comments with line ends and what looks like fields behind them, with a mark after each",
		talk:  talkPayload,
	},
	{
		name: "inject-other", needs: []Capability{CanPublish, HasTokenOf(RoleOther)},
		about: "publish data with line ends and what looks like fields, and listen as another user",
		talk:  talkInjectOther,
	},
	{
		name:  "echo",
		about: "open streams with a Last-Event-ID that has a tab, a colon, U+2028, or bytes that are not UTF-8",
		talk:  talkEcho,
	},
	{
		name:  "reflect",
		about: "open streams with line ends, fields and header fields in query parameters and in the topic",
		talk:  talkReflect,
	},
	{
		name: "reserved", needs: []Capability{CanPublish, CanPublishField("event"), HasTopics},
		about: "look which types of events the target sends by itself, and publish events of these types",
		talk:  talkReserved,
	},
}

// reflectLimit is how much is read of a stream that is looked at for an echo,
// in bytes.
const reflectLimit = 128 << 10

func talkInjectOther(t *talk) {
	s, other := t.open(ask{name: "stream"}), t.open(ask{name: "other", role: RoleOther})
	if s.isStream() && !other.isStream() {
		t.stop("the other user may not open a stream of the topic")
		return
	}
	if !t.settle(s, other) {
		return
	}
	for _, p := range t.payloads {
		t.publishAs(&Publication{Check: p.check, Fields: p.Fields}, p.JSON)
		if !t.mark(s, other) {
			t.stop("events stopped arriving after a payload of %s", p.check)
			return
		}
	}
}

// echoForged is the line that an echoed ID must not become.
const echoForged = "data: ssegauge-forged-echo"

// echoMark begins every ID of the exchange "echo".
const echoMark = "ssegauge-echo"

// echoedIDs are IDs by what is odd about them.
var echoedIDs = []Field{
	{"tab", echoMark + "\t" + echoForged},
	{"colon", echoMark + ": " + echoForged},
	{"separator", echoMark + "\u2028" + echoForged},
	{"latin1", echoMark + "\xe9 " + echoForged},
}

func talkEcho(t *talk) {
	var asks []ask
	for _, id := range echoedIDs {
		asks = append(asks, ask{name: id.Name, limit: reflectLimit, fields: []Field{{"Last-Event-ID", id.Value}}})
	}
	streams := t.openAll(asks)
	t.provoke(t.topic, streams)
}

// openAll opens streams side by side and waits for their heads.
func (t *talk) openAll(asks []ask) []*stream {
	streams := make([]*stream, len(asks))
	for i, a := range asks {
		a.stay = true
		streams[i] = t.send(a)
	}
	end := time.Now().Add(t.pace().Patience)
	for _, s := range streams {
		s.head(time.Until(end))
	}
	return streams
}

// provoke makes the streams carry an event if that is possible, and listens.
func (t *talk) provoke(topic string, streams []*stream) {
	open := slices.DeleteFunc(slices.Clone(streams), func(s *stream) bool { return !s.isStream() })
	if len(open) == 0 {
		return
	}
	if t.can(CanPublish) && t.can(HasTopics) {
		data := t.nextMark()
		if t.publishAs(&Publication{Topic: topic, Mark: true, Fields: Fields{"data": data}}, "").Accepted {
			t.hasMark(data, t.pace().Quiet, open...)
		}
	}
	open[0].end(t.pace().Quiet)
}

// What a reflected value must not become: lines of a stream, and a field of the
// response head.
const (
	reflectForged = "data: ssegauge-forged-reflect"
	reflectHeader = "X-Ssegauge-Forged"
	reflectValue  = "ssegauge\r\n" + reflectHeader + ": 1\r\nevent: ssegauge-forged-reflect\r\n\r\n" + reflectForged + "\r" + reflectForged + "\n" + reflectForged + "\n\n"
)

// reflectedNames are parameters that backends put into their answers.
var reflectedNames = []string{"channel", "type", "event", "name", "id", "retry", "user", "lastEventId", "callback"}

func talkReflect(t *talk) {
	var asks []ask
	for _, name := range reflectedNames {
		asks = append(asks, ask{name: name, limit: reflectLimit, query: url.Values{name: {reflectValue}}})
	}
	t.provoke(t.topic, t.openAll(asks))
	if t.can(HasTopics) {
		topic := t.topic + reflectValue
		t.provoke(topic, t.openAll([]ask{{name: "topic", limit: reflectLimit, topic: topic}}))
	}
}

// mostReserved bounds the types that are tried.
const mostReserved = 8

func talkReserved(t *talk) {
	s := t.open(ask{name: "stream"})
	if !t.settle(s) {
		return
	}
	unknown := t.open(ask{name: "unknown-id", fields: []Field{{"Last-Event-ID", "ssegauge-" + t.nonce + "-unknown"}}})
	unknown.end(t.pace().Quiet)
	for i, name := range t.ownTypes(s, unknown) {
		t.publishAs(&Publication{Check: "inject.reserved-name", Fields: Fields{"event": name, "data": fmt.Sprintf("ssegauge-reserved-%d", i)}}, "")
		if !t.mark(s) {
			t.stop("events stopped arriving after the type %s", quoted(name))
			return
		}
	}
}

// ownTypes are the types that the target uses by itself: those of events that
// were not published to the exchange's topic, and those of its profile.
func (t *talk) ownTypes(streams ...*stream) []string {
	var names []string
	if slices.Contains(t.target.Profiles, "mercure") {
		names = append(names, "mercure")
	}
	for _, s := range streams {
		for _, e := range s.received() {
			published := slices.ContainsFunc(t.rec.Publications, func(p *Publication) bool { return p.Fields["data"] == t.rec.payload(e) })
			if !published && e.Type != "message" && !slices.Contains(names, e.Type) && len(names) < mostReserved {
				names = append(names, e.Type)
			}
		}
	}
	return names
}
