package conformance

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// resumeExchanges come back to a topic with the ID of an event. A stream called
// witness is there all the time, as far as one is needed.
var resumeExchanges = []exchange{
	{
		name: "resume", needs: []Capability{CanPublish},
		about: "leave a stream, publish, and come back: with the last ID, with the newest, with one of the future, and without any",
		talk:  talkResume,
	},
	{
		name: "resume-window", needs: []Capability{CanPublish}, limit: 90 * time.Second,
		about: "come back after more events than the target may keep: a thousand small ones, then up to eight megabytes",
		talk:  talkWindow,
	},
	{
		name: "resume-race", needs: []Capability{CanPublish}, limit: time.Minute,
		about: "reconnect a hundred times at random moments while events are published as fast as they are accepted",
		talk:  talkRace,
	},
	{
		name: "resume-id", needs: []Capability{CanPublish},
		about: "come back with IDs that the target never gave, and with some that nobody would",
		talk:  talkStrangeIDs,
	},
	{
		name: "resume-query", needs: []Capability{CanPublish},
		about: "come back with the last ID in query parameters, and with another in the header beside them",
		talk:  talkQueryID,
	},
	{
		name: "resume-utf8", needs: []Capability{CanPublish, CanPublishField("id")},
		about: "publish events with IDs of ASCII and of other letters, and come back with either",
		talk:  talkForeignLetters,
	},
	{
		name: "resume-cut", needs: []Capability{CanPublish},
		about: "leave a stream in the middle of an event, and come back with the ID of the one before it",
		talk:  talkCut,
	},
	{
		name: "resume-abort", needs: []Capability{CanPublish},
		about: "come back after closing a stream, and after aborting one",
		talk:  talkAbort,
	},
	{
		name: "resume-chain", needs: []Capability{CanPublish},
		about: "reconnect ten times to a topic to which nothing is published, and once more after events",
		talk:  talkChain,
	},
	{
		name: "resume-pair", needs: []Capability{CanPublish},
		about: "publish to two streams, and come back twice at a time with the IDs of different events",
		talk:  talkPair,
	},
	{
		name: "resume-restart", needs: []Capability{CanPublish, CanControl("restart")}, alone: true, limit: time.Minute,
		about: "leave a stream, publish, restart the target, and come back with the last ID",
		talk:  talkRestart,
	},
}

// A series is the events that an exchange publishes. The first line of the data
// of each is like no other's.
type series struct {
	talk   *talk
	places []string // those first lines
}

// add publishes n events and reports whether all were accepted.
func (s *series) add(n int) bool {
	for range n {
		if p := s.addAs(Fields{}); !p.Accepted {
			s.talk.stop("the publish hook does not work: %s", p.Problem)
			return false
		}
	}
	return true
}

// addAs publishes an event with these fields. What they have as data follows
// the first line.
func (s *series) addAs(f Fields) *Publication {
	first := fmt.Sprint(s.prefix(), len(s.places))
	f = maps.Clone(f)
	if more, given := f["data"]; given {
		f["data"] = first + "\n" + more
	} else {
		f["data"] = first
	}
	p := s.talk.publish(f)
	if p.Accepted {
		s.places = append(s.places, first)
	}
	return p
}

// prefix is what the first lines have in common: their number follows.
func (s *series) prefix() string { return "ssegauge-" + s.talk.nonce + "-event-" }

// number returns the place of an event of the series.
func (s *series) number(e Event) (n int64, ok bool) {
	digits, ok := strings.CutPrefix(firstLine(s.talk.rec.payload(e)), s.prefix())
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, ok && err == nil
}

// has reports whether the newest event of the series is among the events.
func (s *series) has(events []Event) bool {
	newest := s.places[len(s.places)-1]
	return slices.ContainsFunc(events, func(e Event) bool { return firstLine(s.talk.rec.payload(e)) == newest })
}

