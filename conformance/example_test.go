package conformance_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
)

// A feed is a small backend: everybody who asks for /feed gets what is
// announced.
type feed struct {
	mu      sync.Mutex
	readers map[chan string]bool
}

func (f *feed) announce(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for r := range f.readers {
		r <- text
	}
}

func (f *feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/feed" {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache, no-transform")
	if r.Method == http.MethodHead {
		return
	}
	texts := make(chan string, 2048)
	f.mu.Lock()
	f.readers[texts] = true
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.readers, texts)
	}()
	fmt.Fprint(w, ": welcome\n\n")
	for {
		_ = http.NewResponseController(w).Flush()
		select {
		case text := <-texts:
			lines := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
			fmt.Fprintf(w, "data: %s\n\n", strings.ReplaceAll(lines, "\n", "\ndata: "))
		case <-r.Context().Done():
			return
		}
	}
}

// This is a whole test of a backend written in Go: each check is a subtest.
func TestFeed(t *testing.T) {
	t.Parallel()
	backend := &feed{readers: map[chan string]bool{}}
	server := httptest.NewServer(backend)
	defer server.Close()
	conformance.Test(t, conformance.Target{
		URL:  server.URL + "/feed",
		Pace: conformance.Pace{Lifetime: time.Second}, // and not over a minute
		Publish: &conformance.Publish{Func: func(_ context.Context, _ string, f conformance.Fields) error {
			for name := range f {
				if name != "data" {
					return fmt.Errorf("the feed sends texts alone, no %s", name)
				}
			}
			backend.announce(f["data"])
			return nil
		}},
	}, conformance.Options{Skip: []string{"slow", "live.reconnect"}}) // these take a crowd
}

func ExampleRun() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, "data: hello\n\n")
	}))
	defer server.Close()
	report, err := conformance.Run(context.Background(), conformance.Target{URL: server.URL},
		conformance.Options{Run: []string{"http.content-type"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range report.Checks {
		if c.Outcome == conformance.Fail {
			fmt.Println(c.ID, "-", c.Observed)
		}
	}
	// Output:
	// http.content-type.essence - the media type is "text/plain"
}
