package eventstream

import (
	"bytes"
	"testing"
)

// TestAppendValid has the examples of the Unicode standard, section 3.9,
// tables 3-8 to 3-11, and each border of table 3-7.
func TestAppendValid(t *testing.T) {
	const r = "\uFFFD"
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"plain", "plain"},
		{"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82A", r + r + r + r + r + r + r + r + "A"},
		{"\xED\xA0\x80\xED\xBF\xBF\xED\xAFA", r + r + r + r + r + r + r + r + "A"},
		{"\xF4\x91\x92\x93\xFFA\x80\xBFB", r + r + r + r + r + "A" + r + r + "B"},
		{"\xE1\x80\xE2\xF0\x91\x92\xF1\xBFA", r + r + r + r + "A"},
		{"\xE2\x82", r},
		{"\xE2\x82\xE2\x82\xAC", r + "€"},
		{"\xE0\xA0", r},
		{"\xE0\x9F", r + r},
		{"\xED\x9F", r},
		{"\xED\xA0", r + r},
		{"\xF0\x90\x80", r},
		{"\xF0\x8F\x80", r + r + r},
		{"\xF4\x8F\xBF", r},
		{"\xF4\x90\xBF", r + r + r},
		{"\xF3\x80\x41", r + "A"},
		{"\xF5\x80", r + r},
		{"\xC2", r},
		{"\xC2A", r + "A"},
		{"a" + r + "b\xFF", "a" + r + "b" + r},
	} {
		if got := string(appendValid([]byte("> "), []byte(c.in))); got != "> "+c.want {
			t.Errorf("appendValid(%q) = %q, want %q", c.in, got[2:], c.want)
		}
	}
}

// TestIsASCII puts one high byte at each place of texts of each length.
func TestIsASCII(t *testing.T) {
	for n := range 100 {
		p := bytes.Repeat([]byte{0x7F}, n)
		if !isASCII(p) {
			t.Fatalf("%d ASCII bytes are said not to be", n)
		}
		for i := range p {
			p[i] = 0x80
			if isASCII(p) {
				t.Fatalf("0x80 at %d of %d is said to be ASCII", i, n)
			}
			p[i] = 0x7F
		}
	}
}
