package conformance

import "slices"

// injectChecks publish text that would forge fields and events if it were
// written as it is. Refusing it, taking the line ends out, and, for data and
// comments, splitting it into lines with a field name each are all right.
var injectChecks = []Check{
	{
		ID: "inject.data.lf", Level: Must, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: "inject",
		Require:  "What looks like fields behind a line feed of the data stays data.",
		Why:      "Who may publish a text could send events of any type to every reader, and move their cursors.",
		Fix:      "Write data: in front of every line, whatever is in it.",
		Payloads: slices.Concat(harmless("data"), forgedData("lf", "crlf"), forgedDecoded("data")),
		Judge:    judgeForging("data", "stream"),
	},
	{
		ID: "inject.data.cr", Level: Must, Clause: "practice (WHATWG HTML 9.2.5, 9.2.6)", Exchange: "inject",
		Require:  "What looks like fields behind a CR of the data stays data.",
		Why:      "A CR ends a line as well, and code that splits at LF alone lets it through.",
		Fix:      "Split at CRLF, CR and LF.",
		Payloads: slices.Concat(harmless("data"), forgedData("cr")),
		Judge:    judgeForging("data", "stream"),
	},
	{
		ID: "inject.data.blank", Level: Must, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: "inject",
		Require:  "Data with an empty line inside is one event, whatever follows the line.",
		Why:      "Written raw, the empty line ends the event, and what follows is a whole event of the writer's choice.",
		Fix:      "Write an empty data: field for an empty line.",
		Payloads: slices.Concat(harmless("data"), forgedData("lflf", "crcr", "crlfcrlf")),
		Judge:    judgeForging("data", "stream"),
	},
	{
		ID: "inject.event", Level: Must, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: "inject",
		Needs:    []Capability{CanPublishField("event")},
		Require:  "A type with line ends is refused, or loses them.",
		Why:      "The text behind the line end becomes data, IDs and further events of the publisher's choice.",
		Fix:      "Refuse a type that has CR, LF or NUL.",
		Payloads: forgedField("event"),
		Judge:    judgeForging("event", "stream"),
	},
	{
		ID: "inject.id", Level: Must, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: "inject",
		Needs:    []Capability{CanPublishField("id")},
		Require:  "An ID with line ends is refused, or loses them.",
		Why:      "The text behind the line end becomes data and further events, and moves the reader's cursor.",
		Fix:      "Refuse an ID that has CR, LF or NUL.",
		Payloads: forgedField("id"),
		Judge:    judgeForging("id", "stream"),
	},
	{
		ID: "inject.id.nul", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: "inject",
		Needs:   []Capability{CanPublishField("id")},
		Require: "An ID with a NUL is refused, or the event goes without it.",
		Why:     "A client ignores such a field and resumes from an older event; cut at the NUL, the ID names another event.",
		Fix:     "Refuse an ID that has CR, LF or NUL.",
		Payloads: append(harmless("id"), Payload{Fields: Fields{
			"id": nulID + "\x00ssegauge-behind-nul", "data": "ssegauge-with-nul",
		}}),
		Judge: judgeForgedNUL,
	},
	{
		ID: "inject.retry", Level: Must, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: "inject",
		Needs:    []Capability{CanPublishField("retry")},
		Require:  "A reconnection time with line ends is refused, or loses them.",
		Why:      "The text behind the line end becomes data and further events of the publisher's choice.",
		Fix:      "Take a number, and refuse everything else.",
		Payloads: forgedField("retry"),
		Judge:    judgeForging("retry", "stream"),
	},
	{
		ID: "inject.comment", Level: Must, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: "inject",
		Needs:    []Capability{CanPublishField("comment")},
		Require:  "A comment with line ends is refused, loses them, or becomes several comments.",
		Why:      "Comments often carry names or texts of users; behind a line end they are events.",
		Fix:      "Write a colon in front of every line, split at CRLF, CR and LF.",
		Payloads: forgedField("comment"),
		Judge:    judgeForging("comment", "stream"),
	},
	{
		ID: "inject.last-event-id-echo", Level: Must, Clause: "practice (WHATWG HTML 9.2.4)", Exchange: "echo",
		Require: "A last event ID that the server writes back into the stream is part of one field, and well-formed.",
		Why:     "It comes from the client as it likes: an ID that breaks out of its field forges events, and bytes that are not UTF-8 break readers.",
		Fix:     "Do not echo an ID that the server did not make; otherwise check it like one that is published.",
		Judge:   judgeEcho,
	},
	{
		ID: "inject.query-reflect", Level: Must, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: "reflect",
		Require: "Line ends in the URL's parameters begin no line of the stream.",
		Why:     "A link with such a parameter makes the page that opens it read events of the attacker's choice.",
		Fix:     "Refuse control characters in parameters, and write no parameter as it is.",
		Judge:   judgeReflect,
	},
	{
		ID: "inject.header-split", Level: Must, Clause: "RFC 9110 5.5", Exchange: "reflect",
		Require: "Line ends in the URL's parameters begin no field of the response head.",
		Why:     "A link with such a parameter sets cookies and cross-origin rights, or replaces the whole response.",
		Fix:     "Refuse control characters in parameters, and set fields by a library that refuses them, too.",
		Judge:   judgeHeaderSplit,
	},
	{
		ID: "inject.reserved-name", Level: Should, Clause: "practice (Mercure)", Exchange: "reserved",
		Require: "Events of the types that the server uses by itself cannot be published.",
		Why:     "Clients believe such an event: they drop what they have, or fetch everything again.",
		Fix:     "Refuse these types when an event is published.",
		Judge:   judgeReserved,
	},
	{
		ID: "inject.cross-user", Level: Must, Clause: "practice", Exchange: "inject-other",
		Require:  "No text that one user publishes reaches another user as a different event.",
		Why:      "It is how one user speaks to the application of another in the server's name.",
		Fix:      "Write data: in front of every line, split at CRLF, CR and LF.",
		Payloads: slices.Concat(harmless("data"), forgedData("lf", "cr", "lflf")),
		Judge:    judgeForging("data", "other"),
	},
}
