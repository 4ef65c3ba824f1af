package loadgen

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// An observer reads what a server that emits by itself says of its own events.
type observer struct {
	time, sequence finder
	unit           time.Duration
}

func newObserver(o *Observe) (*observer, error) {
	if o == nil {
		o = &Observe{}
	}
	at, err := newFinder(o.Time)
	if err != nil {
		return nil, err
	}
	sequence, err := newFinder(o.Sequence)
	if err != nil {
		return nil, err
	}
	unit := map[string]time.Duration{"us": time.Microsecond, "ms": time.Millisecond, "s": time.Second}[o.Unit]
	return &observer{at, sequence, max(unit, 1)}, nil
}

// An observation is what an event says of itself: its number, and its send time
// in Unix nanoseconds.
type observation struct {
	seq             uint64
	sent            int64
	numbered, timed bool
}

func (o *observer) observe(data []byte) (seen observation) {
	n, ok := scaled(o.sequence, data, 1)
	seen.seq, seen.numbered = uint64(n), ok && n >= 0
	seen.sent, seen.timed = scaled(o.time, data, int64(o.unit))
	return seen
}

// scaled finds a number and multiplies it by unit, keeping whole numbers exact.
func scaled(find finder, data []byte, unit int64) (int64, bool) {
	if find == nil {
		return 0, false
	}
	text, ok := find(data)
	if !ok {
		return 0, false
	}
	if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return n * unit, n == 0 || n*unit/n == unit
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if f *= float64(unit); err != nil || math.IsNaN(f) || math.Abs(f) >= math.MaxInt64 {
		return 0, false
	}
	return int64(f), true
}

// A finder gets the text of a number out of an event's data.
type finder func(data []byte) ([]byte, bool)

// newFinder makes a finder of a dotted path into JSON, or of a regular
// expression with one group written as /…/. An empty text makes none.
func newFinder(text string) (finder, error) {
	if text == "" {
		return nil, nil
	}
	if len(text) > 1 && text[0] == '/' && text[len(text)-1] == '/' {
		pattern, err := regexp.Compile(text[1 : len(text)-1])
		if err != nil {
			return nil, err
		}
		if pattern.NumSubexp() != 1 {
			return nil, fmt.Errorf("%s: expected one group in parentheses around the number, found %d", text, pattern.NumSubexp())
		}
		return func(data []byte) ([]byte, bool) {
			groups := pattern.FindSubmatch(data)
			if groups == nil {
				return nil, false
			}
			return groups[1], true
		}, nil
	}
	path := strings.Split(text, ".")
	return func(data []byte) ([]byte, bool) { return jsonNumber(data, path) }, nil
}
