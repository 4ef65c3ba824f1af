package capacity

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// newSearch looks for a knee among whole loads from 10 on.
func newSearch(probe func(load float64) Outcome) *search {
	return &search{
		from: 10, to: math.Inf(1), precision: 0.02, repeats: 5, round: math.Round,
		probe: func(load float64, _ Purpose) (Outcome, error) { return probe(load), nil },
	}
}

// upTo is met up to a limit, and then comes to beyond.
func upTo(limit float64, beyond Outcome) func(float64) Outcome {
	return func(load float64) Outcome {
		if load <= limit {
			return Met
		}
		return beyond
	}
}

// A sharp limit lies in a bracket that is as narrow as was asked for, wherever
// it is.
func TestSearchFindsEverySharpLimit(t *testing.T) {
	for limit := 10.0; limit < 100_000; limit = math.Ceil(limit * 1.013) {
		s := newSearch(upTo(limit, Missed))
		steps := 0
		probe := s.probe
		s.probe = func(load float64, p Purpose) (Outcome, error) { steps++; return probe(load, p) }
		b, err := s.run()
		if err != nil {
			t.Fatal(err)
		}
		if b.low > limit || b.high <= limit || b.high-b.low > max(1, 0.02*b.low) || b.highIs != Missed || !b.repeated {
			t.Errorf("limit %v: bracket %+v", limit, b)
		}
		if most := 2*s.repeats + int(math.Log2(limit/10)) + 2 + 7; steps > most {
			t.Errorf("limit %v: %d steps, want at most %d", limit, steps, most)
		}
		if s.confidence() != 1-2.0/32 {
			t.Errorf("limit %v: confidence %v, want %v", limit, s.confidence(), 1-2.0/32)
		}
	}
}

func TestSearchEnds(t *testing.T) {
	for _, c := range []struct {
		name  string
		probe func(float64) Outcome
		to    float64
		want  bracket
	}{
		{"the smallest load is missed", upTo(9, Missed), 1e6, bracket{high: 10, highIs: Missed}},
		{"the smallest load is invalid", upTo(9, Invalid), 1e6, bracket{high: 10, highIs: Invalid}},
		{"every load is met", upTo(1e9, Missed), 700, bracket{low: 700}},
		{"the generator ends before the target", upTo(96, Invalid), 1e6, bracket{low: 96, high: 97, highIs: Invalid}},
		{"the target breaks below the generator's limit", func(load float64) Outcome {
			if load > 150 {
				return Invalid
			}
			return upTo(113, Missed)(load)
		}, 1e6, bracket{low: 113, high: 115, highIs: Missed, repeated: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSearch(c.probe)
			s.to = c.to
			if b, err := s.run(); err != nil || b != c.want {
				t.Errorf("bracket %+v, error %v; want %+v", b, err, c.want)
			}
		})
	}
}

// One invalid step, and one missed step at the smallest load, are bad luck.
func TestSearchTriesAgain(t *testing.T) {
	for _, flaw := range []Outcome{Invalid, Missed} {
		seen := map[float64]bool{}
		s := newSearch(func(load float64) Outcome {
			if !seen[load] && (flaw == Invalid || load == 10) {
				seen[load] = true
				return flaw
			}
			return upTo(100, Missed)(load)
		})
		if b, err := s.run(); err != nil || b.low != 100 || b.high <= 100 || b.high > 102 {
			t.Errorf("%s at first: bracket %+v, error %v; want the limit 100", flaw, b, err)
		}
	}
}

// The bracket moves outwards until all repeats at its ends agree.
func TestSearchMovesToWhereRepeatsAgree(t *testing.T) {
	repeats := map[float64]int{}
	s := newSearch(nil)
	s.probe = func(load float64, p Purpose) (Outcome, error) {
		outcome := upTo(100, Missed)(load)
		if p == Repeating && load > 95 && load < 110 {
			if repeats[load]++; repeats[load]%3 == 0 {
				return map[Outcome]Outcome{Met: Missed, Missed: Met}[outcome], nil
			}
		}
		return outcome, nil
	}
	b, err := s.run()
	if err != nil || b.low > 95 || b.low < 85 || b.high < 110 || b.high > 120 || !b.repeated {
		t.Errorf("bracket %+v, error %v; want ends just outside 95 and 110", b, err)
	}
	if s.levels <= 2 || s.confidence() != 1-float64(s.levels)/32 {
		t.Errorf("%d levels, confidence %v", s.levels, s.confidence())
	}
}

// With a target that meets its objective by chance, less often the higher the
// load, the bracket holds the load of one half as often as it is said to.
func TestSearchKeepsItsConfidence(t *testing.T) {
	const half, trials = 1000.0, 2000
	random := rand.New(rand.NewPCG(1, 2))
	holds, confidence, found := 0, 0.0, 0
	for range trials {
		s := newSearch(func(load float64) Outcome {
			if random.Float64() < 1/(1+math.Pow(load/half, 40)) {
				return Met
			}
			return Missed
		})
		b, err := s.run()
		if err != nil {
			t.Fatal(err)
		}
		if !b.repeated {
			continue
		}
		found++
		confidence += s.confidence()
		if b.low <= half && half <= b.high {
			holds++
		}
	}
	if found < trials*99/100 {
		t.Fatalf("%d of %d searches ended with a bracket", found, trials)
	}
	if got, said := float64(holds)/float64(found), confidence/float64(found); got < said {
		t.Errorf("%.3f of the brackets hold the knee, said were %.3f", got, said)
	}
}

// What was found before an error is kept.
func TestSearchKeepsWhatItHas(t *testing.T) {
	failure := errors.New("interrupted")
	for after, want := range map[int]bracket{0: {}, 3: {low: 40}, 5: {low: 80, high: 160, highIs: Missed}} {
		s, steps := newSearch(nil), 0
		s.probe = func(load float64, _ Purpose) (Outcome, error) {
			if steps == after {
				return Met, failure
			}
			steps++
			return upTo(100, Missed)(load), nil
		}
		if b, err := s.run(); err != failure || b != want {
			t.Errorf("after %d steps: bracket %+v, error %v; want %+v", after, b, err, want)
		}
	}
}
