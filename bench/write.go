package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// tables are those with figures.
func (l *lab) tables() (with []*table) {
	for _, t := range []*table{&l.senders, &l.receivers, &l.agreement} {
		if len(t.figures) > 0 {
			with = append(with, t)
		}
	}
	return with
}

// work says what all figures are of.
func (l *lab) work() string {
	return fmt.Sprintf("%s streams where a column says nothing else, events of about 120 bytes, "+
		"server and receiver on one machine; median of each figure, %d rounds, candidates in turn",
		thousands(float64(l.streams)), l.rounds)
}

// writeText writes the tables for a terminal.
func (l *lab) writeText(w io.Writer, facts []fact) error {
	var b strings.Builder
	for _, f := range facts {
		fmt.Fprintf(&b, "%-10s %s\n", f.name, f.value)
	}
	fmt.Fprintf(&b, "%-10s %s\n", "work", l.work())
	for _, t := range l.tables() {
		b.WriteByte('\n')
		aligned(&b, t.cells())
		for _, note := range t.notes {
			fmt.Fprintf(&b, "  %s\n", note)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// aligned writes the first column to the left and the others to the right.
func aligned(b *strings.Builder, cells [][]string) {
	width := make([]int, len(cells[0]))
	for _, line := range cells {
		for i, cell := range line {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range cells {
		for i, cell := range line {
			space := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString(cell + space)
			} else {
				b.WriteString("  " + space + cell)
			}
		}
		b.WriteByte('\n')
	}
}

// writeMarkdown writes the same as a page.
func (l *lab) writeMarkdown(w io.Writer, facts []fact) error {
	var b strings.Builder
	b.WriteString("# Benchmarks\n\nWritten by `make bench`; one run, side by side. Only ratios carry over to other machines.\n\n")
	for _, f := range facts {
		fmt.Fprintf(&b, "- %s: %s\n", f.name, f.value)
	}
	fmt.Fprintf(&b, "- work: %s\n", l.work())
	for _, t := range l.tables() {
		b.WriteByte('\n')
		for i, line := range t.cells() {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(line, " | "))
			if i == 0 {
				b.WriteString("|---|" + strings.Repeat("---:|", len(line)-1) + "\n")
			}
		}
		if len(t.notes) > 0 {
			b.WriteByte('\n')
		}
		for _, note := range t.notes {
			fmt.Fprintf(&b, "- %s\n", note)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
