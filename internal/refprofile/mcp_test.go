package refprofile

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// A caller speaks to an MCP server, in a session once it has one.
type caller struct {
	t      *testing.T
	url    string
	fields []string
}

func (c *caller) post(body string, fields ...string) *http.Response {
	c.t.Helper()
	all := append([]string{"Accept", "application/json, text/event-stream", "Content-Type", "application/json"}, c.fields...)
	return request(c.t, "POST", c.url, body, append(all, fields...)...)
}

func (c *caller) get(fields ...string) *http.Response {
	c.t.Helper()
	return request(c.t, "GET", c.url, "", append(append([]string{"Accept", "text/event-stream"}, c.fields...), fields...)...)
}

const hello = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":%q}}`

// greet begins a session in a revision of MCP.
func greet(t *testing.T, base, version string) *caller {
	t.Helper()
	c := &caller{t: t, url: base + MCPPath}
	r := c.post(fmt.Sprintf(hello, version))
	wantStatus(t, r, 200)
	id := r.Header.Get("Mcp-Session-Id")
	if body := text(t, r); id == "" || !strings.Contains(body, `"protocolVersion":"`+version+`"`) {
		t.Fatalf("session %q, %s", id, body)
	}
	c.fields = []string{"Mcp-Session-Id", id, "Mcp-Protocol-Version", version}
	wantStatus(t, c.post(`{"jsonrpc":"2.0","method":"notifications/initialized"}`), 202)
	return c
}

func slowCall(id int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"slow","_meta":{"progressToken":%[1]d}}}`, id)
}

const (
	pong     = `data: {"id":2,"jsonrpc":"2.0","result":{}}`
	slowDone = `"result":{"content":[{"text":"done","type":"text"}]}}`
)

func TestMCPRequest(t *testing.T) {
	base := run(t, Config{Protocol: MCP, Heartbeat: still})
	for version, want := range map[string]string{
		"2025-11-25": ":\n\nid: 1-1\ndata: \n\nid: 1-2\n" + pong + "\n\n",
		"2025-03-26": ":\n\nid: 1-1\n" + pong + "\n\n",
	} {
		r := greet(t, base, version).post(`{"jsonrpc":"2.0","id":2,"method":"ping"}`)
		if got := text(t, r); got != want || r.Header.Get("Content-Type") != "text/event-stream" {
			t.Errorf("%s: %q, want %q", version, got, want)
		}
	}
	c := greet(t, base, "2025-11-25")
	for body, want := range map[string]string{
		`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`:                                `"name":"slow"`,
		`{"jsonrpc":"2.0","id":2,"method":"nothing"}`:                                   `"code":-32601`,
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"other tool"}}`: `"code":-32602`,
	} {
		if got := text(t, c.post(body)); !strings.Contains(got, want) {
			t.Errorf("%s is answered with %q, want %s", body, got, want)
		}
	}
}

func TestMCPRefuses(t *testing.T) {
	base := run(t, Config{Protocol: MCP, Heartbeat: still})
	c := greet(t, base, "2025-11-25")
	stranger := &caller{t: t, url: c.url}
	const ping = `{"jsonrpc":"2.0","id":2,"method":"ping"}`
	for _, refused := range []struct {
		what string
		r    *http.Response
		want int
	}{
		{"JSON alone", c.post(ping, "Accept", "application/json"), 406},
		{"stream alone", c.post(ping, "Accept", "text/event-stream"), 406},
		{"one at weight 0", c.post(ping, "Accept", "application/json;q=0.0, text/event-stream"), 406},
		{"anything", c.post(ping, "Accept", "*/*"), 200},
		{"ranges", c.post(ping, "Accept", "application/*, text/*;q=0.1"), 200},
		{"media type", c.post(ping, "Content-Type", "text/plain"), 415},
		{"no JSON", c.post("{"), 400},
		{"no JSON-RPC", c.post(`{"id":1,"method":"ping"}`), 400},
		{"no session", stranger.post(ping), 400},
		{"unknown session", c.post(ping, "Mcp-Session-Id", "x"), 404},
		{"unknown revision", c.post(ping, "Mcp-Protocol-Version", "1"), 400},
		{"foreign origin", c.post(ping, "Origin", "https://a.example"), 403},
		{"no origin of a page", c.post(ping, "Origin", "null"), 403},
		{"local origin", c.post(ping, "Origin", "http://localhost:1"), 200},
		{"foreign host", c.post(ping, "Host", "a.example"), 403},
		{"GET of JSON", c.get("Accept", "application/json"), 406},
		{"GET without a session", stranger.get(), 400},
		{"path", request(t, "POST", base+"/x", ping), 404},
		{"PUT", request(t, "PUT", c.url, ping), 405},
	} {
		if refused.r.StatusCode != refused.want {
			t.Errorf("%s: status %d, want %d", refused.what, refused.r.StatusCode, refused.want)
		}
	}
}

