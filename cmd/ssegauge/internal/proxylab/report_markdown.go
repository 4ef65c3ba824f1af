package proxylab

import (
	_ "embed"
	"io"
	"slices"
	"strings"
	"text/template"

	"github.com/ssegauge/ssegauge/conformance/doctor"
)

//go:embed report.md.tmpl
var markdownText string

var markdownPage = template.Must(template.New("report").Funcs(template.FuncMap{
	"seconds": seconds, "versions": versions, "groups": groups, "worst": worst, "cell": tableCell,
	"loads": func(r Row) []string { return cells(&r, true)[behaviourColumns:] },
	"costs": func(r Row) []string { return cells(&r, true)[behaviourColumns+4:] },
}).Parse(markdownText))

// WriteMarkdown writes the page docs/proxies.md: by proxy, what each variant
// does and what to change, then the load and the capacity. Command is how the
// report was made, behind the name of the verb.
func WriteMarkdown(w io.Writer, r *Report, command string) error {
	return markdownPage.Execute(w, markdown{r, command})
}

type markdown struct {
	*Report
	Command string
}

// A group has the rows of one proxy.
type group struct {
	Name string
	Rows []Row
}

func groups(r markdown) []group {
	var list []group
	for _, row := range r.Rows {
		name := row.Proxy
		if row.Version != "" {
			name += " " + row.Version
		}
		i := slices.IndexFunc(list, func(g group) bool { return g.Name == name })
		if i < 0 {
			i = len(list)
			list = append(list, group{Name: name})
		}
		list[i].Rows = append(list[i].Rows, row)
	}
	return list
}

func versions(r markdown) []string {
	var list []string
	for _, g := range groups(r) {
		list = append(list, g.Name)
	}
	slices.Sort(list)
	return list
}

// An advice is what is wrong with a row, and what to change first.
type advice struct {
	Row       Row
	Diagnosis doctor.Diagnosis
	Fixes     []doctor.Fix
}

// worst is the diagnosis behind a row that does not stream; nil for others.
func worst(r Row) *advice {
	i := slices.IndexFunc(r.Diagnoses, func(d doctor.Diagnosis) bool { return d.Fault })
	if i < 0 || r.Verdict == doctor.Streams {
		return nil
	}
	d := r.Diagnoses[i]
	return &advice{r, d, d.Fixes[:min(1, len(d.Fixes))]}
}

// tableCell keeps a text within one cell of a table.
func tableCell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}
