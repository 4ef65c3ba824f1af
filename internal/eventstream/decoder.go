// Package eventstream turns the bytes of a text/event-stream body into lines
// and events, and counts what is odd about them.
//
// It follows the WHATWG HTML standard, sections 9.2.5 "Parsing an event
// stream" and 9.2.6 "Interpreting an event stream". Decoding is pushed: a
// [Decoder] owns no reader, goroutine or clock. Whoever read the bytes passes
// them to [Decoder.Feed], cut anywhere, and so knows the time at which each
// event was complete.
package eventstream

import (
	"bytes"
	"time"
	"unicode/utf8"
)

// Limits that apply where a [Config] names none.
const (
	DefaultMaxLine  = 1 << 20  // bytes
	DefaultMaxEvent = 16 << 20 // bytes
)

// A Config is shared by the decoders of one owner, such as an event loop. It
// must not change while they are in use.
type Config struct {
	// MaxLine is the longest line that is read, in bytes without its line
	// end. A longer one is dropped, and the block that it belongs to is not
	// dispatched. 0 means DefaultMaxLine.
	MaxLine int

	// MaxEvent is the most data that one event may have, in bytes with the
	// line feeds that join its lines. A larger event is not dispatched.
	// 0 means DefaultMaxEvent.
	MaxEvent int

	// Findings, unless nil, is where the decoders count. They count without
	// a lock, so decoders that share it must share a goroutine too.
	Findings *Findings
}

func (c *Config) maxLine() int {
	if c == nil || c.MaxLine <= 0 {
		return DefaultMaxLine
	}
	return c.MaxLine
}

func (c *Config) maxEvent() int {
	if c == nil || c.MaxEvent <= 0 {
		return DefaultMaxEvent
	}
	return c.MaxEvent
}

// An Event is one dispatched event. Its slices are valid only until emit
// returns and must not be written to.
type Event struct {
	// Type is the value of the event field, "message" if there was none or
	// it was empty.
	Type []byte
	// Data is the values of the data fields, joined by line feeds.
	Data []byte
	// LastEventID is the last event ID as of this event, which an earlier
	// event or connection may have set.
	LastEventID []byte
}

var messageType = []byte("message")

// A Decoder decodes the event streams of one client, one connection after
// another. Between events it holds no buffer but the last event ID. The zero
// Decoder has default limits and counts nothing. A Decoder must not be copied
// after its first Feed, nor used by two goroutines at once.
type Decoder struct {
	cfg      *Config
	lines    splitter
	kept     *keptBlock // the block that the last chunk left unfinished, nil if none
	id       []byte
	retry    time.Duration
	hasRetry bool
	ownID    bool // of the event that is being dispatched
}

// NewDecoder returns a Decoder that obeys and counts into cfg. A nil cfg means
// default limits and no counting.
func NewDecoder(cfg *Config) Decoder {
	return Decoder{cfg: cfg}
}

// LastEventID returns the last event ID as committed by the last blank line:
// what a reconnecting client sends, unless it is empty. The slice is valid
// until the next Feed and must not be written to.
func (d *Decoder) LastEventID() []byte { return d.id }

// EventHasID reports whether the event that emit is being called for sets its
// LastEventID by itself. Between calls of emit it tells nothing.
func (d *Decoder) EventHasID() bool { return d.ownID }

// Retry returns the reconnection time that the stream set last, and whether it
// ever set one. Values beyond a time.Duration saturate to its maximum.
func (d *Decoder) Retry() (time.Duration, bool) { return d.retry, d.hasRetry }

