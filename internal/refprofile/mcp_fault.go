package refprofile

import "github.com/ssegauge/ssegauge/internal/refserver"

// mcpManners are what a fault can change. The zero value is right.
type mcpManners struct {
	anyAccept      bool // a POST is answered whatever it accepts
	get202         bool // GET is answered with 202
	noPriming      bool // a stream begins with its first message
	noRetry        bool // a stream that is closed early tells no reconnection time
	resumeNotFound bool // no stream is found by an ID
	countPerStream bool // IDs are counted in each stream by itself
	broadcast      bool // a message goes to all streams of the session
	replayAll      bool // a resumed stream gets what belongs to all
	serial         bool // a session's requests wait for each other
	anyOrigin      bool // pages of any origin, and any host, are let in
	cancels        bool // a call ends when its connection does
}

var mcpFaults = []faultRow[mcpManners]{
	{refserver.Fault{ID: "accept-ignored", Description: "A POST is answered whatever it accepts.", Breaks: []string{"mcp.post.accept"}},
		func(m *mcpManners) { m.anyAccept = true }},
	{refserver.Fault{ID: "get-202", Description: "GET is answered with 202.", Breaks: []string{"mcp.get", "http.status.ok"}},
		func(m *mcpManners) { m.get202 = true }},
	{refserver.Fault{ID: "priming-missing", Description: "A stream begins with its first message.", Breaks: []string{"mcp.priming"}},
		func(m *mcpManners) { m.noPriming = true }},
	{refserver.Fault{ID: "retry-missing", Description: "A stream that is closed early tells no reconnection time.", Breaks: []string{"mcp.retry"}},
		func(m *mcpManners) { m.noRetry = true }},
	{refserver.Fault{ID: "resume-404", Description: "A stream that is to be resumed is not found.", Breaks: []string{"mcp.resume"}},
		func(m *mcpManners) { m.resumeNotFound = true }},
	{refserver.Fault{ID: "id-per-stream", Description: "IDs are counted in each stream by itself.", Breaks: []string{"mcp.id.unique"}},
		func(m *mcpManners) { m.countPerStream = true }},
	{refserver.Fault{ID: "broadcast", Description: "Every message goes to all streams of its session.", Breaks: []string{"mcp.one-stream"}},
		func(m *mcpManners) { m.broadcast = true }},
	{refserver.Fault{ID: "replay-shared", Description: "A resumed stream gets what belongs to the session's other streams too.", Breaks: []string{"mcp.replay.same-stream"}},
		func(m *mcpManners) { m.replayAll = true }},
	{refserver.Fault{ID: "serial", Description: "The requests of a session wait for each other.", Breaks: []string{"mcp.multi-post"}},
		func(m *mcpManners) { m.serial = true }},
	{refserver.Fault{ID: "origin-open", Description: "Requests of foreign pages are answered.", Breaks: []string{"mcp.origin"}},
		func(m *mcpManners) { m.anyOrigin = true }},
	{refserver.Fault{ID: "disconnect-cancels", Description: "A call is cancelled when its connection breaks.", Breaks: []string{"mcp.disconnect-not-cancel"}},
		func(m *mcpManners) { m.cancels = true }},
}
