package loadgen

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// A parsed is what a client makes of the bytes of one connection.
type parsed struct {
	status      int
	contentType string
	data        string
	done        bool // the body has come to its end
	bad         bool // head or framing is malformed
}

// readHTTP1 reads a response as an event loop does, cut into pieces.
func readHTTP1(pieces ...string) (r parsed) {
	var buffer []byte
	searched, inBody := 0, false
	var b body
	take := func(p []byte) {
		data, done, err := b.decode(p)
		r.data += string(data)
		r.done, r.bad = done, err != nil
	}
	for _, piece := range pieces {
		if r.done || r.bad {
			return r
		}
		if inBody {
			take([]byte(piece))
			continue
		}
		buffer = append(buffer, piece...)
		for !inBody {
			end := findHeadEnd(buffer, searched)
			if end == 0 {
				searched = len(buffer)
				break
			}
			h, err := parseHead(buffer[:end])
			if err != nil {
				r.bad = true
				return r
			}
			buffer, searched = buffer[end:], 0
			if !h.informational() {
				r.status, r.contentType, b, inBody = h.status, h.contentType, h.body, true
				take(buffer)
			}
		}
	}
	return r
}

const streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"

func TestHTTP1(t *testing.T) {
	chunkedHead := streamHead + "Transfer-Encoding: chunked\r\n\r\n"
	open := func(data string) parsed {
		return parsed{status: 200, contentType: "text/event-stream", data: data}
	}
	ended := func(data string) parsed { r := open(data); r.done = true; return r }
	broken := func(data string) parsed { r := open(data); r.bad = true; return r }
	for _, c := range []struct {
		name, wire string
		want       parsed
	}{
		{"no head yet", "HTTP/1.1 200 OK\r\nContent-Type: x\r\n", parsed{}},
		{"until close", streamHead + "\r\nab", open("ab")},
		{"bare line feeds", "HTTP/1.1 200 OK\nContent-Type: text/event-stream\n\nab", open("ab")},
		{"counted", streamHead + "Content-Length: 3\r\n\r\nabcd", ended("abc")},
		{"counted, not all", streamHead + "Content-Length: 3\r\n\r\nab", open("ab")},
		{"counted, nothing", streamHead + "Content-Length: 0\r\n\r\n", ended("")},
		{"informational heads", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + streamHead + "\r\na", open("a")},
		{"switching protocols", "HTTP/1.1 101 Switching Protocols\r\n\r\nxyz", parsed{status: 101, done: true}},
		{"no content", "HTTP/1.1 204 No Content\r\n\r\n", parsed{status: 204, done: true}},
		{"chunks", chunkedHead + "2\r\nab\r\n1\r\nc\r\n", open("abc")},
		{"last chunk", chunkedHead + "2\r\nab\r\n0\r\n\r\n", ended("ab")},
		{"long size", chunkedHead + "0000000000000002\r\nab\r\n", open("ab")},
		{"upper case", chunkedHead + "A\r\n0123456789\r\n", open("0123456789")},
		{"extensions", chunkedHead + "2;a=b;c=\"d\"\r\nab\r\n0;e\r\n\r\n", ended("ab")},
		{"space behind the size", chunkedHead + "2 \t\r\nab\r\n", open("ab")},
		{"trailers", chunkedHead + "1\r\na\r\n0\r\nA: b\r\nC: d\r\n\r\n", ended("a")},
		{"unfinished trailers", chunkedHead + "1\r\na\r\n0\r\nA: b\r\n", open("a")},

		{"not HTTP", "SSH-2.0-OpenSSH\r\n\r\n", parsed{bad: true}},
		{"field without colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", parsed{bad: true}},
		{"two lengths", streamHead + "Content-Length: 1\r\nContent-Length: 2\r\n\r\na", parsed{bad: true}},
		{"unknown coding", streamHead + "Transfer-Encoding: gzip\r\n\r\na", parsed{bad: true}},
		{"no size", chunkedHead + "\r\nab\r\n", broken("")},
		{"extension without size", chunkedHead + ";a\r\n", broken("")},
		{"bad digit", chunkedHead + "2g\r\nab\r\n", broken("")},
		{"size too long", chunkedHead + "00000000000000002\r\nab\r\n", broken("")},
		{"bare line feed behind the size", chunkedHead + "2\nab\r\n", broken("")},
		{"bare line feed behind an extension", chunkedHead + "2;a\nab\r\n", broken("")},
		{"carriage return in an extension", chunkedHead + "2;a\rb\r\nab\r\n", broken("")},
		{"digit behind space", chunkedHead + "2 1\r\nab\r\n", broken("")},
		{"chunk longer than its size", chunkedHead + "2\r\nabc\r\n", broken("ab")},
		{"bare line feed behind the data", chunkedHead + "2\r\nab\n", broken("ab")},
		{"endless size line", chunkedHead + "2;" + strings.Repeat("x", 5000), broken("")},
		{"mostly extensions", chunkedHead + strings.Repeat("1;"+strings.Repeat("x", 4000)+"\r\na\r\n", 5), broken("aaaa")},
		{"endless trailers", chunkedHead + "0\r\n" + strings.Repeat("a: b\r\n", 1000), broken("")},
	} {
		if got := readHTTP1(c.wire); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
		if got := readHTTP1(strings.Split(c.wire, "")...); got != c.want {
			t.Errorf("%s, byte by byte: got %+v, want %+v", c.name, got, c.want)
		}
		if len(c.wire) < 200 {
			for i := range c.wire {
				if got := readHTTP1(c.wire[:i], c.wire[i:]); got != c.want {
					t.Errorf("%s, cut at %d: got %+v, want %+v", c.name, i, got, c.want)
				}
			}
		}
	}
}

