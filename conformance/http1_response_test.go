package conformance

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// parsed is what a response comes to.
type parsed struct {
	Status  int
	Body    string
	Begins  int // transfer chunks
	State   parserState
	Rest    string
	Problem string
}

// parse feeds a response cut into pieces of n bytes.
func parse(method, text string, n int) parsed {
	p, c := parser{method: method}, &Connection{}
	var got parsed
	for len(text) > 0 && got.Problem == "" {
		piece := text[:min(n, len(text))]
		text = text[len(piece):]
		if p.state == complete {
			got.Rest += piece
			continue
		}
		rest, err := p.feed(c, []byte(piece), time.Second, func(data []byte, begins bool) bool {
			got.Body += string(data)
			if begins {
				got.Begins++
			}
			return true
		})
		if err != nil {
			got.Problem = err.Error()
			break
		}
		got.Rest += string(rest)
	}
	got.Status, got.State = c.Status, p.state
	if got.Problem == "" {
		got.Problem = c.Problem
	}
	return got
}

func TestParser(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for _, c := range []struct {
		name, method, text string
		want               parsed
	}{
		{"until close", "GET", ok + "\r\ndata", parsed{Status: 200, Body: "data", State: untilClose}},
		{"bare line feeds", "GET", "HTTP/1.1 200 OK\nA: b\n\ndata", parsed{Status: 200, Body: "data", State: untilClose}},
		{"length", "GET", ok + "Content-Length: 4\r\n\r\ndatarest", parsed{Status: 200, Body: "data", State: complete, Rest: "rest"}},
		{"no length", "GET", ok + "Content-Length: 0\r\n\r\nrest", parsed{Status: 200, State: complete, Rest: "rest"}},
		{"two lengths", "GET", ok + "Content-Length: 4\r\nContent-Length: 5\r\n\r\n", parsed{Status: 200, State: inHead, Problem: `the content length "4, 5" is not one number`}},
		{"chunked", "GET", ok + "Transfer-Encoding: Chunked\r\n\r\n2;x=y\r\nda\r\nA\r\n0123456789\r\n0\r\nT: x\r\n\r\nrest",
			parsed{Status: 200, Body: "da0123456789", Begins: 2, State: complete, Rest: "rest"}},
		{"chunk cut", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n4\r\nda", parsed{Status: 200, Body: "da", Begins: 1, State: inChunk}},
		{"raw bytes", "GET", ok + "Transfer-Encoding: chunked\r\n\r\ndata: x\n", parsed{Status: 200, State: inChunkSize, Problem: `"data: x" stands where a chunk size should`}},
		{"chunk too long", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", parsed{Status: 200, Body: "a", Begins: 1, State: afterChunk, Problem: `a chunk is followed by "b" in place of its line end`}},
		{"HEAD", "HEAD", ok + "Content-Length: 4\r\n\r\nrest", parsed{Status: 200, State: complete, Rest: "rest"}},
		{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", parsed{Status: 204, State: complete}},
		{"interim", "GET", "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + ok + "\r\nx", parsed{Status: 200, Body: "x", State: untilClose}},
		{"not HTTP", "GET", "SSH-2.0-x\r\n", parsed{Problem: "the answer is not HTTP"}},
		{"no status", "GET", "HTTP/1.1 OK\r\n\r\n", parsed{Problem: `"HTTP/1.1 OK" is not a status line`}},
		{"no field", "GET", ok + "nonsense\r\n\r\n", parsed{Status: 200, State: untilClose, Problem: `"nonsense" is not a header field`}},
		{"endless chunk size", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("0", maxFrameLine+1), parsed{Status: 200, State: inChunkSize, Problem: "a line of the chunk framing is longer than 4096 bytes"}},
		{"endless head", "GET", ok + strings.Repeat("A: b\r\n", maxHead/6+1), parsed{Problem: "the response head is longer than 65536 bytes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, n := range []int{1, 2, 3, 7, 1 << 20} {
				got := parse(c.method, c.text, n)
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("in pieces of %d (-want +got):\n%s", n, diff)
				}
			}
		})
	}
}

func TestParserKeepsTheHead(t *testing.T) {
	c := reply("x", "HTTP/1.1 200 Very OK\nX-A:  b \nx-a: c\n d")
	if want := "HTTP/1.1 200 Very OK\r\nX-A:  b \r\nx-a: c\r\n d\r\n\r\n"; string(c.Head) != want {
		t.Errorf("head %q, want %q", c.Head, want)
	}
	if diff := cmp.Diff([]Field{{"X-A", "b"}, {"x-a", "c d"}}, c.Fields); diff != "" {
		t.Error(diff)
	}
}
