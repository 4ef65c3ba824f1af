package proxylab

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/conformance/doctor"
	"github.com/ssegauge/ssegauge/loadgen"
)

// A lane is one way that the load takes.
type lane struct {
	row      *Row // nil for the direct way
	group    int  // of the proxy's processes; 0 if it has none
	base     int64
	host     string // scheme and host of the URL
	http, ca string

	result  LoadResult
	rounds  []loadgen.Summary
	merged  *loadgen.Latency
	cpu     float64 // seconds, of all rounds
	streams float64 // seconds, of all streams of all rounds
}

// load compares the rows whose variants deliver events as they come.
func (r *run) load(ctx context.Context) error {
	scenario, err := r.scenario()
	if err != nil {
		return err
	}
	stop, err := r.options.Server(ctx, scenario)
	if err != nil {
		return err
	}
	defer stop()
	origin, err := url.Parse(scenario.Target.URL)
	if err != nil {
		return err
	}
	ready, err := serverReady(ctx, r.lab.client, "http://"+origin.Host+"/")
	if err != nil {
		return err
	}
	direct := &lane{host: "http://" + origin.Host}
	lanes := []*lane{direct}
	for i := range r.report.Rows {
		row := &r.report.Rows[i]
		if !loadable(row) {
			continue
		}
		// A process of its own shows what the variant alone takes.
		proxy, err := r.lab.Start(ctx, []*Variant{row.variant}, origin.Host, ready)
		if err != nil {
			return err
		}
		defer proxy.Stop()
		lanes = append(lanes, newLane(row, proxy))
	}
	for round := range r.matrix.Load.Rounds {
		for i, l := range lanes {
			r.progress("load: round %d of %d, %d of %d ways", round+1, r.matrix.Load.Rounds, i+1, len(lanes))
			if err := l.round(ctx, scenario); err != nil {
				return err
			}
		}
	}
	scenario.Publish.Rate, scenario.Duration, scenario.Drain = r.matrix.Load.SaturationRate, time.Second, 20*time.Second
	for i, l := range lanes {
		r.progress("load: saturation, %d of %d ways", i+1, len(lanes))
		if err := l.saturate(ctx, scenario); err != nil {
			return err
		}
	}
	for _, l := range lanes {
		l.finish(direct)
	}
	r.report.DirectLoad = &direct.result
	return nil
}

// loadable reports whether a comparison under load says anything: what is held
// to the end, cut or refused has no latency to compare.
func loadable(row *Row) bool {
	switch row.Verdict {
	case doctor.Streams, doctor.LateHeaders, doctor.BatchedTime, doctor.BatchedBytes:
		return true
	}
	return false
}

// scenario is the load as the generator takes it.
func (r *run) scenario() (*loadgen.Scenario, error) {
	l := r.matrix.Load
	text := fmt.Sprintf(`name: proxy
target: {url: embedded, serve: [--auth, none]}
streams: {count: %d, ramp: 200ms, open_timeout: 10s}
publish: {rate: %s, size: %d}
duration: %v
drain: 5s
`, l.Streams, l.Rate, l.Size, l.Duration)
	return loadgen.Load("load", []byte(text), nil, os.LookupEnv)
}

func newLane(row *Row, proxy *Proxy) *lane {
	l := &lane{row: row, group: proxy.group(), host: strings.TrimSuffix(proxy.URL(row.Variant), "/"), http: row.variant.HTTP}
	if row.variant.TLS {
		l.ca = proxy.CA()
	}
	if u, ok := usageOf(l.group); ok {
		l.base = u.memory
	}
	return l
}

// run runs the scenario over the lane once.
func (l *lane) run(ctx context.Context, scenario *loadgen.Scenario, watch func(loadgen.Progress)) (*loadgen.Report, error) {
	s := *scenario
	u, err := url.Parse(s.Target.URL)
	if err != nil {
		return nil, err
	}
	s.Target.URL = l.host + strings.TrimPrefix(s.Target.URL, u.Scheme+"://"+u.Host)
	s.Target.HTTP, s.Target.TLS.CA = l.http, l.ca
	report, err := loadgen.Run(ctx, loadgen.NewPlan(&s), loadgen.Options{Interval: 100 * time.Millisecond, Progress: watch})
	if err == nil && report.Interrupted {
		err = ctx.Err()
	}
	return report, err
}