// Feed decodes the next bytes of the stream and calls emit for each event that
// they complete. An event is complete with the first byte of its blank line:
// a CR does not wait for the LF that may follow. Feed keeps no reference to p.
// emit must not call Feed or End of the same decoder.
func (d *Decoder) Feed(p []byte, emit func(Event)) {
	if len(p) == 0 {
		return
	}
	var uncounted Findings
	f := &uncounted
	if d.cfg != nil && d.cfg.Findings != nil {
		f = d.cfg.Findings
	}
	f.Bytes += uint64(len(p))
	maxLine, maxEvent := d.cfg.maxLine(), d.cfg.maxEvent()

	c := d.lines.begin(p)
	if c.byteOrderMark {
		f.ByteOrderMarks++
	}
	ascii := isASCII(p)
	b := d.resumeBlock()
	for {
		line, got := d.lines.next(&c, maxLine)
		switch got {
		case chunkDone:
			d.keepBlock(&b)
			return
		case lineTooLong:
			f.LineTooLong++
			b.drop()
			continue
		case lineDropped:
			f.Lines++
			continue
		}
		f.Lines++
		if len(line) == 0 {
			d.dispatch(&b, f, emit)
			continue
		}
		inPlace := got == lineInChunk
		if !(ascii && inPlace) && !utf8.Valid(line) {
			f.InvalidUTF8++
			inPlace = false
		}
		d.interpret(&b, line, inPlace, maxEvent, f)
	}
}

// End tells that the stream has ended, in whatever way. An unfinished block is
// discarded, as the standard asks. The last event ID and the reconnection time
// are kept: the next Feed begins the stream of the next connection.
func (d *Decoder) End() {
	cutLine := d.lines.end()
	if d.kept == nil && !cutLine {
		return
	}
	if d.kept != nil {
		d.kept.release()
		d.kept = nil
	}
	if d.cfg != nil && d.cfg.Findings != nil {
		d.cfg.Findings.CutEvents++
	}
}

// interpret processes one line that is not blank: a comment or a field.
// inPlace tells that the line lies in the chunk and is valid UTF-8, so that
// its value can be referred to instead of copied.
func (d *Decoder) interpret(b *block, line []byte, inPlace bool, maxEvent int, f *Findings) {
	switch line[0] {
	case ':':
		f.Comments++
		return
	case 'd':
		if value, ok := fieldValue(line, "data"); ok {
			b.has |= hasField
			if b.addData(value, inPlace) > maxEvent {
				f.EventTooLarge++
				b.drop()
			}
			return
		}
	case 'i':
		if value, ok := fieldValue(line, "id"); ok {
			b.has |= hasField
			if bytes.IndexByte(value, 0) >= 0 {
				f.NULInID++
			} else {
				b.setID(value, inPlace)
			}
			return
		}
	case 'e':
		if value, ok := fieldValue(line, "event"); ok {
			b.has |= hasField
			b.setType(value, inPlace)
			return
		}
	case 'r':
		if value, ok := fieldValue(line, "retry"); ok {
			b.has |= hasField
			if t, ok := parseRetry(value); ok {
				d.retry, d.hasRetry = t, true
			} else {
				f.BadRetry++
			}
			return
		}
	}
	b.has |= hasField
	f.unknown(line)
}

// dispatch does what a blank line asks for and leaves b empty. The ID is
// committed even when the block has no data or is dropped.
func (d *Decoder) dispatch(b *block, f *Findings, emit func(Event)) {
	if b.has&hasID != 0 {
		d.commit(b.id)
	}
	switch {
	case b.has&isDropped != 0:
	case b.has&hasData != 0:
		f.Events++
		d.ownID = b.has&hasID != 0
		typ := messageType
		if b.has&hasType != 0 && len(b.typ) > 0 {
			typ = b.typ
		}
		emit(Event{Type: typ, Data: b.data, LastEventID: d.id})
	case b.has&hasType != 0:
		f.EmptyBlocks++
	}
	b.reset()
}

// keptIDCapacity is how many bytes of room a decoder keeps for IDs to come.
const keptIDCapacity = 512

func (d *Decoder) commit(id []byte) {
	if cap(d.id) > keptIDCapacity && len(id) <= keptIDCapacity {
		d.id = nil
	}
	d.id = append(d.id[:0], id...)
}
