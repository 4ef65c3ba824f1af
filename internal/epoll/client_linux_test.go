package epoll

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// dial connects to l, as an event loop does, and returns both ends. The caller
// closes fd.
func dial(t testing.TB, l net.Listener, source netip.Addr) (fd int, peer net.Conn) {
	t.Helper()
	to := l.Addr().(*net.TCPAddr).AddrPort()
	fd, err := Socket(to.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if source.IsValid() {
		if err := Bind(fd, source); err != nil {
			t.Fatal(err)
		}
	}
	if err := Connect(fd, to); err != nil && err != ErrInProgress {
		t.Fatal(err)
	}
	peer, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	if err := ConnectError(fd); err != nil {
		t.Fatal(err)
	}
	return fd, peer
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestBind(t *testing.T) {
	fd, peer := dial(t, listen(t), netip.MustParseAddr("127.0.3.7"))
	defer CloseFD(fd)
	if got := peer.RemoteAddr().(*net.TCPAddr).IP.String(); got != "127.0.3.7" {
		t.Errorf("connected from %s, want 127.0.3.7", got)
	}
}

func TestConnectRefused(t *testing.T) {
	l := listen(t)
	to := l.Addr().(*net.TCPAddr).AddrPort()
	l.Close()
	p := newPoller(t)
	fd, err := Socket(to.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer CloseFD(fd)
	err = Connect(fd, to)
	if err == ErrInProgress {
		if err := p.Add(fd, 1, In|Out); err != nil {
			t.Fatal(err)
		}
		next(t, p)
		err = ConnectError(fd)
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("error %v, want connection refused", err)
	}
}

func TestReceiveTimestamps(t *testing.T) {
	fd, peer := dial(t, listen(t), netip.Addr{})
	defer CloseFD(fd)
	if err := SetReceiveTimestamps(fd); err != nil {
		t.Skip(err)
	}
	var r Receiver
	buf := make([]byte, 100)
	if _, _, err := r.Receive(fd, buf); err != ErrAgain {
		t.Fatalf("nothing there: %v, want ErrAgain", err)
	}
	before := time.Now().UnixNano()
	if _, err := peer.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	var n int
	var stamp int64
	err := ErrAgain
	for deadline := time.Now().Add(10 * time.Second); err == ErrAgain && time.Now().Before(deadline); {
		n, stamp, err = r.Receive(fd, buf)
	}
	after := time.Now().UnixNano()
	if err != nil || string(buf[:n]) != "hello" {
		t.Fatalf("received %q, %v", buf[:n], err)
	}
	// The kernel's switch for timestamps is thrown a little after the first
	// socket has asked for them; a stamp that is there must be right.
	if stamp != 0 && (stamp < before || stamp > after) {
		t.Errorf("stamp %d, want between %d and %d", stamp, before, after)
	}
	if allocs := testing.AllocsPerRun(100, func() { _, _, _ = r.Receive(fd, buf) }); allocs != 0 {
		t.Errorf("Receive allocates %v times", allocs)
	}
	peer.Close()
	for err = ErrAgain; err == ErrAgain; {
		_, _, err = r.Receive(fd, buf)
	}
	if err != io.EOF {
		t.Errorf("at the end: %v, want io.EOF", err)
	}
}

func TestAbortResets(t *testing.T) {
	fd, peer := dial(t, listen(t), netip.Addr{})
	if err := SetAbort(fd); err != nil {
		t.Fatal(err)
	}
	if err := CloseFD(fd); err != nil {
		t.Fatal(err)
	}
	if _, err := peer.Read(make([]byte, 1)); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("the peer reads %v, want a reset", err)
	}
}

func TestParker(t *testing.T) {
	p := newPoller(t)
	a, b := pair(t)
	if err := p.Add(a, 5, In); err != nil {
		t.Fatal(err)
	}
	var pending atomic.Bool
	k, err := NewParker(p, pending.Load)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	buf := make([]Event, 4)
	for range 1000 {
		go Send(b, []byte("x"))
		if n, err := k.Wait(buf); n != 1 || err != nil || !buf[0].Readable || buf[0].Token != 5 {
			t.Fatalf("Wait = (%d, %v), %+v; want one readable", n, err, buf[0])
		}
		if n, err := Read(a, make([]byte, 10)); n != 1 || err != nil {
			t.Fatalf("Read = (%d, %v)", n, err)
		}
		go func() { pending.Store(true); p.Wake() }()
		if n, err := k.Wait(buf); n != 0 || err != nil {
			t.Fatalf("Wait = (%d, %v), want to be woken with no event", n, err)
		}
		pending.Store(false)
	}
}

// BenchmarkReceive compares a read with one that returns the timestamp too,
// each with the write that it needs.
func BenchmarkReceive(b *testing.B) {
	data, buf := make([]byte, 120), make([]byte, 1<<16)
	for _, c := range []struct {
		name    string
		stamped bool
	}{{"read", false}, {"stamped", true}} {
		b.Run(c.name, func(b *testing.B) {
			fd, peer := dial(b, listen(b), netip.Addr{})
			defer CloseFD(fd)
			if c.stamped {
				if err := SetReceiveTimestamps(fd); err != nil {
					b.Skip(err)
				}
			}
			to, err := Detach(peer.(*net.TCPConn))
			if err != nil {
				b.Fatal(err)
			}
			defer CloseFD(to)
			var r Receiver
			for b.Loop() {
				if _, err := Send(to, data); err != nil {
					b.Fatal(err)
				}
				if c.stamped {
					_, _, err = r.Receive(fd, buf)
				} else {
					_, err = Read(fd, buf)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
