// Package live shows a run in a browser while it goes on: the report's page,
// pushed over an event stream of the project's own hub.
package live

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/ssegauge/ssegauge/internal/refserver"
	"github.com/ssegauge/ssegauge/loadgen"
)

// A Page is the live page of one run. New makes it, Close ends it.
type Page struct {
	title   string
	stream  *refserver.Server
	http    *http.Server
	wake    chan struct{} // has one when there is something to draw
	quit    chan struct{}
	working sync.WaitGroup

	drawing sync.Mutex
	drawn   *loadgen.Report // guarded by drawing

	mu     sync.Mutex
	latest *loadgen.Report // nil until the run begins
	over   bool            // latest is the last
	body   string          // what shows drawn
	id     string          // of the event that has it
}

// topic is that of the page's stream.
const topic = "run"

// before is what the page has until the run begins.
const before = `<header><div class="verdict opening"><h1 class="word">STARTING <span>%s</span></h1></div></header>`

// Limits of what strangers can make the page hold.
const (
	watchers    = 64
	headerBytes = 16 << 10
	readTimeout = 5 * time.Second
	idleTimeout = time.Minute
	kept        = 1 << 20 // bytes of events for who comes back
)

// New shows the run of a scenario on the listener, which it closes in the end.
func New(l net.Listener, scenario string) (*Page, error) {
	stream, err := refserver.New(refserver.Config{
		Limits: refserver.Limits{Streams: watchers, Topics: 1, TopicsPerStream: 1},
		Window: refserver.Window{Bytes: kept}, Shards: 1,
		// A run lasts seconds, so who has lost the stream comes back soon.
		Retry: 500 * time.Millisecond,
	})
	if err != nil {
		return nil, err
	}
	p := &Page{title: scenario, stream: stream, wake: make(chan struct{}, 1), quit: make(chan struct{})}
	// There is an event from the beginning, from which streams go on.
	if err := p.publish(fmt.Sprintf(before, html.EscapeString(scenario)), false); err != nil {
		_ = stream.Shutdown(context.Background())
		return nil, err
	}
	p.http = &http.Server{
		Handler:           p.routes(l.Addr()),
		ReadHeaderTimeout: readTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: headerBytes,
		ErrorLog:       log.New(io.Discard, "", 0),
	}
	p.working.Go(func() { _ = p.http.Serve(l) }) // which ends with Close
	p.working.Go(p.work)
	return p, nil
}

// Update shows what the run has come to. It draws nothing itself, and takes no
// time of the caller's.
func (p *Page) Update(r *loadgen.Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latest = r
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// work draws for as long as somebody watches.
func (p *Page) work() {
	for {
		select {
		case <-p.quit:
			return
		case <-p.wake:
		}
		if p.stream.Stats().Subscribers.Total > 0 {
			_ = p.draw() // the next one may be better
		}
	}
}

// draw publishes the latest report if that has not been done.
func (p *Page) draw() error {
	p.drawing.Lock()
	defer p.drawing.Unlock()
	p.mu.Lock()
	latest, over := p.latest, p.over
	p.mu.Unlock()
	if latest == p.drawn {
		return nil
	}
	var body bytes.Buffer
	if err := latest.WriteHTMLBody(&body); err != nil {
		return err
	}
	p.drawn = latest
	return p.publish(body.String(), over)
}

// publish sends what the page is to have. The last event ends the stream.
func (p *Page) publish(body string, last bool) error {
	event := refserver.Event{Topic: topic, Data: body, Last: last}
	if last {
		event.Name = "end"
	}
	id, err := p.stream.Publish(event)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.body, p.id = body, id
	return nil
}

// Finish shows the report with its verdict, and ends the streams.
func (p *Page) Finish(r *loadgen.Report) error {
	p.mu.Lock()
	p.latest, p.over = r, true
	p.mu.Unlock()
	return p.draw()
}

// goodbye is how long browsers may take to get the last event.
const goodbye = 2 * time.Second

// Close ends the page: what has been published is still sent.
func (p *Page) Close() {
	close(p.quit)
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	_ = p.stream.Shutdown(ctx)
	if p.http.Shutdown(ctx) != nil {
		_ = p.http.Close()
	}
	p.working.Wait()
}
