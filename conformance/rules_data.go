package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// dataChecks publish a payload and compare it with what a receiver that follows
// the standard gets.
var dataChecks = []Check{
	{
		ID: "data.roundtrip.ascii", Level: Must, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: "payload",
		Require:  "Printable ASCII arrives as it was published.",
		Why:      "Text that is trimmed, escaped or re-encoded is not what the application sent.",
		Fix:      "Write the data as it is, behind data: and one blank.",
		Payloads: data(`!"#$%&'()*+,-./ 0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_` + "`abcdefghijklmnopqrstuvwxyz{|}~"),
		Judge:    sameData,
	},
	{
		ID: "data.roundtrip.unicode", Level: Must, Clause: "WHATWG HTML 9.2.5", Exchange: "payload",
		Require:  "Text in any script arrives as it was published.",
		Why:      "An encoder for another charset puts ? or two wrong letters in its place.",
		Fix:      "Encode as UTF-8, whatever the locale of the process.",
		Payloads: data("é €豆腐 😀 👩‍👩‍👧 ع"),
		Judge:    sameData,
	},
	{
		ID: "data.multiline.lf", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: "payload",
		Require:  "Data with a line feed arrives as it was published.",
		Why:      "The second line is read as a field and dropped.",
		Fix:      "Write a data: field for each line.",
		Payloads: data("a\nb"),
		Judge:    sameData,
	},
	{
		ID: "data.multiline.crlf", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: "payload",
		Require:  "A CRLF in the data arrives as one line feed.",
		Why:      "Splitting at both of its bytes adds an empty line.",
		Fix:      "Split at CRLF first, then at CR and LF.",
		Payloads: data("a\r\nb"),
		Judge:    sameData,
	},
	{
		ID: "data.multiline.cr", Level: Must, Clause: "WHATWG HTML 9.2.5, 9.2.6", Exchange: "payload",
		Require:  "A CR in the data arrives as a line feed.",
		Why:      "A CR ends a line of the stream: what follows is lost, or becomes a field of the attacker's choice.",
		Fix:      "Split at CR as well as at LF.",
		Payloads: data("a\rb"),
		Judge:    sameData,
	},
	{
		ID: "data.multiline.blank-inside", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: "payload",
		Require:  "Data with an empty line inside arrives as one event.",
		Why:      "Written raw, the empty line ends the event, and the rest is lost or becomes another.",
		Fix:      "Write an empty data: field for an empty line.",
		Payloads: data("a\n\nb"),
		Judge:    sameData,
	},
	{
		ID: "data.multiline.leading", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: "payload",
		Require:  "An empty first line of the data is kept.",
		Why:      "Trimmed payloads break signatures, checksums and formatted text.",
		Fix:      "Do not trim what is published.",
		Payloads: data("\na"),
		Judge:    sameData,
	},
	{
		ID: "data.multiline.trailing", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: "payload",
		Require:  "A line feed at the end of the data is kept.",
		Why:      "Receivers take one line feed off the end, so the last empty line needs a data: field of its own.",
		Fix:      "Write an empty data: field behind a last line feed.",
		Payloads: data("a\n"),
		Judge:    sameData,
	},
	{
		ID: "data.multiline.only", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: "payload",
		Require:  "Data that is nothing but line feeds arrives as it was published.",
		Why:      "It is dropped as empty, though the application sent an event.",
		Fix:      "Write an empty data: field for every line, n+1 of them for n line feeds.",
		Payloads: data("\n", "\n\n"),
		Judge:    sameData,
	},
	{
		ID: "data.space.leading", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: "payload",
		Require:  "A blank at the beginning of the data is kept.",
		Why:      "Receivers take one blank off behind the colon: without another one the data's own is lost.",
		Fix:      "Always write a blank behind data:.",
		Payloads: data(" a", "  a"),
		Judge:    sameData,
	},
	{
		ID: "data.space.leading-each-line", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: "payload",
		Require:  "Blanks at the beginning of every line of the data are kept.",
		Why:      "Code and YAML change their meaning when they lose their indentation.",
		Fix:      "Write a blank behind data: on every line, not on the first alone.",
		Payloads: data("a\n b\n  c"),
		Judge:    sameData,
	},
	{
		ID: "data.space.trailing", Level: Must, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: "payload",
		Require:  "Blanks and tabs at the end of the data are kept.",
		Why:      "Tokens of a language model often end with a blank; trimmed, words run together.",
		Fix:      "Do not trim what is published.",
		Payloads: data("a \t"),
		Judge:    sameData,
	},
	{
		ID: "data.lookalike", Level: Must, Clause: "WHATWG HTML 9.2.6", Exchange: "payload",
		Require:  "Lines of the data that look like fields or comments are data.",
		Why:      "Otherwise a text changes the reader's cursor, event type or reconnection time.",
		Fix:      "Write data: in front of every line, whatever is in it.",
		Payloads: data("a\nid: 7\nevent: x\nretry: 1\ndata: y\n:c\n[DONE]"),
		Judge: func(t *Transcript) Verdict {
			v := sameData(t)
			if v.met != isMet {
				return v
			}
			for _, p := range t.published() {
				events, c, _ := t.between(p, "stream")
				if e := events[0]; e.Type == "x" || e.ID == "7" {
					return missed("the event has the type %s and the ID %s", quoted(e.Type), quoted(e.ID)).show(c.bodyEvidence(e.Offset, e.Offset+80))
				}
			}
			return v
		},
	},
	{
		ID: "data.empty", Level: Should, Clause: "WHATWG HTML 9.2.6", Exchange: "payload",
		Require:  "Empty data arrives as one event with empty data, or is refused.",
		Why:      "A signal without data is swallowed, or arrives as the text null.",
		Fix:      "Write an empty data: field.",
		Payloads: data(""),
		Judge:    sameDataOrRefused,
	},
	{
		ID: "data.unicode-separators", Level: Must, Clause: "WHATWG HTML 9.2.5", Exchange: "payload",
		Require:  "U+2028, U+2029, U+0085, VT, FF, FS, GS and RS are kept, and end no line.",
		Why:      "Only CR and LF end a line. Text functions of many languages split at the others too, and lose the text behind.",
		Fix:      "Split at CR and LF alone, not with splitlines or its like.",
		Payloads: data("a\u2028b\u2029c\u0085d", "a\vb\fc\x1cd\x1de\x1ef"),
		Judge:    sameDataOrRefused,
	},
	{
		ID: "data.unicode-separators.escaped", Level: Info, Clause: "practice", Exchange: "payload",
		Require:  "U+2028 and U+2029 inside JSON data are escaped.",
		Why:      "It is legal otherwise, and clients that split at them cannot parse the JSON.",
		Fix:      "Escape the two in JSON, for weak clients.",
		Payloads: data("{\"text\":\"a\u2028b\"}"),
		Judge: func(t *Transcript) Verdict {
			for _, p := range t.published() {
				events, c, ok := t.between(p, "stream")
				switch {
				case !p.Accepted || !ok || len(events) != 1:
					return unknown(t, p)
				case strings.Contains(events[0].Data, "\u2028"):
					return missed("they are sent as they are").branch("raw").show(c.bodyEvidence(events[0].Offset, events[0].Offset+60))
				}
			}
			return passed("escaped")
		},
	},
	{
		ID: "data.nul", Level: Should, Clause: "practice (WHATWG HTML 9.2.6)", Exchange: "payload",
		Require:  "Data with a NUL arrives as it was published, or is refused.",
		Why:      "Text cut at a NUL is lost without an error.",
		Fix:      "Refuse the publish, or keep the length of the text beside it.",
		Payloads: data("a\x00b"),
		Judge:    sameDataOrRefused,
	},
	{
		ID: "data.bom-char", Level: Must, Clause: "WHATWG HTML 9.2.5", Exchange: "payload",
		Require:  "U+FEFF at the beginning of the data is kept.",
		Why:      "Only one at the beginning of the whole stream is not part of the text.",
		Fix:      "Do not strip byte order marks from payloads.",
		Payloads: data("\ufeffa"),
		Judge:    sameData,
	},
	{
		ID: "data.surrogate", Level: Should, Clause: "WHATWG HTML 9.2.5", Exchange: "payload",
		Needs:    []Capability{CanJSON},
		Require:  "A surrogate by itself in JSON arrives as U+FFFD, or the publish is refused.",
		Why:      "Encoded as three bytes it is not UTF-8, and decoders of other languages break on it.",
		Fix:      "Encode strings with a replacement for what UTF-8 cannot express.",
		Payloads: []Payload{{Fields: Fields{"data": "a\ufffdb"}, JSON: `"a\ud800b"`}},
		Judge: func(t *Transcript) Verdict {
			for _, p := range t.published() {
				events, c, ok := t.between(p, "stream")
				switch {
				case !p.Accepted && !p.Unsendable && p.Status/100 == 4:
					return passed("refused with " + strconv.Itoa(p.Status))
				case !p.Accepted || !ok:
					return unknown(t, p)
				case len(events) != 1:
					return missed("%s", quotedAll(events)).expect("one event, or a refusal")
				}
				from, to := events[0].Offset, c.arrivedBefore(events[0])
				if body := string(c.bytes()[from:to]); strings.ToValidUTF8(body, "") != body {
					return missed("the stream has bytes that are not UTF-8").expect("U+FFFD, or a refusal").show(c.bodyEvidence(from, to))
				}
			}
			return passed("replaced")
		},
	},
	{
		ID: "data.large", Level: Should, Clause: "practice", Exchange: "payload",
		Require:  "Large data arrives whole, as one event, or is refused.",
		Why:      "A buffer of fixed size cuts it, and the receiver gets half a document.",
		Fix:      "Grow the buffer, or refuse with 413 what is too large.",
		Payloads: data(large(64<<10+1), large(1<<20), large(5<<20)),
		Judge:    sameDataOrRefused,
	},
	{
		ID: "data.order", Level: Must, Clause: "practice", Exchange: "sequence",
		Require: "Events of one publisher arrive in the order in which they were accepted.",
		Why:     "Clients apply updates as they come; the older one would win.",
		Fix:     "Give each topic one queue.",
		Judge: sequenced(func(numbers []int, c *Connection, at []Event) Verdict {
			for i := 1; i < len(numbers); i++ {
				if numbers[i] < numbers[i-1] {
					return missed("event %d came after event %d", numbers[i], numbers[i-1]).show(c.bodyEvidence(at[i-1].Offset, at[i].Offset))
				}
			}
			return passed("")
		}),
	},
	{
		ID: "data.exactly-once-live", Level: Must, Clause: "practice", Exchange: "sequence", Timed: true,
		Require: "A stream that is open gets each accepted event once.",
		Why:     "A gap or a repetition that no reconnection explains cannot be noticed by clients.",
		Fix:     "Do not drop events of an open stream, nor send them from two queues.",
		Judge:   judgeOnce,
	},
}

