package loadgen

import (
	"encoding/binary"

	"github.com/ssegauge/ssegauge/internal/eventstream"
)

// A Finding is something odd that the target sent while it was under load.
type Finding struct {
	// ID is that of the check by which `ssegauge check` finds the same, and
	// explains it.
	ID    string `json:"id"`
	Count uint64 `json:"count"`
	What  string `json:"what"` // of which there were so many
}

// oddities are the findings that a report can have, in its order.
var oddities = []struct {
	id, what string
	count    func(*Tally) uint64
}{
	{"http.error.not-a-stream", "bodies that cannot be read as HTTP frames them", func(t *Tally) uint64 { return t.Odd.Misframed }},
	{"stream.utf8.valid", "lines with bytes that are not UTF-8", decoded(func(f *eventstream.Findings) uint64 { return f.InvalidUTF8 })},
	{"stream.bom.start", "byte order marks at the beginning", decoded(func(f *eventstream.Findings) uint64 { return f.ByteOrderMarks })},
	{"stream.bom.later", "byte order marks at the beginning of later lines", decoded(func(f *eventstream.Findings) uint64 { return f.LateByteOrderMarks })},
	{"stream.line.unknown-field", "fields that are not data, event, id or retry", decoded(func(f *eventstream.Findings) uint64 { return f.UnknownNames })},
	{"stream.line.no-colon", "lines without a colon that are no field", decoded(func(f *eventstream.Findings) uint64 { return f.NoColon })},
	{"stream.field.case", "field names with capital letters", decoded(func(f *eventstream.Findings) uint64 { return f.FieldCase })},
	{"stream.field.indent", "field names with blanks around them", decoded(func(f *eventstream.Findings) uint64 { return f.FieldIndent })},
	{"stream.block.no-data", "events without data, which are never dispatched", decoded(func(f *eventstream.Findings) uint64 { return f.EmptyBlocks })},
	{"stream.eof.complete", "streams that the target ended within an event", decoded(func(f *eventstream.Findings) uint64 { return f.CutEvents })},
	{"id.no-nul", "IDs with a NUL", decoded(func(f *eventstream.Findings) uint64 { return f.NULInID })},
	{"id.unique", "events with the ID of another that came shortly before", func(t *Tally) uint64 { return t.Odd.RepeatedIDs }},
	{"stream.sentinel-literals", "events with the ID undefined, null or their like of another", func(t *Tally) uint64 { return t.Odd.SentinelIDs }},
	{"retry.digits", "reconnection times that are not ASCII digits", decoded(func(f *eventstream.Findings) uint64 { return f.BadRetry })},
}

func decoded(of func(*eventstream.Findings) uint64) func(*Tally) uint64 {
	return func(t *Tally) uint64 { return of(&t.Findings) }
}

// OddCounts say what was odd beyond what decoders count.
type OddCounts struct {
	// Misframed counts bodies that are not framed as HTTP asks. The portable
	// transport counts them among the network errors.
	Misframed   uint64
	RepeatedIDs uint64 // events with an ID that one of the latest others of the stream had
	SentinelIDs uint64 // those of them whose ID is what absent values become
}

func (c *OddCounts) add(o *OddCounts) {
	c.Misframed += o.Misframed
	c.RepeatedIDs += o.RepeatedIDs
	c.SentinelIDs += o.SentinelIDs
}

// note counts an event whose ID one of the latest others had.
func (c *OddCounts) note(id []byte) {
	switch string(id) {
	case "undefined", "null", "NaN", "[object Object]", "None", "<nil>":
		c.SentinelIDs++
	default:
		c.RepeatedIDs++
	}
}

// recentIDs has the hashes of the IDs of a stream's latest events. There are
// millions of streams, so they are few: what repeats IDs mostly does so at once,
// by a constant, or by the counters of several topics.
type recentIDs struct {
	hashes [4]uint64
	next   uint8
}

// repeats reports whether one of the latest events had the ID, and takes it in.
// It is not to be told of the same event twice.
func (r *recentIDs) repeats(id []byte) bool {
	if len(id) == 0 { // it resets the client's last event ID
		return false
	}
	hash := hashID(id)
	if hash == r.hashes[0] || hash == r.hashes[1] || hash == r.hashes[2] || hash == r.hashes[3] {
		return true
	}
	r.hashes[r.next&3] = hash
	r.next++
	return false
}

// hashID is never 0. It runs for each event of each stream, so it takes eight
// bytes at a time, the last ones overlapping those before.
func hashID(id []byte) uint64 {
	const multiplier = 0x9E3779B97F4A7C15 // 2^64 divided by the golden ratio
	h := uint64(len(id)) << 56
	if len(id) < 8 {
		for _, c := range id {
			h = h<<8 ^ uint64(c)
		}
		return h*multiplier | 1<<63
	}
	last := binary.LittleEndian.Uint64(id[len(id)-8:])
	for ; len(id) > 8; id = id[8:] {
		h = (h ^ binary.LittleEndian.Uint64(id)) * multiplier
	}
	return (h^last)*multiplier | 1<<63
}

// oddities returns what was found, in a fixed order.
func (t *Tally) oddities() []Finding {
	list := []Finding{}
	for _, o := range oddities {
		if n := o.count(t); n > 0 {
			list = append(list, Finding{o.id, n, o.what})
		}
	}
	return list
}

// FindingIDs are the IDs that the findings of reports can have.
func FindingIDs() []string {
	var ids []string
	for _, o := range oddities {
		ids = append(ids, o.id)
	}
	return ids
}
