package eventstream

import (
	"bytes"
	"sync"
)

// A Scanner cuts an event stream into lines, for those who look at the raw
// lines and not at events. The zero Scanner is ready to use. A Scanner must
// not be copied after its first Feed, nor used by two goroutines at once.
type Scanner struct {
	// MaxLine is the longest line that is emitted, in bytes without its line
	// end. A longer one is dropped. 0 means DefaultMaxLine.
	MaxLine int

	lines   splitter
	tooLong uint64
}

// Feed scans the next bytes of the stream and calls emit for each line that
// they end: by CR, LF or CRLF, without its line end, and without the byte
// order mark at the beginning of the stream. Bytes are not decoded. line is
// valid only until emit returns and must not be written to. emit must not call
// Feed or End of the same scanner.
func (s *Scanner) Feed(p []byte, emit func(line []byte)) {
	if len(p) == 0 {
		return
	}
	maxLine := s.MaxLine
	if maxLine <= 0 {
		maxLine = DefaultMaxLine
	}
	c := s.lines.begin(p)
	for {
		line, got := s.lines.next(&c, maxLine)
		switch got {
		case chunkDone:
			return
		case lineTooLong:
			s.tooLong++
		case lineInChunk, lineJoined:
			emit(line)
		}
	}
}

// End tells that the stream has ended. A line without a line end is discarded;
// the next Feed begins another stream.
func (s *Scanner) End() { s.lines.end() }

// TooLong returns how many lines were dropped because they are longer than
// MaxLine.
func (s *Scanner) TooLong() uint64 { return s.tooLong }

var byteOrderMark = []byte("\xEF\xBB\xBF")

// A splitter is the state of a Scanner between two chunks.
type splitter struct {
	held    *heldLine // the beginning of a line that a chunk border cut, nil if none
	bom     uint8     // bytes of the byte order mark matched so far; bomDecided when that is over
	ended   bool      // held is a line that was returned and is done with
	afterCR bool      // the last byte was a CR, so an LF now belongs to it
	tooLong bool      // inside a line that is over the limit
}

const bomDecided = 3

// A chunk is the bytes of one Feed and how far they have been read.
type chunk struct {
	p   []byte
	pos int
	// lf and cr are the places of the first LF and CR from pos on, len(p) if
	// there is none, or less than pos if not known. Keeping both means that
	// each is searched for once in every byte, whichever ends the lines.
	lf, cr        int
	byteOrderMark bool // a byte order mark was stripped
}

// A scanned tells what splitter.next came upon.
type scanned uint8

const (
	chunkDone   scanned = iota // no further line ends in this chunk
	lineInChunk                // a line that lies in the chunk
	lineJoined                 // a line in the splitter's own memory, until next is called again
	lineTooLong                // a line has passed the limit; comes once, before its lineDropped
	lineDropped                // the line that passed the limit has ended
)

// begin starts on the chunk p, which is not empty.
func (s *splitter) begin(p []byte) chunk {
	c := chunk{p: p, lf: -1, cr: -1}
	if s.bom < bomDecided {
		s.matchBOM(&c)
	}
	if s.afterCR {
		s.afterCR = false
		if p[0] == '\n' {
			c.pos = 1
		}
	}
	return c
}

// matchBOM goes on matching the byte order mark. Where that fails, bytes that
// matched in earlier chunks turn out to be the beginning of the first line.
func (s *splitter) matchBOM(c *chunk) {
	before := s.bom
	for i, b := range c.p {
		if b != byteOrderMark[s.bom] {
			if before > 0 {
				s.hold(byteOrderMark[:before])
			}
			s.bom = bomDecided
			return
		}
		s.bom++
		if s.bom == bomDecided {
			c.pos = i + 1
			c.byteOrderMark = true
			return
		}
	}
	c.pos = len(c.p)
}

// next reads on to the end of the next line. It deals with the common case, a
// line that ends with LF and lies in a chunk in which no CR is left, and leaves
// the others to nextOfAny.
func (s *splitter) next(c *chunk, maxLine int) (line []byte, got scanned) {
	if rest := c.p[c.pos:]; len(rest) > 0 && c.cr == len(c.p) && s.held == nil && !s.tooLong {
		end := 0
		if rest[0] != '\n' {
			end = bytes.IndexByte(rest, '\n')
		}
		if uint(end) <= uint(maxLine) {
			c.pos += end + 1
			return rest[:end], lineInChunk
		}
	}
	return s.nextOfAny(c, maxLine)
}

// nextOfAny is next for every case.
func (s *splitter) nextOfAny(c *chunk, maxLine int) (line []byte, got scanned) {
	if s.ended {
		s.release()
	}
	if c.pos == len(c.p) {
		return nil, chunkDone
	}
	end := c.lineEnd()
	line = c.p[c.pos:end]

	if s.tooLong {
		c.pos = end
		if end == len(c.p) {
			return nil, chunkDone
		}
		s.passLineEnd(c)
		s.tooLong = false
		return nil, lineDropped
	}
	if s.held == nil {
		if len(line) > maxLine {
			s.tooLong = true
			c.pos = end
			return nil, lineTooLong
		}
		if end == len(c.p) {
			s.hold(line)
			c.pos = end
			return nil, chunkDone
		}
		c.pos = end
		s.passLineEnd(c)
		return line, lineInChunk
	}

	c.pos = end
	if len(s.held.bytes)+len(line) > maxLine {
		s.release()
		s.tooLong = true
		return nil, lineTooLong
	}
	s.hold(line)
	if end == len(c.p) {
		return nil, chunkDone
	}
	s.passLineEnd(c)
	s.ended = true
	return s.held.bytes, lineJoined
}

// end resets s for another stream and reports whether it discarded a line that
// had no end.
func (s *splitter) end() bool {
	cut := s.held != nil || s.tooLong || s.bom > 0 && s.bom < bomDecided
	s.release()
	*s = splitter{}
	return cut
}

// lineEnd returns the place of the next CR or LF, len(c.p) if there is none.
func (c *chunk) lineEnd() int {
	if c.lf < c.pos {
		c.lf = indexFrom(c.p, c.pos, '\n')
	}
	if c.cr < c.pos {
		c.cr = indexFrom(c.p, c.pos, '\r')
	}
	return min(c.lf, c.cr)
}

func indexFrom(p []byte, from int, b byte) int {
	if i := bytes.IndexByte(p[from:], b); i >= 0 {
		return from + i
	}
	return len(p)
}

// passLineEnd steps over the CR, LF or CRLF at c.pos.
func (s *splitter) passLineEnd(c *chunk) {
	cr := c.p[c.pos] == '\r'
	c.pos++
	if !cr {
		return
	}
	if c.pos == len(c.p) {
		s.afterCR = true
	} else if c.p[c.pos] == '\n' {
		c.pos++
	}
}

// A heldLine is memory for lines that chunk borders cut.
type heldLine struct{ bytes []byte }

var heldLines = sync.Pool{New: func() any { return new(heldLine) }}

func (s *splitter) hold(p []byte) {
	if s.held == nil {
		s.held = heldLines.Get().(*heldLine)
	}
	s.held.bytes = append(s.held.bytes, p...)
}

func (s *splitter) release() {
	if s.held != nil {
		s.held.bytes = poolable(s.held.bytes)
		heldLines.Put(s.held)
		s.held = nil
	}
	s.ended = false
}
