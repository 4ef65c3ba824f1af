package conformance

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStreamRecordsChunks(t *testing.T) {
	more := make(chan struct{})
	url := raw(t, func(conn net.Conn, _ *http.Request) {
		say(conn, rawHead+"\nTransfer-Encoding: chunked", "9\r\ndata: a\n\n\r\n")
		<-more
		_, _ = io.WriteString(conn, "6\r\ndata: \r\n3\r\nb\n\n\r\n0\r\n\r\n")
		hold(conn)
	})
	s := talkTo(t, Target{URL: url}).open(ask{name: "stream"})
	if !s.await(patience, func(e []Event) bool { return len(e) == 1 }) {
		t.Fatal("the first event did not arrive")
	}
	close(more)
	if !s.end(patience) {
		t.Fatal("the response did not end")
	}
	c := over(s)
	var chunks []string
	for _, chunk := range c.Chunks {
		chunks = append(chunks, string(chunk.Data))
		if !chunk.Begins {
			t.Errorf("no transfer chunk begins at %q", chunk.Data)
		}
	}
	if diff := cmp.Diff([]string{"data: a\n\n", "data: ", "b\n\n"}, chunks); diff != "" {
		t.Error(diff)
	}
	if c.End != EndComplete || c.Status != 200 || c.Head == nil {
		t.Errorf("end %q, status %d, head %q", c.End, c.Status, c.Head)
	}
	if !(0 < c.Dialed && c.Dialed <= c.Sent && c.Sent <= c.Responded && c.Responded <= c.Chunks[0].At && c.Chunks[0].At <= c.Ended) {
		t.Errorf("times out of order: %+v", c)
	}
	events := c.events()
	if len(events) != 2 || events[1].Data != "b" || events[1].Offset != 9 || events[1].At != c.Chunks[2].At {
		t.Errorf("events %+v", events)
	}
}

func TestStreamEnds(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       End
	}{
		{"complete", rawHead + "\nContent-Length: 1|x", EndComplete},
		{"closed", rawHead + "|x", EndClosed},
		{"cut", rawHead + "\nContent-Length: 2|x", EndCut},
		{"no response", "", EndCut},
		{"malformed", rawHead + "\nTransfer-Encoding: chunked|x\r\n", EndMalformed},
		{"unknown coding", rawHead + "\nContent-Encoding: br|x", EndMalformed},
		{"limit", rawHead + "|" + strings.Repeat("x", 100), EndLimit},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := raw(t, func(conn net.Conn, _ *http.Request) {
				if head, body, ok := strings.Cut(c.text, "|"); ok {
					say(conn, head, body)
				}
			})
			s := talkTo(t, Target{URL: url}).open(ask{name: "stream", limit: 100})
			s.end(patience)
			if got := over(s); got.End != c.want {
				t.Errorf("end %q (%s), want %q", got.End, got.Problem, c.want)
			}
		})
	}
}

func TestStreamRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	s := talkTo(t, Target{URL: "http://" + listener.Addr().String()}).open(ask{name: "stream"})
	if c := over(s); c.End != EndReset || c.Problem != "connection refused" {
		t.Errorf("end %q, problem %q", c.End, c.Problem)
	}
}

// A stalled stream takes little more than the head, so that the target's
// buffers fill.
func TestStreamStalls(t *testing.T) {
	t.Parallel()
	const size = 64 << 10
	url := raw(t, func(conn net.Conn, _ *http.Request) {
		say(conn, rawHead, strings.Repeat(": x\n", size/4))
		hold(conn)
	})
	s := talkTo(t, Target{URL: url}).open(ask{name: "stream", stalled: true, window: 4096})
	if !s.responded() {
		t.Fatal("no response")
	}
	s.mu.Lock()
	if s.size > stalledSize {
		t.Errorf("%d bytes of the body were read", s.size)
	}
	s.mu.Unlock()
	s.read()
	if !s.awaitBytes(patience, size) {
		t.Error("the body was not read afterwards")
	}
	s.stall()
}

func TestStreamCloseAndAbort(t *testing.T) {
	for name, want := range map[string]error{"close": io.EOF, "abort": syscall.ECONNRESET} {
		t.Run(name, func(t *testing.T) {
			got := make(chan error, 1)
			url := raw(t, func(conn net.Conn, _ *http.Request) {
				say(conn, rawHead)
				_, err := conn.Read(make([]byte, 1))
				got <- err
			})
			s := talkTo(t, Target{URL: url}).open(ask{name: "stream"})
			if name == "abort" {
				s.abort()
			} else {
				s.close()
			}
			if err := <-got; !errors.Is(err, want) {
				t.Errorf("the server reads %v, want %v", err, want)
			}
			if c := over(s); c.End != EndLeft {
				t.Errorf("end %q, want %q", c.End, EndLeft)
			}
		})
	}
}

