package conformance

// slowChecks are about one client that is slow, or many, beside others.
var slowChecks = []Check{
	{
		ID: "slow.isolation.latency", Level: Must, Clause: "practice", Exchange: "stalled", Timed: true,
		Require: "A client that does not read delays nobody else's events.",
		Why:     "One phone in a tunnel holds up everybody.",
		Fix:     "Never write to one client while others wait: give each a queue or a position of its own.",
		Judge:   judgeIsolatedLatency,
	},
	{
		ID: "slow.isolation.loss", Level: Must, Clause: "practice", Exchange: "stalled",
		Require: "A client that does not read costs nobody else an event.",
		Why:     "A queue that all share overflows for all.",
		Fix:     "Drop events, if at all, for the slow client alone.",
		Judge:   judgeIsolatedLoss,
	},
	{
		ID: "slow.publisher", Level: Must, Clause: "practice", Exchange: "stalled", Timed: true,
		Require: "Publishing takes no longer because a client does not read.",
		Why:     "The slowest reader would set the pace of the application.",
		Fix:     "Answer the publisher when the event has its place in the order, not when it is delivered.",
		Judge:   judgePublisher,
	},
	{
		ID: "slow.bounded", Level: Should, Clause: "practice", Exchange: "stalled",
		Require: "What the target keeps for a client that does not read has a bound.",
		Why:     "Otherwise a few such clients use up the memory of the server.",
		Fix:     "Bound the queue in bytes, and cut the client or drop events and tell it.",
		Judge:   judgeBounded,
	},
	{
		ID: "slow.drop-signalled", Level: Should, Clause: "practice", Exchange: "stalled",
		Require: "A client for which events were dropped is told so, or cut, so that it can resume.",
		Why:     "A gap that nobody sees is wrong data.",
		Fix:     "End the stream, so that the client comes back with its last ID, or send an event that tells the gap.",
		Judge:   judgeDropSignalled,
	},
	{
		ID: "slow.recover", Level: Must, Clause: "practice (WHATWG HTML 9.2.4)", Exchange: "stalled",
		Require: "A slow client that was cut gets what it missed when it comes back, or is told that it cannot.",
		Why:     "Being cut is only harmless if the position is kept.",
		Fix:     "Keep events for longer than clients are allowed to lag, and tell a client whose position is gone.",
		Judge:   judgeRecover,
	},
	{
		ID: "slow.connect-flood", Level: Should, Clause: "practice", Exchange: "crowd", Timed: true,
		Require: "A crowd of idle streams does not keep a new client from opening one.",
		Why:     "Where a stream takes a thread or a worker, some hundreds of idle ones stop the whole service.",
		Fix:     "Serve streams without a thread each, and refuse with 503 what is beyond the limit.",
		Judge:   judgeNewcomer("crowd", "stream"),
	},
	{
		ID: "slow.slowloris", Level: Should, Clause: "practice", Exchange: "drip", Timed: true,
		Require: "Connections whose request head comes byte by byte do not keep a new client from opening a stream.",
		Why:     "A single machine could stop the service with a few slow connections.",
		Fix:     "Read heads without a worker each, and bound the time that a head may take.",
		Judge:   judgeNewcomer("dripping", "unfinished request"),
	},
}
