package conformance

// mcpChecks are about servers of the Model Context Protocol over streamable
// HTTP. What came with a revision of it, or went, is judged only if the server
// agrees to one that has it.
var mcpChecks = []Check{
	{
		ID: "mcp.post.accept", Level: Must, Clause: "MCP 2025-11-25, Sending Messages to the Server", Profile: "mcp", Exchange: "mcp-requests",
		Require: "A POST whose Accept does not list both application/json and text/event-stream is refused with 406.",
		Why:     "The server chooses between the two; a client that reads one of them alone fails as soon as the choice is the other.",
		Fix:     "Parse Accept, and answer 406 unless both media types are acceptable.",
		Judge:   judgeMCPAccept,
	},
	{
		ID: "mcp.get", Level: Must, Clause: "MCP 2025-11-25, Listening for Messages from the Server", Profile: "mcp", Exchange: "mcp-requests",
		Require: "GET opens an event stream with status 200, or is refused with 405.",
		Why:     "Clients listen with GET, and take 405 alone for the sign that the server has nothing to say by itself.",
		Fix:     "Answer GET with 200 and text/event-stream, or with 405.",
		Judge:   judgeMCPGet,
	},
	{
		ID: "mcp.priming", Level: Should, Clause: "MCP 2025-11-25, Sending Messages to the Server", Profile: "mcp", Exchange: "mcp-streams",
		Require: "The first event of a stream that answers a POST has an ID and empty data.",
		Why:     "A client whose connection breaks before the first message has nothing to resume from, and the response is lost.",
		Fix:     "Send an event with an ID and an empty data field as soon as the stream begins.",
		Judge:   during(mcpPrimes, judgeMCPPriming),
	},
	{
		ID: "mcp.retry", Level: Should, Clause: "MCP 2025-11-25, Sending Messages to the Server", Profile: "mcp", Exchange: "mcp-resume",
		Require: "A stream that the server ends before its response has told a reconnection time.",
		Why:     "Clients come back at once, or after a guess, when the server meant them to poll at its own pace.",
		Fix:     "Send a retry field before closing the connection.",
		Judge:   during(mcpPrimes, judgeMCPRetry),
	},
	{
		ID: "mcp.resume", Level: Should, Clause: "MCP 2025-11-25, Resumability and Redelivery", Profile: "mcp", Exchange: "mcp-resume", Also: []string{"mcp-drop"},
		Require: "GET with the ID of a stream's last event brings the response that is still pending.",
		Why:     "The result of a call whose connection broke is lost, and the call has to be made again.",
		Fix:     "Keep what a stream has sent under its IDs, and continue there when GET names one; or send no IDs.",
		Judge:   during(mcpResumes, judgeMCPResume),
	},
	{
		ID: "mcp.id.unique", Level: Must, Clause: "MCP 2025-11-25, Resumability and Redelivery", Profile: "mcp", Exchange: "mcp-streams",
		Require: "No ID is there twice among all streams of a session.",
		Why:     "An ID that two streams share resumes the wrong one.",
		Fix:     "Make the name of the stream part of the ID.",
		Judge:   judgeMCPUnique,
	},
	{
		ID: "mcp.one-stream", Level: Must, Clause: "MCP 2025-11-25, Multiple Connections", Profile: "mcp", Exchange: "mcp-streams",
		Require: "Each message is sent on one of the session's streams only.",
		Why:     "The client handles the message as often as it comes: a request is answered twice, a response has no call left.",
		Fix:     "Send what belongs to a request on its stream, and everything else on one stream that you choose.",
		Judge:   judgeMCPOneStream,
	},
	{
		ID: "mcp.replay.same-stream", Level: Must, Clause: "MCP 2025-11-25, Resumability and Redelivery", Profile: "mcp", Exchange: "mcp-drop",
		Require: "A resumed stream replays nothing that was meant for another stream.",
		Why:     "One call gets the results of another, which may belong to somebody else.",
		Fix:     "Keep events by stream, and replay from that of the given ID alone.",
		Judge:   during(mcpResumes, judgeMCPReplay),
	},
	{
		ID: "mcp.multi-post", Level: Must, Clause: "MCP 2025-11-25, Multiple Connections", Profile: "mcp", Exchange: "mcp-streams", Timed: true,
		Require: "Three requests at a time are served side by side.",
		Why:     "One slow tool holds up all others of the session, pings included, and clients take the server for dead.",
		Fix:     "Handle each POST by itself; hold no lock of the session while a tool runs.",
		Judge:   judgeMCPMultiPost,
	},
	{
		ID: "mcp.origin", Level: Must, Clause: "MCP 2025-11-25, Security Warning", Profile: "mcp", Exchange: "mcp-requests",
		Require: "A request with a foreign Origin or Host is refused.",
		Why:     "By DNS rebinding any page that a user visits can call the tools of a server on the user's machine.",
		Fix:     "Answer 403 unless Origin is absent or allowed, and Host is a name of the server.",
		Judge:   judgeMCPOrigin,
	},
	{
		ID: "mcp.disconnect-not-cancel", Level: Should, Clause: "MCP 2025-11-25, Sending Messages to the Server", Profile: "mcp", Exchange: "mcp-drop",
		Require: "A call goes on when its connection breaks.",
		Why:     "A network that changes between two cells would cancel long calls halfway, with half of their effects.",
		Fix:     "Run calls apart from the request that asked for them; end them by notifications/cancelled alone.",
		Judge:   during(mcpResumes, judgeMCPDisconnect),
	},
	{
		ID: "mcp.version-note", Level: Info, Clause: "MCP 2025-11-25, Lifecycle", Profile: "mcp", Exchange: greeting,
		Require: "It is told which revision of MCP the server agrees to.",
		Why:     "Streams begin with an event to resume from since 2025-11-25, and are resumed no more since 2026-07-28.",
		Fix:     "Nothing needs to change; the checks of other revisions are not tested.",
		Judge: func(t *Transcript) Verdict {
			c := t.named("initialize")
			if c == nil || t.Problem != "" {
				return t.unmet("no MCP session could be opened")
			}
			return told("asked for %s, the server agrees to %s", mcpVersion, spokenBy(c)).branch(spokenBy(c))
		},
	},
}
