package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A table has a row for each candidate and a column for each figure. Notes say
// what a reader of the cells must know.
type table struct {
	title   string
	rows    []string
	figures []*figure
	notes   []string
}

// A figure is a column: what was measured of each candidate, round by round.
type figure struct {
	title, unit string
	digits      int
	against     string            // the row that ratios are to; empty: none
	over        *figure           // or the figure whose median in the same row they are to
	beside      map[string]string // or each row's own
	samples     map[string][]float64
}

// figure adds a column.
func (t *table) figure(f figure) *figure {
	f.samples = map[string][]float64{}
	t.figures = append(t.figures, &f)
	return &f
}

// note adds a note, once.
func (t *table) note(format string, arguments ...any) {
	if text := fmt.Sprintf(format, arguments...); !slices.Contains(t.notes, text) {
		t.notes = append(t.notes, text)
	}
}

func (f *figure) add(row string, value float64) { f.samples[row] = append(f.samples[row], value) }

// median of the samples; ok is false when there is none.
func median(samples []float64) (value float64, ok bool) {
	if len(samples) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(samples))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle], true
	}
	return (sorted[middle-1] + sorted[middle]) / 2, true
}

// cell is a row's median, with its ratio.
func (f *figure) cell(row string) string {
	value, ok := median(f.samples[row])
	if !ok {
		return "–"
	}
	text := grouped(value, f.digits)
	base, known := 0.0, false
	switch {
	case f.over != nil:
		base, known = median(f.over.samples[row])
	case f.beside != nil:
		base, known = median(f.samples[f.beside[row]])
	case f.against != "":
		base, known = median(f.samples[f.against])
	}
	if known && base > 0 {
		text += fmt.Sprintf(" (%.2f×)", value/base)
	}
	return text
}

// heading names the figure, its unit, and what ratios are to.
func (f *figure) heading() string {
	text := f.title + ", " + f.unit
	switch {
	case f.over != nil:
		text += " (÷ without)"
	case f.beside != nil:
		text += " (÷ the sink beside it)"
	case f.against != "":
		text += " (÷ " + f.against + ")"
	}
	return text
}

// cells are the table's texts, the heading first.
func (t *table) cells() [][]string {
	heading := []string{t.title}
	for _, f := range t.figures {
		heading = append(heading, f.heading())
	}
	all := [][]string{heading}
	for _, row := range t.rows {
		line := []string{row}
		for _, f := range t.figures {
			line = append(line, f.cell(row))
		}
		all = append(all, line)
	}
	return all
}

// thousands writes a whole number with its digits in threes.
func thousands(value float64) string { return grouped(value, 0) }

func grouped(value float64, digits int) string {
	text := strconv.FormatFloat(math.Abs(value), 'f', digits, 64)
	whole, fraction, found := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if value < 0 {
		whole = "-" + whole
	}
	if found {
		return whole + "." + fraction
	}
	return whole
}