// data makes a payload of each text.
func data(texts ...string) []Payload {
	list := make([]Payload, len(texts))
	for i, text := range texts {
		list[i] = Payload{Fields: Fields{"data": text}}
	}
	return list
}

// large is a text of n bytes that has no two equal stretches.
func large(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d ", i)
	}
	return b.String()[:n]
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// sameData wants every payload of the check back as one event, with each line
// end as a line feed (WHATWG HTML 9.2.6) or, inside an envelope, as it was.
func sameData(t *Transcript) Verdict { return judgeData(t, false) }

// sameDataOrRefused is sameData for payloads that a target may refuse.
func sameDataOrRefused(t *Transcript) Verdict { return judgeData(t, true) }

func judgeData(t *Transcript, mayRefuse bool) Verdict {
	published := t.published()
	if len(published) == 0 {
		return t.unmet("nothing was published")
	}
	var refused []string
	for _, p := range published {
		if !p.Accepted && !p.Unsendable && p.Status/100 == 4 && mayRefuse {
			refused = append(refused, fmt.Sprintf("%s with %d", counted(len(p.Fields["data"]), "byte"), p.Status))
			continue
		}
		events, c, ok := t.between(p, "stream")
		if !p.Accepted || !ok {
			return unknown(t, p)
		}
		want := lineEnds.Replace(p.Fields["data"])
		if len(events) == 1 && (t.payload(events[0]) == want || t.payload(events[0]) == p.Fields["data"]) {
			continue
		}
		v := missed("%s", quotedAll(events)).expect("one event: %s", quoted(want))
		if len(events) > 0 {
			return v.show(c.bodyEvidence(events[0].Offset, events[0].Offset+min(len(want), 200)+40))
		}
		return v.show(t.evidenceBehind(p, c))
	}
	if len(refused) > 0 {
		return passed("refused: " + strings.Join(refused, ", "))
	}
	return passed("")
}

