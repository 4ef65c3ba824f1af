package refserver

import "bytes"

// resumeFaults are about ids, resuming and silence.
var resumeFaults = []faultRow{
	{Fault{"id-missing", "No event has an id.", nil},
		faultHooks{event: onEvent(func(e []byte) []byte {
			if bytes.HasPrefix(e, []byte("id: ")) {
				_, e, _ = bytes.Cut(e, []byte("\n"))
			}
			return e
		})}},
	{Fault{"resume-ignored", "A last event ID is ignored: every stream starts with live events.", nil},
		faultHooks{subscription: func(s *subscription) { s.lastID = "" }}},
	{Fault{"heartbeat-missing", "A silent stream gets no comments.", nil},
		faultHooks{config: func(c *Config) { c.Heartbeat = -1 }}},
}
