package chart

import (
	"cmp"
	"slices"
)

// Where a label stands from what it is about, in pixels.
const (
	labelGap  = 4.0
	ascent    = 9.0 // of a text above its line
	descent   = 3.0
	firstLine = 11.0 // from the top of the plot to the line of the first row
)

// A box is what a text covers, or a line that should not go through one.
type box struct{ left, top, right, bottom float64 }

func (b box) meets(o box) bool {
	return b.left < o.right && o.left < b.right && b.top < o.bottom && o.top < b.bottom
}

// A spot is where a text may stand.
type spot struct {
	x, y   float64
	anchor string
}

func (s spot) box(text string) box {
	width := float64(letters(text)) * glyph
	left := s.x
	switch s.anchor {
	case "end":
		left -= width
	case "middle":
		left -= width / 2
	}
	return box{left, s.y - ascent, left + width, s.y + descent}
}

// A label is the text of a mark, with the spots where it may stand, the best
// first.
type label struct {
	text  string
	spots []spot
}

// marks draws what lies within the axes, and notes its labels: those of the
// vertical marks first, which have least choice.
func (d *drawing) marks() {
	vertical, horizontal := d.visibleMarks()
	for i, m := range vertical {
		from, to := d.px(m.At), d.px(max(m.At, m.To))
		if to > from {
			d.printf("<rect class=\"stretch\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", from, d.top, min(to, d.right)-from, d.bottom-d.top)
		}
		if from > d.left+1 {
			d.line("mark", from, d.top, from, d.bottom)
			d.rules = append(d.rules, box{from, d.top, from, d.bottom})
		}
		before, after := d.left, d.right
		if i > 0 {
			before = d.px(max(vertical[i-1].At, vertical[i-1].To))
		}
		if i+1 < len(vertical) {
			after = d.px(vertical[i+1].At)
		}
		d.labels = append(d.labels, label{m.Label, d.besideMark(m, before, after)})
	}
	for _, m := range horizontal {
		y := d.py(m.At)
		d.line("mark", d.left, y, d.right, y)
		d.rules = append(d.rules, box{d.left, y, d.right, y})
		d.labels = append(d.labels, label{d.shortened(m.Label), d.alongMark(y)})
	}
}

func (d *drawing) visibleMarks() (vertical, horizontal []Mark) {
	for _, m := range d.Marks {
		if x := d.px(m.At); !m.Horizontal && x >= d.left-1 && x <= d.right+1 {
			vertical = append(vertical, m)
		}
		if y := d.py(m.At); m.Horizontal && y >= d.top-1 && y <= d.bottom+1 {
			horizontal = append(horizontal, m)
		}
	}
	slices.SortStableFunc(vertical, func(a, b Mark) int { return cmp.Compare(a.At, b.At) })
	return vertical, horizontal
}

// besideMark are the spots at a vertical mark, between its neighbours: behind
// it, since what a mark names begins there, and for a stretch also in front.
func (d *drawing) besideMark(m Mark, before, after float64) (spots []spot) {
	from, to := d.px(m.At), d.px(max(m.At, m.To))
	width := float64(letters(m.Label)) * glyph
	for y := d.top + firstLine; y+descent <= d.bottom; y += lineGap {
		if to+labelGap+width <= after {
			spots = append(spots, spot{to + labelGap, y, "start"})
		}
		if m.To != 0 && from-labelGap-width >= before {
			spots = append(spots, spot{from - labelGap, y, "end"})
		}
	}
	return spots
}

// alongMark are the spots above and below a horizontal mark: at its beginning,
// at its end, and between.
func (d *drawing) alongMark(y float64) (spots []spot) {
	middle := (d.left + d.right) / 2
	for _, s := range []spot{{d.left + labelGap, y, "start"}, {d.right - labelGap, y, "end"}, {middle, y, "middle"}, {(d.left + middle) / 2, y, "middle"}, {(d.right + middle) / 2, y, "middle"}} {
		if above := y - labelGap; above-ascent >= d.top-1 {
			spots = append(spots, spot{s.x, above, s.anchor})
		}
		if below := y + labelGap + ascent - 1; below+descent <= d.bottom {
			spots = append(spots, spot{s.x, below, s.anchor})
		}
	}
	return spots
}

// shortened is a text that fits into the plot.
func (d *drawing) shortened(text string) string {
	room := int((d.right - d.left - 2*labelGap) / glyph)
	if letters(text) <= room || room < 2 {
		return text
	}
	return string([]rune(text)[:room-1]) + "…"
}

// drawLabels writes the labels of the marks, none over another text of the plot
// and, where that is possible, none over another mark. A label for which there
// is no spot is left out.
func (d *drawing) drawLabels() {
	for _, l := range d.labels {
		at := slices.IndexFunc(l.spots, func(s spot) bool { return d.free(s.box(l.text), d.texts) && d.free(s.box(l.text), d.rules) })
		if at < 0 {
			at = slices.IndexFunc(l.spots, func(s spot) bool { return d.free(s.box(l.text), d.texts) })
		}
		if at < 0 {
			continue
		}
		s := l.spots[at]
		d.texts = append(d.texts, s.box(l.text))
		d.text("axis label", s.x, s.y, s.anchor, l.text)
	}
}

// free reports whether a box is in the plot, and meets none of the others.
func (d *drawing) free(b box, others []box) bool {
	return b.left >= d.left && b.right <= d.right && !slices.ContainsFunc(others, b.meets)
}
