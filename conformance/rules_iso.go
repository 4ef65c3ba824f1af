package conformance

// isoChecks are about keeping apart what belongs to different users and topics.
var isoChecks = []Check{
	{
		ID: "iso.user", Level: Must, Clause: "practice", Exchange: "users",
		Require: "An event for one user reaches no stream of another, however many are published at a time.",
		Why:     "One user reads what was meant for another.",
		Fix:     "Choose the receivers by the user of the token that opened the stream, and keep nothing of a request in what requests share.",
		Judge:   judgeIsoUser,
	},
	{
		ID: "iso.user.untargeted", Level: Must, Clause: "practice", Exchange: "nobody",
		Require: "An event for nobody in particular is refused or dropped, and not sent to all.",
		Why:     "A variable that is empty by mistake makes a private event public.",
		Fix:     "Refuse a publish whose audience is missing or empty; let broadcasting be asked for by name.",
		Judge:   judgeIsoUntargeted,
	},
	{
		ID: "iso.topic", Level: Must, Clause: "practice", Exchange: "topics",
		Require: "A stream gets the events of the very topics that it asked for, not of those with similar names.",
		Why:     "Rights are given for names; a comparison by prefix or without letter case reads past them.",
		Fix:     "Compare names of topics byte by byte. Take patterns only where they are written as such.",
		Judge:   judgeIsoTopic,
	},
	{
		ID: "iso.resume", Level: Must, Clause: "practice (MCP 2025-11-25, Resumability and Redelivery)", Exchange: "foreign-resume",
		Require: "A stream that resumes by the ID of another user's event gets none of that user's events.",
		Why:     "IDs can be guessed or seen; by replaying, one user reads what another got before.",
		Fix:     "Look the ID up among what the user may read, and replay by the same filter as live.",
		Judge:   judgeIsoResume,
	},
	{
		ID: "iso.resume.oracle", Level: Should, Clause: "practice", Exchange: "foreign-resume",
		Require: "An ID of another user's event is answered as one that nobody ever sent.",
		Why:     "The difference tells which IDs exist, and so what goes on at other users.",
		Fix:     "Look the ID up among what the user may read; let all others be unknown in the same way.",
		Judge:   judgeIsoOracle,
	},
	{
		ID: "iso.same-user-tabs", Level: Must, Clause: "practice", Exchange: "tabs",
		Require: "Each of two streams of one user gets every event for that user.",
		Why:     "With a second tab open, the first one falls silent and shows old data.",
		Fix:     "Keep a set of streams for each user, not one stream.",
		Judge:   judgeIsoTabs,
	},
	{
		ID: "iso.publish", Level: Must, Clause: "practice", Exchange: "user-publish",
		Require: "A user who may only read cannot publish to another user.",
		Why:     "Any user can show another whatever the page takes for the server's word.",
		Fix:     "Demand a right to publish, checked against the topic or user that is published to.",
		Judge:   judgeIsoPublish,
	},
	{
		ID: "iso.metadata", Level: Info, Clause: "practice", Exchange: "users",
		Require: "The IDs of one user's events tell nothing about those of others.",
		Why:     "From numbers that are left out, a user can count what all others get.",
		Fix:     "Count per user or topic, or make IDs that have no order for outsiders.",
		Judge:   judgeIsoMetadata,
	},
	{
		ID: "iso.connection-reuse", Level: Must, Clause: "practice (RFC 9110 3.3)", Exchange: "reuse",
		Require: "Each request of a network connection counts for itself, whoever sent the others.",
		Why:     "Proxies send the requests of many users over one connection; each would be taken for the first.",
		Fix:     "Authenticate every request. Keep nothing of it with the connection.",
		Judge:   judgeIsoReuse,
	},
}
