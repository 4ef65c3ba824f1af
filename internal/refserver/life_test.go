package refserver

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestDeathIsNoticed closes clients in every way while no event comes.
func TestDeathIsNoticed(t *testing.T) {
	s := start(t, Config{Heartbeat: -1})
	for name, end := range map[string]func(*net.TCPConn){
		"FIN":        func(c *net.TCPConn) { c.Close() },
		"RST":        func(c *net.TCPConn) { c.SetLinger(0); c.Close() },
		"half-close": func(c *net.TCPConn) { c.CloseWrite() },
	} {
		c := connect(t, s, "/events?topic=t&topic=u")
		eventually(t, "a subscriber", subscribers(s, 1))
		end(c.conn.(*net.TCPConn))
		eventually(t, name+" is noticed", subscribers(s, 0))
		eventually(t, "idle topics are gone", func() bool { return s.Stats().Topics == 0 })
	}
	c := openHTTP2(t, start(t, Config{Heartbeat: -1, H2C: true}), "/events?topic=t", "")
	c.resp.Body.Close()
}

// TestBytesAfterRequest sends what nobody asked for.
func TestBytesAfterRequest(t *testing.T) {
	s := start(t, Config{})
	c := connect(t, s, "/events?topic=t")
	for range 10 {
		io.WriteString(c.conn, "GET /events?topic=t HTTP/1.1\r\n\r\n")
	}
	put(t, s, "x", "t")
	c.want(event{ID: "e-1", Data: "x"})
	if n := s.Stats().Subscribers.Total; n != 1 {
		t.Fatalf("%d subscribers", n)
	}
	junk := make([]byte, 64<<10)
	for {
		if _, err := c.conn.Write(junk); err != nil {
			break
		}
	}
	eventually(t, "a flood ends the stream", subscribers(s, 0))
}

// TestComeAndGo leaves nothing behind after many streams.
func TestComeAndGo(t *testing.T) {
	cycles := 10_000
	if testing.Short() {
		cycles = 1000
	}
	s := start(t, Config{})
	connect(t, s, "/events?topic=keep")
	eventually(t, "a subscriber", subscribers(s, 1))
	before, goroutines := descriptors(t), runtime.NumGoroutine()
	stopped := make(chan struct{})
	var publisher, clients sync.WaitGroup
	publisher.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stopped:
				return
			default:
				put(t, s, "x", "t"+strconv.Itoa(i%5), "all")
				time.Sleep(time.Millisecond)
			}
		}
	})
	for k := range 4 {
		clients.Go(func() {
			r := rand.New(rand.NewPCG(uint64(k), 3))
			for range cycles / 4 {
				conn, err := net.Dial("tcp", s.Addr().String())
				if err != nil {
					t.Error(err)
					return
				}
				fmt.Fprintf(conn, "GET /events?topic=t%d&topic=all HTTP/1.%d\r\nHost: x\r\n\r\n", r.IntN(5), min(1, r.IntN(10)))
				if r.IntN(3) > 0 {
					conn.SetDeadline(time.Now().Add(patience))
					if _, err := conn.Read(make([]byte, 512)); err != nil {
						t.Error(err)
					}
				}
				if r.IntN(2) == 0 {
					conn.(*net.TCPConn).SetLinger(0)
				}
				conn.Close()
			}
		})
	}
	clients.Wait()
	close(stopped)
	publisher.Wait()
	eventually(t, "only one subscriber is left", subscribers(s, 1))
	eventually(t, "no descriptor is left", func() bool { return descriptors(t) <= before })
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines })
	if st := s.Stats(); st.Subscribers.Swept != 1 {
		t.Errorf("subscribers = %+v", st.Subscribers)
	}
	c := connect(t, s, "/events?topic=fresh")
	put(t, s, "still works", "fresh")
	if e, err := c.next(); err != nil || e.Data != "still works" {
		t.Errorf("next = %+v, %v", e, err)
	}
}

// stall opens a stream with small buffers that is never read.
func stall(t *testing.T, s *Server, path, version string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	fmt.Fprintf(conn, "GET %s %s\r\nHost: x\r\n\r\n", path, version)
	return conn
}

