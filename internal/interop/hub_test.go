package interop

import "sync"

// A hub hands what is published to the streams of its topic. It is what an
// application writes itself where its framework only encodes events.
type hub struct {
	mu     sync.Mutex
	closed bool
	topics map[string]map[*subscription]struct{}
}

// A subscription is one stream's place in the hub.
type subscription struct {
	topic string
	// events is closed when the stream is to end.
	events chan publication
}

func newHub() *hub { return &hub{topics: map[string]map[*subscription]struct{}{}} }

// waiting is how many events wait for a stream before it is ended.
const waiting = 4096

func (h *hub) subscribe(topic string) *subscription {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &subscription{topic: topic, events: make(chan publication, waiting)}
	if h.closed {
		close(s.events)
		return s
	}
	if h.topics[topic] == nil {
		h.topics[topic] = map[*subscription]struct{}{}
	}
	h.topics[topic][s] = struct{}{}
	return s
}

func (h *hub) unsubscribe(s *subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.end(s)
}

// end ends a stream, once. The caller holds mu.
func (h *hub) end(s *subscription) {
	if _, there := h.topics[s.topic][s]; !there {
		return
	}
	close(s.events)
	delete(h.topics[s.topic], s)
	if len(h.topics[s.topic]) == 0 {
		delete(h.topics, s.topic)
	}
}

func (h *hub) publish(p publication) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.topics[p.Topic] {
		select {
		case s.events <- p:
		default:
			h.end(s)
		}
	}
	return nil
}

// close ends all streams.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, streams := range h.topics {
		for s := range streams {
			h.end(s)
		}
	}
}
