package conformance

// mercureChecks are about hubs of the Mercure protocol
// (draft-dunglas-mercure), as its newest draft has it; a name that earlier drafts
// gave to the same thing is a warning.
var mercureChecks = []Check{
	{
		ID: "mercure.id.always", Level: Must, Clause: "Mercure, Reconciliation", Profile: "mercure", Exchange: "mercure-updates",
		Require: "Every update has an ID, which is an IRI or a fragment.",
		Why:     "A subscriber that loses its connection behind an update without an ID resumes from an older one, and gets updates twice.",
		Fix:     "Make an ID for every update that comes without one, such as urn:uuid: and a UUID.",
		Judge:   judgeMercureID,
	},
	{
		ID: "mercure.id.reject", Level: Must, Clause: "Mercure, Publication", Profile: "mercure", Exchange: "mercure-refusals",
		Require: "An update whose ID begins with #, is earliest, or has control or format characters is refused with 400.",
		Why:     "Such an ID is taken for one of the hub's own, or cannot come back in the Last-Event-ID field.",
		Fix:     "Check the ID before the update is stored.",
		Judge:   hubRefuses("id"),
	},
	{
		ID: "mercure.type.reject", Level: Must, Clause: "Mercure, Publication", Profile: "mercure", Exchange: "mercure-refusals",
		Require: "An update whose type is mercure, or has control or format characters, is refused with 400.",
		Why:     "A line end in it begins a field of the publisher's choice, and mercure is the type of the hub's own events.",
		Fix:     "Check the type before the update is stored.",
		Judge:   hubRefuses("type"),
	},
	{
		ID: "mercure.retry.reject", Level: Must, Clause: "Mercure, Publication", Profile: "mercure", Exchange: "mercure-refusals",
		Require: "An update whose reconnection time is not all ASCII digits is refused with 400.",
		Why:     "Receivers ignore such a field, so the publisher believes in a reconnection time that nobody has.",
		Fix:     "Take nothing but the digits 0 to 9.",
		Judge:   hubRefuses("retry"),
	},
	{
		ID: "mercure.data.split", Level: Must, Clause: "Mercure, Publication", Profile: "mercure", Exchange: "mercure-updates",
		Require: "The data of an update is split at CR, LF and CRLF, each a line end.",
		Why:     "A line end that is not split loses the rest of the data, or makes a field of it.",
		Fix:     "Write a data field for each line, whichever of the three ends it.",
		Judge:   judgeMercureSplit,
	},
	{
		ID: "mercure.last_event_id", Level: Must, Clause: "Mercure, Reconciliation", Profile: "mercure", Exchange: "mercure-resume",
		Require: "A stream is resumed by the parameter last_event_id too, and by the field if both are there.",
		Why:     "A browser cannot set the field on its first connection, and repeats an old parameter on all later ones.",
		Fix:     "Read the field Last-Event-ID, and the parameter only if there is none.",
		Judge:   judgeMercureLastEventID,
	},
	{
		ID: "mercure.earliest", Level: May, Clause: "Mercure, Reconciliation", Profile: "mercure", Exchange: "mercure-resume",
		Require: "The ID earliest brings all updates that the hub has of the topic.",
		Why:     "Subscribers that use the hub as a store of events begin there.",
		Fix:     "Nothing needs to change: a hub may ignore it.",
		Judge:   judgeMercureEarliest,
	},
	{
		ID: "mercure.cursor-header", Level: Must, Clause: "Mercure, Reconciliation", Profile: "mercure", Exchange: "mercure-resume",
		Require: "The answer to a resumed stream names the event before its first one in Mercure-Last-Event-ID.",
		Why:     "It is how a subscriber notices that updates were lost while it was away.",
		Fix:     "Send the ID of the event before the first one, or earliest if there is none.",
		Judge:   judgeMercureCursor,
	},
	{
		ID: "mercure.reused-id", Level: Must, Clause: "Mercure, Reconciliation", Profile: "mercure", Exchange: "mercure-resume",
		Require: "An ID that several updates share resumes the stream behind the earliest of them.",
		Why:     "From a later one the updates in between are lost; twice is better than never.",
		Fix:     "Look for the ID from the oldest update on.",
		Judge:   judgeMercureShared,
	},
	{
		ID: "mercure.exp", Level: Must, Clause: "Mercure, Authorization", Profile: "mercure", Exchange: "mercure-expiry", Timed: true,
		Require: "A stream ends no later than its token expires.",
		Why:     "Short-lived tokens protect nothing if a stream outlives them.",
		Fix:     "End the response when the time of the claim exp has come.",
		Judge:   judgeMercureExpiry,
	},
	{
		ID: "mercure.errors", Level: Must, Clause: "Mercure, Error Responses; RFC 6750 3.1", Profile: "mercure", Exchange: "mercure-errors",
		Require: "A missing token gets 401 without an error code, a wrong one 401 invalid_token, one without the right 403 insufficient_scope, and a malformed request 400.",
		Why:     "Clients renew a token after invalid_token and give up after insufficient_scope; the wrong answer makes them loop or stop.",
		Fix:     "Tell the four cases apart, with a WWW-Authenticate: Bearer field in the first three.",
		Judge:   judgeMercureErrors,
	},
	{
		ID: "mercure.no-query-token", Level: Must, Clause: "Mercure, Authorization; RFC 9700 4.3.2", Profile: "mercure", Exchange: "mercure-errors",
		Require: "A token in the parameter access_token is not accepted.",
		Why:     "Addresses end up in logs, histories and Referer fields, and the token with them.",
		Fix:     "Take tokens from the Authorization field and the cookie alone.",
		Judge:   judgeMercureQueryToken,
	},
	{
		ID: "mercure.private", Level: Must, Clause: "Mercure, Subscribers", Profile: "mercure", Exchange: "mercure-private",
		Require: "A private update reaches only subscribers with the right to its topic, live and replayed.",
		Why:     "Everybody who knows the name of a topic could read what is meant for a few.",
		Fix:     "Compare the topics of the token with that of each private update before it is sent; the form field counts whatever its value.",
		Judge:   judgeMercurePrivate,
	},
	{
		ID: "mercure.heartbeat", Level: Should, Clause: "practice (WHATWG HTML 9.2.7)", Profile: "mercure", Exchange: "mercure-idle", Timed: true,
		Require: "An idle stream gets comments.",
		Why:     "Proxies cut connections that have been silent for a minute.",
		Fix:     "Send a comment at the interval of the hub's heartbeat.",
		Judge:   judgeMercureHeartbeat,
	},
}
