package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// portable is the transport over net/http, for every system, TLS and HTTP/2. A
// goroutine a stream reads and stamps the time; what it read goes to the
// stream's loop over a channel, so that decoding and counting keep one owner.
type portable struct {
	session *Session
	clients []*http.Client // HTTP/1.1: one; HTTP/2: one a connection
	owners  []chan delivery
	slots   chan struct{} // of the streams whose answer is awaited
	buffers sync.Pool

	tls *tls.Config

	ctx     context.Context
	cancel  context.CancelFunc
	readers sync.WaitGroup
	loops   sync.WaitGroup
	mu      sync.Mutex // for the following
	live    map[*stream]*life
}

// A life is the goroutine of a stream.
type life struct {
	cancel context.CancelCauseFunc
	over   chan struct{}
	// cut ends the connection that the stream has, if any.
	cut atomic.Pointer[context.CancelCauseFunc]
}

func (t *portable) lifeOf(s *stream) *life {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.live[s]
}

// A delivery is something for a loop to do, in the order of a stream's life.
type delivery struct {
	kind  deliveryKind
	s     *stream
	at    int64
	bytes []byte
	why   Failure
	call  func(*loop)
	reply chan<- resumption
}

type deliveryKind uint8

const (
	deliverCall deliveryKind = iota
	deliverStart
	deliverHead
	deliverBytes
	deliverEnd
	deliverCut
	deliverFailed
	deliverFinished
	deliverClosed
)

var (
	errCut  = errors.New("cut by the generator")
	errShut = errors.New("closed as planned")
)

// bufferSize is what a stream reads at once: many small events, and little
// memory while it waits.
const bufferSize = 4096

