package conformance

// openaiChecks are about servers of chat completions that stream as OpenAI's
// API does.
var openaiChecks = []Check{
	{
		ID: "openai.post", Level: Must, Clause: "practice (OpenAI API, chat completions)", Profile: "openai", Exchange: "openai-chat",
		Require: "POST with a JSON body and stream: true opens an event stream, and GET does not.",
		Why:     "All client libraries ask this way; an answer in another form is an exception in each of them.",
		Fix:     "Route POST alone to the handler, answer other methods with 405, and stream when the body asks for it.",
		Judge:   judgeChatPost,
	},
	{
		ID: "openai.chunks.json", Level: Must, Clause: "practice (OpenAI API, chat completions)", Profile: "openai", Exchange: "openai-chat",
		Require: "The data of every event is one JSON object, or [DONE], and no event has a type.",
		Why:     "Clients parse each data by itself, and many read nothing but lines that begin with data:.",
		Fix:     "Write each chunk as JSON on one line behind data:, without an event field.",
		Judge:   onChat(judgeChatChunks),
	},
	{
		ID: "openai.finish", Level: Should, Clause: "practice (OpenAI API, chat completions)", Profile: "openai", Exchange: "openai-chat",
		Require: "A chunk with a finish_reason comes before the end.",
		Why:     "Without it a client cannot tell an answer that is complete from one that was cut off or wants a tool called.",
		Fix:     "Send a last chunk with an empty delta and the finish_reason.",
		Judge:   onWholeChat(judgeChatFinish),
	},
	{
		ID: "openai.done.present", Level: Must, Clause: "practice (OpenAI API, chat completions)", Profile: "openai", Exchange: "openai-chat",
		Require: "The stream ends with data: [DONE].",
		Why:     "Clients wait for it, and take a stream without it for broken off.",
		Fix:     "Send data: [DONE] behind the last chunk.",
		Judge:   onWholeChat(judgeChatDone),
	},
	{
		ID: "openai.done.once-last", Level: Must, Clause: "practice (OpenAI API, chat completions)", Profile: "openai", Exchange: "openai-chat",
		Require: "The end marker [DONE] comes once, and no event follows it.",
		Why:     "Clients stop reading there: what follows, such as the usage, is lost.",
		Fix:     "Send the chunk with the usage first, and [DONE] last.",
		Judge:   onWholeChat(judgeChatDoneLast),
	},
	{
		ID: "openai.done.closes", Level: Should, Clause: "practice (OpenAI API, chat completions)", Profile: "openai", Exchange: "openai-chat", Timed: true,
		Require: "The response ends within two seconds after [DONE].",
		Why:     "Clients that read to the end of the response hang, and each holds a connection of the server.",
		Fix:     "Return from the handler behind [DONE].",
		Judge:   onWholeChat(judgeChatCloses),
	},
	{
		ID: "openai.stall", Level: Should, Clause: "practice", Profile: "openai", Exchange: "openai-chat", Timed: true,
		Require: "While an answer is not finished, a silence ends with a comment at the latest after two heartbeats.",
		Why:     "Proxies and clients cut a silent connection, while the model is still thinking.",
		Fix:     "Send a comment every 15 seconds while no chunk is ready.",
		Judge:   onChat(judgeChatStall),
	},
	{
		ID: "openai.error.in-stream", Level: Should, Clause: "practice (OpenAI API, errors)", Profile: "openai", Exchange: "openai-errors",
		Require: "A failure before the stream is told by the status, and one within it by data with an error object, after which the stream ends.",
		Why:     "Clients look for these two; a page or a bare text within the stream is dropped, and the answer looks complete.",
		Fix:     `Check the request before writing the head, and send data: {"error":{…}} when the model fails later.`,
		Judge:   judgeChatErrors,
	},
	{
		ID: "openai.comments", Level: Info, Clause: "WHATWG HTML 9.2.7", Profile: "openai", Exchange: "openai-chat",
		Require: "It is told whether comments keep the stream alive.",
		Why:     "They are right, but some client libraries do not count them as a sign of life.",
		Fix:     "Nothing needs to change; a client with a short idle time-out needs a longer one.",
		Judge:   onChat(judgeChatComments),
	},
}
