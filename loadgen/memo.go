package loadgen

import (
	"bytes"
	"hash/maphash"
)

// A memo remembers what was read from the data of the latest events. A fan-out
// brings the same data to every stream, and comparing it is several times
// faster than reading it again. It has one owner.
type memo[T any] struct {
	read  func(data []byte) T
	seed  maphash.Seed
	slots [memoSlots]struct {
		known bool
		data  []byte
		value T
	}
}

const (
	// memoSlots is more than the events that are on their way to the streams of
	// one loop at a time, while it keeps up.
	memoSlots = 128
	// memoBytes bounds what a slot keeps of the data; longer data is read each
	// time.
	memoBytes = 2048
)

func newMemo[T any](read func(data []byte) T) *memo[T] {
	return &memo[T]{read: read, seed: maphash.MakeSeed()}
}

// of returns what read makes of data, which it must not keep.
func (m *memo[T]) of(data []byte) T {
	if len(data) > memoBytes {
		return m.read(data)
	}
	slot := &m.slots[maphash.Bytes(m.seed, data)%memoSlots]
	if !slot.known || !bytes.Equal(slot.data, data) {
		slot.known, slot.value = true, m.read(data)
		slot.data = append(slot.data[:0], data...)
	}
	return slot.value
}