func TestStreamAgain(t *testing.T) {
	server := httptest.NewServer(newBroker())
	defer server.Close()
	one := talkTo(t, Target{URL: server.URL + "/events"})
	s := one.open(ask{name: "head", method: "HEAD"})
	if !s.again(ask{name: "next", method: "HEAD"}) || !s.head(patience) {
		t.Fatal("no second response")
	}
	over(s)
	var names []string
	for _, c := range one.rec.Connections {
		names = append(names, c.Name)
		if c.Status != 200 || c.End != EndComplete || len(c.Stray) > 0 {
			t.Errorf("%s: status %d, end %q, stray %q", c.Name, c.Status, c.End, c.Stray)
		}
	}
	if !slices.Equal(names, []string{"head", "next"}) {
		t.Errorf("connections %v", names)
	}
}

func TestStreamNoticesClose(t *testing.T) {
	url := raw(t, func(conn net.Conn, _ *http.Request) { say(conn, rawHead+"\nContent-Length: 0") })
	s := talkTo(t, Target{URL: url}).open(ask{name: "stream"})
	if !s.closed(patience) {
		t.Error("the close of the peer was not noticed")
	}
	if s.again(ask{name: "next"}) {
		t.Error("a second request was sent over a closed connection")
	}
}

// Redirects are followed, and the token does not go to another origin.
func TestOpenFollowsRedirects(t *testing.T) {
	seen := make(chan string, 3)
	elsewhere := raw(t, func(conn net.Conn, r *http.Request) {
		seen <- r.URL.Path + " " + r.Header.Get("Authorization")
		say(conn, rawHead)
	})
	url := raw(t, func(conn net.Conn, r *http.Request) {
		seen <- r.URL.Path + " " + r.Header.Get("Authorization")
		if r.URL.Path == "/a" {
			say(conn, "HTTP/1.1 307 There\nLocation: b?{x}\nContent-Length: 0")
			return
		}
		say(conn, "HTTP/1.1 302 There\nLocation: "+elsewhere+"/c\nContent-Length: 0")
	})
	one := talkTo(t, Target{URL: url + "/a", Tokens: &Tokens{Good: "a-good-token"}})
	s := one.open(ask{name: "stream"})
	if !s.isStream() {
		t.Fatalf("no stream: %+v", over(s))
	}
	for _, want := range []string{"/a Bearer a-good-token", "/b Bearer a-good-token", "/c "} {
		if got := <-seen; got != want {
			t.Errorf("the server saw %q, want %q", got, want)
		}
	}
	if n := len(one.rec.Connections); n != 3 || one.rec.Connections[1].Name != "stream/redirect" || one.rec.named("stream").Status != 200 {
		t.Errorf("%d connections are recorded", n)
	}
}

// What a compressor has not flushed is not seen.
func TestStreamInflates(t *testing.T) {
	var coded bytes.Buffer
	z := gzip.NewWriter(&coded)
	step := make(chan struct{})
	url := raw(t, func(conn net.Conn, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "gzip" {
			t.Errorf("Accept-Encoding: %q", got)
		}
		say(conn, rawHead+"\nContent-Encoding: gzip")
		flush := func(text string, flush bool) {
			_, _ = io.WriteString(z, text)
			if flush {
				_ = z.Flush()
			}
			_, _ = conn.Write(coded.Bytes())
			coded.Reset()
			<-step
		}
		flush("data: a\n\n", true)
		flush("data: b\n\n", false)
		flush("", true)
	})
	s := talkTo(t, Target{URL: url}).open(ask{name: "stream", fields: []Field{{"Accept-Encoding", "gzip"}}})
	has := func(n int) func([]Event) bool { return func(e []Event) bool { return len(e) == n } }
	if !s.await(patience, has(1)) {
		t.Fatal("the first event cannot be decoded")
	}
	step <- struct{}{}
	if s.await(50*time.Millisecond, has(2)) {
		t.Error("an event that was not flushed is there")
	}
	step <- struct{}{}
	if !s.await(patience, has(2)) {
		t.Error("the second event cannot be decoded")
	}
	if got := s.received(); len(got) != 2 || got[1].Data != "b" {
		t.Errorf("events %+v", got)
	}
	close(step)
}

