package refserver

import (
	"math/rand/v2"
	"testing"
)

// TestSweepReachesEveryMember lets streams come and go while a sweep is under
// way: it must have been at every member that was there from its beginning to
// its end, or ask for another.
func TestSweepReachesEveryMember(t *testing.T) {
	repeated := 0
	for seed := range uint64(5000) {
		r := rand.New(rand.NewPCG(seed, 1))
		g := &group{}
		enter := func() *stream {
			st := &stream{}
			st.cursors = st.one[:]
			st.cursors[0].group = g
			st.enter()
			return st
		}
		waiting := map[*stream]bool{}
		for range 1 + r.IntN(8) {
			waiting[enter()] = true
		}
		g.sweep.begin(len(g.members))
		for {
			place, ok := g.sweep.step(len(g.members))
			if !ok {
				break
			}
			at := g.members[place].stream
			delete(waiting, at)
			switch r.IntN(6) {
			case 0: // it is closed, as by a failed write
				at.exit()
			case 1: // another is closed, as by an event of its socket
				other := g.members[r.IntN(len(g.members))].stream
				delete(waiting, other)
				other.exit()
			case 2:
				enter()
			}
		}
		if g.again {
			repeated++
		} else if len(waiting) > 0 {
			t.Fatalf("seed %d: the sweep is over and was not at %d members", seed, len(waiting))
		}
		for i, m := range g.members {
			if m.cursors[m.cursor].place != i {
				t.Fatalf("seed %d: the member at %d believes to be at %d", seed, i, m.cursors[m.cursor].place)
			}
		}
	}
	if repeated == 0 || repeated > 2500 {
		t.Errorf("%d of 5000 sweeps ask for another", repeated)
	}
}

// TestSweepBeginsAnywhere: no place is always served last.
func TestSweepBeginsAnywhere(t *testing.T) {
	const members = 8
	var last [members]int
	for range 1000 {
		var s sweep
		s.begin(members)
		end := -1
		for {
			place, ok := s.step(members)
			if !ok {
				break
			}
			end = place
		}
		last[end]++
	}
	for place, times := range last {
		if times == 0 {
			t.Errorf("of 1000 sweeps, none ended at place %d: %v", place, last)
		}
	}
}
