package refserver

import "sync"

// A bell wakes the goroutines of streams that have one. It does so in a
// goroutine of its own, so that a publisher waits for none of them.
type bell struct {
	ring chan struct{}
	done chan struct{}

	mu    sync.Mutex // guards queue and the members of the bell's groups
	queue []*group
}

func newBell() *bell {
	b := &bell{ring: make(chan struct{}, 1), done: make(chan struct{})}
	go b.run()
	return b
}

func (b *bell) changed(g *group) {
	b.mu.Lock()
	b.queue = append(b.queue, g)
	b.mu.Unlock()
	select {
	case b.ring <- struct{}{}:
	default:
	}
}

func (b *bell) run() {
	defer close(b.done)
	for range b.ring {
		b.mu.Lock()
		for _, g := range b.queue {
			g.dirty.Store(false)
			for _, m := range g.members {
				select {
				case m.wake <- struct{}{}:
				default:
				}
			}
		}
		b.queue = b.queue[:0]
		b.mu.Unlock()
	}
}

// shutdown runs when no stream is left and nothing can be published.
func (b *bell) shutdown() {
	close(b.ring)
	<-b.done
}

func (b *bell) join(st *stream) {
	b.mu.Lock()
	defer b.mu.Unlock()
	st.enter()
}

func (b *bell) part(st *stream) {
	b.mu.Lock()
	defer b.mu.Unlock()
	st.exit()
}
