// Package chart draws figures for reports as SVG that stands in a page by
// itself: lines and steps over time, latency by percentile, bars.
//
// A figure is told apart without colours, by dashes, markers, hatching and
// names at the lines, follows the page's light or dark scheme through CSS, and
// has its title and a description for those who cannot see it.
package chart

import (
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"strings"
)

// A Chart is a figure with two axes.
type Chart struct {
	// ID is unique in its page and made of letters, digits, "-" and "_"; what
	// the SVG has to name begins with it.
	ID    string
	Title string
	// Desc is for those who cannot see the figure. When it is empty, each series
	// is described by its name and its least and largest value.
	Desc   string
	X, Y   Axis
	Series []Series
	Marks  []Mark
}

// An Axis says what a direction of the figure means.
type Axis struct {
	Label string // without the unit, which is added
	Unit  Unit
	Scale Scale
	// Min and Max are shown even where no point is; 0 asks for nothing. A linear
	// axis shows 0 always.
	Min, Max float64
	// Names are those of the values 0, 1, 2, ...: the axis has categories, each
	// with the bars of all series.
	Names []string
}

// A Kind is the way in which a series is drawn.
type Kind int

// Kinds of series.
const (
	Line  Kind = iota // straight between points
	Step              // a value holds until the next
	Bar               // from 0; with others of its place side by side
	Point             // markers alone
	Trend             // a line that leads through samples, and has none itself
)

// A Series is what one line, or one sort of bars, shows.
type Series struct {
	Name string
	Kind Kind
	// X and Y are the points' coordinates, as many of one as of the other. A
	// NaN, or what a logarithmic axis cannot show, interrupts a line.
	X, Y []float64
	// Low and High, if set, bound the uncertainty of every Y.
	Low, High []float64
}

// A Mark is a straight line across the figure that says where something is: a
// limit, or the beginning of a phase. Its label covers no other text; one for
// which there is no room is left out.
type Mark struct {
	At         float64
	Horizontal bool // at a value of Y; else at one of X
	// To, if set, is where a stretch of X ends that begins At. Its label may also
	// stand in front of it.
	To    float64
	Label string
}

// CSS has to be in the page once.
//
//go:embed chart.css
var CSS template.CSS

// The two sizes in which a figure is drawn: text that is scaled down with a
// figure could not be read on a telephone.
const (
	wideWidth, wideHeight     = 640, 320
	narrowWidth, narrowHeight = 350, 300
)

// Figure is the chart as an HTML figure, in a wide and a narrow form of which
// the page shows the one that fits.
func (c *Chart) Figure() template.HTML {
	return template.HTML(fmt.Sprintf("<figure class=\"chart\" id=%q>\n%s%s</figure>\n", template.HTMLEscapeString(c.ID), c.SVG(wideWidth, wideHeight), c.SVG(narrowWidth, narrowHeight)))
}

// SVG is the chart as an SVG element of a size in CSS pixels. It grows higher
// where its names need the room.
func (c *Chart) SVG(width, height int) template.HTML {
	return template.HTML(newDrawing(c, float64(width), float64(height)).draw())
}

// description says in words what the figure shows.
func (c *Chart) description() string {
	if c.Desc != "" {
		return c.Desc
	}
	var parts []string
	for i := range c.Series {
		s := &c.Series[i]
		low, high := math.Inf(1), math.Inf(-1)
		for _, y := range s.Y {
			if finite(y) {
				low, high = min(low, y), max(high, y)
			}
		}
		if low > high {
			parts = append(parts, s.Name+": no samples")
			continue
		}
		parts = append(parts, fmt.Sprintf("%s: from %s to %s", s.Name, c.Y.Unit.format(low), c.Y.Unit.format(high)))
	}
	return strings.Join(parts, "; ")
}

// largest is beyond all that a report measures; what is larger still is not
// shown, so that no sum or difference of values is infinite.
const largest = 1e18

func finite(v float64) bool { return math.Abs(v) <= largest }
