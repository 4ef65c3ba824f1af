package loadgen

import (
	"bufio"
	"bytes"
	"errors"
	"net/http"
)

// maxHead is the most bytes that the heads of one response may have together,
// the informational ones (RFC 9110 section 15.2) included.
const maxHead = 64 << 10

var errHead = errors.New("malformed response head")

// A head is what a stream needs to know of a response's head.
type head struct {
	status      int
	contentType string
	location    string
	body        body
}

// findHeadEnd returns the length of the head that p begins with, its blank line
// included; 0 when p has not all of it. The first from bytes have been searched
// before.
func findHeadEnd(p []byte, from int) int {
	// A line end that the earlier bytes ended with may begin the blank line.
	for i := max(0, from-2); ; {
		k := bytes.IndexByte(p[i:], '\n')
		if k < 0 {
			return 0
		}
		i += k + 1
		rest := p[i:]
		if len(rest) > 0 && rest[0] == '\n' {
			return i + 1
		}
		if len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n' {
			return i + 2
		}
	}
}

// parseHead reads one whole head, as findHeadEnd found it. It is net/http that
// reads it, so that both transports agree on every head and on the framing of
// its body; a head comes once a connection, so its cost does not matter.
func parseHead(p []byte) (head, error) {
	r, err := http.ReadResponse(bufio.NewReaderSize(bytes.NewReader(p), len(p)), nil)
	if err != nil {
		return head{}, errHead
	}
	h := head{
		status:      r.StatusCode,
		contentType: r.Header.Get("Content-Type"),
		location:    r.Header.Get("Location"),
	}
	switch {
	case r.Body == http.NoBody:
		h.body = body{framing: counted}
	case len(r.TransferEncoding) > 0:
		h.body.framing = chunked
	case r.ContentLength >= 0:
		h.body = body{framing: counted, left: uint64(r.ContentLength)}
	}
	return h, nil
}

// informational reports whether another head follows. 101 ends HTTP on the
// connection.
func (h *head) informational() bool {
	return h.status >= 100 && h.status < 200 && h.status != http.StatusSwitchingProtocols
}
