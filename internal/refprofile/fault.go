package refprofile

import (
	"fmt"
	"slices"

	"github.com/ssegauge/ssegauge/internal/nearest"
	"github.com/ssegauge/ssegauge/internal/refserver"
)

// Faults lists the known faults of a protocol's server.
func Faults(protocol string) []refserver.Fault {
	switch protocol {
	case OpenAI:
		return listed(openaiFaults)
	case MCP:
		return listed(mcpFaults)
	case Mercure:
		return listed(mercureFaults)
	}
	return nil
}

// A faultRow is a fault and what it changes in how a server behaves.
type faultRow[Manners any] struct {
	refserver.Fault
	change func(*Manners)
}

func listed[Manners any](rows []faultRow[Manners]) []refserver.Fault {
	list := make([]refserver.Fault, len(rows))
	for i, row := range rows {
		list[i] = row.Fault
		list[i].Breaks = slices.Clone(row.Breaks)
	}
	return list
}

// mannersOf returns how a server with the fault of the given name behaves; the
// empty name is no fault.
func mannersOf[Manners any](rows []faultRow[Manners], id string) (m Manners, err error) {
	if id == "" {
		return m, nil
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		if row.ID == id {
			row.change(&m)
			return m, nil
		}
		names[i] = row.ID
	}
	return m, fmt.Errorf("refprofile: unknown fault %q%s", id, nearest.Hint(id, names))
}
