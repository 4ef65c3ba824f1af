package loadgen

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bookOf is the book of a topic with events 0 to end-1, of which some were
// refused.
func bookOf(end uint64, refused ...uint64) *book {
	b := &book{}
	for range end {
		b.issue()
	}
	for _, seq := range refused {
		b.refuse(seq)
	}
	return b
}

func TestReceipt(t *testing.T) {
	type step struct {
		seq     uint64
		arrival arrival
		missing int64
	}
	for _, c := range []struct {
		name               string
		required           uint64
		refused            []uint64
		steps              []step
		end                uint64
		expected, received uint64
		spans              []span
	}{
		{"nothing due", 0, nil, nil, 0, 0, 0, nil},
		{"nothing came", 2, nil, nil, 5, 3, 0, nil},
		{"in order", 0, nil, []step{{0, fresh, 0}, {1, fresh, 0}, {2, fresh, 0}}, 3, 3, 3, []span{{0, 3}}},
		{"from the middle", 5, nil, []step{{5, fresh, 0}, {6, fresh, 0}}, 7, 2, 2, []span{{5, 7}}},
		{"the first one lost", 5, nil, []step{{6, fresh, 1}}, 7, 2, 1, []span{{6, 7}}},
		{"the last one lost", 0, nil, []step{{0, fresh, 0}}, 2, 2, 1, []span{{0, 1}}},
		{"a gap", 0, nil, []step{{0, fresh, 0}, {3, fresh, 2}}, 4, 4, 2, []span{{0, 1}, {3, 4}}},
		{"a gap filled from below", 0, nil, []step{{0, fresh, 0}, {3, fresh, 2}, {1, filling, -1}, {2, filling, -1}}, 4, 4, 4, []span{{0, 4}}},
		{"a gap filled from above", 0, nil, []step{{0, fresh, 0}, {3, fresh, 2}, {2, filling, -1}, {1, filling, -1}}, 4, 4, 4, []span{{0, 4}}},
		{"a gap filled in its middle", 0, nil, []step{{0, fresh, 0}, {4, fresh, 3}, {2, filling, -1}}, 5, 5, 3, []span{{0, 1}, {2, 3}, {4, 5}}},
		{"an older gap filled", 0, nil, []step{{0, fresh, 0}, {2, fresh, 1}, {4, fresh, 1}, {1, filling, -1}}, 5, 5, 4, []span{{0, 3}, {4, 5}}},
		{"two swapped", 0, nil, []step{{1, fresh, 1}, {0, filling, -1}, {2, fresh, 0}}, 3, 3, 3, []span{{0, 3}}},
		{"the latest doubled", 0, nil, []step{{0, fresh, 0}, {1, fresh, 0}, {1, duplicate, 0}}, 2, 2, 2, []span{{0, 2}}},
		{"an older one doubled", 0, nil, []step{{0, fresh, 0}, {2, fresh, 1}, {0, duplicate, 0}}, 3, 3, 2, []span{{0, 1}, {2, 3}}},
		{"one that filled a gap doubled", 0, nil, []step{{2, fresh, 2}, {1, filling, -1}, {1, duplicate, 0}}, 3, 3, 2, []span{{1, 3}}},
		{"early", 5, nil, []step{{3, fresh, 0}, {5, fresh, 0}}, 6, 2, 2, []span{{3, 4}, {5, 6}}},
		{"early, and a required one lost", 5, nil, []step{{3, fresh, 0}, {7, fresh, 2}}, 8, 4, 2, []span{{3, 4}, {7, 8}}},
		{"early, after a later one", 5, nil, []step{{5, fresh, 0}, {3, filling, 0}}, 6, 2, 2, []span{{3, 4}, {5, 6}}},
		{"a refused number is excused", 0, []uint64{1}, []step{{0, fresh, 0}, {2, fresh, 1}}, 3, 2, 2, []span{{0, 1}, {2, 3}}},
		{"a refused number that came was expected", 0, []uint64{1}, []step{{0, fresh, 0}, {1, fresh, 0}}, 2, 2, 2, []span{{0, 2}}},
		{"refused numbers on either side", 2, []uint64{0, 1, 2, 5}, []step{{3, fresh, 1}}, 6, 2, 1, []span{{3, 4}}},
		{"closed before the end", 0, nil, []step{{0, fresh, 0}, {2, fresh, 1}}, 3, 3, 2, []span{{0, 1}, {2, 3}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := bookOf(10, c.refused...)
			r := receipt{required: c.required}
			for i, s := range c.steps {
				if a, missing := r.add(b, s.seq, int64(i)); a != s.arrival || missing != s.missing {
					t.Errorf("step %d: add(%d) = %d, %d; want %d, %d", i, s.seq, a, missing, s.arrival, s.missing)
				}
			}
			expected, received := r.settle(b, c.end)
			if expected != c.expected || received != c.received {
				t.Errorf("settle(%d) = %d expected, %d received; want %d, %d", c.end, expected, received, c.expected, c.received)
			}
			if diff := cmp.Diff(c.spans, slices.Collect(r.spans), cmp.AllowUnexported(span{})); diff != "" {
				t.Errorf("spans (-want +got):\n%s", diff)
			}
		})
	}
}

