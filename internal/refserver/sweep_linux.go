package refserver

import (
	"bytes"
	"time"

	"github.com/ssegauge/ssegauge/internal/epoll"
)

// sweep moves the next batch of the group's streams to the head. A group that
// is not done goes to the end of the line, so that topics share the shard
// fairly.
func (s *shard) sweep(g *group) {
	if !g.sweep.under {
		g.startRound(s.hub)
	}
	s.now = time.Now().UnixNano()
	for range sweepBatch {
		place, ok := g.sweep.step(len(g.members))
		if !ok {
			break
		}
		if st := g.members[place].stream; !st.blocked {
			s.push(st)
		}
	}
	if g.sweep.under {
		s.round = append(s.round, g)
		return
	}
	// The publisher changes the log first and looks at dirty then; here it
	// is the other way round, so that one of the two sees the other.
	g.dirty.Store(false)
	if (g.again || g.moved(s.hub)) && !g.dirty.Swap(true) {
		s.round = append(s.round, g)
	}
}

func (g *group) startRound(h *Hub) {
	g.again = false
	g.start = g.state(h)
	g.sweep.begin(len(g.members))
}

func (g *group) state(h *Hub) roundStart {
	r := roundStart{finished: g.log.finished.Load(), head: g.log.head.Load()}
	if g.merged > 0 {
		r.visible = h.visible.Load()
	}
	return r
}

// moved reports whether anything was published since the round began.
func (g *group) moved(h *Hub) bool { return g.state(h) != g.start }

// again makes the shard sweep the group once more.
func (s *shard) again(g *group) {
	g.again = true
	if !g.dirty.Swap(true) {
		s.round = append(s.round, g)
	}
}

// push writes to a stream that is not blocked what it is to get, and ends it
// if that was all.
func (s *shard) push(st *stream) {
	if len(st.rest) > 0 && !s.writeRest(st) {
		return
	}
	// The end is looked at before the heads: if it is near, the heads are
	// final.
	last := s.stopping.Load() || finished(st.cursors)
	var ok bool
	if len(st.cursors) == 1 {
		ok = s.pushOne(st)
	} else {
		ok = s.pushMerged(st)
	}
	if ok && last {
		s.finish(st)
	}
}

// pushOne writes the log of the stream's only topic up to the head. It reports
// whether the stream is there.
func (s *shard) pushOne(st *stream) bool {
	c := &st.cursors[0]
	v := c.log.view()
	if st.expires != 0 && s.expire(st) {
		return false
	}
	for turn := 0; c.off < v.head; turn++ {
		if turn == turnWrites {
			s.again(c.group)
			return false
		}
		i := v.find(c.off)
		if i < 0 {
			if !s.fellBehind(st) {
				return false
			}
			v = c.log.view()
			continue
		}
		p := v.bytes(i, c.off)
		n, ok := s.write(st, p)
		if !ok {
			return false
		}
		s.sent.Add(uint64(n))
		if n < len(p) {
			end := c.off + uint64(n)
			border := v.segs[i].border(end)
			st.setRest(p[n : border-c.off])
			c.off = border
			st.blocked = true
			return false
		}
		c.off += uint64(n)
	}
	return true
}

// A move is a cursor's step over one event of a merged write.
type move struct {
	cursor int
	from   uint64
	end    int // of the event in the merged bytes
}

// pushMerged is pushOne for a stream on several topics.
func (s *shard) pushMerged(st *stream) bool {
	for turn := 0; ; turn++ {
		visible := s.hub.visible.Load()
		if st.expires != 0 && s.expire(st) {
			return false
		}
		if !s.merge.begin(st, visible) {
			if !s.fellBehind(st) {
				return false
			}
			continue
		}
		s.scratch, s.moves = s.scratch[:0], s.moves[:0]
		for len(s.scratch) < mergeBytes {
			before := len(s.moves)
			chunk, _, ok := s.merge.next(func(cursor int, from uint64) {
				s.moves = append(s.moves, move{cursor: cursor, from: from})
			})
			if !ok {
				break
			}
			s.scratch = append(s.scratch, chunk...)
			for i := before; i < len(s.moves); i++ {
				s.moves[i].end = len(s.scratch)
			}
		}
		if len(s.scratch) == 0 {
			return true
		}
		n, ok := s.write(st, s.scratch)
		if !ok && st.fd < 0 {
			return false
		}
		s.sent.Add(uint64(n))
		if n < len(s.scratch) {
			s.takeBack(st, n)
			st.blocked = true
			return false
		}
		if turn == turnWrites {
			s.again(st.cursors[0].group)
			return false
		}
	}
}

// takeBack moves the cursors back over the merged events of which not one of
// the first n bytes is, and keeps the rest of the event that was cut.
func (s *shard) takeBack(st *stream, n int) {
	border := 0
	for _, m := range s.moves {
		if border = m.end; border >= n {
			break
		}
	}
	if n == 0 {
		border = 0
	}
	st.setRest(s.scratch[n:border])
	for i := len(s.moves) - 1; i >= 0 && s.moves[i].end > border; i-- {
		st.cursors[s.moves[i].cursor].off = s.moves[i].from
	}
}

// fellBehind applies the policy to a stream whose next event is gone, and
// reports whether the stream can go on.
func (s *shard) fellBehind(st *stream) bool {
	if s.hub.cfg.SlowReader == Cut {
		s.close(st, endedCut)
		return false
	}
	s.hub.skip(st)
	return s.writeRest(st)
}

// expire ends the stream if its time is over. It is called after the heads
// were looked at: what is to be written was published before this moment.
func (s *shard) expire(st *stream) bool {
	if !st.expired(time.Now().UnixNano()) {
		return false
	}
	s.finish(st)
	return true
}

// writeRest writes what must precede the next event and reports whether all of
// it was taken.
func (s *shard) writeRest(st *stream) bool {
	n, ok := s.write(st, st.rest)
	if !ok {
		return false
	}
	s.sent.Add(uint64(n))
	if n < len(st.rest) {
		st.rest = st.rest[n:]
		st.blocked = true
		return false
	}
	st.rest = nil
	return true
}

// write writes once. It reports false if nothing was taken: the stream is then
// blocked or closed.
func (s *shard) write(st *stream, p []byte) (int, bool) {
	n, err := epoll.Send(st.fd, p)
	switch {
	case err == epoll.ErrAgain:
		st.blocked = true
		return 0, false
	case err != nil:
		s.close(st, endedByPeer)
		return 0, false
	}
	st.wrote = s.now
	return n, true
}

// setRest keeps a copy: a part of a segment would keep all of it alive.
func (st *stream) setRest(p []byte) {
	st.rest = bytes.Clone(p)
	if len(p) == 0 {
		st.rest = nil
	}
}
