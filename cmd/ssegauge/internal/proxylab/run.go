package proxylab

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/conformance/doctor"
	"github.com/ssegauge/ssegauge/internal/probeorigin"
)

// Options are what a caller of Run may add.
type Options struct {
	// BehaviourOnly leaves load and capacity out, CapacityOnly behaviour and load.
	BehaviourOnly, CapacityOnly bool
	// Idle is how long the probes try silence. Default 6 s: longer than the
	// short timeouts of the matrices, also where a proxy looks at its clock every
	// other second.
	Idle time.Duration
	// Server starts the origin of the load part.
	Server StartServer
	// Progress, unless nil, is told what happens now.
	Progress func(what string)
	// Version of the program, for the report.
	Version string
}

// atOnce is how many variants are probed, or started, side by side. Probes mostly
// wait.
const atOnce = 8

// A run is one execution of a matrix.
type run struct {
	lab     *Lab
	matrix  *Matrix
	options Options
	report  *Report

	mu sync.Mutex // guards the rows and the progress while variants are probed
}

func (r *run) progress(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.options.Progress != nil {
		r.options.Progress(fmt.Sprintf(format, args...))
	}
}

// Run runs the matrix. A proxy that is not installed is a skipped row. An error
// says that a proxy refused to start, or that the lab itself could not work; the
// report has what was found beside that. When ctx ends, the report has what was
// found until then, with Interrupted set.
func (l *Lab) Run(ctx context.Context, m *Matrix, o Options) (*Report, error) {
	o.Idle = cmp.Or(o.Idle, 6*time.Second)
	r := &run{lab: l, matrix: m, options: o}
	r.report = &Report{
		SchemaVersion: SchemaVersion, Matrix: m.Name, About: m.About,
		Environment: Environment{Version: o.Version, OS: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU(), Started: time.Now()},
	}
	var err error
	for _, part := range []struct {
		wanted bool
		run    func(context.Context) error
	}{
		{!o.CapacityOnly, r.behaviour},
		{!o.CapacityOnly && !o.BehaviourOnly && !m.behaviourOnly, r.load},
		{!o.BehaviourOnly && len(m.Capacity) > 0, r.capacity},
	} {
		if err == nil && part.wanted {
			err = part.run(ctx)
		}
	}
	if err != nil && ctx.Err() != nil {
		r.report.Interrupted, err = true, nil
	}
	r.report.Environment.DurationSeconds = time.Since(r.report.Environment.Started).Seconds()
	r.report.sort()
	return r.report, err
}

// behaviour has the doctor's probes judge every variant beside the direct way.
func (r *run) behaviour(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	origin, err := r.startOrigin(ctx)
	if err != nil {
		return err
	}
	defer origin.stop()
	r.progress("probing the direct way")
	direct, err := doctor.Record(ctx, conformance.Target{URL: origin.url()}, doctor.Options{Idle: r.options.Idle})
	if err != nil {
		return err
	}
	groups := Together(r.installed(ctx))
	slots := make(chan struct{}, atOnce)
	problems := make(chan error, len(groups))
	var probing sync.WaitGroup
	for _, group := range groups {
		slots <- struct{}{} // of its start
		probing.Go(func() {
			if err := r.probeGroup(ctx, group, origin, direct, slots); err != nil {
				problems <- err
				cancel()
			}
		})
	}
	probing.Wait()
	close(problems)
	return cmp.Or(<-problems, ctx.Err())
}

// A probeOrigin is the probe origin, serving.
type probeOrigin struct {
	address string // host:port
	stop    func()
}

func (o *probeOrigin) url() string { return "http://" + o.address + "/" }

// startOrigin serves the probe origin where the matrix wants it until it is
// stopped.
func (r *run) startOrigin(ctx context.Context) (*probeOrigin, error) {
	listener, err := net.Listen("tcp", cmp.Or(r.matrix.origin, loopback+"0"))
	if err != nil {
		return nil, fmt.Errorf("the origin cannot listen where the configuration passes on to: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	origin := probeorigin.New()
	var serving sync.WaitGroup
	serving.Go(func() { _ = origin.Serve(ctx, listener, nil) }) // ends with ctx
	return &probeOrigin{listener.Addr().String(), func() {
		cancel()
		serving.Wait()
	}}, nil
}

// installed makes a skipped row of each variant that cannot run here, and
// returns the others.
func (r *run) installed(ctx context.Context) []*Variant {
	var fit []*Variant
	for _, v := range r.matrix.Variants {
		version, err := r.lab.Version(ctx, v)
		if err == nil {
			fit = append(fit, v)
			continue
		}
		r.report.Rows = append(r.report.Rows, Row{Variant: v.Name, Proxy: v.Proxy(), Version: version, About: v.About, Skipped: err.Error(), variant: v})
	}
	return fit
}

// probeGroup starts the variants of a process and probes each of them. It begins
// with one of the slots taken.
func (r *run) probeGroup(ctx context.Context, group []*Variant, origin *probeOrigin, direct *doctor.Recording, slots chan struct{}) error {
	r.progress("starting %s for %s", group[0].Proxy(), group[0].Name)
	proxy, err := r.lab.Start(ctx, group, origin.address, ProbeReady(origin.url()))
	<-slots
	if err != nil {
		return err
	}
	defer proxy.Stop()
	problems := make(chan error, len(group))
	var probing sync.WaitGroup
	for _, v := range group {
		slots <- struct{}{}
		probing.Go(func() {
			defer func() { <-slots }()
			r.progress("probing %s (%s %s)", v.Name, v.Proxy(), proxy.Version)
			if err := r.probe(ctx, v, proxy, origin, direct); err != nil {
				problems <- err
			}
		})
	}
	probing.Wait()
	close(problems)
	return <-problems
}

// probe probes one variant and makes its row.
func (r *run) probe(ctx context.Context, v *Variant, proxy *Proxy, origin *probeOrigin, direct *doctor.Recording) error {
	options := doctor.Options{Idle: r.options.Idle, Control: origin.url(), Ramp: v.Ramp}
	for _, name := range slices.Sorted(maps.Keys(v.OriginHeader)) {
		options.Headers = append(options.Headers, conformance.Field{Name: name, Value: v.OriginHeader[name]})
	}
	recording, err := doctor.Record(ctx, proxy.target(v), options)
	if err != nil {
		return fmt.Errorf("%s: %w", v.Name, err)
	}
	found := doctor.Judge(recording, direct)
	row := Row{
		Variant: v.Name, Proxy: v.Proxy(), Version: proxy.Version, About: v.About,
		Verdict: found.Verdict, Expected: v.Expect.of(proxy.Version),
		Behaviour: &found.Path, Diagnoses: found.Diagnoses, variant: v,
	}
	for i := range row.Diagnoses {
		row.Diagnoses[i].Fixes = v.kind.fixes(row.Diagnoses[i].Fixes)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Rows = append(r.report.Rows, row)
	return nil
}

// fixes are those for the proxy and for the application behind it.
func (k *kind) fixes(all []doctor.Fix) []doctor.Fix {
	return slices.DeleteFunc(slices.Clone(all), func(f doctor.Fix) bool {
		return f.Box != k.box && slices.ContainsFunc(kinds, func(other kind) bool { return other.box == f.Box })
	})
}
