package conformance

import (
	"net/http"
	"strconv"
	"time"
)

// greeting is the exchange that opens the MCP session of all exchanges that
// know nothing of MCP. It takes place before them.
const greeting = "mcp-session"

// mcpExchanges speak the Model Context Protocol over streamable HTTP. Each has
// a session of its own.
var mcpExchanges = []exchange{
	{
		name: "mcp-drop", needs: []Capability{CanCallSlowly}, anyway: true,
		about: "make two slow calls in an MCP session, break both off, and resume the first",
		talk:  talkMCPDrop,
	},
	{
		name: "mcp-resume", needs: []Capability{CanCallSlowly}, anyway: true,
		about: "make a slow call in an MCP session, and resume its stream if the server closes it early",
		talk:  talkMCPResume,
	},
	{
		name: "mcp-streams", anyway: true,
		about: "open a stream in an MCP session, and make one request by itself and then three at a time",
		talk:  talkMCPStreams,
	},
	{
		name: "mcp-requests", anyway: true,
		about: "send an MCP server requests with other Accept fields, by GET, and as a foreign page would",
		talk:  talkMCPRequests,
	},
	{
		name: greeting, anyway: true,
		about: "open an MCP session for the exchanges that know nothing of MCP",
		talk: func(t *talk) {
			if m := t.greet(); m != nil {
				t.run.session = m.named
			}
		},
	},
}

func talkMCPRequests(t *talk) {
	m := t.greet()
	if m == nil {
		return
	}
	defer m.farewell()
	body := t.target.MCP.Body
	for _, accept := range []Field{
		{"both", "application/json, text/event-stream"}, {"json-only", "application/json"}, {"stream-only", "text/event-stream"},
	} {
		s := m.request(accept.Name, body, Field{"Accept", accept.Value})
		s.head(t.pace().Patience)
		s.close()
	}
	t.open(m.ask(ask{name: "get", method: http.MethodGet, fields: []Field{{"Accept", "text/event-stream"}}})).close()
	for _, foreign := range []Field{{"Origin", rebindingOrigin}, {"Host", rebindingHost}} {
		s := m.request(foreign.Name, body, foreign)
		s.head(t.pace().Patience)
		s.close()
	}
}

// A page of this origin is not one that a server of anything else lets in
// (RFC 2606 section 2).
const (
	rebindingHost   = "ssegauge.invalid"
	rebindingOrigin = "https://" + rebindingHost
)

// manyPosts is how many requests are made at a time.
const manyPosts = 3

func talkMCPStreams(t *talk) {
	m := t.greet()
	if m == nil {
		return
	}
	defer m.farewell()
	body := t.target.MCP.Body
	if t.can(CanCallSlowly) {
		body = t.target.MCP.Slow
	}
	t.open(m.ask(ask{name: "listen", method: http.MethodGet, fields: []Field{{"Accept", "text/event-stream"}}}))
	if !m.request("post-alone", body).finished(t.pace().Patience) {
		t.stop("the MCP server does not answer a request of the session")
		return
	}
	var posts []*stream
	for i := range manyPosts {
		posts = append(posts, m.request("post-"+strconv.Itoa(i+1), body))
	}
	end := time.Now().Add(manyPosts * t.pace().Patience)
	for _, s := range posts {
		s.finished(time.Until(end))
	}
}

func talkMCPResume(t *talk) {
	m := t.greet()
	if m == nil {
		return
	}
	defer m.farewell()
	call := m.request("call", t.target.MCP.Slow)
	if !call.finished(t.pace().Patience) || call.answered() {
		return
	}
	id := call.lastEventID()
	if id == "" {
		t.stop("the stream of a call ended before its response, and its events have no ID")
		return
	}
	if !t.sleep(min(call.retry(), t.pace().Patience)) {
		return
	}
	m.resumed("resumed", id, call)
}

func talkMCPDrop(t *talk) {
	m := t.greet()
	if m == nil {
		return
	}
	defer m.farewell()
	a, b := m.request("call-a", t.target.MCP.Slow), m.request("call-b", t.target.MCP.Slow)
	for _, s := range []*stream{a, b} {
		s.until(t.pace().Patience, func() bool {
			return len(s.decoder.LastEventID()) > 0 || s.rec.End != EndNone
		})
	}
	id := a.lastEventID()
	a.abort()
	b.abort()
	if id == "" {
		t.stop("the events of a call have no ID to resume from")
		return
	}
	if m.resumed("resumed-a", id, a) {
		// What belongs to the other call would come now.
		t.sleep(t.pace().Quiet)
		return
	}
	// A server may have put the stream of another call in its place, and keep
	// the response all the same.
	if m.resumed("resumed-again", id, a) {
		return
	}
	// Does a response come back at all that nobody broke off?
	c := m.request("call-c", t.target.MCP.Slow)
	c.finished(t.pace().Patience)
	if events := c.received(); len(events) > 0 && events[0].ID != "" {
		m.resumed("orderly", events[0].ID, c)
	}
}
