package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ssegauge/ssegauge/loadgen"
	"github.com/ssegauge/ssegauge/loadgen/capacity"
)

// quick shortens the steps of a capacity run.
var quick = append(patient[:len(patient):len(patient)], "--set", "streams.count=5", "--set", "streams.ramp=10ms", "--set", "warmup=0s", "--set", "duration=200ms",
	"--set", "thresholds=events.lost == 0", "--repeats", "1")

func readCapacity(t *testing.T, folder string) *capacity.Result {
	t.Helper()
	r, err := capacity.LoadResult(folder)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// capacityOf23 runs a capacity run against an embedded server with 23 places.
func capacityOf23(t *testing.T, args ...string) (out string, got result) {
	t.Helper()
	out = t.TempDir()
	got = ssegauge(t, slices.Concat([]string{"capacity", quickstart, "--out", out, "--set", "target.serve=--max-streams=23"}, quick, args)...)
	if got.code != exitYes {
		t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	return out, got
}

// An embedded server with 23 places has a capacity of 23 streams.
func TestCapacity(t *testing.T) {
	file := filepath.Join(t.TempDir(), "result.json")
	out, got := capacityOf23(t, "--json", file)
	r := readCapacity(t, out)
	if r.Verdict != loadgen.Pass || r.Knee.Load != 23 || r.Knee.High != 24 {
		t.Errorf("verdict %s, knee %+v; want pass, 23 to 24", r.Verdict, r.Knee)
	}
	if again := readCapacity(t, file); again.Sentence != r.Sentence {
		t.Errorf("--json says %q, --out %q", again.Sentence, r.Sentence)
	}
	for _, s := range r.Steps {
		if s.Server == nil || s.Server.Memory == 0 {
			t.Errorf("step %d: the embedded server was not watched: %+v", s.Number, s.Server)
		}
	}
	if !strings.Contains(got.stdout, "PASS  quickstart\n\n23 streams at 10 events/s of 100 bytes within events.lost == 0;") {
		t.Errorf("the text does not say the knee:\n%s", got.stdout)
	}
	if lines := strings.Count(got.stderr, "\n"); lines != len(r.Steps) || !strings.HasPrefix(got.stderr, "step 1 (doubling): 5: met") {
		t.Errorf("%d lines for %d steps:\n%s", lines, len(r.Steps), got.stderr)
	}
	folders, err := filepath.Glob(filepath.Join(out, "step-*"))
	if err != nil || len(folders) != len(r.Steps) {
		t.Fatalf("%d folders of %d steps, %v", len(folders), len(r.Steps), err)
	}
	if one := readSummary(t, folders[1]); one.Streams.Opened != 10 {
		t.Errorf("%d streams in the second step, want 10", one.Streams.Opened)
	}
}

func TestCapacityNotMet(t *testing.T) {
	out := t.TempDir()
	got := ssegauge(t, append([]string{"capacity", quickstart, "--quiet", "--out", out, "--set", "target.serve=--max-streams=3"}, quick...)...)
	if got.code != exitNo || got.stdout+got.stderr != "" {
		t.Errorf("exit code %d, output %q%q; want 1 and none", got.code, got.stdout, got.stderr)
	}
	if r := readCapacity(t, out); r.Verdict != loadgen.Fail || r.Knee.Load != 0 || r.Knee.High != 5 {
		t.Errorf("verdict %s, knee %+v; want fail, and no knee", r.Verdict, r.Knee)
	}
}

func TestCapacityUsage(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"what grows", []string{"--grow", "stream"}, "did you mean streams?"},
		{"a load that is none", []string{"--from", "few"}, "--from: expected a number of streams"},
		{"bounds in the wrong order", []string{"--from", "10", "--to", "5"}, "below the smallest"},
		{"two watches", []string{"--set", "target.watch.pid=1", "--set", "target.watch.cgroup=/x"}, "give one of pid, cgroup and metrics"},
		{"a metrics endpoint that is none", []string{"--set", "target.watch.metrics=localhost:9090"}, "expected an http or https URL"},
		{"unreachable", []string{"--set", "target.url=http://127.0.0.1:1/events", "--set", "publish.url=http://127.0.0.1:1/publish"}, "target unreachable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ssegauge(t, append([]string{"capacity", quickstart}, c.args...)...)
			if got.code != exitUsage || !strings.Contains(got.stderr, c.want) || got.stdout != "" {
				t.Errorf("exit code %d, %q%q; want 2 and %q", got.code, got.stdout, got.stderr, c.want)
			}
		})
	}
}
