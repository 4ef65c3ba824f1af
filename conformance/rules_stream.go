package conformance

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// listened are the exchanges beside the opening one whose streams are looked at
// line by line.
var listened = []string{"publish", "payload", "sequence", "burst", "gzip", "finish"}

// plain are those in which nothing unusual is published.
var plain = []string{"publish", "sequence", "burst", "finish"}

// streamChecks are about the framing of a stream: bytes, lines and blocks.
var streamChecks = []Check{
	{
		ID: "stream.utf8.valid", Level: Must, Clause: "WHATWG HTML 9.2.5", Exchange: opening, Also: listened,
		Require: "Every byte of the stream is part of well-formed UTF-8.",
		Why:     "A receiver puts U+FFFD in place of what is not UTF-8, so text is lost without an error.",
		Fix:     "Encode as UTF-8 before writing, and never cut a text inside a character.",
		Judge: eachLine("line", func(_ *Transcript, l Line) string {
			if utf8.Valid(l.Text) {
				return ""
			}
			return "bytes that are not UTF-8 in " + quoted(string(l.Text))
		}),
	},
	{
		ID: "stream.utf8.no-cesu", Level: Must, Clause: "WHATWG HTML 9.2.5", Exchange: "payload",
		Require:  "A character beyond U+FFFF is one sequence of four bytes, not two surrogates of three.",
		Why:      "Surrogates are not UTF-8: the receiver shows two to six U+FFFD in place of one character.",
		Fix:      "Do not encode with modified UTF-8 (CESU-8); use the standard encoder of the language.",
		Payloads: []Payload{{Fields: Fields{"data": "astral \U0001F600 \U00020000"}}},
		Judge: everywhere("surrogate pair", func(_ *Transcript, c *Connection, report func(string, Evidence)) {
			body := c.bytes()
			for i := 0; i+5 < len(body); i++ {
				if body[i] == 0xED && body[i+1] >= 0xA0 && body[i+1] < 0xB0 && body[i+3] == 0xED && body[i+4] >= 0xB0 {
					report(fmt.Sprintf("at byte %d", i), c.bodyEvidence(i, i+6))
				}
			}
		}),
	},
	{
		ID: "stream.utf8.split-across-flush", Level: Info, Clause: "WHATWG HTML 9.2.5", Exchange: opening, Also: listened,
		Require: "Reads and transfer chunks begin between characters.",
		Why:     "It is legal otherwise, and many clients that decode each read by itself lose the character.",
		Fix:     "Write whole events at a time.",
		Judge: everywhere("split character", func(_ *Transcript, c *Connection, report func(string, Evidence)) {
			offset := 0
			for _, chunk := range c.Chunks {
				if offset > 0 && len(chunk.Data) > 0 && chunk.Data[0]&0xC0 == 0x80 {
					report(fmt.Sprintf("at byte %d", offset), c.bodyEvidence(offset-1, offset+3))
				}
				offset += len(chunk.Data)
			}
		}),
	},
	{
		ID: "stream.bom.start", Level: Info, Clause: "WHATWG HTML 9.2.5", Exchange: opening, Also: listened,
		Require: "The stream begins without a byte order mark.",
		Why:     "It is legal, and several client libraries do not strip it and lose the first event.",
		Fix:     "Write without a byte order mark.",
		Judge: everywhere("stream", func(_ *Transcript, c *Connection, report func(string, Evidence)) {
			if bytes.HasPrefix(c.bytes(), byteOrderMark) {
				report("begins with a byte order mark", c.bodyEvidence(0, 3))
			}
		}),
	},
	{
		ID: "stream.bom.later", Level: Must, Clause: "WHATWG HTML 9.2.5, 9.2.6", Exchange: opening, Also: listened,
		Require: "No line but the first begins with a byte order mark.",
		Why:     "It becomes part of the field name, so the line is ignored and its data is lost.",
		Fix:     "Use a text writer that emits the mark once, or none.",
		Judge: eachLine("line", func(_ *Transcript, l Line) string {
			if bytes.HasPrefix(l.Text, byteOrderMark) {
				return quoted(string(l.Text))
			}
			return ""
		}),
	},
	{
		ID: "stream.eol.mixed", Level: Should, Clause: "WHATWG HTML 9.2.5", Exchange: opening, Also: listened,
		Require: "A stream ends its lines in one way, LF or CRLF.",
		Why:     "A change is the trace of text that was written raw, and some clients know only the first way.",
		Fix:     "Split payloads at CR, LF and CRLF, and write all lines through one writer.",
		Judge: everywhere("line", func(_ *Transcript, c *Connection, report func(string, Evidence)) {
			first := ""
			for _, l := range c.lines() {
				switch {
				case l.End == "\r": // stream.eol.lone-cr
				case first == "":
					first = l.End
				case l.End != first:
					report(fmt.Sprintf("%s after lines that end with %s", escape([]byte(l.End)), escape([]byte(first))), l.evidence(c))
				}
			}
		}),
	},
	{
		ID: "stream.eol.lone-cr", Level: Should, Clause: "WHATWG HTML 9.2.5, 9.2.6", Exchange: opening, Also: listened,
		Require: "In a stream whose lines end with LF or CRLF there is no CR by itself.",
		Why:     "A CR ends a line, so the text behind it is read as a field.",
		Fix:     "Split payloads at CR as well as at LF.",
		Judge: everywhere("line", func(_ *Transcript, c *Connection, report func(string, Evidence)) {
			if !slices.ContainsFunc(c.lines(), func(l Line) bool { return l.End != "\r" }) {
				return
			}
			for _, l := range c.lines() {
				if l.End == "\r" {
					report(quoted(string(l.Text)+l.End), l.evidence(c))
				}
			}
		}),
	},
	{
		ID: "stream.eol.crlf", Level: Info, Clause: "WHATWG HTML 9.2.5", Exchange: opening, Also: listened,
		Require: "Lines end with LF.",
		Why:     "CRLF is legal, and some clients take only LF.",
		Fix:     "Write LF.",
		Judge: everywhere("line", func(_ *Transcript, c *Connection, report func(string, Evidence)) {
			for _, l := range c.lines() {
				if l.End == "\r\n" {
					report("CRLF", l.evidence(c))
				}
			}
		}),
	},
	{
		ID: "stream.event.terminated", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: "publish",
		Require: "Each published event is dispatched: a blank line ends its block.",
		Why:     "Without a blank line the receiver joins it with the next event, or never dispatches it.",
		Fix:     "End every event with an empty line.",
		Judge:   judgeTerminated,
	},
	{
		ID: "stream.event.terminator-timely", Level: Must, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: "publish", Timed: true,
		Require: "The blank line that ends an event comes together with its last field.",
		Why:     "Otherwise every consumer is one event late, and never gets the last one.",
		Fix:     "Write the blank line behind each event, not in front of the next, and flush both together.",
		Judge:   judgeTimely,
	},
	{
		ID: "stream.line.unknown-field", Level: Should, Clause: "WHATWG HTML 9.2.6", Exchange: opening, Also: listened,
		Require: "Every field is data, event, id or retry.",
		Why:     "Other fields are dropped silently; most often they are the second line of a payload.",
		Fix:     "Write every line of a payload with data: in front. Fields that are meant go into allow_fields of the target file.",
		Judge: eachLine("line", func(t *Transcript, l Line) string {
			name, _ := l.field()
			switch {
			case !l.hasColon(), l.comment(), slices.Contains(fieldNames, l.bare()), bytes.HasPrefix(l.Text, byteOrderMark), slices.Contains(t.Facts.AllowFields, name),
				name == polyField && profiled(t, "polyfill"):
				return ""
			}
			return "the field " + quoted(name)
		}),
	},
	{
		ID: "stream.line.no-colon", Level: Should, Clause: "WHATWG HTML 9.2.6", Exchange: opening, Also: listened,
		Require: "A line without a colon is exactly the name of a field.",
		Why:     "Any other is ignored: it is text that was meant for a payload.",
		Fix:     "Write every line of a payload with data: in front.",
		Judge: eachLine("line", func(t *Transcript, l Line) string {
			if len(l.Text) == 0 || l.hasColon() || slices.Contains(fieldNames, l.bare()) || slices.Contains(t.Facts.AllowFields, string(l.Text)) {
				return ""
			}
			return quoted(string(l.Text))
		}),
	},
	{
		ID: "stream.field.case", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: opening, Also: listened,
		Require: "Field names are in lower case.",
		Why:     "They are compared exactly: Data is no data.",
		Fix:     "Write data, event, id and retry.",
		Judge: eachLine("line", func(_ *Transcript, l Line) string {
			name, _ := l.field()
			name = strings.Trim(name, " \t")
			if slices.Contains(fieldNames, strings.ToLower(name)) && !slices.Contains(fieldNames, name) {
				return "the field " + quoted(name)
			}
			return ""
		}),
	},
	{
		ID: "stream.field.indent", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: opening, Also: listened,
		Require: "No blank stands before a field name, or between it and the colon.",
		Why:     "The blank is part of the name, so the field is unknown and dropped.",
		Fix:     "Write field names at the beginning of the line and the colon right behind them.",
		Judge: eachLine("line", func(_ *Transcript, l Line) string {
			name, _ := l.field()
			if trimmed := strings.Trim(name, " \t"); trimmed != name && slices.Contains(fieldNames, strings.ToLower(trimmed)) {
				return "the field " + quoted(name)
			}
			return ""
		}),
	},
	{
		ID: "stream.field.space-style", Level: Info, Clause: "WHATWG HTML 9.2.6", Exchange: opening, Also: plain,
		Require: "A blank follows the colon of every field, or of none.",
		Why:     "Both are legal. Some clients break without the blank, and a mix loses the leading blank of payloads.",
		Fix:     "Always write a blank behind the colon.",
		Judge:   judgeSpaceStyle,
	},
	{
		ID: "stream.block.no-data", Level: Should, Clause: "WHATWG HTML 9.2.6", Exchange: opening, Also: listened,
		Require: "Every block that names an event has data.",
		Why:     "A block without data is never dispatched, so such an event reaches nobody.",
		Fix:     "Add a data: line, empty if need be; use a comment for a heartbeat.",
		Judge: eachBlock("block", func(_ *Transcript, b Block) string {
			if b.has("event") && !b.has("data") {
				return quoted(string(b.fields("event")[0].Text))
			}
			return ""
		}),
	},
	{
		ID: "stream.block.repeated-field", Level: Should, Clause: "WHATWG HTML 9.2.6", Exchange: opening, Also: listened,
		Require: "A block has event, id and retry once at most.",
		Why:     "The last one wins. A second one is most often the trace of an injection.",
		Fix:     "Refuse line ends in names and IDs, and write each field once.",
		Judge: eachBlock("block", func(_ *Transcript, b Block) string {
			for _, name := range []string{"event", "id", "retry"} {
				if n := len(b.fields(name)); n > 1 {
					return counted(n, name+" line")
				}
			}
			return ""
		}),
	},
	{
		ID: "stream.control-chars", Level: Should, Clause: "practice (WHATWG HTML 9.2.5)", Exchange: opening, Also: listened,
		Require: "There is no NUL, nor another control character that was not published.",
		Why:     "Receivers written in C cut the text at a NUL, and logs and terminals obey the others.",
		Fix:     "Refuse or replace control characters when an event is published.",
		Judge: everywhere("line", func(_ *Transcript, c *Connection, report func(string, Evidence)) {
			for _, l := range c.lines() {
				i := bytes.IndexFunc(l.Text, func(r rune) bool { return r < 0x20 && r != '\t' })
				// In the exchange "payload" others than NUL are published.
				if i >= 0 && (c.Exchange != "payload" || bytes.IndexByte(l.Text, 0) >= 0) {
					report(quoted(string(l.Text)), l.evidence(c))
				}
			}
		}),
	},
	{
		ID: "stream.line.length", Level: Info, Clause: "practice", Exchange: opening, Also: plain,
		Require: "No line is longer than 64 KiB.",
		Why:     "It is legal, and the readers of many clients give up at 64 KiB by default.",
		Fix:     "Split large payloads into several data lines or events.",
		Judge: func(t *Transcript) Verdict {
			streams := t.heard()
			if len(streams) == 0 {
				return t.unmet(nothingHeard)
			}
			longest := 0
			for _, c := range streams {
				for _, l := range c.lines() {
					longest = max(longest, len(l.Text))
				}
				longest = max(longest, len(c.bytes())-c.decode().rest)
			}
			if longest > 64<<10 {
				return missed("the longest line has %d bytes", longest)
			}
			return told("the longest line has %s", counted(longest, "byte"))
		},
	},
	{
		ID: "stream.interleave", Level: Must, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: "burst",
		Require: "Events published at the same time, and heartbeats among them, never mix.",
		Why:     "Two writers without a common lock tear lines apart, and the receiver gets pieces as if they were events.",
		Fix:     "Let one goroutine, thread or lock write to a connection, whole events at a time.",
		Judge:   judgeInterleave,
	},
	{
		ID: "stream.eof.complete", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: opening, Also: append([]string{"accept"}, listened...),
		Require: "A stream that the server ends stops after a blank line.",
		Why:     "A block cut by the end of the stream is discarded, and its event is lost.",
		Fix:     "Write whole events, each with its blank line, before closing.",
		Judge: func(t *Transcript) Verdict {
			ended := 0
			for _, c := range t.streams() {
				if !c.End.byPeer() {
					continue
				}
				ended++
				if c.decode().findings.CutEvents > 0 {
					return missed("the stream ends inside a block").show(c.endEvidence())
				}
			}
			if ended == 0 {
				return untested("the server ended no stream; control: finish in the target file makes it end one")
			}
			return passed("")
		},
	},
	{
		ID: "stream.error.in-band", Level: Should, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: opening, Also: listened,
		Require: "A failure after the head is an event, or the end of the stream, and never a raw page or JSON.",
		Why:     "Raw text is dropped as unknown fields, so the error is invisible to every client.",
		Fix:     "Switch the framework's error page off for streams; send an event, or close.",
		Judge: func(t *Transcript) Verdict {
			ended, published := 0, publishedLines(t)
			for _, c := range t.streams() {
				if !c.End.byPeer() {
					continue
				}
				ended++
				for _, l := range rawLines(c) {
					text := strings.ToLower(strings.TrimSpace(string(l.Text)))
					if !published[string(l.Text)] && slices.ContainsFunc(notStreams, func(prefix string) bool { return strings.HasPrefix(text, prefix) }) {
						return missed("the stream ends with %s", quoted(string(l.Text))).show(l.evidence(c))
					}
				}
			}
			if ended == 0 {
				return untested("the server ended no stream; control: finish in the target file makes it end one")
			}
			return passed("")
		},
	},
	{
		ID: "stream.sentinel-literals", Level: Should, Clause: "practice", Exchange: opening, Also: listened,
		Require: "No event, id or retry is undefined, null, NaN, None or [object Object].",
		Why:     "It is an absent value that was turned into text: clients resume from the ID \"undefined\".",
		Fix:     "Leave a field out when it has no value.",
		Judge: eachLine("line", func(_ *Transcript, l Line) string {
			name, value := l.field()
			if name != "data" && slices.Contains(fieldNames, name) && slices.Contains(sentinels, value) {
				return quoted(string(l.Text))
			}
			return ""
		}),
	},
	{
		ID: "stream.preamble", Level: Info, Clause: "practice (event-source-polyfill)", Exchange: opening, Also: plain,
		Require: "What comes before the first event is comments, retry and blank lines.",
		Why:     "Padding that is not a comment is dropped as an unknown field.",
		Fix:     "Begin each line of padding with a colon.",
		Judge: func(t *Transcript) Verdict {
			streams := t.heard()
			if len(streams) == 0 {
				return t.unmet(nothingHeard)
			}
			c := streams[0]
			for _, l := range c.lines() {
				name, _ := l.field()
				switch {
				case len(l.Text) == 0, l.comment(), name == "retry":
				case slices.Contains(fieldNames, name):
					return told("%s before the first event", counted(l.Offset, "byte"))
				default:
					return missed("%s before the first event", quoted(string(l.Text))).show(l.evidence(c))
				}
			}
			return told("%s, and no event", counted(len(c.bytes()), "byte"))
		},
	},
}

// sentinels are what absent values become when they are turned into text.
var sentinels = []string{"undefined", "null", "NaN", "[object Object]", "None", "<nil>"}

// rawLines are the lines that are neither fields nor comments, the last one
// without an end included.
func rawLines(c *Connection) []Line {
	lines := c.lines()
	if rest := c.decode().rest; rest < len(c.bytes()) {
		lines = append(slices.Clip(lines), Line{Offset: rest, At: c.Ended, Text: c.bytes()[rest:]})
	}
	return slices.DeleteFunc(slices.Clone(lines), func(l Line) bool {
		return len(l.Text) == 0 || l.comment() || slices.Contains(fieldNames, l.bare())
	})
}