func TestBodyAllocatesNothing(t *testing.T) {
	wire := bytes.Repeat([]byte("5\r\nabcde\r\n"), 10)
	b, p := body{framing: chunked}, make([]byte, len(wire))
	if n := testing.AllocsPerRun(100, func() { copy(p, wire); b.decode(p) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// readNetHTTP reads a response as net/http does. whole says that it could be
// read to an end, which for a connection that just ends is the end of the
// bytes.
func readNetHTTP(wire string) (r parsed, whole bool) {
	from := bufio.NewReader(strings.NewReader(wire))
	for {
		response, err := http.ReadResponse(from, nil)
		if err != nil {
			return parsed{bad: true}, false
		}
		h := head{status: response.StatusCode}
		if h.informational() {
			continue
		}
		data, err := io.ReadAll(response.Body)
		return parsed{
			status: response.StatusCode, contentType: response.Header.Get("Content-Type"), data: string(data),
		}, err == nil
	}
}

// FuzzHTTP1 compares with net/http, and the whole with its parts.
func FuzzHTTP1(f *testing.F) {
	for _, rest := range []string{
		"\r\ndata: a\n\n", "Content-Length: 5\r\n\r\nhello, world",
		"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n",
	} {
		f.Add([]byte(streamHead+rest), uint16(60), uint16(90))
		f.Add([]byte("HTTP/1.1 103 Early Hints\r\n\r\n"+streamHead+rest), uint16(3), uint16(120))
	}
	f.Fuzz(func(t *testing.T, wire []byte, cut1, cut2 uint16) {
		text := string(wire)
		got := readHTTP1(text)
		a, b := min(int(cut1), len(text)), min(int(cut2), len(text))
		a, b = min(a, b), max(a, b)
		if parts := readHTTP1(text[:a], text[a:b], text[b:]); parts != got {
			t.Fatalf("%q cut at %d and %d: %+v, whole %+v", text, a, b, parts, got)
		}
		want, whole := readNetHTTP(text)
		if got.status != want.status || got.contentType != want.contentType || got.data != want.data {
			// A head that the connection ends within has not come.
			if !got.bad && got.status == 0 && findHeadEnd(wire, 0) == 0 {
				return
			}
			if got.status == 0 && want.status == 0 {
				return
			}
			t.Fatalf("%q: %+v, net/http %+v", text, got, want)
		}
		if whole && got.bad {
			t.Fatalf("%q: refused, but net/http reads it to its end", text)
		}
	})
}

func BenchmarkBody(b *testing.B) {
	event := fmt.Sprintf("data: {\"t\":1790000000123456789,\"pad\":\"%s\"}\n\n", strings.Repeat("x", 70))
	wire := []byte(strings.Repeat(fmt.Sprintf("%x\r\n%s\r\n", len(event), event), 10))
	p := make([]byte, len(wire))
	decoder := body{framing: chunked}
	b.SetBytes(int64(len(wire)))
	for b.Loop() {
		copy(p, wire)
		decoder.decode(p)
	}
}
