package chart

import (
	"math"
	"strings"
	"testing"
)

func TestScales(t *testing.T) {
	for _, c := range []struct {
		name   string
		axis   Axis
		values []float64
		title  string
		ticks  string
	}{
		{"milliseconds", Axis{Label: "latency", Unit: Seconds}, []float64{0.003, 0.018}, "latency, ms", "0 5 10 15 20"},
		{"a unit without a label", Axis{Unit: Seconds}, []float64{2}, "s", "0.0 0.5 1.0 1.5 2.0"},
		{"minutes", Axis{Label: "time", Unit: Seconds}, []float64{0, 600}, "time, min", "0 2 4 6 8 10"},
		{"two minutes are seconds", Axis{Label: "time", Unit: Seconds}, []float64{120}, "time, s", "0 20 40 60 80 100 120"},
		{"hours", Axis{Label: "time", Unit: Seconds}, []float64{86400}, "time, h", "0 5 10 15 20 25"},
		{"thousands", Axis{Label: "events/s"}, []float64{130_000}, "events/s", "0 50k 100k 150k"},
		{"percent", Axis{Label: "CPU", Unit: Fraction}, []float64{0.31, 0.98}, "CPU, %", "0 20 40 60 80 100"},
		{"memory", Axis{Label: "memory", Unit: Bytes}, []float64{55 << 20}, "memory, MiB", "0 10 20 30 40 50 60"},
		{"below zero", Axis{}, []float64{-3, 5}, "", "-4 -2 0 2 4 6"},
		{"only zeros", Axis{}, []float64{0, 0}, "", "0.0 0.2 0.4 0.6 0.8 1.0"},
		{"nothing", Axis{Unit: Seconds}, nil, "s", "0.0 0.2 0.4 0.6 0.8 1.0"},
		{"at least to", Axis{Max: 10}, []float64{1}, "", "0 2 4 6 8 10"},
		{"log", Axis{Label: "latency", Unit: Seconds, Scale: Log}, []float64{0.0008, 0.06, math.NaN(), 0, -1}, "latency", "500 µs,1 ms,2 ms,5 ms,10 ms,20 ms,50 ms,100 ms"},
		{"log of one value", Axis{Unit: Seconds, Scale: Log}, []float64{0.01}, "", "10 ms,20 ms"},
		{"log of many decades", Axis{Scale: Log}, []float64{1e-3, 1e4}, "", "0.001,0.01,0.1,1,10,100,1000,10k"},
		{"log of nothing", Axis{Unit: Seconds, Scale: Log}, nil, "", "1 ms,2 ms,5 ms,10 ms,20 ms,50 ms,100 ms,200 ms,500 ms,1 s"},
		{"nines", Axis{Label: "percentile", Scale: Nines}, []float64{0, 0.5, 0.99, 0.9999}, "percentile", "0 %,50 %,90 %,99 %,99.9 %,99.99 %"},
		{"categories", Axis{Label: "tenth", Names: []string{"1", "2"}}, []float64{0, 1}, "tenth", "1 2"},
	} {
		s := newScale(&c.axis, c.values, 6)
		var labels []string
		for _, tick := range s.ticks {
			labels = append(labels, tick.label)
			if p := s.place(tick.at); !(p > -1e-9 && p < 1+1e-9) {
				t.Errorf("%s: tick %s lies at %v of the axis", c.name, tick.label, p)
			}
		}
		separator := " "
		if strings.Contains(c.ticks, ",") {
			separator = ","
		}
		if got := strings.Join(labels, separator); got != c.ticks || s.title != c.title {
			t.Errorf("%s: ticks %q, title %q; want %q, %q", c.name, got, s.title, c.ticks, c.title)
		}
		for _, v := range c.values {
			if p := s.place(v); p < -1e-9 || p > 1+1e-9 {
				t.Errorf("%s: %v lies at %v of the axis", c.name, v, p)
			}
		}
	}
}

func TestShort(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1", 12.345: "12.3", 99.96: "100", 250: "250", 9999: "9999", 12_000: "12k", 999_900: "1M", 1_234_567: "1.23M",
		0.05: "0.05", 0.00123: "0.00123", -4: "-4", 9_999.7: "10k",
	} {
		if got := short(v); got != want {
			t.Errorf("short(%v) = %q, want %q", v, got, want)
		}
	}
}
