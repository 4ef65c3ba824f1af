package refserver

import (
	"maps"
	"sync/atomic"
)

// counts are the hub's counters. All but sessionBytes are guarded by its lock.
type counts struct {
	published    uint64
	swept        int // open streams that shards write to
	cut, gapped  uint64
	rejected     map[string]uint64
	sessionBytes atomic.Uint64
}

// Stats is a snapshot of what the server does.
type Stats struct {
	Epoch       string      `json:"epoch"`
	Subscribers Subscribers `json:"subscribers"`
	Topics      int         `json:"topics"`
	// Published counts events since the start.
	Published uint64 `json:"published"`
	// DeliveredBytes counts bytes of events that the kernel took.
	DeliveredBytes uint64      `json:"delivered_bytes"`
	Window         WindowStats `json:"window"`
	// SlowReaders counts the streams that left the window, by what was done.
	SlowReaders SlowReaderStats `json:"slow_readers"`
	// Rejected counts refused requests by reason.
	Rejected map[string]uint64 `json:"rejected"`
	// Goroutines is of the whole process.
	Goroutines int `json:"goroutines"`
}

// Subscribers counts open streams, by who writes to them.
type Subscribers struct {
	Total     int `json:"total"`
	Swept     int `json:"swept"`
	Goroutine int `json:"goroutine"`
}

// WindowStats says what is kept for replay, over all topics. The ids are
// empty if that is nothing.
type WindowStats struct {
	Events int    `json:"events"`
	Bytes  int    `json:"bytes"`
	Oldest string `json:"oldest_id"`
	Newest string `json:"newest_id"`
}

// SlowReaderStats counts streams whose next event was no longer kept.
type SlowReaderStats struct {
	Cut    uint64 `json:"cut"`
	Gapped uint64 `json:"gapped"`
}

// Stats returns a snapshot. It does not fill in Goroutines.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Stats{
		Epoch: h.epoch,
		Subscribers: Subscribers{
			Total:     h.streams,
			Swept:     h.counts.swept,
			Goroutine: h.streams - h.counts.swept,
		},
		Topics:         len(h.topics),
		Published:      h.counts.published,
		DeliveredBytes: h.counts.sessionBytes.Load(),
		SlowReaders:    SlowReaderStats{Cut: h.counts.cut, Gapped: h.counts.gapped},
		Rejected:       map[string]uint64{},
	}
	maps.Copy(s.Rejected, h.counts.rejected)
	for _, l := range h.loops {
		if shard, ok := l.(interface{ sentBytes() uint64 }); ok {
			s.DeliveredBytes += shard.sentBytes()
		}
	}
	var oldest, newest uint64
	for _, l := range h.topics {
		e, ok := l.oldest()
		if !ok {
			continue
		}
		s.Window.Events += l.events
		s.Window.Bytes += l.kept
		if oldest == 0 || e.seq < oldest {
			oldest = e.seq
		}
		newest = max(newest, l.lastSeq)
	}
	if oldest != 0 {
		s.Window.Oldest, s.Window.Newest = h.idOf(oldest), h.idOf(newest)
	}
	return s
}

// reject counts a refused request.
func (h *Hub) reject(reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.counts.rejected == nil {
		h.counts.rejected = make(map[string]uint64)
	}
	h.counts.rejected[reason]++
}
