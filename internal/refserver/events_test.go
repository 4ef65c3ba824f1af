package refserver

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tmaxmax/go-sse"
)

func TestHead(t *testing.T) {
	s := start(t, Config{Retry: 1500 * time.Millisecond})
	c := connect(t, s, "/events?topic=t")
	want := map[string]string{
		"Content-Type":      "text/event-stream",
		"Cache-Control":     "no-cache, no-store, no-transform",
		"X-Accel-Buffering": "no",
		"Content-Length":    "",
		"Content-Encoding":  "",
		"Connection":        "",
		"Etag":              "",
	}
	for name, v := range want {
		if got := c.resp.Header.Get(name); got != v {
			t.Errorf("%s = %q, want %q", name, got, v)
		}
	}
	if !slices.Equal(c.resp.TransferEncoding, []string{"chunked"}) {
		t.Errorf("Transfer-Encoding = %v", c.resp.TransferEncoding)
	}
	for _, want := range []event{{Comment: "[]"}, {Retry: "1500"}} {
		if got, err := c.block(); got != want || err != nil {
			t.Errorf("preamble has %+v, %v; want %+v", got, err, want)
		}
	}
}

// TestPreambleWithHead reads the first bytes of a stream with one read.
func TestPreambleWithHead(t *testing.T) {
	s := start(t, Config{})
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET /events?topic=t HTTP/1.1\r\nHost: x\r\n\r\n")
	conn.SetDeadline(time.Now().Add(patience))
	buf := make([]byte, 4096)
	n, err := conn.Read(buf)
	if head, body, _ := strings.Cut(string(buf[:n]), "\r\n\r\n"); err != nil || body != "10\r\n:\n\nretry: 2000\n\n\r\n" {
		t.Fatalf("first read = %q, %q, %v", head, body, err)
	}
}

func TestRetryJitter(t *testing.T) {
	s := start(t, Config{Retry: time.Second, RetryJitter: time.Hour})
	seen := map[string]bool{}
	for range 5 {
		c := connect(t, s, "/events?topic=t")
		c.block()
		e, err := c.block()
		if ms, _ := strconv.Atoi(e.Retry); err != nil || ms < 1000 || ms >= 3_601_000 {
			t.Fatalf("retry = %q, %v", e.Retry, err)
		}
		seen[e.Retry] = true
	}
	if len(seen) < 2 {
		t.Errorf("five streams were all told %v", seen)
	}
}

// ways are the ways to read a stream that must all carry the same events.
var ways = []struct {
	name  string
	cfg   func() Config
	swept bool
	open  func(*testing.T, *Server, string, string) *client
}{
	{"HTTP/1.1", plain, true, func(t *testing.T, s *Server, path, id string) *client {
		return connect(t, s, path, "Last-Event-ID: "+id)
	}},
	{"HTTP/1.0", plain, false, func(t *testing.T, s *Server, path, id string) *client {
		c := request(t, s, "GET "+path+" HTTP/1.0", "", "Last-Event-ID: "+id)
		if c.resp.TransferEncoding != nil || c.resp.ContentLength != -1 {
			t.Fatalf("HTTP/1.0 answer: %v, length %d", c.resp.TransferEncoding, c.resp.ContentLength)
		}
		return c
	}},
	{"TLS", secure, false, func(t *testing.T, s *Server, path, id string) *client {
		return connect(t, s, path, "Last-Event-ID: "+id)
	}},
	{"HTTP/2", secure, false, openHTTP2},
	{"h2c", func() Config { return Config{H2C: true} }, false, openHTTP2},
}

func plain() Config { return Config{} }

func secure() Config {
	cert, err := SelfSigned()
	if err != nil {
		panic(err)
	}
	return Config{TLS: &TLS{Certificate: cert}}
}

