package eventstream

import "sync"

// blockState is a set of facts about a block.
type blockState uint8

const (
	hasData blockState = 1 << iota
	hasType
	hasID
	hasField  // a field of any name, known or not
	isDropped // over a limit: not dispatched, though its ID counts
)

// A block is the lines since the last blank line, interpreted. It lives on the
// stack of one Feed: data, typ and id refer to the chunk where they can.
type block struct {
	data, typ, id []byte     // each meaningful only if has says so
	has           blockState // what the block has
	owned         blockState // which of data, typ and id are in kept's buffers
	kept          *keptBlock // nil until something must be copied
}

// A keptBlock is the memory of a block that does not lie whole in one chunk,
// or whose data has several lines or replaced bytes.
type keptBlock struct {
	data, typ, id []byte
	has           blockState
}

var keptBlocks = sync.Pool{New: func() any { return new(keptBlock) }}

// pooledCapacity is the largest buffer that goes back to a pool, so that one
// large event does not leave its memory behind.
const pooledCapacity = 64 << 10

func (k *keptBlock) release() {
	k.data, k.typ, k.id = poolable(k.data), poolable(k.typ), poolable(k.id)
	k.has = 0
	keptBlocks.Put(k)
}

// poolable returns buf emptied for its next user, or nil if it is too large to
// be kept for one.
func poolable(buf []byte) []byte {
	if cap(buf) > pooledCapacity {
		return nil
	}
	return buf[:0]
}

func (b *block) keep() *keptBlock {
	if b.kept == nil {
		b.kept = keptBlocks.Get().(*keptBlock)
	}
	return b.kept
}

// addData adds the value of a data field and returns how much data the block
// has then. A dropped block takes none.
func (b *block) addData(value []byte, inPlace bool) int {
	if b.has&isDropped != 0 {
		return 0
	}
	if b.has&hasData == 0 && inPlace {
		b.data = value
		b.has |= hasData
		b.owned &^= hasData
		return len(value)
	}
	k := b.keep()
	if b.has&hasData != 0 {
		b.ownData()
		k.data = append(k.data, '\n')
	} else {
		k.data = k.data[:0]
	}
	if inPlace {
		k.data = append(k.data, value...)
	} else {
		k.data = appendValid(k.data, value)
	}
	b.data = k.data
	b.has |= hasData
	b.owned |= hasData
	return len(b.data)
}

// setType sets the event type. It becomes the block's type only if it is the
// last of its fields.
func (b *block) setType(value []byte, inPlace bool) {
	b.has |= hasType
	if inPlace {
		b.typ = value
		b.owned &^= hasType
		return
	}
	k := b.keep()
	k.typ = appendValid(k.typ[:0], value)
	b.typ = k.typ
	b.owned |= hasType
}

// setID sets the ID that the end of the block will commit.
func (b *block) setID(value []byte, inPlace bool) {
	b.has |= hasID
	if inPlace {
		b.id = value
		b.owned &^= hasID
		return
	}
	k := b.keep()
	k.id = appendValid(k.id[:0], value)
	b.id = k.id
	b.owned |= hasID
}

func (b *block) ownData() {
	if b.owned&hasData == 0 {
		k := b.keep()
		k.data = append(k.data[:0], b.data...)
		b.data = k.data
		b.owned |= hasData
	}
}

func (b *block) ownType() {
	if b.owned&hasType == 0 {
		k := b.keep()
		k.typ = append(k.typ[:0], b.typ...)
		b.typ = k.typ
		b.owned |= hasType
	}
}

func (b *block) ownID() {
	if b.owned&hasID == 0 {
		k := b.keep()
		k.id = append(k.id[:0], b.id...)
		b.id = k.id
		b.owned |= hasID
	}
}

// drop marks b as over a limit and gives up its data.
func (b *block) drop() {
	b.has = b.has&^hasData | isDropped
	b.data = nil
	b.owned &^= hasData
	if b.kept != nil {
		b.kept.data = poolable(b.kept.data)
	}
}

func (b *block) reset() {
	if b.kept != nil {
		b.kept.release()
		b.kept = nil
	}
	b.has, b.owned = 0, 0
}

// resumeBlock returns the block that the previous chunk left unfinished, or an
// empty one.
func (d *Decoder) resumeBlock() block {
	k := d.kept
	if k == nil {
		return block{}
	}
	d.kept = nil
	return block{data: k.data, typ: k.typ, id: k.id, has: k.has, owned: hasData | hasType | hasID, kept: k}
}

// keepBlock saves b beyond the chunk that it refers to, if it has anything.
func (d *Decoder) keepBlock(b *block) {
	if b.has == 0 {
		return
	}
	k := b.keep()
	if b.has&hasData != 0 {
		b.ownData()
	}
	if b.has&hasType != 0 {
		b.ownType()
	}
	if b.has&hasID != 0 {
		b.ownID()
	}
	k.has = b.has
	d.kept = k
}
