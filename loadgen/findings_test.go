package loadgen

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ssegauge/ssegauge/internal/stamp"
)

// found is what a report would list, as "ID count".
func (b *bench) found() []string {
	list := []string{}
	for _, f := range b.loop.tally.oddities() {
		list = append(list, fmt.Sprintf("%s %d", f.ID, f.Count))
	}
	return list
}

func TestFindings(t *testing.T) {
	for wire, want := range map[string]string{
		":\n\nretry: 7\n\ndata: x\n\n":   "",
		"data: \xff\n\n":                 "stream.utf8.valid 1",
		"\ufeffdata: x\n\n":              "stream.bom.start 1",
		"\n\ufeffdata: x\n\n":            "stream.bom.later 1",
		"sent: 1\ndata: x\n\n":           "stream.line.unknown-field 1",
		"beat\ndata: x\n\n":              "stream.line.no-colon 1",
		"Id: 1\ndata: x\n\n":             "stream.field.case 1",
		" id: 1\ndata: x\n\n":            "stream.field.indent 1",
		"event: ping\n\nevent: ping\n\n": "stream.block.no-data 2",
		"id: \x00\ndata: x\n\n":          "id.no-nul 1",
		"retry: 5s\n\n":                  "retry.digits 1",
	} {
		b := newBench(t)
		b.connected(b.s, 1)
		b.get(1, []byte(wire))
		if got := strings.Join(b.found(), ", "); got != want {
			t.Errorf("%q: %q, want %q", wire, got, want)
		}
	}
}

// An event that the generator cuts off is not the target's doing.
func TestFindingsOfEnds(t *testing.T) {
	half := []byte("data: half")
	for name, row := range map[string]struct {
		end  func(*bench)
		want []string
	}{
		"ended by the target": {func(b *bench) { b.ended(b.s, FailureEnded, false) }, []string{"stream.eof.complete 1"}},
		"reset":               {func(b *bench) { b.ended(b.s, FailureReset, false) }, []string{"stream.eof.complete 1"}},
		"misframed":           {func(b *bench) { b.ended(b.s, FailureProtocol, false) }, []string{"http.error.not-a-stream 1", "stream.eof.complete 1"}},
		"cut":                 {func(b *bench) { b.ended(b.s, "", true) }, []string{}},
		"closed":              {func(b *bench) { b.loop.closed(b.s) }, []string{}},
	} {
		b := newBench(t)
		b.connected(b.s, 1)
		b.get(1, half)
		row.end(b)
		if got := b.found(); !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
		// Whoever ended it, nothing of it is left for the next connection.
		b.connected(b.s, 2)
		if b.get(3, []byte("data: x\n\n")); b.loop.tally.Cohorts[0].Events.Foreign != 1 || !slices.Equal(b.found(), row.want) {
			t.Errorf("%s: the next connection: %d events, %q", name, b.loop.tally.Cohorts[0].Events.Foreign, b.found())
		}
	}
	b := newBench(t)
	b.ended(b.s, FailureProtocol, false)
	if got := b.found(); len(got) > 0 {
		t.Errorf("a malformed head: %q, want nothing of a body", got)
	}
}

// Each row is the IDs of events 0, 1, …; "" is an event without one, "=" the
// event before once more.
func TestFindingsOfIDs(t *testing.T) {
	for ids, want := range map[string]string{
		"a b c d e f g h":           "",
		"a a":                       "id.unique 1",
		"a a a a":                   "id.unique 3",
		"a b a b":                   "id.unique 2", // the counters of two topics
		"a b c d a":                 "id.unique 1",
		"a b c d d b c":             "id.unique 3",
		"a b c d e a":               "", // longer ago than is remembered
		"a = b =":                   "", // duplicates are in the ledger
		"_ _ _":                     "", // empty
		"a  b   c":                  "",
		"undefined undefined a b a": "id.unique 1, stream.sentinel-literals 1",
	} {
		b := newBench(t)
		b.connected(b.s, 1)
		var last []byte
		for _, id := range strings.Split(ids, " ") {
			if id != "=" {
				seq := b.books[0].issue()
				b.books[0].acknowledge(seq, int64(100*(seq+1)))
				_, event, _ := bytes.Cut(b.event(0, int(seq)), []byte("\n"))
				last = event
				if id != "" {
					last = slices.Concat([]byte("id: "+strings.Trim(id, "_")+"\n"), event)
				}
			}
			b.get(1000, last)
		}
		if got := strings.Join(b.found(), ", "); got != want {
			t.Errorf("%q: %q, want %q", ids, got, want)
		}
	}
}

