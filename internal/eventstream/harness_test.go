package eventstream

import (
	"slices"
	"strings"
	"time"
)

// An event is an Event with memory of its own.
type event struct{ Type, Data, LastEventID string }

func message(data string) event { return event{Type: "message", Data: data} }

func messageID(data, id string) event {
	return event{Type: "message", Data: data, LastEventID: id}
}

// A decoded is all that can be seen of a decoder that has read something.
type decoded struct {
	Events      []event
	LastEventID string
	Retry       time.Duration
	HasRetry    bool
	Findings    Findings
}

// A wire is what a server does: bytes, chunk borders among them, and ends of
// a connection.
type wire struct {
	bytes   []byte
	borders []int // offsets in bytes
	ends    []int // offsets in bytes
}

// parseWire reads the notation of the table: ∥ is a chunk border, ⟂ the end
// of a connection, and everything else stands for itself.
func parseWire(s string) wire {
	var w wire
	for s != "" {
		i := strings.IndexAny(s, "∥⟂")
		if i < 0 {
			w.bytes = append(w.bytes, s...)
			break
		}
		w.bytes = append(w.bytes, s[:i]...)
		if strings.HasPrefix(s[i:], "∥") {
			w.borders = append(w.borders, len(w.bytes))
		} else {
			w.ends = append(w.ends, len(w.bytes))
		}
		s = s[i+len("∥"):]
	}
	return w
}

// connections returns the bytes of each connection, and whether the last one
// was left open.
func (w wire) connections() (conns []string, open bool) {
	from := 0
	for _, end := range w.ends {
		conns = append(conns, string(w.bytes[from:end]))
		from = end
	}
	if len(w.ends) == 0 || from < len(w.bytes) {
		return append(conns, string(w.bytes[from:])), true
	}
	return conns, false
}

// decode feeds w, cut at the ends and at cuts, which are in order.
//
// Each chunk is overwritten when Feed has returned, and in emit and after each
// chunk another decoder writes to the pooled memory: a slice that is used for
// longer than it may be shows up as wrong text.
func decode(limits Config, w wire, cuts []int) decoded {
	var got decoded
	limits.Findings = &got.Findings
	d := NewDecoder(&limits)
	emit := func(e Event) {
		disturb()
		got.Events = append(got.Events, event{string(e.Type), string(e.Data), string(e.LastEventID)})
	}

	var scratch []byte
	feed := func(p []byte) {
		scratch = append(scratch[:0], p...)
		d.Feed(scratch, emit)
		for i := range scratch {
			scratch[i] = '#'
		}
		disturb()
	}

	from := 0
	ends := w.ends
	for from < len(w.bytes) || len(ends) > 0 {
		to := len(w.bytes)
		for len(cuts) > 0 && cuts[0] <= from {
			cuts = cuts[1:]
		}
		if len(cuts) > 0 {
			to = min(to, cuts[0])
		}
		if len(ends) > 0 {
			to = min(to, ends[0])
		}
		feed(w.bytes[from:to])
		from = to
		for len(ends) > 0 && ends[0] == from {
			d.End()
			ends = ends[1:]
		}
	}
	got.LastEventID = string(d.LastEventID())
	got.Retry, got.HasRetry = d.Retry()
	return got
}

var disturbance = []byte("id: #####\nevent: #####\ndata: #####\ndata: #####\nda")

func disturb() {
	var d Decoder
	d.Feed(disturbance, nil)
	d.End()
}

// every returns the cuts of a stream of n bytes into pieces of size bytes.
func every(size, n int) []int {
	var cuts []int
	for i := size; i < n; i += size {
		cuts = append(cuts, i)
	}
	return cuts
}

// A cutting is one way to cut a stream, with a name for failures.
type cutting struct {
	name string
	cuts []int
}

// cuttings yields the ways to cut w: as written, whole, in pieces of one and
// two bytes, in two at every position, and in three at every pair of positions
// if w is short. A stream over 64 KiB is cut in two near its ends and in some
// places between.
func cuttings(w wire) func(yield func(cutting) bool) {
	return func(yield func(cutting) bool) {
		n := len(w.bytes)
		for _, c := range []cutting{
			{"as written", w.borders},
			{"whole", nil},
			{"1-byte pieces", every(1, n)},
			{"2-byte pieces", every(2, n)},
			{"4 KiB pieces", every(4<<10, n)},
		} {
			if !yield(c) {
				return
			}
		}
		const long = 64 << 10
		for i := 1; i < n; i++ {
			if n > long && i == 20 {
				for i < n-20 {
					if !yield(cutting{"in two", []int{i}}) {
						return
					}
					i += n / 7
				}
				i = n - 20
			}
			if !yield(cutting{"in two", []int{i}}) {
				return
			}
		}
		if n > 60 {
			return
		}
		for i := 1; i < n; i++ {
			for j := i + 1; j < n; j++ {
				if !yield(cutting{"in three", []int{i, j}}) {
					return
				}
			}
		}
	}
}

func equal(a, b decoded) bool {
	return slices.Equal(a.Events, b.Events) && a.LastEventID == b.LastEventID &&
		a.Retry == b.Retry && a.HasRetry == b.HasRetry && a.Findings == b.Findings
}
