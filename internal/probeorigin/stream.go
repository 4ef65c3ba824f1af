package probeorigin

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"
)

// A Stamp is the data of an event. Times are nanoseconds since 1970 by the
// origin's clock.
type Stamp struct {
	Request string `json:"request"`
	// Seq counts the events of a response from 0, or from behind the last event
	// ID that the client had.
	Seq  int   `json:"seq"`
	Due  int64 `json:"due"`
	Sent int64 `json:"sent"`
	// Pad fills the event up.
	Pad string `json:"pad,omitempty"`
}

// ParseStamp reads the data of an event, and reports whether it is the
// origin's.
func ParseStamp(data string) (Stamp, bool) {
	var s Stamp
	err := json.Unmarshal([]byte(data), &s)
	return s, err == nil && s.Request != "" && s.Sent != 0
}

// Types of events that are not plain.
const (
	TypeEnd     = "end"     // the last one
	TypeRequest = "request" // what came in the request: a Request as JSON
)

// maxBody is how much of a request's body is read, in bytes.
const maxBody = 1 << 20

// A stream is one response.
type stream struct {
	spec    Spec
	ledger  *ledger
	w       http.ResponseWriter
	r       *http.Request
	control *http.ResponseController
	seen    *Request
	wrote   time.Time // last
	ended   bool
}

func (s *stream) serve() {
	// A client that neither reads nor sends is waited for as long as a stream may
	// live.
	_ = s.control.SetWriteDeadline(time.Now().Add(MaxLife))
	_ = s.control.SetReadDeadline(time.Now().Add(MaxLife))
	body := make(chan struct{})
	if s.spec.Early {
		_ = s.control.EnableFullDuplex() // HTTP/2 needs no leave
		go func() { defer close(body); s.readBody() }()
	} else {
		s.readBody()
		close(body)
	}
	defer func() { <-body }()
	if s.respond() {
		s.over("complete", false)
	}
}

// readBody notes when the request's body came.
func (s *stream) readBody() {
	buf := make([]byte, 4<<10)
	body := http.MaxBytesReader(nil, s.r.Body, maxBody)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			now := time.Now().UnixNano()
			s.ledger.note(func() {
				if s.seen.BodyBytes == 0 {
					s.seen.BodyFirst = now
				}
				s.seen.BodyBytes += int64(n)
				s.seen.BodyLast = now
			})
		}
		if err != nil {
			return
		}
	}
}

// respond sends the response and reports whether it is complete.
func (s *stream) respond() bool {
	if !s.wait(time.Now().Add(s.spec.Head)) {
		return false
	}
	h := s.w.Header()
	for _, f := range s.spec.Header {
		h.Add(f.Name, f.Value)
	}
	if s.spec.Status != http.StatusOK {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		s.w.WriteHeader(s.spec.Status)
		if s.spec.Status != http.StatusNoContent {
			_, _ = io.WriteString(s.w, "ssegauge probe: the status that was asked for\n")
		}
		return true
	}
	h.Set("Content-Type", "text/event-stream")
	switch s.spec.Framing {
	case Close:
		h.Set("Transfer-Encoding", "identity") // net/http's word for it
	case HTTP10:
		s.r.ProtoMajor, s.r.ProtoMinor = 1, 0 // the server answers in the version of the request
	}
	s.w.WriteHeader(http.StatusOK)
	if err := s.control.Flush(); err != nil {
		s.over("gone", false)
		return false
	}
	s.wrote = time.Now()
	s.ledger.note(func() { s.seen.HeadSent = s.wrote.UnixNano() })
	return s.events(s.wrote.Add(s.spec.First))
}

func (s *stream) events(due time.Time) bool {
	if s.spec.Echo {
		text, err := json.Marshal(s.snapshot())
		if err != nil || !s.write(fmt.Sprintf("event: %s\ndata: %s\n\n", TypeRequest, text), false) {
			return false
		}
	}
	first := 0
	after := s.r.Header.Get("Last-Event-ID")
	if _, number, ok := strings.Cut(after, "."); ok {
		if _, err := fmt.Sscanf(number, "%d", &first); err != nil || first < 0 || first > MaxCount {
			first = 0
		}
		first++
	}
	for k := range s.spec.Count {
		if k > 0 && k == s.spec.IdleAt {
			due = due.Add(s.spec.IdleFor)
		}
		if !s.wait(due) {
			return false
		}
		kind := ""
		if k == s.spec.Count-1 {
			kind = "event: " + TypeEnd + "\n"
		}
		stamp := Stamp{Request: s.seen.ID, Seq: first + k, Due: due.UnixNano(), Pad: s.padding()}
		stamp.Sent = time.Now().UnixNano()
		text, err := json.Marshal(stamp)
		if err != nil || !s.write(fmt.Sprintf("id: %s.%d\n%sdata: %s\n\n", s.seen.ID, stamp.Seq, kind, text), true) {
			return false
		}
		if k+1 == s.spec.DieAt {
			s.die()
		}
		due = due.Add(s.spec.Interval)
	}
	return true
}

func (s *stream) snapshot() Request {
	var r Request
	s.ledger.note(func() { r = *s.seen })
	return r
}

func (s *stream) padding() string {
	if !s.spec.Random {
		return strings.Repeat("x", s.spec.Size)
	}
	p := make([]byte, s.spec.Size)
	for i := range p {
		p[i] = byte(rand.Uint32())
	}
	return base64.RawURLEncoding.EncodeToString(p)[:s.spec.Size]
}

// wait waits until the time, with heartbeats, and reports whether the client is
// still there.
func (s *stream) wait(until time.Time) bool {
	for {
		next, beat := until, false
		if s.spec.Heartbeat > 0 && !s.wrote.IsZero() {
			if b := s.wrote.Add(s.spec.Heartbeat); b.Before(until) {
				next, beat = b, true
			}
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case <-s.r.Context().Done():
			timer.Stop()
			s.over("gone", true)
			return false
		case <-timer.C:
		}
		if !beat {
			return true
		}
		if !s.write(": heartbeat\n\n", false) {
			return false
		}
	}
}

func (s *stream) write(text string, event bool) bool {
	_, err := io.WriteString(s.w, text)
	if err == nil {
		err = s.control.Flush()
	}
	if err != nil || s.r.Context().Err() != nil {
		s.over("gone", false)
		return false
	}
	s.wrote = time.Now()
	s.ledger.note(func() {
		s.seen.Written += int64(len(text))
		s.seen.LastWrite = s.wrote.UnixNano()
		if event {
			s.seen.Events++
		}
	})
	return true
}

// die breaks the connection without its end.
func (s *stream) die() {
	s.over("died", false)
	if s.spec.Framing == Close || s.spec.Framing == HTTP10 {
		// The end of the connection would be the end of the body.
		if c, ok := s.r.Context().Value(connKey{}).(*net.TCPConn); ok {
			_ = c.SetLinger(0)
		}
	}
	panic(http.ErrAbortHandler)
}

// over notes how the response ended, once.
func (s *stream) over(how string, silent bool) {
	if s.ended {
		return
	}
	s.ended = true
	s.ledger.note(func() { s.seen.Ended, s.seen.How, s.seen.Silent = time.Now().UnixNano(), how, silent })
}
