package loadgen

import (
	"strconv"
	"strings"
	"testing"

	"github.com/ssegauge/ssegauge/internal/stamp"
)

// TestMemo gives a memo more texts than it has slots, each twice: whatever it
// has forgotten, each must be read right.
func TestMemo(t *testing.T) {
	reads := 0
	m := newMemo(func(data []byte) int {
		reads++
		n, _ := strconv.Atoi(string(data))
		return n
	})
	text := make([]byte, 0, 8)
	for n := range 10 * memoSlots {
		for range 2 {
			text = strconv.AppendInt(text[:0], int64(n), 10)
			if got := m.of(text); got != n {
				t.Fatalf("%s is read as %d", text, got)
			}
		}
	}
	if reads != 10*memoSlots {
		t.Errorf("%d texts, each given twice in a row, were read %d times", 10*memoSlots, reads)
	}
	for range 2 {
		if got := m.of(nil); got != 0 {
			t.Errorf("empty data is read as %d", got)
		}
	}
	if reads != 10*memoSlots+1 {
		t.Error("empty data is not remembered")
	}
	long := []byte(strings.Repeat("0", memoBytes) + "7")
	for range 2 {
		if got := m.of(long); got != 7 {
			t.Errorf("long data is read as %d", got)
		}
	}
	if reads != 10*memoSlots+3 {
		t.Errorf("data over %d bytes is kept", memoBytes)
	}
}

func BenchmarkMark(b *testing.B) {
	data := append(stamp.Append([]byte(`{"id":"`), stamp.Stamp{Run: 7, Due: 1_700_000_000_000_000_000}), `","text":"hello"}`...)
	b.Run("find", func(b *testing.B) {
		for b.Loop() {
			readMark(data)
		}
	})
	b.Run("memo", func(b *testing.B) {
		m := newMemo(readMark)
		for b.Loop() {
			m.of(data)
		}
	})
}
