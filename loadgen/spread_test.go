package loadgen

import (
	"testing"
	"time"
)

const (
	secondNS = int64(time.Second)
	milliNS  = int64(time.Millisecond)
)

func TestSpreadTableKeepsFirstAndLast(t *testing.T) {
	table, tally := newSpreadTable(2), newTally(1)
	table.note(eventKey{0, 5}, 100, 110, tally)
	table.note(eventKey{1, 5}, 100, 120, tally)
	table.note(eventKey{0, 5}, 100, 130, tally)
	table.note(eventKey{0, 5}, 100, 140, tally)
	if len(tally.spreads) != 0 {
		t.Fatalf("%d spreads left the table before their place was needed", len(tally.spreads))
	}
	// The same place of the ring: the older event goes to the Tally.
	table.note(eventKey{0, 5 + uint64(table.width)}, 200, 210, tally)
	want := spread{eventKey{0, 5}, 100, 110, 140}
	if len(tally.spreads) != 1 || tally.spreads[0] != want {
		t.Fatalf("spreads %v, want %v", tally.spreads, want)
	}
	table.flush(tally)
	table.flush(tally)
	if len(tally.spreads) != 3 {
		t.Errorf("%d spreads after the flush, want 3", len(tally.spreads))
	}
}

func TestSpreadTableIsBounded(t *testing.T) {
	for topics, slots := range map[int]int{1: 64, 1000: 64000, 10_000: 40_000, 1_000_000: 2_000_000} {
		if got := len(newSpreadTable(topics).slots); got != slots {
			t.Errorf("%d topics have %d slots, want %d", topics, got, slots)
		}
	}
}

// An event is one sample, however many loops and seconds its receipts are
// divided into.
func TestSpreadsJoinLoopsAndSeconds(t *testing.T) {
	due := 1000 * secondNS
	event, other := eventKey{0, 1}, eventKey{0, 2}
	joined := newSpreads()
	first := newTally(1)
	first.spreads = []spread{
		{event, due, due + 20*milliNS, due + 30*milliNS}, // one loop
		{event, due, due + 10*milliNS, due + 25*milliNS}, // another
	}
	joined.add(first, due+secondNS)
	if len(first.spreads) != 0 {
		t.Error("add leaves spreads behind")
	}
	joined.close(due + secondNS - int64(spreadHorizon))
	second := newTally(1)
	second.spreads = []spread{
		{event, due, due + 1000*milliNS, due + 1500*milliNS}, // a second later
		{other, due + secondNS, due + 1010*milliNS, due + 1010*milliNS},
	}
	joined.add(second, due+2*secondNS)
	joined.close(due + 1)
	if joined.last.Count() != 1 || joined.last.max != 1500*time.Millisecond || joined.width.max != 1490*time.Millisecond {
		t.Errorf("%d samples, last %v, width %v; want 1, 1.5s, 1.49s", joined.last.Count(), joined.last.max, joined.width.max)
	}
	// Beyond the horizon an event is not counted a second time.
	late := newTally(1)
	late.spreads = []spread{{event, due, due + 40*secondNS, due + 40*secondNS}}
	joined.add(late, due+40*secondNS)
	joined.close(1 << 62)
	if joined.last.Count() != 2 || joined.width.Count() != 2 || joined.last.min != 10*time.Millisecond || joined.width.min != 0 {
		t.Errorf("%d and %d samples, least %v and %v; want 2, 2, 10ms, 0", joined.last.Count(), joined.width.Count(), joined.last.min, joined.width.min)
	}
	if len(joined.open) != 0 {
		t.Errorf("%d events are still open", len(joined.open))
	}
}
