package conformance

import (
	"context"
	"fmt"
	"time"
)

// report judges every chosen check. A timing failure is looked at once more in
// a new exchange.
func (r *runner) report(ctx context.Context) *Report {
	report := &Report{
		SchemaVersion: 1, Target: r.target.Name, Ruleset: r.options.Ruleset, Profiles: r.target.Profiles,
		Started: r.begun.UTC().Truncate(time.Millisecond),
	}
	if report.Ruleset == "" {
		report.Ruleset = CurrentRuleset
	}
	again := map[string]bool{}
	for i := range r.checks {
		c := &r.checks[i]
		began := time.Now()
		result := r.judge(c)
		if c.Timed && (result.Outcome == Fail || result.Outcome == Warn) && ctx.Err() == nil {
			r.takeAgain(ctx, c, again)
			if second := r.judge(c); second.Outcome != result.Outcome && second.Outcome != NotTested {
				result = second
				result.Flaky = true
			}
		}
		result.DurationSeconds = time.Since(began).Seconds()
		report.Checks = append(report.Checks, result)
	}
	report.DurationSeconds = time.Since(r.begun).Seconds()
	report.Interrupted = ctx.Err() != nil
	report.settle(r.options.Baseline, r.options.Strict)
	return report
}

// takeAgain lets the exchanges that a check is judged from take place once more,
// unless they have.
func (r *runner) takeAgain(ctx context.Context, c *Check, again map[string]bool) {
	var together, alone []*exchange
	for _, name := range append([]string{c.Exchange}, c.Also...) {
		e, ok := findExchange(name)
		switch {
		case !ok || again[name] || r.transcripts[name] == nil:
			continue
		case e.alone:
			alone = append(alone, e)
		default:
			together = append(together, e)
		}
		again[name] = true
	}
	r.of += len(together) + len(alone)
	r.takeAll(ctx, together, alone)
}

// judge judges one check from what was recorded, or says why it cannot.
func (r *runner) judge(c *Check) Result {
	result := c.result()
	r.mu.Lock()
	defer r.mu.Unlock()
	if how := r.lacking(c); how != "" {
		result.Outcome, result.Observed, result.Enable = NotTested, "the target file does not say how", how
		return result
	}
	if defect := r.defects[c.Exchange]; defect != "" {
		result.Outcome, result.Observed = Error, defect
		return result
	}
	t := r.transcriptFor(c)
	if t == nil {
		result.Outcome, result.Observed = NotTested, r.whyNot(c)
		return result
	}
	return c.judge(t)
}

// transcriptFor joins the transcripts that the check looks at; nil if its own
// exchange did not take place.
func (r *runner) transcriptFor(c *Check) *Transcript {
	if c.Exchange == surviving {
		return &Transcript{Exchange: surviving, Facts: r.target.facts(), Probes: r.probes}
	}
	own := r.transcripts[c.Exchange]
	if own == nil {
		return nil
	}
	joined := *own
	for _, name := range c.Also {
		if t := r.transcripts[name]; t != nil {
			joined.Lag = max(joined.Lag, t.Lag)
			joined.Connections = append(joined.Connections[:len(joined.Connections):len(joined.Connections)], t.Connections...)
			joined.Publications = append(joined.Publications[:len(joined.Publications):len(joined.Publications)], t.Publications...)
		}
	}
	return &joined
}

// whyNot says why an exchange did not take place that the target allows.
func (r *runner) whyNot(c *Check) string {
	opened := r.transcripts[opening]
	switch {
	case opened == nil:
		return "the run was interrupted"
	case len(opened.Connections) > 0 && opened.Connections[len(opened.Connections)-1].Responded == 0:
		return "the target did not answer (see http.status.ok)"
	case len(opened.streams()) == 0:
		return "no event stream could be opened (see http.status.ok and http.content-type.essence)"
	}
	return fmt.Sprintf("the exchange %s did not take place", c.Exchange)
}
