package conformance

import (
	"net/http"
	"slices"
	"time"
)

// openaiExchanges ask for chat completions.
var openaiExchanges = []exchange{
	{
		name: "openai-chat", anyway: true, limit: time.Minute,
		about: "ask for a chat completion and read it to its end, and send GET to the same address",
		talk: func(t *talk) {
			chat := t.target.OpenAI
			t.complete("chat", chat.Body)
			t.open(ask{name: "get", method: http.MethodGet, url: chat.URL, stay: true}).close()
		},
	},
	{
		name: "openai-errors", anyway: true, limit: time.Minute,
		about: "ask for chat completions that cannot be given: by a request that is not JSON, and by one that fails halfway",
		talk: func(t *talk) {
			chat := t.target.OpenAI
			t.complete("malformed", `{"stream":true,"messages":`)
			if chat.Failing != "" {
				t.complete("failing", chat.Failing)
			}
		},
	},
}

// closingTime is how long a stream may stay open behind its end marker.
const closingTime = 2 * time.Second

// complete asks for a chat completion and reads until the stream ends, has been
// silent for too long, or stays open behind its end marker.
func (t *talk) complete(name, body string) {
	s := t.open(ask{name: name, method: http.MethodPost, url: t.target.OpenAI.URL, body: []byte(body), stay: true})
	done := func() bool {
		return slices.ContainsFunc(s.events, func(e Event) bool { return e.Data == doneMarker })
	}
	for s.isStream() {
		size := s.bodySize()
		switch {
		case s.until(0, done):
			s.end(closingTime)
			return
		case !s.until(2*stallTime(t.pace().Heartbeat), func() bool { return s.size > size || s.rec.End != EndNone }), s.end(0):
			return
		}
	}
	s.end(t.pace().Quiet)
}

// stallTime is how long an unfinished stream may be silent. A server that
// keeps streams alive sends something every heartbeat, or it has missed one.
func stallTime(heartbeat time.Duration) time.Duration { return 2*heartbeat + time.Second }

// bodySize is how much of the body has come, in bytes.
func (s *stream) bodySize() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}

// doneMarker is the data of the event behind the last chunk.
const doneMarker = "[DONE]"
