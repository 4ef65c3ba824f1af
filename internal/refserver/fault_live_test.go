package refserver

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What a silent stream gets.
func TestFaultHeartbeats(t *testing.T) {
	const heartbeat = 10 * time.Millisecond
	for fault, want := range map[string]string{
		"":                strings.Repeat(comment, 4),
		"heartbeat-event": comment + strings.Repeat("data: ping\n\n", 3),
	} {
		s := start(t, Config{Fault: fault, Heartbeat: heartbeat, Retry: -1})
		c := connect(t, s, "/events?topic=t")
		got := make([]byte, len(want))
		if _, err := io.ReadFull(c.body, got); err != nil || string(got) != want {
			t.Errorf("%q: %v, %q, want %q", fault, err, got, want)
		}
		c.close()
	}
	s := start(t, Config{Fault: "heartbeat-once", Heartbeat: heartbeat, Retry: -1})
	c := connect(t, s, "/events?topic=t")
	if _, err := io.ReadFull(c.body, make([]byte, 2*len(comment))); err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * heartbeat) // in which there would be more
	put(t, s, "a", "t")
	if line, err := c.body.ReadString('\n'); err != nil || line != "id: e-1\n" {
		t.Errorf("after the first heartbeat and an event came %q, %v", line, err)
	}
	c.close()
}

// How a client that comes back to a finished topic is answered.
func TestFaultStops(t *testing.T) {
	for fault, want := range map[string]string{
		"":           "HTTP/1.1 204 No Content\r\n",
		"stop-body":  "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nbye",
		"job-again":  "HTTP/1.1 200 OK\r\n",
		"stop-empty": "HTTP/1.1 200 OK\r\n",
		"last-again": "HTTP/1.1 200 OK\r\n",
	} {
		s := start(t, Config{Fault: fault, Retry: -1})
		put(t, s, "a", "t")
		put(t, s, "b", "t")
		if status, answer := post(t, s, `{"topic":"t","finish":true}`); status != http.StatusOK {
			t.Fatalf("finish: %d %s", status, answer)
		}
		conn, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(patience))
		_, _ = io.WriteString(conn, "GET /events?topic=t HTTP/1.1\r\nHost: a\r\nLast-Event-ID: e-2\r\nConnection: close\r\n\r\n")
		got, err := io.ReadAll(conn)
		conn.Close()
		if err != nil || !strings.HasPrefix(string(got), want) {
			t.Errorf("%q: %v, %q, want %q", fault, err, got, want)
		}
		for text, in := range map[string]string{"data: again": "job-again", "data: b": "last-again", "data: a": "none"} {
			if bytes.Contains(got, []byte(text)) != (fault == in || text == "data: a" && fault == "job-again") {
				t.Errorf("%q: %q; whether it has %q is wrong", fault, got, text)
			}
		}
	}
}

// How a stream ends that the server ends.
func TestFaultEnds(t *testing.T) {
	for _, row := range []struct {
		fault, want string
		shutdown    bool
		err         error
	}{
		{"", comment, true, nil},
		{"", comment, false, nil},
		{"shutdown-cut", comment + "data: never dispatched\n", true, nil},
		{"shutdown-cut", comment, false, nil},
		{"finish-cut", comment, false, io.ErrUnexpectedEOF},
	} {
		s := start(t, Config{Fault: row.fault, Retry: -1})
		c := connect(t, s, "/events?topic=t")
		if row.shutdown {
			stop(t, s)
		} else if status, answer := post(t, s, `{"topic":"t","finish":true}`); status != http.StatusOK {
			t.Fatalf("finish: %d %s", status, answer)
		}
		if got, err := io.ReadAll(c.body); string(got) != row.want || err != row.err {
			t.Errorf("%s, shutdown %t: %q, %v; want %q, %v", row.fault, row.shutdown, got, err, row.want, row.err)
		}
	}
}

// What is written leaves with what is written next, and at the end.
func TestFaultOneBehind(t *testing.T) {
	s := start(t, Config{Fault: "one-behind", Retry: -1})
	c := connect(t, s, "/events?topic=t")
	put(t, s, "a", "t")
	put(t, s, "b", "t")
	want := comment + "id: e-1\ndata: a\n\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c.body, got); err != nil || string(got) != want {
		t.Errorf("%v, %q, want %q", err, got, want)
	}
	if status, answer := post(t, s, `{"topic":"t","finish":true}`); status != http.StatusOK {
		t.Fatalf("finish: %d %s", status, answer)
	}
	if rest, err := io.ReadAll(c.body); err != nil || string(rest) != "id: e-2\ndata: b\n\n" {
		t.Errorf("%v, the rest is %q", err, rest)
	}
}

// A stream that has been left keeps its place.
func TestFaultPlacesKept(t *testing.T) {
	for fault, want := range map[string]int{"": 0, "places-kept": 1} {
		s := start(t, Config{Fault: fault})
		st, err := s.hub.subscribe(subscription{topics: []string{"t"}, subject: "a"})
		if err != nil {
			t.Fatal(err)
		}
		s.hub.leave(st, endedByPeer)
		if got := s.hub.bySubject["a"]; got != want {
			t.Errorf("%q: %d places are taken, want %d", fault, got, want)
		}
	}
}

// A stream that fell behind goes on, and the gap is told or not.
func TestFaultGapUntold(t *testing.T) {
	for fault, want := range map[string]bool{"": true, "gap-untold": false} {
		s := start(t, Config{Fault: fault, SlowReader: Gap, Window: Window{Bytes: 1}})
		st, err := s.hub.subscribe(subscription{topics: []string{"t"}})
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			put(t, s, strings.Repeat("x", maxSegment), "t")
		}
		if !st.lost() {
			t.Fatal("the stream is not behind")
		}
		s.hub.skip(st)
		if st.lost() || (len(st.rest) > 0) != want {
			t.Errorf("%q: lost %t, told %q", fault, st.lost(), st.rest)
		}
		s.hub.leave(st, endedByPeer)
	}
}

// An unfinished head holds up the next connection.
func TestFaultHeadsInTurn(t *testing.T) {
	s := start(t, Config{Fault: "heads-in-turn"})
	begun := time.Now()
	drip, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer drip.Close()
	_, _ = io.WriteString(drip, "GET / HTTP/1.1\r\nHost: ")
	connect(t, s, "/events?topic=t").close()
	if waited := time.Since(begun); waited < headTime {
		t.Errorf("another head was read after %v, want %v or more", waited, headTime)
	}
}
