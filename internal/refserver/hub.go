package refserver

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tmaxmax/go-sse"
)

// A Hub is an sse.Provider that keeps one log per topic. A subscriber is a
// position in the logs of its topics, so publishing costs the same for one
// subscriber and for ten thousand, a slow subscriber is only behind, and replay
// is the same reading from an older position.
type Hub struct {
	cfg   Config
	epoch string
	loops []loop // the bell first, then the shards
	last  []byte // what ends a stream that a shard writes to

	visible atomic.Uint64 // every event up to this sequence is in its logs
	closed  chan struct{} // closed when Shutdown begins
	abort   chan struct{} // closed when Shutdown may not wait any longer
	active  sync.WaitGroup

	mu        sync.Mutex // guards what follows and the appending to logs
	topics    map[string]*topicLog
	seq       uint64
	streams   int
	bySubject map[string]int
	nextLoop  int
	down      bool
	wire      []byte     // scratch of publish
	fault     faultHooks // fixed
	counts    counts
}

var _ sse.Provider = (*Hub)(nil)

// Errors of the hub besides those of go-sse.
var (
	errFinished       = errors.New("the topic is finished")
	errTopics         = errors.New("too many topics")
	errStreams        = errors.New("too many streams")
	errSubjectStreams = errors.New("too many streams of this subject")
	errReservedID     = errors.New("id has the form of the server's own ids")
	errNothingLeft    = errors.New("the topics are finished and nothing is left")
)

func newHub(cfg Config, fault faultHooks) (*Hub, error) {
	h := &Hub{
		cfg:       cfg,
		epoch:     cfg.Epoch,
		last:      lastBytes(fault.ending),
		fault:     fault,
		closed:    make(chan struct{}),
		abort:     make(chan struct{}),
		topics:    make(map[string]*topicLog),
		bySubject: make(map[string]int),
	}
	if h.epoch == "" {
		h.epoch = strconv.FormatInt(time.Now().UnixMilli(), 36)
	}
	shards, err := newShards(h, cfg.Shards)
	if err != nil {
		return nil, err
	}
	h.loops = append([]loop{newBell()}, shards...)
	if cfg.Window.Age > 0 {
		h.active.Go(h.expire)
	}
	return h, nil
}

// Publish appends the message to the logs of the topics and returns when its
// place is fixed; it waits for no subscriber. The id of a message that has
// none is made by the hub. It implements sse.Provider.
func (h *Hub) Publish(m *sse.Message, topics []string) error {
	_, err := h.publish(m, topics, false)
	return err
}

// publish publishes m, if it is not nil, under one sequence to all the topics,
// finishes them if told so, and returns the event's id.
func (h *Hub) publish(m *sse.Message, topics []string, finish bool) (id string, err error) {
	if len(topics) == 0 {
		return "", sse.ErrNoTopic
	}
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return "", sse.ErrProviderClosed
	}
	if m != nil && m.ID.IsSet() && h.ownID(m.ID.String()) {
		return "", errReservedID
	}
	fresh := 0
	for _, name := range topics {
		if l := h.topics[name]; l == nil {
			fresh++
		} else if l.finished.Load() {
			return "", errFinished
		}
	}
	if !h.roomFor(fresh) {
		return "", errTopics
	}
	if m != nil {
		h.seq++
		given := m.ID.String()
		id = given
		if given == "" {
			id = h.idOf(h.seq)
			m = m.Clone()
			m.ID = sse.ID(id)
		}
		h.counts.published++
		h.wire = appendMessage(h.wire[:0], m, given != "")
		for i, name := range topics {
			if !slices.Contains(topics[:i], name) {
				h.write(h.topic(name), h.wire, given, now)
			}
		}
		// Streams on several topics read up to here, so this comes after
		// all the logs have the event.
		h.visible.Store(h.seq)
	}
	for _, name := range topics {
		l := h.topic(name)
		if finish {
			l.finished.Store(true)
		}
		for _, g := range l.groups {
			if g != nil && !g.dirty.Swap(true) {
				g.loop.changed(g)
			}
		}
	}
	return id, nil
}

// write frames an encoded event and appends it to a log. A fault may make
// several events of it, or none.
func (h *Hub) write(l *topicLog, event []byte, given string, now time.Time) {
	if h.fault.event == nil {
		h.frame(l, event, given, now)
		return
	}
	l.fault.count++
	for _, e := range h.fault.event(&l.fault, event) {
		h.frame(l, e, given, now)
	}
}

func (h *Hub) frame(l *topicLog, event []byte, given string, now time.Time) {
	at := len(h.wire)
	var head int
	h.wire, head = appendChunk(h.wire, event)
	l.append(h.seq, now, h.wire[at:], head, given, h.cfg.Window.Bytes)
	h.wire = h.wire[:at]
}

// appendMessage appends the text of m, whose id the hub made. A message that no
// client would dispatch goes without the id: it would move the client's last
// event ID all the same.
func appendMessage(dst []byte, m *sse.Message, given bool) []byte {
	w := appender{dst}
	_, _ = m.WriteTo(&w) // an appender does not fail
	// Only a data field can put this at the front of a line.
	if !given && !bytes.Contains(w.p, []byte("\ndata: ")) {
		_, rest, _ := bytes.Cut(w.p, []byte("\n"))
		return append(w.p[:0], rest...)
	}
	return w.p
}

type appender struct{ p []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.p = append(a.p, p...)
	return len(p), nil
}

// topic returns the log of a topic, new if there is none.
func (h *Hub) topic(name string) *topicLog {
	l := h.topics[name]
	if l == nil {
		l = newTopicLog(name)
		h.topics[name] = l
	}
	return l
}

// roomFor reports whether n more topics may exist. Finished topics without
// subscribers are forgotten if that helps.
func (h *Hub) roomFor(n int) bool {
	if len(h.topics)+n > h.cfg.Limits.Topics {
		for name, l := range h.topics {
			if l.finished.Load() && l.subscribers == 0 {
				delete(h.topics, name)
			}
		}
	}
	return len(h.topics)+n <= h.cfg.Limits.Topics
}

// release removes a topic that has nothing in it.
func (h *Hub) release(l *topicLog) {
	if l.subscribers == 0 && l.events == 0 && !l.finished.Load() {
		delete(h.topics, l.name)
	}
}

// expire drops what is too old, until the hub is closed.
func (h *Hub) expire() {
	t := time.NewTicker(min(time.Second, max(10*time.Millisecond, h.cfg.Window.Age/4)))
	defer t.Stop()
	for {
		select {
		case <-h.closed:
			return
		case now := <-t.C:
			h.mu.Lock()
			for _, l := range h.topics {
				l.expire(now.Add(-h.cfg.Window.Age))
				h.release(l)
			}
			h.mu.Unlock()
		}
	}
}

// Shutdown refuses new subscribers and events, writes what is published to
// every subscriber that takes it before ctx ends, and ends the streams. It
// implements sse.Provider.
func (h *Hub) Shutdown(ctx context.Context) error {
	h.mu.Lock()
	if h.down {
		h.mu.Unlock()
		return sse.ErrProviderClosed
	}
	h.down = true
	h.mu.Unlock()
	close(h.closed)

	done := make(chan struct{})
	go func() {
		var loops sync.WaitGroup
		for _, l := range h.loops[1:] {
			loops.Go(l.shutdown)
		}
		loops.Wait()
		h.active.Wait()
		h.loops[0].shutdown()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		close(h.abort)
		// The shards now end at once. Goroutines of other streams may wait
		// in a write that only the owner of their connection can end.
		return ctx.Err()
	}
}
