package conformance

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// quick is a pace for targets in the same process.
var quick = Pace{
	Heartbeat: 15 * time.Second, Patience: 5 * time.Second, Quiet: 50 * time.Millisecond,
	Listen: 100 * time.Millisecond, Lifetime: 100 * time.Millisecond,
}

// serveBroker serves a broker as a target.
func serveBroker(t *testing.T, b *broker) Target {
	t.Helper()
	server := httptest.NewServer(b)
	t.Cleanup(func() { close(b.done); server.Close() })
	return Target{Name: "broker", URL: server.URL + "/events?topic={topic}", Publish: &Publish{Func: b.publish}, Pace: quick, Crowd: 40}
}

// bulky are the checks whose exchanges move many events. TestRunGoodTarget has
// them, and the tests of those exchanges; other whole runs do without.
var bulky = []string{"slow", "resume", "live.reconnect"}

func mustRun(t *testing.T, target Target, o Options) *Report {
	t.Helper()
	r, err := Run(t.Context(), target, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// red lists the checks that failed or warned, and all errors.
func red(r *Report) []string {
	var list []string
	for i := range r.Checks {
		if c := &r.Checks[i]; c.Red() || c.Outcome == Error {
			list = append(list, c.ID)
		}
	}
	return list
}

func find(t *testing.T, r *Report, id string) Result {
	t.Helper()
	for _, c := range r.Checks {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("the report has no %s", id)
	return Result{}
}

func TestRunGoodTarget(t *testing.T) {
	t.Parallel()
	r := mustRun(t, serveBroker(t, newBroker()), Options{})
	if list := red(r); len(list) > 0 || r.Verdict != Pass {
		for _, id := range list {
			t.Log(describe(new(find(t, r, id))))
		}
		t.Errorf("verdict %s, red: %v", r.Verdict, list)
	}
	if r.Counts.Pass < 40 || len(r.Checks) != r.Counts.Pass+r.Counts.Info+r.Counts.NotTested {
		t.Errorf("%s of %d checks", r.Counts, len(r.Checks))
	}
	nul := find(t, r, "data.nul")
	if nul.Outcome != NotTested || !strings.Contains(nul.Observed, "refused") {
		t.Errorf("data.nul: %s %q: a function that refuses says no status", nul.Outcome, nul.Observed)
	}
}

// A defect turns its own check red, and what follows from it.
func TestRunFindsDefects(t *testing.T) {
	for _, c := range []struct {
		want string
		also []string
		wire func(Fields) string
		head func(http.Header)
	}{
		{want: "stream.field.space-style", wire: func(f Fields) string {
			if strings.Contains(f["data"], "event-3") {
				return "data:" + f["data"] + "\n\n"
			}
			return block(f)
		}},
		{want: "data.multiline.cr", wire: func(f Fields) string {
			if f["data"] == "a\rb" {
				return "data: a\ndata: \ndata: b\n\n"
			}
			return block(f)
		}},
		{want: "http.no-transform", also: []string{"live.latency.via-proxy"}, head: func(h http.Header) { h.Set("Cache-Control", "no-store") }},
		{want: "http.content-type.charset", head: func(h http.Header) { h.Set("Content-Type", "text/event-stream;charset=latin1") }},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			b := newBroker()
			if c.wire != nil {
				b.wire = c.wire
			}
			if c.head != nil {
				b.head = c.head
			}
			if got := red(mustRun(t, serveBroker(t, b), Options{Skip: bulky})); !slices.Equal(got, append([]string{c.want}, c.also...)) {
				t.Errorf("red: %v, want %s and %v", got, c.want, c.also)
			}
		})
	}
}

// Whatever a target does, a run ends with a finding, in bounded time and
// memory.
func TestRunHostileTargets(t *testing.T) {
	head := "HTTP/1.1 200 OK\nContent-Type: text/event-stream"
	forever := func(conn net.Conn, chunk []byte) {
		for {
			if _, err := conn.Write(chunk); err != nil {
				return
			}
		}
	}
	for _, c := range []struct {
		name  string
		serve func(net.Conn, *http.Request)
		want  string // a check that fails
	}{
		{"page", func(c net.Conn, _ *http.Request) {
			say(c, "HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: 3", "<p>")
		}, "http.content-type.essence"},
		{"404", func(c net.Conn, _ *http.Request) { say(c, "HTTP/1.1 404 Not Found\nContent-Length: 0") }, "http.status.ok"},
		{"silent", func(c net.Conn, _ *http.Request) { hold(c) }, "http.status.ok"},
		{"closes", func(net.Conn, *http.Request) {}, "http.status.ok"},
		{"no HTTP", func(c net.Conn, _ *http.Request) { _, _ = io.WriteString(c, "220 ready\r\n"); hold(c) }, "http.status.ok"},
		{"endless head", func(c net.Conn, _ *http.Request) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			forever(c, bytes.Repeat([]byte("A: b\r\n"), 1000))
		}, "http.status.ok"},
		{"endless line", func(c net.Conn, _ *http.Request) { say(c, head); forever(c, bytes.Repeat([]byte("x"), 1<<16)) }, "http.error.not-a-stream"},
		{"endless events", func(c net.Conn, _ *http.Request) { say(c, head); forever(c, bytes.Repeat([]byte("data: x\n\n"), 1000)) }, "http.method.head"},
		{"gzip bomb", func(c net.Conn, _ *http.Request) {
			say(c, head+"\nContent-Encoding: gzip", string(bomb))
			hold(c)
		}, "http.encoding.unasked"},
		{"endless chunk size", func(c net.Conn, _ *http.Request) {
			say(c, head+"\nTransfer-Encoding: chunked")
			forever(c, bytes.Repeat([]byte("0"), 1<<16))
		}, "http.error.not-a-stream"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			target := Target{URL: raw(t, c.serve), Pace: quick}
			target.Pace.Patience = 500 * time.Millisecond
			if strings.HasPrefix(c.name, "endless") {
				// The bytes must come to a limit, however slow the machine.
				target.Pace.Patience = 10 * time.Second
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r := mustRun(t, target, Options{})
			runtime.ReadMemStats(&after)
			if got := find(t, r, c.want); got.Outcome != Fail || r.Verdict != Fail {
				t.Errorf("%s: %s %q; verdict %s", c.want, got.Outcome, got.Observed, r.Verdict)
			}
			if r.Counts.Error > 0 {
				t.Errorf("%d errors", r.Counts.Error)
			}
			// Generous for what ten runs beside each other hold at a time.
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 500<<20 {
				t.Errorf("the heap grew by %d MiB", grown>>20)
			}
		})
	}
}