func openHTTP2(t *testing.T, s *Server, path, id string) *client {
	tr := &http.Transport{Protocols: new(http.Protocols)}
	if s.tls != nil {
		tr.Protocols.SetHTTP2(true)
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(s.cfg.TLS.Certificate.PEM)
		tr.TLSClientConfig = &tls.Config{RootCAs: pool}
	} else {
		tr.Protocols.SetUnencryptedHTTP2(true)
	}
	t.Cleanup(tr.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Last-Event-ID", id)
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.ProtoMajor != 2 || resp.Header.Get("Connection") != "" {
		t.Fatalf("answer is %s, %v", resp.Proto, resp.Header)
	}
	return &client{t: t, resp: resp, body: bufio.NewReader(resp.Body)}
}

// awkward are data that some writer or reader gets wrong, and what a reader of
// the standard makes of them.
var awkward = []struct{ in, out string }{
	{"plain", "plain"},
	{"", ""},
	{"a\nb", "a\nb"},
	{"a\r\nb", "a\nb"},
	{"a\rb", "a\nb"},
	{"a\n\nb", "a\n\nb"},
	{"\na", "\na"},
	{"a\n", "a\n"},
	{"\n", "\n"},
	{"\n\n", "\n\n"},
	{"\r\n\r", "\n\n"},
	{" a", " a"},
	{"a\n b\n  c", "a\n b\n  c"},
	{"a \t", "a \t"},
	{"id: 7\nevent: x\nretry: 1\ndata: y\n:c", "id: 7\nevent: x\nretry: 1\ndata: y\n:c"},
	{"x\r\rdata: fake\r\r", "x\n\ndata: fake\n\n"},
	{"\u2028\u2029\u0085\v\f\x1c", "\u2028\u2029\u0085\v\f\x1c"},
	{"\ufeffé €豆腐 😀 👩‍👩‍👧 ع", "\ufeffé €豆腐 😀 👩‍👩‍👧 ع"},
	{strings.Repeat("x", 300_000), strings.Repeat("x", 300_000)},
	{strings.Repeat("y\n", 70_000), strings.Repeat("y\n", 70_000)},
}

// TestWays publishes awkward data and expects the same events, live and
// replayed, in every way to read a stream.
func TestWays(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, way.cfg())
			var want []event
			live := way.open(t, s, "/events?topic=t&topic=u", "")
			single := way.open(t, s, "/events?topic=t", "")
			stats := s.Stats().Subscribers
			if wantSwept := map[bool]int{true: 2}[way.swept]; stats.Swept != wantSwept || stats.Total != 2 {
				t.Fatalf("subscribers = %+v", stats)
			}
			first := []string{}
			for i, d := range awkward {
				p := publication{data: &d.in, event: "kind " + strconv.Itoa(i)}
				topics := [][]string{{"t"}, {"t", "u"}}[i%2]
				id, err := s.hub.publish(p.message(), topics, false)
				if err != nil {
					t.Fatal(err)
				}
				first = append(first, id)
				want = append(want, event{ID: id, Event: p.event, Data: d.out})
			}
			live.want(want...)
			single.want(want...)
			way.open(t, s, "/events?topic=u&topic=t", first[2]).want(want[3:]...)
			way.open(t, s, "/events?topic=t", first[0]).want(want[1:]...)
		})
	}
}

// recorder is a client of go-sse that is no session.
type recorder struct {
	events chan event
	unsent []event
}

func (r *recorder) Send(m *sse.Message) error {
	text, err := m.MarshalText()
	if err != nil {
		return err
	}
	c := client{body: bufio.NewReader(strings.NewReader(string(text)))}
	e, err := c.block()
	r.unsent = append(r.unsent, e)
	return err
}

func (r *recorder) Flush() error {
	for _, e := range r.unsent {
		r.events <- e
	}
	r.unsent = nil
	return nil
}

