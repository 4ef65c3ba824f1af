package conformance

import "fmt"

// streamChecks are about the framing of a stream: bytes, lines and blocks.
var streamChecks = []Check{
	{
		ID: "stream.utf8.valid", Level: Must, Clause: "WHATWG HTML 9.2.5",
		Require: "Every byte of the stream is part of well-formed UTF-8.",
		Why:     "A receiver puts U+FFFD in place of what is not UTF-8, so text is lost without an error.",
		Fix:     "Encode as UTF-8 before writing, and never cut a text inside a character.",
		Judge: func(t *Transcript) string {
			return some(t.Findings.InvalidUTF8, "lines with bytes that are not UTF-8")
		},
	},
	{
		ID: "stream.bom.start", Level: Info, Clause: "WHATWG HTML 9.2.5",
		Require: "A byte order mark before the first line is legal.",
		Why:     "Several client libraries do not strip it, and lose the first event.",
		Fix:     "Write without a byte order mark.",
		Judge: func(t *Transcript) string {
			return some(t.Findings.ByteOrderMarks, "byte order marks at the start")
		},
	},
	{
		ID: "stream.bom.later", Level: Must, Clause: "WHATWG HTML 9.2.5, 9.2.6",
		Require: "No line but the first begins with a byte order mark.",
		Why:     "It becomes part of the field name, so the line is ignored and its data is lost.",
		Fix:     "Use a text writer that emits the mark once, or none.",
		Judge: func(t *Transcript) string {
			return some(t.Findings.LateByteOrderMarks, "later lines that begin with a byte order mark")
		},
	},
	{
		ID: "stream.line.unknown-field", Level: Should, Clause: "WHATWG HTML 9.2.6",
		Require: "Every field is data, event, id or retry.",
		Why:     "Other fields are dropped silently; most often they are the second line of a payload.",
		Fix:     "Write every line of a payload with data: in front.",
		Judge: func(t *Transcript) string {
			return some(t.Findings.UnknownFields, "lines with an unknown field")
		},
	},
	{
		ID: "stream.block.no-data", Level: Should, Clause: "WHATWG HTML 9.2.6",
		Require: "Every block that names an event has data.",
		Why:     "A block without data is never dispatched, so such an event reaches nobody.",
		Fix:     "Add a data: line, empty if need be.",
		Judge: func(t *Transcript) string {
			return some(t.Findings.EmptyBlocks, "blocks with an event name but no data")
		},
	},
	{
		ID: "stream.eof.complete", Level: Must, Clause: "WHATWG HTML 9.2.6",
		Require: "A stream that the server ends stops after a blank line.",
		Why:     "A block cut by the end of the stream is discarded, and its event is lost.",
		Fix:     "End every event with a blank line, and write whole events before closing.",
		Judge: func(t *Transcript) string {
			return some(t.Findings.CutEvents, "unfinished blocks at the end")
		},
	},
}

// some says how many of something odd there were; "" when none.
func some(n uint64, what string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s", n, what)
}
