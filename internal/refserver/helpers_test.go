package refserver

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of a test. No test passes by waiting for it.
const patience = 30 * time.Second

// start serves cfg on a free port until the test ends, on two shards unless cfg
// says otherwise.
func start(t testing.TB, cfg Config) *Server {
	t.Helper()
	if cfg.Shards == 0 {
		cfg.Shards = 2
	}
	if cfg.Epoch == "" {
		cfg.Epoch = "e"
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		stop(t, s)
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve = %v", err)
		}
	})
	for s.Addr() == nil {
		time.Sleep(time.Millisecond)
	}
	return s
}

// stop shuts s down unless the test has done it.
func stop(t testing.TB, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	select {
	case <-s.hub.closed:
	default:
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown = %v", err)
		}
	}
}

// An event is what a stream carries between two blank lines.
type event struct {
	ID, Event, Data, Retry, Comment string
}

// A client is one HTTP/1.x connection with a response on it.
type client struct {
	t    testing.TB
	conn net.Conn
	resp *http.Response
	body *bufio.Reader
}

// dial sends the request "GET path" with further header lines.
func dial(t testing.TB, s *Server, path string, header ...string) *client {
	t.Helper()
	return request(t, s, "GET "+path+" HTTP/1.1", "", header...)
}

func request(t testing.TB, s *Server, line, body string, header ...string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if s.tls != nil {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(s.cfg.TLS.Certificate.PEM)
		conn = tls.Client(conn, &tls.Config{RootCAs: pool, ServerName: "localhost"})
	}
	conn.SetDeadline(time.Now().Add(patience))
	head := line + "\r\nHost: " + s.Addr().String() + "\r\n"
	for _, h := range header {
		head += h + "\r\n"
	}
	if _, err := io.WriteString(conn, head+"\r\n"+body); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(line, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	return &client{t, conn, resp, bufio.NewReader(resp.Body)}
}

// connect opens a stream and expects it to be one.
func connect(t testing.TB, s *Server, path string, header ...string) *client {
	t.Helper()
	c := dial(t, s, path, header...)
	if c.resp.StatusCode != http.StatusOK || c.resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("GET %s: %s, %v", path, c.resp.Status, c.resp.Header)
	}
	return c
}

// block reads up to the next blank line. At the end of the stream it returns
// io.EOF, or io.ErrUnexpectedEOF if the stream was cut.
func (c *client) block() (event, error) {
	var e event
	var data []string
	for n := 0; ; n++ {
		line, err := c.body.ReadString('\n')
		if err != nil {
			if line != "" || n > 0 {
				err = io.ErrUnexpectedEOF
			}
			return e, err
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			e.Data = strings.Join(data, "\n")
			return e, nil
		case name == "":
			e.Comment += "[" + value + "]"
		case name == "id":
			e.ID = value
		case name == "event":
			e.Event = value
		case name == "retry":
			e.Retry = value
		case name == "data":
			data = append(data, value)
		default:
			return e, errors.New("unknown field in line " + line)
		}
	}
}

// next returns the next event with an id, a type or data.
func (c *client) next() (event, error) {
	for {
		e, err := c.block()
		if err != nil || e.ID != "" || e.Event != "" || e.Data != "" {
			return e, err
		}
	}
}

func (c *client) want(want ...event) {
	c.t.Helper()
	for _, w := range want {
		got, err := c.next()
		if err != nil || got != w {
			c.t.Fatalf("next event = %+v, %v; want %+v", got, err, w)
		}
	}
}

// wantEnd expects the clean end of the stream, with no event before it.
func (c *client) wantEnd() {
	c.t.Helper()
	if e, err := c.next(); err != io.EOF {
		c.t.Fatalf("next event = %+v, %v; want the end of the stream", e, err)
	}
}

func (c *client) close() { c.conn.Close() }

// post publishes a JSON body and returns status and answer.
func post(t testing.TB, s *Server, body string, header ...string) (int, string) {
	t.Helper()
	c := request(t, s, "POST /publish HTTP/1.1", body, append(header, "Content-Length: "+strconv.Itoa(len(body)), "Connection: close")...)
	answer, err := io.ReadAll(c.body)
	if err != nil {
		t.Fatal(err)
	}
	c.close()
	return c.resp.StatusCode, string(answer)
}

// publish publishes data to a topic and expects the given id.
func publish(t testing.TB, s *Server, topic, data, id string) {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"topic": topic, "data": data})
	status, answer := post(t, s, string(body))
	var got struct{ ID, Topic string }
	if err := json.Unmarshal([]byte(answer), &got); status != 200 || err != nil || got.ID != id || got.Topic != topic {
		t.Fatalf("publish: %d %s; want id %s", status, answer, id)
	}
}

// put publishes data from inside the process.
func put(t testing.TB, s *Server, data string, topics ...string) {
	t.Helper()
	p := publication{data: &data}
	if _, err := s.hub.publish(p.message(), topics, false); err != nil {
		t.Fatal(err)
	}
}

// eventually waits until ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

func subscribers(s *Server, n int) func() bool {
	return func() bool { return s.Stats().Subscribers.Total == n }
}

// descriptors counts the open descriptors of the process.
func descriptors(t testing.TB) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc/self/fd")
	}
	return len(names)
}

// readHead reads the head of the response on c's connection.
func (c *client) readHead() *client {
	c.t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c.conn), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.resp, c.body = resp, bufio.NewReader(resp.Body)
	return c
}
