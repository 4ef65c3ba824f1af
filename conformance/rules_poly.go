package conformance

// polyChecks are about what event-source-polyfill needs, which stands in for
// EventSource where requests need head fields of their own.
var polyChecks = []Check{
	{
		ID: "poly.last-event-id-query", Level: Must, Clause: "practice (event-source-polyfill)", Profile: "polyfill", Exchange: "poly-cursor",
		Require: "A stream is resumed by the parameter lastEventId.",
		Why:     "The polyfill sends the last event ID there and in no field, so every reconnection loses events.",
		Fix:     "Read lastEventId from the query if there is no Last-Event-ID field.",
		Judge:   judgePolyCursor,
	},
	{
		ID: "poly.heartbeat-45", Level: Must, Clause: "practice (event-source-polyfill)", Profile: "polyfill", Exchange: "poly-idle", Timed: true,
		Require: "A stream is never silent for 45 seconds.",
		Why:     "The polyfill takes the connection for dead then, and reconnects, again and again on a quiet topic.",
		Fix:     "Send a comment every 15 seconds.",
		Judge:   judgePolySilence,
	},
	{
		ID: "poly.padding", Level: May, Clause: "practice (event-source-polyfill)", Profile: "polyfill", Exchange: "poly-padding",
		Require: "With padding=true a stream begins with a comment of 2 KiB.",
		Why:     "Internet Explorer shows a page nothing of a response before that.",
		Fix:     "Nothing needs to change, unless such browsers matter; then write a colon and 2 KiB of blanks first.",
		Judge:   judgePolyPadding,
	},
	{
		ID: "poly.preflight", Level: Must, Clause: "Fetch, CORS protocol; practice (event-source-polyfill)", Profile: "polyfill", Exchange: "poly-preflight",
		Require: "OPTIONS allows the page's origin to send Authorization and the other fields that the target needs.",
		Why:     "The polyfill is there to send these fields; if the preflight fails, the browser never sends the request.",
		Fix:     "Answer OPTIONS without a token, and list the fields in Access-Control-Allow-Headers.",
		Judge:   judgePolyPreflight,
	},
	{
		ID: "poly.status-final", Level: Info, Clause: "WHATWG HTML 9.2.2; practice (event-source-polyfill)", Profile: "polyfill", Exchange: opening, Also: []string{"errors", "overload"},
		Require: "It is told which answers the polyfill takes for final.",
		Why:     "After any status but 200, and any other media type, it closes and never reconnects.",
		Fix:     "Answer 200 and a short stream with a retry field where the client should come back, as during an overload.",
		Judge:   judgePolyFinal,
	},
	{
		ID: "poly.heartbeat-field", Level: Info, Clause: "practice (event-source-polyfill)", Profile: "polyfill", Exchange: opening, Also: listened,
		Require: "It is told whether the stream has the field heartbeatTimeout.",
		Why:     "It tells the polyfill how long the stream may be silent; EventSource ignores it.",
		Fix:     "Nothing needs to change.",
		Judge:   judgePolyField,
	},
}
