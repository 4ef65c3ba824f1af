package capacity

import "testing"

func TestObserved(t *testing.T) {
	number := func(v float64) *float64 { return &v }
	for _, c := range []struct {
		breach Breach
		want   string
	}{
		{Breach{Objective: "fanout.p99<250ms", Observed: number(0.3)}, " (observed 300ms)"},
		{Breach{Objective: "slow:fanout.max < 1s", Observed: number(1.5)}, " (observed 1.50s)"},
		{Breach{Objective: "events.lost == 0", Observed: number(3)}, " (observed 3)"},
		{Breach{Objective: "every stream opens", Observed: number(1234)}, " (observed 1,234)"},
		{Breach{Objective: "fanout.p99 < 1s"}, " (no sample)"},
	} {
		if got := observed(c.breach); got != c.want {
			t.Errorf("%q says%s, want%s", c.breach.Objective, got, c.want)
		}
	}
}
