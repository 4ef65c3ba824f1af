package chart

import (
	"fmt"
	"math"
	"strings"
)

// The looks of series. Colours, dashes, markers and hatches repeat after
// different numbers, so that dozens of series can be told apart.
var (
	dashes = []string{"", "7 4", "2 3", "9 3 2 3", "14 4", "5 2"}
	shapes = []string{"circle", "square", "triangle", "diamond", "down", "cross", "plus"}
)

const (
	colours = 6
	hatches = 4 // solid, stripes of either direction, outlines
)

func look(i int) string { return fmt.Sprintf("s%d", i%colours) }

func dash(i int) string {
	if d := dashes[i%len(dashes)]; d != "" {
		return fmt.Sprintf(" stroke-dasharray=%q", d)
	}
	return ""
}

func (d *drawing) series(i int, id string) {
	s := &d.Series[i]
	if s.Kind == Bar {
		d.bars(i, id)
		return
	}
	d.band(i)
	if s.Kind != Point {
		if path := d.path(s); path != "" {
			d.printf("<path class=\"line %s\"%s d=%q/>\n", look(i), dash(i), path)
		}
	}
	d.markers(i)
}

// path joins the points of a line; what cannot be shown interrupts it.
func (d *drawing) path(s *Series) string {
	var path strings.Builder
	down := false
	last := 0.0
	for k := range s.Y {
		x, y := d.px(s.X[k]), d.py(s.Y[k])
		switch {
		case !finite(x) || !finite(y):
			down = false
			continue
		case !down:
			fmt.Fprintf(&path, "M%.1f %.1f", x, y)
		case s.Kind == Step:
			fmt.Fprintf(&path, "H%.1f", x)
			if y != last {
				fmt.Fprintf(&path, "V%.1f", y)
			}
		default:
			fmt.Fprintf(&path, "L%.1f %.1f", x, y)
		}
		down, last = true, y
	}
	return path.String()
}

// band draws the uncertainty as an area for each unbroken stretch.
func (d *drawing) band(i int) {
	s := &d.Series[i]
	if len(s.Low) != len(s.X) || len(s.High) != len(s.X) {
		return
	}
	var upper, lower []string
	flush := func() {
		if len(upper) > 1 {
			for k := len(lower) - 1; k >= 0; k-- {
				upper = append(upper, lower[k])
			}
			d.printf("<path class=\"band %s\" d=\"M%sZ\"/>\n", look(i), strings.Join(upper, "L"))
		}
		upper, lower = nil, nil
	}
	for k := range s.X {
		x, low, high := d.px(s.X[k]), d.py(s.Low[k]), d.py(s.High[k])
		if !finite(x) || !finite(low) || !finite(high) {
			flush()
			continue
		}
		upper = append(upper, fmt.Sprintf("%.1f %.1f", x, high))
		lower = append(lower, fmt.Sprintf("%.1f %.1f", x, low))
	}
	flush()
}

// markers marks all points of a series when they are few, and some otherwise:
// those of each series at other places, so that they do not hide each other. A
// point without neighbours is no line, and always marked.
func (d *drawing) markers(i int) {
	s := &d.Series[i]
	if s.Kind == Trend {
		return
	}
	var at []int
	for k := range s.Y {
		if finite(d.px(s.X[k])) && finite(d.py(s.Y[k])) {
			at = append(at, k)
		}
	}
	if len(at) == 0 {
		return
	}
	every := 1
	if s.Kind != Point && len(at) > 12 {
		every = (len(at) + 5) / 6
	}
	var path strings.Builder
	for n, k := range at {
		alone := (n == 0 || at[n-1] != k-1) && (n == len(at)-1 || at[n+1] != k+1)
		if alone || n%every == every*(i%len(shapes))/len(shapes) || len(at) <= 12 {
			path.WriteString(marker(i, d.px(s.X[k]), d.py(s.Y[k])))
		}
	}
	d.dots(i, path.String())
}

func (d *drawing) dots(i int, path string) {
	hollow := ""
	if i >= len(shapes) {
		hollow = " hollow"
	}
	d.printf("<path class=\"dot%s %s\" d=%q/>\n", hollow, look(i), path)
}

// marker is the path of the shape of series i.
func marker(i int, x, y float64) string {
	const r = 3.2
	switch shapes[i%len(shapes)] {
	case "circle":
		return fmt.Sprintf("M%.1f %.1fa%g %g 0 1 0 %g 0a%g %g 0 1 0 -%g 0", x-r, y, r, r, 2*r, r, r, 2*r)
	case "square":
		return fmt.Sprintf("M%.1f %.1fh%gv%gh-%gz", x-r, y-r, 2*r, 2*r, 2*r)
	case "triangle":
		return fmt.Sprintf("M%.1f %.1fl%g %gh-%gz", x, y-r-0.6, r+0.6, 2*r, 2*r+1.2)
	case "diamond":
		return fmt.Sprintf("M%.1f %.1fl%g %gl-%g %gl-%g -%gz", x, y-r-1, r+1, r+1, r+1, r+1, r+1, r+1)
	case "down":
		return fmt.Sprintf("M%.1f %.1fh%gl-%g %gz", x-r-0.6, y-r, 2*r+1.2, r+0.6, 2*r)
	case "cross":
		return fmt.Sprintf("M%.1f %.1fl%g %gm0 -%gl-%g %g", x-r, y-r, 2*r, 2*r, 2*r, 2*r, 2*r)
	}
	return fmt.Sprintf("M%.1f %.1fv%gm-%g -%gh%g", x, y-r-0.6, 2*r+1.2, r+0.6, r+0.6, 2*r+1.2)
}

// patterns defines the hatching of the bars.
func (d *drawing) patterns(id string) {
	for i := range d.Series {
		if d.Series[i].Kind != Bar || i%hatches == 0 || i%hatches == 3 {
			continue
		}
		turn := 45
		if i%hatches == 2 {
			turn = -45
		}
		d.printf("<defs><pattern id=\"%s-hatch-%d\" class=%q width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(%d)\"><path class=\"line\" d=\"M2 0V5\"/></pattern></defs>\n", id, i, look(i), turn)
	}
}

func fill(i int, id string) string {
	switch i % hatches {
	case 0:
		return "var(--c)"
	case 3:
		return "none"
	}
	return fmt.Sprintf("url(#%s-hatch-%d)", id, i)
}

// bars draws series i of those that share the places of the X axis.
func (d *drawing) bars(i int, id string) {
	s := &d.Series[i]
	count, nth := 0, 0
	distance := math.Inf(1)
	for k := range d.Series {
		if d.Series[k].Kind != Bar {
			continue
		}
		if k < i {
			nth++
		}
		count++
		for n := 1; n < len(d.Series[k].X); n++ {
			if gap := d.px(d.Series[k].X[n]) - d.px(d.Series[k].X[n-1]); gap > 0 {
				distance = min(distance, gap)
			}
		}
	}
	width := min(distance, (d.right-d.left)/float64(max(1, len(d.X.Names)))) * 0.7 / float64(count)
	width = min(width, 60)
	for k := range s.Y {
		x, y := d.px(s.X[k])+(float64(nth)-float64(count)/2)*width, d.py(s.Y[k])
		if !finite(x) || !finite(y) {
			continue
		}
		base := d.bottom
		if zero := d.py(0); finite(zero) {
			base = zero
		}
		d.printf("<rect class=\"bar %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=%q/>\n", look(i), x+0.5, min(y, base), max(width-1, 1), math.Abs(base-y), fill(i, id))
	}
}
