package capacity

import (
	"slices"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/loadgen"
)

func TestGrowRounds(t *testing.T) {
	for _, c := range []struct {
		grow       Grow
		load, want float64
	}{{Streams, 10.5, 11}, {Size, 99.4, 99}, {Rate, 1234.5, 1230}, {Rate, 0.123456, 0.123}, {Rate, 38.84, 38.8}, {Rate, 10, 10}, {Rate, 57, 57}} {
		if got := c.grow.round(c.load); got != c.want {
			t.Errorf("%s: %v is rounded to %v, want %v", c.grow, c.load, got, c.want)
		}
	}
}

func TestGrowParses(t *testing.T) {
	for _, c := range []struct {
		grow Grow
		text string
		want float64
		ok   bool
	}{
		{Streams, "500", 500, true}, {Rate, "60/s", 60, true}, {Rate, "90/m", 1.5, true}, {Rate, "7", 7, true}, {Size, "1e3", 1000, true},
		{Streams, "60/s", 0, false}, {Size, "many", 0, false}, {Rate, "fast", 0, false}, {Streams, "-1", 0, false},
	} {
		if got, err := c.grow.Parse(c.text); (err == nil) != c.ok || c.ok && got != c.want {
			t.Errorf("%s: %q is %v, %v; want %v, ok %v", c.grow, c.text, got, err, c.want, c.ok)
		}
	}
}

func TestGrowScenario(t *testing.T) {
	s := &loadgen.Scenario{
		Publish: loadgen.Publish{Rate: 10, Size: 100, InFlight: 256},
		Streams: loadgen.Streams{Count: 30, Ramp: 3 * time.Second, Cohorts: []loadgen.Cohort{{Name: "a", Count: 20}, {Name: "b", Count: 10}}},
	}
	if got := Streams.scenario(s, 300); got.Streams.Count != 300 || got.Streams.Ramp != 30*time.Second || got.Streams.Cohorts[0].Count != 200 || got.Streams.Cohorts[1].Count != 100 {
		t.Errorf("ten times the streams: %+v", got.Streams)
	}
	if got := Rate.scenario(s, 40); got.Publish.Rate != 40 || got.Publish.InFlight != 1024 || got.Streams.Count != 30 {
		t.Errorf("four times the rate: %+v", got.Publish)
	}
	if got := Rate.scenario(s, 5); got.Publish.InFlight != 256 {
		t.Errorf("%d publishes in flight at half the rate, want 256", got.Publish.InFlight)
	}
	if got := Size.scenario(s, 5000); got.Publish.Size != 5000 || got.Publish.Rate != 10 {
		t.Errorf("larger events: %+v", got.Publish)
	}
	if s.Streams.Count != 30 || s.Streams.Cohorts[0].Count != 20 {
		t.Error("the scenario itself has changed")
	}
}

// Every stream belongs to a cohort, and every cohort has one.
func TestShare(t *testing.T) {
	cohorts := []loadgen.Cohort{{Name: "a", Count: 990}, {Name: "b", Count: 9}, {Name: "c", Count: 1}}
	for _, c := range []struct {
		streams int
		want    []int
	}{{3, []int{1, 1, 1}}, {4, []int{2, 1, 1}}, {10, []int{8, 1, 1}}, {100, []int{98, 1, 1}}, {1000, []int{990, 9, 1}}, {1500, []int{1485, 14, 1}}, {100_000, []int{99_000, 900, 100}}} {
		var got []int
		for _, one := range share(cohorts, c.streams) {
			got = append(got, one.Count)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d streams: %v, want %v", c.streams, got, c.want)
		}
	}
}
