package conformance

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// took lets an exchange take place and returns its transcript.
func took(t *testing.T, target Target, name string) *Transcript {
	t.Helper()
	e, ok := findExchange(name)
	if !ok {
		t.Fatalf("there is no exchange %q", name)
	}
	one := talkTo(t, target)
	one.exchange = e
	one.rec.Exchange = name
	e.talk(one)
	for _, s := range one.streams {
		over(s)
	}
	return one.rec
}

// expect judges a transcript and wants the outcome and a part of what is
// observed or of the branch.
func expect(t *testing.T, rec *Transcript, id string, want Outcome, observed string) {
	t.Helper()
	c, err := Find(id)
	if err != nil {
		t.Fatal(err)
	}
	if r := c.judge(rec); r.Outcome != want || !strings.Contains(r.Observed+" "+r.Branch, observed) {
		t.Errorf("%s: %s [%s] %q, want %s and %q", id, r.Outcome, r.Branch, r.Observed, want, observed)
	}
}

// names of the connections, in order.
func namesOf(rec *Transcript) (list []string) {
	for _, c := range rec.Connections {
		list = append(list, c.Name)
	}
	return list
}

func TestTalkWait(t *testing.T) {
	t.Parallel()
	rec := took(t, serveBroker(t, newBroker()), "wait")
	if got := namesOf(rec); !slices.Equal(got, []string{"stream", "fresh"}) {
		t.Errorf("connections %q", got)
	}
	expect(t, rec, "live.lifetime.not-deaf", Pass, "")
	gap := rec.named("fresh").Sent - rec.Publications[0].Answered
	if gap < quick.Lifetime {
		t.Errorf("the stream was idle for %v, want %v or more", gap, quick.Lifetime)
	}

	// What is published late reaches the fresh stream alone.
	b := newBroker()
	target := serveBroker(t, b)
	publish := target.Publish.Func
	var old chan string
	target.Publish.Func = func(ctx context.Context, topic string, f Fields) error {
		b.mu.Lock()
		for c := range b.topics[topic] {
			if old == nil {
				old = c
			}
		}
		if strings.HasSuffix(f["data"], "-late") {
			delete(b.topics[topic], old)
		}
		b.mu.Unlock()
		return publish(ctx, topic, f)
	}
	target.Pace.Patience = quick.Patience / 5
	expect(t, took(t, target, "wait"), "live.lifetime.not-deaf", Fail, "on a fresh stream, and not on the old one")
}

func TestTalkLatency(t *testing.T) {
	rec := took(t, serveBroker(t, newBroker()), "latency")
	short := 0
	for _, p := range rec.Publications {
		if isShort(p) {
			short++
		}
	}
	if want := singleEvents + burstOfFive; short != want || rec.Publications[len(rec.Publications)-1].Mark {
		t.Errorf("%d short events were published, want %d and no mark behind them", short, want)
	}
	expect(t, rec, "live.latency.small", Pass, "median")
	expect(t, rec, "live.latency.not-one-behind", Pass, "")
}

// Each event leaves with the next one.
func TestTalkLatencyOneBehind(t *testing.T) {
	t.Parallel()
	b := newBroker()
	held := ""
	b.wire = func(f Fields) string {
		text := held
		held = block(f)
		return text
	}
	target := serveBroker(t, b)
	target.Pace.Patience = 3 * time.Second
	rec := took(t, target, "latency")
	expect(t, rec, "live.latency.not-one-behind", Fail, "until the next one")
	expect(t, rec, "live.latency.small", NotTested, "not-one-behind")
}

// A buffer that is never flushed is pushed full.
func TestTalkLatencyBuffered(t *testing.T) {
	t.Parallel()
	b := newBroker()
	held := ""
	b.wire = func(f Fields) string {
		if held += block(f); len(held) < 20<<10 {
			return ""
		}
		text := held
		held = ""
		return text
	}
	target := serveBroker(t, b)
	target.Pace.Patience = 500 * time.Millisecond
	rec := took(t, target, "latency")
	expect(t, rec, "live.latency.small", Fail, "arrived before")
}

func TestTalkProxied(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field, value string
		want         Outcome
	}{
		{"Cache-Control", "no-transform", Pass},
		{"X-Accel-Buffering", "no", Pass},
		{"Cache-Control", "no-store", Warn},
	} {
		b := newBroker()
		b.head = func(h http.Header) {
			h.Del("Cache-Control")
			h.Set(c.field, c.value)
		}
		target := serveBroker(t, b)
		target.Pace.Patience = 2 * time.Second
		rec := took(t, target, "proxied")
		expect(t, rec, "live.latency.via-proxy", c.want, "")
		if host := rec.named("proxied").URL; strings.HasPrefix(target.URL, host[:strings.Index(host, "/events")]) {
			t.Errorf("%s is no address of a proxy", host)
		}
	}
}

// The proxy passes on what it gets: method, path, query, fields and status.
func TestProxy(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Seen", fmt.Sprintf("%s %s %s %s", r.Method, r.URL.RequestURI(), r.Host, r.Header.Get("Authorization")))
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, strings.Repeat("x", 3*proxyBuffer/2))
	}))
	defer target.Close()
	one := talkTo(t, Target{URL: target.URL + "/a/{topic}?b=c"})
	p, err := one.run.startProxy()
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	c := one.open(ask{name: "x", url: p.through(one.run.url), fields: []Field{{"Authorization", "Bearer t"}}})
	c.end(patience)
	rec := over(c)
	want := "GET /a/topic?b=c " + strings.TrimPrefix(target.URL, "http://") + " Bearer t"
	if rec.Status != http.StatusTeapot || rec.End != EndComplete || rec.value("X-Seen") != want || len(rec.bytes()) != 3*proxyBuffer/2 {
		t.Errorf("status %d, end %s, %q, %d bytes; want %q", rec.Status, rec.End, rec.value("X-Seen"), len(rec.bytes()), want)
	}
	for from, want := range map[string]string{"http://a": "", "https://a/b": "/b", "http://a:1?c": "?c"} {
		if got := p.through(from); got != "http://"+p.address+want {
			t.Errorf("%s goes through %s", from, got)
		}
	}
}

