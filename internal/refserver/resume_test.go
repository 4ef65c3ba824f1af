package refserver

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestResume(t *testing.T) {
	s := start(t, Config{})
	for i := range 5 {
		put(t, s, strconv.Itoa(i+1), "t")
	}
	put(t, s, "secret", "other")
	custom := "naïve…豆"
	if status, answer := post(t, s, `{"topic":"t","data":"7","id":"`+custom+`"}`); status != 200 || !strings.Contains(answer, custom) {
		t.Fatalf("publish with an id: %d %s", status, answer)
	}
	put(t, s, "8", "t")

	all := []event{{ID: "e-1", Data: "1"}, {ID: "e-2", Data: "2"}, {ID: "e-3", Data: "3"}, {ID: "e-4", Data: "4"},
		{ID: "e-5", Data: "5"}, {ID: custom, Data: "7"}, {ID: "e-8", Data: "8"}}
	unknown := append([]event{{Event: "gap", Data: `{"reason":"unknown","to":"e-1"}`}}, all...)
	tests := []struct {
		name, query, header string
		want                []event
	}{
		{"no id", "", "", nil},
		{"in the middle", "", "e-3", all[3:]},
		{"newest", "", "e-8", nil},
		{"one before the newest", "", custom, all[6:]},
		{"future", "", "e-99", nil},
		{"query lastEventId", "&lastEventId=e-4", "", all[4:]},
		{"query last-event-id", "&last-event-id=e-4", "", all[4:]},
		{"query last_event_id", "&last_event_id=e-4", "", all[4:]},
		{"query Last-Event-ID", "&Last-Event-ID=e-4", "", all[4:]},
		{"query UTF-8", "&lastEventId=" + url.QueryEscape(custom), "", all[6:]},
		{"header wins", "&lastEventId=e-1", "e-5", all[5:]},
		{"other epoch", "", "d-3", unknown},
		{"no number", "", "e-x", unknown},
		{"negative", "", "e--1", unknown},
		{"zero", "", "e-0", unknown},
		{"not canonical", "", "e-03", unknown},
		{"overflow", "", "e-99999999999999999999", unknown},
		{"junk", "", "1;drop\t:\u2028", unknown},
		{"Latin-1", "", "\xe9", unknown},
		{"long", "", strings.Repeat("x", 4096), unknown},
		{"id of another topic", "", "e-6", unknown},
	}
	var clients []*client
	for _, tt := range tests {
		header := "last-event-id:" // in lower case, and empty means absent
		if tt.header != "" {
			header += " " + tt.header
		}
		c := connect(t, s, "/events?topic=t"+tt.query, header)
		for _, w := range tt.want {
			if got, err := c.next(); got != w || err != nil {
				t.Fatalf("%s: next = %+v, %v; want %+v", tt.name, got, err, w)
			}
		}
		clients = append(clients, c)
	}
	// And then all are live.
	put(t, s, "live", "t")
	for i, c := range clients {
		if got, err := c.next(); got != (event{ID: "e-9", Data: "live"}) || err != nil {
			t.Fatalf("%s: then %+v, %v", tests[i].name, got, err)
		}
	}
}

// TestResumeEvicted uses windows that have lost their oldest events.
func TestResumeEvicted(t *testing.T) {
	s := start(t, Config{Window: Window{Bytes: 4 << 10}})
	data := strings.Repeat("x", 500)
	for range 100 {
		put(t, s, data, "busy")
	}
	put(t, s, "q", "quiet")
	oldest := s.Stats().Window.Oldest
	first, err := strconv.Atoi(strings.TrimPrefix(oldest, "e-"))
	if err != nil || first < 50 || first > 95 {
		t.Fatalf("oldest id kept = %s", oldest)
	}
	c := connect(t, s, "/events?topic=busy", "Last-Event-ID: e-7")
	c.want(event{Event: "gap", Data: fmt.Sprintf(`{"reason":"evicted","from":"e-7","to":"e-%d"}`, first)})
	for i := first; i <= 100; i++ {
		c.want(event{ID: "e-" + strconv.Itoa(i), Data: data})
	}
	// Just after the newest that is gone: nothing is missing.
	c = connect(t, s, "/events?topic=busy", fmt.Sprintf("Last-Event-ID: e-%d", first-1))
	c.want(event{ID: oldest, Data: data})
	// On two topics, what the client has of the quiet one is not repeated.
	put(t, s, data, "busy")
	for range 30 {
		put(t, s, data, "busy")
	}
	c = connect(t, s, "/events?topic=busy&topic=quiet", "Last-Event-ID: e-101")
	e, err := c.next()
	if err != nil || e.Event != "gap" || !strings.Contains(e.Data, `"from":"e-101"`) {
		t.Fatalf("next = %+v, %v", e, err)
	}
	for i := 0; ; i++ {
		e, err := c.next()
		if err != nil || e.Data == "q" {
			t.Fatalf("next = %+v, %v", e, err)
		}
		if e.ID == "e-132" {
			break
		}
	}
}

