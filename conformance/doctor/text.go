package doctor

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// A style is the escape sequences of a terminal.
type style struct{ red, green, dim, bold, off string }

var colours = style{"\x1b[31m", "\x1b[32m", "\x1b[2m", "\x1b[1m", "\x1b[0m"}

// WriteText writes the report for a reader at a terminal: what is wrong, what is
// worth knowing, the figures of both paths, and what was not looked at.
func WriteText(to io.Writer, r *Report, colour bool) error {
	w := bufio.NewWriter(to)
	var s style
	if colour {
		s = colours
	}
	fmt.Fprint(w, r.URL)
	if r.DirectURL != "" {
		fmt.Fprintf(w, "  beside  %s", r.DirectURL)
	}
	fmt.Fprintln(w)
	if len(r.Boxes) > 0 {
		fmt.Fprintf(w, "recognised on the path: %s\n", strings.Join(r.Boxes, ", "))
	}
	r.writeDiagnoses(w, s, true)
	if !r.Wrong() {
		fmt.Fprintf(w, "\n%snothing wrong found%s\n", s.green, s.off)
	}
	r.writeDiagnoses(w, s, false)
	fmt.Fprintln(w)
	r.writeFigures(w, s)
	r.writeSkipped(w, s)
	return w.Flush()
}

func (r *Report) writeDiagnoses(w io.Writer, s style, faults bool) {
	for _, d := range r.Diagnoses {
		if d.Fault != faults {
			continue
		}
		mark := s.red
		if !faults {
			mark = s.bold
		}
		kind := string(d.Confidence)
		if !faults {
			kind = "worth knowing, " + kind
		}
		fmt.Fprintf(w, "\n%s%s  %s%s  (%s)\n", mark, d.ID, d.Title, s.off, kind)
		paragraph(w, "  ", "  ", d.Explanation)
		for _, e := range d.Evidence {
			paragraph(w, "  seen  ", "        ", e)
		}
		for _, f := range d.Fixes {
			where := f.Box
			if f.Where != "" {
				where += ", " + f.Where
			}
			fmt.Fprintf(w, "  fix   %s%s:%s\n", s.dim, where, s.off)
			for line := range strings.SplitSeq(f.Lines, "\n") {
				fmt.Fprintf(w, "          %s\n", line)
			}
		}
	}
}

// lineWidth is the length of a line in characters.
const lineWidth = 96

// paragraph writes a text in lines, the first behind one prefix and the others
// behind another.
func paragraph(w io.Writer, first, other, text string) {
	line := first
	for i, word := range strings.Fields(text) {
		if i > 0 && len(line)+1+len(word) > lineWidth {
			fmt.Fprintln(w, line)
			line = other + word
			continue
		}
		if i > 0 {
			line += " "
		}
		line += word
	}
	fmt.Fprintln(w, line)
}

// writeFigures writes what was measured, of both paths if there are two.
func (r *Report) writeFigures(w io.Writer, s style) {
	columns := []*Measurements{&r.Path}
	table := [][]string{{"", "path"}}
	if r.Direct != nil {
		columns, table[0] = append(columns, r.Direct), append(table[0], "direct")
	}
	for _, f := range figures {
		row := []string{f.name}
		for _, m := range columns {
			row = append(row, f.of(m))
		}
		if strings.Join(row[1:], "") != "" {
			table = append(table, row)
		}
	}
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, row := range table {
		line := ""
		for i, cell := range row {
			line += fmt.Sprintf("%-*s  ", widths[i], cell)
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
	verdict := s.green
	if r.Verdict != Streams {
		verdict = s.red
	}
	fmt.Fprintf(w, "\n%s%s%s\n", verdict, strings.ToUpper(string(r.Verdict)), s.off)
}

// figures are the rows of the table; an empty cell is one that was not measured.
var figures = []struct {
	name string
	of   func(*Measurements) string
}{
	{"head", func(m *Measurements) string { return inSeconds(m.HeadSeconds) }},
	{"first event", func(m *Measurements) string { return inSeconds(m.FirstSeconds) }},
	{"delay p50, max", func(m *Measurements) string {
		if m.Events == 0 {
			return "no events"
		}
		if m.Delay == (Delays{}) {
			return ""
		}
		return cmp.Or(inSeconds(m.Delay.P50), "0") + ", " + cmp.Or(inSeconds(m.Delay.Max), "0")
	}},
	{"bursts", func(m *Measurements) string { return m.Bursts.text() }},
	{"large, fast", func(m *Measurements) string {
		if m.Fast == nil {
			return ""
		}
		return m.Fast.text()
	}},
	{"codings", func(m *Measurements) string {
		var list []string
		for _, c := range m.Codings {
			if c.Coding != "" {
				list = append(list, fmt.Sprintf("%s: %s", c.Coding, c.Verdict))
			}
		}
		return strings.Join(list, ", ")
	}},
	{"at once", func(m *Measurements) string {
		if m.Tried == 0 {
			return ""
		}
		return fmt.Sprintf("%d of %d streams", m.Carried, m.Tried)
	}},
	{"silence", func(m *Measurements) string {
		if m.IdleCutSeconds == 0 {
			return ""
		}
		return "cut after " + inSeconds(m.IdleCutSeconds)
	}},
	{"age", func(m *Measurements) string {
		if m.LifeCutSeconds == 0 {
			return ""
		}
		return "cut after " + inSeconds(m.LifeCutSeconds)
	}},
	{"broken end", func(m *Measurements) string { return known(m.Ending) }},
	{"client leaves", func(m *Measurements) string { return known(m.Abort) }},
}

// known is a word that was measured.
func known(word string) string {
	if word == "unknown" {
		return ""
	}
	return word
}

// inSeconds writes a number of seconds, nothing for none.
func inSeconds(s float64) string {
	if s == 0 {
		return ""
	}
	return seconds(time.Duration(s * float64(time.Second)))
}

func (b Bursts) text() string {
	switch b.Count {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("one, of %d bytes", b.Bytes)
	}
	return fmt.Sprintf("%d, of %d bytes, %s apart", b.Count, b.Bytes, inSeconds(b.GapSeconds))
}

func (r *Report) writeSkipped(w io.Writer, s style) {
	why := map[string][]string{}
	for probe, reason := range r.Skipped {
		why[reason] = append(why[reason], probe)
	}
	for _, reason := range slices.Sorted(maps.Keys(why)) {
		slices.Sort(why[reason])
		fmt.Fprintf(w, "%snot looked at: %s: %s%s\n", s.dim, strings.Join(why[reason], ", "), reason, s.off)
	}
}

// WriteJSON writes the report as JSON.
func WriteJSON(w io.Writer, r *Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(struct {
		SchemaVersion int `json:"schema_version"`
		*Report
	}{1, r})
}
