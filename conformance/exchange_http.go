package conformance

import (
	"fmt"
	"net/url"
	"time"
)

// httpExchanges ask for streams in different ways and look at what answers.
var httpExchanges = []exchange{
	{
		name: opening, anyway: true,
		about: "open a stream of a topic to which nothing is published, as an EventSource does, and listen",
		talk:  talkOpen,
	},
	{
		name: "head", anyway: true,
		about: "send HEAD twice over one connection",
		talk:  talkHead,
	},
	{
		name:  "conditional",
		about: "open a stream under the condition that it has changed",
		talk:  talkConditional,
	},
	{
		name: "methods", anyway: true,
		about: "send POST and PUT, both empty, to the URL of the stream",
		talk: func(t *talk) {
			for _, method := range []string{"POST", "PUT"} {
				t.open(ask{name: method, method: method, stay: true}).close()
			}
		},
	},
	{
		name: "accept", anyway: true,
		about: "open streams with other Accept fields: none, anything, a list, and JSON alone",
		talk: func(t *talk) {
			for _, accept := range []Field{
				{"accept-none", ""},
				{"accept-any", "*/*"},
				{"accept-list", "application/json;q=0.5, Text/Event-Stream"},
				{"accept-json", "application/json"},
			} {
				t.open(ask{name: accept.Name, fields: []Field{{"Accept", accept.Value}}}).close()
			}
		},
	},
	{
		name:  "browser",
		about: "open a stream with the header fields that a browser adds",
		talk: func(t *talk) {
			t.open(ask{name: "stream", fields: []Field{
				{"Cache-Control", "no-cache"}, {"Pragma", "no-cache"},
				{"Sec-Fetch-Dest", "empty"}, {"Sec-Fetch-Mode", "cors"}, {"Sec-Fetch-Site", "same-origin"},
				{"Origin", t.ownOrigin()},
			}}).close()
		},
	},
	{
		name: "errors", anyway: true,
		about: "ask for what cannot be given: an unknown path, no token, an ID that nobody sent",
		talk:  talkErrors,
	},
	{
		name: "overload", needs: []Capability{HasLimit}, alone: true, ownUsers: true, limit: time.Minute,
		about: "open one stream more than a user may hold",
		talk:  talkOverload,
	},
}

func talkOpen(t *talk) {
	s := t.open(ask{name: "stream"})
	if !s.responded() && t.can(CanPublish) {
		// Some backends hold the head back until there is an event.
		t.publish(Fields{"data": t.nextMark()})
		t.run.withheld = s.head(t.pace().Patience)
	}
	if s.responded() {
		s.end(t.pace().Listen)
	}
}

func talkHead(t *talk) {
	s := t.open(ask{name: "head", method: "HEAD"})
	if !s.responded() {
		return
	}
	if s.again(ask{name: "next", method: "HEAD"}) {
		s.head(t.pace().Patience)
		return
	}
	s.end(t.pace().Patience)
}

func talkConditional(t *talk) {
	first := t.open(ask{name: "plain"})
	tag := first.field("ETag")
	first.close()
	if tag == "" {
		tag = "*"
	}
	t.open(ask{name: "conditional", fields: []Field{
		{"If-None-Match", tag},
		{"If-Modified-Since", "Fri, 31 Dec 9999 23:59:59 GMT"},
	}}).close()
}

func talkErrors(t *talk) {
	t.open(ask{name: "unknown-path", url: t.beside(), stay: true}).end(t.pace().Quiet)
	if t.target.Tokens != nil {
		t.open(ask{name: "no-token", role: anonymous, stay: true}).end(t.pace().Quiet)
	}
	t.open(ask{name: "bad-id", fields: []Field{{"Last-Event-ID", "ssegauge: no such id"}}}).end(t.pace().Quiet)
}

func talkOverload(t *talk) {
	var last *stream
	for i := range t.target.StreamLimit + 1 {
		last = t.open(ask{name: fmt.Sprintf("stream-%d", i+1), fields: []Field{{"Origin", t.target.AllowedOrigin}}})
		if !last.isStream() {
			break
		}
	}
	last.rename("last")
	last.end(t.pace().Quiet)
	t.vacate(time.Now())
}

// ownOrigin is the origin of the target itself, or the one that it allows.
func (t *talk) ownOrigin() string {
	if t.target.AllowedOrigin != "" {
		return t.target.AllowedOrigin
	}
	u, err := url.Parse(t.run.url)
	if err != nil {
		return "null"
	}
	return u.Scheme + "://" + u.Host
}

// field returns a field of the response head, empty if it is not there.
func (s *stream) field(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rec.value(name)
}
