package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A summary is the part of summary.json that these tests are about.
type summary struct {
	Verdict    string           `json:"verdict"`
	Reasons    []string         `json:"reasons"`
	Streams    streamCounts     `json:"streams"`
	Events     eventCounts      `json:"events"`
	Failures   map[string]int64 `json:"failures"`
	Latency    latencies        `json:"latency_seconds"`
	Thresholds []struct {
		Expression string `json:"expression"`
		OK         bool   `json:"ok"`
	} `json:"thresholds"`
}

type streamCounts struct {
	Planned     int64 `json:"planned"`
	Opened      int64 `json:"opened"`
	Failed      int64 `json:"failed"`
	Dropped     int64 `json:"dropped"`
	Cut         int64 `json:"cut"`
	Reconnected int64 `json:"reconnected"`
}

type eventCounts struct {
	Published  int64 `json:"published"`
	Refused    int64 `json:"refused"`
	Unsent     int64 `json:"unsent"`
	Expected   int64 `json:"expected"`
	Received   int64 `json:"received"`
	Lost       int64 `json:"lost"`
	Duplicated int64 `json:"duplicated"`
	Reordered  int64 `json:"reordered"`
	Foreign    int64 `json:"foreign"`
	Late       int64 `json:"late"`
}

type latencies struct {
	Connect, Fanout latency
}

type latency struct{ Count, Min, P50, P99, Max float64 }

// A loading is a run of `ssegauge load`.
type loading struct {
	*process
	out string
}

// startLoad starts `ssegauge load` with a scenario file and values that replace
// some of the file's.
func startLoad(t *testing.T, environment []string, scenario string, set ...string) *loading {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	args := []string{"load", scenario, "--out", out}
	for _, s := range set {
		args = append(args, "--set", s)
	}
	return &loading{start(t, environment, ssegauge, args...), out}
}

// longestRun bounds a run of ssegauge, its opening and its drain included.
const longestRun = 2 * time.Minute

// result waits for the end of the run and reads its summary.
func (l *loading) result(t *testing.T) *summary {
	t.Helper()
	code := l.wait(t, longestRun)
	text, err := os.ReadFile(filepath.Join(l.out, "summary.json"))
	if err != nil {
		t.Fatalf("exit code %d, and no summary: %v\n%s", code, err, l.stderr())
	}
	s := &summary{}
	if err := json.Unmarshal(text, s); err != nil {
		t.Fatalf("summary.json: %v", err)
	}
	if want := map[string]int{"pass": 0, "fail": 1, "invalid": 3}[s.Verdict]; code != want {
		t.Errorf("exit code %d with verdict %s, want %d", code, s.Verdict, want)
	}
	return s
}

// load runs `ssegauge load` to its end.
func load(t *testing.T, environment []string, scenario string, set ...string) *summary {
	t.Helper()
	return startLoad(t, environment, scenario, set...).result(t)
}

// wantVerdict checks the verdict that the target has earned: pass or fail. On a
// machine that was too busy to generate the load on time ssegauge must say
// invalid instead, and give the generator's slowness as the one more reason;
// the counts stand all the same.
func (s *summary) wantVerdict(t *testing.T, want string) {
	t.Helper()
	var reasons []string
	slow := false
	for _, r := range s.Reasons {
		if strings.HasPrefix(r, "the generator") {
			slow = true
			t.Logf("this machine was busy: %s", r)
		} else {
			reasons = append(reasons, r)
		}
	}
	if slow && s.Verdict == "invalid" && (len(reasons) == 0) == (want == "pass") {
		return
	}
	if s.Verdict != want {
		t.Errorf("verdict %s, want %s; reasons: %q", s.Verdict, want, s.Reasons)
	}
}

// wantEvents compares the ledger. Late is no count but a latency, and is left
// out of it.
func (s *summary) wantEvents(t *testing.T, want eventCounts) {
	t.Helper()
	got := s.Events
	got.Late = 0
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s\nfailures: %v", diff, s.Failures)
	}
}

func (s *summary) wantStreams(t *testing.T, want streamCounts) {
	t.Helper()
	if diff := cmp.Diff(want, s.Streams); diff != "" {
		t.Errorf("streams (-want +got):\n%s\nfailures: %v", diff, s.Failures)
	}
}

// exact is the ledger of a run in which every stream got every event once.
func exact(streams, published int64) eventCounts {
	all := streams * published
	return eventCounts{Published: published, Expected: all, Received: all}
}

// steady are the streams of a run in which none was interrupted.
func steady(n int64) streamCounts { return streamCounts{Planned: n, Opened: n} }
