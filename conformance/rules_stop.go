package conformance

import "strconv"

// stopChecks are about streams that have an end.
var stopChecks = []Check{
	{
		ID: "stop.204", Level: Should, Clause: "WHATWG HTML 9.2.1", Exchange: "finish",
		Require: "A client that comes back after the job is done is told to stop, by 204 or another status than 200.",
		Why:     "An EventSource comes back after every end: it would run the job again, or wait for events that never come.",
		Fix:     "Answer 204 to a request for a stream that has ended.",
		Judge: onReturn(func(t *Transcript, c *Connection) Verdict {
			switch {
			case c.Status/100 == 5:
				return missed("status %d", c.Status).expect("204").show(c.headEvidence())
			case !c.isStream():
				return passed(strconv.Itoa(c.Status))
			case emptyLoop(c):
				return untested("the answer is an empty stream (see stop.no-empty-loop)")
			case replaysLast(t, c):
				return untested("the answer repeats the last event (see stop.resume-after-end)")
			case len(c.events()) > 0:
				return missed("the stream begins again with %s", quotedAll(c.events())).expect("204").show(c.bodyEvidence(0, 80))
			case c.End.byPeer():
				return passed("closed with a retry")
			}
			return missed("another stream is opened, and nothing comes").expect("204").show(c.headEvidence())
		}),
	},
	{
		ID: "stop.204.empty", Level: Must, Clause: "RFC 9110 8.6, 15.3.5", Exchange: "finish", Also: []string{opening},
		Require: "A response with status 204 has neither a body nor a Content-Length.",
		Why:     "What follows the head is taken for the next response on the connection.",
		Fix:     "Write the head alone.",
		Judge: func(t *Transcript) Verdict {
			seen := false
			for _, c := range t.Connections {
				if c.Status != 204 {
					continue
				}
				seen = true
				switch body := len(c.Stray) + len(c.bytes()); {
				case c.value("Content-Length") != "":
					return missed("Content-Length: %s", c.value("Content-Length")).show(c.headEvidence())
				case c.value("Transfer-Encoding") != "":
					return missed("Transfer-Encoding: %s", c.value("Transfer-Encoding")).show(c.headEvidence())
				case body > 0:
					return missed("%s follow the head: %s", counted(body, "byte"), quoted(string(c.Stray)+string(c.bytes()))).show(c.headEvidence())
				}
			}
			if !seen {
				return t.unmet("no response had status 204")
			}
			return passed("")
		},
	},
	{
		ID: "stop.terminal-event", Level: Info, Clause: "practice", Exchange: "finish",
		Require: "A stream that has an end says so in a last event.",
		Why:     "Without it a client cannot tell the end from a broken connection, and comes back.",
		Fix:     "Send an event such as done before the stream ends, and let clients close at it.",
		Judge: onEnded(func(t *Transcript, c *Connection) Verdict {
			events := c.events()
			if len(events) == 0 {
				return t.unmet("no event arrived")
			}
			if last := events[len(events)-1]; t.payload(last) != lastData {
				return passed("event " + quoted(last.Type) + " with " + quoted(last.Data))
			}
			return missed("nothing follows what was published").show(c.endEvidence())
		}),
	},
	{
		ID: "stop.clean-eof", Level: Should, Clause: "RFC 9112 7.1, RFC 9113 8.1", Exchange: "finish",
		Require: "A stream that is done ends as its framing says: with the last chunk, or END_STREAM.",
		Why:     "Otherwise it is reported as an error, and proxies throw away what they still hold.",
		Fix:     "Return from the handler in place of closing or resetting the connection.",
		Judge: onEnded(func(_ *Transcript, c *Connection) Verdict {
			switch c.End {
			case EndComplete:
				return passed("complete")
			case EndClosed:
				return passed("close of a response without framing")
			}
			return missed("the end is %s%s", string(c.End), because(c)).show(c.endEvidence())
		}),
	},
	{
		ID: "stop.no-empty-loop", Level: Should, Clause: "WHATWG HTML 9.2.3", Exchange: opening, Also: []string{"finish"},
		Require: "No stream ends at once without an event and without a retry.",
		Why:     "Every client comes back after its short default time, again and again.",
		Fix:     "Answer 204 if there is nothing to come, or send retry before the end.",
		Judge: func(t *Transcript) Verdict {
			streams := t.streams()
			if len(streams) == 0 {
				return t.unmet("no event stream could be opened")
			}
			for _, c := range streams {
				if emptyLoop(c) {
					return missed("a stream ends %s after its head, without an event and without a retry", seconds(c.Ended-c.Responded)).
						show(c.headEvidence(), c.endEvidence())
				}
			}
			return passed("")
		},
	},
	{
		ID: "stop.resume-after-end", Level: Should, Clause: "practice", Exchange: "finish",
		Require: "A client that comes back with the ID of the last event does not get that event again.",
		Why:     "It would get it at each return, which is without end.",
		Fix:     "Answer 204 to the ID of the last event of a stream that is done.",
		Judge: onReturn(func(t *Transcript, c *Connection) Verdict {
			switch {
			case replaysLast(t, c):
				return missed("the last event comes again: %s", quotedAll(c.events())).expect("204 or silence").show(c.bodyEvidence(0, 80))
			case c.isStream():
				return passed("silence")
			}
			return passed(strconv.Itoa(c.Status))
		}),
	},
}

// onEnded judges a stream whose topic was finished, and which ended then.
func onEnded(judge func(*Transcript, *Connection) Verdict) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		c := t.named("stream")
		if c == nil || !c.isStream() || len(accepted(t)) == 0 || !c.End.byPeer() && c.End != EndMalformed {
			return t.unmet("the stream did not end when it was finished")
		}
		return judge(t, c)
	}
}

// onReturn judges the answer to a client that comes back after the end.
func onReturn(judge func(*Transcript, *Connection) Verdict) func(*Transcript) Verdict {
	return onEnded(func(t *Transcript, _ *Connection) Verdict {
		c := t.named("again")
		if c == nil || c.Responded == 0 {
			return t.unmet("the request of a client that comes back was not answered" + because(c))
		}
		return judge(t, c)
	})
}

// emptyLoop reports whether a client of the stream would come back at once, and
// find the same.
func emptyLoop(c *Connection) bool {
	return c.isStream() && c.End.byPeer() && len(c.events()) == 0 && !c.decode().hasRetry
}

func replaysLast(t *Transcript, c *Connection) bool {
	for _, e := range c.events() {
		if c.isStream() && t.payload(e) == lastData {
			return true
		}
	}
	return false
}