func TestContentIsBounded(t *testing.T) {
	if plain, err := newContent("gzip").feed(bomb, 1<<20); len(plain) != 1<<20+1 || err != nil {
		t.Errorf("a bomb gives %d bytes, %v", len(plain), err)
	}
	c := newContent("gzip")
	var err error
	for range maxFeeds + 1 {
		_, err = c.feed([]byte{0x1f}[:min(1, max(0, 1-len(c.coded)))], 1<<20)
	}
	if !errors.Is(err, errCoded) {
		t.Errorf("drops give %v, want %v", err, errCoded)
	}
	if _, err := newContent("gzip").feed([]byte("not gzip at all"), 100); err == nil {
		t.Error("what is no gzip gives no error")
	}
}

func TestDeflate(t *testing.T) {
	for name, coded := range map[string]string{
		"zlib": "\x78\x9c\x4b\x49\x2c\x49\xb4\x52\xa8\xe0\xe2\x02\x00\x0f\x2f\x02\x81",
		"bare": "\x4b\x49\x2c\x49\xb4\x52\xa8\xe0\xe2\x02\x00",
	} {
		if got, err := newContent("Deflate").feed([]byte(coded), 100); err != nil || string(got) != "data: x\n\n" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestHTTP10(t *testing.T) {
	url := raw(t, func(conn net.Conn, r *http.Request) {
		if r.Proto != "HTTP/1.0" || r.Header.Get("Last-Event-ID") != "7" || r.Header.Get("Accept") != "" {
			t.Errorf("request %s %v", r.Proto, r.Header)
		}
		say(conn, strings.Replace(rawHead, "1.1", "1.0", 1), "id: 8\ndata: x\n\n")
	})
	s := talkTo(t, Target{URL: url}).open(ask{name: "old", proto: "HTTP/1.0", fields: []Field{{"Accept", ""}, {"Last-Event-ID", "7"}}})
	s.end(patience)
	if s.lastEventID() != "8" || s.rec.End != EndClosed {
		t.Errorf("last event ID %q, end %q", s.lastEventID(), s.rec.End)
	}
}

func TestHTTP2(t *testing.T) {
	gone := make(chan struct{}, 2)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: "+r.Proto+" "+r.RemoteAddr+"\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		gone <- struct{}{}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	one := talkTo(t, Target{URL: server.URL, HTTP: "2", TLS: TLS{Insecure: true}})
	a, b := one.open(ask{name: "a", shared: true}), one.open(ask{name: "b", shared: true})
	for _, s := range []*stream{a, b} {
		if !s.await(patience, func(e []Event) bool { return len(e) == 1 }) {
			t.Fatalf("no event: %+v", over(s))
		}
	}
	if x, y := a.received()[0].Data, b.received()[0].Data; x != y || !strings.HasPrefix(x, "HTTP/2.0 ") {
		t.Errorf("two shared streams: %q and %q", x, y)
	}
	a.abort()
	<-gone
	c := over(a)
	if c.End != EndLeft || c.Protocol != "HTTP/2.0" || !c.TLS || c.value("content-type") != "text/event-stream" {
		t.Errorf("record %+v", c)
	}
	if b.end(20 * time.Millisecond) {
		t.Error("the other stream ended too")
	}
	b.close()
	<-gone
}

func TestSettleAndMark(t *testing.T) {
	b := newBroker()
	server := httptest.NewServer(b)
	defer server.Close()
	defer close(b.done)
	target := Target{URL: server.URL + "/events?topic={topic}", Publish: &Publish{Func: b.publish}}
	one := talkTo(t, target)
	x, y := one.open(ask{name: "x"}), one.open(ask{name: "y"})
	if !one.settle(x, y) || !one.mark(x, y) {
		t.Fatalf("the streams do not get marks: %s", one.rec.Problem)
	}
	p := one.publish(Fields{"data": "hello"})
	if !p.Accepted || p.Topic != "topic" || p.Answered < p.Sent {
		t.Errorf("publication %+v", p)
	}
	if !one.hasMark("hello", patience, x) {
		t.Error("the event did not arrive")
	}

	target.URL += "elsewhere"
	target.Pace = Pace{Patience: 50 * time.Millisecond}
	deaf := talkTo(t, target)
	if deaf.settle(deaf.open(ask{name: "x"})) || !strings.Contains(deaf.rec.Problem, "name the same topic") {
		t.Errorf("a stream of another topic settles; problem %q", deaf.rec.Problem)
	}
}