// Nothing more is said to a target that does not answer, and to one that gives
// no stream only what makes sense without.
func TestRunStopsEarly(t *testing.T) {
	for _, c := range []struct {
		name   string
		serve  func(net.Conn, *http.Request)
		accept Outcome // of a check that needs no stream
		want   string
	}{
		{"silent", func(c net.Conn, _ *http.Request) { hold(c) }, NotTested, "did not answer"},
		{"404", func(c net.Conn, _ *http.Request) { say(c, "HTTP/1.1 404 Not Found\nContent-Length: 0") }, Pass, "no event stream could be opened"},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := Target{URL: raw(t, c.serve), Pace: quick}
			target.Pace.Patience = 100 * time.Millisecond
			r := mustRun(t, target, Options{})
			if got := find(t, r, "http.error.unknown-topic"); got.Outcome != c.accept || c.accept == NotTested && !strings.Contains(got.Observed, c.want) {
				t.Errorf("http.error.unknown-topic: %s %q, want %s", got.Outcome, got.Observed, c.accept)
			}
			if got := find(t, r, "http.no-validators"); got.Outcome != NotTested || !strings.Contains(got.Observed, c.want) {
				t.Errorf("http.no-validators: %s %q, want not-tested and %q", got.Outcome, got.Observed, c.want)
			}
		})
	}
}

// What a check wants published is published only if the check can be judged.
func TestPayloadsOfChecksThatLack(t *testing.T) {
	for body, want := range map[string]bool{"{data}": false, "{data_json}": true} {
		r, err := newRunner(Target{URL: "http://a/{topic}", Publish: &Publish{Request: Request{URL: "http://a", Body: body}}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		e, _ := findExchange("payload")
		got := slices.ContainsFunc(r.payloads(e), func(p payloadOf) bool { return p.check == "data.surrogate" })
		if got != want {
			t.Errorf("body %s: data.surrogate is published: %t, want %t", body, got, want)
		}
	}
}

func TestRunUnreachable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	_, err = Run(t.Context(), Target{URL: "http://" + listener.Addr().String() + "/x?key=secret"}, Options{})
	if !errors.Is(err, ErrUnreachable) || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v, want %v without the query", err, ErrUnreachable)
	}
}

// A target that dies is a finding of its own, and the others are kept.
func TestRunTargetDies(t *testing.T) {
	t.Parallel()
	b := newBroker()
	server := httptest.NewServer(b)
	defer server.Close()
	var once bool
	dies := Target{URL: server.URL + "/events?topic={topic}", Pace: quick, Publish: &Publish{Func: func(ctx context.Context, topic string, f Fields) error {
		if strings.Contains(f["data"], "\u2028") && !once {
			once = true
			close(b.done)
			server.Listener.Close()
		}
		return b.publish(ctx, topic, f)
	}}}
	dies.Pace.Patience = 500 * time.Millisecond
	r := mustRun(t, dies, Options{Parallel: 1, Skip: bulky})
	if c := find(t, r, "target.alive"); c.Outcome != Fail || !strings.Contains(c.Observed, "payload") {
		t.Errorf("target.alive: %s %q", c.Outcome, c.Observed)
	}
	if c := find(t, r, "http.status.ok"); c.Outcome != Pass {
		t.Errorf("http.status.ok: %s", c.Outcome)
	}
	if r.Counts.Error > 0 {
		t.Errorf("%d errors", r.Counts.Error)
	}
}

