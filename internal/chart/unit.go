package chart

import (
	"math"
	"strconv"
	"strings"
)

// A Unit is what the numbers of an axis are given in.
type Unit int

// Units.
const (
	Count    Unit = iota // plain numbers, whose name is in the axis' label
	Seconds              // shown as µs, ms, s, min or h
	Fraction             // shown in percent
	Bytes                // shown in B, KiB, MiB or GiB
)

// A multiple is a unit that people read.
type multiple struct {
	size   float64
	suffix string
}

// multiples are those of each unit, in ascending order.
var multiples = map[Unit][]multiple{
	Count:    {{1, ""}},
	Fraction: {{0.01, "%"}},
	Seconds: {
		{1e-6, "µs"}, {1e-3, "ms"}, {1, "s"},
		{60, "min"}, {3600, "h"},
	},
	Bytes: {{1, "B"}, {1 << 10, "KiB"}, {1 << 20, "MiB"}, {1 << 30, "GiB"}},
}

// multipleOf is the largest multiple of which v has at least one; minutes and
// hours begin where seconds are too many to grasp.
func (u Unit) multipleOf(v float64) multiple {
	all := multiples[u]
	best := all[0]
	for _, m := range all[1:] {
		if v >= m.size && (m.size < 60 || v >= 3*m.size) {
			best = m
		}
	}
	return best
}

// format writes a value with its unit and three significant digits.
func (u Unit) format(v float64) string {
	m := u.multipleOf(math.Abs(v))
	text := short(v / m.size)
	if m.suffix == "" {
		return text
	}
	return text + " " + m.suffix
}

// short writes a number with three significant digits at the most, and thousands
// of ten thousand and more with k, M or G.
func short(v float64) string {
	suffix := ""
	if math.Abs(v) >= 9999.5 {
		for _, s := range []string{"k", "M", "G"} {
			if v, suffix = v/1000, s; math.Abs(v) < 999.5 {
				break
			}
		}
	}
	digits := 2
	for size := math.Abs(v); size >= 9.995 && digits > 0; size /= 10 {
		digits--
	}
	if math.Abs(v) < 0.1 && v != 0 {
		return strconv.FormatFloat(v, 'g', 3, 64) + suffix
	}
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + suffix
}