// TestStalledReaders lets some clients stop reading: the others get everything
// at once, memory stays bounded, and the policy is applied and counted.
func TestStalledReaders(t *testing.T) {
	data := strings.Repeat("x", 1000)
	const window = 256 << 10
	for _, policy := range []SlowReader{Cut, Gap} {
		for _, version := range []string{"HTTP/1.1", "HTTP/1.0"} {
			for _, path := range []string{"/events?topic=t", "/events?topic=t&topic=u"} {
				t.Run(fmt.Sprint(policy, version, path), func(t *testing.T) {
					t.Parallel()
					s := start(t, Config{SlowReader: policy, Window: Window{Bytes: window}, SendBuffer: 16 << 10, WriteTimeout: patience})
					slow := stall(t, s, path, version)
					eventually(t, "a subscriber", subscribers(s, 1))
					good := connect(t, s, "/events?topic=t")
					// Many times what the window and the kernel's buffers hold.
					const total = 2000
					for i := range total {
						put(t, s, data+strconv.Itoa(i), "t")
						if e, err := good.next(); err != nil || e.Data != data+strconv.Itoa(i) {
							t.Fatalf("good reader: event %d is %.20s…, %v", i, e.ID, err)
						}
					}
					if kept := s.Stats().Window.Bytes; kept > window+maxSegment {
						t.Errorf("%d bytes are kept", kept)
					}
					if policy == Cut && version == "HTTP/1.1" {
						eventually(t, "the stalled reader is cut", func() bool {
							st := s.Stats()
							return st.SlowReaders == SlowReaderStats{Cut: 1} && st.Subscribers.Total == 1
						})
					}
					// From here on the client reads, and fast.
					slow.(*net.TCPConn).SetReadBuffer(1 << 20)
					slow.SetDeadline(time.Now().Add(patience))
					c := (&client{t: t, conn: slow}).readHead()
					last, gaps := -1, 0
					for {
						e, err := c.next()
						if err != nil {
							if policy == Gap {
								t.Fatalf("after event %d: %v", last, err)
							}
							break
						}
						if e.Event == gapEvent {
							gaps++
							last = -1
							continue
						}
						i, _ := strconv.Atoi(strings.TrimPrefix(e.Data, data))
						if last >= 0 && i != last+1 {
							t.Fatalf("event %d follows event %d", i, last)
						}
						if last = i; i == total-1 {
							break
						}
					}
					st := s.Stats().SlowReaders
					switch policy {
					case Cut:
						if last == total-1 || gaps != 0 || st != (SlowReaderStats{Cut: 1}) {
							t.Errorf("cut after event %d, %d gaps, counted %+v", last, gaps, st)
						}
					case Gap:
						if last != total-1 || gaps == 0 || st != (SlowReaderStats{Gapped: uint64(gaps)}) {
							t.Errorf("gap reader ends at %d with %d gaps, counted %+v", last, gaps, st)
						}
					}
				})
			}
		}
	}
}

// TestPartialWrites makes nearly every write a partial one, and expects every
// event whole.
func TestPartialWrites(t *testing.T) {
	for _, path := range []string{"/events?topic=t", "/events?topic=t&topic=u&topic=v"} {
		s := start(t, Config{SendBuffer: 1, Window: Window{Bytes: 1 << 30}})
		c := stall(t, s, path, "HTTP/1.1")
		c.(*net.TCPConn).SetReadBuffer(64 << 10)
		eventually(t, "a subscriber", subscribers(s, 1))
		r := rand.New(rand.NewPCG(1, 2))
		var want []string
		for i := range 2000 {
			data := strconv.Itoa(i) + strings.Repeat("x", r.IntN(3000))
			put(t, s, data, [][]string{{"t"}, {"t", "u"}, {"t", "v"}}[r.IntN(3)]...)
			want = append(want, data)
		}
		c.SetDeadline(time.Now().Add(2 * patience))
		reader := (&client{t: t, conn: c}).readHead()
		for i, w := range want {
			if e, err := reader.next(); err != nil || e.Data != w {
				t.Fatalf("%s: event %d is %+v, %v", path, i, e, err)
			}
		}
	}
}

func TestHeartbeat(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			cfg := way.cfg()
			cfg.Heartbeat = 20 * time.Millisecond
			s := start(t, cfg)
			c := way.open(t, s, "/events?topic=t", "")
			c.block()
			c.block()
			wantBeats := func(n int) {
				t.Helper()
				for range n {
					if e, err := c.block(); err != nil || e != (event{Comment: "[]"}) {
						t.Fatalf("instead of a heartbeat: %+v, %v", e, err)
					}
				}
			}
			wantBeats(4)
			put(t, s, "x", "t")
			c.want(event{ID: "e-1", Data: "x"})
			wantBeats(4)
		})
	}
}