// The highest number's send time is what an overtaken event is judged by.
func TestReceiptKeepsWhenTheHighestWasSent(t *testing.T) {
	var r receipt
	for _, step := range []struct {
		seq  uint64
		sent int64
		want int64
	}{{0, 100, 100}, {3, 400, 400}, {1, 200, 400}, {3, 900, 400}, {4, 500, 500}} {
		if r.add(nil, step.seq, step.sent); r.lastSent != step.want {
			t.Errorf("after number %d sent at %d: lastSent %d, want %d", step.seq, step.sent, r.lastSent, step.want)
		}
	}
}

// checkReceipt compares a receipt with the set of numbers that arrived.
func checkReceipt(required, end uint64, refused, arrivals []uint64) error {
	b := bookOf(end, refused...)
	r := receipt{required: required}
	seen := map[uint64]bool{}
	highest := int64(-1)
	var missing int64
	for i, seq := range arrivals {
		want := filling
		switch {
		case seen[seq]:
			want = duplicate
		case int64(seq) > highest:
			want, highest = fresh, int64(seq)
		}
		seen[seq] = true
		got, delta := r.add(b, seq, 0)
		if missing += delta; got != want {
			return fmt.Errorf("arrival %d of number %d is %d, want %d", i, seq, got, want)
		}
	}
	var wantMissing int64
	for seq := required; int64(seq) < highest; seq++ {
		if !seen[seq] {
			wantMissing++
		}
	}
	if missing != wantMissing {
		return fmt.Errorf("%d missing, want %d", missing, wantMissing)
	}
	wantExpected := uint64(len(seen))
	for seq := required; seq < end; seq++ {
		if !seen[seq] && !slices.Contains(refused, seq) {
			wantExpected++
		}
	}
	if expected, received := r.settle(b, end); expected != wantExpected || received != uint64(len(seen)) {
		return fmt.Errorf("settled as %d expected and %d received, want %d and %d", expected, received, wantExpected, len(seen))
	}
	last := int64(-1)
	for s := range r.spans {
		if int64(s.first) <= last || s.end <= s.first {
			return fmt.Errorf("spans are not disjoint and rising: %v after %d", s, last)
		}
		last = int64(s.end) // a span that begins here touches
		for seq := s.first; seq < s.end; seq++ {
			if !seen[seq] {
				return fmt.Errorf("span %v holds %d, which never arrived", s, seq)
			}
		}
	}
	return nil
}

func FuzzReceipt(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3}, uint8(0), uint8(4), []byte{})
	f.Add([]byte{7, 3, 5, 3, 0, 9}, uint8(4), uint8(12), []byte{5, 6, 6})
	f.Add([]byte{200, 100, 50, 25, 12}, uint8(60), uint8(255), []byte{1, 2, 255})
	f.Fuzz(func(t *testing.T, order []byte, required, end uint8, refusals []byte) {
		var arrivals, refused []uint64
		for _, seq := range order {
			if seq < end {
				arrivals = append(arrivals, uint64(seq))
			}
		}
		for _, seq := range refusals {
			if seq < end && !slices.Contains(refused, uint64(seq)) {
				refused = append(refused, uint64(seq))
			}
		}
		if err := checkReceipt(uint64(required), uint64(end), refused, arrivals); err != nil {
			t.Error(err)
		}
	})
}

func TestReceiptAgainstASet(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		end := 1 + random.Uint64N(60)
		var arrivals, refused []uint64
		for seq := range end {
			// Lost, doubled, or neither; then out of order by a little or a lot.
			for range []int{1, 1, 1, 1, 0, 2}[random.IntN(6)] {
				arrivals = append(arrivals, seq)
			}
			if random.IntN(8) == 0 {
				refused = append(refused, seq)
			}
		}
		for range random.IntN(20) {
			if n := len(arrivals); n > 1 {
				i, j := random.IntN(n), random.IntN(n)
				arrivals[i], arrivals[j] = arrivals[j], arrivals[i]
			}
		}
		required := random.Uint64N(end)
		if err := checkReceipt(required, end, refused, arrivals); err != nil {
			t.Fatalf("required %d of %d, refused %v, arrivals %v: %v", required, end, refused, arrivals, err)
		}
	}
}