// reach waits until the newest event has come to the witness, and then a
// quarter of the patience for the others.
func (s *series) reach(witness *stream, others ...*stream) bool {
	patience := s.talk.pace().Patience
	if len(s.places) == 0 || !witness.await(patience, s.has) {
		s.talk.stop("published events do not arrive")
		return false
	}
	end := time.Now().Add(patience / 4)
	for _, other := range others {
		other.await(time.Until(end), s.has)
	}
	return true
}

// ids returns the IDs of the events so far, as the stream got them; nil if not
// each has one of its own.
func (s *series) ids(from *stream) []string {
	var list []string
	for _, place := range s.places {
		for _, e := range from.received() {
			if firstLine(s.talk.rec.payload(e)) == place && e.ID != "" && !slices.Contains(list, e.ID) {
				list = append(list, e.ID)
				break
			}
		}
	}
	if len(list) != len(s.places) {
		s.talk.stop("no ids: not every event has one of its own (see id.present and id.unique)")
		return nil
	}
	return list
}

// begin opens streams of the names, publishes n events, and returns the
// streams and the events' IDs; ok is false if the events have none.
func (s *series) begin(n int, names ...string) (streams []*stream, ids []string, ok bool) {
	for _, name := range names {
		streams = append(streams, s.talk.open(ask{name: name, shared: name == witnessing}))
	}
	if !s.talk.settle(streams...) || !s.add(n) || !s.reach(streams[0], streams[1:]...) {
		return streams, nil, false
	}
	ids = s.ids(streams[0])
	return streams, ids, ids != nil
}

// witnessing is the name of the stream that stays.
const witnessing = "witness"

// away is as long as a client is gone at least, before it comes back.
func (t *talk) away() bool { return t.sleep(t.pace().Quiet / 3) }

// elsewhere publishes an event to another topic, if there can be one.
func (t *talk) elsewhere() {
	if t.can(HasTopics) {
		topic := fill(t.target.Topic, "nonce", t.nonce+"x")
		t.publishAs(&Publication{Topic: topic, Fields: Fields{"data": "ssegauge-" + t.nonce + "-elsewhere"}}, "")
	}
}

// gone waits until nothing more is recorded of a stream that was closed, and
// returns the last event ID that its client then has.
func (s *stream) gone() string {
	<-s.done
	return s.lastEventID()
}

// setLastEventID makes an ID that an earlier connection gave the stream's own.
func (s *stream) setLastEventID(id string) {
	if id != "" {
		s.decoder.Feed([]byte("id: "+id+"\n\n"), nil)
		s.decoder.End()
	}
}

// cutAfter makes the stream end after n more bytes of its body.
func (s *stream) cutAfter(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = s.size + n
}

// firstLine is a text up to its first line feed.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func talkResume(t *talk) {
	s := series{talk: t}
	streams, ids, ok := s.begin(3, witnessing, "first")
	if !ok {
		return
	}
	witness := streams[0]
	streams[1].close()
	if !t.away() {
		return
	}
	s.addAs(Fields{"data": " indented\n\nlast"})
	if t.can(CanPublishField("event")) {
		s.addAs(Fields{"event": "ssegauge-kind"})
	}
	t.elsewhere()
	if !s.add(3) || !s.reach(witness) {
		return
	}
	last := ids[len(ids)-1]
	resumed := t.open(ask{name: "resumed", after: last})
	if !s.add(3) || !s.reach(witness, resumed) {
		return
	}
	ids = s.ids(witness)
	if ids == nil {
		return
	}
	others := []ask{
		{name: "at-head", after: ids[len(ids)-1]},
		{name: "fresh-1"}, {name: "fresh-2"},
		{name: "empty", extra: []Field{{"Last-Event-ID", ""}}},
		{name: "lower-case", after: last, fields: []Field{{"last-event-id", last}}},
	}
	if id, ok := beyond(ids[0], ids[len(ids)-1]); ok {
		others = append(others, ask{name: "future", after: id})
	}
	opened := []*stream{resumed}
	for _, a := range others {
		opened = append(opened, t.open(a))
	}
	if t.sleep(t.pace().Quiet) && s.add(2) {
		s.reach(witness, opened...)
	}
}

