package conformance

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Verdicts on what clients send with a request, and on types of the server's
// own.

func judgeEcho(t *Transcript) Verdict {
	branch, streams, answered := "not echoed", 0, 0
	for _, c := range t.Connections {
		if c.Responded != 0 {
			answered++
		}
		if !c.isStream() {
			continue
		}
		streams++
		for _, l := range rawAndFields(c) {
			text := string(l.Text)
			switch name, _ := l.field(); {
			case text == echoForged:
				return missed("an ID with a %s breaks out of its field", c.Name).show(l.evidence(c))
			case !strings.Contains(text, echoMark):
			case !l.comment() && !slices.Contains(fieldNames, name):
				return missed("the ID stands outside of every field: %s", quoted(text)).show(l.evidence(c))
			case !utf8.Valid(l.Text):
				return missed("the ID is written as it came, and is not UTF-8").show(l.evidence(c))
			default:
				branch = "in one field"
			}
		}
	}
	switch {
	case streams > 0:
		return passed(branch)
	case answered > 0:
		return passed(wasRejected)
	}
	return t.unmet("no response came")
}

func judgeReflect(t *Transcript) Verdict {
	forged := forgedLines(reflectValue)
	seen := map[string]bool{}
	for _, c := range t.Connections {
		if !c.isStream() {
			if c.Responded != 0 {
				seen[wasRejected] = true
			}
			continue
		}
		if l, ok := c.findForged(forged); ok {
			return missed("a line end in the parameter %s begins the line %s", c.Name, quoted(string(l.Text))).show(l.evidence(c))
		}
		seen["ignored"] = true
		if strings.Contains(string(c.bytes()), "ssegauge-forged-reflect") {
			seen[wasStripped] = true
		}
	}
	for _, branch := range []string{wasStripped, wasRejected, "ignored"} {
		if seen[branch] {
			return passed(branch)
		}
	}
	return t.unmet("no response came")
}

func judgeHeaderSplit(t *Transcript) Verdict {
	answered := 0
	for _, c := range t.Connections {
		if c.Responded == 0 {
			continue
		}
		answered++
		if len(c.values(reflectHeader)) > 0 {
			return missed("a line end in the parameter %s begins the field %s", c.Name, reflectHeader).show(c.headEvidence())
		}
	}
	if answered == 0 {
		return t.unmet("no response came")
	}
	return passed("")
}

func judgeReserved(t *Transcript) Verdict {
	published := t.published()
	if len(published) == 0 {
		return t.unmet("the target showed no event of its own, so its types are not known")
	}
	var accepted []string
	var evidence []Evidence
	renamed := false
	for _, p := range published {
		if p.refused() {
			continue
		}
		events, c, arrived := t.between(p, "stream")
		if !p.Accepted || !arrived {
			return unknown(t, p)
		}
		renamed = true
		for _, e := range events {
			if e.Type == p.Fields["event"] {
				accepted = append(accepted, quoted(e.Type))
				evidence = append(evidence, c.bodyEvidence(e.Offset, c.arrivedBefore(e)))
			}
		}
	}
	switch {
	case len(accepted) > 0:
		return missed("whoever may publish can send %s", strings.Join(accepted, ", ")).show(evidence...)
	case renamed:
		return passed("renamed or dropped")
	}
	return passed(wasRejected)
}
