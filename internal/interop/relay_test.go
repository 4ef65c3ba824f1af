package interop

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// A relay passes TCP connections on to a server, and can cut them all.
type relay struct {
	url    string
	target string
	accept net.Listener
	work   sync.WaitGroup

	mu    sync.Mutex
	held  bool
	open  map[net.Conn]bool // both sides of every connection
	heads []*url.URL        // of the first request of every connection
}

// startRelay starts a relay to an http URL.
func startRelay(t *testing.T, target string) *relay {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{url: "http://" + l.Addr().String(), target: u.Host, accept: l, open: map[net.Conn]bool{}}
	r.work.Go(r.run)
	t.Cleanup(func() {
		l.Close()
		r.hold()
		r.work.Wait()
	})
	return r
}

// hold cuts all connections, and every new one, until resume.
func (r *relay) hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = true
	for c := range r.open {
		c.Close()
	}
}

func (r *relay) resume() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = false
}

// requests are the addresses that the connections' first requests asked for.
func (r *relay) requests() []*url.URL {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*url.URL(nil), r.heads...)
}

func (r *relay) run() {
	for {
		client, err := r.accept.Accept()
		if err != nil {
			return
		}
		r.work.Go(func() { r.pass(client) })
	}
}

// pass relays one connection until either side or hold ends it.
func (r *relay) pass(client net.Conn) {
	server, err := net.Dial("tcp", r.target)
	if err != nil {
		client.Close()
		return
	}
	end := func() {
		client.Close()
		server.Close()
	}
	defer end()
	if !r.enter(client, server) {
		return
	}
	defer r.leave(client, server)
	var back sync.WaitGroup
	back.Go(func() {
		defer end()
		_, _ = io.Copy(client, server)
	})
	defer back.Wait()
	defer end()
	head := make([]byte, 16<<10)
	n, _ := client.Read(head)
	r.note(requestURL(head[:n]))
	if _, err := server.Write(head[:n]); err == nil {
		_, _ = io.Copy(server, client)
	}
}

func (r *relay) enter(connections ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held {
		return false
	}
	for _, c := range connections {
		r.open[c] = true
	}
	return true
}

func (r *relay) leave(connections ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range connections {
		delete(r.open, c)
	}
}

func (r *relay) note(u *url.URL) {
	if u == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heads = append(r.heads, u)
}
