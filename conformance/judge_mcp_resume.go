package conformance

import (
	"fmt"
	"slices"
	"strings"
)

func judgeMCPRetry(t *Transcript) Verdict {
	c := t.named("call")
	if v, ok := unstreamed(t, c); !ok {
		return v
	}
	_, responded := responseTo(c, c)
	switch {
	case responded:
		return untested("the server ends no stream before its response")
	case !c.End.byPeer():
		return t.unmet("neither a response nor the end of the stream came")
	case !c.decode().hasRetry:
		return missed("the stream ends before its response, and no reconnection time was told").show(c.endEvidence())
	}
	return passed("")
}

func judgeMCPResume(t *Transcript) Verdict {
	var first, last *Connection
	for _, way := range []struct{ exchange, call, resumed string }{
		{"mcp-resume", "call", "resumed"}, // the server had ended the stream
		{"mcp-drop", "call-a", "resumed"}, // the client had
		{"mcp-drop", "call-c", "orderly"}, // nobody had
	} {
		list, end := resumption(t, way.exchange, way.resumed)
		if len(list) == 0 {
			continue
		}
		if _, c := delivered(connection(t, way.exchange, way.call), list); c != nil {
			return passed("")
		}
		if first == nil {
			first, last = list[0], end
		}
	}
	switch {
	case first == nil:
		return t.unmet("no stream could be resumed: no event of a call has an ID")
	case first.Responded == 0:
		return untested("GET with Last-Event-ID was not answered%s", because(first))
	case !first.isStream():
		return missed("GET with the ID of the call's last event is answered with %d", first.Status).
			expect("a stream with what follows").show(first.headEvidence())
	}
	return missed("the resumed stream does not bring the response").show(last.headEvidence(), last.endEvidence())
}

func judgeMCPDisconnect(t *Transcript) Verdict {
	resumed, last := resumption(t, "mcp-drop", "resumed")
	if len(resumed) == 0 || !resumed[0].isStream() {
		return t.unmet("the stream of a call that was broken off could not be resumed (see mcp.resume)")
	}
	response, in := delivered(connection(t, "mcp-drop", "call-a"), resumed)
	if in != nil && len(response.Error) == 0 {
		return passed("")
	}
	if in != nil {
		return missed("the call that was broken off is answered with the error %s", quoted(string(response.Error))).show(in.endEvidence())
	}
	orderly, _ := resumption(t, "mcp-drop", "orderly")
	if _, c := delivered(connection(t, "mcp-drop", "call-c"), orderly); c == nil {
		return untested("the response did not come, and does not come either when nothing was broken off (see mcp.resume)")
	}
	return missed("the response to a call that was broken off never comes; when nothing was broken off, it does").show(last.endEvidence())
}

func judgeMCPReplay(t *Transcript) Verdict {
	a, b := connection(t, "mcp-drop", "call-a"), connection(t, "mcp-drop", "call-b")
	resumed, _ := resumption(t, "mcp-drop", "resumed")
	if a == nil || b == nil || len(resumed) == 0 || !resumed[0].isStream() {
		return t.unmet("no stream could be resumed (see mcp.resume)")
	}
	others, own := idsOf(b), idsOf(a)
	replayed := false
	for _, c := range resumed {
		for _, l := range c.lines() {
			name, id := l.field()
			if name == "id" && slices.Contains(others, id) && !slices.Contains(own, id) {
				return missed("the resumed stream of one call has the event %s of another", quoted(id)).show(l.evidence(c))
			}
		}
		for _, e := range c.events() {
			for _, m := range rpcs([]byte(e.Data)) {
				if m.concerns(requestNumber(b)) {
					return missed("the resumed stream of one call has what belongs to another").show(c.bodyEvidence(e.Offset, e.Offset+120))
				}
				replayed = replayed || m.concerns(requestNumber(a))
			}
		}
	}
	if !replayed {
		return untested("nothing was replayed (see mcp.resume)")
	}
	return passed("")
}

// idsOf lists the IDs that a stream has sent.
func idsOf(c *Connection) []string {
	var list []string
	for _, l := range c.lines() {
		if name, id := l.field(); name == "id" {
			list = append(list, id)
		}
	}
	return list
}

// concerns reports whether the message is a response to the request of the
// number, or tells how far it is.
func (m rpc) concerns(number int) bool {
	return m.responds(number) || strings.Trim(string(m.Params.Token), `"`) == fmt.Sprint(number)
}

// connection is the first of the name in an exchange, nil if there is none.
func connection(t *Transcript, exchange, name string) *Connection {
	for _, c := range t.Connections {
		if c.Exchange == exchange && c.Name == name {
			return c
		}
	}
	return nil
}

// resumption are the connections of an exchange, by the beginning of their
// names, that resume a stream, and the last of them.
func resumption(t *Transcript, exchange, name string) (list []*Connection, last *Connection) {
	for _, c := range t.Connections {
		if c.Exchange == exchange && strings.HasPrefix(c.Name, name) {
			list, last = append(list, c), c
		}
	}
	return list, last
}

// delivered is the response to a call, and which of the connections brought
// it; nil if none did.
func delivered(call *Connection, in []*Connection) (rpc, *Connection) {
	if call == nil {
		return rpc{}, nil
	}
	for _, c := range in {
		if m, ok := responseTo(call, c); ok {
			return m, c
		}
	}
	return rpc{}, nil
}
