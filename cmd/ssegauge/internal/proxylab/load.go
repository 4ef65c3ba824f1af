package proxylab

import (
	"cmp"
	"context"
	"time"

	"github.com/ssegauge/ssegauge/loadgen"
)

// A Load says how variants are compared under load: the same scenario over the
// direct way and through each of them, in rounds, so that what else the machine
// does meets all alike.
type Load struct {
	Streams  int           `yaml:"streams"`  // default 100
	Rate     loadgen.Rate  `yaml:"rate"`     // events per second, each to all streams; default 20/s
	Size     int           `yaml:"size"`     // of the data, in bytes; default 100
	Duration time.Duration `yaml:"duration"` // of a round; default 2 s
	Rounds   int           `yaml:"rounds"`   // default 5
	// SaturationRate is offered once, to see how many deliveries come through.
	// Default 3000/s.
	SaturationRate loadgen.Rate `yaml:"saturation_rate"`
}

func (l *Load) setDefaults() {
	l.Streams = cmp.Or(l.Streams, 100)
	l.Rate = cmp.Or(l.Rate, 20)
	l.Size = cmp.Or(l.Size, 100)
	l.Duration = cmp.Or(l.Duration, 2*time.Second)
	l.Rounds = cmp.Or(l.Rounds, 5)
	l.SaturationRate = cmp.Or(l.SaturationRate, 3000)
}

// Bounds of a lab's load; a scenario of its own has none.
const (
	maxStreams  = 5000
	maxRounds   = 50
	maxDuration = time.Minute
)

func (c *checker) checkLoad(l *Load) {
	c.must(l.Streams >= 0 && l.Streams <= maxStreams, "load.streams", "expected 1 to %d streams", maxStreams)
	c.must(l.Rounds >= 0 && l.Rounds <= maxRounds, "load.rounds", "expected 1 to %d rounds", maxRounds)
	c.must(l.Duration >= 0 && l.Duration <= maxDuration, "load.duration", "expected at most %v", maxDuration)
	c.must(l.Size >= 0 && l.Size <= 1<<20, "load.size", "expected at most 1 MiB")
}

// A LoadResult is how a variant, or the direct way, did under load.
type LoadResult struct {
	Rounds int `json:"rounds"`
	// Fanout is the latency from when an event was due to its receipt, over all
	// rounds, in seconds.
	Fanout loadgen.Summary `json:"fanout_seconds"`
	// Ratios compare it with that of the direct way, by quantile.
	Ratios map[string]Ratio `json:"ratios,omitempty"`
	// Curve is the whole distribution of it.
	Curve loadgen.Curve `json:"curve"`
	// Expected, Received and Lost count the deliveries of all rounds.
	Expected int64 `json:"expected"`
	Received int64 `json:"received"`
	Lost     int64 `json:"lost"`
	// Deliveries is how many a second came through when Offered were published.
	Deliveries float64 `json:"deliveries_per_second"`
	Offered    float64 `json:"offered_per_second"`
	// Cost is what the proxy's processes took; nil for the direct way and where
	// the system does not say.
	Cost *Cost `json:"cost,omitempty"`
	// Invalid says why the figures are the generator's, not the proxy's.
	Invalid []string `json:"invalid,omitempty"`
}

// A Ratio is a quantile of a variant over that of the direct way.
type Ratio struct {
	Value float64 `json:"value"`
	// Noise tells that the rounds do not agree on which of both is slower, or
	// that they differ by less than the rounds of the direct way do.
	Noise bool `json:"within_noise"`
}

// A Cost is what a proxy's processes took.
type Cost struct {
	CPUPerDelivery float64 `json:"cpu_seconds_per_delivery"`
	// CPUPerStream is the processor time for each second of each stream.
	CPUPerStream float64 `json:"cpu_seconds_per_stream_second"`
	// BytesPerStream is by how much the memory of the processes was larger with
	// the streams open than before the first round.
	BytesPerStream int64 `json:"memory_bytes_per_stream"`
}

// A StartServer starts a reference server for the scenario, puts its address
// into it, and returns what stops the server.
type StartServer func(ctx context.Context, s *loadgen.Scenario) (stop func(), err error)
