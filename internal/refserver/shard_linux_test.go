package refserver

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/tmaxmax/go-sse"
)

// TestAttachAfterShutdown: a stream that was counted in before Shutdown, and
// comes to its shard only when that has ended, still gets what was published.
func TestAttachAfterShutdown(t *testing.T) {
	cfg, err := Config{Shards: 1, Epoch: "e"}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	h, err := newHub(cfg, faultHooks{})
	if err != nil {
		t.Fatal(err)
	}
	st, err := h.subscribe(subscription{topics: []string{"t"}, swept: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{"one", "two"} {
		m := &sse.Message{}
		m.AppendData(data)
		if err := h.Publish(m, []string{"t"}); err != nil {
			t.Fatal(err)
		}
	}
	down := make(chan error, 1)
	go func() { down <- h.Shutdown(context.Background()) }()
	<-h.loops[1].(*shard).done

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	h.attach(st, conn)
	if err := client.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	const want = "13\r\nid: e-1\ndata: one\n\n\r\n13\r\nid: e-2\ndata: two\n\n\r\n0\r\n\r\n"
	if got, err := io.ReadAll(client); err != nil || string(got) != want {
		t.Errorf("%v, %q, want %q", err, got, want)
	}
	if err := <-down; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}
