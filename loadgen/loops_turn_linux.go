package loadgen

import (
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ssegauge/ssegauge/internal/epoll"
)

// readBufferSize is how much a loop reads at once: what coalesced while other
// streams had their turn.
const readBufferSize = 256 << 10

// eventsPerTurn bounds the sockets that a loop serves before it looks at its
// timers and at what others have posted.
const eventsPerTurn = 256

// yieldAfter is how long a loop keeps a processor from the publisher and other
// goroutines, at most about.
const yieldAfter = 200 * time.Microsecond

// An eventLoop serves its links' sockets, and pushes what it reads into its
// loop. One goroutine runs it, and nothing below is touched by another, unless
// it says so.
type eventLoop struct {
	*loop
	transport *loops
	poller    *epoll.Poller
	parker    *epoll.Parker
	events    [eventsPerTurn]epoll.Event
	receiver  epoll.Receiver
	buffer    []byte
	links     []*link // by the index of the stream, divided by the number of loops
	timers    timers
	unread    []*link // links with more to be read
	served    []*link // the other of two that take turns
	yielded   int64   // when it last gave way to others, in the run's clock
	stopped   bool

	alarm    *time.Timer
	alarmAt  int64
	rung     atomic.Bool
	stamped  atomic.Bool // a receive timestamp has come
	mu       sync.Mutex  // for the following
	posted   []func()
	taken    []func() // owned by the loop: the other of two that take turns
	isPosted atomic.Bool
	isClosed bool
}

func newEventLoop(t *loops) (*eventLoop, error) {
	poller, err := epoll.New()
	if err != nil {
		return nil, fmt.Errorf("event loop: %w", err)
	}
	e := &eventLoop{
		loop: newLoop(t.run), transport: t, poller: poller,
		buffer: make([]byte, readBufferSize),
	}
	e.parker, err = epoll.NewParker(poller, func() bool { return e.isPosted.Load() || e.rung.Load() })
	if err != nil {
		poller.Close()
		return nil, fmt.Errorf("event loop: %w", err)
	}
	e.alarm = time.AfterFunc(time.Hour, e.ring)
	return e, nil
}

// post has f run by the loop. Any goroutine may call it. Once the loop is
// closed, f does not run any more.
func (e *eventLoop) post(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.isClosed {
		return
	}
	e.posted = append(e.posted, f)
	e.isPosted.Store(true)
	e.poller.Wake()
}

// newLink makes the link of a stream, in place of one that is over.
func (e *eventLoop) newLink(s *stream) *link {
	k := &link{stream: s, loop: e, fd: noSocket, timer: noTimer}
	at := s.index / len(e.transport.all)
	for at >= len(e.links) {
		e.links = append(e.links, nil)
	}
	e.links[at] = k
	return k
}

// link is that of the stream with an index of the loop's; nil before it opens.
func (e *eventLoop) link(index int) *link {
	if at := index / len(e.transport.all); at < len(e.links) {
		return e.links[at]
	}
	return nil
}

// ring wakes the loop to see to its timers.
func (e *eventLoop) ring() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.isClosed {
		e.rung.Store(true)
		e.poller.Wake()
	}
}

func (e *eventLoop) own() {
	defer e.close()
	for {
		e.runPosted()
		if e.stopped {
			return
		}
		e.runTimers()
		n, err := e.wait()
		if err != nil {
			// epoll_wait fails only when it is called wrongly.
			panic(err)
		}
		for i := range e.events[:n] {
			e.serve(&e.events[i])
			e.giveWay()
		}
		e.readOn()
	}
}

// close ends all connections of the loop.
func (e *eventLoop) close() {
	for _, s := range e.loop.streams {
		e.disconnect(e.link(s.index), false)
	}
	e.alarm.Stop()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.isClosed = true
	e.parker.Close()
	e.poller.Close()
}