// A stream that misses every other event must not grow without end, and its
// books must still balance.
func TestReceiptIsBounded(t *testing.T) {
	const events = 3000
	rising := make([]uint64, events)
	for i := range rising {
		rising[i] = 2 * uint64(i)
	}
	falling := slices.Clone(rising)
	slices.Reverse(falling)
	top := append([]uint64{rising[events-1]}, rising[:events-1]...)
	for name, arrivals := range map[string][]uint64{"gaps": rising, "gaps, backwards": falling, "gaps filled from below": top} {
		t.Run(name, func(t *testing.T) {
			b := bookOf(2*events-1, 1, 3)
			var r receipt
			var missing, duplicates int64
			for _, seq := range arrivals {
				a, delta := r.add(b, seq, 0)
				missing += delta
				if a == duplicate {
					duplicates++
				}
				if len(r.earlier) >= maxSpans {
					t.Fatalf("%d spans are kept, at most %d are wanted", len(r.earlier)+1, maxSpans)
				}
			}
			expected, received := r.settle(b, b.end())
			if want := uint64(events - duplicates); received != want {
				t.Errorf("%d received, want %d", received, want)
			}
			// Two of the events-1 gaps were refused. A gap that was written off
			// stays lost, and so does an event that falls into it too late.
			if want := received + uint64(events-1-2+duplicates); expected != want {
				t.Errorf("%d expected, want %d", expected, want)
			}
			if want := events - 1 + duplicates; missing != want {
				t.Errorf("%d missing, want %d", missing, want)
			}
		})
	}
	t.Run("written off", func(t *testing.T) {
		b := bookOf(2*events - 1)
		var r receipt
		for _, seq := range rising {
			r.add(b, seq, 0)
		}
		if a, _ := r.add(b, 1, 0); a != duplicate {
			t.Errorf("an event of the oldest gap, which was written off, is %d, want a duplicate", a)
		}
		if a, missing := r.add(b, 2*events-3, 0); a != filling || missing != -1 {
			t.Errorf("an event of the latest gap is %d with %d missing, want it to fill", a, missing)
		}
		expected, received := r.settle(b, b.end())
		if received != events+1 || expected-received != events-2 {
			t.Errorf("%d received and %d lost, want %d and %d", received, expected-received, events+1, events-2)
		}
	})
}

func TestBookDatesTheLatestEvents(t *testing.T) {
	b := bookOf(2)
	b.acknowledge(0, 100)
	for _, c := range []struct {
		seq    uint64
		before int64
		want   bool
	}{
		{0, 101, true},
		{0, 100, false}, // not before, but at the same time
		{1, 1 << 62, false},
	} {
		if got := b.acknowledgedBefore(c.seq, c.before); got != c.want {
			t.Errorf("event %d acknowledged before %d: %v, want %v", c.seq, c.before, got, c.want)
		}
	}
	// The next ones push both out of the ring. Number 1 was refused meanwhile.
	b.refuse(1)
	for range acknowledgements {
		b.issue()
	}
	if !b.acknowledgedBefore(0, 1) {
		t.Error("an event older than the ring counts as not acknowledged")
	}
	if b.acknowledgedBefore(1, 1<<62) {
		t.Error("a refused event older than the ring counts as acknowledged")
	}
	last := b.end() - 1
	if b.acknowledgedBefore(last, 1<<62) {
		t.Error("an event inherits the acknowledgement of the one whose place it took")
	}
	b.acknowledge(0, 7) // too late to be kept
	if b.acknowledgedBefore(acknowledgements, 1<<62) {
		t.Error("a late acknowledgement dates another event")
	}
	b.acknowledge(last, 200)
	if !b.acknowledgedBefore(last, 201) || b.acknowledgedBefore(last, 200) {
		t.Error("the last event is not dated by its acknowledgement")
	}
}

func TestBookIsShared(t *testing.T) {
	b := &book{}
	var users sync.WaitGroup
	for user := range 4 {
		users.Go(func() {
			for range 1000 {
				seq := b.issue()
				if user == 0 {
					b.refuse(seq)
				} else {
					b.acknowledge(seq, 1)
				}
				b.acknowledgedBefore(seq, 2)
			}
		})
	}
	users.Wait()
	if b.end() != 4000 || b.refusedIn(0, 4000) != 1000 || !slices.IsSorted(b.refused) {
		t.Errorf("%d numbers of which %d were refused; want 4000 and 1000", b.end(), b.refusedIn(0, 4000))
	}
}

func TestRefusedIn(t *testing.T) {
	b := bookOf(20, 9, 3, 3+1, 12)
	for _, c := range []struct{ from, to, want uint64 }{
		{0, 20, 4}, {3, 4, 1}, {4, 4, 0}, {5, 9, 0}, {5, 10, 1}, {13, 20, 0}, {20, 0, 0},
	} {
		if got := b.refusedIn(c.from, c.to); got != c.want {
			t.Errorf("refusedIn(%d, %d) = %d, want %d", c.from, c.to, got, c.want)
		}
	}
}
