package interop

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ssegauge/ssegauge/conformance"
)

// goApplication starts a backend of this binary, which publishes the fields.
func goApplication(name string, fields ...string) func(*testing.T) conformance.Target {
	return func(t *testing.T) conformance.Target { return startApplication(t, name).target(fields...) }
}

// finishingApplication is goApplication where the library can end the streams
// of a topic.
func finishingApplication(name string, fields ...string) func(*testing.T) conformance.Target {
	return func(t *testing.T) conformance.Target { return finishing(startApplication(t, name).target(fields...)) }
}

// module gives the version of a Go module that go.mod pins.
func module(path string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		version, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", path).Output()
		if err != nil {
			t.Fatalf("the version of %s: %v", path, err)
		}
		return strings.TrimSpace(string(version))
	}
}

// npm gives the version of a package that testdata/backends pins.
func npm(name string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join("testdata", "backends", "package.json"))
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Dependencies map[string]string }
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		return file.Dependencies[name]
	}
}

// lacking returns those of the programs that are not installed, and how to
// install them.
func lacking(programs []string) map[string]string {
	install := map[string]string{"nginx": installNginx, "node": installNode, "npm": installNPM}
	lacking := map[string]string{}
	for _, program := range programs {
		if program == "nchan" {
			if findNchan() == "" {
				lacking["the nginx module nchan"] = installNchan
			}
		} else if _, err := exec.LookPath(program); err != nil {
			lacking[program] = install[program]
		}
	}
	return lacking
}
