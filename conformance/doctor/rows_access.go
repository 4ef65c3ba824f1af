package doctor

import (
	"fmt"
	"strings"

	"github.com/ssegauge/ssegauge/conformance"
)

// accessRows are about whether there is a stream, how many, and whose.
var accessRows = []Row{
	{
		ID: "D11", Title: "the answer is no event stream",
		Explain: "An EventSource that gets another status than 200, or another media type than text/event-stream, fails for good: it does not try again.",
		see:     seeRefused, Fixes: fixRefused,
	},
	{
		ID: "D12", Title: "the path carries only so many streams at once",
		again:   []string{"ramp"},
		Explain: "Each stream occupies a place for as long as it lives. A limit that suits short requests is soon reached by streams.",
		see:     seeBudget, Fixes: fixBudget,
	},
	{
		ID: "D10", Title: "a stored stream is replayed",
		Explain: "A cache has stored the event stream and gives it to the next client: its events are old, their ids have been seen, and it ends at once.",
		Hides:   []string{"D6", "D10b"},
		see:     seeReplay, Fixes: fixCache,
	},
	{
		ID: "D10b", Title: "clients of one URL wait for each other",
		again:   []string{"cache"},
		Explain: "A cache lets only one request for a URL through at a time and makes the others wait for what comes of it (cache lock, request coalescing). A stream does not come to an end, so they wait for a timeout.",
		see:     seeLock, Fixes: fixCache,
	},
}

func seeRefused(v *view) *sign {
	c := v.connection("plain", "stream")
	if c == nil || c.IsStream() || v.noHead() {
		return nil
	}
	s := &sign{}
	kind := strings.TrimSpace(c.Value("Content-Type"))
	switch {
	case c.Status == 0 && c.End == conformance.EndLeft:
		s.add("no response head within %s", seconds(c.Ended-c.Sent))
		s.explain = "The request is taken and never answered. A place that is hung up on, a backend that is not there, or a box that waits for the whole response looks like this."
	case c.Status == 0:
		s.add("no response: %s", c.Problem)
	case c.Status/100 == 3:
		s.add("status %d, to %s", c.Status, c.Value("Location"))
		s.explain = "The path answers with a redirect, as to a login page. An EventSource follows it, and what it finds there is most often a page and no stream."
	case c.Status == 401 || c.Status == 403:
		s.add("status %d", c.Status)
		s.explain = "The path wants authorization that the request does not have, or takes it away. An EventSource that is refused does not try again."
	case c.Status == 200:
		s.add("status 200 with Content-Type %q", kind)
		if strings.HasPrefix(strings.ToLower(kind), "text/html") {
			s.explain = "The path answers with a page in place of the stream: a login, an error, or the start page of an app that catches all paths."
		}
	default:
		s.add("status %d with Content-Type %q", c.Status, kind)
	}
	return s
}

func seeBudget(v *view) *sign {
	b := v.budget()
	if !b.limited {
		return nil
	}
	s := proven("of %d streams at once, %d were open", b.open+b.refused+b.waited, b.open) // by the streams that were open
	if b.refused > 0 {
		how := "without an answer"
		if b.status > 0 {
			how = fmt.Sprintf("with status %d", b.status)
		}
		s.add("%d refused %s", b.refused, how)
	}
	if b.waited > 0 {
		s.add("%d waited until another one ended", b.waited)
	}
	return s
}

func seeReplay(v *view) *sign {
	if !v.rec.Ours {
		return v.seeStored()
	}
	for _, pair := range [][2]string{{"before", "again"}, {"pair", "twin"}} {
		one, two := v.flow("cache", pair[0]), v.flow("cache", pair[1])
		if one == nil || two == nil || len(one.beats) == 0 || len(two.beats) == 0 {
			continue
		}
		id := two.beats[0].stamp.Request
		if id == "" || id != one.beats[0].stamp.Request {
			continue
		}
		s := proven("a second request for the same URL got the events of the first: the origin saw %d of 2 requests", len(v.rec.Origin[nonceOf(two.conn)].Requests)) // by other URLs
		for _, name := range []string{"Age", "X-Cache", "X-Cache-Status", "CF-Cache-Status"} {
			if value := two.conn.Value(name); value != "" {
				s.add("%s: %s", name, value)
			}
		}
		return s
	}
	return nil
}

// seeStored is seeReplay for a foreign backend: what caches say of themselves.
func (v *view) seeStored() *sign {
	c := v.connection("cache", "again")
	if c == nil || !c.IsStream() {
		return nil
	}
	for _, name := range []string{"X-Cache", "X-Cache-Status", "CF-Cache-Status"} {
		if value := c.Value(name); strings.Contains(strings.ToUpper(value), "HIT") {
			return signOf("%s: %s", name, value)
		}
	}
	if age := c.Value("Age"); age != "" && age != "0" {
		return signOf("Age: %s", age)
	}
	return nil
}

func seeLock(v *view) *sign {
	one, two := v.connection("cache", "pair"), v.connection("cache", "twin")
	if one == nil || two == nil || !one.IsStream() || !two.IsStream() {
		return nil
	}
	first, second := one, two
	if two.Responded < one.Responded {
		first, second = two, one
	}
	apart := (second.Responded - second.Sent) - (first.Responded - first.Sent)
	if a, known := v.reached(first); known {
		b, alsoKnown := v.reached(second)
		if !alsoKnown {
			return nil
		}
		apart = max(b-a, a-b) - max(first.Sent-second.Sent, second.Sent-first.Sent)
	}
	if apart < serialBy*3/4 {
		return nil
	}
	s := signOf("of two requests for one URL at the same time, the second was let through %s after the first", seconds(apart))
	s.controlled = v.rec.Ours && !v.budget().limited // streams of different URLs
	return s
}
