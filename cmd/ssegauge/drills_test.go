package main

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/ssegauge/ssegauge/loadgen"
)

// Every drill must run, shortened, and its report must say how the streams came
// back.
func TestDrills(t *testing.T) {
	t.Parallel()
	// What each one has, by its file.
	drills := map[string]struct {
		set  []string
		lost int64 // connections, at least
		all  int64 // connections, if it is known exactly
		by   string
	}{
		"reconnect-storm.yaml":   {[]string{"streams.count=40", "duration=1s", "drill.after=300ms"}, 40, 40, loadgen.DrillCut},
		"rolling-restart.yaml":   {[]string{"streams.count=40", "duration=2s", "drill.after=100ms", "drill.every=500ms"}, 40, 40, loadgen.DrillCut},
		"server-restart.yaml":    {[]string{"streams.count=40", "duration=2s", "drill.after=300ms", "drain=5s"}, 40, 0, loadgen.DrillRestart},
		"token-expiry-wave.yaml": {[]string{"streams.count=40", "duration=4s", "target.auth.jwt.ttl=2s"}, 40, 0, loadgen.DrillTarget},
		"slow-reader-share.yaml": {[]string{"duration=10s"}, 10, 0, loadgen.DrillTarget},
	}
	files, err := filepath.Glob("../../scenarios/drills/*.yaml")
	if err != nil || len(files) != len(drills) {
		t.Fatalf("%d files of %d drills, %v", len(files), len(drills), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			c := drills[filepath.Base(file)]
			out := t.TempDir()
			args := append([]string{"load", file, "--quiet", "--out", out}, patient...)
			for _, s := range append(c.set, "streams.ramp=100ms", "late_after=1m", "thresholds=streams.failed == 0") {
				args = append(args, "--set", s)
			}
			if got := ssegauge(t, args...); got.code != exitYes {
				t.Fatalf("exit code %d: %s", got.code, got.stderr)
			}
			r := readSummary(t, out)
			recovery := r.Recovery
			if recovery == nil || recovery.By != c.by || len(recovery.Waves) == 0 || recovery.NotBack != 0 {
				t.Fatalf("recovery %+v, want waves of drill %q from which all came back", recovery, c.by)
			}
			var lost int64
			for _, w := range recovery.Waves {
				lost += w.Lost
				if b := w.Back; b.All == nil || *b.P50 > *b.P90 || *b.P90 > *b.P99 || *b.P99 > *b.All || w.Accepts <= 0 || len(w.Curve) < 2 {
					t.Errorf("wave %+v", w)
				}
			}
			if lost < c.lost || c.all != 0 && lost != c.all || r.Streams.Reconnected < c.lost {
				t.Errorf("%d connections lost, %d reconnections; want %d", lost, r.Streams.Reconnected, c.lost)
			}
			keeps := r.Events.DeliveryCounts
			if i := slices.IndexFunc(r.Cohorts, func(c loadgen.CohortReport) bool { return c.Name == "healthy" }); i >= 0 {
				keeps = r.Cohorts[i].Events
			}
			if keeps.Lost != 0 || keeps.Duplicated != 0 || keeps.Received == 0 {
				t.Errorf("ledger %+v, want nothing lost or doubled", keeps)
			}
		})
	}
}