// A limited backend gives so many streams at a time. forget is called with what
// makes room for another when one has ended.
func limited(t *testing.T, limit int, forget func(free func())) Target {
	t.Helper()
	b := newBroker()
	var mu sync.Mutex
	open := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		full := open == limit
		if !full {
			open++
		}
		mu.Unlock()
		if full {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		b.ServeHTTP(w, r)
		forget(func() {
			mu.Lock()
			defer mu.Unlock()
			open--
		})
	}))
	t.Cleanup(func() { close(b.done); server.Close() })
	pace := quick
	pace.Heartbeat, pace.Patience = 20*time.Millisecond, time.Second
	return Target{URL: server.URL + "/events?topic={topic}", StreamLimit: limit, Publish: &Publish{Func: b.publish}, Pace: pace}
}

func always(free func()) { free() }
func not(func())         {}

func TestTalkPlaces(t *testing.T) {
	t.Parallel()
	rec := took(t, limited(t, 3, always), "places")
	if got := namesOf(rec); !slices.Equal(got, []string{"held", "refused", "again"}) {
		t.Errorf("connections %q", got)
	}
	expect(t, rec, "live.disconnect.noticed", Pass, "after")
	expect(t, took(t, limited(t, 3, not), "places"), "live.disconnect.noticed", Warn, "status 429")

	target := limited(t, 4, always)
	target.StreamLimit = 3
	expect(t, took(t, target, "places"), "live.disconnect.noticed", NotTested, "4 streams are open")
}

// An exchange that used up the limit waits until there is room for the next.
func TestVacate(t *testing.T) {
	for _, name := range []string{"places", "overload", "crowd"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := limited(t, 10, func(free func()) { time.AfterFunc(300*time.Millisecond, free) })
			one := talkTo(t, target)
			e, _ := findExchange(name)
			e.talk(one)
			if list := namesOf(one.rec); slices.Contains(list, "room") {
				t.Errorf("connections %q", list)
			}
			for i := range roomForOthers {
				if s := one.open(ask{name: "next"}); !s.isStream() {
					t.Fatalf("stream %d behind the exchange has the status %d", i+1, s.rec.Status)
				}
			}
		})
	}
}

func TestTalkChurn(t *testing.T) {
	t.Parallel()
	rec := took(t, limited(t, 50, always), "churn")
	if got := namesOf(rec); !slices.Equal(got, []string{"stream"}) || rec.Counts["cycles"] == 0 {
		t.Errorf("connections %q, %v", got, rec.Counts)
	}
	expect(t, rec, "live.reconnect.churn", Pass, "")
	rec = took(t, limited(t, 50, not), "churn")
	expect(t, rec, "live.reconnect.churn", Warn, "after 50 streams that were opened and left")
}

func TestTalkShutdown(t *testing.T) {
	b := newBroker()
	server := httptest.NewServer(b)
	defer server.Close()
	target := Target{
		URL: server.URL + "/events?topic={topic}", Pace: quick, Publish: &Publish{Func: b.publish},
		Control: map[string]*Action{"restart": {Func: func(context.Context, string) error { close(b.done); return nil }}},
	}
	rec := took(t, target, "shutdown")
	if got := namesOf(rec); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("connections %q", got)
	}
	expect(t, rec, "live.shutdown.prompt", Pass, "complete")
}

func TestTalkFinish(t *testing.T) {
	listen := make(chan net.Conn, 1)
	url := raw(t, func(conn net.Conn, r *http.Request) {
		if id := r.Header.Get("Last-Event-ID"); id != "" {
			say(conn, "HTTP/1.1 204 No Content\nX-Id: "+id)
			time.Sleep(20 * time.Millisecond) // so that the body comes by itself
			_, _ = io.WriteString(conn, "bye")
			return
		}
		say(conn, rawHead+"\nTransfer-Encoding: chunked", "3\r\n:\n\n\r\n")
		listen <- conn
		hold(conn)
	})
	var conn net.Conn
	write := func(text string) error {
		if conn == nil {
			conn = <-listen
		}
		_, err := io.WriteString(conn, text)
		return err
	}
	rec := took(t, Target{
		URL: url, Pace: Pace{Quiet: patience},
		Publish: &Publish{Func: func(_ context.Context, _ string, f Fields) error {
			text := "id: 7\ndata: " + f["data"] + "\n\n"
			return write(fmt.Sprintf("%x\r\n%s\r\n", len(text), text))
		}},
		Control: map[string]*Action{"finish": {Func: func(context.Context, string) error { return write("0\r\n\r\n") }}},
	}, "finish")
	again := rec.named("again")
	if again == nil || again.value("X-Id") != "7" {
		t.Fatalf("nobody came back with the last ID: %q", namesOf(rec))
	}
	expect(t, rec, "stop.204", Pass, "204")
	expect(t, rec, "stop.204.empty", Fail, `3 bytes follow the head: "bye"`)
	expect(t, rec, "stop.clean-eof", Pass, "complete")
	expect(t, rec, "stop.terminal-event", Told, "nothing follows")
}
