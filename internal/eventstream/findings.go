package eventstream

import (
	"bytes"
	"unicode"
)

// Findings counts what decoders saw. What is odd is not always wrong: the
// standard accepts almost any bytes, and says what to make of them.
type Findings struct {
	Bytes  uint64 `json:"bytes"`  // bytes fed, of any kind
	Lines  uint64 `json:"lines"`  // lines that ended, blank ones included
	Events uint64 `json:"events"` // events dispatched

	Comments      uint64 `json:"comments"`       // comment lines
	EmptyBlocks   uint64 `json:"empty_blocks"`   // blank lines that ended a block with an event name but no data, which dispatches nothing
	UnknownFields uint64 `json:"unknown_fields"` // fields that are not data, event, id or retry, which are ignored

	// Of UnknownFields, what their names may have been meant for. One may be
	// of several kinds.
	UnknownNames uint64 `json:"unknown_names"` // with a colon, and none of the four names in any spelling
	NoColon      uint64 `json:"no_colon"`      // without a colon, and none of the four names in any spelling
	FieldCase    uint64 `json:"field_case"`    // one of the four names with capital letters
	FieldIndent  uint64 `json:"field_indent"`  // one of the four names with blanks or tabs around it

	NULInID     uint64 `json:"nul_in_id"`    // id fields ignored because they contain U+0000
	BadRetry    uint64 `json:"bad_retry"`    // retry fields ignored because they are not only ASCII digits, or are empty
	InvalidUTF8 uint64 `json:"invalid_utf8"` // lines with bytes that are not UTF-8, which become U+FFFD

	ByteOrderMarks     uint64 `json:"byte_order_marks"`      // byte order marks stripped, at most one a connection
	LateByteOrderMarks uint64 `json:"late_byte_order_marks"` // lines that begin with a further byte order mark, which spoils their field name

	LineTooLong   uint64 `json:"line_too_long"`   // lines dropped because they are longer than Config.MaxLine
	EventTooLarge uint64 `json:"event_too_large"` // events dropped because their data is larger than Config.MaxEvent
	CutEvents     uint64 `json:"cut_events"`      // ends of a stream that discarded an unfinished block or line
}

// Add adds the counts of o to f. The sum is the same in any order.
func (f *Findings) Add(o Findings) {
	f.Bytes += o.Bytes
	f.Lines += o.Lines
	f.Events += o.Events
	f.Comments += o.Comments
	f.EmptyBlocks += o.EmptyBlocks
	f.UnknownFields += o.UnknownFields
	f.UnknownNames += o.UnknownNames
	f.NoColon += o.NoColon
	f.FieldCase += o.FieldCase
	f.FieldIndent += o.FieldIndent
	f.NULInID += o.NULInID
	f.BadRetry += o.BadRetry
	f.InvalidUTF8 += o.InvalidUTF8
	f.ByteOrderMarks += o.ByteOrderMarks
	f.LateByteOrderMarks += o.LateByteOrderMarks
	f.LineTooLong += o.LineTooLong
	f.EventTooLarge += o.EventTooLarge
	f.CutEvents += o.CutEvents
}

// unknown counts a line that is none of the standard's fields.
func (f *Findings) unknown(line []byte) {
	f.UnknownFields++
	name, _, colon := bytes.Cut(line, []byte(":"))
	if trimmed := bytes.Trim(name, blanks); isField(trimmed) {
		if len(trimmed) < len(name) {
			f.FieldIndent++
		}
		if bytes.ContainsFunc(trimmed, unicode.IsUpper) {
			f.FieldCase++
		}
		return
	}
	unmarked, marked := bytes.CutPrefix(name, byteOrderMark)
	if marked {
		f.LateByteOrderMarks++
	}
	switch {
	case isField(bytes.Trim(unmarked, blanks)): // the mark alone spoils it
	case !colon:
		f.NoColon++
	case !marked:
		f.UnknownNames++
	}
}

const blanks = " \t"

// fields are the names that mean something (WHATWG HTML, section 9.2.6).
var fields = [][]byte{[]byte("data"), []byte("event"), []byte("id"), []byte("retry")}

// isField reports whether name is one of them, in any letter case.
func isField(name []byte) bool {
	for _, f := range fields {
		if bytes.EqualFold(name, f) {
			return true
		}
	}
	return false
}
