package conformance

import "slices"

// resumeChecks come back to a topic with the ID of an event (WHATWG HTML 9.2.4).
// All but resume.no-stealing need events with IDs, and where none is honoured,
// that is told once.
var resumeChecks = slices.Concat(replayChecks, cursorChecks, returnChecks)

// replayChecks are about what comes behind an ID that the target gave.
var replayChecks = []Check{
	{
		ID: "resume.honoured", Level: Must, Clause: "practice (WHATWG HTML 9.2.4)", Exchange: "resume", Timed: true,
		Require: "A stream that sends the ID of an event gets the events that were published behind it.",
		Why:     "Whatever is published while a client reconnects is lost to it, and IDs promise that it is not.",
		Fix:     "Read Last-Event-ID, and send what is kept behind that event before anything new.",
		Judge:   judgeHonoured,
	},
	{
		ID: "resume.exclusive", Level: Must, Clause: "practice (WHATWG HTML 9.2.4)", Exchange: "resume",
		Require: "A stream that resumes repeats nothing that its client has.",
		Why:     "The ID names the last event that was received: clients count or apply it twice.",
		Fix:     "Begin behind the event with the ID, not with it, and send each event once.",
		Judge:   returning("resumed", judgeExclusive),
	},
	{
		ID: "resume.no-gap", Level: Must, Clause: "practice (WHATWG HTML 9.2.4)", Exchange: "resume", Timed: true,
		Require: "A stream that resumes leaves nothing out behind the event whose ID it sent.",
		Why:     "The client takes the next event for the one that follows, and never learns of the others.",
		Fix:     "Begin with the very next event, and go on with live ones where the kept ones end.",
		Judge:   returning("resumed", judgeNoGap),
	},
	{
		ID: "resume.order", Level: Must, Clause: "practice", Exchange: "resume",
		Require: "What a client missed comes in the order of publishing, and before what is published later.",
		Why:     "Clients apply events as they come: the older one wins, and the last ID names a place in the past.",
		Fix:     "Put live events behind the replay of the same stream.",
		Judge:   returning("resumed", judgeReplayOrder),
	},
	{
		ID: "resume.race", Level: Must, Clause: "practice (WHATWG HTML 9.2.4)", Exchange: "resume-race", Also: []string{"resume", "resume-window"},
		Require: "A client that reconnects again and again while events are published gets each of them once.",
		Why:     "Between replaying and subscribing there is a moment in which events are lost, or come twice, under load alone.",
		Fix:     "Replay and subscribe in one step under one lock, or subscribe first and leave out what was replayed.",
		Judge:   resuming(judgeRace),
	},
	{
		ID: "resume.fidelity", Level: Must, Clause: "practice", Exchange: "resume",
		Require: "An event that is replayed has the ID, the type and the data that it had live.",
		Why:     "Listeners for its type are not called, or the client loses its place in the stream.",
		Fix:     "Keep events as they are encoded, not their data alone.",
		Judge:   returning("resumed", judgeFidelity),
	},
	{
		ID: "resume.filter", Level: Must, Clause: "practice", Exchange: "resume", Needs: []Capability{HasTopics},
		Require: "A stream that resumes gets the events of its own topic alone.",
		Why:     "Clients get what they did not ask for, and perhaps what they may not see.",
		Fix:     "Look for what is replayed by the same filter as for what is live.",
		Judge:   returning("resumed", judgeReplayFilter),
	},
	{
		ID: "resume.at-head", Level: Must, Clause: "practice", Exchange: "resume", Timed: true,
		Require: "A stream that sends the newest ID gets nothing until another event is published.",
		Why:     "A client that lost nothing but its connection gets the whole past again.",
		Fix:     "Tell an ID behind which there is nothing from one that is not known.",
		Judge:   returning("at-head", judgeAtHead),
	},
	{
		ID: "resume.partial", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: "resume-cut", Also: []string{"resume"}, Timed: true,
		Require: "An event of which a client got a part comes again, whole, when it resumes behind the one before.",
		Why:     "Clients discard an event that is cut off. What the server has written is not what they have received.",
		Fix:     "Go by the ID that the client sends, not by what was written to it.",
		Judge:   returning("after-cut", judgePartial),
	},
	{
		ID: "resume.restart", Level: Should, Clause: "practice", Exchange: "resume-restart",
		Require: "After a restart a stream that resumes gets what it missed, or is told that it cannot.",
		Why:     "A deployment makes every client miss events, and none of them knows.",
		Fix:     "Keep events where a restart does not lose them, or send an event that says that there is a gap.",
		Judge:   returning("resumed", judgeRestart),
	},
	{
		ID: "resume.evicted.signalled", Level: Should, Clause: "practice", Exchange: "resume-window", Also: []string{"resume"}, Timed: true,
		Require: "A client is told when events that it missed are no longer kept.",
		Why:     "It goes on with a state that has a hole, and cannot know that it has to load it anew.",
		Fix:     "Send an event, a comment or a header field of your own when the event behind the ID is gone.",
		Judge:   resuming(judgeEvicted),
	},
	{
		ID: "resume.window", Level: Info, Clause: "practice", Exchange: "resume-window", Also: []string{"resume"},
		Require: "It is known how many events are kept for clients that come back.",
		Why:     "Whoever stays away for longer has to load the state anew.",
		Fix:     "Keep as much as is published while a client may be gone.",
		Judge:   resuming(judgeWindow),
	},
}

