package interop

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	r3labs "github.com/r3labs/sse/v2"
	gosse "github.com/tmaxmax/go-sse"
)

// maxPublish bounds what the servers of these tests read of a publish.
const maxPublish = 1 << 20

// listen serves a handler until the end of the test. Its streams never end by
// themselves, so they are cut off.
func listen(t *testing.T, mux *http.ServeMux) (url string) {
	t.Helper()
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

// publishing answers POST /publish?topic=… whose body is the data.
func publishing(publish func(topic string, data []byte) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPublish))
		if err == nil {
			err = publish(r.URL.Query().Get("topic"), data)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}

// goSSE starts a server of go-sse's own Server and Joe, with replay.
func goSSE(t *testing.T) (url string) {
	t.Helper()
	replayer, err := gosse.NewFiniteReplayer(10000, true)
	if err != nil {
		t.Fatal(err)
	}
	server := &gosse.Server{
		Provider: &gosse.Joe{Replayer: replayer},
		OnSession: func(w http.ResponseWriter, r *http.Request) ([]string, bool) {
			// The server leaves the head to the first event, and clients wait
			// for it.
			w.Header().Set("Content-Type", "text/event-stream")
			if err := http.NewResponseController(w).Flush(); err != nil {
				return nil, false
			}
			return r.URL.Query()["topic"], true
		},
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	mux := http.NewServeMux()
	mux.Handle("GET /events", server)
	mux.Handle("POST /publish", publishing(func(topic string, data []byte) error {
		event := &gosse.Message{}
		event.AppendData(string(data))
		return server.Publish(event, topic)
	}))
	return listen(t, mux)
}

// r3labsSSE starts a server of github.com/r3labs/sse for the topics. It has
// automatic replay: a new stream gets what was published since its last event
// ID, which is a number from 0 on.
func r3labsSSE(t *testing.T, topics ...string) (url string) {
	t.Helper()
	server := r3labs.New()
	for _, topic := range topics {
		server.CreateStream(topic)
	}
	t.Cleanup(server.Close)
	mux := http.NewServeMux()
	mux.Handle("GET /events", server)
	mux.Handle("POST /publish", publishing(func(topic string, data []byte) error {
		server.Publish(topic, &r3labs.Event{Data: data})
		return nil
	}))
	return listen(t, mux)
}

// libraryScenario sets the generic scenario up for a server of this file, where
// a query parameter names the topic. A scenario's topic is its own name.
func libraryScenario(url, parameter, topic string) []string {
	return []string{
		"name=" + topic,
		"target.url=" + url + "/events?" + parameter + "={topic}",
		"publish.url=" + url + "/publish?topic={topic}", "publish.body={data}",
	}
}

func TestGoSSEServer(t *testing.T) {
	t.Parallel()
	url := goSSE(t)
	t.Run("steady streams", func(t *testing.T) {
		t.Parallel()
		s := load(t, nil, generic, append(libraryScenario(url, "topic", "steady"), "duration=4s")...)
		s.wantVerdict(t, "pass")
		s.wantStreams(t, steady(200))
		s.wantEvents(t, exact(200, 80))
	})
	t.Run("resumed streams", func(t *testing.T) {
		t.Parallel()
		s := load(t, nil, generic, append(libraryScenario(url, "topic", "resumed"), cutting...)...)
		s.wantVerdict(t, "pass")
		s.wantCuts(t)
		s.wantEvents(t, exact(50, 160))
	})
}

func TestR3labsServer(t *testing.T) {
	t.Parallel()
	url := r3labsSSE(t, "steady", "resumed")
	t.Run("steady streams", func(t *testing.T) {
		t.Parallel()
		s := load(t, nil, generic, append(libraryScenario(url, "stream", "steady"), "duration=4s")...)
		s.wantVerdict(t, "pass")
		s.wantStreams(t, steady(200))
		s.wantEvents(t, exact(200, 80))
	})
	// The replay of this library begins with the last event ID itself, not
	// with what follows it: each resumption doubles one event. The ledger must
	// say exactly that.
	t.Run("resumed streams", func(t *testing.T) {
		t.Parallel()
		s := load(t, nil, generic, append(libraryScenario(url, "stream", "resumed"), cutting...)...)
		s.wantVerdict(t, "fail")
		s.wantCuts(t)
		want := exact(50, 160)
		want.Duplicated = s.Streams.Reconnected
		s.wantEvents(t, want)
	})
}
