package refserver

import (
	"fmt"
	"net/http"
	"slices"

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
	// handler stands in front of the whole HTTP interface.
	handler func(next http.Handler) http.Handler
	// claims changes what a request's token was found to be worth.
	claims func(token.Claims, error) (token.Claims, error)
	// origin sets the CORS fields for a request that has an Origin.
	origin func(h http.Header, origin string)
	// publication changes a publish, and whether it is refused.
	publication func(p *publication, refused error) error
	// subscription changes what a stream asks for.
	subscription func(*subscription)
	// head changes the head fields of a stream and returns its status.
	head func(http.Header) int
	// event returns what a topic's log gets for an encoded event: nothing,
	// one event or several. It must neither keep nor change the event.
	event func(*topicFault, []byte) [][]byte
	// ending is written behind the last event of a stream that the server
	// ends.
	ending string
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

// faults are all rows, in the order in which they are listed.
var faults = slices.Concat(httpFaults, streamFaults, dataFaults, resumeFaults, accessFaults)

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
