package loadgen

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func after(v float64) *float64 { return &v }

func TestWaves(t *testing.T) {
	many := flows{0: {lost: 100}}
	for i := range int64(100) {
		many[1+i] = flow{back: 1}
	}
	for _, c := range []struct {
		name  string
		flows flows
		want  []Wave
		away  int64
	}{
		{"nothing happened", flows{}, []Wave{}, 0},
		{"one that comes back at once", flows{300: {1, 1}}, []Wave{{
			Start: 3, Lost: 1, Away: 1, Accepts: 10,
			Back:  BackTimes{after(0.01), after(0.01), after(0.01), after(0.01)},
			Curve: [][2]float64{{0, 1}, {0.01, 0}},
		}}, 0},
		{"ten that come back one by one, and one more loss on the way", flows{
			100: {lost: 10}, 110: {back: 4}, 120: {back: 1}, 130: {lost: 1, back: 2}, 140: {back: 3}, 160: {back: 1},
		}, []Wave{{
			Start: 1, Lost: 11, Away: 10, Accepts: 40,
			Back:  BackTimes{after(0.21), after(0.41), after(0.61), after(0.61)},
			Curve: [][2]float64{{0, 10}, {0.01, 10}, {0.11, 6}, {0.21, 5}, {0.31, 4}, {0.41, 1}, {0.61, 0}},
		}}, 0},
		{"two waves, of which one does not end", flows{10: {lost: 2}, 20: {back: 2}, 30: {lost: 4}, 31: {back: 2}}, []Wave{
			{
				Start: 0.1, Lost: 2, Away: 2, Accepts: 20,
				Back:  BackTimes{after(0.11), after(0.11), after(0.11), after(0.11)},
				Curve: [][2]float64{{0, 2}, {0.01, 2}, {0.11, 0}},
			},
			{
				Start: 0.3, Lost: 4, Away: 4, Accepts: 20, Back: BackTimes{P50: after(0.02)},
				Curve: [][2]float64{{0, 4}, {0.01, 4}, {0.02, 2}},
			},
		}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, away := waves(c.flows)
			near := cmp.Comparer(func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 })
			if diff := cmp.Diff(c.want, got, near); diff != "" || away != c.away {
				t.Errorf("%d away, want %d; waves (-want +got):\n%s", away, c.away, diff)
			}
		})
	}
	if got, _ := waves(many); len(got) != 1 || *got[0].Back.P50 != 0.51 || *got[0].Back.P99 != 1 || *got[0].Back.All != 1.01 || got[0].Accepts != 100 {
		t.Errorf("100 that come back in a row: %+v", got)
	}
}

// A curve has a bound, and the ends of the wave.
func TestWaveCurveIsBounded(t *testing.T) {
	f := flows{0: {lost: 5000}}
	for i := range int64(5000) {
		f[1+i] = flow{back: 1}
	}
	got, _ := waves(f)
	curve := got[0].Curve
	if len(curve) > curveSteps+2 || curve[0] != [2]float64{0, 5000} || curve[len(curve)-1] != [2]float64{50.01, 0} {
		t.Errorf("%d points from %v to %v", len(curve), curve[0], curve[len(curve)-1])
	}
}

// Of many waves the first are told, and all are counted.
func TestRecoveryIsBounded(t *testing.T) {
	r := judge(t, func(c *conductor) {
		c.plan.Scenario.Drill = &Drill{By: DrillTarget}
		for i := range int64(maxWaves + 7) {
			c.total.flows[2*i] = flow{lost: 1, back: 1}
		}
	})
	if got := r.Recovery; len(got.Waves) != maxWaves || got.WavesOmitted != 7 || got.Waves[0].Start != 0 {
		t.Errorf("%d waves and %d omitted, want %d and 7", len(got.Waves), got.WavesOmitted, maxWaves)
	}
}

func TestRecoveryMetrics(t *testing.T) {
	two := &Recovery{Waves: []Wave{{Back: BackTimes{P50: after(1), P90: after(1), All: after(2)}}, {Back: BackTimes{P50: after(0.5), All: after(3)}}}}
	for name, want := range map[string]string{"recovery.p50 < 2s": "ok 1", "recovery.all < 2s": "not 3", "recovery.p90 < 1h": "no sample", "recovery.p99 < 1h": "no sample"} {
		got := parseThreshold(t, name).judge(&Report{Recovery: two})
		text := "no sample"
		if got.Observed != nil {
			text = fmt.Sprintf("%s %g", map[bool]string{true: "ok", false: "not"}[got.OK], *got.Observed)
		}
		if text != want {
			t.Errorf("%s: %s, want %s", name, text, want)
		}
	}
	if got := parseThreshold(t, "recovery.p50 < 2s").judge(&Report{}); got.OK || got.Observed != nil {
		t.Errorf("without a drill: %+v", got)
	}
}