// TestProvider uses the hub as go-sse's own server does, and with a client that
// is not a session.
func TestProvider(t *testing.T) {
	s := start(t, Config{})
	if err := s.Hub().Publish(&sse.Message{}, nil); err != sse.ErrNoTopic {
		t.Errorf("Publish without topics = %v", err)
	}
	var want []event
	for i, d := range awkward {
		put(t, s, d.in, "t")
		want = append(want, event{ID: "e-" + strconv.Itoa(i+1), Data: d.out})
	}
	r := &recorder{events: make(chan event, len(want))}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- s.Hub().Subscribe(ctx, sse.Subscription{Client: r, LastEventID: sse.ID("e-1"), Topics: []string{"t"}})
	}()
	for _, w := range want[1:] {
		if got := <-r.events; got != w {
			t.Fatalf("event = %+v, want %+v", got, w)
		}
	}
	eventually(t, "one subscriber", subscribers(s, 1))
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Subscribe = %v", err)
	}
	eventually(t, "no subscriber", subscribers(s, 0))

	joined := httptest.NewServer(&sse.Server{Provider: s.Hub(), OnSession: func(http.ResponseWriter, *http.Request) ([]string, bool) {
		return []string{"t"}, true
	}})
	defer joined.Close()
	req, _ := http.NewRequestWithContext(t.Context(), "GET", joined.URL, nil)
	req.Header.Set("Last-Event-ID", "e-1")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	c := client{t: t, body: bufio.NewReader(resp.Body)}
	c.want(want[1:]...)
	resp.Body.Close()
	eventually(t, "no subscriber", subscribers(s, 0))
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()

	stop(t, s)
	if err := s.Hub().Publish(&sse.Message{}, []string{"t"}); err != sse.ErrProviderClosed {
		t.Errorf("Publish after Shutdown = %v", err)
	}
	if err := s.Hub().Subscribe(ctx, sse.Subscription{Client: r, Topics: []string{"t"}}); err != sse.ErrProviderClosed {
		t.Errorf("Subscribe after Shutdown = %v", err)
	}
	if err := s.Hub().Shutdown(ctx); err != sse.ErrProviderClosed {
		t.Errorf("second Shutdown = %v", err)
	}
}

// TestHandler serves through a server that is not the package's own.
func TestHandler(t *testing.T) {
	s := start(t, Config{})
	other := httptest.NewServer(s.Handler())
	defer other.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", other.URL+"/events?topic=t", nil)
	resp, err := other.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	put(t, s, "x", "t")
	c := client{t: t, body: bufio.NewReader(resp.Body)}
	c.want(event{ID: "e-1", Data: "x"})
}

func TestTwoClientsGetTheSame(t *testing.T) {
	s := start(t, Config{})
	a, b := connect(t, s, "/events?topic=t"), connect(t, s, "/events?topic=t")
	other := connect(t, s, "/events?topic=T&topic=t/x&topic=tt")
	var want []event
	for i := range 1000 {
		put(t, s, strconv.Itoa(i), "t")
		want = append(want, event{ID: "e-" + strconv.Itoa(i+1), Data: strconv.Itoa(i)})
	}
	a.want(want...)
	b.want(want...)
	put(t, s, "mine", "t/x")
	other.want(event{ID: "e-1001", Data: "mine"})
}

func TestFinish(t *testing.T) {
	s := start(t, Config{})
	c := connect(t, s, "/events?topic=t")
	both := connect(t, s, "/events?topic=t&topic=u")
	publish(t, s, "t", "one", "e-1")
	if status, answer := post(t, s, `{"topic":"t","data":"last","finish":true}`); status != 200 {
		t.Fatalf("finish: %d %s", status, answer)
	}
	want := []event{{ID: "e-1", Data: "one"}, {ID: "e-2", Data: "last"}}
	c.want(want...)
	c.wantEnd()
	both.want(want...)
	publish(t, s, "u", "more", "e-3")
	both.want(event{ID: "e-3", Data: "more"})

	for _, header := range []string{"X: none", "Last-Event-ID: e-2", "Last-Event-ID: junk"} {
		again := dial(t, s, "/events?topic=t", header)
		body, _ := io.ReadAll(again.body)
		if again.resp.StatusCode != 204 || len(body) != 0 || again.resp.Header.Get("Content-Length") != "" {
			t.Errorf("%s: %s %q %v; want 204 and no body", header, again.resp.Status, body, again.resp.Header)
		}
	}
	// Who has not seen the end gets it once more.
	rest := connect(t, s, "/events?topic=t", "Last-Event-ID: e-1")
	rest.want(want[1])
	rest.wantEnd()
	if status, _ := post(t, s, `{"topic":"t","data":"too late"}`); status != 409 {
		t.Errorf("publish to a finished topic: %d", status)
	}
	rest = request(t, s, "GET /events?topic=t HTTP/1.0", "", "Last-Event-ID: e-1")
	rest.want(want[1])
	rest.wantEnd()
}

