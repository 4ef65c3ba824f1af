package loadgen

import (
	"fmt"
	"time"
)

// A healthCheck says whether the generator itself was up to the run. When it
// was not, the figures are its own and not the target's, and the verdict is
// invalid.
type healthCheck struct {
	name  string
	limit string // for people
	judge func(c *conductor) (reason string, ok bool)
}

// Limits of the health checks. A share is one of the fan-out latency's 99th
// percentile; the time beside it is how much is always good enough.
const (
	scheduleShare = 0.10
	scheduleSlack = 10 * time.Millisecond
	receiveShare  = 0.50
	receiveSlack  = 50 * time.Millisecond
	hiccupShare   = 0.01 // of the publishing time
	cpuShare      = 0.90 // of the machine's processors
)

// healthChecks are the limits beyond which a measurement is invalid. What
// counts is by how much the fan-out latency is the generator's own, not how busy
// the generator was.
var healthChecks = []healthCheck{
	{"schedule lag", "fanout p99 raised by publishing late by at most 10 % of it or 10 ms", func(c *conductor) (string, bool) {
		fanout := c.total.fanout().Quantile(0.99)
		off, limit := fanout-c.total.Service.Quantile(0.99), max(scheduleSlack, share(scheduleShare, fanout))
		return fmt.Sprintf("the generator published late: that raises the fan-out p99 by %v to %v; the limit is %v", round(off), round(fanout), round(limit)), off <= limit
	}},
	{"receive lag", "bytes waited to be read, p99, for at most 50 % of fanout p99 or 50 ms", func(c *conductor) (string, bool) {
		lag, fanout := c.total.ReceiveLag.Quantile(0.99), c.total.fanout().Quantile(0.99)
		limit := max(receiveSlack, share(receiveShare, fanout))
		return fmt.Sprintf("the generator read late: p99 %v after the kernel had the bytes, with a fan-out p99 of %v; the limit is %v", round(lag), round(fanout), round(limit)), lag <= limit
	}},
	{"hiccups", "the process did not run for at most 1 % of the publishing time", func(c *conductor) (string, bool) {
		limit := share(hiccupShare, c.published)
		return fmt.Sprintf("the generator's process did not run for %v of %v; the limit is %v", round(c.hiccup), round(c.published), round(limit)), c.hiccup <= limit
	}},
	{"CPU", "the process used at most 90 % of all processors", func(c *conductor) (string, bool) {
		fraction := c.usage.cpuFraction()
		// In less than a second, processor time is too coarse to say.
		return fmt.Sprintf("the generator used %.0f %% of all processors; the limit is %.0f %%", 100*fraction, 100*cpuShare), fraction <= cpuShare || c.published < time.Second
	}},
	{"unsent events", "no event skipped because too many publishes were unanswered", func(c *conductor) (string, bool) {
		n := c.total.Publishes.Unsent
		return fmt.Sprintf("%d events were due but not sent, since %d publishes were unanswered: raise publish.in_flight", n, c.plan.Scenario.Publish.InFlight), n == 0
	}},
	{"dropped opens", "no stream left unopened at its time", func(c *conductor) (string, bool) {
		return fmt.Sprintf("%d streams were due but no attempt was made to open them", c.unopened), c.unopened == 0
	}},
	{"local resources", "no lack of descriptors or local ports", func(c *conductor) (string, bool) {
		for kind, n := range c.total.Failures {
			if kind.local() {
				return fmt.Sprintf("%s, %d times", kind, n), false
			}
		}
		return "", true
	}},
	{"books", "receipts and counts agree to the event", func(c *conductor) (string, bool) {
		return fmt.Sprintf("the books do not balance: receipts and counts differ by %d", c.unbalanced), c.unbalanced == 0
	}},
	{"histograms", "no latency below zero or over an hour", func(c *conductor) (string, bool) {
		var outside uint64
		for _, h := range c.histograms() {
			outside += h.negative + h.beyond
		}
		return fmt.Sprintf("%d latencies were negative or over an hour: the clocks differ", outside), outside == 0
	}},
}

func share(of float64, d time.Duration) time.Duration { return time.Duration(of * float64(d)) }

func round(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
