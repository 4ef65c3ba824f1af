package conformance

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

func judgePolyCursor(t *Transcript) Verdict {
	query, field := t.named("query"), t.named("field")
	if query == nil || field == nil {
		return t.unmet("no stream was resumed")
	}
	want := []string{"ssegauge-poly-2", "ssegauge-poly-3"}
	if got := polyEvents(t, field); !slices.Equal(got, want) {
		return untested("streams are not resumed by the field Last-Event-ID either (see resume.honoured)")
	}
	switch got := polyEvents(t, query); {
	case !query.isStream():
		return missed("with lastEventId the answer has status %d", query.Status).show(query.headEvidence())
	case !slices.Equal(got, want):
		return missed("with lastEventId the stream brings %s", cmp.Or(strings.Join(got, ", "), "none of the missing events")).
			expect("%s", strings.Join(want, ", ")).show(query.bodyEvidence(0, 160))
	}
	return passed("")
}

// polyEvents are the data of a stream's events that are no marks.
func polyEvents(t *Transcript, c *Connection) []string {
	var list []string
	for _, e := range c.events() {
		if data := t.payload(e); strings.HasPrefix(data, "ssegauge-poly-") {
			list = append(list, data)
		}
	}
	return list
}

func judgePolySilence(t *Transcript) Verdict {
	c := t.named("stream")
	if c == nil || !c.isStream() {
		return t.unmet("no event stream could be opened")
	}
	most := t.limit(polySilence)
	longest, at := c.longestSilence(!c.End.byPeer())
	if longest >= t.allowing(most) {
		return missed("%s of silence", seconds(longest)).expect("less than %s", seconds(most)).show(c.bodyEvidence(at-40, at+40))
	}
	return passed(fmt.Sprintf("at most %s of silence", seconds(longest)))
}

func judgePolyPadding(t *Transcript) Verdict {
	c := t.named("stream")
	if c == nil || !c.isStream() {
		return t.unmet("no event stream was opened with it")
	}
	padding := 0
	for _, l := range c.lines() {
		switch {
		case l.comment():
			padding += len(l.Text)
		case len(bytes.TrimSpace(l.Text)) == 0:
			if len(l.Text) > 0 {
				return missed("%d blanks without a colon, which is no comment", len(l.Text)).branch("blanks").show(l.evidence(c))
			}
		default:
			return paddingOf(padding, c)
		}
	}
	return paddingOf(padding, c)
}

func paddingOf(n int, c *Connection) Verdict {
	if n < polyPadding {
		return missed("%s of comment", counted(n, "byte")).branch("none").show(c.bodyEvidence(0, 80))
	}
	return passed("padded")
}

func judgePolyPreflight(t *Transcript) Verdict {
	c := t.named("preflight")
	if c == nil || c.Responded == 0 {
		return t.unmet("OPTIONS was not answered")
	}
	if c.Status/100 != 2 {
		return missed("OPTIONS is answered with %d", c.Status).expect("2xx").show(c.headEvidence())
	}
	origin := c.value("Access-Control-Allow-Origin")
	if origin != t.Facts.AllowedOrigin && origin != "*" {
		return missed("Access-Control-Allow-Origin is %s", quoted(origin)).expect("%s", t.Facts.AllowedOrigin).show(c.headEvidence())
	}
	for name := range strings.SplitSeq(requestField(c, "Access-Control-Request-Headers"), ",") {
		// The asterisk stands for all names but this one (Fetch, "CORS-preflight fetch").
		any := c.lists("Access-Control-Allow-Headers", "*") && name != "authorization"
		if !any && !c.lists("Access-Control-Allow-Headers", name) {
			return missed("the field %s is not allowed", name).show(c.headEvidence())
		}
	}
	return passed("")
}

// requestField is a field of the request as it was sent.
func requestField(c *Connection, name string) string {
	head, _, _ := strings.Cut(string(c.Request), "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		if n, value, _ := strings.Cut(line, ":"); strings.EqualFold(n, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func judgePolyFinal(t *Transcript) Verdict {
	var list []string
	for _, c := range t.Connections {
		if c.Responded != 0 && c.Method != "HEAD" && !c.isStream() {
			list = append(list, fmt.Sprintf("%s: %d %s", c.Name, c.Status, c.essence()))
		}
	}
	if len(list) == 0 {
		return told("none of %s is final", counted(len(t.Connections), "answer")).branch("none")
	}
	return told("final: %s", strings.Join(list, "; ")).branch("some")
}

func judgePolyField(t *Transcript) Verdict {
	streams := t.heard()
	if len(streams) == 0 {
		return t.unmet(nothingHeard)
	}
	for _, c := range streams {
		for _, l := range c.lines() {
			if name, value := l.field(); name == polyField {
				return told("%s: %s", polyField, value).branch("sent").show(l.evidence(c))
			}
		}
	}
	return told("no %s field", polyField).branch("not sent")
}

// polyField is a field that the polyfill knows beyond the standard's: for how
// many milliseconds the stream may be silent.
const polyField = "heartbeatTimeout"
