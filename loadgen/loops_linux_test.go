package loadgen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// loopsScenario has one attempt for every stream: the next would come after the
// test.
const loopsScenario = `
name: loops
target: {url: "${LIAR}/events?stream={stream}"}
publish: {via: none}
streams:
  count: 1
  ramp: 0s
  reconnect: {retry: 1h, jitter: 0}
duration: 1h
`

// A bareRun has streams on event loops, without the phases around them.
type bareRun struct {
	*run
	loops *loops
	total *Tally
}

func startLoops(t *testing.T, url string, set ...string) *bareRun {
	t.Helper()
	b, err := newBareRun(scenarioPlan(t, loopsScenario, url, TransportLoops, set))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.loops.stop)
	return b
}

func newBareRun(plan *Plan) (*bareRun, error) {
	r, err := firstRun(plan)
	if err != nil {
		return nil, err
	}
	r.measureFrom.Store(0)
	if err := r.makeTokens(context.Background(), r.fresh); err != nil {
		return nil, err
	}
	transport, err := newLoops(context.Background(), r)
	if err != nil {
		return nil, err
	}
	return &bareRun{run: r, loops: transport.(*loops), total: newTally(len(plan.Cohorts))}, nil
}

func (b *bareRun) openAll() {
	for _, s := range b.streams {
		b.loops.open(s)
	}
}

// until adds up what the loops count until it is good.
func (b *bareRun) until(good func(*Tally) bool) bool {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		var mu sync.Mutex
		b.loops.each(func(l *loop) {
			part := l.swap()
			mu.Lock()
			defer mu.Unlock()
			b.total.Add(part)
		})
		if good(b.total) {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

func (b *bareRun) await(t *testing.T, what string, good func(*Tally) bool) {
	t.Helper()
	if !b.until(good) {
		t.Fatalf("waited in vain for %s; streams %+v, failures %v, events %+v", what, b.total.Streams, b.total.Failures, b.total.events())
	}
}

// scripted serves connections on a free port; script gets each with its number,
// once the request has been read.
func scripted(t *testing.T, script func(c *net.TCPConn, n int, request string)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	var connections sync.Map
	t.Cleanup(func() {
		l.Close()
		connections.Range(func(c, _ any) bool { c.(net.Conn).Close(); return true })
		serving.Wait()
	})
	serving.Go(func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			connections.Store(c, true)
			serving.Go(func() {
				defer c.Close()
				request, buf := "", make([]byte, 4096)
				for !strings.Contains(request, "\r\n\r\n") {
					k, err := c.Read(buf)
					if err != nil {
						return
					}
					request += string(buf[:k])
				}
				script(c.(*net.TCPConn), n, request)
			})
		}
	})
	return "http://" + l.Addr().String()
}

// hold keeps a connection until the client ends it.
func hold(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }

