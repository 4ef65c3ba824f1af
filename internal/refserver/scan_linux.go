package refserver

import "time"

const (
	// scanInterval is how often every stream is looked at.
	scanInterval = 250 * time.Millisecond
	// scanBatch bounds the streams looked at between two looks at the sockets.
	scanBatch = 512
)

// scan looks at some streams for what time alone brings about: heartbeats,
// expiry, and stalled readers whose place is lost.
func (s *shard) scan() {
	if s.scanAt >= len(s.slots) {
		if s.now < s.nextScan {
			return
		}
		interval := scanInterval
		if h := s.hub.cfg.Heartbeat; h > 0 {
			interval = min(interval, max(h/4, 5*time.Millisecond))
		}
		s.nextScan = s.now + int64(interval)
		s.scanAt = 0
	}
	end := min(s.scanAt+scanBatch, len(s.slots))
	for ; s.scanAt < end; s.scanAt++ {
		st := s.slots[s.scanAt]
		switch {
		case st == nil:
		case st.expired(s.now):
			s.finish(st)
		case st.blocked:
			if s.hub.cfg.SlowReader == Cut && st.lost() {
				s.close(st, endedCut)
			}
		case s.hub.cfg.Heartbeat > 0 && s.now-st.wrote >= int64(s.hub.cfg.Heartbeat):
			s.beat(st)
		}
	}
}

var heartbeat, _ = appendChunk(nil, []byte(comment))

func (s *shard) beat(st *stream) {
	if n, ok := s.write(st, heartbeat); ok && n < len(heartbeat) {
		st.blocked = true
		if n > 0 {
			st.rest = heartbeat[n:]
		}
	}
}
