package proxylab

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	pageHeading = regexp.MustCompile(`(?m)^## (\S+) ([0-9.]+)$`)
	pageRow     = regexp.MustCompile(`(?m)^\| (\S+) \| (.*?) \| \*\*(\S+)\*\* \|`)
)

// The page has each variant of the matrices, and the verdict that they foresee
// for the version that it names.
func TestPageIsUpToDate(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "proxies.md"))
	if err != nil {
		t.Fatal(err)
	}
	type entry struct{ version, about, verdict string }
	page := map[string]entry{}
	version := ""
	for line := range strings.Lines(string(text)) {
		if found := pageHeading.FindStringSubmatch(strings.TrimSpace(line)); found != nil {
			version = found[2]
		}
		if found := pageRow.FindStringSubmatch(line); found != nil {
			page[found[1]] = entry{version, found[2], found[3]}
		}
	}
	variants := loadMatrix(t, scenario("all.yaml")).Variants
	for _, v := range variants {
		got, ok := page[v.Name]
		switch {
		case !ok:
			t.Errorf("the page lacks %s; write it anew with: ssegauge proxy scenarios/proxies/all.yaml --markdown docs/proxies.md", v.Name)
		case got.about != tableCell(v.About):
			t.Errorf("the page says of %s %q, the matrix %q", v.Name, got.about, v.About)
		case string(v.Expect.of(got.version)) != got.verdict && v.Expect.of(got.version) != "":
			t.Errorf("the page says that %s is %s with %s; the matrix foresees %s", v.Name, got.verdict, got.version, v.Expect.of(got.version))
		}
	}
	if len(page) != len(variants) {
		t.Errorf("the page has %d rows, the matrices %d", len(page), len(variants))
	}
}
