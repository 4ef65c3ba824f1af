package main

import (
	"net"
	"sync/atomic"
	"time"
)

// An address is a listening socket that can stay when the server behind it is
// stopped and started again: nobody else can take the port meanwhile.
type address struct {
	*net.TCPListener
	kept atomic.Bool // servers that end leave it open
}

func takeAddress() (*address, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &address{TCPListener: l.(*net.TCPListener)}, nil
}

// lend returns a listener for one server. Its Close ends that server's Accept,
// and closes the socket unless the address is kept for another server.
func (a *address) lend() (net.Listener, error) {
	a.kept.Store(false)
	return lent{a}, a.SetDeadline(time.Time{})
}

type lent struct{ *address }

func (l lent) Close() error {
	if l.kept.Load() {
		return l.SetDeadline(time.Now())
	}
	return l.address.Close()
}
