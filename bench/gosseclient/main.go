// Gosseclient receives event streams with net/http and go-sse's client, a
// goroutine for each, and says what the sink of package bench says: "open" when
// all streams are answered, and a line of JSON at the end.
//
//	gosseclient -warmup 2s -seconds 5s URL STREAMS
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/tmaxmax/go-sse"
)

// Streams whose answer is awaited, at most, and how long all of them may take.
const (
	inFlight = 256
	openTime = 60 * time.Second
)

func main() {
	warmup := flag.Duration("warmup", 2*time.Second, "time after opening that is not measured")
	measured := flag.Duration("seconds", 5*time.Second, "time that is measured")
	flag.Parse()
	streams, err := strconv.Atoi(flag.Arg(1))
	if err != nil || streams < 1 {
		fmt.Fprintln(os.Stderr, "usage: gosseclient [flags] URL STREAMS")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), streams, *warmup, *measured); err != nil {
		fmt.Fprintln(os.Stderr, "gosseclient:", err)
		os.Exit(1)
	}
}

func run(url string, count int, warmup, measured time.Duration) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r := &receiver{streams: make([]stream, count)}
	connections, err := r.open(ctx, url)
	if err != nil {
		return err
	}
	fmt.Println("open")
	from := time.Now().Add(warmup)
	r.window.Store(&window{from.UnixNano(), from.Add(measured).UnixNano()})
	time.Sleep(time.Until(from.Add(measured + grace)))
	result := r.result(measured)
	cancel()
	connections.Wait()
	return json.NewEncoder(os.Stdout).Encode(result)
}

// grace is how long events may still be under way at the end.
const grace = 2 * time.Second

// open connects all streams and returns when all are answered, or with what
// went wrong.
func (r *receiver) open(ctx context.Context, url string) (*sync.WaitGroup, error) {
	answered := make(chan struct{}, len(r.streams))
	client := &sse.Client{
		HTTPClient: &http.Client{Transport: &http.Transport{
			DialContext:        (&net.Dialer{Timeout: openTime}).DialContext,
			DisableCompression: true,
		}},
		ResponseValidator: func(response *http.Response) error {
			answered <- struct{}{}
			return sse.DefaultValidator(response)
		},
		Backoff: sse.Backoff{MaxRetries: -1},
	}
	ended := make(chan error, len(r.streams))
	var connections sync.WaitGroup
	deadline := time.After(openTime)
	for opened, done := 0, 0; done < len(r.streams); {
		for opened < len(r.streams) && opened-done < inFlight {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			if err != nil {
				return nil, err
			}
			connection := client.NewConnection(request)
			connection.SubscribeToAll(r.receive(&r.streams[opened]))
			s := &r.streams[opened]
			connections.Go(func() {
				err := connection.Connect()
				s.closed.Store(true)
				ended <- err
			})
			opened++
		}
		select {
		case <-answered:
			done++
		case err := <-ended:
			return nil, fmt.Errorf("%d of %d streams answered: %w", done, len(r.streams), err)
		case <-deadline:
			return nil, fmt.Errorf("%d of %d streams answered in %v", done, len(r.streams), openTime)
		}
	}
	return &connections, nil
}
