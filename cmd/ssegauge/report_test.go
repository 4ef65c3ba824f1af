package main

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ssegauge/ssegauge/loadgen"
)

// savedRun runs a small load, and returns its folder.
func savedRun(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "run")
	if got := ssegauge(t, append([]string{"load", quickstart, "--quiet", "--out", out}, small...)...); got.code != exitYes {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	return out
}

// changed is the summary of a run with a change, in a folder of its own without
// a log.
func changed(t *testing.T, run string, change func(*loadgen.Report)) string {
	t.Helper()
	r := readSummary(t, run)
	change(r)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "summary.json")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReportCompares(t *testing.T) {
	run := savedRun(t)
	slow := changed(t, run, func(r *loadgen.Report) { r.Latency.Fanout.P99 *= 1.3 })
	invalid := changed(t, run, func(r *loadgen.Report) { r.Verdict = loadgen.Invalid })
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"with itself", []string{run, run}, exitYes, "ratio"},
		{"a regression", []string{run, slow, "--fail-if", "fanout.p99 > 1.2x"}, exitNo, "FAILED  fanout.p99 > 1.2x (observed "},
		{"a smaller one", []string{run, slow, "--fail-if", "fanout.p99 > 1.4x"}, exitYes, "ok      fanout.p99 > 1.4x"},
		{"the second condition", []string{run, slow, "--fail-if", "fanout.p99 > 1.4x", "--fail-if", "events.lost == 0"}, exitNo, "FAILED  events.lost == 0"},
		{"the third run", []string{run, run, slow, "--fail-if", "fanout.p99 > 1.2x"}, exitNo, "1.30x of the baseline's"},
		{"an invalid run", []string{run, invalid, "--fail-if", "fanout.p99 > 1.2x"}, exitInvalid, "is invalid"},
		{"an invalid run that nobody judges", []string{run, invalid}, exitYes, "is invalid"},
		{"rounds", []string{run, run, "--", run, run}, exitYes, "Student's t over 2 and 2 rounds"},
		{"a misspelt condition", []string{run, slow, "--fail-if", "fanuot.p99 > 1.2x"}, exitUsage, `--fail-if "fanuot.p99 > 1.2x": unknown metric "fanuot.p99" (did you mean fanout.p99?)`},
		{"a condition without a unit", []string{run, slow, "--fail-if", "fanout.p99 > 12"}, exitUsage, "a multiple of the baseline is written 1.2x"},
		{"a multiple that is none", []string{run, slow, "--fail-if", "fanout.p99 > fastx"}, exitUsage, `expected a multiple of the baseline such as 1.2x, found "fastx"`},
		{"a condition on one run", []string{run, "--fail-if", "fanout.p99 > 1.2x"}, exitUsage, "name two runs"},
		{"no candidate", []string{run, "--"}, exitUsage, "no runs on one side of --"},
		{"rounds without histograms", []string{run, slow, "--", run}, exitUsage, "histograms.hlog is not beside the report"},
	} {
		got := ssegauge(t, append([]string{"report"}, c.args...)...)
		if got.code != c.code || !strings.Contains(got.stdout+got.stderr, c.want) {
			t.Errorf("%s: exit code %d, want %d and %q in\n%s%s", c.name, got.code, c.code, c.want, got.stdout, got.stderr)
		}
		if (got.code == exitUsage) != (got.stdout == "") {
			t.Errorf("%s: exit code %d with the output\n%s", c.name, got.code, got.stdout)
		}
	}
}

func TestReportFiles(t *testing.T) {
	run := savedRun(t)
	slow := changed(t, run, func(r *loadgen.Report) { r.Latency.Fanout.P99 *= 1.3 })
	for _, c := range []struct {
		name            string
		runs            []string
		csvRuns         int
		tests, failures int
		markdown, html  string
	}{
		{"one run", []string{run}, 1, 2, 0, "## PASS: quickstart\n", "PASS <span>quickstart</span>"},
		{"a comparison", []string{run, slow, "--fail-if", "fanout.p99 > 1.2x"}, 2, 5, 1, "| **FAILED** | fanout.p99 &gt; 1.2x |", "✗ failed"},
	} {
		folder := t.TempDir()
		file := func(name string) string { return filepath.Join(folder, name) }
		args := append([]string{"report", "--html", file("html"), "--junit", file("junit"), "--markdown", file("markdown"), "--csv", file("csv")}, c.runs...)
		if got := ssegauge(t, args...); got.code != c.failures {
			t.Fatalf("%s: exit code %d\n%s%s", c.name, got.code, got.stdout, got.stderr)
		}
		text := map[string]string{}
		for _, name := range []string{"html", "junit", "markdown", "csv"} {
			content, err := os.ReadFile(file(name))
			if err != nil {
				t.Fatal(err)
			}
			text[name] = string(content)
		}
		var suites struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
		}
		if err := xml.Unmarshal([]byte(text["junit"]), &suites); err != nil || suites.Tests != c.tests || suites.Failures != c.failures {
			t.Errorf("%s: JUnit %+v, %v; want %d tests, %d failures", c.name, suites, err, c.tests, c.failures)
		}
		if !strings.Contains(text["markdown"], c.markdown) || !strings.Contains(text["html"], c.html) {
			t.Errorf("%s: the Markdown or the page lacks %q or %q:\n%s", c.name, c.markdown, c.html, text["markdown"])
		}
		lines, err := csv.NewReader(strings.NewReader(text["csv"])).ReadAll()
		if want := 1 + c.csvRuns*len(readSummary(t, run).Series); err != nil || len(lines) != want {
			t.Errorf("%s: %d lines of CSV, %v; want %d", c.name, len(lines), err, want)
		}
	}
}
