package refserver

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/internal/nearest"
	"github.com/ssegauge/ssegauge/internal/token"
)

// A Fault is one deliberate defect of the server, for testing what is to find
// it.
type Fault struct {
	// ID is what Config.Fault names it by.
	ID string
	// Description says in one sentence what the server then does.
	Description string
}

// Faults lists the known faults.
func Faults() []Fault {
	list := make([]Fault, len(faults))
	for i, f := range faults {
		list[i] = f.Fault
	}
	return list
}

// faultHooks are the places where a fault can change what the server does. A
// fault sets those that it needs.
type faultHooks struct {
	// config changes the settings, after the defaults.
	config func(*Config)
	// claims changes what a request's token was found to be worth.
	claims func(token.Claims, error) (token.Claims, error)
	// origin sets the CORS fields for a request that has an Origin.
	origin func(h http.Header, origin string)
	// publication changes a checked publish.
	publication func(*publication)
	// subscription changes what a stream asks for.
	subscription func(*subscription)
	// head changes the head fields of a stream and returns its status.
	head func(http.Header) int
	// event returns what a topic's log gets for an encoded event: nothing,
	// one event or several. It must not keep the event.
	event func(*topicFault, []byte) [][]byte
}

// topicFault is what a fault knows of one topic.
type topicFault struct {
	count int // of the topic's events, this one included
	held  []byte
}

type faultRow struct {
	Fault
	faultHooks
}

var faults = []faultRow{
	{Fault{"drop-100th", "Every 100th event of a topic is accepted and never sent."},
		faultHooks{event: func(t *topicFault, e []byte) [][]byte {
			if t.count%100 == 0 {
				return nil
			}
			return [][]byte{e}
		}}},
	{Fault{"double-100th", "Every 100th event of a topic is sent twice."},
		faultHooks{event: func(t *topicFault, e []byte) [][]byte {
			if t.count%100 == 0 {
				return [][]byte{e, e}
			}
			return [][]byte{e}
		}}},
	{Fault{"swap-100th", "Every 100th event of a topic is sent after the one that follows it."},
		faultHooks{event: func(t *topicFault, e []byte) [][]byte {
			if t.count%100 == 0 {
				t.held = bytes.Clone(e)
				return nil
			}
			if t.held != nil {
				held := t.held
				t.held = nil
				return [][]byte{e, held}
			}
			return [][]byte{e}
		}}},
	{Fault{"stall", "After 100 events of a topic its further events are accepted and never sent."},
		faultHooks{event: func(t *topicFault, e []byte) [][]byte {
			if t.count > 100 {
				return nil
			}
			return [][]byte{e}
		}}},
	{Fault{"id-missing", "No event has an id."},
		faultHooks{event: func(_ *topicFault, e []byte) [][]byte {
			if bytes.HasPrefix(e, []byte("id: ")) {
				_, e, _ = bytes.Cut(e, []byte("\n"))
			}
			return [][]byte{e}
		}}},
	{Fault{"data-trimmed", "Blanks around the data of an event are lost."},
		faultHooks{publication: func(p *publication) {
			if p.data != nil {
				trimmed := strings.TrimSpace(*p.data)
				p.data = &trimmed
			}
		}}},
	{Fault{"resume-ignored", "A last event ID is ignored: every stream starts with live events."},
		faultHooks{subscription: func(s *subscription) { s.lastID = "" }}},
	{Fault{"expiry-ignored", "A stream outlives its token."},
		faultHooks{subscription: func(s *subscription) { s.expires = time.Time{} }}},
	{Fault{"heartbeat-missing", "A silent stream gets no comments."},
		faultHooks{config: func(c *Config) { c.Heartbeat = -1 }}},
	{Fault{"status-202", "A stream is answered with status 202."},
		faultHooks{head: func(http.Header) int { return http.StatusAccepted }}},
	{Fault{"cacheable", "A stream may be stored by caches for a minute."},
		faultHooks{head: func(h http.Header) int {
			h.Set("Cache-Control", "public, max-age=60")
			return http.StatusOK
		}}},
	{Fault{"auth-open", "A request without a good token may do everything."},
		faultHooks{claims: func(c token.Claims, err error) (token.Claims, error) {
			if err != nil {
				return everything, nil
			}
			return c, nil
		}}},
	{Fault{"cors-reflect", "Every origin is allowed, with credentials."},
		faultHooks{origin: func(h http.Header, origin string) {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Add("Vary", "Origin")
		}}},
}

// findFault returns the fault of the given name; the empty name is no fault.
func findFault(id string) (faultRow, error) {
	if id == "" {
		return faultRow{}, nil
	}
	names := make([]string, len(faults))
	for i, f := range faults {
		if f.ID == id {
			return f, nil
		}
		names[i] = f.ID
	}
	return faultRow{}, fmt.Errorf("refserver: unknown fault %q%s", id, nearest.Hint(id, names))
}
