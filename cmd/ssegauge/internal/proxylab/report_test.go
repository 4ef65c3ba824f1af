package proxylab

import (
	"slices"
	"testing"

	"github.com/ssegauge/ssegauge/conformance/doctor"
	"github.com/ssegauge/ssegauge/loadgen"
)

func TestRowsAreInOrder(t *testing.T) {
	row := func(name string, verdict doctor.Verdict, p50 float64) Row {
		return Row{Variant: name, Verdict: verdict, Load: &LoadResult{Fanout: loadgen.Summary{P50: p50}}}
	}
	r := Report{Rows: []Row{row("skipped", "", 0), row("held", doctor.Held, 1), row("slow", doctor.Streams, 2), row("quick", doctor.Streams, 1), row("late", doctor.LateHeaders, 0.5)}}
	r.sort()
	var got []string
	for _, row := range r.Rows {
		got = append(got, row.Variant)
	}
	if want := []string{"quick", "slow", "late", "held", "skipped"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
