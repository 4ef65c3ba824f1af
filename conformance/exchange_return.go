package conformance

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// The talks here come back in unusual ways: after an event that was cut, often,
// together, under load, after very much, and after a restart.

// The event that is cut off has this many bytes, of which this many are read.
const (
	cutEvent = 16 << 10
	cutAfter = 2 << 10
)

func talkCut(t *talk) {
	s := series{talk: t}
	streams, ids, ok := s.begin(2, witnessing, "cut")
	if !ok {
		return
	}
	witness, cut := streams[0], streams[1]
	cut.cutAfter(cutAfter)
	if p := s.addAs(Fields{"data": large(cutEvent)}); !p.Accepted {
		t.stop("an event of %d bytes is refused: %s", cutEvent, p.Problem)
		return
	}
	cut.end(t.pace().Patience)
	cut.gone()
	if !t.away() || !s.reach(witness) {
		return
	}
	s.reach(witness, t.open(ask{name: "after-cut", after: ids[len(ids)-1]}))
}

func talkAbort(t *talk) {
	s := series{talk: t}
	streams, _, ok := s.begin(1, witnessing)
	if !ok {
		return
	}
	witness := streams[0]
	for _, kind := range []struct {
		name string
		end  func(*stream)
	}{
		{"close", (*stream).close},
		{"abort", (*stream).abort},
	} {
		// Aborting one HTTP/2 stream of several leaves their connection alone.
		left := t.open(ask{name: kind.name, shared: kind.name == "abort"})
		if !t.settle(left) || !s.add(1) || !s.reach(witness, left) {
			return
		}
		ids := s.ids(witness)
		if ids == nil {
			return
		}
		kind.end(left)
		left.gone()
		if !t.away() || !s.add(2) {
			return
		}
		if !s.reach(witness, t.open(ask{name: "after-" + kind.name, after: ids[len(ids)-1]})) {
			return
		}
	}
}

// chainRounds is how often the exchange "resume-chain" reconnects for nothing.
const chainRounds = 10

func talkChain(t *talk) {
	s := series{talk: t}
	streams, ids, ok := s.begin(2, witnessing, "first")
	if !ok {
		return
	}
	streams[1].close()
	streams[1].gone()
	last := ids[len(ids)-1]
	for i := range chainRounds {
		round := t.open(ask{name: fmt.Sprint(roundName, i+1), after: last})
		if !round.isStream() || !t.sleep(t.pace().Quiet/20) {
			return
		}
		round.close()
		last = round.gone()
	}
	if !s.add(3) {
		return
	}
	s.reach(streams[0], t.open(ask{name: "final", after: last}))
}

func talkPair(t *talk) {
	s := series{talk: t}
	// One after another: where an event goes to one stream alone, no mark would
	// come to both.
	a := t.open(ask{name: "a"})
	if !t.settle(a) {
		return
	}
	b := t.open(ask{name: "b"})
	if !t.settle(b) || !s.add(10) || !s.reach(b, a) {
		return
	}
	ids := s.ids(b)
	if ids == nil {
		return
	}
	early, late := t.send(ask{name: "early", after: ids[2]}), t.send(ask{name: "late", after: ids[6]})
	early.await(t.pace().Patience, s.has)
	late.await(t.pace().Patience/4, s.has)
	t.sleep(t.pace().Quiet / 3) // for what comes twice
}

// The exchange "resume-race" reconnects and publishes this often, and for this
// long at most. The publisher is at most so many events ahead of the client, so
// that a target does not need to keep many, and publishes no two within so
// short a time, so that it does not wait for the client all the time.
const (
	raceRounds = 100
	raceEvents = 20_000
	raceTime   = 8 * time.Second
	raceAhead  = 64
	raceStep   = 100 * time.Microsecond
)

// roundName begins the names of the streams of one client, one after another.
const roundName = "round-"

