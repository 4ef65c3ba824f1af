package conformance

import (
	"embed"
	"fmt"
	"path"
	"strings"

	"github.com/ssegauge/ssegauge/internal/nearest"
)

// CurrentRuleset is the version of the checks as they are now.
const CurrentRuleset = "2026.11"

// Each file lists the IDs of the checks of one version. A released file never
// changes, so a pipeline that names its version meets no new check.
//
//go:embed rulesets/*.txt
var rulesets embed.FS

// Rulesets returns the known versions, oldest first.
func Rulesets() []string {
	entries, err := rulesets.ReadDir("rulesets")
	if err != nil {
		return nil
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".txt")
	}
	return names
}

// Ruleset returns the IDs of the checks that a version has.
func Ruleset(version string) ([]string, error) {
	text, err := rulesets.ReadFile(path.Join("rulesets", version+".txt"))
	if err != nil {
		return nil, fmt.Errorf("unknown ruleset %q%s; known: %s", version, nearest.Hint(version, Rulesets()), strings.Join(Rulesets(), ", "))
	}
	return strings.Fields(string(text)), nil
}
