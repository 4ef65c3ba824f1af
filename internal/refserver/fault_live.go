package refserver

import "time"

// liveFaults are about silence, about how soon events leave, and about streams
// that come and go.
var liveFaults = []faultRow{
	{Fault{"flush-late", "What is written to a stream leaves more than a second later.",
		[]string{"live.latency.small"}},
		faultHooks{config: unbeaten, subscription: unswept, handler: tapped(flushedLate(1200 * time.Millisecond))}},
	{Fault{"one-behind", "What is written to a stream leaves with what is written next.",
		[]string{"live.latency.not-one-behind", "stream.event.terminated"}},
		faultHooks{config: unbeaten, subscription: unswept, handler: tapped(oneBehind)}},
	{Fault{"heartbeat-missing", "A silent stream gets no comments.",
		[]string{"live.heartbeat.present"}},
		faultHooks{config: unbeaten}},
	{Fault{"heartbeat-slow", "A silent stream gets a comment at intervals of four times the one that is set.",
		[]string{"live.heartbeat.15s"}},
		faultHooks{config: func(c *Config) { c.Heartbeat *= 4 }}},
	{Fault{"heartbeat-rare", "A silent stream gets a comment at intervals of ten times the one that is set.",
		[]string{"live.heartbeat.15s", "live.heartbeat.45s", "live.heartbeat.60s"}},
		faultHooks{config: func(c *Config) { c.Heartbeat *= 10 }}},
	{Fault{"heartbeat-event", "A silent stream gets an event in place of a comment.",
		[]string{"live.heartbeat.is-comment"}},
		faultHooks{subscription: unswept, heartbeat: func(*streamFault) string { return "data: ping\n\n" }}},
	{Fault{"heartbeat-once", "A silent stream gets one comment, and no other.",
		[]string{"live.heartbeat.repeats"}},
		faultHooks{subscription: unswept, heartbeat: func(s *streamFault) string {
			if s.beats++; s.beats > 1 {
				return ""
			}
			return comment
		}}},
	{Fault{"lifetime-short", "The connection of a stream is broken after a second and a half.",
		[]string{"live.lifetime.idle"}},
		faultHooks{subscription: unswept, handler: tapped(brokenAfter(1500 * time.Millisecond))}},
	{Fault{"deaf", "A stream that has been open for a second and a half gets heartbeats and no events.",
		[]string{"live.lifetime.not-deaf"}},
		faultHooks{subscription: unswept, outgoing: func(st *stream, e []byte) [][]byte {
			if time.Since(st.fault.opened) > 1500*time.Millisecond {
				return nil
			}
			return [][]byte{e}
		}}},
	{Fault{"places-kept", "A stream that has ended still counts as its user's.",
		[]string{"live.disconnect.noticed"}},
		faultHooks{left: func(st *stream) { st.subject = "" }}},
	{Fault{"places-leaked", "One in five streams that have ended, or so, still counts as its user's.",
		[]string{"live.reconnect.churn"}},
		faultHooks{left: func(st *stream) {
			if st.wrote/1000%5 == 0 { // as good as random
				st.subject = ""
			}
		}}},
	{Fault{"shutdown-cut", "A stream that the server ends when it shuts down stops within an event.",
		[]string{"live.shutdown.prompt"}},
		faultHooks{subscription: unswept, stopping: "data: never dispatched\n"}},
}

// unbeaten leaves silent streams without comments.
func unbeaten(c *Config) { c.Heartbeat = -1 }
