package nearest

import (
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	candidates := []string{"streams", "thresholds", "target", "duration", "p99"}
	for word, want := range map[string]string{
		"stream":        "streams",
		"tresholds":     "thresholds",
		"THRESHOLDS":    "thresholds",
		"taregt":        "target",
		"durration":     "duration",
		"p9":            "p99",
		"completely":    "",
		"configuration": "",
		"":              "",

		strings.Repeat("streams", 15): "",
	} {
		if got := Name(word, candidates); got != want {
			t.Errorf("Name(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"abc", "", 3}, {"", "abc", 3}, {"abc", "abc", 0},
		{"abc", "acb", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 1},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
