package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ssegauge/ssegauge/loadgen"
)

// beCommand makes the test binary be the command, for the processes that the
// command starts of itself and for tests that signal a whole process.
const beCommand = "SSEGAUGE_TEST_BE_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(beCommand) != "" {
		main()
	}
	os.Setenv(beCommand, "1")
	os.Exit(m.Run())
}

// A result is what one command line came to.
type result struct {
	code           int
	stdout, stderr string
}

func ssegauge(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), strings.NewReader(""), &stdout, &stderr, args)
	return result{code, stdout.String(), stderr.String()}
}

// patient keeps a busy machine from making a run invalid.
var patient = []string{"--set", "limits.schedule_slack=1m", "--set", "limits.receive_slack=1m", "--set", "limits.hiccup_share=1", "--set", "limits.cpu_share=1"}

// small shortens a scenario to what a test needs, with a threshold that does not
// depend on the machine. Tests that run side by side append to it.
var small = slices.Clip(slices.Concat(patient, []string{
	"--set", "streams.count=40", "--set", "streams.ramp=100ms", "--set", "warmup=0s", "--set", "duration=1s", "--set", "publish.rate=20/s",
	"--set", "thresholds=events.lost == 0",
}))

const quickstart = "../../scenarios/quickstart.yaml"

func readSummary(t *testing.T, folder string) *loadgen.Report {
	t.Helper()
	r, err := loadgen.LoadReport(folder)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLoad(t *testing.T) {
	out := t.TempDir()
	got := ssegauge(t, append([]string{"load", quickstart, "--out", out}, small...)...)
	if got.code != exitYes {
		t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	r := readSummary(t, out)
	if r.Verdict != loadgen.Pass || r.Streams.Opened != 40 || r.Events.Published != 20 {
		t.Errorf("verdict %s, %d opened, %d published; want pass, 40, 20", r.Verdict, r.Streams.Opened, r.Events.Published)
	}
	if e := r.Events; e.Expected != 800 || e.Received != 800 || e.Lost != 0 || e.Duplicated != 0 {
		t.Errorf("ledger %+v, want 800 expected and received", e)
	}
	if f := r.Latency.Fanout; !(0 < f.P50 && f.P50 <= f.P99 && f.P99 <= f.Max) {
		t.Errorf("fan-out latency %+v, want 0 < p50 <= p99 <= max", f)
	}
	for _, name := range []string{"histograms.hlog", "fanout.hgrm", "connect.hgrm"} {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, want a file that is not empty", name, err)
		}
	}
	for _, phase := range []string{"opening", "running", "draining"} {
		if !strings.Contains(got.stderr, phase) {
			t.Errorf("the progress does not name the phase %s:\n%s", phase, got.stderr)
		}
	}
	if again := ssegauge(t, "report", out); again.code != exitYes || again.stdout != got.stdout {
		t.Errorf("report shows\n%s\nwant what load showed:\n%s", again.stdout, got.stdout)
	}
}

func TestLoadQuiet(t *testing.T) {
	got := ssegauge(t, append([]string{"load", quickstart, "--quiet"}, small...)...)
	if got != (result{}) {
		t.Errorf("%+v, want code 0 and no output", got)
	}
}

func TestLoadThresholdNotMet(t *testing.T) {
	out := t.TempDir()
	got := ssegauge(t, append([]string{"load", quickstart, "--out", out}, append(small, "--set", "thresholds=fanout.p50 < 1ns")...)...)
	r := readSummary(t, out)
	if got.code != exitNo || r.Verdict != loadgen.Fail || len(r.Reasons) != 1 {
		t.Errorf("exit code %d, verdict %s, reasons %q; want 1, fail and one reason", got.code, r.Verdict, r.Reasons)
	}
}

func TestUsageErrors(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("name: x\ntarget: {url: embedded}\nstreams:\n  cuont: 3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"misspelt key", []string{"load", bad}, bad + `:4:3: unknown key "cuont" (did you mean count?)`},
		{"misspelt key in --set", []string{"load", quickstart, "--set", "strems.count=1"}, `unknown key "strems" (did you mean streams?)`},
		{"no file", []string{"load", "none.yaml"}, "none.yaml"},
		{"no argument", []string{"load"}, "accepts 1 arg"},
		{"unknown verb", []string{"laod"}, `unknown command "laod"`},
		{"unknown flag", []string{"load", quickstart, "--ouut", "x"}, "--ouut"},
		{"unreachable", []string{"load", quickstart, "--set", "target.url=http://127.0.0.1:1/events", "--set", "publish.url=http://127.0.0.1:1/publish"}, "target unreachable: tried a TCP connection to 127.0.0.1:1"},
		{"not a run", []string{"report", t.TempDir()}, "summary.json"},
		{"auth without a key", []string{"serve", "--auth", "jwt", "--addr", "127.0.0.1:0"}, "needs a key"},
		{"unknown auth", []string{"serve", "--auth", "jtw"}, "did you mean jwt?"},
		{"unknown fault", []string{"serve", "--fault", "drop-100"}, "drop-100th"},
		{"bad rate", []string{"serve", "--tick", "fast"}, `--tick: expected a rate such as 60/s`},
		{"fault of the embedded server", []string{"load", quickstart, "--set", "target.serve=--fault=nonsense"}, "embedded server"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ssegauge(t, c.args...)
			if got.code != exitUsage || !strings.Contains(got.stderr, c.want) {
				t.Errorf("exit code %d, stderr %q; want 2 and %q", got.code, got.stderr, c.want)
			}
			if got.stdout != "" {
				t.Errorf("stdout %q, want none", got.stdout)
			}
		})
	}
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	c := startChild(t, nil, "load", quickstart, "--out", out, "--set", "streams.count=20", "--set", "streams.ramp=0s", "--set", "warmup=0s", "--set", "duration=1h")
	waitFor(t, c.stderr, "running")
	c.interrupt(t)
	r := readSummary(t, out)
	if !r.Interrupted || r.Streams.Opened != 20 || r.Events.Expected != r.Events.Received+r.Events.Lost {
		t.Errorf("interrupted %v, %d opened, ledger %+v; want a partial result that balances", r.Interrupted, r.Streams.Opened, r.Events)
	}
}

