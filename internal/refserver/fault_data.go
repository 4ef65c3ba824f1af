package refserver

import (
	"bytes"
	"html"
	"slices"
	"strings"
	"unicode/utf8"
)

// dataFaults are about what becomes of the data that is published, and of its
// order.
var dataFaults = []faultRow{
	{Fault{"ascii-escaped", "The data is escaped as for HTML.",
		[]string{"data.roundtrip.ascii"}},
		faultHooks{publication: onData(html.EscapeString)}},
	{Fault{"raw-second-line", "Only the first line of the data is written as a field.",
		[]string{
			"data.multiline.lf", "data.multiline.crlf", "data.multiline.cr", "data.multiline.blank-inside", "data.multiline.leading",
			"data.multiline.trailing", "data.multiline.only", "data.space.leading-each-line", "data.lookalike",
			"stream.line.no-colon", "stream.block.repeated-field",
			"inject.data.lf", "inject.data.cr", "inject.data.blank", "inject.cross-user",
		}},
		faultHooks{event: onLaterLines("\ndata: ", "\n")}},
	{Fault{"crlf-double", "A CRLF in the data is taken for two line ends.",
		[]string{"data.multiline.crlf"}},
		faultHooks{publication: onData(func(s string) string { return strings.ReplaceAll(s, "\r\n", "\n\n") })}},
	{Fault{"cr-raw", "A CR in the data is written as it is.",
		[]string{
			"data.multiline.cr", "stream.eol.lone-cr", "stream.line.no-colon", "inject.data.cr", "inject.data.blank", "inject.cross-user",
		}},
		faultHooks{
			publication: onData(strings.NewReplacer("\r\n", "\n", "\r", hiddenCR).Replace),
			event:       onEvent(func(e []byte) []byte { return bytes.ReplaceAll(e, []byte(hiddenCR), []byte("\r")) }),
		}},
	{Fault{"blank-inside", "Empty lines of the data are written as blank lines.",
		[]string{
			"data.multiline.blank-inside", "data.multiline.leading", "data.multiline.trailing", "data.multiline.only", "data.empty",
			"inject.data.blank", "inject.cross-user",
		}},
		faultHooks{event: onEvent(func(e []byte) []byte { return bytes.ReplaceAll(e, []byte("data: \n"), []byte("\n")) })}},
	{Fault{"data-trimmed", "Blanks around the data of an event are lost.",
		[]string{
			"data.multiline.leading", "data.multiline.trailing", "data.multiline.only",
			"data.space.leading", "data.space.trailing",
		}},
		faultHooks{publication: onData(strings.TrimSpace)}},
	{Fault{"indent-lost", "No blank stands behind the colon of the data lines but the first.",
		[]string{"data.space.leading-each-line"}},
		faultHooks{event: onLaterLines("\ndata: ", "\ndata:")}},
	{Fault{"lookalike", "A line of the data that looks like an event's type becomes it.",
		[]string{"data.lookalike"}},
		faultHooks{event: onLaterLines("\ndata: event: ", "\nevent: ")}},
	{Fault{"empty-null", "Empty data becomes the text null.",
		[]string{"data.empty"}},
		faultHooks{publication: onData(func(s string) string {
			if s == "" {
				return "null"
			}
			return s
		})}},
	{Fault{"splitlines", "All that Unicode takes for the end of a line ends a line of the data.",
		[]string{"data.unicode-separators"}},
		faultHooks{publication: onData(strings.NewReplacer(
			"\u2028", "\n", "\u2029", "\n", "\u0085", "\n", "\v", "\n", "\f", "\n", "\x1c", "\n", "\x1d", "\n", "\x1e", "\n",
		).Replace)}},
	{Fault{"nul-cut", "Data is accepted, and cut, at a NUL.",
		[]string{"data.nul"}},
		faultHooks{publication: func(p *publication, refused error) error {
			if p.data != nil && strings.Contains(*p.data, "\x00") {
				*p.data, _, _ = strings.Cut(*p.data, "\x00")
				return nil
			}
			return refused
		}}},
	{Fault{"bom-stripped", "U+FEFF at the beginning of the data is lost.",
		[]string{"data.bom-char"}},
		faultHooks{publication: onData(func(s string) string { return strings.TrimPrefix(s, "\ufeff") })}},
	{Fault{"surrogate-raw", "U+FFFD is written as a surrogate in three bytes.",
		[]string{"data.surrogate", "stream.utf8.valid"}},
		faultHooks{event: recoded(func(dst []byte, r rune) []byte {
			if r == utf8.RuneError {
				return appendSurrogate(dst, 0xD800)
			}
			return utf8.AppendRune(dst, r)
		})}},
	{Fault{"large-cut", "Data is cut after 64 KiB.",
		[]string{"data.large"}},
		faultHooks{publication: onData(func(s string) string { return s[:min(len(s), 64<<10)] })}},
	{Fault{"drop-100th", "Every 100th event of a topic is accepted and never sent.",
		[]string{"data.exactly-once-live"}},
		faultHooks{event: func(t *topicFault, e []byte) [][]byte {
			if t.count%100 == 0 {
				return nil
			}
			return [][]byte{e}
		}}},
	{Fault{"double-100th", "Every 100th event of a topic is sent twice.",
		[]string{"data.exactly-once-live"}},
		faultHooks{event: func(t *topicFault, e []byte) [][]byte {
			if t.count%100 == 0 {
				return [][]byte{e, e}
			}
			return [][]byte{e}
		}}},
	{Fault{"swap-100th", "Every 100th event of a topic is sent after the one that follows it.",
		[]string{"data.order"}},
		faultHooks{event: func(t *topicFault, e []byte) [][]byte {
			if t.count%100 == 0 {
				t.held = bytes.Clone(e)
				return nil
			}
			if t.held != nil {
				held := t.held
				t.held = nil
				return [][]byte{e, held}
			}
			return [][]byte{e}
		}}},
	{Fault{"stall", "After 100 events of a topic its further events are accepted and never sent.",
		[]string{"data.exactly-once-live"}},
		faultHooks{event: func(t *topicFault, e []byte) [][]byte {
			if t.count > 100 {
				return nil
			}
			return [][]byte{e}
		}}},
}

// hiddenCR stands for a CR on its way through the encoder, which would take it
// for a line end. It is a character of private use.
const hiddenCR = "\ue00d"

// onData changes the data of each publish.
func onData(change func(string) string) func(*publication, error) error {
	return func(p *publication, refused error) error {
		if p.data != nil {
			changed := change(*p.data)
			p.data = &changed
		}
		return refused
	}
}

// onLaterLines replaces a text in an event, behind the name of its first data
// field.
func onLaterLines(from, to string) func(*topicFault, []byte) [][]byte {
	return onEvent(func(e []byte) []byte {
		at := bytes.Index(e, []byte("data: "))
		if at < 0 {
			return e
		}
		at += len("data: ")
		return slices.Concat(e[:at], bytes.ReplaceAll(e[at:], []byte(from), []byte(to)))
	})
}
