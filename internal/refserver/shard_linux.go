package refserver

import (
	"fmt"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ssegauge/ssegauge/internal/epoll"
)

// A shard is one event loop. It sweeps its streams: to each it writes what is
// between the stream's cursor and the head of the log, with one non-blocking
// write. When publishing is faster than sweeping, that is many events at once,
// so the shard catches up by itself and the time of a sweep bounds the delay.
type shard struct {
	hub    *Hub
	poller *epoll.Poller
	done   chan struct{}

	sent     atomic.Uint64 // bytes of events and gaps
	sleeping atomic.Bool
	stopping atomic.Bool
	aborted  atomic.Bool

	mu    sync.Mutex // guards what follows
	queue []*group   // groups with new events
	inbox []*stream  // new streams
	gone  bool       // nobody reads the inbox any more

	// For the loop only.
	round    []*group // groups to be swept, in turn
	slots    []*stream
	gens     []uint32 // how often each slot was used
	free     []uint32 // slots without a stream
	live     int
	now      int64 // Unix nanoseconds, a moment ago
	nextScan int64
	scanAt   int // slot to be scanned next; len(slots) when the scan is over
	merge    merge
	scratch  []byte
	moves    []move
}

const (
	// sweepBatch bounds the streams swept between two looks at the sockets:
	// about half a millisecond.
	sweepBatch = 128
	// turnWrites bounds the segments written to one stream at a time.
	turnWrites = 4
	// mergeBytes is about how much is merged into one write.
	mergeBytes = 32 << 10
	// maxDropped bounds the bytes that a client may send after its request.
	maxDropped = 1 << 20
)

func newShards(h *Hub, n int) ([]loop, error) {
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	var shards []*shard
	for range n {
		p, err := epoll.New()
		if err != nil {
			for _, s := range shards {
				s.poller.Close()
			}
			return nil, fmt.Errorf("refserver: %w", err)
		}
		shards = append(shards, &shard{hub: h, poller: p, done: make(chan struct{})})
	}
	loops := make([]loop, n)
	for i, s := range shards {
		loops[i] = s
		go s.run()
	}
	return loops, nil
}

// attach gives the stream, whose head is written, and its connection to the
// shard that its groups are on.
func (h *Hub) attach(st *stream, conn net.Conn) {
	fd, err := epoll.Detach(conn.(syscall.Conn))
	conn.Close()
	if err != nil {
		h.leave(st, endedByPeer)
		return
	}
	st.fd = fd
	if h.cfg.PeerTimeout > 0 {
		_ = epoll.SetUserTimeout(fd, h.cfg.PeerTimeout) // a Unix socket has none
	}
	s := st.cursors[0].group.loop.(*shard)
	s.mu.Lock()
	gone := s.gone
	if !gone {
		s.inbox = append(s.inbox, st)
		s.wake()
	}
	s.mu.Unlock()
	if gone {
		st.sendOff(h)
		epoll.CloseFD(fd)
		h.leave(st, endedDone)
	}
}

// sendOff writes what is the stream's when its shard has ended before it came:
// its events and, if the socket takes them all, the end.
func (st *stream) sendOff(h *Hub) {
	var m merge
	if !m.begin(st, h.visible.Load()) {
		return // the client resumes elsewhere
	}
	chunk, more := st.rest, true
	for ; more; chunk, _, more = m.next(nil) {
		if n, err := epoll.Send(st.fd, chunk); err != nil || n < len(chunk) {
			return
		}
	}
	_, _ = epoll.Send(st.fd, h.last) // the client may be gone
}

func (s *shard) changed(g *group) {
	s.mu.Lock()
	s.queue = append(s.queue, g)
	s.wake()
	s.mu.Unlock()
}

// wake is called under the lock, after something was put into the queue or the
// inbox. A shard that is about to sleep looks there once more.
func (s *shard) wake() {
	if s.sleeping.Load() {
		s.poller.Wake()
	}
}

func (s *shard) shutdown() {
	s.stopping.Store(true)
	s.poller.Wake()
	select {
	case <-s.done:
	case <-s.hub.abort:
		s.aborted.Store(true)
		s.poller.Wake()
		<-s.done
	}
	s.poller.Close()
}

