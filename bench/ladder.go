package main

import "math"

// resolution is how close, as a ratio, the lowest rate that failed is to the
// highest that was kept when a climb ends.
const resolution = 1.08

// climb finds the highest rate that keeps: from start it doubles while rates
// keep or halves while they fail, and then narrows the gap by its geometric
// mean. It returns 0 when nothing from bottom on keeps, and never tries more
// than top.
func climb(start, bottom, top float64, keeps func(rate float64) (bool, error)) (float64, error) {
	var kept, failed float64
	for rate := min(max(start, bottom), top); ; {
		ok, err := keeps(rate)
		if err != nil {
			return 0, err
		}
		if ok {
			kept = rate
		} else {
			failed = rate
		}
		switch {
		case ok && rate == top:
			return kept, nil
		case failed == 0:
			rate = min(2*rate, top)
		case kept == 0 && rate == bottom:
			return 0, nil
		case kept == 0:
			rate = max(rate/2, bottom)
		case failed/kept <= resolution:
			return kept, nil
		default:
			rate = math.Sqrt(kept * failed)
		}
	}
}
