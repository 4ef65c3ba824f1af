// Package stamp is what a measured event carries in its data: which run and
// publisher made it, its place in the topic's sequence, and when it was due
// and sent.
//
// On the wire a stamp is one word of 70 ASCII letters, digits and hyphens. It
// needs no escaping in JSON, in a URL or in a nested JSON string, so it
// survives backends that wrap what they publish.
package stamp

import "bytes"

// A Stamp identifies one published event.
type Stamp struct {
	// Run tells the events of one run from those of any other.
	Run uint32
	// Publisher is the worker whose clock made Due and Sent.
	Publisher uint16
	// Topic is the index of the topic in the run's plan.
	Topic uint32
	// Seq counts the events of the topic from 0.
	Seq uint64
	// Due and Sent are Unix nanoseconds of the publisher's clock: when the
	// schedule asked for the event, and when its publishing began.
	Due, Sent int64
}

const prefix = "ssg1-"

// Each field is written in hexadecimal with a fixed number of digits, so that
// a stamp is found and read without looking for separators.
const (
	runDigits       = 8
	publisherDigits = 4
	topicDigits     = 6
	seqDigits       = 10
	timeDigits      = 16
)

// Len is the length in bytes of every stamp.
const Len = len(prefix) + runDigits + 1 + publisherDigits + 1 + topicDigits + 1 + seqDigits + 1 + timeDigits + 1 + timeDigits

// Limits of what a stamp can carry.
const (
	MaxTopic = 1<<(4*topicDigits) - 1
	MaxSeq   = 1<<(4*seqDigits) - 1
)

// Append appends the wire form of s to dst. Topic and Seq beyond MaxTopic and
// MaxSeq are cut to their low digits.
func Append(dst []byte, s Stamp) []byte {
	dst = append(dst, prefix...)
	dst = appendHex(dst, uint64(s.Run), runDigits)
	dst = append(dst, '-')
	dst = appendHex(dst, uint64(s.Publisher), publisherDigits)
	dst = append(dst, '-')
	dst = appendHex(dst, uint64(s.Topic), topicDigits)
	dst = append(dst, '-')
	dst = appendHex(dst, s.Seq, seqDigits)
	dst = append(dst, '-')
	dst = appendHex(dst, uint64(s.Due), timeDigits)
	dst = append(dst, '-')
	return appendHex(dst, uint64(s.Sent), timeDigits)
}

// Find returns the first well-formed stamp in data.
func Find(data []byte) (Stamp, bool) {
	for {
		i := bytes.Index(data, []byte(prefix))
		if i < 0 || len(data)-i < Len {
			return Stamp{}, false
		}
		if s, ok := parse(data[i+len(prefix) : i+Len]); ok {
			return s, true
		}
		data = data[i+len(prefix):]
	}
}

// parse reads the fields behind the prefix; p has exactly their length.
func parse(p []byte) (Stamp, bool) {
	r := reader{p: p, ok: true}
	s := Stamp{
		Run:       uint32(r.hex(runDigits)),
		Publisher: uint16(r.hex(publisherDigits)),
		Topic:     uint32(r.hex(topicDigits)),
		Seq:       r.hex(seqDigits),
		Due:       int64(r.hex(timeDigits)),
		Sent:      int64(r.hex(timeDigits)),
	}
	return s, r.ok
}

// A reader takes fixed-width fields off the front of p. It is not ok once a
// digit or a hyphen was missing.
type reader struct {
	p  []byte
	ok bool
}

func (r *reader) hex(digits int) uint64 {
	var v uint64
	var bad byte
	for _, c := range r.p[:digits] {
		d := hexValue[c]
		bad |= d
		v = v<<4 | uint64(d&0x0f)
	}
	r.ok = r.ok && bad < notHex
	r.p = r.p[digits:]
	if len(r.p) > 0 {
		r.ok = r.ok && r.p[0] == '-'
		r.p = r.p[1:]
	}
	return v
}

const notHex = 0x80

// hexValue maps an ASCII digit to its value and every other byte to notHex.
// Only lower case is a digit: a stamp that something has rewritten is not ours.
var hexValue = func() (t [256]byte) {
	for i := range t {
		t[i] = notHex
	}
	for i, c := range []byte(hexDigits) {
		t[c] = byte(i)
	}
	return t
}()

const hexDigits = "0123456789abcdef"

func appendHex(dst []byte, v uint64, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[v>>shift&0xf])
	}
	return dst
}
