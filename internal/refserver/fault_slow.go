package refserver

import (
	"bytes"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// slowFaults are about one client that is slow, or many, beside others.
var slowFaults = []faultRow{
	{Fault{"writes-in-turn", "One stream is written to at a time, however long that takes.",
		[]string{"slow.isolation.latency"}},
		faultHooks{config: windowOf(64 << 20), subscription: unswept, handler: inTurn}},
	{Fault{"large-lost", "Of a topic's events beyond the 60th, every tenth that is longer than 16 KiB is lost.",
		[]string{"slow.isolation.loss"}},
		faultHooks{event: func(t *topicFault, e []byte) [][]byte {
			if t.count > 60 && t.count%10 == 0 && len(e) > 16<<10 {
				return nil
			}
			return [][]byte{e}
		}}},
	{Fault{"publish-waits", "A publish waits while a stream is written to, two and a half seconds at most.",
		[]string{"slow.publisher"}},
		faultHooks{subscription: unswept, handler: publishBehindWrites}},
	{Fault{"unbounded", "Everything is kept for a stream that does not read.",
		[]string{"slow.bounded"}},
		faultHooks{config: windowOf(64 << 20)}},
	{Fault{"gap-untold", "A stream that fell behind goes on with the oldest event kept, and is not told.",
		[]string{"slow.drop-signalled"}},
		faultHooks{config: func(c *Config) { c.SlowReader = Gap }, hushed: true}},
	{Fault{"streams-in-turn", "Beyond 100 streams, each waits for another one to end.",
		[]string{"slow.connect-flood"}},
		faultHooks{subscription: unswept, handler: atMost(100)}},
	{Fault{"heads-in-turn", "The head of a request is read before the next connection is accepted.",
		[]string{"slow.slowloris"}},
		faultHooks{accept: readHead}},
}

func windowOf(bytes int) func(*Config) { return func(c *Config) { c.Window.Bytes = bytes } }

// inTurn lets one stream write at a time.
func inTurn(next http.Handler) http.Handler {
	var turn sync.Mutex
	return tapped(func(next http.Handler, w *tap, r *http.Request) {
		write, flush := w.write, w.flush
		w.write = func(p []byte) (int, error) {
			turn.Lock()
			defer turn.Unlock()
			return write(p)
		}
		w.flush = func() error {
			turn.Lock()
			defer turn.Unlock()
			return flush()
		}
		next.ServeHTTP(w, r)
	})(next)
}

// publishBehindWrites lets a publish wait for the streams that are being written
// to.
func publishBehindWrites(next http.Handler) http.Handler {
	const most, look = 2500 * time.Millisecond, 5 * time.Millisecond
	var writing atomic.Int32
	streams := tapped(func(next http.Handler, w *tap, r *http.Request) {
		write := w.write
		w.write = func(p []byte) (int, error) {
			writing.Add(1)
			defer writing.Add(-1)
			return write(p)
		}
		next.ServeHTTP(w, r)
	})
	publishes := onPath("/publish", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		for end := time.Now().Add(most); writing.Load() > 0 && time.Now().Before(end) && r.Context().Err() == nil; {
			pause(r.Context(), look)
		}
		next.ServeHTTP(w, r)
	})
	return publishes(streams(next))
}

// atMost lets so many streams be open at a time.
func atMost(n int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		places := make(chan struct{}, n)
		return tapped(func(next http.Handler, w *tap, r *http.Request) {
			select {
			case places <- struct{}{}:
				defer func() { <-places }()
				next.ServeHTTP(w, r)
			case <-r.Context().Done():
			}
		})(next)
	}
}

// headTime is how long a head may take that holds up all others.
const headTime = 2 * time.Second

// readHead reads from a connection until it has a whole head.
func readHead(c net.Conn) net.Conn {
	var head []byte
	buf := make([]byte, 4<<10)
	_ = c.SetReadDeadline(time.Now().Add(headTime))
	for !bytes.Contains(head, []byte("\r\n\r\n")) && len(head) < 64<<10 {
		n, err := c.Read(buf)
		head = append(head, buf[:n]...)
		if err != nil {
			break // net/http will find out why
		}
	}
	_ = c.SetReadDeadline(time.Time{})
	return &readConn{c, head}
}

// A readConn is a connection of which some bytes have been read.
type readConn struct {
	net.Conn
	read []byte
}

func (c *readConn) Read(p []byte) (int, error) {
	if len(c.read) > 0 {
		n := copy(p, c.read)
		c.read = c.read[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}
