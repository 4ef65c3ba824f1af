package loadgen

import (
	"fmt"
	"maps"
	"runtime"
	"time"
)

// cohortPrefix begins the names of the histograms of cohorts.
const cohortPrefix = "fanout-"

// histograms are all of a run's histograms, by the names that reports use.
func (c *conductor) histograms() []namedLatency {
	all := []namedLatency{
		{"connect", c.total.Connect}, {"first_event", c.total.FirstEvent}, {"fanout", c.total.fanout()},
		{"fanout_last", c.spreads.last}, {"fanout_spread", c.spreads.width},
		{"publish_lag", c.total.PublishLag}, {"receive_lag", c.total.ReceiveLag},
		{"service", c.total.Service},
	}
	if len(c.plan.Cohorts) > 1 {
		for i, name := range c.plan.Cohorts {
			all = append(all, namedLatency{cohortPrefix + name, c.total.Cohorts[i].Fanout})
		}
	}
	return all
}

// report makes the report, and reaches the verdict.
func (c *conductor) report(interrupted bool) *Report {
	r := c.account(interrupted)
	c.judge(r)
	return r
}

// account is what has been counted so far, and how the thresholds stand.
func (c *conductor) account(interrupted bool) *Report {
	t := c.total
	t.Streams.Planned = int64(len(c.plan.Streams))
	t.Streams.Peak = c.openPeak.Load()
	r := &Report{
		SchemaVersion: SchemaVersion,
		Scenario:      c.plan.Scenario.Name,
		Interrupted:   interrupted,
		Streams:       t.Streams,
		Events:        t.events(),
		ConnectOrder:  t.Order.Means(),
		Findings:      t.Findings,
		UnderLoad:     t.oddities(),
		Failures:      maps.Clone(t.Failures),
		Generator:     c.generator(),
		Environment:   NewEnvironment(c.options.Version, c.began),
		Reasons:       []string{},
		Recovery:      c.recovery(),
		Thresholds:    []ThresholdResult{},
		Phases:        c.phases,
		Series:        c.series.intervals(),
		Curves:        map[string]Curve{},
		histograms:    c.histograms(),
	}
	for _, h := range r.histograms {
		if curve := h.Curve(); curve != nil {
			r.Curves[h.name] = curve
		}
	}
	summaries := r.Latency.named()
	for i, l := range summaries {
		*l.of = r.histograms[i].Summary()
	}
	if len(c.plan.Cohorts) > 1 {
		for i, name := range c.plan.Cohorts {
			r.Cohorts = append(r.Cohorts, CohortReport{name, t.Cohorts[i].Fanout.Summary(), t.Cohorts[i].Events})
		}
	}
	for _, t := range c.plan.Scenario.Thresholds {
		r.Thresholds = append(r.Thresholds, t.judge(r))
	}
	return r
}

// judge reaches the verdict, from the thresholds and the health checks.
func (c *conductor) judge(r *Report) {
	r.Verdict = Pass
	for _, result := range r.Thresholds {
		if !result.OK {
			r.Verdict = Fail
			r.Reasons = append(r.Reasons, result.reason())
		}
	}
	if r.Streams.Opened == 0 {
		r.Verdict = Fail
		r.Reasons = append(r.Reasons, "no stream was opened")
	}
	for _, check := range healthChecks {
		if reason, ok := check.judge(c); !ok {
			r.Verdict = Invalid
			r.Reasons = append(r.Reasons, reason)
		}
	}
	if r.Interrupted {
		r.Reasons = append(r.Reasons, fmt.Sprintf("interrupted after %v", time.Since(c.began).Round(100*time.Millisecond)))
	}
	if c.plan.Scenario.Target.TLS.Insecure {
		r.Reasons = append(r.Reasons, "the target's certificate was not verified")
	}
}

func (t ThresholdResult) reason() string {
	if t.Observed == nil {
		return fmt.Sprintf("threshold %s: no sample was recorded", t.Expression)
	}
	return fmt.Sprintf("threshold %s: observed %s", t.Expression, observedText(t))
}

func (c *conductor) generator() Generator {
	g := c.transport.describe()
	g.CPUFraction, g.RSSBytes = c.usage.cpuFraction(), c.usage.peakRSS
	if c.total.Streams.Peak > 0 && g.RSSBytes > 0 {
		g.BytesPerStream = max(0, g.RSSBytes-c.usage.startRSS) / c.total.Streams.Peak
	}
	return g
}

// NewEnvironment is that of what a version of the program began at a time, and
// ends now.
func NewEnvironment(version string, began time.Time) Environment {
	return Environment{
		Version: version, Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH,
		Kernel: kernelRelease(), CPUs: runtime.NumCPU(),
		Started: began, DurationSeconds: time.Since(began).Seconds(),
	}
}
