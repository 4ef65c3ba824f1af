package proxylab

import (
	_ "embed"
	"html/template"
	"io"

	"github.com/ssegauge/ssegauge/internal/chart"
	"github.com/ssegauge/ssegauge/loadgen"
)

//go:embed report.html
var htmlText string

var htmlPage = template.Must(template.New("report").Funcs(template.FuncMap{
	"css": func() template.CSS { return chart.CSS }, "columns": columns, "seconds": seconds, "curve": curve,
	"cells": func(row Row, r *Report) []string {
		list := cells(&row, r.DirectLoad != nil)
		for len(list) < len(columns(r)) {
			list = append(list, "")
		}
		return list
	},
}).Parse(htmlText))

// WriteHTML writes a page that stands by itself, without scripts or further
// files: the table, and below it each row's diagnoses and its latency curve
// beside that of the direct way.
func WriteHTML(w io.Writer, r *Report) error { return htmlPage.Execute(w, r) }

// curve draws the latency of a row by percentile.
func curve(row Row, r *Report) template.HTML {
	c := chart.Chart{
		ID: "curve-" + row.Variant, Title: "Fan-out latency of " + row.Variant + " and of the direct way",
		X: chart.Axis{Label: "deliveries", Unit: chart.Fraction, Scale: chart.Nines},
		Y: chart.Axis{Label: "latency", Unit: chart.Seconds, Scale: chart.Log},
	}
	for _, s := range []struct {
		name string
		of   loadgen.Curve
	}{{row.Variant, row.Load.Curve}, {"direct", r.DirectLoad.Curve}} {
		line := chart.Series{Name: s.name}
		for _, point := range s.of {
			line.X, line.Y = append(line.X, point[0]), append(line.Y, point[1])
		}
		c.Series = append(c.Series, line)
	}
	return c.Figure()
}
