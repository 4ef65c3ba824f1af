package conformance

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"
)

// content takes a content coding (RFC 9110 section 8.4.1) off a body while it
// comes in, so that it is seen when each byte can be read by a receiver.
type content struct {
	open  func(io.Reader) (io.Reader, error) // nil for identity
	coded []byte
	feeds int
	plain int // bytes of the coded so far
}

// Limits of a coded body. Everything is read again with each feed, because
// only so the last bytes that can be decoded come out; this bounds the work.
const (
	maxCoded = 256 << 10 // bytes
	maxFeeds = 512
)

var errCoded = errors.New("more of a coded body than is read")

func newContent(coding string) *content {
	switch strings.ToLower(strings.TrimSpace(coding)) {
	case "", "identity":
		return &content{}
	case "gzip", "x-gzip":
		return &content{open: func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }}
	case "deflate":
		return &content{open: openDeflate}
	}
	return &content{open: func(io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("the content coding %q is not known", coding)
	}}
}

// openDeflate reads the zlib format, and the bare one that some send in its
// place.
func openDeflate(r io.Reader) (io.Reader, error) {
	var first bytes.Buffer
	z, err := zlib.NewReader(io.TeeReader(r, &first))
	if errors.Is(err, zlib.ErrHeader) {
		return flate.NewReader(io.MultiReader(&first, r)), nil
	}
	return z, err
}

// feed takes the next coded bytes and returns what can be read with them now,
// at most one byte more than limit in all.
func (c *content) feed(p []byte, limit int) ([]byte, error) {
	if c.open == nil {
		return bytes.Clone(p), nil
	}
	c.feeds++
	c.coded = append(c.coded, p...)
	if len(c.coded) > maxCoded || c.feeds > maxFeeds {
		return nil, errCoded
	}
	reader, err := c.open(bytes.NewReader(c.coded))
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(reader, int64(limit)+1))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("content coding: %w", err)
	}
	fresh := plain[c.plain:]
	c.plain = len(plain)
	return fresh, nil
}
