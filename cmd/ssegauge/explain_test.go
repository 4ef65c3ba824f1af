package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ssegauge/ssegauge/loadgen"
)

func TestExplain(t *testing.T) {
	got := ssegauge(t, append([]string{"explain", quickstart, "--json"}, small...)...)
	var e loadgen.Explanation
	if err := json.Unmarshal([]byte(got.stdout), &e); err != nil || got.code != exitYes {
		t.Fatalf("exit code %d, error %v\n%s%s", got.code, err, got.stdout, got.stderr)
	}
	// What TestLoad finds in the run itself.
	if e.Publishing.Events != 20 || e.Publishing.Deliveries != 800 || len(e.Streams) != 40 || len(e.Thresholds) != 1 {
		t.Errorf("%+v, %d streams, %d thresholds; want 20 events, 800 deliveries, 40 streams, 1 threshold", e.Publishing, len(e.Streams), len(e.Thresholds))
	}
	text := ssegauge(t, append([]string{"explain", quickstart}, small...)...)
	if text.code != exitYes || text.stderr != "" || !strings.Contains(text.stdout, "20 events of at least 100 bytes to 1 topic; 800 deliveries, 800/s on average") {
		t.Errorf("%+v", text)
	}
	if !strings.Contains(text.stdout, "minted JWTs (HS256) of the subject stream-{stream}, good for 1h, sent as bearer") {
		t.Errorf("the tokens of the embedded server are not told:\n%s", text.stdout)
	}
}

func TestExplainTellsWhatIsWrong(t *testing.T) {
	for want, args := range map[string][]string{
		"did you mean count?": {"explain", quickstart, "--set", "streams.cuont=1"},
		"token file: ":        {"explain", quickstart, "--set", "target.auth.file=none"},
		"accepts 1 arg":       {"explain"},
	} {
		if got := ssegauge(t, args...); got.code != exitUsage || got.stdout != "" || !strings.Contains(got.stderr, want) {
			t.Errorf("%v: %+v, want exit code 2 and %q", args, got, want)
		}
	}
}