// evidenceBehind shows where the events of a publication should be that came to
// nothing: in front of the mark behind it.
func (t *Transcript) evidenceBehind(p *Publication, c *Connection) Evidence {
	i := slices.Index(t.Publications, p)
	for _, q := range t.Publications[i+1:] {
		if !q.Mark || q.Exchange != p.Exchange {
			continue
		}
		for _, e := range c.events() {
			if t.payload(e) == q.Fields["data"] {
				return c.bodyEvidence(e.Offset-evidenceMargin, e.Offset)
			}
		}
		break
	}
	return c.endEvidence()
}

// unknown says why nothing is known about what became of a publication. One
// that makes the target end the stream is known to be lost.
func unknown(t *Transcript, p *Publication) Verdict {
	_, c, arrived := t.between(p, "stream")
	switch {
	case p.Accepted && !arrived && t.endsStreams(p, c):
		return missed("the target ends the stream, here and when the same was published again").
			expect("one event: %s", quoted(lineEnds.Replace(p.Fields["data"]))).show(c.endEvidence())
	case p.Unsendable:
		return untested("the publish hook cannot express it: %s", p.Problem)
	case !p.Accepted:
		return untested("the publish was not accepted: %s", p.Problem)
	}
	return t.unmet("the event published behind it did not arrive")
}