// beyond returns an ID that a target has yet to give whose IDs are numbers or
// have one that counts, from two that it gave.
func beyond(older, newer string) (id string, ok bool) {
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	at := 0
	for at < min(len(older), len(newer)) && older[at] == newer[at] {
		at++
	}
	for at > 0 && digit(newer[at-1]) {
		at--
	}
	run := func(s string) (number, rest string) {
		end := at
		for end < len(s) && digit(s[end]) {
			end++
		}
		return s[at:end], s[end:]
	}
	a, restA := run(older)
	b, restB := run(newer)
	from, err := strconv.ParseInt(a, 10, 64)
	to, err2 := strconv.ParseInt(b, 10, 64)
	const ahead = 1_000_000
	if err != nil || err2 != nil || from >= to || to > 1<<53 || restA != restB {
		return "", false
	}
	return newer[:at] + strconv.FormatInt(to+ahead, 10) + restB, true
}

func talkStrangeIDs(t *talk) {
	s := series{talk: t}
	_, ids, ok := s.begin(3, witnessing)
	if !ok {
		return
	}
	t.elsewhere()
	asks := []ask{
		{name: "unknown", after: "ssegauge-" + t.nonce + "-1"},
		{name: "malformed-letters", after: "abc"},
		{name: "malformed-negative", after: "-1"},
		{name: "malformed-long", after: strings.Repeat("7", 4<<10)},
		{name: "malformed-statement", after: "1;drop"},
		{name: "malformed-emoji", after: "🙈"},
		{name: "malformed-blanks", after: "  "},
	}
	if id, ok := similar(ids[len(ids)-1]); ok {
		asks = slices.Insert(asks, 1, ask{name: "unknown-similar", after: id})
	}
	for some := range slices.Chunk(asks, 4) {
		var opened []*stream
		for _, a := range some {
			opened = append(opened, t.open(a))
		}
		if !t.sleep(t.pace().Quiet) {
			return
		}
		for _, o := range opened {
			o.close()
		}
	}
}

// similar returns an ID of the same form that was hardly ever given: short ones
// have none.
func similar(id string) (string, bool) {
	const long = 8
	changed := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '0' + (r-'0'+5)%10
		}
		return r
	}, id)
	return changed, len(id) >= long && changed != id
}

// queryIDNames are parameters by which backends take the last event ID from
// clients that cannot set the header.
var queryIDNames = []string{"lastEventId", "last_event_id", "Last-Event-ID", "last-event-id"}

func talkQueryID(t *talk) {
	s := series{talk: t}
	streams, ids, ok := s.begin(6, witnessing)
	if !ok {
		return
	}
	older, newer := ids[0], ids[3]
	every := url.Values{}
	var opened []*stream
	for _, name := range queryIDNames {
		every.Set(name, older)
		opened = append(opened, t.open(ask{name: name, after: older, fields: []Field{{"Last-Event-ID", ""}}, query: url.Values{name: {older}}}))
	}
	opened = append(opened, t.open(ask{name: "both", after: newer, query: every}))
	if s.add(1) {
		s.reach(streams[0], opened...)
	}
}

func talkForeignLetters(t *talk) {
	s := series{talk: t}
	witness := t.open(ask{name: witnessing})
	if !t.settle(witness) {
		return
	}
	// A target may keep IDs in order as text: they rise whatever the letters
	// behind the number are.
	number := 0
	add := func(letters string) (id string, accepted bool) {
		number++
		id = fmt.Sprintf("ssegauge-%s-%d%s", t.nonce, number, letters)
		return id, s.addAs(Fields{"id": id}).Accepted
	}
	plain, accepted := add("")
	if !accepted {
		t.stop("the target takes no IDs from publishers")
		return
	}
	foreign, accepted := add("-é豆…")
	if !accepted {
		return
	}
	for range 2 {
		if _, accepted := add(""); !accepted {
			return
		}
	}
	if !s.reach(witness) {
		return
	}
	opened := []*stream{t.open(ask{name: "by-ascii", after: plain}), t.open(ask{name: "by-utf8", after: foreign})}
	if _, accepted := add(""); accepted {
		s.reach(witness, opened...)
	}
}