func TestTick(t *testing.T) {
	s := start(t, Config{Tick: Tick{Rate: 500, Topic: "t", Size: 64}})
	c := connect(t, s, "/events?topic=t")
	var before int
	for i := range 20 {
		e, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		var n int
		var due int64
		if !scan(e.Data, &due, &n) || len(e.Data) != 64 || i > 0 && n != before+1 {
			t.Fatalf("tick %d after %d: %q", n, before, e.Data)
		}
		if ago := time.Since(time.Unix(0, due)); ago < 0 || ago > patience {
			t.Fatalf("tick was due %v ago", ago)
		}
		before = n
	}
}

func scan(data string, due *int64, n *int) bool {
	rest, ok := strings.CutPrefix(data, `{"t":`)
	digits, rest, _ := strings.Cut(rest, `,"n":`)
	count, _, _ := strings.Cut(rest, ",")
	var err1, err2 error
	*due, err1 = strconv.ParseInt(digits, 10, 64)
	*n, err2 = strconv.Atoi(count)
	return ok && err1 == nil && err2 == nil
}

func TestFaults(t *testing.T) {
	run := func(fault string) []string {
		s := start(t, Config{Fault: fault})
		c := connect(t, s, "/events?topic=t")
		for i := range 205 {
			put(t, s, strconv.Itoa(i+1), "t")
		}
		if _, err := s.hub.publish(nil, []string{"t"}, true); err != nil {
			t.Fatal(err)
		}
		var got []string
		for {
			e, err := c.next()
			if err == io.EOF {
				return got
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Data)
		}
	}
	var good []string
	for i := range 205 {
		good = append(good, strconv.Itoa(i+1))
	}
	drop := slices.Delete(slices.Delete(slices.Clone(good), 199, 200), 99, 100)
	double := slices.Insert(slices.Insert(slices.Clone(good), 199, "200"), 99, "100")
	swap := slices.Clone(good)
	swap[99], swap[100], swap[199], swap[200] = "101", "100", "201", "200"
	for fault, want := range map[string][]string{
		"": good, "drop-100th": drop, "double-100th": double, "swap-100th": swap, "stall": good[:100],
	} {
		if diff := cmp.Diff(want, run(fault)); diff != "" {
			t.Errorf("%s: events differ (-want +got):\n%s", fault, diff)
		}
	}
}

func TestFaultNames(t *testing.T) {
	_, err := New(Config{Fault: "drop-10th"})
	if err == nil || !strings.Contains(err.Error(), "did you mean drop-100th?") {
		t.Errorf("New with an unknown fault = %v, want the nearest name", err)
	}
	seen := map[string]bool{}
	for _, f := range Faults() {
		if seen[f.ID] || f.ID == "" || !strings.HasSuffix(f.Description, ".") {
			t.Errorf("fault %+v", f)
		}
		seen[f.ID] = true
		s, err := New(Config{Fault: f.ID})
		if err != nil {
			t.Fatal(err)
		}
		stop(t, s)
	}
}

// What the process itself publishes is an event like any other, and the last one
// ends the topic.
func TestPublishFromTheProcess(t *testing.T) {
	s := start(t, Config{})
	c := connect(t, s, "/events?topic=t")
	for i, e := range []Event{{Topic: "t", Name: "n", Data: "a\r\nb"}, {Topic: "t", Data: "", Last: true}} {
		if id, err := s.Publish(e); err != nil || id != fmt.Sprintf("e-%d", i+1) {
			t.Fatalf("%+v: id %q, %v", e, id, err)
		}
	}
	c.want(event{ID: "e-1", Event: "n", Data: "a\nb"}, event{ID: "e-2"})
	c.wantEnd()
	if c := dial(t, s, "/events?topic=t", "Last-Event-ID: e-2"); c.resp.StatusCode != http.StatusNoContent {
		t.Errorf("who comes back gets status %d, want 204", c.resp.StatusCode)
	}
	for _, e := range []Event{{Topic: "", Data: "x"}, {Topic: "u", Name: "a\nb"}, {Topic: "u", Data: "\x00"}, {Topic: "t", Data: "x"}} {
		if id, err := s.Publish(e); err == nil {
			t.Errorf("%+v was published as %s", e, id)
		}
	}
}
