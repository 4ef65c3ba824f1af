package capacity

import "math"

// An Outcome is what one step came to.
type Outcome string

// Outcomes of a step. Invalid means that the generator could not drive it, so
// that it says nothing of the target.
const (
	Met     Outcome = "met"
	Missed  Outcome = "missed"
	Invalid Outcome = "invalid"
)

// A Purpose is what a step is for.
type Purpose string

// Purposes, in the order of a search.
const (
	Doubling  Purpose = "doubling"
	Bisecting Purpose = "bisecting"
	Repeating Purpose = "repeating"
)

// maxLevels bounds the loads at which either end of the interval is looked for.
const maxLevels = 8

// invalidTries is how often a step is tried that the generator could not drive:
// a busy moment of the machine is not its limit.
const invalidTries = 3

// A search looks for the knee: the load up to which the objective is met.
type search struct {
	from, to  float64 // the smallest load, and the largest that is tried
	precision float64 // width at which bisection ends, as a share of the load
	repeats   int     // fresh steps that each end of the interval must hold
	round     func(float64) float64
	// probe runs one step. An error ends the search.
	probe func(load float64, purpose Purpose) (Outcome, error)
	// levels counts the loads that were repeated.
	levels int
}

// A bracket is what a search knows of the knee.
type bracket struct {
	low float64 // the largest load that was met; 0: none
	// high is the smallest load above it that was not, and highIs says what it
	// was instead. A high of 0 means that every load was met.
	high   float64
	highIs Outcome
	// repeated is set when all repeats at both ends agreed.
	repeated bool
}

// run searches. After an error the bracket is what was found until then.
func (s *search) run() (bracket, error) {
	b, err := s.double()
	if err != nil || b.low == 0 {
		return b, err
	}
	if b.high > 0 {
		if b, err = s.bisect(b); err != nil {
			return b, err
		}
	}
	return s.repeat(b)
}

// step runs one step, and again where it was invalid.
func (s *search) step(load float64, purpose Purpose) (outcome Outcome, err error) {
	for range invalidTries {
		if outcome, err = s.probe(load, purpose); err != nil || outcome != Invalid {
			return outcome, err
		}
	}
	return outcome, nil
}

// double raises the load from the smallest until it is no longer met. The
// smallest must be missed twice.
func (s *search) double() (b bracket, err error) {
	for load := s.from; ; load = min(s.round(2*load), s.to) {
		outcome, err := s.step(load, Doubling)
		if outcome == Missed && b.low == 0 && err == nil {
			outcome, err = s.step(load, Doubling)
		}
		switch {
		case err != nil:
			return b, err
		case outcome != Met:
			b.high, b.highIs = load, outcome
			return b, nil
		}
		if b.low = load; load >= s.to {
			return b, nil
		}
	}
}

// gap is the distance to the next load that is worth telling from this one.
func (s *search) gap(load float64) float64 { return s.precision * load }

// bisect halves the bracket until it is narrow, or no load lies between.
func (s *search) bisect(b bracket) (bracket, error) {
	for b.high-b.low > s.gap(b.low) {
		middle := s.round((b.low + b.high) / 2)
		if middle <= b.low || middle >= b.high {
			break
		}
		outcome, err := s.step(middle, Bisecting)
		if err != nil {
			return b, err
		}
		if outcome == Met {
			b.low = middle
		} else {
			b.high, b.highIs = middle, outcome
		}
	}
	return b, nil
}

// repeat finds, from the ends of the bracket outwards, the loads at which all
// repeats agree.
func (s *search) repeat(b bracket) (bracket, error) {
	width := max(b.high-b.low, s.gap(b.low))
	low, is, err := s.agree(b.low, -width, Met)
	switch {
	case err != nil:
		return b, err
	case is != Met:
		return bracket{high: low, highIs: is}, nil
	case b.high == 0 && low < b.low:
		b.high, b.highIs = b.low, Missed
	}
	if b.low = low; b.highIs != Missed {
		return b, nil
	}
	b.high, b.highIs, err = s.agree(b.high, width, Missed)
	b.repeated = err == nil && b.highIs == Missed
	return b, err
}

// agree repeats the step at load until all repeats come to want. At one that
// does not, it goes on at a distance that doubles. It returns the load at which
// it ended, and want if all repeats there did, else what the last came to.
func (s *search) agree(load, distance float64, want Outcome) (float64, Outcome, error) {
	outcome := want
	for level := 0; ; level++ {
		s.levels++
		for range s.repeats {
			var err error
			if outcome, err = s.step(load, Repeating); err != nil {
				return load, outcome, err
			}
			if outcome != want {
				break
			}
		}
		next := min(max(s.round(load+distance), s.from), s.to)
		if outcome == want || next == load || level+1 == maxLevels || want == Missed && outcome == Invalid {
			return load, outcome, nil
		}
		load, distance = next, 2*distance
	}
}

// confidence is how sure it is, at least, that the load at which half of all
// holds meet the objective lies in a repeated bracket. If it lay outside, the
// repeats at an end would have agreed with a probability of at most one half
// each; with several loads tried, the chances of being wrong add up.
func (s *search) confidence() float64 {
	return max(0, 1-float64(s.levels)*math.Pow(2, -float64(s.repeats)))
}
