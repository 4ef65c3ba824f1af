package conformance

import (
	"slices"
	"strings"
	"testing"
)

func TestLint(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		red          []string
	}{
		{"good", ordinary, nil},
		{"nothing", "", nil},
		{"stopped in a block", ordinary + "data: x\nda", nil},
		{"payload not prefixed", "data: {\n\"a\": 1\n}\n\n", []string{"stream.line.unknown-field", "stream.line.no-colon"}},
		{"Latin-1", "data: caf\xe9\n\n", []string{"stream.utf8.valid"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Lint("x", strings.NewReader(c.stream), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := red(r); !slices.Equal(got, c.red) {
				t.Errorf("red: %v, want %v", got, c.red)
			}
			if len(r.Checks) < 15 {
				t.Errorf("only %d checks", len(r.Checks))
			}
		})
	}
	if _, err := Lint("x", strings.NewReader(""), Options{Run: []string{"data"}}); err == nil {
		t.Error("checks that need a publish hook are taken")
	}
}
