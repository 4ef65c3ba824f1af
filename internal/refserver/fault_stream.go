package refserver

import (
	"bytes"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// streamFaults are about the framing of a stream: bytes, lines and blocks.
var streamFaults = []faultRow{
	{Fault{"latin1", "Characters up to U+00FF are encoded as ISO 8859-1.",
		[]string{"stream.utf8.valid", "data.roundtrip.unicode", "data.unicode-separators"}},
		faultHooks{event: recoded(func(dst []byte, r rune) []byte {
			if r > 0x7F && r <= 0xFF {
				return append(dst, byte(r))
			}
			return utf8.AppendRune(dst, r)
		})}},
	{Fault{"cesu8", "Characters beyond U+FFFF are encoded as two surrogates.",
		[]string{"stream.utf8.no-cesu", "stream.utf8.valid", "data.roundtrip.unicode"}},
		faultHooks{event: recoded(func(dst []byte, r rune) []byte {
			if r > 0xFFFF {
				high, low := utf16.EncodeRune(r)
				return appendSurrogate(appendSurrogate(dst, high), low)
			}
			return utf8.AppendRune(dst, r)
		})}},
	{Fault{"bom-per-event", "Every event begins with a byte order mark and a comment.",
		[]string{"stream.bom.later"}},
		faultHooks{event: preceded("\ufeff:\n")}},
	{Fault{"eol-mixed", "Every event begins with a comment that ends with CRLF.",
		[]string{"stream.eol.mixed"}},
		faultHooks{event: preceded(":\r\n")}},
	{Fault{"one-newline", "No blank line ends an event.",
		[]string{"stream.event.terminated", "stream.event.terminator-timely", "stream.block.repeated-field", "stream.eof.complete"}},
		faultHooks{event: onEvent(func(e []byte) []byte { return e[:len(e)-1] })}},
	{Fault{"terminator-late", "The blank line of an event comes in front of the next one.",
		[]string{"stream.event.terminator-timely", "stream.eof.complete"}},
		faultHooks{event: onEvent(func(e []byte) []byte { return slices.Concat([]byte("\n"), e[:len(e)-1]) })}},
	{Fault{"unknown-field", "Every event has a field that the standard does not know.",
		[]string{"stream.line.unknown-field"}},
		faultHooks{event: preceded("sent: 1\n")}},
	{Fault{"no-colon", "Every event has a line without a colon.",
		[]string{"stream.line.no-colon"}},
		faultHooks{event: preceded("beat\n")}},
	{Fault{"field-capital", "Every event has a field Retry.",
		[]string{"stream.field.case"}},
		faultHooks{event: preceded("Retry: 1\n")}},
	{Fault{"field-indent", "Every event has a field with a blank in front.",
		[]string{"stream.field.indent"}},
		faultHooks{event: preceded(" retry: 1\n")}},
	{Fault{"event-empty", "An event without data comes before every event.",
		[]string{"stream.block.no-data"}},
		faultHooks{event: preceded("event: ping\n\n")}},
	{Fault{"field-twice", "Every event names its type twice.",
		[]string{"stream.block.repeated-field"}},
		faultHooks{event: preceded("event: a\nevent: message\n")}},
	{Fault{"nul-comment", "Every event has a comment with a NUL.",
		[]string{"stream.control-chars"}},
		faultHooks{event: preceded(": \x00\n")}},
	{Fault{"torn", "A heartbeat comes before the last line of every 20th event of a topic, if that has three or more.",
		[]string{"stream.interleave"}},
		faultHooks{event: func(t *topicFault, e []byte) [][]byte {
			last := bytes.LastIndex(e, []byte("\ndata: "))
			if t.count%20 != 0 || bytes.Count(e, []byte("\ndata: ")) < 3 {
				return [][]byte{e}
			}
			return [][]byte{slices.Concat(e[:last+1], []byte(comment), e[last+1:])}
		}}},
	{Fault{"eof-cut", "A stream that the server ends stops within an event.",
		[]string{"stream.eof.complete"}},
		faultHooks{ending: "data: never dispatched\n"}},
	{Fault{"eof-page", "A stream that the server ends stops with a page.",
		[]string{"stream.error.in-band", "stream.eof.complete"}},
		faultHooks{ending: "<html>Something went wrong</html>"}},
	{Fault{"id-undefined", "The id of every event is undefined.",
		[]string{"stream.sentinel-literals"}},
		faultHooks{event: onEvent(func(e []byte) []byte {
			if bytes.HasPrefix(e, []byte("id: ")) {
				_, rest, _ := bytes.Cut(e, []byte("\n"))
				return slices.Concat([]byte("id: undefined\n"), rest)
			}
			return e
		})}},
}

// onEvent changes each event.
func onEvent(change func([]byte) []byte) func(*topicFault, []byte) [][]byte {
	return func(_ *topicFault, e []byte) [][]byte { return [][]byte{change(e)} }
}

// preceded writes a text in front of each event.
func preceded(text string) func(*topicFault, []byte) [][]byte {
	return onEvent(func(e []byte) []byte { return slices.Concat([]byte(text), e) })
}

// recoded encodes each character of an event in another way than UTF-8.
func recoded(appendRune func(dst []byte, r rune) []byte) func(*topicFault, []byte) [][]byte {
	return onEvent(func(e []byte) []byte {
		out := make([]byte, 0, 2*len(e))
		for _, r := range string(e) {
			out = appendRune(out, r)
		}
		return out
	})
}

// appendSurrogate appends half of a surrogate pair in three bytes, which is not
// UTF-8.
func appendSurrogate(dst []byte, half rune) []byte {
	return append(dst, 0xE0|byte(half>>12), 0x80|byte(half>>6)&0x3F, 0x80|byte(half)&0x3F)
}
