package refserver

import (
	"bytes"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// resumeFaults are about ids and resuming.
var resumeFaults = []faultRow{
	{Fault{"id-missing", "No event has an id.", nil},
		faultHooks{event: onEvent(func(e []byte) []byte {
			if bytes.HasPrefix(e, []byte("id: ")) {
				_, e, _ = bytes.Cut(e, []byte("\n"))
			}
			return e
		})}},
	{Fault{"resume-ignored", "A last event ID is ignored: every stream starts with live events.",
		[]string{"resume.honoured"}},
		faultHooks{subscription: func(s *subscription) { s.lastID = "" }}},
	{Fault{"resume-inclusive", "A stream that resumes begins with the event whose ID it sent.",
		[]string{"resume.exclusive"}},
		faultHooks{joined: placed(func(l *topicLog, seq uint64) uint64 { return l.after(seq-1, 0) })}},
	{Fault{"resume-skips", "A stream that resumes begins one event too late.",
		[]string{"resume.no-gap"}},
		faultHooks{joined: placed(secondAfter)}},
	{Fault{"resume-live-first", "A stream that resumes gets what it missed behind the first live event.",
		[]string{"resume.order"}},
		faultHooks{subscription: unswept, outgoing: liveFirst}},
	{Fault{"resume-loses-live", "The first event that is published after a stream resumed is lost to it.",
		[]string{"resume.race", "resume.no-gap"}},
		faultHooks{subscription: unswept, outgoing: firstLive(func([]byte) [][]byte { return nil })}},
	{Fault{"resume-doubles-live", "The first event that is published after a stream resumed is sent to it twice.",
		[]string{"resume.race", "resume.exclusive"}},
		faultHooks{subscription: unswept, outgoing: firstLive(func(e []byte) [][]byte { return [][]byte{e, e} })}},
	{Fault{"resume-head-replays", "A stream that has missed nothing gets all that is kept.",
		[]string{"resume.at-head"}},
		faultHooks{joined: placed(func(l *topicLog, seq uint64) uint64 {
			if at := l.after(seq, 0); at < l.head.Load() {
				return at
			}
			return l.view().tail()
		})}},
	{Fault{"resume-future-mute", "A stream that sends an ID which is yet to be given gets nothing.",
		[]string{"resume.future-id"}},
		faultHooks{subscription: unswept, joined: muteFuture}},
	{Fault{"resume-unknown-400", "An ID that is not known is answered with 400.",
		[]string{"resume.unknown.not-fatal"}},
		faultHooks{joined: func(_ *Hub, _ *stream, _ string, missing *gap) (*gap, error) {
			if missing != nil && missing.Reason == "unknown" {
				return nil, &refusal{http.StatusBadRequest, "bad_request", "unknown last event ID", ""}
			}
			return missing, nil
		}}},
	{Fault{"resume-malformed-500", "An ID that does not end with a number is answered with 500.",
		[]string{"resume.malformed"}},
		faultHooks{handler: refusing(http.StatusInternalServerError, func(h http.Header) bool {
			id := h.Get("Last-Event-ID")
			_, err := strconv.ParseUint(id[strings.LastIndexByte(id, '-')+1:], 10, 64)
			return id != "" && err != nil
		})}},
	{Fault{"resume-empty-zero", "An empty Last-Event-ID is taken for that of the first event.",
		[]string{"resume.empty-header"}},
		faultHooks{handler: onHeader(func(h http.Header, _ url.Values) {
			if values := h.Values("Last-Event-ID"); len(values) > 0 && values[0] == "" {
				h.Set("Last-Event-ID", "0")
			}
		})}},
	{Fault{"resume-eviction-untold", "A stream whose events are no longer kept goes on with live ones, and is not told.",
		[]string{"resume.evicted.signalled", "slow.recover"}},
		faultHooks{joined: untold("evicted")}},
	{Fault{"resume-restart-untold", "A stream that comes back after a restart goes on with live events, and is not told.",
		[]string{"resume.restart"}},
		faultHooks{joined: untold("unknown")}},
	{Fault{"resume-header-only", "A last event ID in the query is ignored.",
		[]string{"resume.query-param"}},
		faultHooks{handler: onHeader(func(_ http.Header, query url.Values) {
			for _, name := range idParameters {
				query.Del(name)
			}
		})}},
	{Fault{"resume-query-wins", "A last event ID in the query counts for more than the header.",
		[]string{"resume.header-wins"}},
		faultHooks{handler: onHeader(func(h http.Header, query url.Values) {
			for _, name := range idParameters {
				if id := query.Get(name); id != "" {
					h.Set("Last-Event-ID", id)
				}
			}
		})}},
	{Fault{"resume-header-latin1", "Last-Event-ID is decoded as ISO 8859-1.",
		[]string{"resume.header-utf8"}},
		faultHooks{subscription: func(s *subscription) {
			var id strings.Builder
			for _, b := range []byte(s.lastID) {
				id.WriteRune(rune(b))
			}
			s.lastID = id.String()
		}}},
	{Fault{"resume-header-case", "Last-Event-ID is not known in lower case.",
		[]string{"resume.header-name-case"}},
		faultHooks{accept: func(c net.Conn) net.Conn { return caseConn{c} }}},
	{Fault{"resume-data-only", "What a stream gets of the events that it missed is their data.",
		[]string{"resume.fidelity"}},
		faultHooks{subscription: unswept, outgoing: missedAs(dataOnly)}},
	{Fault{"resume-all-topics", "A stream that resumes gets the events of all topics.",
		[]string{"resume.filter"}},
		faultHooks{subscription: unswept, joined: everyTopic}},
	{Fault{"resume-past-written", "What was written to a stream counts as received, whatever ID its client sends.",
		[]string{"resume.partial"}},
		faultHooks{subscription: unswept, left: notePassed, joined: behindPassed}},
	{Fault{"resume-reset-forgets", "Who comes back after a reset gets nothing of what was published meanwhile.",
		[]string{"resume.abort-kinds"}},
		faultHooks{subscription: unswept, handler: forgetReset}},
	{Fault{"resume-once", "An ID can be resumed from once.",
		[]string{"resume.chained"}},
		faultHooks{joined: onlyOnce}},
	{Fault{"resume-shared-place", "All streams of a topic that resume begin where the first of them does.",
		[]string{"resume.concurrent-cursors"}},
		faultHooks{joined: sharedPlace}},
	{Fault{"resume-steals", "An event goes to the newest stream of its topic alone.",
		[]string{"resume.no-stealing"}},
		faultHooks{subscription: unswept, joined: noteNewest, left: dropNewest, outgoing: toNewest}},
}