func TestRunWithoutHooks(t *testing.T) {
	t.Parallel()
	target := serveBroker(t, newBroker())
	target.Publish = nil
	r := mustRun(t, target, Options{})
	c := find(t, r, "data.multiline.lf")
	if c.Outcome != NotTested || !strings.Contains(c.Enable, "publish hook") {
		t.Errorf("%s, enabled by %q", c.Outcome, c.Enable)
	}
	if c := find(t, r, "http.overload"); c.Outcome != NotTested || !strings.Contains(c.Enable, "stream_limit") {
		t.Errorf("%s, enabled by %q", c.Outcome, c.Enable)
	}
}

// Without topics of their own, exchanges that publish take turns, so that none
// hears another.
func TestRunSharedTopic(t *testing.T) {
	t.Parallel()
	target := serveBroker(t, newBroker())
	target.URL = strings.ReplaceAll(target.URL, "{topic}", "one")
	publish := target.Publish.Func
	target.Publish.Func = func(ctx context.Context, _ string, f Fields) error { return publish(ctx, "one", f) }
	if r := mustRun(t, target, Options{Skip: bulky}); r.Verdict != Pass || len(red(r)) > 0 {
		t.Errorf("verdict %s, red: %v", r.Verdict, red(r))
	}
}

func TestRunInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := Run(ctx, serveBroker(t, newBroker()), Options{Progress: func(p Progress) {
		if p.Ended {
			cancel()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Interrupted || find(t, r, "data.multiline.lf").Outcome != NotTested {
		t.Errorf("interrupted %t, %s", r.Interrupted, r.Counts)
	}
}

func TestRunProgress(t *testing.T) {
	t.Parallel()
	var began, ended int
	mustRun(t, serveBroker(t, newBroker()), Options{Run: []string{"data", "http.status.ok"}, Progress: func(p Progress) {
		if p.Ended {
			ended++
		} else {
			began++
		}
		if p.Of != 3 || p.Done != ended {
			t.Errorf("progress %+v after %d ends", p, ended)
		}
	}})
	if began != 3 || ended != 3 { // open, payload, sequence
		t.Errorf("%d began, %d ended, want 3", began, ended)
	}
}

// Judgements and exchanges that panic are errors of their own.
func TestPanicsAreErrors(t *testing.T) {
	c := Check{ID: "x.y", Level: Must, Judge: func(*Transcript) Verdict { panic("oh") }}
	if r := c.judge(&Transcript{}); r.Outcome != Error || !strings.Contains(r.Observed, "oh") {
		t.Errorf("a judgement: %s %q", r.Outcome, r.Observed)
	}
	r, err := newRunner(serveBroker(t, newBroker()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	broken := exchange{name: "accept", about: "x", talk: func(*talk) { panic("oh") }}
	r.transcripts["accept"] = r.converse(t.Context(), &broken, nil)
	accept, _ := Find("http.accept.list")
	if got := r.judge(&accept); got.Outcome != Error || !strings.Contains(got.Observed, "oh") {
		t.Errorf("an exchange: %s %q", got.Outcome, got.Observed)
	}
}

// A timing failure is looked at once more.
func TestTimedIsSeenTwice(t *testing.T) {
	for name, late := range map[string]int{"flaky": 1, "always": 100} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBroker()
			requests := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if requests++; requests <= late {
					time.Sleep(1500 * time.Millisecond)
				}
				b.ServeHTTP(w, r)
			}))
			t.Cleanup(func() { close(b.done); server.Close() })
			r := mustRun(t, Target{URL: server.URL + "/events?topic={topic}", Pace: quick}, Options{Run: []string{"http.head.flush"}, Exchanges: []string{"open"}})
			c := find(t, r, "http.head.flush")
			if name == "flaky" && (c.Outcome != Pass || !c.Flaky) || name == "always" && (c.Outcome != Warn || c.Flaky) {
				t.Errorf("%s, flaky %t: %s", c.Outcome, c.Flaky, c.Observed)
			}
		})
	}
}

