package loadgen

import (
	"context"
	"sync"
)

// maxErrands is how many errands run at once.
const maxErrands = 16

// errands run what may block, such as asking for a token or an address, away
// from the event loops.
type errands struct {
	ctx     context.Context
	cancel  context.CancelFunc
	mu      sync.Mutex
	waiting []func(context.Context)
	runners int
	running sync.WaitGroup
}

func newErrands() *errands {
	e := &errands{}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	return e
}

// do has f run, when others before it are done. After stop it does not run.
func (e *errands) do(f func(context.Context)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ctx.Err() != nil {
		return
	}
	e.waiting = append(e.waiting, f)
	if e.runners < maxErrands {
		e.runners++
		e.running.Go(e.run)
	}
}

func (e *errands) run() {
	for {
		f, ok := e.next()
		if !ok {
			return
		}
		f(e.ctx)
	}
}

func (e *errands) next() (f func(context.Context), ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.waiting) == 0 || e.ctx.Err() != nil {
		e.runners--
		return nil, false
	}
	f, e.waiting = e.waiting[0], e.waiting[1:]
	return f, true
}

// stop ends all errands and waits for those that run.
func (e *errands) stop() {
	e.mu.Lock()
	e.cancel()
	e.mu.Unlock()
	e.running.Wait()
}