func TestLoopsResponses(t *testing.T) {
	chunkedHead := streamHead + "Transfer-Encoding: chunked\r\n\r\n"
	opened := StreamCounts{Opened: 1}
	dropped := StreamCounts{Opened: 1, Dropped: 1}
	failed := StreamCounts{Failed: 1}
	for _, c := range []struct {
		name, wire string
		how        func(c *net.TCPConn) // the connection ends
		streams    StreamCounts
		why        Failure
		events     int64
	}{
		{"open", chunkedHead + "9\r\ndata: a\n\n\r\n", hold, opened, "", 1},
		{"open after informational heads", "HTTP/1.1 103 Early Hints\r\n\r\n" + chunkedHead + "9\r\ndata: a\n\n\r\n", hold, opened, "", 1},
		{"last chunk", chunkedHead + "9\r\ndata: a\n\n\r\n0\r\n\r\n", hold, dropped, FailureEnded, 1},
		{"end of counted body", streamHead + "Content-Length: 9\r\n\r\ndata: a\n\n", hold, dropped, FailureEnded, 1},
		{"close ends the body", streamHead + "\r\ndata: a\n\n", nil, dropped, FailureEnded, 1},
		{"close between chunks", chunkedHead + "9\r\ndata: a\n\n\r\n", nil, dropped, FailureReset, 1},
		{"close within a chunk", chunkedHead + "99\r\ndata: a\n\n", nil, dropped, FailureReset, 1},
		{"close before the length", streamHead + "Content-Length: 99\r\n\r\ndata: a\n\n", nil, dropped, FailureReset, 1},
		{"reset", streamHead, func(c *net.TCPConn) { c.SetLinger(0) }, StreamCounts{}, FailureReset, 0},
		{"malformed chunk", chunkedHead + "9\r\ndata: a\n\nx", hold, dropped, FailureProtocol, 1},
		{"malformed head", "hello\r\n\r\n", hold, StreamCounts{}, FailureProtocol, 0},
		{"endless head", streamHead + strings.Repeat("X: y\r\n", 20000), hold, StreamCounts{}, FailureProtocol, 0},
		{"endless informational heads", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 4000), hold, StreamCounts{}, FailureProtocol, 0},
		{"no answer", "", nil, StreamCounts{}, FailureEnded, 0},
		{"half a head", streamHead, nil, StreamCounts{}, FailureReset, 0},
		{"204", "HTTP/1.1 204 No Content\r\n\r\n", hold, StreamCounts{Finished: 1}, "", 0},
		{"500", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", hold, failed, "status 500", 0},
		{"wrong type", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", hold, failed, FailureType, 0},
		{"redirect without location", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", hold, failed, "status 302", 0},
		{"redirect to https", "HTTP/1.1 301 Moved\r\nLocation: https://example.com/\r\n\r\n", hold, failed, FailureSecureRedirect, 0},
		{"redirect to another scheme", "HTTP/1.1 307 Moved\r\nLocation: mailto:me\r\n\r\n", hold, StreamCounts{}, FailureRedirects, 0},
		{"redirects without end", "HTTP/1.1 303 See Other\r\nLocation: /again\r\n\r\n", hold, StreamCounts{}, FailureRedirects, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := scripted(t, func(conn *net.TCPConn, _ int, _ string) {
				io.WriteString(conn, c.wire)
				if c.how != nil {
					c.how(conn)
				}
			})
			b := startLoops(t, url)
			b.openAll()
			failures := map[Failure]uint64{}
			if c.why != "" {
				failures[c.why] = 1
			}
			b.await(t, "the outcome", func(got *Tally) bool {
				return got.Streams == c.streams && maps.Equal(got.Failures, failures) && got.events().Received == c.events
			})
		})
	}
}

func TestLoopsReadAnyPieces(t *testing.T) {
	wire := streamHead + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("9;x=y\r\ndata: a\n\n\r\n1\r\nd\r\n8\r\nata: b\n\n\r\n", 3)
	url := scripted(t, func(c *net.TCPConn, _ int, _ string) {
		for i := range wire {
			io.WriteString(c, wire[i:i+1])
			if i%7 == 0 {
				time.Sleep(100 * time.Microsecond)
			}
		}
		hold(c)
	})
	b := startLoops(t, url, "streams.count=10")
	b.openAll()
	b.await(t, "60 events", func(got *Tally) bool { return got.events().Received == 60 && got.Streams.Opened == 10 })
}

func TestLoopsRefused(t *testing.T) {
	b := startLoops(t, "http://"+closedPort(t), "streams.count=5")
	b.openAll()
	b.await(t, "5 refusals", func(got *Tally) bool { return got.Failures[FailureRefused] == 5 })
}

func TestLoopsSourceAddresses(t *testing.T) {
	var from sync.Map
	url := scripted(t, func(c *net.TCPConn, _ int, _ string) {
		from.Store(c.RemoteAddr().(*net.TCPAddr).IP.String(), true)
		io.WriteString(c, streamHead+"\r\n")
		hold(c)
	})
	b := startLoops(t, url, "streams.count=6")
	b.loops.sources = loopbackAddresses(netip.MustParseAddr("127.0.0.1"), 3)
	b.openAll()
	b.await(t, "6 streams", func(got *Tally) bool { return got.Streams.Opened == 6 })
	for _, want := range []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"} {
		if _, ok := from.Load(want); !ok {
			t.Errorf("no stream from %s", want)
		}
	}
}