func talkRace(t *talk) {
	s := series{talk: t}
	streams, _, ok := s.begin(1, roundName+"0")
	if !ok {
		return
	}
	round, end := streams[0], time.Now().Add(raceTime)
	var seen atomic.Int64 // the newest event that the client has
	var over atomic.Bool
	var publisher sync.WaitGroup
	publisher.Go(func() {
		for n := int64(1); n < raceEvents && !over.Load() && t.ctx.Err() == nil; {
			next := time.Now().Add(raceStep)
			if n < seen.Load()+raceAhead {
				if !s.add(1) {
					return
				}
				n++
			}
			time.Sleep(time.Until(next))
		}
	})
	for i := 0; i < raceRounds && time.Now().Before(end) && t.ctx.Err() == nil; i++ {
		want := rand.N(20)
		round.await(rand.N(max(t.pace().Quiet/20, time.Millisecond)), func(events []Event) bool {
			if len(events) > 0 {
				n, _ := s.number(events[len(events)-1])
				seen.Store(max(seen.Load(), n))
			}
			return len(events) >= want
		})
		if i%2 == 0 {
			round.close()
		} else {
			round.abort()
		}
		round = t.open(ask{name: fmt.Sprint(roundName, i+1), after: round.gone()})
		if !round.isStream() {
			t.stop("reconnection %d got no stream", i+1)
			break
		}
	}
	over.Store(true)
	publisher.Wait()
	// Two more, long after the last return, show that nothing is on its way.
	if !t.away() || !s.add(2) {
		return
	}
	if !round.await(t.pace().Patience, s.has) {
		t.stop("the newest event did not come after the last reconnection")
	}
}

// The exchange "resume-window" publishes this many small events, and large ones
// of so many bytes, as often; each kind for this long at most.
const (
	windowEvents = 1000
	windowLarge  = 512 << 10
	windowTimes  = 16
	windowTime   = 15 * time.Second
)

// afterFlood begins the names of the streams that come back then.
const afterFlood = "after-flood-"

// leave opens a stream, closes it when it has one event, whose ID is returned,
// and publishes the next.
func (s *series) leave() (id string, ok bool) {
	streams, ids, ok := s.begin(1, "first")
	if !ok {
		return "", false
	}
	streams[0].close()
	return ids[0], s.talk.away() && s.add(1)
}

func talkWindow(t *talk) {
	s := series{talk: t}
	id, ok := s.leave()
	if !ok {
		return
	}
	control := t.open(ask{name: "control", after: id})
	control.await(t.pace().Patience/4, s.has)
	t.open(ask{name: "fresh"})
	// probe comes back and reports whether nothing is gone: the first event of
	// the series that comes is the one behind the ID.
	probe := func(name string) bool {
		p := t.open(ask{name: name, after: id})
		defer p.close()
		first := int64(-1)
		p.await(t.pace().Patience/2, func(events []Event) bool {
			for _, e := range events {
				if n, known := s.number(e); known {
					first = n
					return true
				}
			}
			return false
		})
		return first == 1
	}
	end := time.Now().Add(windowTime)
	for i := 0; i < windowEvents && time.Now().Before(end); i++ {
		if !s.add(1) {
			return
		}
	}
	if !probe(afterFlood + "events") {
		return
	}
	text := large(windowLarge)
	end = time.Now().Add(windowTime)
	for i := range windowTimes {
		if !s.addAs(Fields{"data": text}).Accepted || time.Now().After(end) {
			break
		}
		// A quarter of them at a time, so that no more is published than needed.
		if i%(windowTimes/4) == windowTimes/4-1 && !probe(fmt.Sprintf("%sbytes-%d", afterFlood, i+1)) {
			return
		}
	}
}

func talkRestart(t *talk) {
	s := series{talk: t}
	id, ok := s.leave()
	if !ok {
		return
	}
	control := t.open(ask{name: "control", after: id})
	if !control.await(t.pace().Patience/4, s.has) {
		t.stop("the last event ID is not honoured without a restart (see resume.honoured)")
		return
	}
	control.close()
	last := control.gone()
	if !s.add(2) {
		return
	}
	// A backend may wait for connections on which nothing was asked yet.
	t.run.client.CloseIdleConnections()
	if !t.control("restart") {
		return
	}
	t.open(ask{name: "fresh"})
	t.open(ask{name: "resumed", after: last}).await(t.pace().Quiet*2, s.has)
}
