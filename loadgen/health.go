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
	judge func(c *conductor) (reason string, ok bool)
}

// healthChecks are the limits beyond which a measurement is invalid. What
// counts is by how much the fan-out latency is the generator's own, not how busy
// the generator was.
var healthChecks = []healthCheck{
	{"schedule lag", func(c *conductor) (string, bool) {
		fanout := c.total.fanout().Quantile(0.99)
		off, limit := fanout-c.total.Service.Quantile(0.99), max(c.limits().ScheduleSlack, share(c.limits().ScheduleShare, fanout))
		return fmt.Sprintf("the generator published late: that raises the fan-out p99 by %v to %v; the limit is %v", round(off), round(fanout), round(limit)), off <= limit
	}},
	{"receive lag", func(c *conductor) (string, bool) {
		lag, fanout := c.total.ReceiveLag.Quantile(0.99), c.total.fanout().Quantile(0.99)
		limit := max(c.limits().ReceiveSlack, share(c.limits().ReceiveShare, fanout))
		return fmt.Sprintf("the generator read late: p99 %v after the kernel had the bytes, with a fan-out p99 of %v; the limit is %v", round(lag), round(fanout), round(limit)), lag <= limit
	}},
	{"hiccups", func(c *conductor) (string, bool) {
		limit := share(c.limits().HiccupShare, c.published)
		return fmt.Sprintf("the generator's process did not run for %v of %v; the limit is %v", round(c.hiccup), round(c.published), round(limit)), c.hiccup <= limit
	}},
	{"CPU", func(c *conductor) (string, bool) {
		fraction := c.usage.cpuFraction()
		// In less than a second, processor time is too coarse to say.
		return fmt.Sprintf("the generator used %.0f %% of all processors; the limit is %.0f %%", 100*fraction, 100*c.limits().CPUShare), fraction <= c.limits().CPUShare || c.published < time.Second
	}},
	{"unsent events", func(c *conductor) (string, bool) {
		n := c.total.Publishes.Unsent
		return fmt.Sprintf("%d events were due but not sent, since %d publishes were unanswered: raise publish.in_flight", n, c.plan.Scenario.Publish.InFlight), n == 0
	}},
	{"dropped opens", func(c *conductor) (string, bool) {
		return fmt.Sprintf("%d streams were due but no attempt was made to open them", c.unopened), c.unopened == 0
	}},
	{"local resources", func(c *conductor) (string, bool) {
		for kind, n := range c.total.Failures {
			if kind.local() {
				return fmt.Sprintf("%s, %d times", kind, n), false
			}
		}
		return "", true
	}},
	{"drill", func(c *conductor) (string, bool) {
		return fmt.Sprint(c.drillFailure), c.drillFailure == nil
	}},
	{"books", func(c *conductor) (string, bool) {
		return fmt.Sprintf("the books do not balance: receipts and counts differ by %d", c.unbalanced), c.unbalanced == 0
	}},
	{"histograms", func(c *conductor) (string, bool) {
		var outside uint64
		for _, h := range c.histograms() {
			outside += h.negative + h.beyond
		}
		return fmt.Sprintf("%d latencies were negative or over an hour: the clocks differ", outside), outside == 0
	}},
}

func (c *conductor) limits() *Limits { return &c.plan.Scenario.Limits }

func share(of float64, d time.Duration) time.Duration { return time.Duration(of * float64(d)) }

func round(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
