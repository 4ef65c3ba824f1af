package doctor

import (
	"slices"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/internal/probeorigin"
)

// forwardRows are about what is lost, added or doubled on the way.
var forwardRows = []Row{
	{
		ID: "D15", Title: "the last event ID does not reach the backend",
		again:   []string{"fields"},
		Explain: "A client that reconnects tells the last event it has, in Last-Event-ID. Without it the stream begins anew, and what was sent in between is lost.",
		see:     seeLastEventID, Fixes: fixLastEventID,
	},
	{
		ID: "D16", Title: "what authorizes the request does not reach the backend",
		Explain: "The header field arrives at the box and not at the backend, which takes the client for nobody.",
		see:     seeStripped, Fixes: fixStripped,
	},
	{
		ID: "D18", Title: "the backend gets requests twice",
		Explain: "A box repeats a request whose answer it does not see soon enough. The backend serves two streams for one client.",
		see:     seeRetried, Fixes: fixRetried,
	},
	{
		ID: "D17", Title: "browsers refuse the response for its CORS fields",
		Explain: "Access-Control-Allow-Origin must be in every response, errors too, and once: without it a browser reports a CORS error in place of the status, with two of them it refuses the stream.",
		see:     seeCORS, Fixes: fixCORS,
	},
	{
		ID: "D20", Title: "a POST is held back until its body is complete", Note: true,
		again:   []string{"upload"},
		Explain: "The box collects a request before it passes it on. Streams that answer a POST begin only then.",
		see:     seeUpload, Fixes: fixUpload,
	},
	{
		ID: "D15b", Title: "long last event IDs are refused", Note: true,
		Explain: "Header fields over some size are refused, 8 KiB with many boxes. A stream whose ids are that long cannot be resumed.",
		see:     seeLongID, Fixes: fixLongID,
	},
	{
		ID: "D23", Title: "errors of the backend are replaced", Note: true,
		Explain: "The box answers errors with a page of its own. What the backend says, such as when to come again, does not reach the client.",
		see:     seeIntercepted, Fixes: fixIntercepted,
	},
	{
		ID: "D24", Title: "HTTP/1.1 and HTTP/2 differ",
		again:   []string{"protocol"},
		Explain: "The same stream behaves otherwise over the other version of HTTP.",
		see:     seeProtocol, Fixes: fixHeld,
	},
}

// backendRow stands for what the direct path shows as well.
var backendRow = Row{
	ID: "D22", Title: "it is the backend, not the path",
	Explain: "The direct path shows the same, so changing the path will not help.",
	Fixes:   fixBackend,
}

// passed reports whether a header field of a request reached the origin as it
// was sent.
func passed(f *flow, name, value string) (there, same bool) {
	if f == nil || f.seen == nil {
		return false, false
	}
	i := slices.IndexFunc(f.seen.Header, func(s probeorigin.Seen) bool { return strings.EqualFold(s.Name, name) })
	if i < 0 {
		return false, false
	}
	return true, f.seen.Header[i].Digest == probeorigin.Digest(value)
}

func seeLastEventID(v *view) *sign {
	s := &sign{controlled: true} // the field was sent, says our transcript
	for _, id := range []string{"id short", "id utf8", "id long"} {
		f := v.flow("fields", id)
		if f == nil {
			continue
		}
		there, same := passed(f, "Last-Event-ID", f.conn.After)
		switch {
		case f.seen == nil && f.conn.Status >= 400:
			s.add("a request with an ID of %d bytes was answered with status %d", len(f.conn.After), f.conn.Status)
		case f.seen == nil:
		case !there:
			s.add("an ID of %d bytes was sent and did not arrive", len(f.conn.After))
		case !same:
			s.add("an ID of %d bytes was changed on the way", len(f.conn.After))
		}
	}
	return s.orNone()
}

func seeLongID(v *view) *sign {
	f := v.flow("fields", "id very long")
	if f == nil || f.seen != nil || f.conn.Status < 400 || seeLastEventID(v) != nil {
		return nil
	}
	return signOf("a request with an ID of %d bytes was answered with status %d", len(f.conn.After), f.conn.Status)
}

