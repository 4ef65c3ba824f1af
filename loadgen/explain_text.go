package loadgen

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// WriteText writes the explanation for people to read.
func (e *Explanation) WriteText(w io.Writer) error {
	p := &explainer{Explanation: e}
	p.heading()
	p.timetable()
	p.events()
	p.cohorts()
	p.machine()
	p.demands()
	_, err := io.WriteString(w, p.text.String())
	return err
}

type explainer struct {
	*Explanation
	text strings.Builder
}

func (p *explainer) printf(format string, args ...any) { fmt.Fprintf(&p.text, format, args...) }

// table writes what row is called with as aligned columns.
func (p *explainer) table(fill func(row func(cells ...string))) {
	table := tabwriter.NewWriter(&p.text, 0, 0, 2, ' ', 0)
	fill(func(cells ...string) { fmt.Fprintln(table, "  "+strings.Join(cells, "\t")) })
	table.Flush()
}

func (p *explainer) heading() {
	p.printf("%s", p.Scenario)
	if p.Description != "" {
		p.printf(": %s", p.Description)
	}
	p.printf("\n\n")
	p.table(func(row func(...string)) {
		target := p.Target
		if target == EmbeddedURL {
			target += ", a reference server beside the run"
		}
		row("target", target)
		row("transport", p.Transport)
		for _, t := range p.Tokens {
			source := t.Source
			if t.Send != "" {
				source += ", sent as " + t.Send
			}
			row("tokens of "+t.Of, source)
		}
	})
}

func (p *explainer) timetable() {
	p.printf("\nstreams, from the start of %s\n", map[bool]string{false: "opening", true: "publishing"}[p.PublishFirst])
	p.table(func(row func(...string)) {
		for _, s := range p.Openings {
			row(fromTo(s.FromSeconds, s.ToSeconds), fmt.Sprintf("%d → %d open%s", s.From, s.To, each(s)))
		}
		if !p.PublishFirst {
			row("then", "publishing starts when all are answered, or "+shortSeconds(p.OpenTimeoutSeconds)+" after the last was due")
		}
	})
}

// each says how far apart the streams of a stage open or close.
func each(s OpeningStage) string {
	change := max(s.To-s.From, s.From-s.To)
	if apart := s.ToSeconds - s.FromSeconds; change > 1 && apart > 0 {
		return ", one every " + formatSeconds(apart/float64(change))
	}
	return ""
}

func (p *explainer) events() {
	p.printf("\nevents, from the start of publishing\n")
	publishing := p.WarmupSeconds + p.DurationSeconds
	p.table(func(row func(...string)) {
		for _, r := range p.Publishing.Rates {
			rate := perSecond(r.FromPerSecond)
			if r.ToPerSecond != r.FromPerSecond {
				rate += " → " + perSecond(r.ToPerSecond)
			}
			row(fromTo(r.FromSeconds, r.ToSeconds), fmt.Sprintf("%s, %d events", rate, r.Events))
		}
		if p.Publishing.Via == ViaNone {
			row(fromTo(0, publishing), "what the server publishes by itself")
		}
		if p.WarmupSeconds > 0 {
			row(fromTo(0, p.WarmupSeconds), "warm-up: latencies are left out"+p.ofWarmup())
		}
		if p.Drill != "" {
			row("drill", p.Drill)
		}
		row("until "+shortSeconds(publishing+p.DrainSeconds), "at most, streams stay open for what is under way")
	})
	if p.Publishing.Via != ViaNone {
		p.printf("  %d events of at least %d bytes to %d %s; %d deliveries, %s on average\n",
			p.Publishing.Events, p.Publishing.Bytes, p.Publishing.Topics, plural(p.Publishing.Topics, "topic"),
			p.Publishing.Deliveries, perSecond(float64(p.Publishing.Deliveries)/max(publishing, 1e-9)))
	}
}

func (p *explainer) ofWarmup() string {
	if p.Publishing.Via == ViaNone {
		return ""
	}
	return fmt.Sprintf(" (%d events)", p.Publishing.WarmupEvents)
}

func (p *explainer) cohorts() {
	p.printf("\ncohorts\n")
	p.table(func(row func(...string)) {
		for _, c := range p.Cohorts {
			does := fmt.Sprintf("%d %s%s", c.Streams, plural(c.Streams, "stream"), p.topicsOf(c.Name))
			if c.CutEverySeconds > 0 {
				does += ", cut about every " + shortSeconds(c.CutEverySeconds)
			}
			if c.StallForSeconds > 0 {
				does += fmt.Sprintf(", reading nothing from %s for %s", shortSeconds(c.StallAfterSeconds), shortSeconds(c.StallForSeconds))
			}
			row(c.Name, does)
		}
	})
}

// topicsOf names the topics of a cohort: all of them, or the first and the last.
func (p *explainer) topicsOf(cohort string) string {
	var names []string
	seen := map[string]bool{}
	for _, s := range p.Streams {
		if s.Cohort != cohort {
			continue
		}
		for _, topic := range s.Topics {
			if !seen[topic] {
				seen[topic] = true
				names = append(names, topic)
			}
		}
	}
	if len(names) <= 3 {
		return " of " + plural(len(names), "topic") + " " + strings.Join(names, ", ")
	}
	return fmt.Sprintf(" of %d topics, %s to %s", len(names), names[0], names[len(names)-1])
}

func (p *explainer) machine() {
	p.printf("\nthis machine\n")
	var lines strings.Builder
	_ = p.Preflight.WriteText(&lines) // a Builder takes all
	for line := range strings.Lines(lines.String()) {
		p.printf("  %s", line)
	}
}

func (p *explainer) demands() {
	p.printf("\nthresholds\n")
	for _, t := range p.Thresholds {
		p.printf("  %s\n", t)
	}
	if len(p.Thresholds) == 0 {
		p.printf("  none: the run passes whatever it shows\n")
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

func fromTo(from, to float64) string { return shortSeconds(from) + " – " + shortSeconds(to) }

// shortSeconds writes a time as people write it in a scenario: 1h, not 1h0m0s.
func shortSeconds(s float64) string {
	text := seconds(s).Round(time.Millisecond).String()
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		text = short + "h"
	}
	return text
}

func perSecond(rate float64) string { return strconv.FormatFloat(rate, 'g', 6, 64) + "/s" }
