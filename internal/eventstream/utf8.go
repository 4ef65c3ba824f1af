package eventstream

import (
	"encoding/binary"
	"unicode/utf8"
)

// isASCII reports whether p has no byte above 0x7F.
func isASCII(p []byte) bool {
	const high = 0x8080808080808080
	for len(p) >= 32 {
		w := binary.LittleEndian.Uint64(p) |
			binary.LittleEndian.Uint64(p[8:]) |
			binary.LittleEndian.Uint64(p[16:]) |
			binary.LittleEndian.Uint64(p[24:])
		if w&high != 0 {
			return false
		}
		p = p[32:]
	}
	for len(p) >= 8 {
		if binary.LittleEndian.Uint64(p)&high != 0 {
			return false
		}
		p = p[8:]
	}
	var w byte
	for _, c := range p {
		w |= c
	}
	return w < utf8.RuneSelf
}

// appendValid appends src to dst as the "UTF-8 decode" of the WHATWG Encoding
// standard reads it: each maximal subpart of an ill-formed sequence becomes
// one U+FFFD. Lines can be decoded one at a time, because no ill-formed
// sequence takes in the CR or LF after it.
func appendValid(dst, src []byte) []byte {
	if utf8.Valid(src) {
		return append(dst, src...)
	}
	from := 0
	for i := 0; i < len(src); {
		if src[i] < utf8.RuneSelf {
			i++
			continue
		}
		if r, n := utf8.DecodeRune(src[i:]); r != utf8.RuneError || n > 1 {
			i += n
			continue
		}
		dst = append(dst, src[from:i]...)
		dst = append(dst, "\uFFFD"...)
		i += maximalSubpart(src[i:])
		from = i
	}
	return append(dst, src[from:]...)
}

// maximalSubpart returns the length of the longest prefix of p that could have
// begun a well-formed sequence, at least 1. p begins with an ill-formed one.
func maximalSubpart(p []byte) int {
	lower, upper := byte(0x80), byte(0xBF)
	switch lead := p[0]; {
	case lead == 0xE0:
		lower = 0xA0
	case lead == 0xED:
		upper = 0x9F
	case lead == 0xF0:
		lower = 0x90
	case lead == 0xF4:
		upper = 0x8F
	case lead < 0xE1 || lead > 0xF4:
		// Nothing begins with this byte, or what it begins has two bytes,
		// of which the second is missing.
		return 1
	}
	if len(p) < 2 || p[1] < lower || p[1] > upper {
		return 1
	}
	// A third byte in range belongs to a sequence of four: one of three would
	// be well-formed.
	if len(p) < 3 || p[2] < 0x80 || p[2] > 0xBF {
		return 2
	}
	return 3
}
