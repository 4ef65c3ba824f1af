package capacity

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ssegauge/ssegauge/loadgen"
)

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name string
		step Step
		want []Limit
	}{
		{"nothing to be seen", Step{}, nil},
		{"nothing used up", Step{
			Server:  &Server{Cores: 1.6, CoresAllowed: 2, BusiestThread: 0.8, Memory: 1 << 30, MemoryLimit: 2 << 30, Descriptors: 900, DescriptorLimit: 1024},
			Machine: &Machine{Busy: 0.9}, BytesPerSecond: 1e6, LinkBits: 1e9, Failures: map[loadgen.Failure]uint64{loadgen.FailureReset: 9},
		}, nil},
		{"limits that are not known", Step{Server: &Server{Cores: 64, Memory: 1 << 40, Descriptors: 1 << 20}, BytesPerSecond: 1e9}, nil},
		{"refusals", Step{Failures: map[loadgen.Failure]uint64{"status 503": 20, "publish: status 429": 3}}, []Limit{{BoundByTarget, "it refuses: 20 × status 503, 3 × publish: status 429"}}},
		{"a gateway", Step{Failures: map[loadgen.Failure]uint64{"status 502": 7, "publish: status 504": 1}}, []Limit{{BoundByProxy, "it finds no server behind it: 1 × publish: status 504, 7 × status 502"}}},
		{"descriptors", Step{Server: &Server{Descriptors: 1000, DescriptorLimit: 1024}}, []Limit{{BoundByDescriptors, "1,000 of 1,024"}}},
		{"memory", Step{Server: &Server{Memory: 500 << 20, MemoryLimit: 512 << 20}}, []Limit{{BoundByMemory, "500.0 MiB of 512.0 MiB"}}},
		{"all cores", Step{Server: &Server{Cores: 1.9, CoresAllowed: 2, BusiestThread: 0.95}}, []Limit{{BoundByCPU, "1.90 of 2 cores"}}},
		{"one thread", Step{Server: &Server{Cores: 1, CoresAllowed: 16, BusiestThread: 0.99}}, []Limit{{BoundByCPU, "one thread of the target used 0.99 of a core"}}},
		{"a cgroup's limit", Step{Server: &Server{Throttled: 12}}, []Limit{{BoundByCPU, "the limit of its cgroup held it up 12 times"}}},
		{"the machine", Step{Machine: &Machine{Busy: 0.98}}, []Limit{{BoundByCPU, "the machine, which target and generator share, was busy for 98 % of the time"}}},
		{"the network", Step{BytesPerSecond: 12e6, LinkBits: 100e6}, []Limit{{BoundByNetwork, "96 of 100 Mbit/s"}}},
		{"the accept queue, with refusals first", Step{Machine: &Machine{ListenOverflows: 5}, Failures: map[loadgen.Failure]uint64{"status 503": 1}}, []Limit{
			{BoundByTarget, "it refuses: 1 × status 503"}, {BoundByAcceptQueue, "5 connections found an accept queue full"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, limits(&c.step)); diff != "" {
				t.Errorf("limits (-want +got):\n%s", diff)
			}
		})
	}
}

// A limit that only one of several steps met is bad luck.
func TestCommonLimits(t *testing.T) {
	busy := Step{Machine: &Machine{Busy: 1}}
	refused := Step{Failures: map[loadgen.Failure]uint64{"status 503": 1}}
	both := Step{Machine: busy.Machine, Failures: refused.Failures}
	for _, c := range []struct {
		steps []Step
		want  []string
	}{
		{[]Step{both}, []string{BoundByTarget, BoundByCPU}},
		{[]Step{refused, refused, both}, []string{BoundByTarget}},
		{[]Step{both, {}}, []string{BoundByTarget, BoundByCPU}},
		{[]Step{both, {}, {}}, nil},
	} {
		var got []string
		for _, l := range commonLimits(c.steps) {
			got = append(got, l.What)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d steps: %q, want %q", len(c.steps), got, c.want)
		}
	}
}