func newPortable(r *run) (*portable, error) {
	config, err := clientTLS(&r.plan.Scenario.Target.TLS)
	if err != nil {
		return nil, err
	}
	t := &portable{
		session: r.Session,
		owners:  make([]chan delivery, runtime.GOMAXPROCS(0)),
		slots:   make(chan struct{}, r.plan.Scenario.Streams.InFlight),
		buffers: sync.Pool{New: func() any { return new([bufferSize]byte) }},
		live:    map[*stream]*life{},
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.tls = config
	for i := range t.owners {
		t.owners[i] = make(chan delivery, 1024)
		t.loops.Go(func() { t.own(newLoop(r), t.owners[i]) })
	}
	return t, nil
}

// own runs a loop: it is the one goroutine that touches it.
func (t *portable) own(l *loop, deliveries <-chan delivery) {
	for d := range deliveries {
		switch d.kind {
		case deliverCall:
			d.call(l)
		case deliverStart:
			l.starting(d.s, d.at)
		case deliverHead:
			l.connected(d.s, d.at)
		case deliverBytes:
			l.received(d.s, d.bytes, d.at)
			t.buffers.Put((*[bufferSize]byte)(d.bytes[:bufferSize]))
		case deliverEnd, deliverCut:
			d.reply <- l.ended(d.s, d.why, d.kind == deliverCut)
		case deliverFailed:
			l.gaveUp(d.s, d.why)
		case deliverFinished:
			l.finished(d.s)
		case deliverClosed:
			l.closed(d.s)
		}
	}
}

func (t *portable) owner(s *stream) chan<- delivery { return t.owners[s.index%len(t.owners)] }

func (t *portable) open(s *stream) {
	ctx, cancel := context.WithCancelCause(t.ctx)
	client, life := t.client(s), &life{cancel: cancel, over: make(chan struct{})}
	t.mu.Lock()
	t.live[s] = life
	t.mu.Unlock()
	t.owner(s) <- delivery{call: func(l *loop) { l.adopt(s) }}
	t.readers.Go(func() {
		defer close(life.over)
		defer cancel(nil)
		t.sustain(ctx, client, life, s)
	})
}

// client is the one of a stream: HTTP/1.1 streams share it, HTTP/2 streams do
// so by the connection.
func (t *portable) client(s *stream) *http.Client {
	at, target := 0, &s.plan.Scenario.Target
	if target.multiplexed() {
		at = s.index / target.StreamsPerConnection
	}
	for at >= len(t.clients) {
		t.clients = append(t.clients, &http.Client{
			CheckRedirect: checkRedirect(t.session.credentials),
			Transport: &http.Transport{
				// Kept-alive or proxied connections would be shared with
				// what the run does not know of.
				Proxy:              nil,
				DialContext:        (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
				TLSClientConfig:    t.tls.Clone(),
				Protocols:          protocols(target.HTTP, target.secure()),
				DisableCompression: true,
				ReadBufferSize:     bufferSize,
				WriteBufferSize:    1024,

				MaxResponseHeaderBytes: maxHead,
			},
		})
	}
	return t.clients[at]
}

func (t *portable) shut(s *stream) {
	if life := t.lifeOf(s); life != nil {
		life.cancel(errShut)
	}
}

func (t *portable) cut(s *stream) {
	if life := t.lifeOf(s); life != nil {
		if cut := life.cut.Load(); cut != nil {
			(*cut)(errCut)
		}
	}
}

func (t *portable) drop(streams []*stream) {
	for _, s := range streams {
		t.shut(s)
	}
	for _, s := range streams {
		if life := t.lifeOf(s); life != nil {
			<-life.over
			t.mu.Lock()
			delete(t.live, s)
			t.mu.Unlock()
		}
	}
}

func (t *portable) each(f func(*loop)) {
	var calls sync.WaitGroup
	for _, owner := range t.owners {
		calls.Add(1)
		owner <- delivery{call: func(l *loop) { f(l); calls.Done() }}
	}
	calls.Wait()
}

func (t *portable) stop() {
	t.cancel()
	t.readers.Wait()
	for _, owner := range t.owners {
		close(owner)
	}
	t.loops.Wait()
	for _, c := range t.clients {
		c.CloseIdleConnections()
	}
}

func (t *portable) describe() Generator {
	return Generator{Transport: TransportPortable, Loops: len(t.owners)}
}

// sustain connects s again and again, until it may no longer.
func (t *portable) sustain(ctx context.Context, client *http.Client, life *life, s *stream) {
	owner := t.owner(s)
	reply := make(chan resumption, 1)
	var next resumption
	for {
		end := t.connect(ctx, client, life, s, next.lastEventID)
		switch {
		case context.Cause(ctx) == errShut:
			end.kind = deliverClosed
		case ctx.Err() != nil:
			return
		}
		end.s, end.reply = s, reply
		owner <- end
		if end.kind != deliverEnd && end.kind != deliverCut {
			return
		}
		next = <-reply
		select {
		case <-time.After(next.wait):
		case <-ctx.Done():
			if context.Cause(ctx) == errShut {
				owner <- delivery{kind: deliverClosed, s: s}
			}
			return
		}
	}
}

// connect makes one attempt and reads its stream to the end. It returns how the
// attempt ended.
func (t *portable) connect(ctx context.Context, client *http.Client, life *life, s *stream, lastEventID string) delivery {
	release, ok := t.acquire(ctx)
	if !ok {
		return delivery{kind: deliverEnd}
	}
	defer release()
	owner := t.owner(s)
	connection, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	t.cutter(s, cut)
	if t.session.mustRenew(s) {
		held, err := t.session.newCredential(connection, s)
		if err != nil {
			return delivery{kind: deliverEnd, why: FailureToken}
		}
		s.held = held
	}
	request, err := t.session.request(connection, s, lastEventID)
	if err != nil {
		return delivery{kind: deliverEnd, why: FailureToken}
	}
	owner <- delivery{kind: deliverStart, s: s, at: t.session.now()}
	response, err := client.Do(request)
	at := t.session.now()
	if err != nil {
		return t.ending(connection, err)
	}
	defer response.Body.Close()
	release()
	switch answer, why := judgeHead(response.StatusCode, response.Header.Get("Content-Type")); answer {
	case answerFinishes:
		return delivery{kind: deliverFinished}
	case answerFails:
		return delivery{kind: deliverFailed, why: why}
	}
	life.cut.Store(&cut)
	defer life.cut.Store(nil)
	owner <- delivery{kind: deliverHead, s: s, at: at}
	return t.read(connection, s, response)
}

// read delivers the bytes of a body until it ends.
func (t *portable) read(ctx context.Context, s *stream, response *http.Response) delivery {
	owner := t.owner(s)
	stall := s.plan.behaviour(s.plan.Streams[s.index].Cohort).Stall
	for {
		t.stall(ctx, stall)
		buffer := t.buffers.Get().(*[bufferSize]byte)
		n, err := response.Body.Read(buffer[:])
		at := t.session.now()
		if n > 0 {
			owner <- delivery{kind: deliverBytes, s: s, at: at, bytes: buffer[:n]}
		} else {
			t.buffers.Put(buffer)
		}
		if err != nil {
			return t.ending(ctx, err)
		}
	}
}

// stall waits while a stream of this behaviour reads nothing.
func (t *portable) stall(ctx context.Context, s *Stall) {
	until := t.session.stalledUntil(s)
	if until == 0 {
		return
	}
	select {
	case <-time.After(time.Duration(until - t.session.now())):
	case <-ctx.Done():
	}
}

func (t *portable) ending(ctx context.Context, err error) delivery {
	if context.Cause(ctx) == errCut {
		return delivery{kind: deliverCut}
	}
	return delivery{kind: deliverEnd, why: classify(err)}
}

// acquire waits for a slot among the streams whose answer is awaited. The slot
// is given back by release, which may be called more than once, or when the
// patience ends.
func (t *portable) acquire(ctx context.Context) (release func(), ok bool) {
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, false
	}
	free := sync.OnceFunc(func() { <-t.slots })
	timer := time.AfterFunc(patience, free)
	return func() { timer.Stop(); free() }, true
}

// cutter cuts the connection of s after a random time around its cohort's
// cut_every.
func (t *portable) cutter(s *stream, cut context.CancelCauseFunc) {
	every := s.plan.behaviour(s.plan.Streams[s.index].Cohort).CutEvery
	if every > 0 {
		time.AfterFunc(time.Duration((0.5+rand.Float64())*float64(every)), func() { cut(errCut) })
	}
}
