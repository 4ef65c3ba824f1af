package refserver

// A merge reads the events of a stream's topics in the order of their
// publishing. An event that was published to several of the topics comes once.
// The zero value is ready; begin may be called again and again.
type merge struct {
	stream  *stream
	visible uint64
	sources []source
}

// A source is one topic of a merge: the event at the stream's cursor.
type source struct {
	cursor int
	view   view
	seg    int // in the view
	i, n   int // event of the segment, and how many there are
	entry  entry
}

// begin starts at the cursors of st and is to end with the hub's event of the
// given sequence: every log is known to have its events up to there. It
// reports false if a cursor has left the window.
func (m *merge) begin(st *stream, visible uint64) bool {
	m.stream, m.visible = st, visible
	m.sources = m.sources[:0]
	for k := range st.cursors {
		c := &st.cursors[k]
		s := source{cursor: k, view: c.log.view()}
		if c.off < s.view.tail() {
			return false
		}
		if s.load(c.off) {
			m.sources = append(m.sources, s)
		}
	}
	return true
}

// load points s at the event at offset off and reports whether there is one.
func (s *source) load(off uint64) bool {
	if off >= s.view.head {
		return false
	}
	if s.seg = s.view.find(off); s.seg < 0 {
		return false
	}
	seg := s.view.segs[s.seg]
	s.i, s.n = seg.at(off), int(seg.count.Load())
	s.entry = seg.entry(s.i)
	return true
}

// bytes returns the event with its chunk framing, and the offset after it.
func (s *source) bytes() ([]byte, uint64) {
	seg := s.view.segs[s.seg]
	end := seg.eventEnd(s.i, s.n)
	return seg.data[s.entry.off:end], seg.start + uint64(end)
}

// next returns the next event in its chunk and the length of the chunk's head,
// and calls moved for each cursor before it moves behind the event.
func (m *merge) next(moved func(cursor int, from uint64)) (chunk []byte, head int, ok bool) {
	first := -1
	for i, s := range m.sources {
		if s.entry.seq <= m.visible && (first < 0 || s.entry.seq < m.sources[first].entry.seq) {
			first = i
		}
	}
	if first < 0 {
		return nil, 0, false
	}
	chunk, _ = m.sources[first].bytes()
	head, seq := int(m.sources[first].entry.head), m.sources[first].entry.seq
	for i := 0; i < len(m.sources); i++ {
		s := &m.sources[i]
		if s.entry.seq != seq || i < first {
			continue
		}
		_, end := s.bytes()
		c := &m.stream.cursors[s.cursor]
		if moved != nil {
			moved(s.cursor, c.off)
		}
		c.off = end
		if !s.advance(end) {
			m.sources[i] = m.sources[len(m.sources)-1]
			m.sources = m.sources[:len(m.sources)-1]
			i--
		}
	}
	return chunk, head, true
}

// advance moves s to the event at offset off, which follows its present one.
func (s *source) advance(off uint64) bool {
	if s.i+1 < s.n && off < s.view.head {
		s.i++
		s.entry = s.view.segs[s.seg].entry(s.i)
		return true
	}
	return s.load(off)
}
