package capacity

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/loadgen"
)

// A Grow says which part of the load grows. The others stay as the scenario has
// them.
type Grow string

// Parts of a load.
const (
	Streams Grow = "streams" // their number
	Rate    Grow = "rate"    // events per second
	Size    Grow = "size"    // bytes of an event's data
)

// Grows are all parts of a load that can grow.
func Grows() []string { return []string{string(Streams), string(Rate), string(Size)} }

// Parse reads a load as it is written on a command line: a number, or for Rate
// also one with a unit, such as 60/s.
func (g Grow) Parse(text string) (float64, error) {
	var rate loadgen.Rate
	if err := rate.UnmarshalText([]byte(text)); g == Rate || err == nil && !strings.Contains(text, "/") {
		return float64(rate), err
	}
	return 0, fmt.Errorf("expected a number of %s, found %q", g.unit(), text)
}

// of is the part of the load that a scenario has.
func (g Grow) of(s *loadgen.Scenario) float64 {
	switch g {
	case Rate:
		return float64(s.Publish.Rate)
	case Size:
		return float64(s.Publish.Size)
	}
	return float64(s.Streams.Count)
}

// largest is what a scenario may have at most.
func (g Grow) largest(s *loadgen.Scenario) float64 {
	switch g {
	case Rate:
		return maxRate
	case Size:
		return loadgen.MaxSize
	}
	return float64(min(s.StreamLimit(), maxStreams))
}

const (
	maxStreams = 1 << 20
	maxRate    = 1e6
)

// round makes a load one that can be driven: a whole number, or a rate of three
// significant digits.
func (g Grow) round(load float64) float64 {
	if g != Rate {
		return math.Round(load)
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(load, 'g', 3, 64), 64)
	return rounded
}

// maxInFlight bounds the publishes not yet answered at a rate that has grown.
const maxInFlight = 4096

// scenario is s with another load. Streams open at the rate at which those of s
// do, and as many publishes may be unanswered, for each second, as those of s.
func (g Grow) scenario(s *loadgen.Scenario, load float64) *loadgen.Scenario {
	grown := *s
	factor := load / g.of(s)
	switch g {
	case Rate:
		grown.Publish.Rate = loadgen.Rate(load)
		grown.Publish.InFlight = max(s.Publish.InFlight, min(maxInFlight, int(math.Ceil(factor*float64(s.Publish.InFlight)))))
	case Size:
		grown.Publish.Size = int(load)
	default:
		grown.Streams.Count = int(load)
		grown.Streams.Ramp = time.Duration(factor * float64(s.Streams.Ramp))
		grown.Streams.Cohorts = share(s.Streams.Cohorts, int(load))
	}
	return &grown
}

// share deals streams to cohorts in proportion to their counts, at least one to
// each: those that are furthest behind their share get what is left over.
func share(cohorts []loadgen.Cohort, streams int) []loadgen.Cohort {
	if len(cohorts) == 0 {
		return nil
	}
	total := 0
	for _, c := range cohorts {
		total += c.Count
	}
	shared := slices.Clone(cohorts)
	due := func(i int) float64 { return float64(cohorts[i].Count) * float64(streams) / float64(total) }
	left := streams
	for i := range shared {
		shared[i].Count = max(1, int(due(i)))
		left -= shared[i].Count
	}
	order := make([]int, len(shared))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(due(b)-float64(shared[b].Count), due(a)-float64(shared[a].Count))
	})
	for i := 0; left > 0; i++ {
		shared[order[i%len(order)]].Count++
		left--
	}
	for i := len(order) - 1; left < 0; i = (i + len(order) - 1) % len(order) {
		if c := &shared[order[i]]; c.Count > 1 {
			c.Count--
			left++
		}
	}
	return shared
}

// text says a load in words.
func (g Grow) text(s *loadgen.Scenario, load float64) string {
	streams, rate, size := float64(s.Streams.Count), float64(s.Publish.Rate), float64(s.Publish.Size)
	switch g {
	case Rate:
		return fmt.Sprintf("%s events/s to %s streams", grouped(load), grouped(streams))
	case Size:
		return fmt.Sprintf("events of %s bytes, %s a second, to %s streams", grouped(load), grouped(rate), grouped(streams))
	}
	if s.Publish.Via == loadgen.ViaNone {
		return grouped(load) + " streams"
	}
	return fmt.Sprintf("%s streams at %s events/s of %s bytes", grouped(load), grouped(rate), grouped(size))
}

// unit is that of the load.
func (g Grow) unit() string {
	return map[Grow]string{Streams: "streams", Rate: "events/s", Size: "bytes"}[g]
}
