package conformance

import (
	"bytes"
	"slices"
	"strings"
	"time"
)

func judgeTerminated(t *Transcript) Verdict {
	c := t.named("stream")
	published := accepted(t)
	for _, p := range t.Publications {
		if p.Accepted && p.Mark {
			published = append(published, p)
			break
		}
	}
	switch {
	case c == nil || !c.isStream():
		return t.unmet("no event stream could be opened")
	case len(published) == 0:
		return t.unmet("nothing was accepted")
	}
	dispatched, lost, joined := 0, 0, 0
	var evidence []Evidence
	for _, p := range published {
		data := p.Fields["data"]
		switch at := bytes.Index(c.bytes(), []byte(data)); {
		case arrival(t, c, p) != 0:
			dispatched++
		case at < 0:
			lost++
		case inField(c, at, "data"):
			if joined++; joined <= shownOffences {
				evidence = append(evidence, c.bodyEvidence(at, at+len(data)))
			}
		}
	}
	switch {
	case joined > 0:
		return missed("of %s, %d reached the stream as data and were not dispatched by themselves", counted(len(published), "accepted event"), joined).show(evidence...)
	case dispatched == 0 && lost == len(published):
		return missed("%s, and none of them reached the stream; do publish and url name the same topic?", counted(lost, "accepted event")).show(c.endEvidence())
	case lost > 0 && t.Problem == "":
		return missed("of %s, %d never reached the stream", counted(len(published), "accepted event"), lost).show(c.endEvidence())
	}
	return passed("")
}

// inField reports whether the byte at the offset stands in a field of the name.
func inField(c *Connection, offset int, name string) bool {
	for _, l := range rawAndFields(c) {
		if n, _ := l.field(); offset >= l.Offset && offset < l.Offset+len(l.Text) {
			return n == name
		}
	}
	return false
}

// rawAndFields are all lines, the last one without an end included.
func rawAndFields(c *Connection) []Line {
	lines := c.lines()
	if rest := c.decode().rest; rest < len(c.bytes()) {
		lines = append(slices.Clip(lines), Line{Offset: rest, At: c.Ended, Text: c.bytes()[rest:]})
	}
	return lines
}

func judgeTimely(t *Transcript) Verdict {
	c := t.named("stream")
	if c == nil || !c.isStream() {
		return t.unmet("no event stream could be opened")
	}
	const most = 50 * time.Millisecond
	blocks, late := 0, 0
	var evidence []Evidence
	for _, b := range c.blocks() {
		if !b.has("data") {
			continue
		}
		blocks++
		end := c.Ended
		if b.Blank != nil {
			end = b.Blank.At
		}
		if last := b.lastField(); end-last.At > most {
			if late++; late <= shownOffences {
				evidence = append(evidence, c.bodyEvidence(last.Offset, last.Offset+len(last.Text)+2))
			}
		}
	}
	switch {
	case blocks == 0:
		return t.unmet("no event arrived")
	// One late blank line can be a packet that was lost on the way.
	case late > 1 || late == 1 && blocks == 1:
		return missed("of %s, %d got their blank line more than %v after their last field", counted(blocks, "event"), late, most).show(evidence...)
	}
	return passed("")
}

func judgeSpaceStyle(t *Transcript) Verdict {
	with, without := 0, 0
	var evidence []Evidence
	for _, c := range t.heard() {
		for _, l := range c.lines() {
			name, rest, ok := strings.Cut(string(l.Text), ":")
			switch {
			case !ok || rest == "" || !slices.Contains(fieldNames, name):
			case strings.HasPrefix(rest, " "):
				with++
			default:
				if without++; without <= shownOffences {
					evidence = append(evidence, l.evidence(c))
				}
			}
		}
	}
	switch {
	case with == 0 && without == 0:
		return t.unmet("no field was seen; a publish hook in the target file makes some")
	case with > 0 && without > 0:
		return missed("%s with a blank behind the colon, %d without", counted(with, "field"), without).as(Should).branch("mixed").show(evidence...)
	case without > 0:
		return told("no blank behind the colon").branch("without").show(evidence...)
	}
	return passed("with")
}

func judgeInterleave(t *Transcript) Verdict {
	whole, torn, split := 0, 0, 0
	lines := publishedLines(t)
	var evidence []Evidence
	note := func(e Evidence) {
		if torn++; torn <= shownOffences {
			evidence = append(evidence, e)
		}
	}
	for _, c := range t.streams() {
		for _, e := range c.events() {
			data := t.payload(e)
			switch {
			case intact(data):
				whole++
			case lines[data]: // data.multiline.lf
				split++
			case strings.HasPrefix(data, "ssegauge-") && !strings.HasPrefix(data, sumPrefix): // a mark
			default:
				note(c.bodyEvidence(e.Offset, e.Offset+120))
			}
		}
		for _, l := range rawLines(c) {
			if name, _ := l.field(); !slices.Contains(t.Facts.AllowFields, name) && !lines[string(l.Text)] {
				note(l.evidence(c))
			}
		}
	}
	switch {
	case torn > 0:
		return missed("%s or lines are not as any publisher wrote them, %d events are", counted(torn, "event"), whole).show(evidence...)
	case split > 0:
		return untested("data of several lines does not arrive as one event (see data.multiline.lf)")
	case whole == 0:
		return t.unmet("no event arrived")
	}
	return passed("")
}

// publishedLines are the lines of all data that checks published. One that stands
// in a stream by itself is a payload that was not split, not text of the
// target's.
func publishedLines(t *Transcript) map[string]bool {
	lines := map[string]bool{}
	for _, p := range t.Publications {
		if p.Mark {
			continue
		}
		for line := range strings.SplitSeq(lineEnds.Replace(p.Fields["data"]), "\n") {
			lines[line] = true
		}
	}
	return lines
}
