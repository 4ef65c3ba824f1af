package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ssegauge/ssegauge/conformance"
)

func readCheckReport(t *testing.T, file string) *conformance.Report {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r conformance.Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

// The reference server does nothing wrong, whatever it speaks.
func TestCheckEmbedded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		args []string
	}{
		{"HTTP/1.1", nil},
		{"TLS", []string{"--tls"}},
		{"HTTP/2", []string{"--http", "2"}},
		{"HTTP/2 with TLS", []string{"--http", "2", "--tls"}},
		{"target file", []string{"../../scenarios/check/embedded.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "report.json")
			args := append([]string{"check", "--json", file}, c.args...)
			if c.name != "target file" {
				args = append(args, "embedded")
			}
			got := ssegauge(t, args...)
			if got.code != exitYes {
				t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
			}
			r := readCheckReport(t, file)
			if r.Verdict != conformance.Pass || r.Counts.Fail+r.Counts.Warn+r.Counts.Error > 0 || r.Counts.Pass < 50 {
				t.Errorf("verdict %s, %s", r.Verdict, r.Counts)
			}
			if !strings.Contains(got.stdout, "\nPASS  ") || !strings.Contains(got.stderr, "payload") {
				t.Errorf("neither verdict nor progress in\n%s%s", got.stdout, got.stderr)
			}
		})
	}
}

func TestCheckFault(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	names := map[string]string{}
	args := []string{"check", "embedded", "--fault", "cacheable", "--quiet", "--run", "http", "--record", filepath.Join(folder, "record")}
	for _, kind := range []string{"json", "junit", "sarif", "markdown", "html"} {
		names[kind] = filepath.Join(folder, "report."+kind)
		args = append(args, "--"+kind+"="+names[kind])
	}
	got := ssegauge(t, args...)
	if got != (result{code: exitNo}) {
		t.Errorf("%+v, want exit code 1 and no output", got)
	}
	for kind, file := range names {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), "http.cache-control") {
			t.Errorf("%s: %v, %d bytes", kind, err, len(text))
		}
	}
	first := readCheckReport(t, names["json"])
	again := filepath.Join(folder, "again.json")
	if got := ssegauge(t, "check", "--replay", filepath.Join(folder, "record"), "--run", "http", "--json="+again, "--quiet"); got.code != exitNo {
		t.Errorf("replay: %+v", got)
	}
	if r := readCheckReport(t, again); r.Counts != first.Counts {
		t.Errorf("replayed: %s, want %s", r.Counts, first.Counts)
	}

	baseline := filepath.Join(folder, "baseline")
	write := func(text string) {
		if err := os.WriteFile(baseline, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("http.cache-control # known\n")
	args = []string{"check", "embedded", "--fault", "cacheable", "--quiet", "--run", "http.cache-control", "--baseline", baseline}
	if got := ssegauge(t, args...); got.code != exitYes {
		t.Errorf("with a baseline: %+v", got)
	}
	if got := ssegauge(t, append(args, "--strict")...); got.code != exitNo {
		t.Errorf("strict, with a warning that is not in the baseline: %+v", got)
	}
	write("http.cache-control\nhttp.status.ok\n")
	got = ssegauge(t, append(args, "--run", "http.status.ok")...)
	if got.code != exitNo || got.stderr != "ssegauge: the baseline is stale: these checks no longer fail: http.status.ok\n" {
		t.Errorf("stale: %+v", got)
	}
}

// Every fault turns exactly those checks red that it names, and the plain
// server none.
func TestSelfTest(t *testing.T) {
	if raceDetector {
		t.Skip("many servers at once are too slow for the limits of the exchanges; make unit runs it without the detector")
	}
	t.Parallel()
	table := killTable(t.Context())
	for i := range table {
		if k := &table[i]; !k.good() {
			var b strings.Builder
			writeKill(&b, k)
			t.Errorf("%s", b.String())
		}
	}
	if alive := unproven(table); len(alive) > 0 {
		t.Errorf("turned red by no fault: %v", alive)
	}
	if alive := unproven(table[:1]); !slices.Contains(alive, "http.status.ok") {
		t.Errorf("turned red by no fault of none: %v", alive)
	}
}

func TestKillJudge(t *testing.T) {
	report := &conformance.Report{Checks: []conformance.Result{
		{ID: "a", Outcome: conformance.Fail}, {ID: "b", Outcome: conformance.Pass}, {ID: "c", Outcome: conformance.Warn}, {ID: "d", Outcome: conformance.Error},
	}}
	var k kill
	k.judge(report, []string{"a", "b"})
	if !slices.Equal(k.killed, []string{"a"}) || !slices.Equal(k.survived, []string{"b"}) || len(k.unexpected) != 2 || k.good() {
		t.Errorf("%+v", k)
	}
}

func TestCheckList(t *testing.T) {
	got := ssegauge(t, "check", "--list", "--json")
	var list struct{ Checks []map[string]string }
	if err := json.Unmarshal([]byte(got.stdout), &list); err != nil || got.code != exitYes {
		t.Fatalf("code %d, %v", got.code, err)
	}
	if len(list.Checks) != len(conformance.Checks()) {
		t.Errorf("%d checks, want %d", len(list.Checks), len(conformance.Checks()))
	}
	for _, name := range []string{"id", "level", "clause", "require", "why", "fix", "profile", "exchange"} {
		if _, ok := list.Checks[0][name]; !ok {
			t.Errorf("a check has no %s", name)
		}
	}
	if got := ssegauge(t, "check", "--list"); got.code != exitYes || strings.Count(got.stdout, "\n") != len(list.Checks) {
		t.Errorf("code %d, %d lines", got.code, strings.Count(got.stdout, "\n"))
	}
	got = ssegauge(t, "check", "--explain", "http.status.ok")
	for _, want := range []string{"http.status.ok  MUST, WHATWG HTML 9.2.2\n", "  requires  A stream", "  exchange  open: open a stream", "  fault     status-202, redirect-choices, redirect-nowhere, redirect-query-lost, redirect-downgrade, header-ignored\n"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("--explain lacks %q:\n%s", want, got.stdout)
		}
	}
}

