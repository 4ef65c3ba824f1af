package proxylab

import (
	"testing"

	"github.com/ssegauge/ssegauge/loadgen"
)

// A difference counts only if all rounds agree on it and it is larger than what
// the direct way differs by from round to round.
func TestCompare(t *testing.T) {
	rounds := func(p50 ...float64) (list []loadgen.Summary) {
		for _, v := range p50 {
			list = append(list, loadgen.Summary{P50: v})
		}
		return list
	}
	of := func(s loadgen.Summary) float64 { return s.P50 }
	for _, c := range []struct {
		name           string
		all, direct    float64
		rounds, around []loadgen.Summary
		want           string
	}{
		{"slower", 30, 10, rounds(29, 30, 31), rounds(9, 10, 11), "3.00x"},
		{"quicker", 5, 10, rounds(4, 5, 6), rounds(9, 10, 11), "0.50x"},
		{"rounds disagree", 30, 10, rounds(40, 30, 8), rounds(9, 10, 11), "~"},
		{"less than the direct way varies", 14, 10, rounds(9, 14, 16), rounds(8, 10, 15), "~"},
		{"nothing direct", 14, 0, rounds(9), rounds(0), "~"},
	} {
		if got := compare(of, loadgen.Summary{P50: c.all}, loadgen.Summary{P50: c.direct}, c.rounds, c.around).String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
