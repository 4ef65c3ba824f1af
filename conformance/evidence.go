package conformance

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Evidence is bytes that a verdict rests on.
type Evidence struct {
	Connection string `json:"connection"` // exchange and name
	Part       string `json:"part"`       // request, head or body
	// Offset is the place of the first byte shown, in bytes from the beginning
	// of the part; At is when it was read.
	Offset int           `json:"offset"`
	At     time.Duration `json:"at_ns"`
	// Text is the bytes, escaped, with a border sign (∥) where a read or a
	// transfer chunk began.
	Text string `json:"text"`
	// Borders are the places and times of those reads.
	Borders []Border `json:"borders,omitempty"`
}

// A Border is where a read began.
type Border struct {
	Offset int           `json:"offset"`
	At     time.Duration `json:"at_ns"`
}

// borderSign stands for a chunk border.
const borderSign = "∥"

// Around what is pointed at, this many bytes are shown on either side, and at
// most this many in all.
const (
	evidenceMargin = 40
	evidenceBytes  = 400
)

// bodyEvidence shows the body's bytes from an offset up to another, and some
// around.
func (c *Connection) bodyEvidence(from, to int) Evidence {
	body := c.bytes()
	from = max(0, min(from, len(body))-evidenceMargin)
	to = min(len(body), max(to, from)+evidenceMargin, from+evidenceBytes)
	e := Evidence{Connection: c.label(), Part: "body", Offset: from, At: c.arrived(from)}
	var text strings.Builder
	begin := 0
	for _, chunk := range c.Chunks {
		end := begin + len(chunk.Data)
		if begin > from && begin < to {
			text.WriteString(borderSign)
			e.Borders = append(e.Borders, Border{begin, chunk.At})
		}
		if lo, hi := max(begin, from), min(end, to); lo < hi {
			text.WriteString(escape(body[lo:hi]))
		}
		begin = end
	}
	e.Text = text.String()
	return e
}

// headEvidence shows the response head, or the fields of one that was not text.
func (c *Connection) headEvidence() Evidence {
	head := []byte(c.Head)
	if len(head) == 0 && c.Status != 0 {
		head = fmt.Appendf(head, ":status: %d\r\n", c.Status)
		for _, f := range c.Fields {
			head = fmt.Appendf(head, "%s: %s\r\n", f.Name, f.Value)
		}
	}
	return Evidence{Connection: c.label(), Part: "head", At: c.Responded, Text: escape(head[:min(len(head), 4*evidenceBytes)])}
}

// endEvidence shows the last bytes of the body.
func (c *Connection) endEvidence() Evidence {
	n := len(c.bytes())
	return c.bodyEvidence(n-evidenceMargin, n)
}

// evidence shows the lines of one event or less.
func (l Line) evidence(c *Connection) Evidence {
	return c.bodyEvidence(l.Offset, l.Offset+len(l.Text)+len(l.End))
}

func (c *Connection) label() string {
	if c.Exchange == "" {
		return c.Name
	}
	return c.Exchange + "/" + c.Name
}

// escape makes bytes printable and keeps every one of them to be seen.
func escape(p []byte) string {
	var b strings.Builder
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, p[0])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\\':
			b.WriteString(`\\`)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteRune(r)
		}
		p = p[n:]
	}
	return b.String()
}
