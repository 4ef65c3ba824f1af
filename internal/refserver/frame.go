package refserver

import "strconv"

// lastChunk ends a chunked body (RFC 9112, section 7.1).
const lastChunk = "0\r\n\r\n"

// appendChunk appends p as one chunk (RFC 9112, section 7.1) and returns the
// length of the chunk's head.
func appendChunk(dst, p []byte) (framed []byte, head int) {
	before := len(dst)
	dst = strconv.AppendUint(dst, uint64(len(p)), 16)
	dst = append(dst, "\r\n"...)
	head = len(dst) - before
	dst = append(dst, p...)
	return append(dst, "\r\n"...), head
}

// lastBytes returns what ends a chunked body: the ending, if there is one, and
// the last chunk.
func lastBytes(ending string) []byte {
	var p []byte
	if ending != "" {
		p, _ = appendChunk(nil, []byte(ending))
	}
	return append(p, lastChunk...)
}

// chunkLen returns the length of the whole chunk at the front of p, whose head
// has the given length.
func chunkLen(p []byte, head int) uint32 {
	var n uint32
	for _, c := range p[:head-2] {
		d := c - '0'
		if c >= 'a' {
			d = c - 'a' + 10
		}
		n = n<<4 | uint32(d)
	}
	return uint32(head) + n + 2
}
