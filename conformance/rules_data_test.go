package conformance

import (
	"fmt"
	"slices"
	"testing"
)

var dataLiterals = slices.Concat(
	roundTrip("data.roundtrip.ascii", " a", "data: a\n\n", `1 event: "a"`),
	roundTrip("data.roundtrip.unicode", "é", "data: ?\n\n", `1 event: "?"`),
	roundTrip("data.multiline.lf", "a\nb", "data: a\nb\n\n", `1 event: "a"`),
	roundTrip("data.multiline.crlf", "a\r\nb", "data: a\ndata: \ndata: b\n\n", `"a\n\nb"`),
	roundTrip("data.multiline.cr", "a\rb", "data: a\rb\n\n", `1 event: "a"`),
	roundTrip("data.multiline.blank-inside", "a\n\nb", "data: a\n\ndata: b\n\n", `2 events: "a", "b"`),
	roundTrip("data.multiline.leading", "\na", "data: a\n\n", `"a"`),
	roundTrip("data.multiline.trailing", "a\n", "data: a\n\n", `"a"`),
	roundTrip("data.multiline.only", "\n", "", "no event"),
	roundTrip("data.space.leading", " a", "data: a\n\n", `"a"`),
	roundTrip("data.space.leading-each-line", "a\n b", "data: a\ndata: b\n\n", `"a\nb"`),
	roundTrip("data.space.trailing", "a \t", "data: a\n\n", `"a"`),
	roundTrip("data.lookalike", "a\nid: 7", "data: a\nid: 7\n\n", `"a"`),
	roundTrip("data.unicode-separators", "a\u2028b", "data: a\ndata: b\n\n", `"a\nb"`),
	roundTrip("data.bom-char", "\ufeffa", "data: a\n\n", `"a"`),
	[]literal{
		publishedAs("data.roundtrip.ascii", "twice", "a", "data: a\n\ndata: a\n\n", Fail, "2 events"),
		{id: "data.roundtrip.ascii", name: "refused", t: framed(refused("data.roundtrip.ascii", "a", 400), ""), want: NotTested, observed: "not accepted"},
		{id: "data.roundtrip.ascii", name: "no mark", t: transcript(body("data: m1\n\n")).with(mark("m1"), put("data.roundtrip.ascii", "a"), mark("m2")), want: NotTested, observed: "did not arrive"},
		{id: "data.roundtrip.ascii", name: "in an envelope", t: enveloped("d.text", framed(put("data.roundtrip.ascii", "a"), `data: {"d":{"text":"a"}}`+"\n\n")), want: Pass},

		{id: "data.multiline.cr", name: "kept in an envelope", t: enveloped("d.text", framed(put("data.multiline.cr", "a\rb"), `data: {"d":{"text":"a\rb"}}`+"\n\n")), want: Pass},
		{id: "data.multiline.crlf", name: "kept in an envelope", t: enveloped("d.text", framed(put("data.multiline.crlf", "a\r\nb"), `data: {"d":{"text":"a\r\nb"}}`+"\n\n")), want: Pass},
		{id: "data.multiline.cr", name: "escaped", t: framed(put("data.multiline.cr", "a\rb"), `data: a\rb`+"\n\n"), want: Fail, observed: `1 event: "a\\rb"`},

		publishedAs("data.lookalike", "obeyed", "a", "id: 7\nevent: x\ndata: a\n\n", Fail, `type "x" and the ID "7"`),

		publishedAs("data.empty", "good", "", "data\n\n", Pass, ""),
		publishedAs("data.empty", "null", "", "data: null\n\n", Warn, `"null"`),
		publishedAs("data.empty", "swallowed", "", ":\n\n", Warn, "no event"),
		{id: "data.empty", name: "ends the stream, twice", t: endedBehind("data.empty", 2), want: Warn, observed: "the target ends the stream"},
		{id: "data.empty", name: "a stream that ends once", t: endedBehind("data.empty", 1), want: Pass},
		{id: "data.empty", name: "refused", t: framed(refused("data.empty", "", 422), ""), want: Pass, observed: "422"},

		publishedAs("data.unicode-separators.escaped", "escaped", "x", `data: {"text":"a\u2028b"}`+"\n\n", Told, "escaped"),
		publishedAs("data.unicode-separators.escaped", "raw", "x", "data: a\u2028b\n\n", Told, "as they are"),

		publishedAs("data.nul", "good", "a\x00b", "data: a\x00b\n\n", Pass, ""),
		publishedAs("data.nul", "cut", "a\x00b", "data: a\n\n", Warn, `"a"`),
		{id: "data.nul", name: "refused", t: framed(refused("data.nul", "a\x00b", 400), ""), want: Pass, observed: "refused"},
		{id: "data.nul", name: "unsendable", t: framed(&Publication{Check: "data.nul", Unsendable: true, Problem: "a header cannot carry this"}, ""), want: NotTested, observed: "cannot express"},

		publishedAs("data.surrogate", "replaced", "x", "data: a\ufffdb\n\n", Pass, "replaced"),
		publishedAs("data.surrogate", "raw", "x", "data: a\xed\xa0\x80b\n\n", Warn, "not UTF-8"),
		{id: "data.surrogate", name: "refused", t: framed(refused("data.surrogate", "x", 400), ""), want: Pass, observed: "400"},

		publishedAs("data.large", "good", large(70000), asData(large(70000)), Pass, ""),
		publishedAs("data.large", "cut", large(70000), asData(large(65536)), Warn, "65536 bytes"),
		{id: "data.large", name: "refused", t: framed(refused("data.large", large(70000), 413), ""), want: Pass, observed: "413"},

		{id: "data.order", name: "good", t: sequence("0", "1", "2"), want: Pass},
		{id: "data.order", name: "swapped", t: sequence("0", "2", "1"), want: Fail, observed: "event 1 came after event 2"},
		{id: "data.order", name: "too few", t: sequence("0"), want: NotTested},

		{id: "data.exactly-once-live", name: "good", t: sequence("0", "1", "2"), want: Pass, observed: "3 events"},
		{id: "data.exactly-once-live", name: "gap", t: sequence("0", "2"), want: Fail, observed: "1 of 3 accepted events did not arrive"},
		{id: "data.exactly-once-live", name: "twice", t: sequence("0", "1", "1", "2"), want: Fail, observed: "1 event arrived twice"},
		{id: "data.exactly-once-live", name: "ended", t: endedStream(sequence("0")), want: NotTested, observed: "ended after 1 of 3"},
		{id: "data.exactly-once-live", name: "read in part", t: unreadStream(sequence("0")), want: NotTested, observed: "read up to 1 of 3"},
	},
)

