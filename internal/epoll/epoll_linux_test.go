package epoll

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pair returns two connected non-blocking sockets.
func pair(t *testing.T) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	return fds[0], fds[1]
}

func newPoller(t *testing.T) *Poller {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// next waits for one event.
func next(t *testing.T, p *Poller) Event {
	t.Helper()
	buf := make([]Event, 4)
	n, err := p.Wait(buf, 10*time.Second)
	if err != nil || n != 1 {
		t.Fatalf("Wait = (%d, %v), want one event", n, err)
	}
	return buf[0]
}

func none(t *testing.T, p *Poller) {
	t.Helper()
	if n, err := p.Wait(make([]Event, 4), 0); n != 0 || err != nil {
		t.Fatalf("Wait = (%d, %v), want no event", n, err)
	}
}

func TestEdges(t *testing.T) {
	p := newPoller(t)
	a, b := pair(t)
	const token = 0xfedc_ba98_7654_3210
	if err := p.Add(a, token, In); err != nil {
		t.Fatal(err)
	}
	none(t, p)
	if n, err := Send(b, []byte("hello")); n != 5 || err != nil {
		t.Fatalf("Write = (%d, %v)", n, err)
	}
	if got, want := next(t, p), (Event{Token: token, Readable: true}); got != want {
		t.Fatalf("event = %+v, want %+v", got, want)
	}
	// Edge-triggered: unread bytes are not reported twice.
	none(t, p)
	if err := p.Modify(a, 7, In|Out); err != nil {
		t.Fatal(err)
	}
	if got, want := next(t, p), (Event{Token: 7, Readable: true, Writable: true}); got != want {
		t.Fatalf("event = %+v, want %+v", got, want)
	}
	unix.Shutdown(b, unix.SHUT_WR)
	if got := next(t, p); !got.HangUp {
		t.Fatalf("event = %+v, want HangUp", got)
	}
	if err := p.Delete(a); err != nil {
		t.Fatal(err)
	}
	if err := p.Delete(a); err == nil {
		t.Fatal("second Delete succeeded")
	}
}

func TestReadWriteSentinels(t *testing.T) {
	a, b := pair(t)
	buf := make([]byte, 1<<16)
	if n, err := Read(a, buf); n != 0 || err != ErrAgain {
		t.Fatalf("Read of nothing = (%d, %v), want ErrAgain", n, err)
	}
	for {
		_, err := Send(a, buf)
		if err == ErrAgain {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if allocs := testing.AllocsPerRun(100, func() { _, _ = Send(a, buf) }); allocs != 0 {
		t.Fatalf("a refused Write allocates %v times", allocs)
	}
	unix.Shutdown(b, unix.SHUT_RDWR)
	if _, err := Send(a, buf); !errors.Is(err, unix.EPIPE) {
		t.Fatalf("Write to a closed peer: %v, want EPIPE", err)
	}
	if n, err := Read(a, buf); n != 0 || err != io.EOF {
		t.Fatalf("Read at the end = (%d, %v), want io.EOF", n, err)
	}
}

func TestWakeCoalesces(t *testing.T) {
	p := newPoller(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 1000 {
			p.Wake()
		}
	}()
	if n, err := p.Wait(make([]Event, 1), 10*time.Second); n != 0 || err != nil {
		t.Fatalf("Wait = (%d, %v), want to be woken with no event", n, err)
	}
	<-done
	_, _ = p.Wait(make([]Event, 1), 0)
	// A Wake after the last Wait is not lost.
	p.Wake()
	start := time.Now()
	if n, err := p.Wait(make([]Event, 1), time.Minute); n != 0 || err != nil || time.Since(start) > 30*time.Second {
		t.Fatalf("Wait = (%d, %v) after %v, want to be woken", n, err, time.Since(start))
	}
}

func TestDetach(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := Detach(server.(*net.TCPConn))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if err := SetUserTimeout(fd, time.Second); err != nil {
		t.Error(err)
	}
	if err := SetReceiveBuffer(fd, 1<<14); err != nil {
		t.Error(err)
	}
	if n, err := Send(fd, []byte("still open")); n != 10 || err != nil {
		t.Fatalf("Write = (%d, %v)", n, err)
	}
	if err := CloseFD(fd); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(client)
	if string(got) != "still open" || err != nil {
		t.Fatalf("client read (%q, %v)", got, err)
	}
}
