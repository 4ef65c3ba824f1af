package conformance

import (
	"cmp"
	"slices"
	"time"
)

// limit is so many seconds without a byte, as clients and proxies count them.
func (t *Transcript) limit(n int) time.Duration {
	return time.Duration(n) * cmp.Or(t.Facts.Second, time.Second)
}

// An idleTime is the time in which a stream was left alone.
type idleTime struct {
	c        *Connection
	from, to time.Duration
	signs    []time.Duration // when bytes came in it
}

// idleTimes returns those of the streams that were left idle.
func idleTimes(t *Transcript) []idleTime {
	var list []idleTime
	for _, c := range t.streams() {
		if c.Name != "stream" {
			continue
		}
		h := idleTime{c: c, from: c.Responded, to: c.Ended}
		// The long wait is the longest time without a publish.
		var longest time.Duration
		for i, p := range t.Publications[:max(0, len(t.Publications)-1)] {
			next := t.Publications[i+1]
			if gap := next.Sent - p.Answered; p.Exchange == c.Exchange && next.Exchange == c.Exchange && gap > longest {
				longest, h.from, h.to = gap, p.Answered, min(next.Sent, c.Ended)
			}
		}
		if last := lastOf(t, c.Exchange); last != nil && c.Ended-last.Answered > longest {
			h.from, h.to = last.Answered, c.Ended
		}
		at := arrivals(t, c)
		for _, p := range t.Publications {
			if p.Exchange == c.Exchange && p.Sent < h.from {
				h.from = min(max(h.from, at[p.Fields["data"]]), h.to)
			}
		}
		h.listen(t.limit(1))
		list = append(list, h)
	}
	return list
}

// lastOf is the last publication of an exchange, nil if there is none.
func lastOf(t *Transcript, exchange string) *Publication {
	for _, p := range slices.Backward(t.Publications) {
		if p.Exchange == exchange {
			return p
		}
	}
	return nil
}

// listen fills in the signs. What comes within a second of the beginning
// belongs to what went before, and bytes that come together are one sign.
func (h *idleTime) listen(second time.Duration) {
	begun := h.from
	for _, chunk := range h.c.Chunks {
		at := chunk.At
		switch {
		case len(chunk.Data) == 0 || at > h.to || at < begun:
		case at < begun+second && len(h.signs) == 0:
			h.from = at
		case len(h.signs) > 0 && at-h.signs[len(h.signs)-1] < second/10:
		default:
			h.signs = append(h.signs, at)
		}
	}
}

// silence is the longest time without a sign, from one sign to the next.
func (h *idleTime) silence() time.Duration {
	list := h.silences()
	return list[len(list)-1]
}

// interval is the longest time without a sign, less one of many: that may be a
// packet which was lost on the way.
func (h *idleTime) interval() time.Duration {
	list := h.silences()
	return list[len(list)-1-min(1, len(list)/3)]
}

// silences are the times from one sign to the next, the longest last. There is
// at least one, 0 if nothing came.
func (h *idleTime) silences() []time.Duration {
	var list []time.Duration
	before := h.from
	for _, at := range h.signs {
		list, before = append(list, at-before), at
	}
	if list == nil {
		return []time.Duration{0}
	}
	slices.Sort(list)
	return list
}

// rest is the time from the last sign to the end.
func (h *idleTime) rest() time.Duration {
	if n := len(h.signs); n > 0 {
		return h.to - h.signs[n-1]
	}
	return h.to - h.from
}

// stopped reports whether there were signs, and then no more.
func (h *idleTime) stopped(t *Transcript) bool {
	return len(h.signs) > 0 && h.rest() > t.allowing(5*h.silence()/2+t.limit(1))
}

// signsThatStop reports whether signs of life stop in a idleTime, or do not come
// there although they come elsewhere.
func signsThatStop(t *Transcript, list []idleTime) (*idleTime, bool) {
	alive := slices.ContainsFunc(list, func(h idleTime) bool { return len(h.signs) > 0 })
	for i := range list {
		h := &list[i]
		if h.stopped(t) || alive && len(h.signs) == 0 && h.rest() >= t.limit(20) {
			return h, true
		}
	}
	return nil, false
}

// longestSilence is the longest time without a byte of the body since the
// response head, and the offset at which it came; that before the end of the
// response counts if toEnd is set.
func (c *Connection) longestSilence(toEnd bool) (longest time.Duration, at int) {
	last, offset := c.Responded, 0
	note := func(until time.Duration) {
		if silence := until - last; silence > longest {
			longest, at = silence, offset
		}
	}
	for _, chunk := range c.Chunks {
		note(chunk.At)
		last = chunk.At
		offset += len(chunk.Data)
	}
	if toEnd {
		note(c.Ended)
	}
	return longest, at
}