// waitFor reads r until text has come.
func waitFor(t *testing.T, r io.Reader, text string) {
	t.Helper()
	var seen []byte
	buffer := make([]byte, 4096)
	for !bytes.Contains(seen, []byte(text)) {
		n, err := r.Read(buffer)
		seen = append(seen, buffer[:n]...)
		if err != nil {
			t.Fatalf("%v before %q came: %s", err, text, seen)
		}
	}
}

// The embedded server must not outlive the command, however that ends.
func TestEmbeddedServerEndsWithItsParent(t *testing.T) {
	t.Parallel()
	startServe(t) // demands it
}

func TestVersionAndCompletion(t *testing.T) {
	if got := ssegauge(t, "version"); got.code != exitYes || !strings.HasPrefix(got.stdout, "ssegauge ") {
		t.Errorf("version: %+v", got)
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if got := ssegauge(t, "completion", shell); got.code != exitYes || !strings.Contains(got.stdout, "ssegauge") {
			t.Errorf("completion %s: exit code %d, %d bytes", shell, got.code, len(got.stdout))
		}
	}
	if got := ssegauge(t, "serve", "--faults"); got.code != exitYes || !strings.Contains(got.stdout, "drop-100th") {
		t.Errorf("serve --faults: %+v", got)
	}
}

// Every scenario must load, and every one that needs no foreign backend must
// run, shortened, and balance its books.
func TestScenarios(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../scenarios/*.yaml")
	if err != nil || len(files) < 7 {
		t.Fatalf("%d scenarios, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			s, err := readScenario(file, nil)
			if err != nil {
				t.Fatal(err)
			}
			args := []string{"load", file, "--quiet", "--out", t.TempDir(), "--set", "warmup=0s", "--set", "duration=2s", "--set", "streams.ramp=200ms", "--set", "thresholds=events.lost == 0"}
			args = append(args, patient...)
			if len(s.Streams.Cohorts) == 0 {
				args = append(args, "--set", "streams.count=50")
			}
			if got := ssegauge(t, args...); got.code != exitYes {
				t.Fatalf("exit code %d: %s", got.code, got.stderr)
			}
			r := readSummary(t, args[4])
			if e := r.Events; e.Expected == 0 || e.Expected != e.Received || e.Duplicated != 0 || e.Foreign != 0 {
				t.Errorf("ledger %+v, want all of some expected events received once", e)
			}
		})
	}
}

// A known token appears nowhere, whatever happens.
func TestNoSecretInAnyOutput(t *testing.T) {
	const canary = "canary-0123456789-0123456789-0123456789"
	secretFile := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secretFile, []byte(canary), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, set := range map[string][]string{
		"secret of minted tokens": {"target.auth.jwt.secret=" + canary},
		"refused token":           {"target.auth.token=" + canary},
		"refused cookie":          {"target.auth.token=" + canary, "target.auth.send=cookie session"},
		"refused query":           {"target.auth.token=" + canary, "target.auth.send=query access_token"},
		"unreachable":             {"target.auth.token=" + canary, "target.auth.send=query t", "target.url=http://127.0.0.1:1/e", "publish.url=http://127.0.0.1:1/p"},
	} {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			args := append([]string{"load", quickstart, "--out", out}, small...)
			if !strings.HasPrefix(set[0], "target.auth.jwt") {
				args = append(args, "--set", "target.serve=--auth=jwt", "--set", "streams.reconnect.retry=50ms")
				t.Setenv(secretVariable, canary+"-of-the-server")
			}
			for _, s := range set {
				args = append(args, "--set", s)
			}
			got := ssegauge(t, args...)
			outputs := map[string]string{"stdout": got.stdout, "stderr": got.stderr}
			files, err := filepath.Glob(filepath.Join(out, "*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				outputs[filepath.Base(file)] = string(text)
			}
			for where, text := range outputs {
				if strings.Contains(text, canary) {
					t.Errorf("the secret is in %s:\n%s", where, text)
				}
			}
		})
	}
}

func TestSummaryIsValidJSON(t *testing.T) {
	out := t.TempDir()
	if got := ssegauge(t, append([]string{"load", quickstart, "--quiet", "--out", out}, small...)...); got.code != exitYes {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	text, err := os.ReadFile(filepath.Join(out, loadgen.SummaryFile))
	if err != nil {
		t.Fatal(err)
	}
	var summary map[string]any
	if err := json.Unmarshal(text, &summary); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"schema_version", "scenario", "verdict", "reasons", "streams", "events", "latency_seconds", "thresholds", "generator", "environment"} {
		if _, ok := summary[key]; !ok {
			t.Errorf("summary.json lacks %q", key)
		}
	}
}