// arrivedBefore is the offset behind the block of an event.
func (c *Connection) arrivedBefore(e Event) int {
	for _, b := range c.blocks() {
		if b.Lines[0].Offset == e.Offset && b.Blank != nil {
			return b.Blank.Offset
		}
	}
	return len(c.bytes())
}

// sequenced judges the numbers of the events that arrived.
func sequenced(judge func(numbers []int, c *Connection, at []Event) Verdict) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		numbers, at, c := numbersOf(t)
		if len(numbers) < 2 {
			return t.unmet("fewer than two events arrived")
		}
		return judge(numbers, c, at)
	}
}

// numbersOf returns what "sequence" published and the stream got, in the order
// of arrival.
func numbersOf(t *Transcript) (numbers []int, at []Event, c *Connection) {
	place := map[string]int{}
	for i, p := range accepted(t) {
		place[p.Fields["data"]] = i
	}
	if c = t.named("stream"); c == nil {
		return nil, nil, nil
	}
	for _, e := range c.events() {
		if n, ok := place[t.payload(e)]; ok {
			numbers, at = append(numbers, n), append(at, e)
		}
	}
	return numbers, at, c
}

func judgeOnce(t *Transcript) Verdict {
	numbers, _, c := numbersOf(t)
	published := len(accepted(t))
	if published == 0 || c == nil {
		return t.unmet("nothing was accepted")
	}
	sorted := slices.Clone(numbers)
	slices.Sort(sorted)
	distinct := len(slices.Compact(sorted))
	switch missing := published - distinct; {
	case missing > 0 && c.End.byPeer():
		return untested("the stream ended after %d of %s", distinct, counted(published, "accepted event"))
	case missing > 0 && c.End != EndLeft:
		return untested("the stream could be read up to %d of %s%s", distinct, counted(published, "accepted event"), because(c))
	case missing > 0:
		return missed("%d of %s did not arrive", missing, counted(published, "accepted event")).show(c.endEvidence())
	case len(numbers) > distinct:
		return missed("%s arrived twice", counted(len(numbers)-distinct, "event")).show(c.endEvidence())
	}
	return passed(fmt.Sprintf("%d events", published))
}
