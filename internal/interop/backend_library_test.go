package interop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	vicenzi "github.com/alexandrevicenzi/go-sse"
	launchdarkly "github.com/launchdarkly/eventsource"
	r3labs "github.com/r3labs/sse/v2"
	gosse "github.com/tmaxmax/go-sse"

	"github.com/ssegauge/ssegauge/conformance"
)

// applications are the backends written in Go, each with its library's defaults
// where nothing else is said.
var applications = map[string]application{
	"go-sse":           func() (http.Handler, func()) { return goSSEApplication(flushHead) },
	"go-sse-default":   func() (http.Handler, func()) { return goSSEApplication(leaveHead) },
	"r3labs":           r3labsApplication,
	"launchdarkly":     launchdarklyApplication,
	"alexandrevicenzi": vicenziApplication,
	"gin":              ginApplication,
	"echo":             echoApplication,
	"mercure":          mercureApplication,
}

// routes puts the three paths of a backend into a mux. finish may be nil.
func routes(events http.Handler, publish func(publication) error, finish func(topic string)) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("/events", events)
	mux.Handle("POST /publish", accepting(publish))
	if finish != nil {
		mux.HandleFunc("POST /finish", func(w http.ResponseWriter, r *http.Request) {
			finish(r.URL.Query().Get("topic"))
			w.WriteHeader(http.StatusNoContent)
		})
	}
	return mux
}

// flushHead sends the head of a stream before there is an event, which go-sse
// leaves to the application.
func flushHead(w http.ResponseWriter) bool {
	w.Header().Set("Content-Type", "text/event-stream")
	return http.NewResponseController(w).Flush() == nil
}

func leaveHead(http.ResponseWriter) bool { return true }

// goSSEApplication is a Server of go-sse for each topic, with Joe and its
// replayer, which gives IDs.
func goSSEApplication(head func(http.ResponseWriter) bool) (http.Handler, func()) {
	var mu sync.Mutex // guards servers
	servers := map[string]*gosse.Server{}
	of := func(topic string) *gosse.Server {
		mu.Lock()
		defer mu.Unlock()
		if servers[topic] == nil {
			replayer, err := gosse.NewFiniteReplayer(10000, true)
			if err != nil {
				panic(err) // the count is a constant
			}
			servers[topic] = &gosse.Server{
				Provider:  &gosse.Joe{Replayer: replayer},
				OnSession: func(w http.ResponseWriter, _ *http.Request) ([]string, bool) { return nil, head(w) },
			}
		}
		return servers[topic]
	}
	events := func(w http.ResponseWriter, r *http.Request) { of(r.URL.Query().Get("topic")).ServeHTTP(w, r) }
	publish := func(p publication) error {
		event := &gosse.Message{}
		var err error
		if p.Event != nil {
			if event.Type, err = gosse.NewType(*p.Event); err != nil {
				return err
			}
		}
		if event.Retry, err = milliseconds(p.Retry); err != nil {
			return err
		}
		if p.Comment != nil {
			event.AppendComment(*p.Comment)
		}
		if p.Data != nil {
			event.AppendData(*p.Data)
		}
		return of(p.Topic).Publish(event)
	}
	end := func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		mu.Lock()
		defer mu.Unlock()
		for _, server := range servers {
			_ = server.Shutdown(ctx)
		}
	}
	return routes(http.HandlerFunc(events), publish, nil), end
}

// milliseconds reads a reconnection time where a library takes a number.
func milliseconds(retry *string) (time.Duration, error) {
	if retry == nil {
		return 0, nil
	}
	n, err := strconv.ParseUint(*retry, 10, 32)
	if err != nil {
		return 0, errors.New("retry is no number of milliseconds")
	}
	return time.Duration(n) * time.Millisecond, nil
}