func TestLoopsTellMissingPortsApart(t *testing.T) {
	b := startLoops(t, "http://"+closedPort(t))
	// Documentation addresses (RFC 5737) are nobody's.
	b.loops.sources = []netip.Addr{netip.MustParseAddr("192.0.2.1")}
	b.openAll()
	b.await(t, "an address that is not available", func(got *Tally) bool { return got.Failures[FailurePorts] == 1 })
}

func TestLoopsDialTimeout(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	// The queue of this listener holds one connection; the others wait for an
	// answer to their SYN.
	b := startLoops(t, fmt.Sprintf("http://127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port), "streams.count=8")
	b.openAll()
	var waiting atomic.Int64
	b.await(t, "a connection that is not answered", func(*Tally) bool {
		waiting.Store(0)
		b.loops.each(func(l *loop) {
			for _, s := range l.streams {
				k := b.loops.owner(s).link(s.index)
				if k.phase == dialling {
					waiting.Add(1)
					k.loop.expired(k, k.attempt.dialled+int64(dialTimeout))
				}
			}
		})
		return waiting.Load() > 0
	})
	b.await(t, "its timeout", func(got *Tally) bool { return got.Failures[FailureTimeout] >= uint64(waiting.Load()) })
}

// A stream whose answer is awaited keeps others from connecting, but not for
// ever.
func TestLoopsBoundHandshakes(t *testing.T) {
	var asked atomic.Int64
	url := scripted(t, func(c *net.TCPConn, n int, _ string) {
		asked.Add(1)
		if n < 2 {
			hold(c)
			return
		}
		io.WriteString(c, streamHead+"\r\n")
		hold(c)
	})
	b := startLoops(t, url, "streams.count=20", "streams.in_flight=2")
	start := time.Now()
	b.openAll()
	b.await(t, "18 streams", func(got *Tally) bool { return got.Streams.Opened == 18 })
	if took := time.Since(start); took < patience {
		t.Errorf("all connected within %v although the first two were unanswered for %v", took, patience)
	}
	if asked.Load() != 20 {
		t.Errorf("%d requests, want 20", asked.Load())
	}
}

// A stream with endless data does not starve the others of its loop, nor those
// who ask for its Tally.
func TestLoopsAreFair(t *testing.T) {
	flood := []byte(strings.Repeat(": "+strings.Repeat("x", 1000)+"\n", 1000))
	url := scripted(t, func(c *net.TCPConn, n int, request string) {
		io.WriteString(c, streamHead+"\r\n")
		for strings.Contains(request, "stream=0 ") {
			if _, err := c.Write(flood); err != nil {
				return
			}
		}
		for {
			if _, err := io.WriteString(c, "data: a\n\n"); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
	b := startLoops(t, url, "streams.count=9")
	b.openAll()
	b.await(t, "400 events", func(got *Tally) bool { return got.events().Received >= 400 && got.events().Comments > 1000 })
}

func TestLoopsShut(t *testing.T) {
	var ended atomic.Int64
	url := scripted(t, func(c *net.TCPConn, _ int, _ string) {
		io.WriteString(c, streamHead+"\r\n")
		hold(c)
		ended.Add(1)
	})
	b := startLoops(t, url, "streams.count=10")
	b.openAll()
	b.await(t, "10 streams", func(got *Tally) bool { return got.Streams.Opened == 10 })
	for _, s := range b.streams {
		b.loops.shut(s)
	}
	b.await(t, "their end", func(*Tally) bool { return ended.Load() == 10 && b.openNow.Load() == 0 })
	if b.total.Streams.Dropped != 0 || len(b.total.Failures) != 0 {
		t.Errorf("closing as planned counts as %+v, %v", b.total.Streams, b.total.Failures)
	}
}

func TestLoopsReceiveTimestamps(t *testing.T) {
	url := scripted(t, func(c *net.TCPConn, _ int, _ string) {
		io.WriteString(c, streamHead+"\r\n")
		for {
			if _, err := io.WriteString(c, "data: a\n\n"); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
	b := startLoops(t, url)
	b.openAll()
	b.await(t, "events", func(got *Tally) bool { return got.events().Received > 50 })
	stamped, lags := b.loops.describe().KernelTimestamps, b.total.ReceiveLag.Count()
	if stamped != (lags > 0) {
		t.Errorf("kernel timestamps %v, with %d receive lags", stamped, lags)
	}
}

func TestTimers(t *testing.T) {
	var h timers
	links := make([]link, 200)
	for i := range links {
		links[i].timer = noTimer
	}
	random := rand.New(rand.NewPCG(1, 2))
	want := map[*link]int64{}
	for range 20000 {
		k := &links[random.IntN(len(links))]
		due := random.Int64N(50)
		h.set(k, due)
		if want[k] = due; due == 0 {
			delete(want, k)
		}
		if len(h) != len(want) {
			t.Fatalf("%d timers, want %d", len(h), len(want))
		}
		if len(h) == 0 {
			continue
		}
		first := int64(1 << 62)
		for _, at := range want {
			first = min(first, at)
		}
		if h[0].due != first {
			t.Fatalf("the first is due at %d, want %d", h[0].due, first)
		}
	}
	for i, k := range h {
		if int(k.timer) != i || k.due != want[k] {
			t.Fatalf("link at %d thinks it is at %d, due %d; want %d", i, k.timer, k.due, want[k])
		}
	}
}

func TestSourceAddresses(t *testing.T) {
	for _, c := range []struct {
		target       string
		count, ports int
		want         int
	}{
		{"127.0.0.1", 1000, 28232, 0},
		{"127.0.0.1", 19762, 28232, 0},
		{"127.0.0.1", 19763, 28232, 2},
		{"127.0.0.1", 1_000_000, 28232, 51},
		{"127.0.0.1", 100_000, 0, 0},
		{"::1", 100_000, 28232, 0},
	} {
		got := sourceAddresses(netip.MustParseAddr(c.target), c.count, c.ports)
		if len(got) != c.want {
			t.Errorf("%d streams to %s with %d ports: %d addresses, want %d", c.count, c.target, c.ports, len(got), c.want)
		}
		seen := map[netip.Addr]bool{}
		for _, a := range got {
			if seen[a] || !a.IsLoopback() {
				t.Errorf("%s is there twice or no loopback address", a)
			}
			seen[a] = true
		}
	}
}

// descriptorsProgram opens streams with too few descriptors for all.
const descriptorsProgram = "too-few-descriptors"

func init() {
	programs[descriptorsProgram] = func() {
		url := os.Getenv("LOADGEN_TEST_URL")
		s, err := Load("x.yaml", []byte(loopsScenario), []string{"streams.count=30"}, func(string) (string, bool) { return url, true })
		if err != nil {
			panic(err)
		}
		plan := NewPlan(s)
		b, err := newBareRun(plan)
		if err != nil {
			panic(err)
		}
		defer b.loops.stop()
		limit := uint64(descriptorsUsed() + 10)
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			panic(err)
		}
		b.openAll()
		b.until(func(got *Tally) bool {
			return got.Streams.Opened+int64(got.Failures[FailureDescriptors]) == 30
		})
		text, _ := json.Marshal(map[string]any{"opened": b.total.Streams.Opened, "failures": b.total.Failures})
		os.Stdout.Write(text)
	}
}

func TestLoopsTellMissingDescriptorsApart(t *testing.T) {
	url := scripted(t, func(c *net.TCPConn, _ int, _ string) {
		io.WriteString(c, streamHead+"\r\n")
		hold(c)
	})
	program := exec.Command(os.Args[0])
	program.Env = append(os.Environ(), programVariable+"="+descriptorsProgram, "LOADGEN_TEST_URL="+url)
	program.Stderr = os.Stderr
	text, err := program.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Opened   uint64
		Failures map[Failure]uint64
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if got.Opened == 0 || got.Opened > 15 || got.Failures[FailureDescriptors] != 30-got.Opened || len(got.Failures) != 1 {
		t.Errorf("opened %d, failures %v; want some opened, and for all others no descriptors", got.Opened, got.Failures)
	}
}
