package conformance

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestTalkStalled(t *testing.T) {
	t.Parallel()
	b := newBroker()
	number := 0
	b.wire = func(f Fields) string {
		number++
		return fmt.Sprintf("id: %d\n%s", number, block(f))
	}
	rec := took(t, serveBroker(t, b), "stalled")
	if got := namesOf(rec); !slices.Equal(got, []string{"other", "stalled", "resumed"}) {
		t.Errorf("connections %q", got)
	}
	for _, id := range []string{"slow.isolation.latency", "slow.isolation.loss", "slow.publisher"} {
		expect(t, rec, id, Pass, "")
	}
	// It has an event, and its ID, before it stops reading.
	if c := rec.named("stalled"); len(c.events()) == 0 || c.events()[0].ID == "" || numbered(c.events()[0].Data, "ssegauge-nonce-bulk-") >= 0 {
		t.Errorf("the stalled stream begins with %q", c.bytes()[:min(len(c.bytes()), 80)])
	}
	expect(t, rec, "slow.bounded", Pass, "cut")
	expect(t, rec, "slow.drop-signalled", Pass, "cut")
	// The broker keeps nothing, and says nothing about it.
	expect(t, rec, "slow.recover", Fail, "and it was told nothing")
}

// Large events are published no faster than they are read.
func TestBulkFollows(t *testing.T) {
	t.Parallel()
	b := newBroker()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.ServeHTTP(slowWriter{w}, r) }))
	t.Cleanup(func() { close(b.done); server.Close() })
	longest := 0
	one := talkTo(t, Target{URL: server.URL + "/events?topic={topic}", Publish: &Publish{Func: func(ctx context.Context, topic string, f Fields) error {
		b.mu.Lock()
		for c := range b.topics[topic] {
			longest = max(longest, len(c))
		}
		b.mu.Unlock()
		return b.publish(ctx, topic, f)
	}}})
	s := one.open(ask{name: "stream", limit: largeLimit})
	if !one.settle(s) || !one.bulk(s, 0, 3*bulkAhead) {
		t.Fatalf("not all was published: %q", one.rec.Problem)
	}
	if longest > bulkAhead {
		t.Errorf("%d events waited, want at most %d", longest, bulkAhead)
	}
	for data, want := range map[string]int{"ab-12-xx": 12, "ab-x": -1, "12-": -1, "": -1} {
		if got := numbered(data, "ab-"); got != want {
			t.Errorf("%q has the number %d, want %d", data, got, want)
		}
	}
}

// A slowWriter takes its time.
type slowWriter struct{ http.ResponseWriter }

func (w slowWriter) Write(p []byte) (int, error) {
	time.Sleep(5 * time.Millisecond)
	return w.ResponseWriter.Write(p)
}

func (w slowWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// A backend that refuses large events is not flooded.
func TestTalkStalledRefused(t *testing.T) {
	b := newBroker()
	target := serveBroker(t, b)
	publish, large := target.Publish.Func, 0
	target.Publish.Func = func(ctx context.Context, topic string, f Fields) error {
		if len(f["data"]) == bulkSize {
			large++
			return errRefused
		}
		return publish(ctx, topic, f)
	}
	rec := took(t, target, "stalled")
	if large != 1 {
		t.Errorf("%d large events were published, want 1", large)
	}
	expect(t, rec, "slow.isolation.loss", NotTested, "")
	if !strings.Contains(rec.Problem, "32768 bytes was not accepted") {
		t.Errorf("problem %q", rec.Problem)
	}
}

func TestTalkCrowd(t *testing.T) {
	t.Parallel()
	b := newBroker()
	var mu sync.Mutex
	users := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		users[r.Header.Get("Authorization")]++
		mu.Unlock()
		b.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { close(b.done); server.Close() })
	rec := took(t, Target{
		URL: server.URL + "/events?topic={topic}", Pace: quick, Publish: &Publish{Func: b.publish}, Crowd: 30, StreamLimit: 12,
		Tokens: &Tokens{Mint: func(r TokenRequest) (Secret, error) { return Secret("token-of-" + r.User), nil }},
	}, "crowd")
	if got := namesOf(rec); !slices.Equal(got, []string{"before", "after"}) || rec.Counts["crowd"] != 30 {
		t.Errorf("connections %q, %v", got, rec.Counts)
	}
	for user, n := range users {
		if n > 10 {
			t.Errorf("%s has %d streams, more than a user may", user, n)
		}
	}
	if len(users) != 5 { // four of the crowd, and the one that is before and after
		t.Errorf("users %v", users)
	}
	expect(t, rec, "slow.connect-flood", Pass, "beside 30 streams")
}

// Where there is no room for more, the crowd stays below the limit.
func TestCrowdOfOneUser(t *testing.T) {
	one := talkTo(t, Target{URL: "http://127.0.0.1:1", Crowd: 30, StreamLimit: 12, Tokens: &Tokens{Good: "t"}})
	if size, tokens := one.crowd(); size != 10 || len(tokens) != 1 {
		t.Errorf("%d streams of %d users, want 10 of 1", size, len(tokens))
	}
}

func TestTalkDrip(t *testing.T) {
	t.Parallel()
	b := newBroker()
	heads := make(chan string, drippingHeads)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: b, ReadHeaderTimeout: patience, ConnState: func(c net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			heads <- c.RemoteAddr().String()
		}
	}}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() { close(b.done); server.Close(); serving.Wait() })
	rec := took(t, Target{URL: "http://" + listener.Addr().String() + "/events?topic={topic}", Pace: quick, Publish: &Publish{Func: b.publish}}, "drip")
	if rec.Counts["dripping"] != drippingHeads {
		t.Errorf("%v", rec.Counts)
	}
	expect(t, rec, "slow.slowloris", Pass, "beside 64 unfinished requests")
	for range drippingHeads {
		select {
		case <-heads:
		case <-time.After(patience):
			t.Fatal("a connection is still open")
		}
	}
}
