package loadgen

import (
	"math/rand/v2"
	"time"

	"github.com/ssegauge/ssegauge/internal/eventstream"
)

// A stream is one event stream over all its connections. Its fields belong to
// its loop, except index and plan, which never change, and held, which belongs
// to whoever connects it.
type stream struct {
	index   int
	plan    *Plan // by which it was opened
	cohort  int
	tenth   uint8 // of the streams, in the order of opening
	decoder eventstream.Decoder
	lanes   []lane
	held    credential
	ids     recentIDs

	state    state
	answered bool  // the first attempt has come to an end, good or bad
	opened   bool  // a good response head has come, at least once
	waiting  bool  // no event has come since the attempt began
	started  int64 // when the attempt began, in Unix nanoseconds
	attempts int   // failed in a row
}

// A state is where a stream is in its life.
type state uint8

const (
	connecting state = iota
	open
	closed // as planned
	finished
	failed
)

// A lane is what a stream receives of one topic.
type lane struct {
	topic   uint32
	book    *book
	receipt receipt
}

// A resumption is how a stream goes on after its connection has ended.
type resumption struct {
	lastEventID string
	wait        time.Duration
}

// longestRetry bounds the reconnection time that a server may set.
const longestRetry = 24 * time.Hour

// reconnection is the wait before the next attempt: the server's reconnection
// time or the default, doubled with each failed attempt in a row, and a random
// part on top (WHATWG HTML 9.2.3 allows both).
func (s *stream) reconnection(r *Reconnect) time.Duration {
	wait, ok := s.decoder.Retry()
	if !ok {
		wait = r.Retry
	}
	wait = min(wait, longestRetry)
	longest := max(r.MaxRetry, wait)
	for range s.attempts {
		// Twice nothing would still be nothing, and a stream that fails would
		// try again without rest.
		if wait = 2 * max(wait, time.Millisecond); wait >= longest {
			wait = longest
			break
		}
	}
	return wait + time.Duration(rand.Float64()**r.Jitter*float64(wait))
}
