package conformance

import (
	"strings"
	"testing"
)

// Each fault must turn exactly its own check red.
func TestLint(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		red          string // id
		outcome      Outcome
		observed     string
	}{
		{name: "good", stream: ": hello\nretry: 1000\n\nevent: a\nid: 1\ndata: x\ndata: é\n\n"},
		{name: "nothing", stream: ""},
		{"Latin-1", "data: caf\xe9\n\n", "stream.utf8.valid", Failed, "1 lines with bytes that are not UTF-8"},
		{"mark first", "\ufeffdata: x\n\n", "stream.bom.start", Told, "1 byte order marks at the start"},
		{"payload not prefixed", "data: {\n\"a\": 1\n}\n\n", "stream.line.unknown-field", Warned, "2 lines with an unknown field"},
		{"no data", "event: ping\n\n", "stream.block.no-data", Warned, "1 blocks with an event name but no data"},
		{"cut", "data: x\n\ndata: y\n", "stream.eof.complete", Failed, "1 unfinished blocks at the end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			results, err := Lint(strings.NewReader(c.stream))
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				want := Result{r.Check, Passed, ""}
				if r.Check.ID == c.red {
					want = Result{r.Check, c.outcome, c.observed}
				}
				if r != want {
					t.Errorf("%s: %s %q, want %s %q", r.Check.ID, r.Outcome, r.Observed, want.Outcome, want.Observed)
				}
			}
		})
	}
}

// A mark on a later line also spoils the field's name.
func TestLintLateMark(t *testing.T) {
	results, err := Lint(strings.NewReader("data: x\n\n\ufeffdata: y\n\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Check.ID == "stream.bom.later" && r.Outcome != Failed {
			t.Errorf("stream.bom.later: %s, want %s", r.Outcome, Failed)
		}
	}
}

func TestChecksAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range streamChecks {
		if c.ID == "" || c.Level == "" || c.Clause == "" || c.Require == "" || c.Why == "" || c.Fix == "" || c.Judge == nil {
			t.Errorf("check %q lacks a field", c.ID)
		}
		if seen[c.ID] {
			t.Errorf("check %q is there twice", c.ID)
		}
		seen[c.ID] = true
	}
}
