package conformance

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/internal/eventstream"
)

// decoded is what a connection's body means to a receiver that follows the
// standard (WHATWG HTML 9.2.5 and 9.2.6).
type decoded struct {
	lines    []Line
	blocks   []Block
	events   []Event
	findings eventstream.Findings
	retry    time.Duration
	hasRetry bool
	rest     int // offset of the line that never ended; len(body) if none
}

// A Line is one line of a stream without its line end.
type Line struct {
	Offset int           // of its first byte in the body
	At     time.Duration // when its line end was read
	Text   []byte
	End    string // CR, LF or CRLF
}

// A Block is the lines between two blank lines.
type Block struct {
	Lines []Line
	Blank *Line // the blank line that ended it, nil for the last
}

// An Event is one dispatched event.
type Event struct {
	Type, Data, ID string
	Offset         int           // of its block
	At             time.Duration // when its blank line was read
}

// body is the bytes of all chunks.
func (c *Connection) bytes() []byte {
	if c.body == nil {
		for _, chunk := range c.Chunks {
			c.body = append(c.body, chunk.Data...)
		}
	}
	return c.body
}

func (c *Connection) lines() []Line   { return c.decode().lines }
func (c *Connection) blocks() []Block { return c.decode().blocks }
func (c *Connection) events() []Event { return c.decode().events }

// arrived is when the byte at the offset was read.
func (c *Connection) arrived(offset int) time.Duration {
	for _, chunk := range c.Chunks {
		if offset < len(chunk.Data) {
			return chunk.At
		}
		offset -= len(chunk.Data)
	}
	return c.Ended
}

func (c *Connection) decode() *decoded {
	if c.decoded != nil {
		return c.decoded
	}
	d := &decoded{}
	c.decoded = d
	body := c.bytes()
	d.scan(body, c.Chunks)
	d.cut()

	// Nothing is dropped for its size here: what was read is already bounded.
	decoder := eventstream.NewDecoder(&eventstream.Config{MaxLine: len(body) + 1, MaxEvent: len(body) + 1, Findings: &d.findings})
	for _, chunk := range c.Chunks {
		decoder.Feed(chunk.Data, func(e eventstream.Event) {
			d.events = append(d.events, Event{Type: string(e.Type), Data: string(e.Data), ID: string(e.LastEventID), At: chunk.At})
		})
	}
	d.retry, d.hasRetry = decoder.Retry()
	if c.End.byPeer() {
		decoder.End()
	}
	// Every block that has data and an end was dispatched, in order.
	i := 0
	for _, b := range d.blocks {
		if b.Blank != nil && b.has("data") && i < len(d.events) {
			d.events[i].Offset = b.Lines[0].Offset
			i++
		}
	}
	return d
}

// scan fills in the lines. The scanner says where lines are; their ends are
// then the bytes that follow.
func (d *decoded) scan(body []byte, chunks []Chunk) {
	scanner := eventstream.Scanner{MaxLine: len(body) + 1}
	at, pos := time.Duration(0), 0
	if bytes.HasPrefix(body, byteOrderMark) {
		pos = len(byteOrderMark)
	}
	for _, chunk := range chunks {
		at = chunk.At
		scanner.Feed(chunk.Data, func(line []byte) {
			end := "\n"
			after := body[pos+len(line):]
			if after[0] == '\r' {
				end = "\r"
				if bytes.HasPrefix(after, []byte("\r\n")) {
					end = "\r\n"
				}
			}
			d.lines = append(d.lines, Line{Offset: pos, At: at, Text: body[pos : pos+len(line)], End: end})
			pos += len(line) + len(end)
		})
	}
	d.rest = min(pos, len(body))
}

// cut fills in the blocks.
func (d *decoded) cut() {
	var b Block
	for i, l := range d.lines {
		if len(l.Text) > 0 {
			b.Lines = append(b.Lines, l)
			continue
		}
		if len(b.Lines) > 0 {
			b.Blank = &d.lines[i]
			d.blocks = append(d.blocks, b)
			b = Block{}
		}
	}
	if len(b.Lines) > 0 {
		d.blocks = append(d.blocks, b)
	}
}

var byteOrderMark = []byte("\xEF\xBB\xBF")

// fieldNames are the fields that mean something (WHATWG HTML 9.2.6).
var fieldNames = []string{"data", "event", "id", "retry"}

// field returns the line's name and value as the standard cuts them: at the
// first colon, less one space. A comment has the empty name.
func (l Line) field() (name, value string) {
	name, value, _ = strings.Cut(string(l.Text), ":")
	return name, strings.TrimPrefix(value, " ")
}

// hasColon reports whether the line has a colon.
func (l Line) hasColon() bool { return bytes.IndexByte(l.Text, ':') >= 0 }

// comment reports whether the line is a comment.
func (l Line) comment() bool { return len(l.Text) > 0 && l.Text[0] == ':' }

// bare is the line's field name as a careless sender may have meant it: without
// byte order mark and blanks, in lower case.
func (l Line) bare() string {
	name, _ := l.field()
	return strings.ToLower(strings.Trim(strings.TrimPrefix(name, string(byteOrderMark)), " \t"))
}

// has reports whether the block has a field of the name.
func (b Block) has(name string) bool { return len(b.fields(name)) > 0 }

// lastField returns the last line that is no comment; the last line if all are
// comments.
func (b Block) lastField() Line {
	for _, l := range slices.Backward(b.Lines) {
		if !l.comment() {
			return l
		}
	}
	return b.Lines[len(b.Lines)-1]
}

// fields returns the block's lines of the field name.
func (b Block) fields(name string) []Line {
	var list []Line
	for _, l := range b.Lines {
		if n, _ := l.field(); n == name {
			list = append(list, l)
		}
	}
	return list
}
