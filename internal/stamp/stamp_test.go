package stamp

import (
	"bytes"
	"math"
	"testing"
)

var full = Stamp{
	Run: 0x9f3a2c10, Publisher: 7, Topic: 0xabcdef12, Seq: 0x12345_6789a,
	Due: 1_790_000_000_123_456_789, Sent: 1_790_000_000_123_999_999,
}

func TestAppendFind(t *testing.T) {
	for _, s := range []Stamp{
		{},
		full,
		{Run: math.MaxUint32, Publisher: math.MaxUint16, Topic: math.MaxUint32, Seq: MaxSeq, Due: math.MaxInt64, Sent: math.MaxInt64},
		{Due: -1, Sent: math.MinInt64},
	} {
		wire := Append([]byte(`{"stamp":"`), s)
		if got := len(wire) - len(`{"stamp":"`); got != Len {
			t.Errorf("%+v: wire length %d, want %d", s, got, Len)
		}
		got, ok := Find(append(wire, `"}`...))
		if !ok || got != s {
			t.Errorf("Find = %+v, %v; want %+v", got, ok, s)
		}
	}
}

func TestFindSkipsWhatIsNotAStamp(t *testing.T) {
	wire := Append(nil, full)
	for name, data := range map[string][]byte{
		"decoy before":     append([]byte("ssg1-not-a-stamp "), wire...),
		"prefix twice":     append([]byte(prefix), wire...),
		"inside escaped":   append(append([]byte(`{"d":"{\"stamp\":\"`), wire...), `\"}"}`...),
		"bad stamp before": append(bytes.Replace(wire, []byte("abcdef12"), []byte("ABCDEF12"), 1), wire...),
	} {
		if got, ok := Find(data); !ok || got != full {
			t.Errorf("%s: Find = %+v, %v; want the stamp", name, got, ok)
		}
	}
}

func TestFindRefusesEveryDamage(t *testing.T) {
	wire := Append(nil, full)
	for i := range wire {
		damaged := bytes.Clone(wire)
		damaged[i] = 'z'
		if got, ok := Find(damaged); ok {
			t.Errorf("byte %d damaged: Find = %+v, want none", i, got)
		}
		if got, ok := Find(wire[:i]); ok {
			t.Errorf("cut at %d: Find = %+v, want none", i, got)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	buf := make([]byte, 0, Len)
	wire := Append(nil, full)
	if n := testing.AllocsPerRun(100, func() { buf = Append(buf[:0], full); Find(wire) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func FuzzFind(f *testing.F) {
	f.Add(Append(nil, full))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, ok := Find(data)
		if ok && !bytes.Contains(data, Append(nil, s)) {
			t.Errorf("Find = %+v, which is not in the data", s)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	data := Append([]byte(`{"t":1790000000123456789,"stamp":"`), full)
	for b.Loop() {
		Find(data)
	}
}
