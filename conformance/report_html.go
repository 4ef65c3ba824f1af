package conformance

import (
	_ "embed"
	"html/template"
	"io"
	"strings"
)

//go:embed report.html
var htmlText string

var htmlPage = template.Must(template.New("report").Funcs(template.FuncMap{
	"seconds": seconds, "upper": func(o Outcome) string { return strings.ToUpper(string(o)) },
	"borders": borderList, "sign": func() string { return borderSign },
}).Parse(htmlText))

// A matrix is several reports side by side: a row for each check.
type matrix struct {
	Reports  []*Report
	Families []matrixFamily
}

type matrixFamily struct {
	Name string
	Rows []matrixRow
}

type matrixRow struct {
	*Result           // whose words describe the check
	Cells   []*Result // one a report, nil where it has no such check
}

// WriteHTML writes a page that stands by itself, without scripts or further
// files: a table with a row for each check and a column for each report, and
// below it the details of every cell.
func WriteHTML(w io.Writer, reports ...*Report) error {
	m := matrix{Reports: reports}
	at := map[string][2]int{}
	for column, r := range reports {
		for i := range r.Checks {
			c := &r.Checks[i]
			place, known := at[c.ID]
			if !known {
				place = m.add(c, len(reports))
				at[c.ID] = place
			}
			m.Families[place[0]].Rows[place[1]].Cells[column] = c
		}
	}
	return htmlPage.Execute(w, m)
}

// add makes a row for the check and returns its place.
func (m *matrix) add(c *Result, columns int) [2]int {
	f := 0
	for f < len(m.Families) && m.Families[f].Name != c.Family() {
		f++
	}
	if f == len(m.Families) {
		m.Families = append(m.Families, matrixFamily{Name: c.Family()})
	}
	rows := &m.Families[f].Rows
	*rows = append(*rows, matrixRow{Result: c, Cells: make([]*Result, columns)})
	return [2]int{f, len(*rows) - 1}
}
