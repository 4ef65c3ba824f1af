package chart

import (
	"fmt"
	"math"
	"slices"
)

// A nameplate is the name of a series beside the end of its line.
type nameplate struct {
	series     int
	endX, endY float64 // of the line
	y          float64 // of the name
}

// drawNames writes the names of lines at their ends, moved apart where they
// would cover each other, with a thin line to the end that is meant.
func (d *drawing) drawNames() {
	if len(d.legend) > 0 || !d.lines() {
		return
	}
	for i := range d.Series {
		s := &d.Series[i]
		for k := len(s.Y) - 1; k >= 0; k-- {
			if x, y := d.px(s.X[k]), d.py(s.Y[k]); finite(x) && finite(y) {
				d.names = append(d.names, nameplate{i, x, y, y})
				break
			}
		}
	}
	spread(d.names, d.top, d.bottom)
	for _, n := range d.names {
		x := d.right + nameRoom
		if n.endX < d.right-3 || math.Abs(n.y-n.endY) > 4 {
			d.line("lead", n.endX+4, n.endY, x-3, n.y)
		}
		d.text("name "+look(n.series), x, n.y+4, "start", d.Series[n.series].Name)
	}
}

// spread moves names apart, in the order of the ends of their lines, within the
// bounds where that is possible.
func spread(names []nameplate, top, bottom float64) {
	slices.SortStableFunc(names, func(a, b nameplate) int {
		switch {
		case a.endY < b.endY:
			return -1
		case a.endY > b.endY:
			return 1
		}
		return 0
	})
	for i := range names {
		if i > 0 {
			names[i].y = max(names[i].y, names[i-1].y+lineGap)
		}
	}
	limit := bottom
	for i := len(names) - 1; i >= 0; i-- {
		names[i].y = min(names[i].y, limit)
		limit = names[i].y - lineGap
	}
	if len(names) > 0 && names[0].y < top {
		for i := range names {
			names[i].y = max(names[i].y, top+float64(i)*lineGap)
		}
	}
}

// drawLegend writes the names below the figure, each with a sample of its look.
func (d *drawing) drawLegend(id string) {
	for row, series := range d.legend {
		x, y := 6.0, d.bottom+tickRoom+lineGap+14+float64(row)*(lineGap+3)
		for _, i := range series {
			if d.Series[i].Kind == Bar {
				d.printf("<rect class=\"bar %s\" x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"10\" fill=%q/>\n", look(i), x+6, y-9, fill(i, id))
			} else {
				if d.Series[i].Kind != Point {
					d.printf("<path class=\"line %s\"%s d=\"M%.1f %.1fh26\"/>\n", look(i), dash(i), x, y-4)
				}
				if d.Series[i].Kind != Trend {
					d.dots(i, marker(i, x+13, y-4))
				}
			}
			d.text(fmt.Sprintf("name %s", look(i)), x+31, y, "start", d.Series[i].Name)
			x += legendWidth(d.Series[i].Name)
		}
	}
}