// round runs the scenario once and adds what it measured.
func (l *lane) round(ctx context.Context, scenario *loadgen.Scenario) error {
	before, known := usageOf(l.group)
	memory := int64(0)
	report, err := l.run(ctx, scenario, func(p loadgen.Progress) {
		if p.Phase == loadgen.Draining && memory == 0 {
			u, _ := usageOf(l.group)
			memory = u.memory
		}
	})
	if err != nil {
		return err
	}
	if after, ok := usageOf(l.group); known && ok {
		if l.result.Cost == nil {
			l.result.Cost = &Cost{}
		}
		l.cpu += after.cpu - before.cpu
		l.result.Cost.BytesPerStream = max(l.result.Cost.BytesPerStream, (memory-l.base)/int64(scenario.Streams.Count))
	}
	l.streams += float64(report.Streams.Opened) * scenario.Duration.Seconds()
	l.rounds = append(l.rounds, report.Latency.Fanout)
	l.result.Rounds++
	l.result.Expected += report.Events.Expected
	l.result.Received += report.Events.Received
	l.result.Lost += report.Events.Lost
	if report.Verdict == loadgen.Invalid {
		l.result.Invalid = append(l.result.Invalid, fmt.Sprintf("round %d: %s", l.result.Rounds, strings.Join(report.Reasons, "; ")))
	}
	if l.merged == nil {
		l.merged = report.Histogram("", "fanout")
	} else {
		l.merged.Add(report.Histogram("", "fanout"))
	}
	return nil
}

// saturate offers more than the lane passes on, and sees how much that is: what
// came between the beginning and the last delivery.
func (l *lane) saturate(ctx context.Context, scenario *loadgen.Scenario) error {
	var began, last time.Time
	var received int64
	report, err := l.run(ctx, scenario, func(p loadgen.Progress) {
		now := time.Now()
		if p.Phase == loadgen.Running && began.IsZero() {
			began = now
		}
		if p.Received > received {
			received, last = p.Received, now
		}
	})
	if err != nil {
		return err
	}
	if took := last.Sub(began).Seconds(); took > 0 {
		l.result.Deliveries = float64(received) / took
	}
	l.result.Offered = float64(report.Events.Published*report.Streams.Opened) / scenario.Duration.Seconds()
	return nil
}

// finish works out what follows from all rounds.
func (l *lane) finish(direct *lane) {
	l.result.Fanout = l.merged.Summary()
	l.result.Curve = l.merged.Curve()
	if l.result.Cost != nil && l.result.Received > 0 {
		l.result.Cost.CPUPerDelivery = l.cpu / float64(l.result.Received)
		l.result.Cost.CPUPerStream = l.cpu / l.streams
	}
	if l.row == nil {
		return
	}
	l.result.Ratios = map[string]Ratio{}
	for _, q := range quantiles {
		l.result.Ratios[q.name] = compare(q.of, l.merged.Summary(), direct.merged.Summary(), l.rounds, direct.rounds)
	}
	l.row.Load = &l.result
}

// quantiles are those that rows are compared by.
var quantiles = []struct {
	name string
	of   func(loadgen.Summary) float64
}{
	{"p50", func(s loadgen.Summary) float64 { return s.P50 }},
	{"p99", func(s loadgen.Summary) float64 { return s.P99 }},
	{"p999", func(s loadgen.Summary) float64 { return s.P999 }},
}

// compare compares a quantile over all rounds with that of the direct way, and
// says whether the rounds bear the difference out.
func compare(of func(loadgen.Summary) float64, all, direct loadgen.Summary, rounds, directRounds []loadgen.Summary) Ratio {
	if of(direct) == 0 {
		return Ratio{Noise: true}
	}
	slower := 0
	low, high := math.Inf(1), 0.0
	for i := range rounds {
		d := of(directRounds[i])
		if of(rounds[i]) > d {
			slower++
		}
		low, high = min(low, d), max(high, d)
	}
	agree := slower == 0 || slower == len(rounds)
	return Ratio{of(all) / of(direct), !agree || math.Abs(of(all)-of(direct)) <= high-low}
}
