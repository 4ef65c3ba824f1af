// Package stamp is what a measured event carries in its data: which run and
// publisher made it, its place in the topic's sequence, and when it was due
// and sent.
//
// On the wire a stamp is one word of 69 ASCII letters, digits and a hyphen. It
// needs no escaping in JSON, in a URL or in a nested JSON string, so it
// survives backends that wrap what they publish.
package stamp

import (
	"bytes"
	"encoding/binary"
)

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

// Behind the prefix stand 64 hexadecimal digits, a fixed number for each field:
// run 8, publisher 4, topic 8, seq 12, due 16, sent 16. So a stamp is read as
// eight words of eight digits, without looking for separators.
const (
	words      = 8
	wordDigits = 8
)

// Len is the length in bytes of every stamp.
const Len = len(prefix) + words*wordDigits

// MaxSeq is the largest Seq that a stamp can carry.
const MaxSeq = 1<<48 - 1

// Append appends the wire form of s to dst. A Seq beyond MaxSeq is cut to its
// low digits.
func Append(dst []byte, s Stamp) []byte {
	dst = append(dst, prefix...)
	for _, w := range [words]uint32{
		s.Run,
		uint32(s.Publisher)<<16 | s.Topic>>16,
		s.Topic<<16 | uint32(s.Seq>>32)&0xffff,
		uint32(s.Seq),
		uint32(uint64(s.Due) >> 32), uint32(s.Due),
		uint32(uint64(s.Sent) >> 32), uint32(s.Sent),
	} {
		dst = appendWord(dst, w)
	}
	return dst
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

// parse reads the digits behind the prefix; p has exactly their length.
func parse(p []byte) (Stamp, bool) {
	var w [words]uint64
	ok := true
	for i := range w {
		word, good := parseWord(binary.BigEndian.Uint64(p[i*wordDigits:]))
		w[i], ok = word, ok && good
	}
	return Stamp{
		Run:       uint32(w[0]),
		Publisher: uint16(w[1] >> 16),
		Topic:     uint32(w[1]<<16 | w[2]>>16),
		Seq:       w[2]&0xffff<<32 | w[3],
		Due:       int64(w[4]<<32 | w[5]),
		Sent:      int64(w[6]<<32 | w[7]),
	}, ok
}

// ones has a one in each of the eight bytes of a word.
const ones = 0x0101010101010101

// parseWord reads eight digits at once, the first in the highest byte. Only
// lower case is a digit: a stamp that something has rewritten is not ours.
func parseWord(text uint64) (uint64, bool) {
	// Letters have bit 6 set, and their low four bits count from 1.
	n := text&(0x0f*ones) + text>>6&ones*9
	// Writing the digits again must give the same text.
	letters := (n + 6*ones) >> 4 & ones
	ok := n&(0xf0*ones) == 0 && n+'0'*ones+letters*('a'-'0'-10) == text
	n = (n | n>>4) & 0x00ff00ff00ff00ff
	n = (n | n>>8) & 0x0000ffff0000ffff
	return (n | n>>16) & 0xffffffff, ok
}

const hexDigits = "0123456789abcdef"

func appendWord(dst []byte, w uint32) []byte {
	for shift := 4 * (wordDigits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[w>>shift&0xf])
	}
	return dst
}
