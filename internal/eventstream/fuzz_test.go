package eventstream

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tmaxmax/go-sse"
)

// seeds returns the bytes of the table's rows, without the few large ones.
func seeds() [][]byte {
	var inputs [][]byte
	for _, r := range table() {
		if w := parseWire(r.wire); len(w.bytes) < 16<<10 {
			inputs = append(inputs, w.bytes)
		}
	}
	return inputs
}

// FuzzSplit holds that it makes no difference where a stream is cut, to the
// events and to the findings, under any limits.
func FuzzSplit(f *testing.F) {
	for i, p := range seeds() {
		f.Add(p, uint16(len(p)/3), uint16(len(p)/2), uint8(i%20), uint8(i%7))
	}
	f.Fuzz(func(t *testing.T, p []byte, cut1, cut2 uint16, maxLine, maxEvent uint8) {
		limits := Config{MaxLine: int(maxLine), MaxEvent: int(maxEvent)}
		w := wire{bytes: p, ends: []int{len(p)}}
		want := decode(limits, w, nil)
		cuts := []int{int(min(cut1, cut2)), int(max(cut1, cut2))}
		for _, cuts := range [][]int{cuts, every(1, len(p))} {
			if got := decode(limits, w, cuts); !equal(got, want) {
				t.Fatalf("cut at %v (-whole +cut):\n%s", cuts, cmp.Diff(want, got, cmpopts.EquateEmpty()))
			}
		}
	})
}

// FuzzReference compares with the decoder written from the standard's text.
func FuzzReference(f *testing.F) {
	for _, p := range seeds() {
		f.Add(p, uint16(len(p)/2))
	}
	f.Fuzz(func(t *testing.T, p []byte, end uint16) {
		if len(p) > 32<<10 {
			t.Skip("the reference is slow, and limits are not its subject")
		}
		w := wire{bytes: p, ends: []int{min(int(end), len(p)), len(p)}}
		want := referenceOf(w)
		if got := decode(Config{}, w, nil); !equal(got, want) {
			t.Fatalf("(-reference +got):\n%s", cmp.Diff(want, got, cmpopts.EquateEmpty()))
		}
	})
}

// FuzzAgainstGoSSE asks go-sse for a second opinion, where it has the same
// question to answer. It yields blocks that have an event or id field and no
// data, with the same empty data as a bare data field, so events with empty
// data are left out on both sides. It leaves an absent type empty. It does not
// replace bad bytes, so it is given the text as the standard decodes it. And
// it strips a byte order mark after leading blank lines too, so marks are
// allowed only as the first bytes.
func FuzzAgainstGoSSE(f *testing.F) {
	for _, p := range seeds() {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) > 32<<10 {
			t.Skip("beyond go-sse's default limit")
		}
		if strings.LastIndex(string(p), bom) > 0 {
			t.Skip("a byte order mark that is not at the beginning")
		}
		var want []event
		for e, err := range sse.Read(strings.NewReader(referenceUTF8(string(p))), nil) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Type == "" {
				e.Type = "message"
			}
			want = append(want, event{e.Type, e.Data, e.LastEventID})
		}
		got := decode(Config{}, wire{bytes: p, ends: []int{len(p)}}, nil).Events

		noData := func(e event) bool { return e.Data == "" }
		want, got = slices.DeleteFunc(want, noData), slices.DeleteFunc(got, noData)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-go-sse +got):\n%s", diff)
		}
	})
}
