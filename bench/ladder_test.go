package main

import (
	"errors"
	"testing"
)

func TestClimb(t *testing.T) {
	for _, c := range []struct {
		name                       string
		start, bottom, top, really float64
		most                       int // tries
	}{
		{"from far below", 1000, 1000, 1e9, 1_500_000, 16},
		{"from the rate itself", 1_500_000, 1000, 1e9, 1_500_000, 6},
		{"from above", 1e8, 1000, 1e9, 130_000, 15},
		{"just above the bottom", 5000, 1000, 1e9, 1001, 10},
	} {
		tries := 0
		got, err := climb(c.start, c.bottom, c.top, func(rate float64) (bool, error) {
			tries++
			return rate <= c.really, nil
		})
		if err != nil || got > c.really || got*resolution < c.really {
			t.Errorf("%s: %v, %v; want at most %v, and no less than 1/%v of it", c.name, got, err, c.really, resolution)
		}
		if tries > c.most {
			t.Errorf("%s: %d tries, want at most %d", c.name, tries, c.most)
		}
	}
}

func TestClimbAtTheEnds(t *testing.T) {
	keeps := func(ok bool) func(float64) (bool, error) {
		return func(float64) (bool, error) { return ok, nil }
	}
	if got, _ := climb(100, 10, 1000, keeps(true)); got != 1000 {
		t.Errorf("when all rates keep: %v, want the top, 1000", got)
	}
	if got, _ := climb(100, 10, 1000, keeps(false)); got != 0 {
		t.Errorf("when none keeps: %v, want 0", got)
	}
	broken := errors.New("broken")
	if _, err := climb(100, 10, 1000, func(float64) (bool, error) { return true, broken }); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}