// cursorChecks are about how an ID is sent, and about those that the target did
// not give.
var cursorChecks = []Check{
	{
		ID: "resume.future-id", Level: Should, Clause: "practice", Exchange: "resume", Timed: true,
		Require: "A stream that sends an ID which is yet to be given gets what is published from then on.",
		Why:     "After a server lost its counter, all clients have such IDs, and would be deaf until it has caught up.",
		Fix:     "Treat an ID beyond the newest as unknown; never filter live events by it.",
		Judge:   resuming(judgeFuture),
	},
	{
		ID: "resume.unknown.not-fatal", Level: Must, Clause: "practice (WHATWG HTML 9.2.2, 9.2.3)", Exchange: "resume-id", Also: []string{"resume", "resume-window"},
		Require: "An ID that is unknown, or no longer known, is answered with a stream that stays.",
		Why:     "An EventSource that gets any other status stops for good, and no page can take the ID away from it.",
		Fix:     "Begin with live events or with all that is kept, and tell the client of the gap by an event.",
		Judge:   resuming(judgeUnknown),
	},
	{
		ID: "resume.malformed", Level: Must, Clause: "practice", Exchange: "resume-id", Also: []string{"resume"},
		Require: "An ID that nobody gave is no error of the server, ends no stream and opens no other topic.",
		Why:     "Anybody can send one. A stream that breaks off on it is asked for again and again, with the same ID.",
		Fix:     "Check the ID before the head is written, and treat what does not parse as unknown.",
		Judge:   resuming(judgeMalformed),
	},
	{
		ID: "resume.empty-header", Level: Should, Clause: "practice (WHATWG HTML 9.2.3)", Exchange: "resume",
		Require: "An empty Last-Event-ID counts as none.",
		Why:     "Clients that send it have no ID; taken for zero, it brings them the whole past.",
		Fix:     "Ask whether the value is empty, not whether the field is there.",
		Judge:   resuming(judgeEmptyID),
	},
	{
		ID: "resume.query-param", Level: Should, Clause: "practice", Exchange: "resume-query", Also: []string{"resume"}, Timed: true,
		Require: "The last event ID is also taken from a query parameter.",
		Why:     "Pages cannot set the header, and some replacements of EventSource never send it.",
		Fix:     "Take lastEventId or last_event_id from the query where the header is not there.",
		Judge:   resuming(judgeQueryID),
	},
	{
		ID: "resume.header-wins", Level: Must, Clause: "Mercure (Reconciliation)", Exchange: "resume-query", Also: []string{"resume"},
		Require: "Where header and query have different IDs, that of the header counts.",
		Why:     "An EventSource keeps its URL for ever: the ID in the query is that of its first connection.",
		Fix:     "Look into the query only if there is no Last-Event-ID.",
		Judge:   returning("both", judgeHeaderWins),
	},
	{
		ID: "resume.header-utf8", Level: Must, Clause: "WHATWG HTML 9.2.3, 9.2.4", Exchange: "resume-utf8", Also: []string{"resume"}, Timed: true,
		Require: "An ID with letters beyond ASCII is known again when it comes back in the header.",
		Why:     "Clients send it in UTF-8; read as ISO 8859-1 it is an ID that nobody gave.",
		Fix:     "Decode Last-Event-ID as UTF-8, or refuse such IDs when they are published.",
		Judge:   resuming(judgeHeaderUTF8),
	},
	{
		ID: "resume.header-name-case", Level: Must, Clause: "RFC 9110 5.1, RFC 9113 8.2", Exchange: "resume", Timed: true,
		Require: "Last-Event-ID is known in lower case.",
		Why:     "Names of fields have no case, and HTTP/2 and many proxies send them in lower case alone.",
		Fix:     "Look header fields up without regard to case.",
		Judge:   resuming(judgeLowerCase),
	},
	{
		ID: "resume.first-connect", Level: Info, Clause: "practice", Exchange: "resume",
		Require: "Streams that send no ID begin alike, with live events or with what is kept.",
		Why:     "Clients have to know whether a first connection brings the past.",
		Fix:     "Say in the documentation which of the two it is.",
		Judge:   judgeFirst,
	},
}

// returnChecks are about several clients, and several returns of one.
var returnChecks = []Check{
	{
		ID: "resume.abort-kinds", Level: Must, Clause: "practice", Exchange: "resume-abort", Also: []string{"resume"}, Timed: true,
		Require: "A client gets what it missed however its connection ended.",
		Why:     "Most connections are not closed but break, and then the place of the client is lost.",
		Fix:     "Handle a reset of the connection or the stream as a close.",
		Judge:   resuming(judgeAbortKinds),
	},
	{
		ID: "resume.chained", Level: Must, Clause: "practice", Exchange: "resume-chain", Also: []string{"resume"}, Timed: true,
		Require: "A client keeps its place over reconnections during which nothing is published.",
		Why:     "On a bad network there are many of them, and the events behind the last one are lost.",
		Fix:     "Do not forget an ID once it was used, and send no id field without an event.",
		Judge:   resuming(judgeChained),
	},
	{
		ID: "resume.concurrent-cursors", Level: Must, Clause: "practice", Exchange: "resume-pair", Also: []string{"resume"}, Timed: true,
		Require: "Two clients that resume at a time from different IDs get each what it missed.",
		Why:     "With one place for the topic, one client gets too little or the other too much.",
		Fix:     "Keep the place with the stream, not with the topic.",
		Judge:   resuming(judgeCursors),
	},
	{
		ID: "resume.no-stealing", Level: Must, Clause: "practice", Exchange: "resume-pair", Timed: true,
		Require: "Every stream of a topic gets every event.",
		Why:     "A second tab takes away the events of the first.",
		Fix:     "Copy each event to all streams; do not let them take from one queue.",
		Judge:   judgeStealing,
	},
}