// What a request brings along cannot end a line of the stream.
func TestMCPToken(t *testing.T) {
	c := greet(t, run(t, Config{Protocol: MCP, Heartbeat: beat}), "2025-11-25")
	body := strings.Replace(slowCall(2), `"progressToken":2`, "\"progressToken\":[1,\n\n2]", 1)
	if got := text(t, c.post(body)); !strings.Contains(got, `"progressToken":[1,2],`) {
		t.Errorf("%q", got)
	}
}

// A call goes on without its connection, and a resumed stream has what comes
// behind the ID, and nothing of another call.
func TestMCPResume(t *testing.T) {
	base := run(t, Config{Protocol: MCP, Heartbeat: beat})
	c := greet(t, base, "2025-11-25")
	other := c.post(slowCall(7))
	first := text(t, c.post(slowCall(8)))
	if !strings.HasSuffix(first, "retry: 100\n\n") || strings.Contains(first, slowDone) {
		t.Errorf("the stream of the call is %q, want it closed before the response, with a retry", first)
	}
	resumed := text(t, c.get("Last-Event-ID", "2-2"))
	if !strings.HasSuffix(resumed, "id: 2-3\ndata: {\"id\":8,\"jsonrpc\":\"2.0\","+slowDone+"\n\n") || strings.Contains(resumed, "2-2\n") {
		t.Errorf("resumed behind 2-2: %q", resumed)
	}
	if again := text(t, c.get("Last-Event-ID", "2-1")); !strings.Contains(again, "id: 2-2\n") || strings.Contains(again, "id: 1-") || strings.Contains(again, `"id":7`) {
		t.Errorf("resumed behind 2-1: %q", again)
	}
	other.Body.Close()
	if got := text(t, c.get("Last-Event-ID", "1-1")); !strings.Contains(got, `"id":7,`) {
		t.Errorf("the call that was broken off: %q", got)
	}
}

// The end of a session ends its streams, and its ID is worth nothing then.
func TestMCPDelete(t *testing.T) {
	base := run(t, Config{Protocol: MCP, Heartbeat: beat})
	c := greet(t, base, "2025-11-25")
	r := c.get("Last-Event-ID", "unknown")
	wantStatus(t, r, 200)
	stream := bufio.NewReader(r.Body)
	until(t, stream, ":")
	until(t, stream, ":") // a heartbeat
	wantStatus(t, request(t, "DELETE", c.url, "", c.fields...), 204)
	for err := error(nil); err == nil; {
		_, err = stream.ReadByte()
	}
	wantStatus(t, c.get(), 404)
	wantStatus(t, request(t, "DELETE", c.url, "", c.fields...), 404)
}

func TestMCPLimits(t *testing.T) {
	base := run(t, Config{Protocol: MCP, Heartbeat: still})
	c := greet(t, base, "2025-11-25")
	for i := range maxSessionStreams {
		if r := c.post(`{"jsonrpc":"2.0","id":2,"method":"ping"}`); r.StatusCode != 200 {
			t.Fatalf("stream %d: status %d", i+1, r.StatusCode)
		} else {
			_ = text(t, r)
		}
	}
	wantStatus(t, c.post(`{"jsonrpc":"2.0","id":2,"method":"ping"}`), 503)
	for i := 1; i < maxSessions; i++ {
		if r := c.post(fmt.Sprintf(hello, "x")); r.StatusCode != 200 {
			t.Fatalf("session %d: status %d", i+1, r.StatusCode)
		} else {
			_ = text(t, r)
		}
	}
	wantStatus(t, c.post(fmt.Sprintf(hello, "x")), 503)
}