func TestWindowAge(t *testing.T) {
	s := start(t, Config{Window: Window{Age: 50 * time.Millisecond}})
	put(t, s, "old", "t")
	put(t, s, "old", "u")
	eventually(t, "no topic is left", func() bool { return s.Stats().Topics == 0 })
	if w := s.Stats().Window; w.Events != 0 || w.Bytes != 0 || w.Oldest != "" {
		t.Errorf("window = %+v", w)
	}
	put(t, s, "new", "t")
	c := connect(t, s, "/events?topic=t", "Last-Event-ID: e-1")
	if e, err := c.next(); err != nil || e.Event != "gap" {
		t.Errorf("next = %+v, %v", e, err)
	}
}

// TestResumeRace publishes at full speed while streams come and go at random
// points. Each stream, over all its connections, must get exactly 1…N.
func TestResumeRace(t *testing.T) {
	reconnects := 10_000
	if testing.Short() {
		reconnects = 1000
	}
	s := start(t, Config{Window: Window{Bytes: 1 << 30}})
	done := make(chan struct{})
	total := 0
	var lead atomic.Int64 // the most that a stream has seen
	var publisher, readers sync.WaitGroup
	publisher.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			// A stream on a and b has every event, as one on c has.
			total++
			put(t, s, strconv.Itoa(total), [][]string{{"a", "c"}, {"c", "b"}, {"a", "b", "c"}}[total%3]...)
			// Without this the streams would only ever see the past.
			for total > int(lead.Load())+100 && !isClosed(done) {
				time.Sleep(50 * time.Microsecond)
			}
		}
	})
	racers := make([]*racer, 8)
	for k := range racers {
		racers[k] = &racer{t: t, s: s, rand: rand.New(rand.NewPCG(uint64(k), 7)),
			path: []string{"/events?topic=c", "/events?topic=a&topic=b"}[k%2],
			// The last two have goroutines.
			version: []string{"HTTP/1.1", "HTTP/1.0"}[k/6]}
		readers.Go(func() {
			for range reconnects / len(racers) {
				racers[k].connect(racers[k].rand.IntN(40))
				lead.Store(max(lead.Load(), int64(racers[k].seen)))
			}
		})
	}
	readers.Wait()
	close(done)
	publisher.Wait()
	if total < 1000 {
		t.Fatalf("only %d events were published", total)
	}
	for k, r := range racers {
		r.connect(total - r.seen)
		if r.seen != total {
			t.Errorf("stream %d has %d events of %d", k, r.seen, total)
		}
	}
	if _, err := s.hub.publish(nil, []string{"a", "b", "c"}, true); err != nil {
		t.Fatal(err)
	}
	for k, r := range racers {
		if c := dial(t, s, r.path, "Last-Event-ID: "+r.lastID); c.resp.StatusCode != 204 {
			t.Errorf("stream %d is offered more than %d events", k, total)
		}
	}
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// A racer is one stream over many connections.
type racer struct {
	t             *testing.T
	s             *Server
	rand          *rand.Rand
	path, version string
	lastID        string
	seen          int // events 1…seen
}

// connect resumes and reads n events.
func (r *racer) connect(n int) {
	if r.t.Failed() {
		return
	}
	header := "Last-Event-ID: " + r.lastID
	if r.lastID == "" {
		header = "Last-Event-ID: begin" // unknown: everything
	}
	c := request(r.t, r.s, "GET "+r.path+" "+r.version, "", header)
	defer c.close()
	for range n {
		e, err := c.next()
		if err == nil && e.Event == gapEvent && r.seen == 0 {
			e, err = c.next()
		}
		if want := strconv.Itoa(r.seen + 1); err != nil || e.Data != want {
			r.t.Errorf("%s %s: got %+v, %v after %d", r.path, r.version, e, err, r.seen)
			return
		}
		r.seen, r.lastID = r.seen+1, e.ID
	}
}
