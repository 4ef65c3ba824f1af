package conformance

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A client keeps its last event ID over a connection that gives it no other.
func TestAfter(t *testing.T) {
	for _, row := range []struct{ body, want string }{
		{"data: a\n\n", "7"},
		{"id: 8\ndata: a\n\n", "8"},
		{"id: 8\ndata: never ended\n", "7"},
		{"id:\n\n", ""},
		{"\ufeffid: 8\ndata: a\n\n", "8"},
	} {
		sent := make(chan string, 1)
		address := raw(t, func(conn net.Conn, r *http.Request) {
			sent <- r.Header.Get("Last-Event-ID")
			say(conn, rawHead, row.body)
		})
		one := talkTo(t, Target{URL: address})
		s := one.open(ask{name: "stream", after: "7"})
		s.end(patience)
		if got := s.gone(); got != row.want || <-sent != "7" || s.rec.After != "7" {
			t.Errorf("behind %q the last event ID is %q, want %q; the record says %q was sent", row.body, got, row.want, s.rec.After)
		}
	}
}

// What is sent of the ID is exactly what the ask says.
func TestLastEventIDFields(t *testing.T) {
	for _, row := range []struct {
		name string
		ask  ask
		want []string // header lines that name the field in any case
	}{
		{"none", ask{}, nil},
		{"usual", ask{after: "é;7"}, []string{"Last-Event-ID: é;7"}},
		{"lower case", ask{after: "7", fields: []Field{{"last-event-id", "7"}}}, []string{"last-event-id: 7"}},
		{"kept back", ask{after: "7", fields: []Field{{"Last-Event-ID", ""}}}, nil},
		{"empty", ask{extra: []Field{{"Last-Event-ID", ""}}}, []string{"Last-Event-ID: "}},
	} {
		address := raw(t, func(conn net.Conn, _ *http.Request) { say(conn, rawHead) })
		one := talkTo(t, Target{URL: address})
		row.ask.name = "stream"
		over(one.open(row.ask))
		var got []string
		for line := range strings.SplitSeq(string(one.rec.Connections[0].Request), "\r\n") {
			if name, _, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Last-Event-ID") {
				got = append(got, line)
			}
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func TestCutAfter(t *testing.T) {
	more := make(chan bool)
	address := raw(t, func(conn net.Conn, _ *http.Request) {
		say(conn, rawHead, "data: a\n\n")
		<-more
		_, _ = io.WriteString(conn, "data: "+strings.Repeat("b", 5000)+"\n\n")
		hold(conn)
	})
	one := talkTo(t, Target{URL: address})
	s := one.open(ask{name: "stream"})
	s.awaitBytes(patience, len("data: a\n\n"))
	s.cutAfter(1000)
	close(more)
	s.end(patience)
	c := over(s)
	if want := len("data: a\n\n") + 1000; c.End != EndLimit || len(c.bytes()) != want || len(c.events()) != 1 {
		t.Errorf("%s after %d bytes and %d events, want %s after %d and 1", c.End, len(c.bytes()), len(c.events()), EndLimit, want)
	}
}

// Without IDs nothing can be said of resuming, and nothing is.
func TestResumeWithoutIDs(t *testing.T) {
	t.Parallel()
	r := mustRun(t, serveBroker(t, newBroker()), Options{Run: []string{"resume"}})
	for _, c := range r.Checks {
		switch {
		case c.ID == "resume.no-stealing":
			if c.Outcome != Pass {
				t.Errorf("%s: %s %q", c.ID, c.Outcome, c.Observed)
			}
		case c.ID == "resume.restart":
			if c.Outcome != NotTested || !strings.Contains(c.Enable, "restart") {
				t.Errorf("%s: %s %q", c.ID, c.Outcome, c.Enable)
			}
		case c.ID == "resume.header-utf8":
			if c.Outcome != NotTested {
				t.Errorf("%s: %s %q", c.ID, c.Outcome, c.Observed)
			}
		case c.Outcome != NotTested || !strings.Contains(c.Observed, "no ids"):
			t.Errorf("%s: %s %q, want not-tested for want of ids", c.ID, c.Outcome, c.Observed)
		}
	}
	if len(r.Checks) != len(resumeChecks) {
		t.Errorf("%d checks, want %d", len(r.Checks), len(resumeChecks))
	}
}

// A backend with few virtues, and no vices but two: it keeps 150 events and
// tells nobody when that is not enough, and knows the header alone.
func TestResumeFindsDefects(t *testing.T) {
	t.Parallel()
	h := &historian{keep: 150, topics: map[string][]string{}, changed: make(chan struct{}), done: make(chan struct{})}
	server := httptest.NewServer(h)
	t.Cleanup(func() { close(h.done); server.Close() })
	r := mustRun(t, Target{
		URL: server.URL + "/?topic={topic}", Publish: &Publish{Func: h.publish},
		Pace: Pace{Heartbeat: 15 * time.Second, Patience: 5 * time.Second, Quiet: 300 * time.Millisecond, Listen: 100 * time.Millisecond},
	}, Options{Run: []string{"resume"}})
	if got, want := red(r), []string{"resume.evicted.signalled", "resume.query-param"}; !slices.Equal(got, want) {
		for _, id := range got {
			t.Log(describe(new(find(t, r, id))))
		}
		t.Errorf("red: %v, want %v", got, want)
	}
	if window := find(t, r, "resume.window"); !strings.HasPrefix(window.Observed, "the newest 150 events with ") {
		t.Errorf("resume.window: %q", window.Observed)
	}
	// The rest is not tested, for want of IDs from publishers, of a restart and
	// of a query parameter, or only told.
	if want := (Counts{Pass: 18, Warn: 2, Info: 2, NotTested: 3}); r.Counts != want {
		t.Errorf("%s, want %s", r.Counts, want)
	}
}

// A historian is a backend that numbers the events of a topic from 1 and keeps
// the newest ones.
type historian struct {
	keep int
	done chan struct{}

	mu      sync.Mutex
	topics  map[string][]string // every event ever published
	changed chan struct{}       // closed and replaced by each publish
}

func (h *historian) publish(_ context.Context, topic string, f Fields) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(f, "id")
	h.topics[topic] = append(h.topics[topic], fmt.Sprintf("id: %d\n%s", len(h.topics[topic])+1, block(f)))
	close(h.changed)
	h.changed = make(chan struct{})
	return nil
}

func (h *historian) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	topic := r.URL.Query().Get("topic")
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, ":\n\n")
	at := -1
	if n, err := strconv.Atoi(r.Header.Get("Last-Event-ID")); err == nil && n > 0 {
		at = n
	}
	for {
		h.mu.Lock()
		events, changed := h.topics[topic], h.changed
		h.mu.Unlock()
		if at < 0 || at > len(events) {
			at = len(events)
		}
		at = max(at, len(events)-h.keep)
		for ; at < len(events); at++ {
			_, _ = io.WriteString(w, events[at])
		}
		if http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		case <-h.done:
			return
		}
	}
}

