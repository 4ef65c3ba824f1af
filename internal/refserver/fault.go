package refserver

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
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
	// Breaks are the IDs of the conformance checks that do not hold then, of
	// those that look at what the fault changes. The server knows nothing of
	// them but their names.
	Breaks []string
}

// Faults lists the known faults.
func Faults() []Fault {
	list := make([]Fault, len(faults))
	for i, f := range faults {
		list[i] = f.Fault
		list[i].Breaks = slices.Clone(f.Breaks)
	}
	return list
}

// faultHooks are the places where a fault can change what the server does. A
// fault sets those that it needs.
type faultHooks struct {
	// config changes the settings, after the defaults.
	config func(*Config)
	// accept changes a connection that was accepted.
	accept func(net.Conn) net.Conn
	// handler stands in front of the whole HTTP interface.
	handler func(next http.Handler) http.Handler
	// claims changes what a request's token was found to be worth.
	claims func(token.Claims, error) (token.Claims, error)
	// verified changes what the verification of a token gave.
	verified func(*verification) (token.Claims, error)
	// origin sets the CORS fields for a request that has an Origin.
	origin func(h http.Header, origin string)
	// publication changes a publish, and whether it is refused.
	publication func(p *publication, refused error) error
	// subscription changes what a stream asks for.
	subscription func(*subscription)
	// joined changes where a new stream begins in its logs, and what it is
	// told to have missed; id is its last event ID. An error refuses the
	// stream. The hub's lock is held.
	joined func(h *Hub, st *stream, id string, missing *gap) (*gap, error)
	// outgoing returns what a stream with a goroutine gets for the event that
	// its cursors have just passed. It must not change the event.
	outgoing func(*stream, []byte) [][]byte
	// left looks at a stream that has ended. The hub's lock is held.
	left func(*stream)
	// head changes the head fields of a stream and returns its status.
	head func(http.Header) int
	// event returns what a topic's log gets for an encoded event: nothing,
	// one event or several. It must neither keep nor change the event.
	event func(*topicFault, []byte) [][]byte
	// heartbeat returns what a silent stream with a goroutine gets in place of
	// a comment; nothing if that is empty.
	heartbeat func(*streamFault) string
	// hushed tells a stream that fell behind nothing about its gap.
	hushed bool
	// ending is written behind the last event of a stream that the server
	// ends.
	ending string
	// stopping is written there, to a stream with a goroutine, when the server
	// shuts down.
	stopping string
}

// A verification is what a fault knows of a token that was looked at.
type verification struct {
	request *http.Request
	auth    *Auth
	raw     string
	claims  token.Claims
	err     error // one of package token's, if it is not good
}

// topicFault is what a fault knows of one topic.
type topicFault struct {
	count int // of the topic's events, this one included
	held  []byte

	mu     sync.Mutex // guards reigns
	reigns []reign    // of streams that were opened without an ID

	// What follows is guarded by the hub's lock.
	passed uint64          // up to where streams had been written that have ended
	place  *uint64         // of the stream that resumed first
	used   map[string]bool // last event IDs
}

// streamFault is what a fault knows of one stream.
type streamFault struct {
	beats   int  // heartbeats
	resumed bool // it sent a last event ID
	opened  time.Time
	live    uint64   // where the events of its first topic begin that it did not miss
	held    [][]byte // until a live event comes
}

type faultRow struct {
	Fault
	faultHooks
}

// faults are all rows, in the order in which they are listed.
var faults = slices.Concat(httpFaults, streamFaults, dataFaults, eventFaults, injectFaults, liveFaults, resumeFaults, stopFaults, slowFaults, redirectFaults, authFaults, expiryFaults, isoFaults, corsFaults, polyFaults)

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
