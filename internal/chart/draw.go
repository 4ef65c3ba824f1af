package chart

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// A drawing is a chart on its way to SVG.
type drawing struct {
	*Chart
	svg    strings.Builder
	width  float64
	height float64
	x, y   *scale
	// The frame of the plot, in pixels from the top left.
	left, right, top, bottom float64
	title                    []string // lines
	legend                   [][]int  // rows of series, where names do not fit beside the lines
	names                    []nameplate
	labels                   []label // of marks
	texts                    []box   // what is written in the plot
	rules                    []box   // the lines of the marks
}

const noSamples = "no samples"

const (
	textSize  = 12.0
	glyph     = 6.7 // width of a letter at that size, on the safe side
	lineGap   = 15.0
	tickRoom  = 22.0
	nameRoom  = 12.0 // between the frame and the names beside it
	tightness = 520  // pixels below which names go below the figure
)

func newDrawing(c *Chart, width, height float64) *drawing {
	d := &drawing{Chart: c, width: width, height: height}
	var xs, ys []float64
	for i := range c.Series {
		s := &c.Series[i]
		xs = append(xs, s.X...)
		for _, part := range [][]float64{s.Y, s.Low, s.High} {
			ys = append(ys, part...)
		}
	}
	ys = append(ys, c.nearMarks(ys)...)
	d.x = newScale(&c.X, xs, int(width/80))
	d.y = newScale(&c.Y, ys, 6)
	d.x.trim(&c.X, xs)
	d.layOut()
	return d
}

// nearMarks are the marks for which the Y axis grows: on a logarithmic one, those
// within a factor of 100 of the values. Others would flatten what there is to see.
func (c *Chart) nearMarks(ys []float64) (near []float64) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, y := range ys {
		if finite(c.Y.Scale.transform(y)) {
			low, high = min(low, y), max(high, y)
		}
	}
	for _, m := range c.Marks {
		if m.Horizontal && c.Y.Scale == Log && m.At >= low/100 && m.At <= high*100 {
			near = append(near, m.At)
		}
	}
	return near
}

// layOut divides the area among title, names, axes and plot.
func (d *drawing) layOut() {
	d.title = wrap(d.Title, int((d.width-8)/(glyph*14/textSize)))
	d.top = 8 + float64(len(d.title))*18 + 18
	widest := 0
	for _, t := range d.y.ticks {
		widest = max(widest, letters(t.label))
	}
	d.left = 10 + float64(widest)*glyph
	d.right = d.width - 14
	below := tickRoom + lineGap + 4
	if d.width < tightness {
		d.legend = d.legendRows()
		below += float64(len(d.legend)) * (lineGap + 3)
	} else if d.lines() {
		longest := 0
		for i := range d.Series {
			longest = max(longest, letters(d.Series[i].Name))
		}
		d.right = d.width - nameRoom - float64(longest)*glyph*1.05 - 6
		d.height = max(d.height, d.top+below+float64(len(d.Series))*lineGap)
	} else if len(d.Series) > 1 {
		d.legend = d.legendRows()
		below += float64(len(d.legend)) * (lineGap + 3)
	}
	d.bottom = d.height - below
}

// lines reports whether there is a series that has an end, at which its name can
// stand.
func (d *drawing) lines() bool {
	for i := range d.Series {
		if d.Series[i].Kind != Bar {
			return len(d.Series) > 1
		}
	}
	return false
}

// legendRows fills rows with as many names as fit.
func (d *drawing) legendRows() (rows [][]int) {
	if len(d.Series) < 2 {
		return nil
	}
	room := 0.0
	for i := range d.Series {
		need := legendWidth(d.Series[i].Name)
		if len(rows) == 0 || need > room {
			rows, room = append(rows, nil), d.width-10
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], i)
		room -= need
	}
	return rows
}

func legendWidth(name string) float64 { return 44 + float64(letters(name))*glyph*1.05 }

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(&d.svg, format, args...) }

// px is the horizontal place of a value, py the vertical one; NaN when there is
// none.
func (d *drawing) px(v float64) float64 { return d.left + d.x.place(v)*(d.right-d.left) }
func (d *drawing) py(v float64) float64 { return d.bottom - d.y.place(v)*(d.bottom-d.top) }

func (d *drawing) draw() string {
	id := fmt.Sprintf("%s-%.0f", html.EscapeString(d.ID), d.width)
	d.printf("<svg role=\"img\" aria-labelledby=\"%s-title %s-desc\" viewBox=\"0 0 %.0f %.0f\" xmlns=\"http://www.w3.org/2000/svg\">\n", id, id, d.width, d.height)
	d.printf("<title id=\"%s-title\">%s</title>\n<desc id=\"%s-desc\">%s</desc>\n", id, html.EscapeString(d.Title), id, html.EscapeString(d.description()))
	d.patterns(id)
	for i, line := range d.title {
		d.text("title", 4, 18+float64(i)*18, "start", line)
	}
	d.axes()
	d.marks()
	if !d.empty() {
		for i := range d.Series {
			d.series(i, id)
		}
		d.drawNames()
	} else {
		middle := spot{(d.left + d.right) / 2, (d.top + d.bottom) / 2, "middle"}
		d.texts = append(d.texts, middle.box(noSamples))
		d.text("axis", middle.x, middle.y, middle.anchor, noSamples)
	}
	d.drawLabels()
	d.drawLegend(id)
	d.printf("</svg>\n")
	return d.svg.String()
}

func (d *drawing) empty() bool {
	for i := range d.Series {
		for k, y := range d.Series[i].Y {
			if finite(d.py(y)) && finite(d.px(d.Series[i].X[k])) {
				return false
			}
		}
	}
	return true
}

func (d *drawing) text(class string, x, y float64, anchor, text string) {
	d.printf("<text class=%q x=\"%.1f\" y=\"%.1f\" text-anchor=%q>%s</text>\n", class, x, y, anchor, html.EscapeString(text))
}

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	d.printf("<path class=%q d=\"M%.1f %.1fL%.1f %.1f\"/>\n", class, x1, y1, x2, y2)
}

func (d *drawing) axes() {
	d.text("axis", 4, d.top-9, "start", d.y.title)
	for _, t := range d.y.ticks {
		y := d.py(t.at)
		d.line("grid", d.left, y, d.right, y)
		d.text("tick", d.left-5, y+4, "end", t.label)
	}
	free := math.Inf(-1) // where the last label ends
	for _, t := range d.x.ticks {
		x, half := d.px(t.at), float64(letters(t.label))*glyph/2
		if len(d.X.Names) == 0 {
			d.line("grid", x, d.top, x, d.bottom)
		}
		if x-half < free+8 || x+half > d.width {
			continue
		}
		free = x + half
		d.text("tick", x, d.bottom+16, "middle", t.label)
	}
	d.printf("<path class=\"frame\" d=\"M%.1f %.1fV%.1fH%.1f\"/>\n", d.left, d.top, d.bottom, d.right)
	d.text("axis", d.right, d.bottom+tickRoom+lineGap-5, "end", d.x.title)
}

// wrap divides text into lines of at most width letters, at blanks.
func wrap(text string, width int) (lines []string) {
	for _, word := range strings.Fields(text) {
		if last := len(lines) - 1; last >= 0 && letters(lines[last])+1+letters(word) <= width {
			lines[last] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}

func letters(text string) int { return len([]rune(text)) }
