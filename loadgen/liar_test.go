package loadgen

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// lies are how a liar goes wrong. The zero value is an honest server.
type lies struct {
	delay  time.Duration // of every delivery
	gate   chan struct{} // if set, nothing is delivered until it is closed
	drop   int           // every n-th event of a topic, for every stream
	double int           // likewise
	swap   int           // likewise, with the event after it
	refuse int           // every n-th publish: 503, and the event is not kept

	endAfter  int           // events, then the connection ends cleanly
	tearAfter int           // events, then half of the next, and a clean end
	cutAfter  int           // events, then half of the next, and no end
	holdBack  time.Duration // between an end and the next head of the stream
	forgetful bool          // Last-Event-ID is ignored
	retry     string        // a retry field, sent with the head
	noise     bool          // comments and foreign events around every event

	// answer, if it returns true, has answered a stream's request itself.
	// attempt counts the requests of a stream from 1.
	answer func(w http.ResponseWriter, r *http.Request, attempt int) bool
	// grant, if it returns something else than 200, is the answer to a publish.
	grant func(r *http.Request) int
}

// A liar is a small event stream server that goes wrong as it is told, and
// counts what it did. Streams are told apart by the query parameter stream.
type liar struct {
	lies
	url         string
	server      *httptest.Server
	connections sync.Map // remote addresses of those that asked for streams

	mu        sync.Mutex
	log       []liarEvent
	changed   chan struct{} // closed with every change of the log
	published int           // requests to publish
	perTopic  map[string]int
	attempts  map[string]int
	ended     map[string]time.Time
	delivered map[string]map[int]bool // stream → places in the log
	swapped   int
	doubled   int
	heads     []*http.Request // what streams asked, without bodies
	publishes []*http.Request
	protocols map[string]int // of the streams' requests
}

type liarEvent struct {
	topic, data string
	nth         int // of its topic, from 1
	at          time.Time
}

