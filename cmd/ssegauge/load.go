package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/loadgen"
)

type loadFlags struct {
	out   string
	quiet bool
	set   []string
	watch watchFlags
}

func newLoad() *cobra.Command {
	var f loadFlags
	c := &cobra.Command{
		Use:   "load SCENARIO.yaml",
		Short: "Open many streams, publish on a schedule, and report latency and loss",
		Args:  cobra.ExactArgs(1),
		RunE:  func(c *cobra.Command, args []string) error { return load(c, args[0], &f) },
	}
	c.Flags().StringVar(&f.out, "out", "", "`folder` for summary.json, report.html, .hlog and .hgrm files")
	c.Flags().BoolVar(&f.quiet, "quiet", false, "print nothing but errors")
	c.Flags().StringArrayVar(&f.set, "set", nil, "replace a value of the scenario, as `key=value`: streams.count=50")
	f.watch.add(c)
	return c
}

func load(c *cobra.Command, file string, f *loadFlags) error {
	scenario, err := readScenario(file, f.set)
	if err != nil {
		return err
	}
	watch, err := f.watch.open(c, scenario.Name, f.quiet)
	if err != nil {
		return err
	}
	defer watch.close()
	report, logErr := measure(c, scenario, f, watch)
	if report == nil {
		return logErr
	}
	if f.out != "" {
		if err := report.Save(f.out); err != nil {
			return err
		}
	}
	if !f.quiet {
		if err := report.WriteText(c.OutOrStdout(), colorful(c.OutOrStdout())); err != nil {
			return err
		}
	}
	watch.finish(c.Context(), report)
	if logErr != nil {
		return logErr
	}
	return exitFor(report)
}

// measure runs the scenario, with its embedded server if it wants one.
func measure(c *cobra.Command, scenario *loadgen.Scenario, f *loadFlags, watch *watchers) (*loadgen.Report, error) {
	var restart func(context.Context) error
	if scenario.Embedded() {
		server, err := startEmbedded(c.Context(), scenario)
		if err != nil {
			return nil, err
		}
		defer server.stop()
		restart = server.restart
	}
	plan := loadgen.NewPlan(scenario)
	if err := preflight(c, plan, f); err != nil {
		return nil, err
	}
	return runPlan(c, plan, f, watch, restart)
}

func readScenario(file string, set []string) (*loadgen.Scenario, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return loadgen.Load(file, text, set, os.LookupEnv)
}

// preflight says what the plan needs of this machine.
func preflight(c *cobra.Command, plan *loadgen.Plan, f *loadFlags) error {
	p := plan.Preflight()
	if !f.quiet {
		if err := p.WriteText(c.ErrOrStderr()); err != nil {
			return err
		}
	}
	return p.Err()
}

// runPlan runs the plan with its progress on the standard error.
func runPlan(c *cobra.Command, plan *loadgen.Plan, f *loadFlags, watch *watchers, restart func(context.Context) error) (*loadgen.Report, error) {
	options := loadgen.Options{Version: version(), Watch: watch.hook(), Restart: restart}
	if f.out != "" {
		log, err := createIn(f.out, loadgen.LogFile)
		if err != nil {
			return nil, err
		}
		defer log.Close()
		options.HistogramLog = log
	}
	if !f.quiet {
		show := newProgress(c.ErrOrStderr())
		defer show.close()
		options.Progress = show.update
	}
	report, err := loadgen.Run(c.Context(), plan, options)
	if errors.Is(err, context.Canceled) && c.Context().Err() != nil {
		return nil, exit(exitInterrupted)
	}
	return report, err
}

func createIn(folder, name string) (io.WriteCloser, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	return os.Create(filepath.Join(folder, name))
}

func exitFor(r *loadgen.Report) error { return exitForVerdict(r.Interrupted, r.Verdict) }

func exitForVerdict(interrupted bool, v loadgen.Verdict) error {
	switch {
	case interrupted:
		return exit(exitInterrupted)
	case v == loadgen.Invalid:
		return exit(exitInvalid)
	case v == loadgen.Fail:
		return exit(exitNo)
	case v == loadgen.Pass:
		return nil
	}
	return fmt.Errorf("unknown verdict %q", v)
}
