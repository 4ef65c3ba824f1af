package loadgen

import (
	"sync"
	"time"
)

// hiccups notes when the process did not run although it should have: it was
// stopped, swapped out, or starved of processors. What happened meanwhile was
// seen late, whatever the other figures say.
type hiccups struct {
	mu     sync.Mutex
	total  time.Duration
	end    chan struct{}
	ending sync.WaitGroup
}

const (
	hiccupInterval = 10 * time.Millisecond
	// hiccupLength is the delay beyond which waking up late is no longer the
	// ordinary queue for a processor.
	hiccupLength = 100 * time.Millisecond
)

// watchHiccups begins to watch; stop ends it.
func watchHiccups() *hiccups {
	h := &hiccups{end: make(chan struct{})}
	h.ending.Go(h.watch)
	return h
}

func (h *hiccups) watch() {
	ticker := time.NewTicker(hiccupInterval)
	defer ticker.Stop()
	for last := time.Now(); ; {
		select {
		case <-h.end:
			return
		case <-ticker.C:
		}
		now := time.Now()
		if late := now.Sub(last) - hiccupInterval; late > hiccupLength {
			h.mu.Lock()
			h.total += late
			h.mu.Unlock()
		}
		last = now
	}
}

// soFar is for how long the process has not run until now; 0 before the watch.
func (h *hiccups) soFar() time.Duration {
	if h == nil {
		return 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.total
}

// stop ends the watch and returns for how long the process did not run. It may
// be called more than once.
func (h *hiccups) stop() time.Duration {
	h.mu.Lock()
	select {
	case <-h.end:
	default:
		close(h.end)
	}
	h.mu.Unlock()
	h.ending.Wait()
	return h.total
}
