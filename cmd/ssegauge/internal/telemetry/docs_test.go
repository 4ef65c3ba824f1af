package telemetry

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of docs/metrics.md anew")

const (
	docs      = "../../../../docs/metrics.md"
	dashboard = "../../../../docs/grafana/ssegauge.json"
	madeHere  = "<!-- made by: go test ./cmd/ssegauge/internal/telemetry -update -->\n"
)

// docs/metrics.md has every metric, as it is.
func TestDocsHaveTheMetrics(t *testing.T) {
	raw, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	text, table, ok := strings.Cut(string(raw), madeHere)
	if !ok {
		t.Fatalf("%s has no line %q", docs, madeHere)
	}
	want := "| Prometheus | OpenTelemetry | kind | unit | label | what it tells |\n|---|---|---|---|---|---|\n"
	for _, m := range Metrics() {
		label := ""
		if m.Label != "" {
			label = "`" + m.Label + "`"
		}
		want += fmt.Sprintf("| `%s` | `%s` | %s | `%s` | %s | %s |\n", m.PrometheusName(), m.Name, m.Kind, m.Unit, label, m.Help)
	}
	if table == want {
		return
	}
	if !*update {
		t.Fatalf("the table is not that of the metrics; -update writes it. Want:\n%s", want)
	}
	if err := os.WriteFile(docs, []byte(text+madeHere+want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The dashboard asks for metrics that exist, under the labels that they have, and
// for all of them.
func TestDashboardHasTheMetrics(t *testing.T) {
	text, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	labels := map[string][]string{} // by every name that Prometheus stores
	for _, m := range Metrics() {
		names := []string{m.PrometheusName()}
		if m.Kind == Histogram {
			names = append(names, m.PrometheusName()+"_bucket")
		}
		for _, name := range names {
			labels[name] = []string{"scenario", m.Label, "le"}
		}
	}
	seen := map[string]bool{}
	var ids []int
	for _, p := range board.Panels {
		if slices.Contains(ids, p.ID) {
			t.Errorf("%s: a second panel has the id %d", p.Title, p.ID)
		}
		ids = append(ids, p.ID)
		for _, target := range p.Targets {
			for _, name := range regexp.MustCompile(`ssegauge_\w+`).FindAllString(target.Expr, -1) {
				if labels[name] == nil {
					t.Errorf("%s: there is no metric %s", p.Title, name)
					continue
				}
				seen[name] = true
				for _, by := range regexp.MustCompile(`by \(([^)]*)\)`).FindAllStringSubmatch(target.Expr, -1) {
					for label := range strings.SplitSeq(by[1], ", ") {
						if !slices.Contains(labels[name], label) {
							t.Errorf("%s: %s has no label %q", p.Title, name, label)
						}
					}
				}
			}
		}
	}
	for name := range labels {
		if !seen[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
}
