package capacity

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ssegauge/ssegauge/loadgen"
)

// What a load can be bound by, as far as it can be told from outside.
const (
	BoundByTarget      = "the target's own limit"
	BoundByProxy       = "a proxy"
	BoundByDescriptors = "descriptors"
	BoundByMemory      = "memory"
	BoundByCPU         = "CPU"
	BoundByNetwork     = "the network"
	BoundByAcceptQueue = "the accept queue"
)

// A Limit is something that was used up in a step that missed the objective.
type Limit struct {
	What     string `json:"what"`
	Evidence string `json:"evidence"`
}

// From which share on a resource counts as used up.
const (
	usedUpCPU         = 0.85
	usedUpThread      = 0.9
	usedUpMemory      = 0.95
	usedUpDescriptors = 0.95
	usedUpNetwork     = 0.8
	usedUpMachine     = 0.95
)

// limits says what was used up in a step, the most telling first: what the
// target or a proxy says itself, then what leaves no way out, then what makes
// things slow.
func limits(s *Step) []Limit {
	var all []Limit
	note := func(is bool, what, format string, args ...any) {
		if is {
			all = append(all, Limit{what, fmt.Sprintf(format, args...)})
		}
	}
	refused, behind := refusals(s.Failures)
	note(len(refused) > 0, BoundByTarget, "it refuses: %s", strings.Join(refused, ", "))
	note(len(behind) > 0, BoundByProxy, "it finds no server behind it: %s", strings.Join(behind, ", "))
	if v := s.Server; v != nil {
		note(full(float64(v.Descriptors), float64(v.DescriptorLimit), usedUpDescriptors), BoundByDescriptors, "%s of %s", grouped(float64(v.Descriptors)), grouped(float64(v.DescriptorLimit)))
		note(full(float64(v.Memory), float64(v.MemoryLimit), usedUpMemory), BoundByMemory, "%s of %s", bytesText(float64(v.Memory)), bytesText(float64(v.MemoryLimit)))
		note(v.Throttled > 0, BoundByCPU, "the limit of its cgroup held it up %d times", v.Throttled)
		note(full(v.Cores, v.CoresAllowed, usedUpCPU), BoundByCPU, "%.2f of %g cores", v.Cores, v.CoresAllowed)
		note(v.BusiestThread >= usedUpThread && !full(v.Cores, v.CoresAllowed, usedUpCPU), BoundByCPU, "one thread of the target used %.2f of a core", v.BusiestThread)
	}
	if m := s.Machine; m != nil {
		note(m.Busy >= usedUpMachine, BoundByCPU, "the machine, which target and generator share, was busy for %.0f %% of the time", 100*m.Busy)
	}
	note(full(8*s.BytesPerSecond, s.LinkBits, usedUpNetwork), BoundByNetwork, "%.0f of %.0f Mbit/s", 8*s.BytesPerSecond/1e6, s.LinkBits/1e6)
	if m := s.Machine; m != nil {
		note(m.ListenOverflows > 0, BoundByAcceptQueue, "%d connections found an accept queue full", m.ListenOverflows)
	}
	return all
}

// full reports whether a share of a limit was used; a limit of 0 is not known.
func full(used, limit, share float64) bool { return limit > 0 && used >= share*limit }

// refusals are the statuses that say no: those of a gateway whose server does
// not answer (RFC 9110 sections 15.6.3 and 15.6.5), and all others.
func refusals(failures map[loadgen.Failure]uint64) (refused, behind []string) {
	for kind, n := range failures {
		text := fmt.Sprintf("%d × %s", n, kind)
		switch {
		case strings.HasSuffix(string(kind), "status 502"), strings.HasSuffix(string(kind), "status 504"):
			behind = append(behind, text)
		case strings.Contains(string(kind), "status "):
			refused = append(refused, text)
		}
	}
	slices.Sort(refused)
	slices.Sort(behind)
	return refused, behind
}

// commonLimits are the limits that at least half of the steps have, in the
// order of the last of them.
func commonLimits(steps []Step) []Limit {
	counts := map[string]int{}
	var last []Limit
	for i := range steps {
		seen := map[string]bool{}
		found := limits(&steps[i])
		for _, l := range found {
			if !seen[l.What] {
				seen[l.What] = true
				counts[l.What]++
			}
		}
		if len(found) > 0 {
			last = found
		}
	}
	return slices.DeleteFunc(last, func(l Limit) bool { return 2*counts[l.What] < len(steps) })
}
