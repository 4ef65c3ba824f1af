//go:build unix

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A plan that cannot be run here is told in full, and has another exit code.
func TestExplainWhatCannotBeRunHere(t *testing.T) {
	command := exec.Command("sh", "-c", `ulimit -n 64; exec "$0" explain "$1"`, os.Args[0], quickstart)
	text, _ := command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != exitUsage || !strings.Contains(string(text), "descriptors  NOT OK") || !strings.Contains(string(text), "\nthresholds\n") {
		t.Errorf("exit code %d\n%s", code, text)
	}
}
