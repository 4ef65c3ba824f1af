package conformance

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of a test. No test passes by waiting for it.
const patience = 30 * time.Second

// raw serves bytes by hand: serve gets each connection with the request that
// was read from it. It returns the base URL.
func raw(t *testing.T, serve func(conn net.Conn, r *http.Request)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				defer context.AfterFunc(ctx, func() { conn.Close() })()
				r, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				serve(conn, r)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		cancel()
		serving.Wait()
	})
	return "http://" + listener.Addr().String()
}

// say writes text with LF as CRLF in its head.
func say(conn net.Conn, head string, body ...string) {
	_, _ = io.WriteString(conn, strings.ReplaceAll(head, "\n", "\r\n")+"\r\n\r\n"+strings.Join(body, ""))
}

// hold waits until the peer closes.
func hold(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

const rawHead = "HTTP/1.1 200 OK\nContent-Type: text/event-stream"

// talkTo is an exchange that has just begun. It ends with the test.
func talkTo(t *testing.T, target Target) *talk {
	t.Helper()
	if target.Pace == (Pace{}) {
		target.Pace = Pace{Heartbeat: time.Second, Patience: patience, Quiet: 50 * time.Millisecond, Listen: 50 * time.Millisecond, Lifetime: 50 * time.Millisecond}
	}
	r, err := newRunner(target, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	one := &talk{ctx: ctx, run: r, target: &r.target, exchange: &exchange{name: "test"}, topic: "topic", nonce: "nonce", rec: &Transcript{Exchange: "test", Facts: r.target.facts()}}
	t.Cleanup(func() {
		cancel()
		for _, s := range one.streams {
			<-s.done
		}
		if one.h2 != nil {
			one.h2.CloseIdleConnections()
		}
		r.client.CloseIdleConnections()
	})
	return one
}

// over closes the stream and returns its record.
func over(s *stream) *Connection {
	s.close()
	<-s.done
	return s.rec
}

// A broker is a small backend: topics with their subscribers.
type broker struct {
	mu     sync.Mutex
	topics map[string]map[chan string]*atomic.Int64 // with the bytes that are on their way
	// wire changes what is written for an event. Default block.
	wire func(Fields) string
	// head changes the head fields.
	head func(http.Header)
	// withhold sends the head with the first event.
	withhold bool
	done     chan struct{}
}

// endOfStream in place of an event ends the streams.
const endOfStream = "end"

func newBroker() *broker {
	return &broker{topics: map[string]map[chan string]*atomic.Int64{}, wire: block, head: func(http.Header) {}, done: make(chan struct{})}
}

var errRefused = errors.New("refused")

// publish is a Publish.Func.
func (b *broker) publish(_ context.Context, topic string, f Fields) error {
	if strings.Contains(f["data"], "\x00") || breaksBlock(f) {
		return errRefused
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for c, queued := range b.topics[topic] {
		text := b.wire(f)
		if len(c) > 50 && queued.Load() > 1<<20 {
			delete(b.topics[topic], c) // too slow
			close(c)
			continue
		}
		queued.Add(int64(len(text)))
		c <- text
	}
	return nil
}

func (b *broker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/events" {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "no", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store, no-transform")
	b.head(w.Header())
	if r.Method == http.MethodHead {
		return
	}
	topic, events := r.URL.Query().Get("topic"), make(chan string, 4096)
	b.mu.Lock()
	if b.topics[topic] == nil {
		b.topics[topic] = map[chan string]*atomic.Int64{}
	}
	queued := new(atomic.Int64)
	b.topics[topic][events] = queued
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.topics[topic], events)
	}()
	flush := http.NewResponseController(w).Flush
	if !b.withhold {
		_, _ = io.WriteString(w, ":\n\n")
		_ = flush()
	}
	for {
		select {
		case text, ok := <-events:
			if !ok || text == endOfStream {
				return
			}
			queued.Add(-int64(len(text)))
			if _, err := io.WriteString(w, text); err != nil || flush() != nil {
				return
			}
		case <-r.Context().Done():
			return
		case <-b.done:
			return
		}
	}
}

// bomb is 8 MiB of NULs in gzip.
var bomb = func() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(make([]byte, 8<<20))
	_ = z.Close()
	return b.Bytes()
}()
