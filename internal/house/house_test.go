// Package house holds the tests that keep the project's structure: which room
// may import which, and which one owns a third-party library.
package house

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/ssegauge/ssegauge/"

// mayImport lists, for every room, the rooms of the project that it may import.
// A room that is not listed may import none.
var mayImport = map[string][]string{
	"cmd/ssegauge":                   {"cmd/ssegauge/internal/proxylab", "loadgen", "loadgen/capacity", "loadgen/compare", "internal/junit", "conformance", "conformance/doctor", "internal/probeorigin", "internal/refserver", "internal/refprofile", "internal/token", "internal/nearest", "internal/chart", "schema", "cmd/ssegauge/internal/live", "cmd/ssegauge/internal/telemetry", "cmd/ssegauge/internal/telemetry/otlp", "cmd/ssegauge/internal/telemetry/prometheus"},
	"cmd/ssegauge/internal/proxylab": {"loadgen", "conformance", "conformance/doctor", "internal/chart", "internal/nearest", "internal/probeorigin", "internal/refserver", "internal/strictyaml"},
	"loadgen":                        {"internal/publicurl", "internal/eventstream", "internal/stamp", "internal/token", "internal/epoll", "internal/strictyaml", "internal/nearest", "internal/chart", "internal/junit", "internal/markdown"},
	"loadgen/capacity":               {"loadgen", "internal/chart", "internal/publicurl"},
	"loadgen/compare":                {"loadgen", "internal/chart", "internal/junit", "internal/markdown"},
	"conformance":                    {"internal/publicurl", "internal/eventstream", "internal/strictyaml", "internal/nearest", "internal/junit", "internal/markdown"},
	"conformance/doctor":             {"conformance", "internal/probeorigin", "internal/publicurl"},
	"internal/refserver":             {"internal/stamp", "internal/token", "internal/epoll", "internal/nearest"},
	"internal/refprofile":            {"internal/refserver", "internal/token", "internal/nearest"},
	"internal/strictyaml":            {"internal/nearest"},
	"internal/token":                 {"internal/nearest"},

	"cmd/ssegauge/internal/live":                 {"loadgen", "internal/refserver"},
	"cmd/ssegauge/internal/telemetry":            {"loadgen"},
	"cmd/ssegauge/internal/telemetry/otlp":       {"cmd/ssegauge/internal/telemetry"},
	"cmd/ssegauge/internal/telemetry/prometheus": {"cmd/ssegauge/internal/telemetry"},
}

// owner names the one room that may import a third-party module.
var owner = map[string]string{
	"github.com/tmaxmax/go-sse":               "internal/refserver",
	"github.com/vbauerster/mpb/v8":            "cmd/ssegauge",
	"github.com/spf13/cobra":                  "cmd/ssegauge",
	"golang.org/x/term":                       "cmd/ssegauge",
	"github.com/HdrHistogram/hdrhistogram-go": "loadgen",
	"go.yaml.in/yaml/v3":                      "internal/strictyaml",
	"github.com/golang-jwt/jwt/v5":            "internal/token",
	"github.com/MicahParks/jwkset":            "internal/token",
	"golang.org/x/oauth2":                     "internal/token",
	"golang.org/x/sys":                        "internal/epoll",

	"github.com/go-logr/logr":             "cmd/ssegauge/internal/telemetry/otlp",
	"github.com/prometheus/client_golang": "cmd/ssegauge/internal/telemetry/prometheus",
	"github.com/prometheus/client_model":  "cmd/ssegauge/internal/telemetry/prometheus",
	"go.opentelemetry.io/otel":            "cmd/ssegauge/internal/telemetry/otlp",
}

func TestArrows(t *testing.T) {
	for room, imports := range imports(t) {
		for _, path := range imports {
			if to, ours := strings.CutPrefix(path, module); ours {
				if !slices.Contains(mayImport[room], to) {
					t.Errorf("%s imports %s; it may import %v", room, to, mayImport[room])
				}
				continue
			}
			if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
				continue
			}
			if of := ownerOf(path); of != room {
				t.Errorf("%s imports %s, which belongs to %q", room, path, of)
			}
		}
	}
}

// Only one file may know the progress bars.
func TestOnlyProgressImportsBars(t *testing.T) {
	out, err := exec.Command("grep", "-rl", "--include=*.go", "vbauerster/mpb", "../../cmd", "../../loadgen", "../../conformance", "..").Output()
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, file := range strings.Fields(string(out)) {
		if !strings.HasSuffix(file, "_test.go") {
			files = append(files, file)
		}
	}
	if want := []string{"../../cmd/ssegauge/progress.go"}; !slices.Equal(files, want) {
		t.Errorf("files that import mpb: %v, want %v", files, want)
	}
}

// imports lists the direct imports of every room, without those of tests, on
// the system that has the most files.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	command := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", module+"...")
	command.Env = append(command.Environ(), "GOOS=linux")
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	rooms := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		rooms[strings.TrimPrefix(fields[0], module)] = fields[1:]
	}
	if len(rooms) < 8 {
		t.Fatalf("go list named %d rooms: %v", len(rooms), rooms)
	}
	return rooms
}

func ownerOf(path string) string {
	for library, room := range owner {
		if path == library || strings.HasPrefix(path, library+"/") {
			return room
		}
	}
	return ""
}