// r3labsApplication is a server of r3labs/sse whose streams begin with their
// first reader. Its log, which is on by default, gives IDs.
func r3labsApplication() (http.Handler, func()) {
	server := r3labs.New()
	server.AutoStream = true
	events := func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		query.Set("stream", query.Get("topic"))
		r.URL.RawQuery = query.Encode()
		server.ServeHTTP(w, r)
	}
	publish := func(p publication) error {
		server.Publish(p.Topic, &r3labs.Event{
			Data: []byte(value(p.Data)), Event: []byte(value(p.Event)),
			Retry: []byte(value(p.Retry)), Comment: []byte(value(p.Comment)),
		})
		return nil
	}
	return routes(http.HandlerFunc(events), publish, server.RemoveStream), server.Close
}

// A launchdarklyEvent has what the library's interface asks for.
type launchdarklyEvent struct{ id, event, data string }

func (e launchdarklyEvent) Id() string    { return e.id }
func (e launchdarklyEvent) Event() string { return e.event }
func (e launchdarklyEvent) Data() string  { return e.data }

// A launchdarklyTopic has what is kept of a topic. The library's example of a
// repository sorts IDs as text, so they have leading zeros.
type launchdarklyTopic struct {
	mu         sync.Mutex // keeps IDs in order
	next       int
	repository *launchdarkly.SliceRepository
}

// launchdarklyApplication is the server half of launchdarkly/eventsource with a
// repository for each topic, and with compression and CORS switched on.
func launchdarklyApplication() (http.Handler, func()) {
	server := launchdarkly.NewServer()
	server.Gzip, server.AllowCORS = true, true
	var mu sync.Mutex // guards topics
	topics := map[string]*launchdarklyTopic{}
	of := func(name string) *launchdarklyTopic {
		mu.Lock()
		defer mu.Unlock()
		if topics[name] == nil {
			topics[name] = &launchdarklyTopic{repository: launchdarkly.NewSliceRepository()}
			server.Register(name, topics[name].repository)
		}
		return topics[name]
	}
	events := func(w http.ResponseWriter, r *http.Request) {
		topic := r.URL.Query().Get("topic")
		of(topic)
		server.Handler(topic)(w, r)
	}
	publish := func(p publication) error {
		topic := of(p.Topic)
		if p.Comment != nil {
			server.PublishComment([]string{p.Topic}, *p.Comment)
		}
		if p.Data == nil {
			return nil
		}
		topic.mu.Lock()
		defer topic.mu.Unlock()
		topic.next++
		event := launchdarklyEvent{fmt.Sprintf("%012d", topic.next), value(p.Event), *p.Data}
		if p.ID != nil {
			event.id = *p.ID
		}
		topic.repository.Add(p.Topic, event)
		server.Publish([]string{p.Topic}, event)
		return nil
	}
	finish := func(topic string) { server.Unregister(topic, true) }
	return routes(http.HandlerFunc(events), publish, finish), server.Close
}

// vicenziApplication is a server of alexandrevicenzi/go-sse with the head
// fields that its own example adds for CORS.
func vicenziApplication() (http.Handler, func()) {
	server := vicenzi.NewServer(&vicenzi.Options{
		Headers: map[string]string{
			"Access-Control-Allow-Origin":  "*",
			"Access-Control-Allow-Methods": "GET, OPTIONS",
			"Access-Control-Allow-Headers": "Keep-Alive,X-Requested-With,Cache-Control,Content-Type,Last-Event-ID",
		},
		ChannelNameFunc: func(r *http.Request) string { return r.URL.Query().Get("topic") },
	})
	publish := func(p publication) error {
		server.SendMessage(p.Topic, vicenzi.NewMessage(value(p.ID), value(p.Data), value(p.Event)))
		return nil
	}
	return routes(server, publish, server.CloseChannel), server.Shutdown
}

// launchdarklyTarget can be read from pages of every origin.
func launchdarklyTarget(t *testing.T) conformance.Target {
	target := finishing(startApplication(t, "launchdarkly").target("data", "event", "id", "comment"))
	target.AllowedOrigin = "https://app.example"
	return target
}

// vicenziTarget can be read from pages of every origin, as its example shows.
func vicenziTarget(t *testing.T) conformance.Target {
	target := finishing(startApplication(t, "alexandrevicenzi").target("data", "event", "id"))
	target.AllowedOrigin = "https://app.example"
	return target
}