// TestExpiry opens streams with tokens that soon expire, and publishes all the
// time. A stream must end, cleanly, and what it got was published before.
func TestExpiry(t *testing.T) {
	for _, way := range ways {
		for _, path := range []string{"/events?topic=t", "/events?topic=t&topic=u"} {
			t.Run(way.name+path, func(t *testing.T) {
				t.Parallel()
				i := newIssuer(t)
				cfg := way.cfg()
				cfg.Auth = i.auth()
				cfg.Auth.QueryToken = "t"
				s := start(t, cfg)
				// Tokens hold whole seconds.
				expiry := time.Now().Add(2 * time.Second).Truncate(time.Second)
				raw := i.mint("ann", time.Until(expiry)+time.Millisecond, "*", "*")
				c := way.open(t, s, path+"&t="+raw, "")
				stopped := make(chan struct{})
				var publisher sync.WaitGroup
				publisher.Go(func() {
					for {
						select {
						case <-stopped:
							return
						default:
							put(t, s, strconv.FormatInt(time.Now().UnixNano(), 10), "t")
							time.Sleep(100 * time.Microsecond)
						}
					}
				})
				defer publisher.Wait()
				defer close(stopped)
				n := 0
				for {
					e, err := c.next()
					if err == io.EOF {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					n++
					// The stamp is taken before the publish, so an event that
					// bears a later one was surely published later.
					if at, _ := strconv.ParseInt(e.Data, 10, 64); at > expiry.UnixNano() {
						t.Fatalf("event from %v after the expiry", time.Duration(at-expiry.UnixNano()))
					}
				}
				if now := time.Now(); n == 0 || now.Before(expiry) {
					t.Errorf("%d events, ended %v before the expiry", n, expiry.Sub(now))
				}
				if c := dial(t, s, path+"&t="+raw); c.resp.StatusCode != 401 {
					t.Errorf("again with the same token: %s", c.resp.Status)
				}
			})
		}
	}
}

// TestIdleExpiry ends a stream on which nothing happens.
func TestIdleExpiry(t *testing.T) {
	i := newIssuer(t)
	s := start(t, Config{Auth: i.auth()})
	c := connect(t, s, "/events?topic=t", "Authorization: Bearer "+i.mint("ann", 1500*time.Millisecond, "t", "t"))
	c.wantEnd()
	eventually(t, "no subscriber", subscribers(s, 0))
}

// TestShutdown publishes much and shuts down at once: readers get all of it,
// whole, and the end of the body. A stalled one does not hold it up for ever.
func TestShutdown(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, way.cfg())
			var clients []*client
			for k := range 10 {
				clients = append(clients, way.open(t, s, []string{"/events?topic=t", "/events?topic=u&topic=t"}[k%2], ""))
			}
			var readers sync.WaitGroup
			const total = 3000
			for _, c := range clients {
				readers.Go(func() {
					for i := range total {
						if e, err := c.next(); err != nil || e.ID != "e-"+strconv.Itoa(i+1) {
							t.Errorf("instead of event %d: %+v, %v", i+1, e, err)
							return
						}
					}
					if e, err := c.next(); err != io.EOF {
						t.Errorf("instead of the end: %+v, %v", e, err)
					}
				})
			}
			data := strings.Repeat("x", 500)
			for range total {
				put(t, s, data, "t")
			}
			stop(t, s)
			readers.Wait()
			if _, err := net.Dial("tcp", s.Addr().String()); err == nil {
				t.Error("the server still listens")
			}
		})
	}
}

func TestShutdownWithStalledReader(t *testing.T) {
	for _, version := range []string{"HTTP/1.1", "HTTP/1.0"} {
		s := start(t, Config{SendBuffer: 1})
		stall(t, s, "/events?topic=t", version)
		eventually(t, "a subscriber", subscribers(s, 1))
		for range 7 {
			put(t, s, strings.Repeat("x", 1<<20), "t")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if err := s.Shutdown(ctx); err == nil {
			t.Errorf("%s: Shutdown succeeded", version)
		}
		cancel()
		eventually(t, "no subscriber", subscribers(s, 0))
	}
}

// TestPrivateTopics has many small topics at once.
func TestPrivateTopics(t *testing.T) {
	s := start(t, Config{})
	var clients []*client
	for k := range 300 {
		clients = append(clients, connect(t, s, "/events?topic=all&topic=user/"+strconv.Itoa(k)))
	}
	put(t, s, "first", "all")
	for k := range clients {
		put(t, s, "for "+strconv.Itoa(k), "user/"+strconv.Itoa(k))
	}
	put(t, s, "last", "all")
	for k, c := range clients {
		c.want(event{ID: "e-1", Data: "first"},
			event{ID: "e-" + strconv.Itoa(k+2), Data: "for " + strconv.Itoa(k)},
			event{ID: "e-302", Data: "last"})
	}
}
