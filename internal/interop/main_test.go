package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// ssegauge is the path of the command under test.
var ssegauge string

func TestMain(m *testing.M) {
	if name := os.Getenv(applicationVariable); name != "" {
		if err := serveApplication(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	folder, err := os.MkdirTemp("", "ssegauge-interop-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	ssegauge = filepath.Join(folder, "ssegauge")
	build := exec.Command("go", "build", "-o", ssegauge, "github.com/ssegauge/ssegauge/cmd/ssegauge")
	build.Dir = root
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building ssegauge:", err)
		return 1
	}
	return m.Run()
}

// root is the folder of the main module.
const root = "../.."

// targets is the folder of the scenario files for known backends.
var targets = filepath.Join(root, "scenarios", "targets")

// How programs are installed that tests need.
const (
	installNginx = "apt-get install nginx-light"
	installNchan = "apt-get install libnginx-mod-nchan"
	installNode  = "apt-get install nodejs"
	installNPM   = "apt-get install npm"
)

// need returns the path of a program. Without it the test is skipped, or fails
// where CI=true says that everything has to be there.
func need(t *testing.T, program, install string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		missing(t, program, install)
	}
	return path
}

// missing ends a test that cannot run here.
func missing(t *testing.T, what, install string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed; install it by: %s", what, install)
	}
	t.Skipf("skipped: %s is not installed; install it by: %s", what, install)
}
