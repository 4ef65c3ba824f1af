package interop

import (
	"path/filepath"
	"strings"
	"testing"
)

// Every scenario file for a known backend loads as it is: the run gets as far
// as to look for the backend.
func TestTargetFilesLoad(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(targets, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		names = append(names, name)
		t.Run(name, func(t *testing.T) {
			nowhere := "http://" + freeAddress(t)
			environment := []string{strings.ToUpper(name) + "_URL=" + nowhere, "SSEGAUGE_TARGET=" + nowhere}
			run := startLoad(t, environment, file)
			if code := run.wait(t, patience); code != 2 {
				t.Errorf("exit code %d, want 2", code)
			}
			if got := run.stderr(); !strings.Contains(got, "target unreachable") || !strings.Contains(got, nowhere) {
				t.Errorf("standard error %q, want that nothing listens at %s", got, nowhere)
			}
		})
	}
	if got, want := strings.Join(names, " "), "centrifugo generic mercure nchan pushpin"; got != want {
		t.Errorf("scenario files %s, want %s", got, want)
	}
}