func TestCheckUsage(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("url: http://a\npublsh: {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"http://" + listener.Addr().String()}, "target unreachable: tried a connection to " + listener.Addr().String()},
		{[]string{bad}, bad + `:2:1: unknown key "publsh" (did you mean publish?)`},
		{nil, "name a target"},
		{[]string{"embedded", "--run", "htp"}, `no check matches "htp"`},
		{[]string{"embedded", "--level", "muts"}, `--level: unknown value "muts" (did you mean must?)`},
		{[]string{"embedded", "--fault", "status-203"}, "status-202"},
		{[]string{"embedded", "--profile", "mpc"}, `unknown profile "mpc" (did you mean mcp?)`},
		{[]string{"embedded", "--ruleset", "2026.12"}, `unknown ruleset "2026.12"`},
		{[]string{"embedded", "embedded", "--json"}, "with several targets only"},
		{[]string{"http://127.0.0.1:1", "--fault", "x"}, "--fault and --tls are about the embedded server"},
		{[]string{"--explain", "http.status.no"}, `unknown check "http.status.no" (did you mean http.status.ok?)`},
		{[]string{"--replay", t.TempDir()}, "is no recording"},
		{[]string{"none.yaml"}, "none.yaml"},
	} {
		got := ssegauge(t, append([]string{"check"}, c.args...)...)
		if got.code != exitUsage || !strings.Contains(got.stderr, c.want) {
			t.Errorf("%v: code %d, %q; want 2 and %q", c.args, got.code, got.stderr, c.want)
		}
	}
}

func TestLint(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stream")
	for text, code := range map[string]int{"data: x\n\n": exitYes, "data: caf\xe9\n\n": exitNo} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := ssegauge(t, "lint", file); got.code != code || !strings.Contains(got.stdout, "stream.utf8.valid") {
			t.Errorf("%q: %+v, want code %d", text, got, code)
		}
	}
	if got := ssegauge(t, "lint", "-", "--json", "--strict"); got.code != exitYes || !strings.HasPrefix(got.stdout, "{") {
		t.Errorf("an empty standard input as JSON: %+v", got)
	}
}