// A backend that takes the order of IDs as that of their text is not blamed for
// the letters in them.
func TestResumeOrderOfText(t *testing.T) {
	t.Parallel()
	b := newBroker()
	var mu sync.Mutex
	var kept []Fields
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if last := r.Header.Get("Last-Event-ID"); last != "" {
			w.Header().Set("Content-Type", "text/event-stream")
			mu.Lock()
			for _, f := range kept {
				if f["id"] > last {
					_, _ = io.WriteString(w, block(f))
				}
			}
			mu.Unlock()
		}
		b.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { close(b.done); server.Close() })
	number := 0
	target := Target{URL: server.URL + "/events?topic={topic}", Pace: quick, Publish: &Publish{Func: func(ctx context.Context, topic string, f Fields) error {
		mu.Lock()
		if number++; f["id"] == "" {
			f["id"] = fmt.Sprintf("%08d", number)
		}
		kept = append(kept, f)
		mu.Unlock()
		return b.publish(ctx, topic, f)
	}}}
	r := mustRun(t, target, Options{Exchanges: []string{"resume-utf8"}, Run: []string{"resume.header-utf8"}})
	if c := find(t, r, "resume.header-utf8"); c.Outcome != Pass {
		t.Errorf("%s: %s %q", c.ID, c.Outcome, c.Observed)
	}
}
