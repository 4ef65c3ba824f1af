package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/loadgen"
	"github.com/ssegauge/ssegauge/loadgen/capacity"
)

type capacityFlags struct {
	grow      string
	from, to  string
	precision float64
	repeats   int
	out, json string
	quiet     bool
	set       []string
}

func newCapacity() *cobra.Command {
	var f capacityFlags
	c := &cobra.Command{
		Use:   "capacity SCENARIO.yaml",
		Short: "Find the largest load that still meets the thresholds, and what breaks first",
		Long: `Double the scenario's load until a threshold is missed, bisect, and repeat the
steps around the knee. Streams stay open from one step to the next. What the
target uses is seen by target.watch of the scenario, such as
--set target.watch.pid=1234; the embedded server is watched anyway.

Exit codes: 0 the knee was found, 1 not even the smallest load meets the
objective, 2 usage, configuration or target unreachable, 3 the generator was the
limit, 130 interrupted.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return findCapacity(c, args[0], &f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.grow, "grow", string(capacity.Streams), "what grows: "+strings.Join(capacity.Grows(), ", "))
	flags.StringVar(&f.from, "from", "", "smallest `load`, with which the search begins (default: the scenario's)")
	flags.StringVar(&f.to, "to", "", "largest `load` that is tried")
	flags.Float64Var(&f.precision, "precision", 0.02, "width at which bisection ends, as a share of the load")
	flags.IntVar(&f.repeats, "repeats", 5, "steps that must agree at either end of the interval")
	flags.StringVar(&f.out, "out", "", "`folder` for capacity.json and report.html, and a folder like that of load for each step")
	flags.StringVar(&f.json, "json", "", "`file` for the result in JSON")
	flags.BoolVar(&f.quiet, "quiet", false, "print nothing but errors")
	flags.StringArrayVar(&f.set, "set", nil, "replace a value of the scenario, as `key=value`: streams.count=50")
	return c
}

func findCapacity(c *cobra.Command, file string, f *capacityFlags) error {
	options, err := f.options()
	if err != nil {
		return err
	}
	scenario, err := readScenario(file, f.set)
	if err != nil {
		return err
	}
	if scenario.Embedded() {
		server, err := startEmbedded(c.Context(), scenario)
		if err != nil {
			return err
		}
		defer server.stop()
		if scenario.Target.Watch == (loadgen.Watch{}) {
			scenario.Target.Watch.PID = server.process.command.Process.Pid
		}
	}
	show := &stepProgress{w: c.ErrOrStderr(), quiet: f.quiet}
	defer show.end()
	options.Progress = show.update
	options.Held = func(s capacity.Step, r *loadgen.Report) error {
		show.step(s)
		if f.out == "" || r == nil {
			return nil
		}
		return r.Save(filepath.Join(f.out, fmt.Sprintf("step-%02d", s.Number)))
	}
	result, err := capacity.Find(c.Context(), scenario, options)
	if errors.Is(err, context.Canceled) && c.Context().Err() != nil {
		return exit(exitInterrupted)
	}
	if err != nil {
		return err
	}
	if err := f.save(result); err != nil {
		return err
	}
	if !f.quiet {
		if err := result.WriteText(c.OutOrStdout(), colorful(c.OutOrStdout())); err != nil {
			return err
		}
	}
	return exitForVerdict(result.Interrupted, result.Verdict)
}

func (f *capacityFlags) options() (capacity.Options, error) {
	o := capacity.Options{Grow: capacity.Grow(f.grow), Precision: f.precision, Repeats: f.repeats, Version: version()}
	if !slices.Contains(capacity.Grows(), f.grow) {
		return o, unknown("--grow", f.grow, capacity.Grows()...)
	}
	for _, bound := range []struct {
		flag, text string
		to         *float64
	}{{"--from", f.from, &o.From}, {"--to", f.to, &o.To}} {
		if bound.text == "" {
			continue
		}
		var err error
		if *bound.to, err = o.Grow.Parse(bound.text); err != nil {
			return o, fmt.Errorf("%s: %w", bound.flag, err)
		}
	}
	return o, nil
}

// A stepProgress shows a line for each step, and on a terminal how far the
// current one is.
type stepProgress struct {
	w     io.Writer
	quiet bool
	now   progress // of the current step; nil between two
}

func (p *stepProgress) update(now loadgen.Progress) {
	if p.quiet || !isTerminal(p.w) {
		return
	}
	if p.now == nil {
		p.now = newProgress(p.w)
	}
	p.now.update(now)
}

func (p *stepProgress) step(s capacity.Step) {
	p.end()
	if !p.quiet {
		fmt.Fprintln(p.w, s)
	}
}

func (p *stepProgress) end() {
	if p.now != nil {
		p.now.close()
		p.now = nil
	}
}

func (f *capacityFlags) save(r *capacity.Result) error {
	if f.json != "" {
		if err := r.SaveFile(f.json); err != nil {
			return err
		}
	}
	if f.out != "" {
		return r.Save(f.out)
	}
	return nil
}
