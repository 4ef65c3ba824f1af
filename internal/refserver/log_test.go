package refserver

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

// modelEvent is one event of the naive model of a log: a slice of them.
type modelEvent struct {
	seq  uint64
	text []byte
}

// TestLogAgainstModel appends events of random sizes and compares everything a
// reader can ask with a slice of events.
func TestLogAgainstModel(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 1))
		window := []int{1, 1000, 5000, 40_000, 1 << 20}[r.IntN(5)]
		l := newTopicLog("t")
		var model []modelEvent
		var seq, offset uint64
		offsets := map[uint64]uint64{} // sequence to border before it
		for range 2000 {
			seq += 1 + uint64(r.IntN(3))
			size := r.IntN(300)
			if r.IntN(100) == 0 {
				size = r.IntN(200_000)
			}
			text := bytes.Repeat([]byte{byte('a' + seq%26)}, size)
			wire, head := appendChunk(nil, text)
			l.append(seq, time.UnixMilli(int64(seq)), wire, head, "", window)
			model = append(model, modelEvent{seq, text})
			offsets[seq] = offset
			offset += uint64(len(wire))
		}
		v := l.view()
		if v.head != offset {
			t.Fatalf("seed %d: head = %d, want %d", seed, v.head, offset)
		}
		kept := model[len(model)-l.events:]
		if l.kept < window && len(kept) != len(model) {
			t.Fatalf("seed %d: %d bytes kept of a window of %d", seed, l.kept, window)
		}
		if biggest := 200_100; l.kept > window+max(maxSegment, biggest)+maxSegment {
			t.Fatalf("seed %d: %d bytes kept of a window of %d", seed, l.kept, window)
		}
		if got, want := v.tail(), offsets[kept[0].seq]; got != want {
			t.Fatalf("seed %d: tail = %d, want %d", seed, got, want)
		}
		if len(kept) < len(model) && l.evictedSeq != model[len(model)-len(kept)-1].seq {
			t.Fatalf("seed %d: evicted up to %d", seed, l.evictedSeq)
		}
		// Reading from any event gives exactly it and those after it.
		for range 50 {
			k := r.IntN(len(kept))
			off := l.after(kept[k].seq-1, 0)
			if off != offsets[kept[k].seq] {
				t.Fatalf("seed %d: after(%d) = %d, want %d", seed, kept[k].seq-1, off, offsets[kept[k].seq])
			}
			var want []byte
			for _, e := range kept[k:] {
				want, _ = appendChunk(want, e.text)
			}
			if got := readLog(t, v, off, r); !bytes.Equal(got, want) {
				t.Fatalf("seed %d: reading from %d differs", seed, off)
			}
		}
		for range 100 {
			s := r.Uint64N(seq + 3)
			want := false
			for _, e := range kept {
				want = want || e.seq == s
			}
			if got := l.holds(s); got != want {
				t.Fatalf("seed %d: holds(%d) = %v", seed, s, got)
			}
		}
		l.expire(time.UnixMilli(int64(seq) + 1))
		if l.events != 0 || l.kept != 0 || l.view().tail() != offset || l.evictedSeq != seq {
			t.Fatalf("seed %d: after expiry %d events, %d bytes, tail %d", seed, l.events, l.kept, l.view().tail())
		}
	}
}

// readLog reads as a shard does with a socket that takes random amounts, and
// checks that every border found is one.
func readLog(t *testing.T, v view, off uint64, r *rand.Rand) []byte {
	t.Helper()
	var out []byte
	for off < v.head {
		i := v.find(off)
		if i < 0 {
			t.Fatalf("offset %d is not in the log", off)
		}
		p := v.bytes(i, off)
		n := 1 + r.IntN(len(p))
		border := v.segs[i].border(off + uint64(n))
		if border < off+uint64(n) {
			t.Fatalf("border(%d) = %d", off+uint64(n), border)
		}
		out = append(out, p[:border-off]...)
		off = border
	}
	return out
}

// TestSegmentBorders sends events of every size around the end of a segment.
func TestSegmentBorders(t *testing.T) {
	s := start(t, Config{})
	c := connect(t, s, "/events?topic=t")
	room := minSegment - 2*entrySize
	n := 0
	for size := room - 80; size < room+80; size++ {
		topic := "t" + strconv.Itoa(size)
		other := connect(t, s, "/events?topic=t&topic="+topic)
		data := string(bytes.Repeat([]byte("x"), size/2))
		for range 4 {
			n++
			put(t, s, data, topic, "t")
			want := event{ID: "e-" + strconv.Itoa(n), Data: data}
			other.want(want)
			c.want(want)
		}
		// The same from the log alone.
		again := connect(t, s, "/events?topic="+topic, "Last-Event-ID: e-"+strconv.Itoa(n-3))
		for k := n - 2; k <= n; k++ {
			again.want(event{ID: "e-" + strconv.Itoa(k), Data: data})
		}
		other.close()
		again.close()
	}
}