func (e *eventLoop) runPosted() {
	if !e.isPosted.Load() {
		return
	}
	e.mu.Lock()
	e.posted, e.taken = e.taken[:0], e.posted
	e.isPosted.Store(false)
	e.mu.Unlock()
	for i, f := range e.taken {
		f()
		e.taken[i] = nil
	}
}

func (e *eventLoop) runTimers() {
	if e.rung.Swap(false) {
		e.alarmAt = 0
	}
	for now := e.run.now(); len(e.timers) > 0 && e.timers[0].due <= now; {
		k := e.timers[0]
		e.timers.set(k, 0)
		e.expired(k, now)
	}
	if len(e.timers) > 0 && e.timers[0].due != e.alarmAt {
		e.alarmAt = e.timers[0].due
		e.alarm.Reset(time.Duration(e.alarmAt - e.run.now()))
	}
}

// wait waits for events, unless there is something else to do.
func (e *eventLoop) wait() (int, error) {
	if len(e.unread) > 0 {
		return e.poller.Wait(e.events[:], 0)
	}
	return e.parker.Wait(e.events[:])
}

// giveWay lets other goroutines run from time to time. A loop under load does
// not block, and the scheduler would take its processor away only after 10 ms:
// too late for what the publisher has due.
func (e *eventLoop) giveWay() {
	if e.now-e.yielded > int64(yieldAfter) {
		runtime.Gosched()
		e.yielded = e.now
	}
}

// serve does what an event calls for.
func (e *eventLoop) serve(event *epoll.Event) {
	k := e.link(int(event.Token >> 32))
	if k.generation != uint32(event.Token) {
		return
	}
	k.hungUp = k.hungUp || event.HangUp
	if k.phase == dialling && (event.Writable || event.HangUp) {
		e.dialled(k)
	} else if k.phase == responding && event.Writable {
		e.send(k)
	}
	if k.generation == uint32(event.Token) && (event.Readable || event.HangUp) {
		e.read(k)
	}
}

// readOn gives each link that had more to be read another read, so that none
// keeps the others waiting.
func (e *eventLoop) readOn() {
	e.unread, e.served = e.served[:0], e.unread
	for _, k := range e.served {
		if k.again {
			k.again = false
			e.read(k)
			e.giveWay()
		}
	}
}

// read reads once.
func (e *eventLoop) read(k *link) {
	if until := e.run.stalledUntil(e.transport.stalls[k.stream.cohort]); until != 0 && k.phase == reading {
		k.stalled, k.when = true, until
		e.arm(k)
		return
	}
	n, err := e.receive(k)
	switch {
	case err == epoll.ErrAgain:
	case err == io.EOF:
		e.hungUp(k)
	case err != nil:
		e.end(k, classify(err))
	default:
		if (n == len(e.buffer) || k.hungUp) && !k.again {
			k.again = true
			e.unread = append(e.unread, k)
		}
		e.take(k, e.buffer[:n])
	}
}

// receive reads into the buffer, and takes the time.
func (e *eventLoop) receive(k *link) (n int, err error) {
	if !k.stamped {
		n, err = epoll.Read(int(k.fd), e.buffer)
		e.now = e.run.now()
		return n, err
	}
	n, stamp, err := e.receiver.Receive(int(k.fd), e.buffer)
	at := time.Now()
	e.now = e.run.at(at)
	if stamp != 0 {
		e.stamped.Store(true)
		// The stamp is one of the wall clock, which may have been set since
		// the run's clock was started.
		if lag := at.UnixNano() - stamp; lag >= 0 && e.now >= e.run.measureFrom.Load() {
			e.tally.ReceiveLag.record(time.Duration(lag))
		}
	}
	return n, err
}

// take takes in bytes that were read.
func (e *eventLoop) take(k *link, p []byte) {
	if k.phase != reading {
		e.takeHead(k, p)
		return
	}
	data, done, err := k.body.decode(p)
	if len(data) > 0 {
		e.received(k.stream, data, e.now)
	}
	switch {
	case err != nil:
		e.end(k, FailureProtocol)
	case done:
		e.end(k, FailureEnded)
	}
}