// All exchanges are looked at once more that the check is judged from, once.
func TestTakeAgain(t *testing.T) {
	r, err := newRunner(serveBroker(t, newBroker()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.client.CloseIdleConnections()
	before := Transcript{}
	for _, name := range []string{"idle", "wait", "latency"} {
		r.transcripts[name] = &before
	}
	beats, _ := Find("live.heartbeat.15s")
	again := map[string]bool{}
	r.takeAgain(t.Context(), &beats, again)
	idle, wait := r.transcripts["idle"], r.transcripts["wait"]
	if idle == &before || wait == &before || r.transcripts["latency"] != &before {
		t.Errorf("taken again: idle %t, wait %t, latency %t", idle != &before, wait != &before, r.transcripts["latency"] != &before)
	}
	r.takeAgain(t.Context(), &beats, again)
	if r.transcripts["idle"] != idle || r.transcripts["wait"] != wait || r.done != 2 || r.of != 2 {
		t.Errorf("taken a third time; %d of %d", r.done, r.of)
	}
}

// No token gets into a report or a recording, and what is recorded is judged
// the same.
func TestRecordReplayRedacted(t *testing.T) {
	t.Parallel()
	b := newBroker()
	b.head = func(h http.Header) { h.Set("X-Echo", "token is very-good-token") }
	b.wire = func(f Fields) string { return ": very-good-token\n" + block(f) }
	target := serveBroker(t, b)
	target.Tokens = &Tokens{Good: "very-good-token", JWT: &JWT{Secret: "signing-secret"}}
	target.Headers = map[string]string{"X-Key": "private-header"}
	target.URL += "&access_token=typed-into-the-url"
	folder := t.TempDir()
	first := mustRun(t, target, Options{Record: folder, Skip: bulky})

	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var page bytes.Buffer
	if err := errors.Join(WriteHTML(&page, first), WriteJSON(&page, first), WriteText(&page, first, false)); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		page.Write(text)
	}
	for _, secret := range []string{"very-good-token", "signing-secret", "private-header", "typed-into-the-url"} {
		if i := strings.Index(page.String(), secret); i >= 0 {
			t.Errorf("%s is in an output: …%s…", secret, page.String()[max(0, i-100):i])
		}
	}
	var open Transcript
	if err := readJSON(filepath.Join(folder, "open.json"), &open); err != nil {
		t.Fatal(err)
	}
	if c := open.named("stream"); c.Reflected != 1 || !strings.Contains(string(c.Head), "token is ***************\r\n") {
		t.Errorf("reflected %d times; head %q", c.Reflected, c.Head)
	}

	again, err := Replay(folder, Options{Skip: bulky})
	if err != nil {
		t.Fatal(err)
	}
	ignore := cmpopts.IgnoreFields(Result{}, "DurationSeconds", "Flaky")
	if diff := cmp.Diff(first.Checks, again.Checks, ignore); diff != "" {
		t.Errorf("replayed (-first +again):\n%s", diff)
	}
	if first.Counts != again.Counts || again.Interrupted {
		t.Errorf("%s, replayed %s", first.Counts, again.Counts)
	}
	if _, err := Replay(t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), "is no recording") {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestTranscriptEncodes(t *testing.T) {
	for _, text := range []string{"", "é\u2028<", "a\xffb", `{"base64":1}`} {
		b, err := Bytes(text).MarshalJSON()
		var back Bytes
		if err2 := back.UnmarshalJSON(b); err != nil || err2 != nil || string(back) != text {
			t.Errorf("%q becomes %s becomes %q (%v, %v)", text, b, back, err, err2)
		}
	}
	if err := new(Bytes).UnmarshalJSON([]byte(`{"other":1}`)); err == nil {
		t.Error("an object without base64 is taken")
	}
}

func TestTest(t *testing.T) {
	b := newBroker()
	b.head = func(h http.Header) { h.Set("Cache-Control", "public, no-transform") }
	target := serveBroker(t, b)
	f := &fakeT{TB: t}
	Test(f, target, Options{Run: []string{"http"}})
	if len(f.failed) != 1 || !strings.Contains(f.failed[0], "http.cache-control") {
		t.Errorf("failures: %q, want http.cache-control alone", f.failed)
	}
	Test(t, target, Options{Run: []string{"http"}, Baseline: Baseline{"http.cache-control"}})
	f.failed = nil
	Test(f, target, Options{Run: []string{"http.cache-control", "http.status.ok"}, Baseline: Baseline{"http.status.ok", "http.cache-control"}})
	if len(f.failed) != 1 || !strings.Contains(f.failed[0], "stale") {
		t.Errorf("failures: %q, want a stale baseline", f.failed)
	}
}

// fakeT collects failures in place of failing.
type fakeT struct {
	testing.TB
	failed []string
}

func (f *fakeT) Errorf(format string, args ...any) {
	f.failed = append(f.failed, strings.TrimSpace(strings.Join(strings.Fields(sprintf(format, args...)), " ")))
}