// sequence is three events published, and what arrived.
func sequence(arrived ...string) *Transcript {
	wire := ""
	for _, data := range arrived {
		wire += asData(data)
	}
	return transcript(body(wire)).with(put("", "0"), put("", "1"), put("", "2"))
}

func endedStream(t *Transcript) *Transcript {
	t.Connections[0].End = EndComplete
	return t
}

func unreadStream(t *Transcript) *Transcript {
	t.Connections[0].End = EndLimit
	return t
}

func enveloped(path string, t *Transcript) *Transcript {
	t.Facts.Envelope = path
	return t
}

// Data that no check publishes twice must not be mistaken for a mark, and large
// data must not repeat itself.
func TestLarge(t *testing.T) {
	text := large(70000)
	if len(text) != 70000 || text[:100] == text[100:200] {
		t.Errorf("%d bytes, beginning with %q", len(text), text[:40])
	}
	if want := "0 1 2 3 "; text[:8] != want {
		t.Errorf("it begins with %q, want %q", text[:8], want)
	}
}

func TestChecksummed(t *testing.T) {
	data := checksummed("seed")
	if !intact(data) {
		t.Fatal("data is not intact as it was made")
	}
	for _, i := range []int{len(sumPrefix), len(data) / 2, len(data) - 1} {
		torn := []byte(data)
		torn[i] ^= 1
		if intact(string(torn)) {
			t.Errorf("intact with another byte at %d", i)
		}
	}
	for _, torn := range []string{"", "x", data[1:], data[:len(data)-1], fmt.Sprint(data, "\n")} {
		if intact(torn) {
			t.Errorf("%d bytes of %d count as intact", len(torn), len(data))
		}
	}
}

// endedBehind is empty data behind which the target ends the stream so many
// times, and which is published again after the first.
func endedBehind(check string, times int) *Transcript {
	first, second := put(check, ""), put(check, "")
	first.Repeated = true
	after := body("data: m3\n\ndata:\n\ndata: m4\n\n")
	if times == 2 {
		after = body("data: m3\n\n").ended(EndComplete)
	}
	return transcript(body("data: m1\n\n").ended(EndComplete), after).
		with(mark("m1"), first, mark("m2"), mark("m3"), second, mark("m4"))
}
