package refprofile

import (
	"slices"
	"strings"
	"sync"
)

// An update is one event of the hub, as it goes over the wire.
type update struct {
	topic   string
	id      string
	private bool
	wire    string
}

// An updateLog is the updates of the hub in their order. A subscriber is a place in
// it: what is replayed and what is live are the same reading.
type updateLog struct {
	mu      sync.Mutex // guards the rest
	updates []update
	first   int // the number of the first that is kept
	bytes   int
	changed chan struct{}
}

// maxLogBytes bounds what the hub keeps for subscribers that come back, and
// maxLagBytes how far one that is there may fall behind.
const (
	maxLogBytes = 64 << 20
	maxLagBytes = 2 << 20
)

func newUpdateLog() *updateLog { return &updateLog{changed: make(chan struct{})} }

// append adds an update, and forgets the oldest if there are too many.
func (l *updateLog) append(u update) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.updates = append(l.updates, u)
	for l.bytes += len(u.wire); l.bytes > maxLogBytes && len(l.updates) > 1; l.first++ {
		l.bytes -= len(l.updates[0].wire)
		l.updates[0] = update{}
		l.updates = l.updates[1:]
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// end is the place behind the newest update.
func (l *updateLog) end() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first + len(l.updates)
}

// after is the place behind the update of an ID, the earliest of several, and
// whether there is one. Without one it is the place of the oldest update.
func (l *updateLog) after(id string, latest bool) (place int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	has := func(u update) bool { return u.id == id }
	at := slices.IndexFunc(l.updates, has)
	if at < 0 {
		return l.first, false
	}
	if latest {
		for i, u := range l.updates {
			if has(u) {
				at = i
			}
		}
	}
	return l.first + at + 1, true
}

// batch is how much is written at a time, in bytes, unless an update alone has
// more.
const batch = 256 << 10

// lags reports whether behind the next visible update from a place on there is
// more than a subscriber may have before it.
func (l *updateLog) lags(place int, visible func(update) bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	next, pending := 0, 0
	for _, u := range l.updates[max(place-l.first, 0):] {
		if visible(u) {
			if pending += len(u.wire); next == 0 {
				next = pending
			}
		}
	}
	return pending-next > maxLagBytes
}

// from returns the updates from a place on that are visible, the place behind
// them, and what is closed when there are more. Of a place that is no longer
// kept it says so.
func (l *updateLog) from(place int, visible func(update) bool) (text string, next int, changed <-chan struct{}, kept bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if place < l.first {
		return "", place, l.changed, false
	}
	var b strings.Builder
	for ; place < l.first+len(l.updates) && b.Len() < batch; place++ {
		if u := l.updates[place-l.first]; visible(u) {
			b.WriteString(u.wire)
		}
	}
	return b.String(), place, l.changed, true
}