// newLiar starts a liar that ends with the test. start, if any, is how its
// server is started.
func newLiar(t *testing.T, how lies, start ...func(*httptest.Server)) *liar {
	t.Helper()
	l := &liar{
		lies: how, changed: make(chan struct{}),
		perTopic: map[string]int{}, attempts: map[string]int{}, ended: map[string]time.Time{},
		delivered: map[string]map[int]bool{}, protocols: map[string]int{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /publish", l.publish)
	mux.HandleFunc("GET /events", l.stream)
	l.server = httptest.NewUnstartedServer(mux)
	l.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if len(start) == 0 {
		l.server.Start()
	}
	for _, f := range start {
		f(l.server)
	}
	l.url = l.server.URL
	t.Cleanup(func() {
		l.server.CloseClientConnections()
		l.server.Close()
	})
	return l
}

func (l *liar) publish(w http.ResponseWriter, r *http.Request) {
	var event struct{ Topic, Data string }
	text, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(text, &event) != nil {
		http.Error(w, "not an event", http.StatusBadRequest)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.publishes = append(l.publishes, r.Clone(context.Background()))
	if l.grant != nil {
		if status := l.grant(r); status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
	}
	if l.published++; l.refuse > 0 && l.published%l.refuse == 0 {
		http.Error(w, "not today", http.StatusServiceUnavailable)
		return
	}
	l.append(event.Topic, event.Data)
}

// append adds an event to the log. The caller holds the lock.
func (l *liar) append(topic, data string) {
	l.perTopic[topic]++
	l.log = append(l.log, liarEvent{topic, data, l.perTopic[topic], time.Now()})
	close(l.changed)
	l.changed = make(chan struct{})
}

// emit publishes an event of the server's own.
func (l *liar) emit(topic, data string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.append(topic, data)
}

// wait returns place i of the log, once there is one.
func (l *liar) wait(ctx context.Context, i int) (liarEvent, bool) {
	for {
		l.mu.Lock()
		changed := l.changed
		if i < len(l.log) {
			defer l.mu.Unlock()
			return l.log[i], true
		}
		l.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return liarEvent{}, false
		}
	}
}

// answerWith sets how a running liar answers streams.
func (l *liar) answerWith(answer func(http.ResponseWriter, *http.Request, int) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = answer
}

// begin notes a stream's request, and says whether the liar has answered it, or
// else from which place in the log the stream goes on.
func (l *liar) begin(w http.ResponseWriter, r *http.Request, name string) (answered bool, cursor int) {
	attempt, cursor, answer := l.note(r, name)
	return answer != nil && answer(w, r, attempt), cursor
}

func (l *liar) note(r *http.Request, name string) (attempt, cursor int, answer func(http.ResponseWriter, *http.Request, int) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.connections.Store(r.RemoteAddr, true)
	l.heads = append(l.heads, r.Clone(context.Background()))
	l.protocols[r.Proto]++
	l.attempts[name]++
	cursor = len(l.log)
	id := cmp.Or(r.Header.Get("Last-Event-ID"), r.URL.Query().Get("lastEventId"))
	if last, err := strconv.Atoi(id); err == nil && !l.forgetful {
		cursor = last
	}
	if l.delivered[name] == nil {
		l.delivered[name] = map[int]bool{}
	}
	return l.attempts[name], cursor, l.answer
}

func (l *liar) stream(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	name := query.Get("stream")
	l.mu.Lock()
	ended := l.ended[name]
	l.mu.Unlock()
	if !ended.IsZero() {
		time.Sleep(time.Until(ended.Add(l.holdBack)))
	}
	answered, cursor := l.begin(w, r, name)
	if answered {
		return
	}
	defer func() {
		l.mu.Lock()
		l.ended[name] = time.Now()
		l.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	// A stream that is cut before its first event knows where to go on.
	fmt.Fprintf(w, "id: %d\n\n", cursor)
	if l.retry != "" {
		fmt.Fprintf(w, "retry: %s\n\n", l.retry)
	}
	s := &liarStream{liar: l, w: w, name: name}
	s.flush()
	for s.sent < max(l.endAfter, l.tearAfter, l.cutAfter) || l.endAfter+l.tearAfter+l.cutAfter == 0 {
		e, ok := l.wait(r.Context(), cursor)
		if !ok {
			return
		}
		cursor++
		if !slices.Contains(query["topic"], e.topic) {
			continue
		}
		if l.swap > 0 && e.nth%l.swap == 0 {
			cursor += s.swapped(r.Context(), e, cursor)
			continue
		}
		s.deliver(e, cursor)
	}
	if l.tearAfter+l.cutAfter > 0 {
		fmt.Fprint(w, "id: 999999\ndata: half an ev")
		s.flush()
	}
	if l.cutAfter > 0 {
		panic(http.ErrAbortHandler)
	}
}

// A liarStream is one connection of a stream.
type liarStream struct {
	*liar
	w    http.ResponseWriter
	name string
	sent int
}

func (s *liarStream) flush() { http.NewResponseController(s.w).Flush() }

// swapped delivers the event after e before e, if there is one soon. It returns
// how many it took.
func (s *liarStream) swapped(ctx context.Context, e liarEvent, cursor int) int {
	soon, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	next, ok := s.wait(soon, cursor)
	if !ok {
		s.deliver(e, cursor)
		return 0
	}
	s.deliver(next, cursor+1)
	s.deliver(e, cursor)
	s.mu.Lock()
	s.liar.swapped++
	s.mu.Unlock()
	return 1
}

// deliver writes event e, which has the number id, unless it is to be lost.
func (s *liarStream) deliver(e liarEvent, id int) {
	s.sent++
	if s.drop > 0 && e.nth%s.drop == 0 {
		return
	}
	time.Sleep(time.Until(e.at.Add(s.delay)))
	if s.gate != nil {
		<-s.gate
	}
	text := fmt.Sprintf("id: %d\ndata: %s\n\n", id, e.data)
	if s.noise {
		text = ": a comment\n\nevent: other\ndata: somebody else's\n\n" + text
	}
	s.mu.Lock()
	s.delivered[s.name][id] = true
	if s.double > 0 && e.nth%s.double == 0 {
		text += text
		s.doubled++
	}
	s.mu.Unlock()
	io.WriteString(s.w, text)
	s.flush()
}

// A truth is what a liar did.
type truth struct {
	Accepted, Delivered, Doubled, Swapped int
}

func (l *liar) truth() truth {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := truth{Accepted: len(l.log), Doubled: l.doubled, Swapped: l.swapped}
	for _, places := range l.delivered {
		t.Delivered += len(places)
	}
	return t
}

func (l *liar) requests() (streams, publishes []*http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.heads), slices.Clone(l.publishes)
}

// attemptsOf counts the requests of each stream.
func (l *liar) attemptsOf() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.attempts)
}

// clients counts the connections that asked for streams.
func (l *liar) clients() (n int) {
	l.connections.Range(func(any, any) bool { n++; return true })
	return n
}
