package conformance

import (
	"fmt"
	"strings"
)

const jsonHead = "HTTP/1.1 200 OK\nContent-Type: application/json"

// greeted is the connection on which an MCP session began.
func greeted(version string) *Connection {
	c := reply("initialize", jsonHead).sent(`{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"` + version + `"}}`).ended(EndComplete)
	return rpcCarrier(c, 1)
}

// rpcCarrier is a connection that carried a JSON-RPC request.
func rpcCarrier(c *Connection, n int) *Connection {
	c.Method = "POST"
	c.Request = fmt.Appendf(nil, "POST /mcp HTTP/1.1\r\n\r\n"+`{"jsonrpc":"2.0","id":%d,"method":"ping"}`, n)
	return c
}

// call is the stream that answers the request of a number.
func call(name string, n int, chunks ...string) *Connection {
	return rpcCarrier(body(chunks...).called(name).ended(EndComplete), n)
}

// resumes is a stream that was resumed in an exchange.
func resumes(exchange, name string, chunks ...string) *Connection {
	return body(chunks...).called(name).in(exchange)
}

// rpcEvent is an event with a JSON-RPC message and, unless it is empty, an ID.
func rpcEvent(id, fields string) string {
	if id != "" {
		id = "id: " + id + "\n"
	}
	return id + `data: {"jsonrpc":"2.0",` + fields + "}\n\n"
}

func result(id string, n int) string { return rpcEvent(id, fmt.Sprintf(`"id":%d,"result":{}`, n)) }

func progress(id string, n int) string {
	return rpcEvent(id, fmt.Sprintf(`"method":"notifications/progress","params":{"progressToken":%d,"progress":1}`, n))
}

const priming = "id: 1-1\ndata:\n\n"

// served3 are three requests at a time, of which each is answered in an
// interval of milliseconds, and one before by itself that took as long as
// given.
func served3(once int, intervals ...[2]int) *Transcript {
	list := []*Connection{rpcCarrier(body(result("", 2)).called("post-alone"), 2)}
	list[0].Sent, list[0].Chunks[0].At = ms(1), ms(1+once)
	for i, at := range intervals {
		c := rpcCarrier(body(result("", 3+i)).called(fmt.Sprintf("post-%d", i+1)), 3+i)
		c.Responded, c.Chunks[0].At = ms(at[0]), ms(at[1])
		list = append(list, c)
	}
	return transcript(list...)
}

var refused406 = "HTTP/1.1 406 Not Acceptable"

