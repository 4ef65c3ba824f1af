package eventstream

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestScanner runs each row in every cutting. Lines are not decoded.
func TestScanner(t *testing.T) {
	for _, r := range []struct {
		name    string
		maxLine int
		wire    string
		lines   []string
		tooLong uint64
	}{
		{"three line ends", 0, "a\nb\rc\r\nd\n\re\r\r\n\n", []string{"a", "b", "c", "d", "", "e", "", ""}, 0},
		{"no line end", 0, "a\nb", []string{"a"}, 0},
		{"byte order mark", 0, bom + "a\n" + bom + "b\n", []string{"a", bom + "b"}, 0},
		{"part of a byte order mark", 0, "\xEF\xBB\n\xEFa\n", []string{"\xEF\xBB", "\xEFa"}, 0},
		{"streams", 0, "a\r⟂\nb⟂" + bom + "c\n⟂", []string{"a", "", "c"}, 0},
		{"not decoded", 0, ": \xFF\x00\n", []string{": \xFF\x00"}, 0},
		{"limit", 3, "123\n1234\r\n12345\r\r123", []string{"123", ""}, 2},
	} {
		t.Run(r.name, func(t *testing.T) {
			w := parseWire(r.wire)
			for c := range cuttings(w) {
				s := Scanner{MaxLine: r.maxLine}
				var got []string
				cuts := slices.Concat(c.cuts, w.ends, []int{len(w.bytes)})
				slices.Sort(cuts)
				from := 0
				for _, to := range slices.Compact(cuts) {
					s.Feed([]byte(string(w.bytes[from:to])), func(line []byte) {
						disturb()
						got = append(got, string(line))
					})
					if slices.Contains(w.ends, to) {
						s.End()
					}
					from = to
				}
				if diff := cmp.Diff(r.lines, got); diff != "" || s.TooLong() != r.tooLong {
					t.Fatalf("%s at %v: %d too long, want %d; lines (-want +got):\n%s", c.name, c.cuts, s.TooLong(), r.tooLong, diff)
				}
			}
		})
	}
}

// TestScannerDefaultLimit tells that the zero Scanner has a limit.
func TestScannerDefaultLimit(t *testing.T) {
	var s Scanner
	lines := 0
	s.Feed([]byte(strings.Repeat("x", DefaultMaxLine)+"\n"+strings.Repeat("x", DefaultMaxLine+1)+"\n"), func([]byte) { lines++ })
	if lines != 1 || s.TooLong() != 1 {
		t.Errorf("%d lines and %d too long, want 1 and 1", lines, s.TooLong())
	}
}
