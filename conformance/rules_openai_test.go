package conformance

import "time"

const (
	roleChunk   = `data: {"choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}` + "\n\n"
	finishChunk = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
	doneEvent   = "data: [DONE]\n\n"
)

// chat is the answer to a chat completion, which the server has ended.
func chat(chunks ...string) *Connection {
	c := body(chunks...).called("chat").asked("POST").ended(EndComplete)
	c.Ended = ms(100 * (len(chunks) + 1))
	return c
}

func endedAt(c *Connection, at int) *Connection { c.Ended = ms(at); return c }

var openaiLiterals = []literal{
	{id: "openai.post", name: "405", t: transcript(chat(doneEvent), reply("get", "HTTP/1.1 405 No")), want: Pass},
	{id: "openai.post", name: "401 to GET", t: transcript(chat(doneEvent), reply("get", "HTTP/1.1 401 No")), want: Pass},
	{id: "openai.post", name: "404 to GET", t: transcript(chat(doneEvent), reply("get", "HTTP/1.1 404 No")), want: Warn, observed: "404"},
	{id: "openai.post", name: "GET streams", t: transcript(chat(doneEvent), reply("get", goodHead)), want: Fail, observed: "GET is answered with 200"},
	{id: "openai.post", name: "POST refused", t: transcript(reply("chat", "HTTP/1.1 405 No"), reply("get", goodHead)), want: Fail, observed: "POST with a JSON body is answered with 405"},
	{id: "openai.post", name: "wrong token", t: transcript(reply("chat", "HTTP/1.1 401 No")), want: NotTested, observed: "do url, model and token fit"},

	{id: "openai.chunks.json", name: "objects", t: transcript(chat(": wait\n\n", roleChunk, finishChunk, doneEvent)), want: Pass},
	{id: "openai.chunks.json", name: "over two data lines", t: transcript(chat("data: {\ndata: \"choices\":[]}\n\n", doneEvent)), want: Pass},
	{id: "openai.chunks.json", name: "pretty and unsplit", t: transcript(chat("data: {\n  \"choices\": []\n}\n\n")), want: Fail, observed: "no JSON object"},
	{id: "openai.chunks.json", name: "array", t: transcript(chat("data: []\n\n")), want: Fail, observed: "no JSON object"},
	{id: "openai.chunks.json", name: "null", t: transcript(chat("data: null\n\n")), want: Fail, observed: "no JSON object"},
	{id: "openai.chunks.json", name: "typed", t: transcript(chat("event: chunk\n" + roleChunk)), want: Fail, observed: "chunk"},
	{id: "openai.chunks.json", name: "nothing", t: transcript(chat(doneEvent)), want: NotTested},

	{id: "openai.finish", name: "stop", t: transcript(chat(roleChunk, finishChunk, doneEvent)), want: Pass, observed: "stop"},
	{id: "openai.finish", name: "none", t: transcript(chat(roleChunk, doneEvent)), want: Warn, observed: "1 chunk"},
	{id: "openai.finish", name: "too late", t: transcript(chat(roleChunk, doneEvent, finishChunk)), want: Warn},
	{id: "openai.finish", name: "failed", t: transcript(chat(roleChunk, "data: {\"error\":{}}\n\n")), want: NotTested},
	{id: "openai.finish", name: "still coming", t: transcript(chat(roleChunk).ended(EndLeft)), want: NotTested, observed: "had not ended"},

	{id: "openai.done.present", name: "there", t: transcript(chat(roleChunk, doneEvent)), want: Pass},
	{id: "openai.done.present", name: "missing", t: transcript(chat(roleChunk, finishChunk)), want: Fail, observed: "ends without it"},
	{id: "openai.done.present", name: "cut", t: transcript(chat(roleChunk, "data: [DONE]\n")), want: Fail},
	{id: "openai.done.present", name: "failed", t: transcript(chat(roleChunk, "data: {\"error\":{\"message\":\"x\"}}\n\n")), want: NotTested},
	{id: "openai.done.present", name: "still coming", t: transcript(chat(roleChunk).ended(EndLeft)), want: NotTested},

	{id: "openai.done.once-last", name: "last", t: transcript(chat(roleChunk, doneEvent)), want: Pass},
	{id: "openai.done.once-last", name: "comment behind", t: transcript(chat(roleChunk, doneEvent, ":\n\n")), want: Pass},
	{id: "openai.done.once-last", name: "twice", t: transcript(chat(doneEvent, doneEvent)), want: Fail, observed: "2 times"},
	{id: "openai.done.once-last", name: "usage behind", t: transcript(chat(doneEvent, "data: {\"usage\":{}}\n\n")), want: Fail, observed: "usage"},
	{id: "openai.done.once-last", name: "none", t: transcript(chat(roleChunk)), want: NotTested, observed: "openai.done.present"},

	{id: "openai.done.closes", name: "at once", t: transcript(chat(roleChunk, doneEvent)), want: Pass},
	{id: "openai.done.closes", name: "late", t: transcript(endedAt(chat(doneEvent), 2101)), want: Warn, observed: "2.001 s"},
	{id: "openai.done.closes", name: "never", t: transcript(endedAt(chat(doneEvent), 1000).ended(EndLeft)), want: Warn, observed: "had not ended"},
	{id: "openai.done.closes", name: "none", t: transcript(chat(roleChunk)), want: NotTested},

	{id: "openai.stall", name: "quick", t: beating(time.Second, transcript(chat(roleChunk, doneEvent))), want: Pass},
	{id: "openai.stall", name: "silent behind the end", t: beating(time.Second, transcript(endedAt(chat(doneEvent), 9000))), want: Pass},
	{id: "openai.stall", name: "silent", t: beating(time.Second, transcript(endedAt(chat(roleChunk).ended(EndLeft), 3101))), want: Warn, observed: "3.001 s of silence"},
	{id: "openai.stall", name: "silent at first", t: beating(10*time.Millisecond, transcript(apart(chat(roleChunk, doneEvent), 1100))), want: Warn, observed: "1.097 s"},

	{id: "openai.error.in-stream", name: "status and error", t: transcript(reply("malformed", "HTTP/1.1 400 No"), chat(roleChunk, "data: {\"error\":{\"message\":\"x\"}}\n\n").called("failing")), want: Pass, observed: "before and within"},
	{id: "openai.error.in-stream", name: "status alone", t: transcript(reply("malformed", "HTTP/1.1 400 No")), want: Pass, observed: "add openai: failing"},
	{id: "openai.error.in-stream", name: "200", t: transcript(chat(roleChunk).called("malformed")), want: Warn, observed: "is answered with 200"},
	{id: "openai.error.in-stream", name: "text", t: transcript(reply("malformed", "HTTP/1.1 400 No"), chat(roleChunk, "Internal Server Error").called("failing")), want: Warn, observed: "ends within a line"},
	{id: "openai.error.in-stream", name: "silent end", t: transcript(reply("malformed", "HTTP/1.1 400 No"), chat(roleChunk, doneEvent).called("failing")), want: Warn, observed: "without an error"},
	{id: "openai.error.in-stream", name: "error is null", t: transcript(reply("malformed", "HTTP/1.1 400 No"), chat("data: {\"error\":null}\n\n").called("failing")), want: Warn, observed: "without an error"},
	{id: "openai.error.in-stream", name: "hangs", t: transcript(reply("malformed", "HTTP/1.1 400 No"), chat("data: {\"error\":{}}\n\n").called("failing").ended(EndLeft)), want: Warn, observed: "does not end"},

	{id: "retry.present", name: "answer of a model", t: profile("openai", transcript(body(doneEvent).ended(EndComplete))), want: NotTested},
	{id: "http.method.other", name: "streams by POST", t: openedBy("POST", transcript(reply("POST", goodHead).asked("POST"))), want: NotTested},

	{id: "openai.comments", name: "some", t: transcript(chat(": wait\n\n", roleChunk)), want: Told, observed: "1 comment among 1 event"},
	{id: "openai.comments", name: "none", t: transcript(chat(roleChunk, doneEvent)), want: Told, observed: "no comment in 2 events"},
}

// openedBy is a transcript of a target whose streams are opened by a method.
func openedBy(method string, t *Transcript) *Transcript { t.Facts.Method = method; return t }

// beating is a transcript of a target with the heartbeat.
func beating(d time.Duration, t *Transcript) *Transcript { t.Facts.Heartbeat = d; return t }

// apart is a connection whose first chunk came at a time in milliseconds.
func apart(c *Connection, at int) *Connection {
	for i := range c.Chunks {
		c.Chunks[i].At = ms(at + i)
	}
	return c
}
