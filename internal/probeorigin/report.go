package probeorigin

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// A Report is what the origin saw of the requests with one nonce. Times are
// nanoseconds since 1970 by the origin's clock, 0 for what has not happened.
type Report struct {
	Nonce    string    `json:"nonce"`
	Now      int64     `json:"now"`
	Requests []Request `json:"requests"`
}

// A Request is what the origin saw of one request.
type Request struct {
	ID       string `json:"id"` // that the event IDs of the response begin with
	Method   string `json:"method"`
	Protocol string `json:"protocol"`
	Header   []Seen `json:"header"`
	Received int64  `json:"received"`
	// Of the request's body.
	BodyBytes int64 `json:"body_bytes,omitempty"`
	BodyFirst int64 `json:"body_first,omitempty"`
	BodyLast  int64 `json:"body_last,omitempty"`
	// Of the response.
	HeadSent  int64 `json:"head_sent,omitempty"`
	Events    int   `json:"events"`
	Written   int64 `json:"written"` // bytes of the body
	LastWrite int64 `json:"last_write,omitempty"`
	// Ended is when the response was over, and How: "complete", "died" as it
	// was asked to, or "gone": the client left, which was seen at Ended, while
	// the stream was silent if Silent is true and else by writing to it.
	Ended  int64  `json:"ended,omitempty"`
	How    string `json:"how,omitempty"`
	Silent bool   `json:"silent,omitempty"`
}

// Seen is a header field of a request. Only values that are no secret are told;
// all have their length in bytes and the beginning of their SHA-256 in hex.
type Seen struct {
	Name   string `json:"name"`
	Value  string `json:"value,omitempty"`
	Length int    `json:"length"`
	Digest string `json:"digest"`
}

// Digest is how a value stands in Seen.
func Digest(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:6])
}

// told are the fields whose values are told: none of them authorizes anything.
var told = []string{
	"Accept", "Accept-Encoding", "Cache-Control", "Connection", "Last-Event-Id", "Last_event_id", "Origin",
	"Te", "Upgrade", "User-Agent", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
}

const (
	maxTold  = 256 // bytes of a value that is told
	maxSeen  = 64  // fields of a request
	maxKept  = 128 // requests of a nonce
	maxNames = 4096
)

func seen(r *http.Request) []Seen {
	list := []Seen{}
	for name, values := range r.Header {
		for _, v := range values {
			s := Seen{Name: name, Length: len(v), Digest: Digest(v)}
			if slices.Contains(told, name) {
				s.Value = strings.ToValidUTF8(v[:min(len(v), maxTold)], "\uFFFD")
			}
			list = append(list, s)
		}
	}
	slices.SortStableFunc(list, func(a, b Seen) int { return strings.Compare(a.Name, b.Name) })
	return list[:min(len(list), maxSeen)]
}

// A ledger keeps what was seen, the newest nonces first.
type ledger struct {
	mu     sync.Mutex
	nonces map[string][]*Request
	order  []string
}

// enter notes a request; without a nonce it is not kept.
func (l *ledger) enter(nonce string, r *Request) {
	if nonce == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	list, known := l.nonces[nonce]
	if !known {
		if len(l.order) == maxNames {
			delete(l.nonces, l.order[0])
			l.order = l.order[1:]
		}
		l.order = append(l.order, nonce)
	}
	if len(list) < maxKept {
		l.nonces[nonce] = append(list, r)
	}
}

// note changes what is known of a request.
func (l *ledger) note(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

func (l *ledger) report(nonce string, now int64) Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	report := Report{Nonce: nonce, Now: now, Requests: []Request{}}
	for _, r := range l.nonces[nonce] {
		report.Requests = append(report.Requests, *r)
	}
	return report
}
