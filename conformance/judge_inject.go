package conformance

import (
	"slices"
	"strings"
)

// A terminator ends a line of a stream (WHATWG HTML 9.2.5), or a line and its
// block.
type terminator struct{ name, text string }

var terminators = []terminator{
	{"lf", "\n"}, {"cr", "\r"}, {"crlf", "\r\n"},
	{"lflf", "\n\n"}, {"crcr", "\r\r"}, {"crlfcrlf", "\r\n\r\n"},
}

// lookalikes end no line, though text functions of many languages take the
// first three for line ends, and the others become one when they are decoded
// once too often.
var lookalikes = []terminator{
	{"ls", "\u2028"}, {"nel", "\u0085"}, {"vt", "\v"}, {"percent", "%0A"}, {"escape", `\u000a`},
}

// anyEnd puts a line feed in place of every terminator and lookalike.
var anyEnd = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u0085", "\n", "\v", "\n", "%0A", "\n", `\u000a`, "\n")

// harmless is a payload whose field has nothing odd. It shows that the target
// sends what is published in the field.
func harmless(field string) []Payload {
	return []Payload{withField(field, "harmless", "")}
}

// forgedField is payloads of the field with every terminator and lookalike,
// each with what looks like data and an ID behind it.
func forgedField(field string) []Payload {
	list := harmless(field)
	for _, end := range slices.Concat(terminators, lookalikes) {
		list = append(list, withField(field, end.name, end.text+"data: ssegauge-forged-"+field+"-"+end.name+end.text+"id: ssegauge-forged-"+field+"-"+end.name))
	}
	return list
}

// forgedData is data with the named terminators, each with what looks like a
// type and data behind it.
func forgedData(names ...string) []Payload {
	var list []Payload
	for _, end := range terminators {
		if slices.Contains(names, end.name) {
			list = append(list, withField("data", end.name, end.text+"event: ssegauge-forged-data-"+end.name+end.text+"data: ssegauge-forged-data-"+end.name+end.text))
		}
	}
	return list
}

// forgedDecoded is the lookalikes in data that decoding makes; the others are
// for data.unicode-separators.
func forgedDecoded(field string) []Payload {
	var list []Payload
	for _, end := range lookalikes[3:] {
		list = append(list, withField(field, end.name, end.text+"data: ssegauge-forged-"+field+"-"+end.name))
	}
	return list
}

// withField is a payload that has the field, begun as what it is expects, and
// data.
func withField(field, name, tail string) Payload {
	begin := "ssegauge-" + field + "-" + name
	if field == "retry" {
		begin = "1501"
	}
	f := Fields{"data": "ssegauge-data-of-" + field + "-" + name}
	f[field] = begin + tail
	return Payload{Fields: f}
}

// forgedLines are the lines that a published text would begin if what ends a
// line in it did so in the stream.
func forgedLines(text string) []string {
	_, behind, _ := strings.Cut(anyEnd.Replace(text), "\n")
	return slices.DeleteFunc(strings.Split(behind, "\n"), func(line string) bool { return line == "" })
}

// findForged returns a line of the stream that is one of the given ones.
func (c *Connection) findForged(forged []string) (Line, bool) {
	lines := c.lines()
	i := slices.IndexFunc(lines, func(l Line) bool { return slices.Contains(forged, string(l.Text)) })
	if i < 0 {
		return Line{}, false
	}
	return lines[i], true
}

// sends reports whether a line of the stream has the field with just this
// value; the field of comments has the empty name.
func (c *Connection) sends(field, value string) bool {
	if field == "comment" {
		field = ""
	}
	return slices.ContainsFunc(c.lines(), func(l Line) bool {
		name, v := l.field()
		return len(l.Text) > 0 && name == field && v == value
	})
}

// What became of a text that would forge lines.
const (
	wasRejected = "rejected" // the publish was refused
	wasStripped = "stripped" // the line ends were taken out, or the field was
	wasSplit    = "split"    // each line has its field name
	wasDropped  = "dropped"  // it was accepted, and no event came
	wasKept     = "kept"     // it has no line end, and arrived as it is
)

