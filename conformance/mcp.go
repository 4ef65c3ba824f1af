package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// mcpVersion is the revision of MCP that is asked for.
const mcpVersion = "2025-11-25"

// sessionField is the head field that names an MCP session.
const sessionField = "Mcp-Session-Id"

// An mcpSession is a session with an MCP server.
type mcpSession struct {
	talk  *talk
	named []Field // what names it in a request
	calls int
}

// greet opens a session. It returns nil, and has noted why, if there is none.
func (t *talk) greet() *mcpSession {
	m := &mcpSession{talk: t}
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":{id},"method":"initialize","params":{"protocolVersion":%q,"capabilities":{},"clientInfo":{"name":"ssegauge","version":"1"}}}`, mcpVersion)
	s := m.request("initialize", body, Field{sessionField, ""}, Field{"Mcp-Protocol-Version", ""})
	if !s.finished(t.pace().Patience) || !s.answered() {
		t.stop("the MCP server does not answer initialize (status %d)", s.status())
		return nil
	}
	s.mu.Lock()
	version := spokenBy(s.rec)
	s.mu.Unlock()
	m.named = []Field{{"Mcp-Protocol-Version", version}}
	if id := s.field(sessionField); id != "" {
		m.named = append(m.named, Field{sessionField, id})
	}
	s.close()
	t.open(m.ask(ask{name: "initialized", body: []byte(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)})).close()
	return m
}

// ask completes an ask of the session: a POST to the endpoint unless it says
// otherwise.
func (m *mcpSession) ask(a ask) ask {
	if a.method == "" {
		a.method = http.MethodPost
	}
	a.url, a.stay = m.talk.target.MCP.URL, true
	a.fields = slices.Concat([]Field{{"Accept", "application/json, text/event-stream"}}, m.named, a.fields)
	return a
}

// request sends a JSON-RPC request with a number of its own and does not wait
// for its answer.
func (m *mcpSession) request(name, template string, fields ...Field) *stream {
	m.calls++
	return m.talk.send(m.ask(ask{name: name, body: requestOf(template, m.calls), fields: fields}))
}

// resume asks for what follows an event.
func (m *mcpSession) resume(name, id string) *stream {
	return m.talk.open(m.ask(ask{
		name: name, method: http.MethodGet,
		fields: []Field{{"Accept", "text/event-stream"}, {"Last-Event-ID", id}},
	}))
}

// farewell ends the session, if it has a name.
func (m *mcpSession) farewell() {
	t := m.talk
	if !slices.ContainsFunc(m.named, func(f Field) bool { return f.Name == sessionField }) {
		return
	}
	t.open(m.ask(ask{name: "farewell", method: http.MethodDelete, patience: t.pace().Quiet})).close()
}

// leave ends the session of the exchanges that know nothing of MCP.
func (r *runner) leave(ctx context.Context) {
	if len(r.session) == 0 {
		return
	}
	r.converse(ctx, &exchange{name: greeting, talk: func(t *talk) {
		(&mcpSession{talk: t, named: r.session}).farewell()
	}}, nil)
}

// resumed asks for what follows an event and waits until the response to a
// request comes. A server may close that stream early too; then it is resumed
// again.
func (m *mcpSession) resumed(name, id string, call *stream) bool {
	t := m.talk
	call.mu.Lock()
	number := requestNumber(call.rec)
	call.mu.Unlock()
	for round := 1; ; round++ {
		s := m.resume(name, id)
		if !s.isStream() {
			return false
		}
		got := func() bool { return hasResponse(s.rec, number, s.events) }
		s.until(t.pace().Patience, func() bool { return got() || s.rec.End != EndNone })
		if s.until(0, got) {
			return true
		}
		if last := s.lastEventID(); last != "" {
			id = last
		}
		if round == maxResumes || !s.end(0) || !t.sleep(min(s.retry(), t.pace().Patience)) {
			return false
		}
	}
}

// maxResumes bounds how often a stream is resumed that is closed each time.
const maxResumes = 5

// answered reports whether the response to the stream's own request is there.
func (s *stream) answered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return hasResponse(s.rec, requestNumber(s.rec), s.events)
}

// finished waits until that response is there or nothing more can come.
func (s *stream) finished(d time.Duration) bool {
	return s.until(d, func() bool {
		return s.rec.End != EndNone || hasResponse(s.rec, requestNumber(s.rec), s.events)
	})
}

// retry is the reconnection time that the stream has told, 0 if none.
func (s *stream) retry() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, _ := s.decoder.Retry()
	return d
}

func (s *stream) status() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rec.Status
}

// An rpc is what the checks look at in a JSON-RPC message.
type rpc struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Token    json.RawMessage `json:"progressToken"`
		Progress json.RawMessage `json:"progress"`
	} `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// responds reports whether it is the response to the request of the number.
func (m rpc) responds(number int) bool {
	return m.Method == "" && string(m.ID) == strconv.Itoa(number)
}

// rpcs reads the JSON-RPC message in the data of an event, or a batch of them.
func rpcs(data []byte) []rpc {
	var one rpc
	if json.Unmarshal(data, &one) == nil {
		return []rpc{one}
	}
	var batch []rpc
	if json.Unmarshal(data, &batch) == nil {
		return batch
	}
	return nil
}

// hasResponse reports whether the response to the request of the number is
// among the events, or is the body.
func hasResponse(c *Connection, number int, events []Event) bool {
	_, ok := findResponse(c, number, events)
	return ok
}

func findResponse(c *Connection, number int, events []Event) (rpc, bool) {
	var all []rpc
	if c.isStream() {
		for _, e := range events {
			all = append(all, rpcs([]byte(e.Data))...)
		}
	} else if c.essence() == "application/json" && c.End != EndNone {
		all = rpcs(c.whole())
	}
	i := slices.IndexFunc(all, func(m rpc) bool { return m.responds(number) })
	if i < 0 {
		return rpc{}, false
	}
	return all[i], true
}

// whole is the body so far, while more may still come.
func (c *Connection) whole() []byte {
	var body []byte
	for _, chunk := range c.Chunks {
		body = append(body, chunk.Data...)
	}
	return body
}