func (s *shard) run() {
	defer close(s.done)
	events := make([]epoll.Event, 256)
	for {
		// The poller fails only if it is closed or the buffer is bad.
		n, _ := s.poller.Wait(events, s.rest())
		s.sleeping.Store(false)
		s.now = time.Now().UnixNano()
		for _, ev := range events[:n] {
			s.handle(ev)
		}
		s.collect()
		s.scan()
		if len(s.round) > 0 {
			g := s.round[0]
			s.round = slices.Delete(s.round, 0, 1)
			s.sweep(g)
		}
		if s.stopping.Load() && s.drain() {
			return
		}
		// Others wait for the processor while raw system calls keep it.
		runtime.Gosched()
	}
}

// rest returns how long the shard may sleep.
func (s *shard) rest() time.Duration {
	if len(s.round) > 0 || s.scanAt < len(s.slots) {
		return 0
	}
	s.sleeping.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.queue) > 0 || len(s.inbox) > 0:
		return 0
	case s.live == 0:
		return -1
	}
	return max(0, time.Duration(s.nextScan-time.Now().UnixNano()))
}

// collect takes in new streams and the groups with new events.
func (s *shard) collect() {
	s.mu.Lock()
	inbox := s.inbox
	s.inbox = nil
	s.round = append(s.round, s.queue...)
	clear(s.queue)
	s.queue = s.queue[:0]
	s.mu.Unlock()
	for _, st := range inbox {
		s.admit(st)
	}
}

func (s *shard) admit(st *stream) {
	if n := len(s.free); n > 0 {
		st.slot = s.free[n-1]
		s.free = s.free[:n-1]
		s.slots[st.slot] = st
	} else {
		st.slot = uint32(len(s.slots))
		s.slots = append(s.slots, st)
		s.gens = append(s.gens, 0)
		if s.scanAt == len(s.slots)-1 {
			s.scanAt++ // an idle scan stays idle
		}
	}
	s.gens[st.slot]++
	st.gen = s.gens[st.slot]
	s.live++
	st.enter()
	// All edges are watched from the start: the kernel reports that a socket
	// is writable only after a write has found it full.
	token := uint64(st.gen)<<32 | uint64(st.slot)
	if err := s.poller.Add(st.fd, token, epoll.In|epoll.Out); err != nil {
		s.close(st, endedByPeer)
		return
	}
	s.push(st)
}

// close takes the stream off the shard and out of the hub.
func (s *shard) close(st *stream, why ending) {
	st.exit()
	s.slots[st.slot] = nil
	s.free = append(s.free, st.slot)
	s.live--
	epoll.CloseFD(st.fd)
	st.fd = -1
	s.hub.leave(st, why)
}

// finish ends the stream's response cleanly if the socket takes that.
func (s *shard) finish(st *stream) {
	if !st.blocked && len(st.rest) == 0 {
		_, _ = epoll.Send(st.fd, s.hub.last)
		// Bytes that nobody has read would make the kernel send a reset,
		// which can overtake the last chunk.
		if !s.discard(st) {
			return
		}
	}
	s.close(st, endedDone)
}

// handle does what a socket event asks for.
func (s *shard) handle(ev epoll.Event) {
	slot := uint32(ev.Token)
	st := s.slots[slot]
	if st == nil || st.gen != uint32(ev.Token>>32) {
		return // closed while the event was on its way
	}
	if ev.HangUp {
		s.close(st, endedByPeer)
		return
	}
	if ev.Readable && !s.discard(st) {
		return
	}
	if ev.Writable && st.blocked {
		st.blocked = false
		s.push(st)
	}
}

// discard reads what the client sends after its request and drops it. It
// reports false if it closed the stream.
func (s *shard) discard(st *stream) bool {
	var buf [2048]byte
	for {
		n, err := epoll.Read(st.fd, buf[:])
		if err == epoll.ErrAgain {
			return true
		}
		st.dropped += n
		if err != nil || st.dropped > maxDropped {
			s.close(st, endedByPeer)
			return false
		}
	}
}

// drain runs once the hub is shut down, and reports whether the shard is done.
// New streams end as soon as they have what is theirs.
func (s *shard) drain() bool {
	aborted := s.aborted.Load()
	for _, st := range s.slots {
		switch {
		case st == nil:
		case aborted:
			s.close(st, endedDone)
		case !st.blocked:
			s.push(st)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = s.live == 0 && len(s.inbox) == 0
	return s.gone
}

func (s *shard) sentBytes() uint64 { return s.sent.Load() }
