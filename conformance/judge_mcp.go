package conformance

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// requestNumber is the number of the JSON-RPC request that a connection
// carried, 0 if it carried none.
func requestNumber(c *Connection) int {
	_, body, _ := bytes.Cut(c.Request, []byte("\r\n\r\n"))
	var request struct {
		ID int `json:"id"`
	}
	if json.Unmarshal(body, &request) != nil {
		return 0
	}
	return request.ID
}

// spokenBy is the revision of MCP to which the server has agreed, that which
// was asked for if it does not say.
func spokenBy(c *Connection) string {
	response, _ := findResponse(c, requestNumber(c), c.soFar())
	var result struct {
		Version string `json:"protocolVersion"`
	}
	if json.Unmarshal(response.Result, &result) != nil || result.Version == "" {
		return mcpVersion
	}
	return result.Version
}

// soFar decodes what has come, while more may still come.
func (c *Connection) soFar() []Event {
	return (&Connection{Chunks: slices.Clone(c.Chunks)}).events()
}

// Revisions of MCP between which streams begin with an event to resume from,
// and can be resumed.
const (
	mcpResumes = "2025-03-26"
	mcpPrimes  = "2025-11-25"
	mcpNoMore  = "2026-07-28"
)

// during judges only if the server has agreed to a revision of MCP from since
// up to, and without, the one that resumes no streams.
func during(since string, judge func(*Transcript) Verdict) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		c := t.named("initialize")
		if c == nil {
			return t.unmet("no MCP session could be opened")
		}
		switch version := spokenBy(c); {
		case version < since:
			return untested("the server speaks MCP %s; this came with %s", version, since)
		case version >= mcpNoMore:
			return untested("the server speaks MCP %s; this went with %s", version, mcpNoMore)
		}
		return judge(t)
	}
}

// responseTo is the response to the request of a connection among what another
// has brought.
func responseTo(call, in *Connection) (rpc, bool) {
	return findResponse(in, requestNumber(call), in.events())
}

// unstreamed says why the answer to a request is not judged as a stream; ok if
// it is one.
func unstreamed(t *Transcript, c *Connection) (v Verdict, ok bool) {
	switch {
	case c == nil || c.Responded == 0:
		return t.unmet("the request was not answered"), false
	case c.Status != 200:
		return untested("the request is answered with status %d", c.Status), false
	case !c.isStream():
		return untested("the request is answered with %s, which MCP allows, and not with a stream", quoted(c.essence())), false
	}
	return Verdict{}, true
}

func judgeMCPAccept(t *Transcript) Verdict {
	both := t.named("both")
	if both == nil || both.Status/100 != 2 {
		return t.unmet("a request that accepts both media types is not answered either")
	}
	for _, name := range []string{"json-only", "stream-only"} {
		switch c := t.named(name); {
		case c == nil || c.Responded == 0:
			return untested("%s was not answered%s", name, because(c))
		case c.Status/100 == 2:
			return missed("%s is answered with %d", name, c.Status).expect("406").show(c.headEvidence())
		case c.Status != 406:
			return missed("%s is refused with %d", name, c.Status).as(Should).expect("406").show(c.headEvidence())
		}
	}
	return passed("406")
}

func judgeMCPGet(t *Transcript) Verdict {
	c := t.named("get")
	switch {
	case c == nil || c.Responded == 0:
		return t.unmet("GET was not answered")
	case c.Status == 405:
		return passed("405")
	case c.isStream():
		return passed("stream")
	case c.Status == 401 || c.Status == 403:
		return untested("GET is refused with %d", c.Status)
	}
	return missed("GET is answered with %d and %s", c.Status, quoted(c.essence())).
		expect("200 with a stream, or 405").show(c.headEvidence())
}

func judgeMCPOrigin(t *Transcript) Verdict {
	if both := t.named("both"); both == nil || both.Status/100 != 2 {
		return t.unmet("the same request is not answered without a foreign origin either")
	}
	for _, name := range []string{"Origin", "Host"} {
		c := t.named(name)
		switch {
		case c == nil || c.Responded == 0:
			return untested("the request with a foreign %s was not answered%s", name, because(c))
		case c.Status/100 == 4:
		case name == "Origin":
			return missed("a request with Origin: %s is answered with %d", rebindingOrigin, c.Status).expect("403").show(c.headEvidence())
		case c.Protocol == "HTTP/2.0": // the host stands in no field there
		default:
			return missed("a request with Host: %s is answered with %d", rebindingHost, c.Status).as(Should).expect("403").show(c.headEvidence())
		}
	}
	return passed("")
}

