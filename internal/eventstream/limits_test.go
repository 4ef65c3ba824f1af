package eventstream

import (
	"bytes"
	"strings"
	"testing"
)

// TestEndlessLine is the row client.parse.long-line-bounded: 64 MiB without a
// line end take no more memory than a line may have.
func TestEndlessLine(t *testing.T) {
	var f Findings
	d := NewDecoder(&Config{Findings: &f})
	chunk := bytes.Repeat([]byte("x"), 60_000)
	most := 0
	d.Feed([]byte("data: "), nil)
	for fed := 0; fed < 64<<20; fed += len(chunk) {
		d.Feed(chunk, nil)
		if d.lines.held != nil {
			most = max(most, cap(d.lines.held.bytes))
		}
	}
	if most == 0 || most > 2*DefaultMaxLine {
		t.Errorf("held up to %d bytes, want some and at most %d", most, 2*DefaultMaxLine)
	}
	if d.lines.held != nil {
		t.Error("the line is over the limit and still held")
	}
	expectRecovery(t, &d)
	if f.LineTooLong != 1 || f.EventTooLarge != 0 || f.Events != 1 {
		t.Errorf("findings %+v, want 1 LineTooLong and 1 event", f)
	}
}

// TestEndlessData is the row client.parse.many-lines-bounded: 64 MiB of data
// without a blank line take no more memory than an event may have.
func TestEndlessData(t *testing.T) {
	const maxEvent = 1 << 20
	var f Findings
	d := NewDecoder(&Config{MaxEvent: maxEvent, Findings: &f})
	chunk := []byte(strings.Repeat("data: "+strings.Repeat("x", 1000)+"\n", 50))
	most := 0
	for fed := 0; fed < 64<<20; fed += len(chunk) {
		d.Feed(chunk, nil)
		most = max(most, cap(d.kept.data))
	}
	if most == 0 || most > 2*maxEvent {
		t.Errorf("kept up to %d bytes, want some and at most %d", most, 2*maxEvent)
	}
	if got := cap(d.kept.data); got > pooledCapacity {
		t.Errorf("the event is over the limit and still holds %d bytes", got)
	}
	expectRecovery(t, &d)
	if f.EventTooLarge != 1 || f.LineTooLong != 0 || f.Events != 1 {
		t.Errorf("findings %+v, want 1 EventTooLarge and 1 event", f)
	}
}

// expectRecovery tells that d goes on with the next block.
func expectRecovery(t *testing.T, d *Decoder) {
	t.Helper()
	var got []string
	d.Feed([]byte("\n\ndata: ok\n\n"), func(e Event) { got = append(got, string(e.Data)) })
	if len(got) != 1 || got[0] != "ok" {
		t.Errorf("events after the dropped one: %q, want [ok]", got)
	}
}

// TestLargeEvents is the rows client.parse.large-5mib and large-10mib-2chunks.
func TestLargeEvents(t *testing.T) {
	for _, size := range []int{5 << 20, 10 << 20} {
		data := strings.Repeat("0123456789abcdef", size/16)
		w := wire{bytes: []byte("data: " + data + "\n\n")}
		for name, cuts := range map[string][]int{"whole": nil, "halves": {size / 2}, "1000-byte pieces": every(1000, len(w.bytes))} {
			got := decode(Config{MaxLine: 16 << 20}, w, cuts)
			if len(got.Events) != 1 || got.Events[0] != message(data) {
				t.Errorf("%d bytes, %s: %d events, or another text", size, name, len(got.Events))
			}
		}
	}
}

// TestLargeBuffersAreNotPooled tells that what a large event needed is given
// back to the garbage collector.
func TestLargeBuffersAreNotPooled(t *testing.T) {
	var d Decoder
	ignore := func(Event) {}
	large := strings.Repeat("x", pooledCapacity+1)

	d.Feed([]byte("data: "+large+"\nevent: "+large), ignore)
	kept, held := d.kept, d.lines.held
	d.Feed([]byte("\nid: "+large), ignore)
	d.Feed([]byte("\n\n"), ignore)
	for name, buf := range map[string][]byte{"data": kept.data, "type": kept.typ, "ID": kept.id, "line": held.bytes} {
		if cap(buf) > pooledCapacity {
			t.Errorf("%d bytes of %s went to the pool", cap(buf), name)
		}
	}

	if got := len(d.LastEventID()); got != len(large) {
		t.Fatalf("last event ID has %d bytes, want %d", got, len(large))
	}
	d.Feed([]byte("id: 1\n\n"), ignore)
	if got := cap(d.id); got > keptIDCapacity {
		t.Errorf("an ID of 1 byte holds %d", got)
	}
}
