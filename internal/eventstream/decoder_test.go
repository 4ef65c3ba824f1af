package eventstream

import (
	"bytes"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// want returns what the decoder must make of r. Lines and Bytes are not
// written in the table: the reference counts them.
func (r row) want(ref decoded) decoded {
	want := decoded{Events: r.events, LastEventID: r.lastID, Findings: r.odd}
	if r.retry != noRetry {
		want.Retry, want.HasRetry = r.retry, true
	}
	want.Findings.Events = uint64(len(r.events))
	want.Findings.Bytes = ref.Findings.Bytes
	want.Findings.Lines = ref.Findings.Lines
	return want
}

// TestDecoder runs every row of the table in every cutting.
func TestDecoder(t *testing.T) {
	for _, r := range table() {
		t.Run(r.id, func(t *testing.T) {
			w := parseWire(r.wire)
			ref := referenceOf(w)
			want := r.want(ref)
			if r.limits == (Config{}) && want.Findings.LineTooLong == 0 && !equal(ref, want) {
				t.Errorf("the reference decoder disagrees with the table (-table +reference):\n%s", cmp.Diff(want, ref, cmpopts.EquateEmpty()))
			}
			for c := range cuttings(w) {
				if got := decode(r.limits, w, c.cuts); !equal(got, want) {
					t.Fatalf("%q, %s at %.20v (-want +got):\n%s", clip(r.wire), c.name, c.cuts, cmp.Diff(want, got, cmpopts.EquateEmpty()))
				}
			}
		})
	}
}

func referenceOf(w wire) decoded {
	conns, open := w.connections()
	return reference(conns, open)
}

func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}

// TestBlankLineDispatches pins the moment of dispatch, which a comparison of
// all events at the end cannot: after the first byte of the blank line.
func TestBlankLineDispatches(t *testing.T) {
	for _, wire := range []string{"data: x\n\n", "data: x\r\r", "data: x\r\n\r", "data: x\n\r", "data: x\r\n\n"} {
		var d Decoder
		events := 0
		emit := func(Event) { events++ }
		for i := range len(wire) - 1 {
			d.Feed([]byte(wire[i:i+1]), emit)
			if events != 0 {
				t.Errorf("%q: dispatched after %d bytes", wire, i+1)
			}
		}
		d.Feed([]byte(wire[len(wire)-1:]), emit)
		if events != 1 {
			t.Errorf("%q: %d events after its last byte, want 1", wire, events)
		}
	}
}

// TestUncounted tells that a decoder works without a Config and without
// Findings.
func TestUncounted(t *testing.T) {
	for name, cfg := range map[string]*Config{"nil": nil, "zero": {}} {
		d := NewDecoder(cfg)
		var got []event
		d.Feed([]byte("id: 1\ndata: a\ndata: b\n\ndata: c"), func(e Event) {
			got = append(got, event{string(e.Type), string(e.Data), string(e.LastEventID)})
		})
		d.End()
		if diff := cmp.Diff([]event{messageID("a\nb", "1")}, got); diff != "" {
			t.Errorf("%s Config (-want +got):\n%s", name, diff)
		}
	}
}

// TestEndTwice tells that a stream ends once.
func TestEndTwice(t *testing.T) {
	var f Findings
	d := NewDecoder(&Config{Findings: &f})
	d.Feed([]byte("data: x"), nil)
	d.End()
	d.End()
	if f.CutEvents != 1 {
		t.Errorf("CutEvents = %d, want 1", f.CutEvents)
	}
}

// TestInPlace tells that a one-line event that lies whole in the chunk is not
// copied.
func TestInPlace(t *testing.T) {
	var d Decoder
	p := []byte("id: 7\ndata: Hello\n\n")
	d.Feed(p, func(e Event) {
		if &e.Data[0] != &p[bytes.IndexByte(p, 'H')] {
			t.Error("Data is a copy")
		}
	})
}

// TestIdleSize keeps a decoder that waits for the next event small: there may
// be a million of them.
func TestIdleSize(t *testing.T) {
	if size := unsafe.Sizeof(Decoder{}); size > 120 {
		t.Errorf("a Decoder has %d bytes, want at most 120", size)
	}
	var d Decoder
	for _, chunk := range []string{"id: 1\ndata: a\ndata: b\ndat", "a: c\nevent: \xFF\n\n", ": keep-alive\n\n"} {
		d.Feed([]byte(chunk), func(Event) {})
	}
	if d.kept != nil || d.lines.held != nil {
		t.Error("an idle decoder holds memory")
	}
}
