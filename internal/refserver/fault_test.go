package refserver

import (
	"compress/gzip"
	"io"
	"net/http"
	"testing"
)

// A fault does the same to a stream that a shard writes to as to one with a
// goroutine.
func TestFaultBytes(t *testing.T) {
	const (
		ordinary = "id: e-1\ndata: a\ndata: \ndata: é 😀\ndata: c\n\n"
		latin1   = "id: e-1\ndata: a\ndata: \ndata: \xE9 😀\ndata: c\n\n"
		cesu8    = "id: e-1\ndata: a\ndata: \ndata: é \xED\xA0\xBD\xED\xB8\x80\ndata: c\n\n"
	)
	for fault, want := range map[string]string{
		"":                ordinary,
		"latin1":          latin1,
		"cesu8":           cesu8,
		"bom-per-event":   "\uFEFF:\n" + ordinary,
		"eol-mixed":       ":\r\n" + ordinary,
		"one-newline":     ordinary[:len(ordinary)-1],
		"terminator-late": "\n" + ordinary[:len(ordinary)-1],
		"raw-second-line": "id: e-1\ndata: a\n\né 😀\nc\n\n",
		"crlf-double":     "id: e-1\ndata: a\ndata: \ndata: \ndata: é 😀\ndata: c\n\n",
		"cr-raw":          "id: e-1\ndata: a\ndata: \ndata: é 😀\rc\n\n",
		"blank-inside":    "id: e-1\ndata: a\n\ndata: é 😀\ndata: c\n\n",
		"indent-lost":     "id: e-1\ndata: a\ndata:\ndata:é 😀\ndata:c\n\n",
		"id-undefined":    "id: undefined\ndata: a\ndata: \ndata: é 😀\ndata: c\n\n",
		"eof-cut":         ordinary + "data: never dispatched\n",
		"eof-page":        ordinary + "<html>Something went wrong</html>",
	} {
		for _, version := range []string{"HTTP/1.1", "HTTP/1.0"} {
			s := start(t, Config{Fault: fault, Retry: -1})
			c := request(t, s, "GET /events?topic=t "+version, "")
			for _, body := range []string{`{"topic":"t","data":"a\n\r\né 😀\rc"}`, `{"topic":"t","finish":true}`} {
				if status, answer := post(t, s, body); status != http.StatusOK {
					t.Fatalf("%s: publish: %d %s", fault, status, answer)
				}
			}
			got, err := io.ReadAll(c.body)
			if err != nil || string(got) != comment+want {
				t.Errorf("%s, %s: %v, stream\n%q, want\n%q", fault, version, err, got, comment+want)
			}
			stop(t, s)
		}
	}
}

func TestFaultPublications(t *testing.T) {
	for _, row := range []struct {
		fault, body string
		status      int
	}{
		{"", `{"topic":"t","data":"a\u0000b"}`, http.StatusBadRequest},
		{"nul-cut", `{"topic":"t","data":"a\u0000b"}`, http.StatusOK},
		{"nul-cut", `{"topic":"","data":"a"}`, http.StatusBadRequest},
		{"data-trimmed", `{"topic":"t","data":"a\u0000b"}`, http.StatusBadRequest},
	} {
		s := start(t, Config{Fault: row.fault})
		if status, answer := post(t, s, row.body); status != row.status {
			t.Errorf("%s: %s is answered with %d %s, want %d", row.fault, row.body, status, answer, row.status)
		}
	}
}

func TestFaultHeads(t *testing.T) {
	for _, row := range []struct {
		fault, line, header string
		status              int
		field, value        string
	}{
		{"content-length", "GET /events?topic=t HTTP/1.1", "X: y", 200, "Content-Length", "1073741824"},
		{"gzip-always", "GET /events?topic=t HTTP/1.1", "X: y", 200, "Content-Encoding", "gzip"},
		{"gzip-unflushed", "GET /events?topic=t HTTP/1.1", "X: y", 200, "Content-Encoding", ""},
		{"gzip-unflushed", "GET /events?topic=t HTTP/1.1", "Accept-Encoding: gzip", 200, "Content-Encoding", "gzip"},
		{"gzip-always", "GET /events HTTP/1.1", "X: y", 400, "Content-Encoding", ""},
		{"post-streams", "POST /events?topic=t HTTP/1.1", "X: y", 200, "Content-Type", "text/event-stream"},
		{"not-modified", "GET /events?topic=t HTTP/1.1", "If-None-Match: *", 304, "Content-Type", ""},
		{"accept-demanded", "GET /events?topic=t HTTP/1.1", "X: y", 406, "Cache-Control", ""},
		{"accept-case", "GET /events?topic=t HTTP/1.1", "Accept: Text/Event-Stream", 406, "Cache-Control", ""},
		{"accept-case", "GET /events?topic=t HTTP/1.1", "Accept: */*", 200, "Content-Type", "text/event-stream"},
		{"error-page-200", "GET /nowhere HTTP/1.1", "X: y", 200, "Content-Type", "text/event-stream"},
		{"spa-fallback", "GET /nowhere HTTP/1.1", "X: y", 200, "Content-Type", "text/html"},
		{"spa-fallback", "GET /events?topic=t HTTP/1.1", "X: y", 200, "Content-Type", "text/event-stream"},
	} {
		s := start(t, Config{Fault: row.fault})
		c := request(t, s, row.line, "", row.header)
		if got := c.resp.Header.Get(row.field); c.resp.StatusCode != row.status || got != row.value {
			t.Errorf("%s: %s, %s: %d with %s %q, want %d and %q", row.fault, row.line, row.header, c.resp.StatusCode, row.field, got, row.status, row.value)
		}
		c.close()
	}
}

// A compressor that is flushed gives an event before the next is published.
func TestFaultGzip(t *testing.T) {
	s := start(t, Config{Fault: "gzip-always", Retry: -1})
	c := connect(t, s, "/events?topic=t")
	z, err := gzip.NewReader(c.body)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "a", "t")
	want := comment + "id: e-1\ndata: a\n\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(z, got); err != nil || string(got) != want {
		t.Errorf("%v, %q, want %q", err, got, want)
	}
	c.close()
}

func TestFaultsAreCopies(t *testing.T) {
	Faults()[0].Breaks[0] = "changed"
	if got := Faults()[0].Breaks[0]; got != "target.alive" {
		t.Errorf("the first fault breaks %q", got)
	}
}
