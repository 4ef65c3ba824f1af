package loadgen

import (
	"math"
	"time"
)

// A Schedule gives the due time of the i-th thing, counted from its start; ok
// is false when there is no i-th thing. It is a pure function and never
// decreases.
type Schedule func(i int) (due time.Duration, ok bool)

// Shard is the part of s that belongs to worker k of n: every n-th thing. The
// shards of one schedule together are the schedule.
func (s Schedule) Shard(k, n int) Schedule {
	return func(i int) (time.Duration, bool) { return s(i*n + k) }
}

// Len counts the things of s.
func (s Schedule) Len() int {
	low, high := 0, 1
	for s.has(high - 1) {
		low, high = high, 2*high
	}
	for low < high {
		if middle := (low + high) / 2; s.has(middle) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

func (s Schedule) has(i int) bool { _, ok := s(i); return ok }

// Spread schedules count things evenly over a time, the first at once.
func Spread(count int, over time.Duration) Schedule {
	return func(i int) (time.Duration, bool) {
		if i < 0 || i >= count {
			return 0, false
		}
		return time.Duration(float64(over) * float64(i) / float64(count)), true
	}
}

// Ramps schedules things at a rate that moves in a straight line from stage to
// stage, from the first stage's rate on; the last rate is held until total. A
// schedule of a single rate has one stage.
func Ramps(stages []RateStage, total time.Duration) Schedule {
	lines := lines(stages, total.Seconds())
	return func(i int) (time.Duration, bool) {
		if i < 0 {
			return 0, false
		}
		left := float64(i)
		for _, l := range lines {
			if whole := l.area(l.length); left >= whole {
				left -= whole
				continue
			}
			due := time.Duration((l.start + l.reach(left)) * float64(time.Second))
			return due, due < total
		}
		return 0, false
	}
}

// A line is a stretch of time, in seconds, over which a rate moves evenly.
type line struct{ start, length, from, to float64 }

func lines(stages []RateStage, total float64) []line {
	var lines []line
	at, rate := 0.0, 0.0
	for i, s := range stages {
		if i == 0 {
			rate = float64(s.Rate)
		}
		if length := s.Duration.Seconds(); length > 0 && at < total {
			lines = append(lines, line{at, length, rate, float64(s.Rate)})
			at += length
		}
		rate = float64(s.Rate)
	}
	if at < total {
		lines = append(lines, line{at, total - at, rate, rate})
	}
	return lines
}

// area is how many things are due in the first t seconds of the line.
func (l line) area(t float64) float64 {
	return l.from*t + (l.to-l.from)/l.length*t*t/2
}

// reach is the time at which the area is n: the root of the quadratic, in the
// form that keeps its precision when the rate hardly changes.
func (l line) reach(n float64) float64 {
	slope := (l.to - l.from) / l.length
	root := math.Sqrt(max(0, l.from*l.from+2*slope*n))
	if l.from+root == 0 {
		return 0
	}
	return 2 * n / (l.from + root)
}
