package loadgen

import (
	"math"
	"testing"
	"testing/quick"
	"time"
)

func TestRamps(t *testing.T) {
	for _, c := range []struct {
		name   string
		stages []RateStage
		total  time.Duration
		count  int
		due    map[int]time.Duration
	}{
		{"even", []RateStage{{0, 10}}, 2 * time.Second, 20, map[int]time.Duration{0: 0, 1: 100 * time.Millisecond, 19: 1900 * time.Millisecond}},
		{"nothing", []RateStage{{0, 0}}, time.Second, 0, nil},
		{"no time", []RateStage{{0, 10}}, 0, 0, nil},
		{"one a minute", []RateStage{{0, Rate(1.0 / 60)}}, time.Hour, 60, map[int]time.Duration{1: time.Minute}},
		// The area below the line is the number of events: 10/s·1 s, then the
		// trapezium to 30/s over 2 s, then 30/s held for 1 s.
		{"ramp", []RateStage{{time.Second, 10}, {2 * time.Second, 30}}, 4 * time.Second, 10 + 40 + 30, map[int]time.Duration{10: time.Second, 50: 3 * time.Second}},
		{"down to nothing", []RateStage{{0, 10}, {2 * time.Second, 0}}, 10 * time.Second, 10, map[int]time.Duration{0: 0}},
		{"stages beyond the end", []RateStage{{time.Hour, 10}}, time.Second, 10, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Ramps(c.stages, c.total)
			if got := s.Len(); got != c.count {
				t.Errorf("Len = %d, want %d", got, c.count)
			}
			for i, want := range c.due {
				if due, ok := s(i); !ok || (due-want).Abs() > time.Microsecond {
					t.Errorf("event %d is due at %v, %v; want %v", i, due, ok, want)
				}
			}
		})
	}
}

func TestScheduleLaws(t *testing.T) {
	neverDecreases := func(a, b, c uint8, seconds uint8) bool {
		total := time.Duration(seconds) * time.Second
		s := Ramps([]RateStage{{time.Second, Rate(a)}, {total / 2, Rate(b)}, {total / 3, Rate(c)}}, total)
		last := time.Duration(math.MinInt64)
		for i := range s.Len() {
			due, ok := s(i)
			if !ok || due < last || due >= total {
				return false
			}
			last = due
		}
		_, beyond := s(s.Len())
		return !beyond
	}
	if err := quick.Check(neverDecreases, &quick.Config{MaxCount: 50}); err != nil {
		t.Error(err)
	}
}

func TestShardsAreTheSchedule(t *testing.T) {
	whole := Spread(1000, time.Second)
	got := map[time.Duration]int{}
	for k := range 7 {
		shard := whole.Shard(k, 7)
		for i := range shard.Len() {
			due, _ := shard(i)
			got[due]++
		}
	}
	if len(got) != 1000 {
		t.Errorf("the shards have %d due times, want 1000", len(got))
	}
	for i := range 1000 {
		if due, _ := whole(i); got[due] != 1 {
			t.Errorf("due time %v of thing %d is in the shards %d times, want once", due, i, got[due])
		}
	}
}
