package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ssegauge/ssegauge/conformance"
)

// The reference server of each profile does nothing wrong, and all scored checks
// of the profile can be seen on it.
func TestCheckProfiles(t *testing.T) {
	t.Parallel()
	for _, profile := range conformance.Profiles() {
		for _, more := range [][]string{nil, {"--http", "2", "--tls"}} {
			t.Run(strings.Join(append([]string{profile}, more...), " "), func(t *testing.T) {
				t.Parallel()
				file := filepath.Join(t.TempDir(), "report.json")
				args := append([]string{"check", "embedded", "--profile", profile, "--json=" + file, "--strict"}, more...)
				if got := ssegauge(t, args...); got.code != exitYes {
					t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
				}
				seen := 0
				for _, c := range readCheckReport(t, file).Checks {
					if c.Profile != profile {
						continue
					}
					seen++
					if c.Outcome != conformance.Pass && c.Outcome != conformance.Told {
						t.Errorf("%s: %s %q", c.ID, c.Outcome, c.Observed)
					}
				}
				if seen < 6 {
					t.Errorf("%d checks of the profile", seen)
				}
			})
		}
	}
}

func TestCheckProfileFault(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "report.json")
	got := ssegauge(t, "check", "embedded", "--profile", "openai", "--fault", "done-missing", "--run", "openai", "--json="+file)
	if got.code != exitNo || !strings.Contains(got.stdout, "embedded with the fault done-missing") {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	var red []string
	for _, c := range readCheckReport(t, file).Checks {
		if c.Red() {
			red = append(red, c.ID)
		}
	}
	if !slices.Equal(red, []string{"openai.done.present"}) {
		t.Errorf("red: %v", red)
	}
	for want, args := range map[string][]string{
		"the embedded server speaks openai or mcp, not both": {"--profile", "openai,mcp"},
		`unknown fault "done-mising"`:                        {"--profile", "openai", "--fault", "done-mising"},
		`unknown fault "status-202"`:                         {"--profile", "mcp", "--fault", "status-202"},
	} {
		if got := ssegauge(t, append([]string{"check", "embedded"}, args...)...); got.code != exitUsage || !strings.Contains(got.stderr, want) {
			t.Errorf("%v: code %d, %q, want 2 and %q", args, got.code, got.stderr, want)
		}
	}
	if got := ssegauge(t, "check", "--explain", "mcp.one-stream"); !strings.Contains(got.stdout, "  profile   mcp\n") || !strings.Contains(got.stdout, "  fault     broadcast\n") {
		t.Errorf("--explain:\n%s", got.stdout)
	}
}
