// Package markdown writes text of strangers into Markdown without its becoming
// markup.
package markdown

import (
	"fmt"
	"strings"
)

// Most is the length in bytes below which a summary stays: CI systems refuse
// those beyond 1 MiB.
const Most = 900_000

// Text keeps s from being markup, and in one cell of a table.
func Text(s string) string { return escaping.Replace(s) }

var escaping = strings.NewReplacer(
	"\n", " ", "\r", " ", "`", "'", "<", "&lt;", ">", "&gt;", "&", "&amp;",
	`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "~", `\~`, "[", `\[`, "]", `\]`,
)

// Fenced is s in a code block whose fence s cannot close.
func Fenced(s string) string {
	fence := "```"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	return fence + "text\n" + s + "\n" + fence
}

// Shorten is s, cut to most bytes where it is longer.
func Shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// Cells are the inner part of a row of a table.
func Cells(cells []string) string {
	escaped := make([]string, len(cells))
	for i, c := range cells {
		escaped[i] = Text(c)
	}
	return strings.Join(escaped, " | ")
}

// A List is a part of a summary that is left out beyond what fits. All lists of
// a summary share its length.
type List struct {
	To   *strings.Builder
	left int
}

// Begin begins a list, with its heading.
func (l *List) Begin(heading string) {
	l.left = 0
	l.To.WriteString(heading)
}

// Add adds a line, if it fits.
func (l *List) Add(line string) {
	if l.left > 0 || l.To.Len()+len(line) > Most-reserve {
		l.left++
		return
	}
	l.To.WriteString(line)
}

// reserve is kept for what is no list.
const reserve = 10_000

// End says how many lines were left out, and of what.
func (l *List) End(what string) {
	if l.left > 0 {
		fmt.Fprintf(l.To, "\n%d more %s are left out.\n", l.left, what)
	}
}