// The IDs of one stream say nothing about those of another.
func TestFindingsOfIDsPerStream(t *testing.T) {
	b := newBench(t, func(s *Scenario) { s.Streams.Count = 2 })
	b.publish(0, 2)
	for i, s := range b.run.streams {
		if s != b.s {
			b.adopt(s)
		}
		b.connected(s, 1)
		_, event, _ := bytes.Cut(b.event(0, i), []byte("\n"))
		b.received(s, slices.Concat([]byte("id: 1\n"), event), 1000)
	}
	if got := b.found(); len(got) > 0 {
		t.Errorf("%q, want nothing", got)
	}
}

// IDs that resemble each other have different hashes.
func TestHashID(t *testing.T) {
	seen := map[uint64]string{0: "no ID"}
	for _, format := range []string{"%d", "%07d", "%08d", "%09d", "k3f9-%d", "%d-0", "%d:constant-suffix", "%016x", "e-%d-constant-suffix", "%d-%[1]d-%[1]d"} {
		for i := range 2000 {
			id := fmt.Sprintf(format, 1000*i)
			h := hashID([]byte(id))
			if other, there := seen[h]; there && other != id {
				t.Fatalf("%q and %q have the same hash", id, other)
			}
			seen[h] = id
		}
	}
}

func TestOddCountsAdd(t *testing.T) {
	var a, b, want OddCounts
	va, vb, vw := reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem(), reflect.ValueOf(&want).Elem()
	for i := range va.NumField() {
		va.Field(i).SetUint(uint64(i + 1))
		vb.Field(i).SetUint(uint64(1000 * (i + 1)))
		vw.Field(i).SetUint(uint64(1001 * (i + 1)))
	}
	if a.add(&b); a != want {
		t.Errorf("%+v, want %+v", a, want)
	}
}

// A report says what was found, and says so when nothing was.
func TestReportFindings(t *testing.T) {
	for _, row := range []struct {
		change func(*conductor)
		want   []Finding
		text   string
	}{
		{func(*conductor) {}, []Finding{}, "\nfindings under load: none\n"},
		{func(c *conductor) { c.total.Findings.InvalidUTF8, c.total.Odd.RepeatedIDs = 2, 3 }, []Finding{
			{"stream.utf8.valid", 2, "lines with bytes that are not UTF-8"},
			{"id.unique", 3, "events with the ID of another that came shortly before"},
		}, "\n  2 × stream.utf8.valid: lines with bytes that are not UTF-8\n  3 × id.unique: events with"},
	} {
		r := judge(t, row.change)
		if diff := cmp.Diff(row.want, r.UnderLoad); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
		var text strings.Builder
		if err := r.WriteText(&text, false); err != nil || !strings.Contains(text.String(), row.text) {
			t.Errorf("%v; the text lacks %q:\n%s", err, row.text, text.String())
		}
	}
}

// A fan-out: each event is fed to many streams of one loop.
func BenchmarkEvent(b *testing.B) {
	for _, streams := range []int{64, 10_000} {
		b.Run(fmt.Sprint(streams), func(b *testing.B) { benchmarkEvent(b, streams) })
	}
}

func benchmarkEvent(b *testing.B, streams int) {
	one := newBench(b, func(s *Scenario) { s.Streams.Count = streams })
	for _, s := range one.run.streams {
		if s != one.s {
			one.adopt(s)
			one.starting(s, 0)
		}
		one.connected(s, 1)
	}
	book := one.books[0]
	var wire []byte
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		seq := book.issue()
		book.acknowledge(seq, int64(n))
		wire = fmt.Appendf(wire[:0], "id: k3f9abcd-%d\ndata: {\"stamp\":\"%s\"}\n\n", seq, stamp.Append(nil, stamp.Stamp{Run: one.plan.Run, Seq: seq, Due: int64(n), Sent: int64(n)}))
		for _, s := range one.run.streams {
			one.received(s, wire, int64(n+1))
		}
		if n%1024 == 0 {
			one.swap()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(streams), "ns/event")
}
