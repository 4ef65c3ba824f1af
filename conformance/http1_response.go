package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A parser reads a response of HTTP/1.x from bytes that are pushed into it, cut
// anywhere (RFC 9112). It is lenient where a browser is, and notes what was
// wrong.
type parser struct {
	method string // of the request
	state  parserState
	head   []byte
	line   []byte // of the chunk framing
	left   int64  // bytes of the chunk or the body that are still to come
	begins bool   // the next byte of the body begins a chunk
}

type parserState uint8

const (
	inHead parserState = iota
	inLength
	inChunkSize
	inChunk
	afterChunk
	inTrailer
	untilClose
	complete
)

// Limits of what a stranger can make us hold, in bytes.
const (
	maxHead      = 64 << 10
	maxFrameLine = 4 << 10
)

// feed reads p, fills in c's head, and passes the body to take without its
// transfer coding, until take wants no more. It returns what follows the end.
func (r *parser) feed(c *Connection, p []byte, at time.Duration, take func(data []byte, begins bool) bool) ([]byte, error) {
	for len(p) > 0 && r.state != complete {
		switch r.state {
		case inHead:
			rest, err := r.feedHead(c, p, at)
			if err != nil {
				return nil, err
			}
			p = rest
		case untilClose:
			take(p, false)
			return nil, nil
		case inLength, inChunk:
			n := int(min(r.left, int64(len(p))))
			if !take(p[:n], r.begins) {
				return nil, nil
			}
			r.begins = false
			p, r.left = p[n:], r.left-int64(n)
			if r.left == 0 && r.state == inLength {
				r.state = complete
			} else if r.left == 0 {
				r.state = afterChunk
			}
		default:
			end := bytes.IndexByte(p, '\n')
			if end < 0 {
				end = len(p) - 1
			}
			r.line = append(r.line, p[:end+1]...)
			p = p[end+1:]
			if len(r.line) > maxFrameLine {
				return nil, fmt.Errorf("a line of the chunk framing is longer than %d bytes", maxFrameLine)
			}
			if !bytes.HasSuffix(r.line, []byte("\n")) {
				break
			}
			line := strings.TrimRight(string(r.line), "\r\n")
			r.line = r.line[:0]
			if err := r.frame(line); err != nil {
				return nil, err
			}
			r.begins = r.state == inChunk
		}
	}
	return p, nil
}

// frame takes one line of the chunk framing.
func (r *parser) frame(line string) error {
	switch r.state {
	case afterChunk:
		if line != "" {
			return fmt.Errorf("a chunk is followed by %q in place of its line end", line)
		}
		r.state = inChunkSize
	case inTrailer:
		if line == "" {
			r.state = complete
		}
	case inChunkSize:
		digits, _, _ := strings.Cut(line, ";")
		size, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 40)
		if err != nil {
			return fmt.Errorf("%q stands where a chunk size should", line)
		}
		r.left, r.state = int64(size), inChunk
		if size == 0 {
			r.state = inTrailer
		}
	}
	return nil
}

// feedHead collects the head, and reads it once it is whole.
func (r *parser) feedHead(c *Connection, p []byte, at time.Duration) (rest []byte, err error) {
	before := len(r.head)
	r.head = append(r.head, p...)
	if n := min(len(r.head), 5); string(r.head[:n]) != "HTTP/"[:n] {
		return nil, errors.New("the answer is not HTTP")
	}
	end := headEnd(r.head, max(0, before-3))
	if end < 0 || end > maxHead {
		if len(r.head) > maxHead {
			return nil, fmt.Errorf("the response head is longer than %d bytes", maxHead)
		}
		return nil, nil
	}
	head := r.head[:end]
	rest = p[end-before:]
	status, fields, problem := parseHead(string(head))
	if status/100 == 1 && status != 101 {
		r.head = nil
		return rest, nil
	}
	c.Head, c.Status, c.Fields, c.Problem, c.Responded = slices.Clone(head), status, fields, problem, at
	if status == 0 {
		return nil, errors.New(problem)
	}
	return rest, r.framing(c)
}

// headEnd is the length of the head with its blank line, -1 if that has not
// come. The line end before it is looked for from the offset on.
func headEnd(p []byte, from int) int {
	for i := from; ; {
		n := bytes.IndexByte(p[i:], '\n')
		if n < 0 {
			return -1
		}
		i += n + 1
		if bytes.HasPrefix(p[i:], []byte("\n")) {
			return i + 1
		}
		if bytes.HasPrefix(p[i:], []byte("\r\n")) {
			return i + 2
		}
	}
}

func parseHead(head string) (status int, fields []Field, problem string) {
	lines := strings.Split(strings.TrimRight(head, "\r\n"), "\n")
	first := strings.SplitN(strings.TrimRight(lines[0], "\r"), " ", 3)
	if len(first) < 2 || len(first[1]) != 3 {
		return 0, nil, fmt.Sprintf("%q is not a status line", lines[0])
	}
	status, err := strconv.Atoi(first[1])
	if err != nil || status < 100 {
		return 0, nil, fmt.Sprintf("%q is not a status line", lines[0])
	}
	for _, line := range lines[1:] {
		line = strings.TrimRight(line, "\r")
		name, value, ok := strings.Cut(line, ":")
		switch {
		case strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t"):
			if len(fields) > 0 {
				fields[len(fields)-1].Value += " " + strings.TrimSpace(line)
			}
		case !ok || strings.TrimSpace(name) != name || name == "":
			problem = fmt.Sprintf("%q is not a header field", line)
		default:
			fields = append(fields, Field{name, strings.Trim(value, " \t")})
		}
	}
	return status, fields, problem
}

// framing finds out how long the body is (RFC 9112 section 6.3).
func (r *parser) framing(c *Connection) error {
	lengths := c.values("Content-Length")
	switch {
	case r.method == "HEAD" || c.Status == 204 || c.Status == 304 || c.Status == 101:
		r.state = complete
	case c.lists("Transfer-Encoding", "chunked"):
		r.state = inChunkSize
	case len(lengths) > 0:
		n, err := strconv.ParseUint(lengths[0], 10, 62)
		if err != nil || slices.ContainsFunc(lengths, func(l string) bool { return l != lengths[0] }) {
			return fmt.Errorf("the content length %q is not one number", strings.Join(lengths, ", "))
		}
		r.left, r.state = int64(n), inLength
		if n == 0 {
			r.state = complete
		}
	default:
		r.state = untilClose
	}
	return nil
}
