package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestSchema(t *testing.T) {
	for _, kind := range []string{"scenario", "target"} {
		got := ssegauge(t, "schema", kind)
		file, err := os.ReadFile("../../schema/" + kind + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if got.code != exitYes || got.stdout != string(file) || !json.Valid(file) {
			t.Errorf("schema %s: exit code %d, %d bytes; want 0 and the %d of the file", kind, got.code, len(got.stdout), len(file))
		}
	}
	got := ssegauge(t, "schema", "scenarios")
	if got.code != exitUsage || !strings.Contains(got.stderr, "did you mean scenario?") || got.stdout != "" {
		t.Errorf("an unknown kind: %+v", got)
	}
}