// judgeForging wants nothing that the check's payloads have in the field to
// become a line of its own, on the named stream. The first payload must be
// accepted and be seen, or the others would prove nothing.
func judgeForging(field, name string) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		published := t.published()
		if len(published) == 0 {
			return t.unmet("nothing was published")
		}
		seen := map[string]bool{}
		var unclear *Verdict
		for _, p := range published {
			branch, v := t.fate(p, field, name)
			switch {
			case v.met == isMissed:
				return v
			case v.met == isUntested:
				if unclear == nil && !p.Unsendable {
					unclear = &v
				}
			case p != published[0]:
				seen[branch] = true
			}
		}
		control := published[0]
		_, c, arrived := t.between(control, name)
		switch {
		case !control.Accepted, !arrived:
			return unknown(t, control)
		case field != "data" && !c.sends(field, control.Fields[field]):
			return untested("the target accepts the field %s, and does not send it as it is", field)
		case unclear != nil:
			return *unclear
		}
		var branches []string
		for _, branch := range []string{wasRejected, wasStripped, wasSplit, wasDropped} {
			if seen[branch] {
				branches = append(branches, branch)
			}
		}
		if len(branches) == 0 {
			return untested("the publish hook cannot express line ends in the field %s", field)
		}
		return passed(strings.Join(branches, ", "))
	}
}

// fate tells what became of a publication, or says what it forged.
func (t *Transcript) fate(p *Publication, field, name string) (branch string, v Verdict) {
	events, c, arrived := t.between(p, name)
	if c == nil {
		return "", t.unmet("no event stream could be opened")
	}
	text := p.Fields[field]
	if l, ok := c.findForged(forgedLines(text)); ok {
		return "", missed("of the %s %s a part became the line %s", field, quoted(text), quoted(string(l.Text))).
			expect("refused, without line ends%s", splitToo(field)).show(l.evidence(c))
	}
	switch {
	case p.Unsendable, p.Accepted && !arrived:
		return "", unknown(t, p)
	case len(events) > 1, len(events) == 1 && !p.Accepted:
		return "", missed("of the %s %s came %s", field, quoted(text), quotedAll(events)).
			expect("refused, or one event").show(c.bodyEvidence(events[0].Offset, c.arrivedBefore(events[len(events)-1])))
	case !p.Accepted:
		return wasRejected, passed("")
	case len(events) == 0 && field == "data":
		return "", missed("the data %s was accepted, and no event came", quoted(text)).expect("refused, or one event").show(c.endEvidence())
	case len(events) == 0:
		return wasDropped, passed("")
	}
	if b, torn := c.torn(field, text); torn {
		return "", missed("the %s %s ended its event early", field, quoted(text)).
			expect("refused, without line ends%s", splitToo(field)).show(c.bodyEvidence(b.Lines[0].Offset, b.Blank.Offset))
	}
	return t.change(field, text, events[0], c), passed("")
}

func splitToo(field string) string {
	if field == "data" || field == "comment" {
		return ", or split"
	}
	return ""
}

// torn returns a block that ends where a line of the text does, in front of the
// event that the text belongs to. A comment may have a block of its own.
func (c *Connection) torn(field, text string) (Block, bool) {
	first, _, _ := strings.Cut(lineEnds.Replace(text), "\n")
	if field == "data" || field == "comment" || first == text {
		return Block{}, false
	}
	for _, b := range c.blocks() {
		if b.Blank == nil || b.has("data") {
			continue
		}
		for _, l := range b.fields(field) {
			if _, value := l.field(); value == first {
				return b, true
			}
		}
	}
	return Block{}, false
}

// change tells how a text was made harmless.
func (t *Transcript) change(field, text string, e Event, c *Connection) string {
	lines := lineEnds.Replace(text)
	switch {
	case !strings.Contains(lines, "\n"):
		return wasKept
	case field == "data" && t.payload(e) == lines:
		return wasSplit
	case field == "comment" && slices.ContainsFunc(forgedLines(text), func(line string) bool { return c.sends(field, line) }):
		return wasSplit
	}
	return wasStripped
}

// nulID stands in front of the NUL of an ID.
const nulID = "ssegauge-before-nul"

func judgeForgedNUL(t *Transcript) Verdict {
	published := t.published()
	if len(published) < 2 {
		return t.unmet("nothing was published")
	}
	control, p := published[0], published[1]
	_, c, arrived := t.between(control, "stream")
	switch {
	case !control.Accepted, !arrived:
		return unknown(t, control)
	case !c.sends("id", control.Fields["id"]):
		return untested("the target accepts the field id, and does not send it as it is")
	case !p.Accepted && !p.Unsendable:
		return passed(wasRejected)
	}
	_, c, arrived = t.between(p, "stream")
	if p.Unsendable || !arrived {
		return unknown(t, p)
	}
	for _, l := range c.lines() {
		switch name, value := l.field(); {
		case name != "id":
		case value == p.Fields["id"]:
			return missed("the NUL is sent").expect("refused, or no ID").show(l.evidence(c))
		case value == nulID:
			return missed("the ID is cut at the NUL").expect("refused, or no ID").show(l.evidence(c))
		case strings.HasPrefix(value, nulID):
			return passed(wasStripped)
		}
	}
	return passed("omitted")
}