func seeStripped(v *view) *sign {
	f := v.flow("fields", "authorized")
	if f == nil || f.seen == nil {
		return nil
	}
	s := &sign{controlled: true}
	for _, name := range authorizing(f.conn) {
		if there, _ := passed(f, name, ""); !there {
			s.add("%s was sent and did not arrive", name)
		}
	}
	return s.orNone()
}

// authorizing are the header fields of the request that authorize it.
func authorizing(c *conformance.Connection) []string {
	var list []string
	for line := range strings.Lines(string(c.Request)) {
		name, _, ok := strings.Cut(line, ":")
		if ok && (strings.EqualFold(name, "Authorization") || strings.EqualFold(name, "Cookie")) {
			list = append(list, name)
		}
	}
	return list
}

func seeRetried(v *view) *sign {
	sent := map[string]int{}
	probes := map[string]string{}
	for name, t := range v.rec.Transcripts {
		for _, c := range t.Connections {
			sent[nonceOf(c)]++
			probes[nonceOf(c)] = name
		}
	}
	most, where := 0, ""
	for nonce, report := range v.rec.Origin {
		if extra := len(report.Requests) - sent[nonce]; extra > 0 && sent[nonce] > 0 && (extra > most || extra == most && probes[nonce] < where) {
			most, where = extra, probes[nonce]
		}
	}
	if most == 0 {
		return nil
	}
	return proven("in the probe %q the backend saw %d more requests than were sent", where, most)
}

// allowed are the values of Access-Control-Allow-Origin.
func allowed(c *conformance.Connection) []string {
	var list []string
	for _, value := range c.Values("Access-Control-Allow-Origin") {
		for item := range strings.SplitSeq(value, ",") {
			list = append(list, strings.TrimSpace(item))
		}
	}
	return list
}

func seeCORS(v *view) *sign {
	s := &sign{}
	for _, name := range []string{"page", "page allowed"} {
		if c := v.connection("errors", name); c != nil && len(allowed(c)) > 1 && len(s.evidence) == 0 {
			s.add("Access-Control-Allow-Origin came %d times: %s", len(allowed(c)), strings.Join(allowed(c), ", "))
		}
	}
	page, failed := v.connection("errors", "page"), v.connection("errors", "error")
	if !v.rec.Ours {
		failed = v.connection("errors", "missing")
		if v.direct == nil {
			page = nil // who left it out cannot be told
		} else if other := v.direct.connection("errors", "missing"); other == nil || len(allowed(other)) == 0 {
			page = nil
		}
	}
	if page != nil && failed != nil && len(allowed(page)) > 0 && len(allowed(failed)) == 0 && failed.Status >= 400 {
		s.add("Access-Control-Allow-Origin is in the response with status %d and not in that with %d", page.Status, failed.Status)
		s.controlled = true
	}
	return s.orNone()
}

func seeIntercepted(v *view) *sign {
	c := v.connection("errors", "error")
	if c == nil || !v.rec.Ours || c.Status == 0 || strings.Contains(string(c.Body()), "ssegauge probe") {
		return nil
	}
	return proven("the backend answered with status 503 and a text; the client got status %d with %q", c.Status, c.Value("Content-Type"))
}

func seeUpload(v *view) *sign {
	f := v.flow("upload", "post")
	if f == nil || f.seen == nil || f.seen.BodyBytes < uploadSize {
		return nil
	}
	if over := time.Duration(f.seen.BodyLast - f.seen.BodyFirst); over < uploadPause/4 {
		return proven("the halves of the body were sent %s apart and arrived within %s", seconds(uploadPause), seconds(over))
	}
	return nil
}

func seeProtocol(v *view) *sign {
	f := v.flow("protocol", "other")
	if f == nil || !f.isStream() || !v.rec.Ours {
		return nil
	}
	plain := v.flow("plain", "stream")
	if !plain.isStream() || plain.held() == f.held() {
		return nil
	}
	held, prompt := plain, f
	if f.held() {
		held, prompt = f, plain
	}
	return proven("the stream is held back to its end over %s, and not over %s", held.conn.Protocol, prompt.conn.Protocol)
}
