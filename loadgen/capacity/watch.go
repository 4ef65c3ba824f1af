package capacity

import (
	"context"
	"fmt"
	"time"

	"github.com/ssegauge/ssegauge/loadgen"
)

// A reading is what a target has used so far, and may use. 0 stands for what
// cannot be seen.
type reading struct {
	at         time.Time
	processor  time.Duration
	processors float64 // that it may use
	// threads are the processor times of its threads.
	threads                      map[int]time.Duration
	throttled                    int64 // times at which the cgroup's limit held it up
	memory, memoryLimit          int64 // bytes
	descriptors, descriptorLimit int64
}

// A watcher reads what a target uses.
type watcher func(context.Context) (reading, error)

// newWatcher makes the watcher that w asks for; nil when it asks for none.
func newWatcher(w loadgen.Watch) watcher {
	switch {
	case w.PID != 0:
		return func(context.Context) (reading, error) { return readProcess(w.PID) }
	case w.Cgroup != "":
		return func(context.Context) (reading, error) { return readCgroup(w.Cgroup) }
	case w.Metrics != "":
		return func(ctx context.Context) (reading, error) { return readMetrics(ctx, w.Metrics) }
	}
	return nil
}

// A Server is what the target used in a step, as far as it can be seen: over
// the publishing time, or at its end.
type Server struct {
	Cores         float64 `json:"cpu_cores"`                      // processor seconds per second
	CoresAllowed  float64 `json:"cpu_cores_allowed,omitempty"`    // 0: not known
	BusiestThread float64 `json:"busiest_thread_cores,omitempty"` // of a process
	Throttled     int64   `json:"cpu_throttled,omitempty"`        // periods in which a cgroup's limit held it up
	Memory        int64   `json:"memory_bytes,omitempty"`
	MemoryLimit   int64   `json:"memory_limit_bytes,omitempty"`
	// Descriptors are those of the one process that has most of them.
	Descriptors     int64 `json:"descriptors,omitempty"`
	DescriptorLimit int64 `json:"descriptor_limit,omitempty"`
}

// between is what was used between two readings.
func between(first, last reading) *Server {
	s := &Server{
		CoresAllowed: last.processors, Throttled: last.throttled - first.throttled,
		Memory: last.memory, MemoryLimit: last.memoryLimit,
		Descriptors: last.descriptors, DescriptorLimit: last.descriptorLimit,
	}
	seconds := last.at.Sub(first.at).Seconds()
	if seconds <= 0 {
		return s
	}
	s.Cores = max(0, (last.processor-first.processor).Seconds()/seconds)
	for id, used := range last.threads {
		s.BusiestThread = max(s.BusiestThread, (used-first.threads[id]).Seconds()/seconds)
	}
	return s
}

// An observer watches a target and the machine while a step publishes.
type observer struct {
	watch       watcher
	local       bool // the target is on this machine
	first, last reading
	err         error
	before      machine
	after       machine
	phase       loadgen.Phase
}

// phases has o read at the begin and the end of the publishing time.
func (o *observer) phases(ctx context.Context, p loadgen.Phase) {
	if p == o.phase {
		return
	}
	o.phase = p
	switch p {
	case loadgen.Running:
		o.first, o.before = o.look(ctx), readMachine()
	case loadgen.Draining:
		o.last, o.after = o.look(ctx), readMachine()
	}
}

func (o *observer) look(ctx context.Context) (r reading) {
	if o.watch == nil || o.err != nil {
		return r
	}
	if r, o.err = o.watch(ctx); o.err != nil {
		o.err = fmt.Errorf("the target's use of resources could not be seen: %w", o.err)
	}
	return r
}

// server is what the target used; nil when that could not be seen.
func (o *observer) server() *Server {
	if o.watch == nil || o.err != nil || o.last.at.IsZero() {
		return nil
	}
	return between(o.first, o.last)
}

// machine is what this machine did; nil when the target is elsewhere.
func (o *observer) machine() *Machine {
	if !o.local || o.after.total <= o.before.total {
		return nil
	}
	return &Machine{
		Busy:            float64(o.after.busy-o.before.busy) / float64(o.after.total-o.before.total),
		ListenOverflows: o.after.listenOverflows - o.before.listenOverflows,
	}
}