func judgeMCPPriming(t *Transcript) Verdict {
	c := t.named("post-alone")
	if v, ok := unstreamed(t, c); !ok {
		return v
	}
	for _, b := range c.blocks() {
		if !b.has("id") && !b.has("data") {
			continue
		}
		evidence := c.bodyEvidence(b.Lines[0].Offset, b.Lines[len(b.Lines)-1].Offset+40)
		if id := b.fields("id"); len(id) == 0 {
			return missed("the first event has no ID").expect("an ID and empty data").show(evidence)
		}
		for _, l := range b.fields("data") {
			if _, value := l.field(); value != "" {
				return missed("the first event has data").expect("an ID and empty data").show(evidence)
			}
		}
		return passed("")
	}
	return t.unmet("the stream had no event")
}

func judgeMCPUnique(t *Transcript) Verdict {
	type place struct {
		c      *Connection
		offset int
	}
	seen := map[string]place{}
	for _, c := range t.streams() {
		for _, b := range c.blocks() {
			for _, l := range b.fields("id") {
				_, id := l.field()
				if id == "" {
					continue
				}
				if first, ok := seen[id]; ok {
					return missed("the ID %s is there twice in one session", quoted(id)).
						show(first.c.bodyEvidence(first.offset, first.offset+40), l.evidence(c))
				}
				seen[id] = place{c, l.Offset}
			}
		}
	}
	if len(seen) == 0 {
		return t.unmet("no event has an ID, which MCP allows")
	}
	return passed("")
}

func judgeMCPOneStream(t *Transcript) Verdict {
	streams := t.streams()
	if len(streams) < 2 {
		return t.unmet("fewer than two streams were open")
	}
	seen := map[string]*Connection{}
	for _, c := range streams {
		for _, e := range c.events() {
			for _, m := range rpcs([]byte(e.Data)) {
				key := m.key()
				first, ok := seen[key]
				if key != "" && ok && first != c {
					return missed("the message %s comes on the streams %s and %s", quoted(e.Data), first.Name, c.Name).
						show(c.bodyEvidence(e.Offset, e.Offset+120))
				}
				seen[key] = c
			}
		}
	}
	return passed("")
}

// key names a message of which there can be only one in a session: a response,
// a request, or a step of progress; empty for others.
func (m rpc) key() string {
	switch {
	case len(m.ID) > 0:
		return m.Method + " " + string(m.ID)
	case len(m.Params.Token) > 0:
		return "progress " + string(m.Params.Token) + " " + string(m.Params.Progress)
	}
	return ""
}

func judgeMCPMultiPost(t *Transcript) Verdict {
	alone := t.named("post-alone")
	if alone == nil || alone.Responded == 0 {
		return t.unmet("a single request was not answered")
	}
	var posts []*Connection
	for i := range manyPosts {
		c := t.named(fmt.Sprintf("post-%d", i+1))
		switch {
		case c == nil:
			return t.unmet("no requests were made at a time")
		case c.Responded == 0:
			return missed("of %d requests at a time, number %d is not answered%s", manyPosts, i+1, because(c))
		case c.Status/100 != 2:
			return missed("of %d requests at a time, number %d is answered with %d", manyPosts, i+1, c.Status).show(c.headEvidence())
		}
		posts = append(posts, c)
	}
	once := served(alone) - alone.Sent
	if once < tellingCall {
		return passed("answered; a single request is too quick to tell whether they wait for each other")
	}
	slices.SortFunc(posts, func(a, b *Connection) int { return cmp.Compare(a.Responded, b.Responded) })
	first, last := posts[0], posts[manyPosts-1]
	for i, c := range posts[1:] {
		if served(posts[i])-c.Responded > once/4 {
			return passed("side by side")
		}
	}
	if served(last)-served(first) < once*3/2 {
		return passed("side by side")
	}
	return missed("%d requests at a time are answered one after another, the last after %s; a single one takes %s",
		manyPosts, seconds(served(last)-last.Sent), seconds(once)).show(last.headEvidence())
}

// tellingCall is how long a request must take to tell whether others wait for
// it.
const tellingCall = 200 * time.Millisecond

// served is when the response to a connection's request came, or when nothing
// more came.
func served(c *Connection) time.Duration {
	for _, e := range c.events() {
		for _, m := range rpcs([]byte(e.Data)) {
			if m.responds(requestNumber(c)) {
				return e.At
			}
		}
	}
	return c.Ended
}
