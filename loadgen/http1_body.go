package loadgen

import "errors"

// A body takes the framing off a response's body (RFC 9112 section 6). The
// bytes are pushed, cut anywhere. The zero body ends with the connection.
type body struct {
	left    uint64 // data bytes of the body or the chunk that are still to come
	excess  uint64 // bytes beside the data, as far as data does not make up for them
	line    uint16 // bytes of the current size line, or of the trailers
	framing framing
	place   place
}

type framing uint8

const (
	untilClose framing = iota
	counted
	chunked
)

// A place is where in chunked encoding a body is.
type place uint8

const (
	chunkDigits    place = iota // before or in the digits of a chunk's size
	chunkSpace                  // behind the digits
	chunkExtension              // behind a semicolon
	chunkLF                     // behind the CR of the size's line
	chunkData
	chunkDataCR // behind the data
	chunkDataLF
	trailerStart // at the beginning of a line
	trailerLine  // in a trailer
	trailerLF    // behind the CR of a trailer
	lastLF       // behind the CR of the blank line
	bodyDone
)

// Limits against a server that sends framing in place of data. They are those
// of net/http.
const (
	maxSizeLine   = 4096 // bytes
	maxSizeDigits = 16
	freeExcess    = 16 // bytes a chunk
	maxExcess     = 16 << 10
	maxTrailers   = 4096 // bytes
)

var (
	errChunk     = errors.New("malformed chunked encoding")
	errTooLittle = errors.New("chunked encoding with too little data")
)

// decode returns the data among the bytes p, which it moves together in place,
// and whether the body has come to its end.
func (b *body) decode(p []byte) (data []byte, done bool, err error) {
	switch b.framing {
	case untilClose:
		return p, false, nil
	case counted:
		n := min(uint64(len(p)), b.left)
		b.left -= n
		return p[:n], b.left == 0, nil
	}
	n := 0
	for i := 0; i < len(p); {
		if b.place != chunkData {
			if err := b.step(p[i]); err != nil {
				return p[:n], false, err
			}
			if b.place == bodyDone {
				return p[:n], true, nil
			}
			i++
			continue
		}
		if n == 0 {
			// The first data stay where they are.
			p, i = p[i:], 0
		}
		k := int(min(uint64(len(p)-i), b.left))
		if n != i {
			copy(p[n:], p[i:i+k])
		}
		n += k
		i += k
		if b.left -= uint64(k); b.left == 0 {
			b.place = chunkDataCR
		}
	}
	return p[:n], false, nil
}

// ended says what it means that the connection ends here.
func (b *body) ended() Failure {
	if b.framing == untilClose {
		return FailureEnded
	}
	return FailureReset
}

// step takes one byte of chunked encoding that is not data (RFC 9112 section
// 7.1). Lines end with CRLF and nothing else (erratum 7633).
func (b *body) step(c byte) error {
	want, next := byte('\n'), chunkDigits
	switch b.place {
	case chunkDigits, chunkSpace, chunkExtension:
		return b.sizeLine(c)
	case trailerStart, trailerLine:
		return b.trailer(c)
	case chunkLF:
		if c == '\n' {
			return b.begin()
		}
	case chunkDataCR:
		want, next = '\r', chunkDataLF
	case chunkDataLF:
		next = chunkDigits
	case trailerLF:
		next = trailerStart
	case lastLF:
		next = bodyDone
	}
	if c != want {
		return errChunk
	}
	b.place = next
	return nil
}

// sizeLine takes a byte of a chunk's size, or of the extensions behind it,
// which mean nothing to an event stream.
func (b *body) sizeLine(c byte) error {
	b.line++
	switch {
	case b.line > maxSizeLine:
		return errTooLittle
	case c == '\n' || c == '\r' && b.line == 1:
		return errChunk
	case c == '\r':
		b.place = chunkLF
	case b.place == chunkDigits:
		return b.sizeDigit(c)
	case b.place == chunkSpace && c != ' ' && c != '\t':
		return errChunk
	}
	return nil
}

func (b *body) sizeDigit(c byte) error {
	var digit byte
	switch {
	case '0' <= c && c <= '9':
		digit = c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		digit = c | 0x20 - 'a' + 10
	case b.line > 1 && c == ';':
		b.place = chunkExtension
		return nil
	case b.line > 1 && (c == ' ' || c == '\t'):
		b.place = chunkSpace
		return nil
	default:
		return errChunk
	}
	if b.line > maxSizeDigits {
		return errChunk
	}
	b.left = b.left<<4 | uint64(digit)
	return nil
}

// begin starts a chunk, behind its size line. b.line has counted the line and
// its CR.
func (b *body) begin() error {
	b.excess += uint64(b.line) + 1
	b.excess -= min(b.excess, freeExcess+2*min(b.left, maxExcess))
	b.line = 0
	b.place = chunkData
	switch {
	case b.excess > maxExcess:
		return errTooLittle
	case b.left == 0:
		b.place = trailerStart
	}
	return nil
}

// trailer takes a byte of the lines behind the last chunk. Their fields mean
// nothing to an event stream.
func (b *body) trailer(c byte) error {
	if b.line++; b.line > maxTrailers {
		return errTooLittle
	}
	switch {
	case c == '\n':
		return errChunk
	case c == '\r' && b.place == trailerStart:
		b.place = lastLF
	case c == '\r':
		b.place = trailerLF
	default:
		b.place = trailerLine
	}
	return nil
}
