package loadgen

import (
	"context"
	"net/netip"
	"runtime"
	"sync"
)

// loops is the transport of plain HTTP/1.1 on Linux: one event loop per
// processor, each with its own epoll, read buffer and Tally. A stream is a
// socket and a few hundred bytes, and has no goroutine. A goroutine a stream
// would cost more than memory: under load the Go scheduler becomes a queue in
// which events grow older than they are.
type loops struct {
	run     *run
	all     []*eventLoop
	gate    gate
	errands *errands
	running sync.WaitGroup

	targets []netip.AddrPort // of the target's URL, all that answer
	host    string           // of the target's URL, with its port
	sources []netip.Addr     // for the streams in turn; none: the system chooses
	stalls  []*Stall         // by cohort
}

func newLoops(ctx context.Context, r *run) (transport, error) {
	u, err := r.plan.URL(0)
	if err != nil {
		return nil, err
	}
	t := &loops{
		run:  r,
		gate: gate{free: r.plan.Scenario.Streams.InFlight},
		host: hostPort(u),
	}
	if t.targets, err = resolve(ctx, t.host); err != nil {
		return nil, err
	}
	t.targets = answering(ctx, t.targets)
	t.sources = sourceAddresses(t.targets[0].Addr(), max(r.plan.connections(), r.reserve), localPorts())
	for i := range r.plan.Cohorts {
		t.stalls = append(t.stalls, r.plan.behaviour(i).Stall)
	}
	for range runtime.GOMAXPROCS(0) {
		e, err := newEventLoop(t)
		if err != nil {
			for _, e := range t.all {
				e.close()
			}
			return nil, err
		}
		t.all = append(t.all, e)
	}
	t.errands = newErrands()
	for _, e := range t.all {
		t.running.Go(e.own)
	}
	return t, nil
}

func (t *loops) open(s *stream) {
	e := t.owner(s)
	e.post(func() {
		e.adopt(s)
		e.begin(e.newLink(s))
	})
}

func (t *loops) owner(s *stream) *eventLoop { return t.all[s.index%len(t.all)] }

func (t *loops) shut(s *stream) {
	e := t.owner(s)
	e.post(func() {
		if k := e.link(s.index); k != nil && k.stream == s {
			e.shut(k)
		}
	})
}

func (t *loops) cut(s *stream) {
	e := t.owner(s)
	e.post(func() {
		if k := e.link(s.index); k != nil && k.stream == s && k.phase == reading {
			e.cut(k)
		}
	})
}

func (t *loops) drop(streams []*stream) {
	for _, s := range streams {
		t.shut(s)
	}
}

func (t *loops) each(f func(*loop)) {
	var calls sync.WaitGroup
	for _, e := range t.all {
		calls.Add(1)
		e.post(func() { f(e.loop); calls.Done() })
	}
	calls.Wait()
}

func (t *loops) stop() {
	t.errands.stop()
	for _, e := range t.all {
		e.post(func() { e.stopped = true })
	}
	t.running.Wait()
}

func (t *loops) describe() Generator {
	g := Generator{Transport: TransportLoops, Loops: len(t.all)}
	for _, e := range t.all {
		g.KernelTimestamps = g.KernelTimestamps || e.stamped.Load()
	}
	return g
}

// A link is the connection of one stream, whichever it has at the time. It
// belongs to its loop.
type link struct {
	stream  *stream
	loop    *eventLoop
	attempt *attempt // until the response head has come
	body    body

	// Times are those of the run's clock; 0 means never.
	due   int64 // when the loop looks at the link next
	when  int64 // when the next attempt, or reading after a stall, begins
	cutAt int64
	timer int32 // the place among the loop's timers

	fd int32
	// generation tells the sockets of a link apart: what was meant for an
	// earlier one comes too late.
	generation uint32
	phase      phase
	slot       bool // the link holds one of the gate's
	again      bool // the link is among those to be read again
	hungUp     bool // the end of the connection is there to be read
	stalled    bool
	stamped    bool // the kernel notes when bytes arrive
}

const noSocket = -1

// A phase is what a link waits for.
type phase uint8

const (
	unopened   phase = iota
	queued           // for a slot
	preparing        // for a token or an address
	dialling         // for the connection
	responding       // for the response head
	reading          // for events
	resting          // for the time of the next attempt
	over
)

// A gate bounds the streams whose answer is awaited.
type gate struct {
	mu      sync.Mutex
	free    int
	waiting []*link
}

// enter takes a slot for k, or notes that k waits for one.
func (g *gate) enter(k *link) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.free == 0 {
		g.waiting = append(g.waiting, k)
		return false
	}
	g.free--
	return true
}

// leave gives a slot back, or to the link that has waited longest, whose loop
// learns of it.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.free++
		return
	}
	k := g.waiting[0]
	g.waiting = g.waiting[1:]
	k.loop.post(func() { k.loop.admitted(k) })
}