var mcpLiterals = []literal{
	{id: "mcp.post.accept", name: "406", t: transcript(reply("both", jsonHead), reply("json-only", refused406), reply("stream-only", refused406)), want: Pass},
	{id: "mcp.post.accept", name: "400", t: transcript(reply("both", jsonHead), reply("json-only", "HTTP/1.1 400 No"), reply("stream-only", refused406)), want: Warn, observed: "json-only is refused with 400"},
	{id: "mcp.post.accept", name: "taken", t: transcript(reply("both", jsonHead), reply("json-only", refused406), reply("stream-only", goodHead)), want: Fail, observed: "stream-only is answered with 200"},
	{id: "mcp.post.accept", name: "nothing works", t: transcript(reply("both", "HTTP/1.1 401 No"), reply("json-only", refused406)), want: NotTested},

	{id: "mcp.get", name: "stream", t: transcript(reply("get", goodHead)), want: Pass, observed: "stream"},
	{id: "mcp.get", name: "405", t: transcript(reply("get", "HTTP/1.1 405 No")), want: Pass, observed: "405"},
	{id: "mcp.get", name: "202", t: transcript(reply("get", "HTTP/1.1 202 Accepted")), want: Fail, observed: "202"},
	{id: "mcp.get", name: "202 stream", t: transcript(reply("get", "HTTP/1.1 202 Accepted\nContent-Type: text/event-stream")), want: Fail, observed: "202"},
	{id: "mcp.get", name: "page", t: transcript(reply("get", "HTTP/1.1 200 OK\nContent-Type: text/html")), want: Fail, observed: "text/html"},
	{id: "mcp.get", name: "401", t: transcript(reply("get", "HTTP/1.1 401 No")), want: NotTested},

	{id: "mcp.priming", name: "primed", t: transcript(greeted("2025-11-25"), call("post-alone", 2, ": hello\n\nretry: 5\n\n", priming+result("1-2", 2))), want: Pass},
	{id: "mcp.priming", name: "ID alone", t: transcript(greeted("2025-11-25"), call("post-alone", 2, "id: 1-1\n\n"+result("1-2", 2))), want: Pass},
	{id: "mcp.priming", name: "data first", t: transcript(greeted("2025-11-25"), call("post-alone", 2, result("1-1", 2))), want: Warn, observed: "has data"},
	{id: "mcp.priming", name: "no ID", t: transcript(greeted("2025-11-25"), call("post-alone", 2, result("", 2))), want: Warn, observed: "no ID"},
	{id: "mcp.priming", name: "older", t: transcript(greeted("2025-06-18"), call("post-alone", 2, result("", 2))), want: NotTested, observed: "2025-06-18"},
	{id: "mcp.priming", name: "newer", t: transcript(greeted("2026-07-28"), call("post-alone", 2, result("", 2))), want: NotTested, observed: "went with"},
	{id: "mcp.priming", name: "JSON", t: transcript(greeted("2025-11-25"), rpcCarrier(reply("post-alone", jsonHead), 2)), want: NotTested, observed: "application/json"},

	{id: "mcp.retry", name: "told", t: transcript(greeted("2025-11-25"), call("call", 2, priming+"retry: 100\n\n")), want: Pass},
	{id: "mcp.retry", name: "not told", t: transcript(greeted("2025-11-25"), call("call", 2, priming)), want: Warn, observed: "no reconnection time"},
	{id: "mcp.retry", name: "never closed early", t: transcript(greeted("2025-11-25"), call("call", 2, priming+result("1-2", 2))), want: NotTested, observed: "no stream before"},
	{id: "mcp.retry", name: "response is an error", t: transcript(greeted("2025-11-25"), call("call", 2, priming+rpcEvent("1-2", `"id":2,"error":{}`))), want: NotTested},
	{id: "mcp.retry", name: "older", t: transcript(greeted("2025-03-26"), call("call", 2, priming)), want: NotTested},

	{id: "mcp.resume", name: "response", t: transcript(greeted("2025-11-25"), call("call", 2, priming), resumes("mcp-resume", "resumed", result("1-2", 2))), want: Pass},
	{id: "mcp.resume", name: "at the second attempt", t: transcript(greeted("2025-11-25"), call("call", 2, priming), resumes("mcp-resume", "resumed", progress("1-2", 2)), resumes("mcp-resume", "resumed", result("1-3", 2))), want: Pass},
	{id: "mcp.resume", name: "of a broken one", t: transcript(greeted("2025-11-25"), call("call", 2, priming, result("1-2", 2)), call("call-a", 2, priming).in("mcp-drop"), resumes("mcp-drop", "resumed-a", result("1-2", 2))), want: Pass},
	{id: "mcp.resume", name: "404", t: transcript(greeted("2025-11-25"), call("call", 2, priming), reply("resumed", "HTTP/1.1 404 No").in("mcp-resume")), want: Warn, observed: "404"},
	{id: "mcp.resume", name: "another's response", t: transcript(greeted("2025-11-25"), call("call", 2, priming), resumes("mcp-resume", "resumed", result("1-2", 3))), want: Warn, observed: "does not bring"},
	{id: "mcp.resume", name: "no IDs", t: transcript(greeted("2025-11-25"), call("call", 2, result("", 2))), want: NotTested, observed: "no event of a call has an ID"},
	{id: "mcp.resume", name: "newer", t: transcript(greeted("2026-07-28"), call("call", 2, priming), reply("resumed", "HTTP/1.1 404 No").in("mcp-resume")), want: NotTested},

	{id: "mcp.id.unique", name: "unique", t: transcript(call("post-1", 2, priming), call("post-2", 3, "id: 2-1\ndata:\n\n")), want: Pass},
	{id: "mcp.id.unique", name: "carried over", t: transcript(call("post-1", 2, priming+"data: {}\n\n")), want: Pass},
	{id: "mcp.id.unique", name: "in two streams", t: transcript(call("post-1", 2, priming), call("post-2", 3, priming)), want: Fail, observed: `"1-1"`},
	{id: "mcp.id.unique", name: "in one stream", t: transcript(call("post-1", 2, priming+priming)), want: Fail},
	{id: "mcp.id.unique", name: "none", t: transcript(call("post-1", 2, result("", 2))), want: NotTested},

	{id: "mcp.one-stream", name: "apart", t: transcript(call("listen", 0, ":\n\n"), call("post-1", 2, progress("", 2)+result("", 2)), call("post-2", 3, progress("", 3)+result("", 3))), want: Pass},
	{id: "mcp.one-stream", name: "response on two", t: transcript(call("listen", 0, result("", 2)), call("post-1", 2, result("", 2))), want: Fail, observed: "listen and post-1"},
	{id: "mcp.one-stream", name: "progress on two", t: transcript(call("post-1", 2, progress("", 2)), call("post-2", 3, progress("", 2))), want: Fail},
	{id: "mcp.one-stream", name: "alike notifications", t: transcript(call("post-1", 2, rpcEvent("", `"method":"notifications/message","params":{"level":"info"}`)), call("post-2", 3, rpcEvent("", `"method":"notifications/message","params":{"level":"info"}`))), want: Pass},
	{id: "mcp.one-stream", name: "one stream", t: transcript(call("post-1", 2, result("", 2))), want: NotTested},

	{id: "mcp.replay.same-stream", name: "its own", t: transcript(greeted("2025-11-25"), call("call-a", 2, priming), call("call-b", 3, priming), resumes("mcp-drop", "resumed-a", result("1-2", 2))), want: Pass},
	{id: "mcp.replay.same-stream", name: "another's response", t: transcript(greeted("2025-11-25"), call("call-a", 2, priming), call("call-b", 3, priming), resumes("mcp-drop", "resumed-a", result("2-2", 3)+result("1-2", 2))), want: Fail, observed: "belongs to another"},
	{id: "mcp.replay.same-stream", name: "another's progress", t: transcript(greeted("2025-11-25"), call("call-a", 2, priming), call("call-b", 3, priming), resumes("mcp-drop", "resumed-a", progress("2-2", 3))), want: Fail},
	{id: "mcp.replay.same-stream", name: "another's first event", t: transcript(greeted("2025-11-25"), call("call-a", 2, priming), call("call-b", 3, "id: 2-1\ndata:\n\n"), resumes("mcp-drop", "resumed-a", "id: 2-1\ndata: {}\n\n")), want: Fail, observed: `the event "2-1" of another`},
	{id: "mcp.replay.same-stream", name: "IDs not unique", t: transcript(greeted("2025-11-25"), call("call-a", 2, "id: 1\ndata:\n\n"), call("call-b", 3, "id: 1\ndata:\n\n"), resumes("mcp-drop", "resumed-a", "id: 1\n"+result("", 2))), want: Pass},
	{id: "mcp.replay.same-stream", name: "nothing", t: transcript(greeted("2025-11-25"), call("call-a", 2, priming), call("call-b", 3, priming), resumes("mcp-drop", "resumed-a", ":\n\n")), want: NotTested, observed: "nothing was replayed"},

	{id: "mcp.multi-post", name: "side by side", t: served3(600, [2]int{10, 610}, [2]int{11, 640}, [2]int{12, 700}), want: Pass, observed: "side by side"},
	{id: "mcp.multi-post", name: "heads late", t: served3(600, [2]int{609, 610}, [2]int{611, 640}, [2]int{612, 700}), want: Pass},
	{id: "mcp.multi-post", name: "one after another", t: served3(600, [2]int{610, 1210}, [2]int{10, 600}, [2]int{1220, 1800}), want: Fail, observed: "one after another"},
	{id: "mcp.multi-post", name: "one after another, all but the ends", t: served3(600, [2]int{10, 600}, [2]int{599, 1200}, [2]int{1199, 1800}), want: Fail},
	{id: "mcp.multi-post", name: "too quick to tell", t: served3(5, [2]int{10, 11}, [2]int{12, 13}, [2]int{14, 15}), want: Pass, observed: "too quick"},
	{id: "mcp.multi-post", name: "503", t: transcript(call("post-alone", 2, result("", 2)), rpcCarrier(reply("post-1", "HTTP/1.1 503 No"), 3)), want: Fail, observed: "503"},
	{id: "mcp.multi-post", name: "no answer", t: transcript(call("post-alone", 2, result("", 2)), rpcCarrier(&Connection{Name: "post-1", Problem: "no answer in time"}, 3)), want: Fail, observed: "is not answered"},

	{id: "mcp.origin", name: "403", t: transcript(reply("both", jsonHead), reply("Origin", "HTTP/1.1 403 No"), reply("Host", "HTTP/1.1 421 No")), want: Pass},
	{id: "mcp.origin", name: "taken", t: transcript(reply("both", jsonHead), reply("Origin", jsonHead), reply("Host", "HTTP/1.1 403 No")), want: Fail, observed: "Origin"},
	{id: "mcp.origin", name: "host taken", t: transcript(reply("both", jsonHead), reply("Origin", "HTTP/1.1 403 No"), reply("Host", jsonHead)), want: Warn, observed: "Host"},
	{id: "mcp.origin", name: "host not shown", t: transcript(reply("both", jsonHead), reply("Origin", "HTTP/1.1 403 No"), speaking("HTTP/2.0", reply("Host", jsonHead))), want: Pass},
	{id: "mcp.origin", name: "nothing works", t: transcript(reply("both", "HTTP/1.1 401 No"), reply("Origin", "HTTP/1.1 401 No")), want: NotTested},

	{id: "mcp.disconnect-not-cancel", name: "goes on", t: transcript(greeted("2025-11-25"), call("call-a", 2, priming), resumes("mcp-drop", "resumed-a", result("1-2", 2))), want: Pass},
	{id: "mcp.disconnect-not-cancel", name: "error", t: transcript(greeted("2025-11-25"), call("call-a", 2, priming), resumes("mcp-drop", "resumed-a", rpcEvent("1-2", `"id":2,"error":{"code":-32000,"message":"cancelled"}`))), want: Warn, observed: "cancelled"},
	{id: "mcp.disconnect-not-cancel", name: "cancelled", t: transcript(greeted("2025-11-25"), call("call-a", 2, priming), resumes("mcp-drop", "resumed-a", progress("1-2", 2)), call("call-c", 4, priming, result("3-2", 4)), resumes("mcp-drop", "orderly", result("3-2", 4))), want: Warn, observed: "never comes"},
	{id: "mcp.disconnect-not-cancel", name: "no resuming at all", t: transcript(greeted("2025-11-25"), call("call-a", 2, priming), resumes("mcp-drop", "resumed-a", ":\n\n")), want: NotTested, observed: "mcp.resume"},
	{id: "mcp.disconnect-not-cancel", name: "404", t: transcript(greeted("2025-11-25"), call("call-a", 2, priming), reply("resumed-a", "HTTP/1.1 404 No").in("mcp-drop")), want: NotTested},

	{id: "http.status.ok", name: "405 in MCP", t: profile("mcp", transcript(reply("stream", "HTTP/1.1 405 No"))), want: NotTested, observed: "which MCP allows"},
	{id: "http.status.ok", name: "404 in MCP", t: profile("mcp", transcript(reply("stream", "HTTP/1.1 404 No"))), want: Fail},
	{id: "http.accept.missing", name: "MCP", t: profile("mcp", transcript(reply("accept-none", "HTTP/1.1 406 No"), head("X: y").in("open"))), want: NotTested},
	{id: "mcp.resume", name: "cancelled, orderly resumed", t: transcript(greeted("2025-11-25"), call("call", 2, result("1-1", 2)), call("call-a", 2, priming).in("mcp-drop"), resumes("mcp-drop", "resumed-a", ":\n\n"), call("call-c", 4, priming).in("mcp-drop"), resumes("mcp-drop", "orderly", result("3-2", 4))), want: Pass},

	{id: "mcp.version-note", name: "asked for", t: transcript(greeted("2025-11-25")), want: Told, observed: "agrees to 2025-11-25"},
	{id: "mcp.version-note", name: "on a stream", t: transcript(rpcCarrier(body(strings.Replace(rpcEvent("", `"id":1,"result":{"protocolVersion":"2025-06-18"}`), "{}", "", 1)).called("initialize"), 1)), want: Told, observed: "agrees to 2025-06-18"},
}

func speaking(protocol string, c *Connection) *Connection { c.Protocol = protocol; return c }
