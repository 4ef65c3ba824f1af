package main

import (
	"testing"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/loadgen"
)

// What a load report finds, a check finds too and explains. The two packages do
// not know each other, so nothing but this keeps their names the same.
func TestFindingsAreChecks(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range loadgen.FindingIDs() {
		if _, err := conformance.Find(id); err != nil {
			t.Errorf("a load report can name %s: %v", id, err)
		}
		if seen[id] {
			t.Errorf("%s is there twice", id)
		}
		seen[id] = true
	}
	if len(seen) == 0 {
		t.Error("no finding has an ID")
	}
}
