// Joe serves one topic with go-sse's own server and its default provider, Joe,
// and publishes to it on a schedule. It prints its address and ends with its
// standard input.
//
//	joe -tick EVENTS_PER_SECOND -size BYTES
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/tmaxmax/go-sse"

	"github.com/ssegauge/ssegauge/bench/tick"
)

func main() {
	rate := flag.Float64("tick", 0, "events per second")
	size := flag.Int("size", tick.Size, "bytes of data in each")
	flag.Parse()
	if err := run(*rate, *size); err != nil {
		fmt.Fprintln(os.Stderr, "joe:", err)
		os.Exit(1)
	}
}

func run(rate float64, size int) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())

	events := &sse.Server{OnSession: answerAtOnce}
	server := &http.Server{Handler: events}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	published := make(chan error, 1)
	go func() {
		published <- tick.Every(ctx, rate, size, func(data string) error {
			m := &sse.Message{}
			m.AppendData(data)
			return events.Publish(m)
		})
	}()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	parent := make(chan struct{})
	go func() {
		defer close(parent)
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()

	select {
	case err = <-published:
	case err = <-served:
	case <-parent:
		// A reader that reads nothing may hold Joe for ever, and with him
		// every handler: connections are cut, not drained.
	}
	return errors.Join(err, server.Close())
}

// answerAtOnce sends the head of the response before the first event, as the
// other servers do.
func answerAtOnce(w http.ResponseWriter, _ *http.Request) ([]string, bool) {
	w.Header().Set("Content-Type", "text/event-stream")
	return nil, http.NewResponseController(w).Flush() == nil
}
