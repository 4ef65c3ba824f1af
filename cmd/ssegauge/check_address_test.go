package main

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"
)

// The port of an address that is kept is taken while no server is behind it, and
// a client that comes then is served by the next one.
func TestAddressStays(t *testing.T) {
	a, err := takeAddress()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	where := a.Addr().String()
	serve := func(says string) (end func()) {
		listener, err := a.lend()
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				_, _ = io.WriteString(conn, says+"\n")
				conn.Close()
			}
		}()
		return func() { listener.Close(); <-done }
	}
	hear := func(conn net.Conn) string {
		defer conn.Close()
		_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
		line, _ := bufio.NewReader(conn).ReadString('\n')
		return line
	}
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", where)
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}

	end := serve("first")
	if got := hear(dial()); got != "first\n" {
		t.Errorf("the first server says %q", got)
	}
	a.kept.Store(true)
	end()
	between := dial()
	if l, err := net.Listen("tcp", where); err == nil {
		l.Close()
		t.Error("somebody else could take the port")
	}
	end = serve("second")
	if got := hear(between); got != "second\n" {
		t.Errorf("the second server says %q", got)
	}
	end()
	if conn, err := net.Dial("tcp", where); err == nil {
		conn.Close()
		t.Error("a server that ends by itself leaves its port open")
	}
}
