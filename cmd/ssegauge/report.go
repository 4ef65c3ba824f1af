package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/internal/junit"
	"github.com/ssegauge/ssegauge/loadgen"
	"github.com/ssegauge/ssegauge/loadgen/compare"
)

type reportFlags struct {
	html, junit, markdown, csv string
	failIf                     []string
}

func newReport() *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use:   "report RUN... [-- RUN...]",
		Short: "Show saved runs again, and compare them",
		Long: `Show runs that ` + "`ssegauge load --out DIR`" + ` saved: each RUN is such a folder, or
its summary.json.

Several runs are compared: the first is the baseline of each of the others. With
-- between them, the runs in front are rounds of the baseline and those behind it
rounds of the candidate. Which differences are within noise is decided by
Student's t: over the rounds, for four rounds and more in all, and over blocks of
intervals for one run against one. Rounds know how runs differ by themselves:
take three of each side and more, in turns.

--fail-if names what must not be, such as 'fanout.p99 > 1.2x' (of the baseline)
or 'events.lost > 0'; then the exit code is 1. What is within noise does not
fail. An invalid run makes it 3.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return report(c, args, &f) },
	}
	c.Flags().StringVar(&f.html, "html", "", "write a page to `FILE`")
	c.Flags().StringVar(&f.junit, "junit", "", "write JUnit XML to `FILE`: a test for each threshold and each --fail-if")
	c.Flags().StringVar(&f.markdown, "markdown", "", "write a summary for a CI system to `FILE`")
	c.Flags().StringVar(&f.csv, "csv", "", "write the intervals of the runs to `FILE`, one a line")
	c.Flags().StringArrayVar(&f.failIf, "fail-if", nil, "exit with 1 when the `CONDITION` is the case of a run that is compared, as 'fanout.p99 > 1.2x'")
	return c
}

func report(c *cobra.Command, args []string, f *reportFlags) error {
	conditions := make([]loadgen.Condition, len(f.failIf))
	for i, text := range f.failIf {
		var err error
		if conditions[i], err = loadgen.ParseCondition(text); err != nil {
			return fmt.Errorf("--fail-if %w", err)
		}
	}
	runs := make([]*loadgen.Saved, len(args))
	for i, path := range args {
		var err error
		if runs[i], err = loadgen.OpenSaved(path); err != nil {
			return err
		}
	}
	comparisons, err := comparisonsOf(runs, c.ArgsLenAtDash())
	if err != nil {
		return err
	}
	if len(comparisons) == 0 && len(conditions) > 0 {
		return errors.New("--fail-if judges a run against a baseline: name two runs")
	}
	show := &shown{runs: runs, comparisons: comparisons, rulings: make([][]compare.Ruling, len(comparisons))}
	for i, comparison := range comparisons {
		for _, condition := range conditions {
			show.rulings[i] = append(show.rulings[i], comparison.Rule(condition))
		}
	}
	if err := show.text(c.OutOrStdout()); err != nil {
		return err
	}
	for _, file := range []struct {
		path  string
		write func(io.Writer) error
	}{{f.html, show.html}, {f.junit, show.junit}, {f.markdown, show.markdown}, {f.csv, show.csv}} {
		if file.path == "" {
			continue
		}
		if err := writeTo(c.OutOrStdout(), file.path, file.write); err != nil {
			return err
		}
	}
	return show.exit()
}

// comparisonsOf are the comparisons that the arguments ask for; dash is how many
// are in front of --, or -1.
func comparisonsOf(runs []*loadgen.Saved, dash int) (all []*compare.Comparison, err error) {
	baseline, candidates := runs[:1], [][]*loadgen.Saved{}
	switch {
	case dash == 0 || dash == len(runs):
		return nil, errors.New("there are no runs on one side of --")
	case dash > 0:
		baseline, candidates = runs[:dash], append(candidates, runs[dash:])
	default:
		for i := range runs[1:] {
			candidates = append(candidates, runs[i+1:i+2])
		}
	}
	for _, candidate := range candidates {
		comparison, err := compare.Runs(baseline, candidate)
		if err != nil {
			return nil, err
		}
		all = append(all, comparison)
	}
	return all, nil
}

// shown is what a report shows: one run, or comparisons with their rulings.
type shown struct {
	runs        []*loadgen.Saved
	comparisons []*compare.Comparison
	rulings     [][]compare.Ruling
}

func (s *shown) text(w io.Writer) error {
	if len(s.comparisons) == 0 {
		return s.runs[0].WriteText(w, colorful(w))
	}
	for i, comparison := range s.comparisons {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := comparison.WriteText(w); err != nil {
			return err
		}
		for _, r := range s.rulings[i] {
			word := "ok    "
			if r.Failed {
				word = "FAILED"
			}
			fmt.Fprintf(w, "%s  %s (%s)\n", word, r.Expression, r.Why)
		}
	}
	return nil
}

func (s *shown) html(w io.Writer) error {
	if len(s.comparisons) == 0 {
		return s.runs[0].WriteHTML(w)
	}
	return compare.WriteHTML(w, s.comparisons, s.rulings)
}

func (s *shown) junit(w io.Writer) error {
	var all junit.Report
	all.Name = "ssegauge"
	for _, run := range s.runs {
		suite := run.JUnit()
		suite.Name = run.Path + ": " + suite.Name
		all.Suites = append(all.Suites, suite)
		all.Seconds += run.Environment.DurationSeconds
	}
	for i, comparison := range s.comparisons {
		all.Suites = append(all.Suites, comparison.JUnit(s.rulings[i]))
	}
	return all.Write(w)
}

func (s *shown) markdown(w io.Writer) error {
	if len(s.comparisons) == 0 {
		return s.runs[0].WriteMarkdown(w)
	}
	return compare.WriteMarkdown(w, s.comparisons, s.rulings)
}

func (s *shown) csv(w io.Writer) error { return loadgen.WriteCSV(w, s.runs...) }

// exit is the exit code: that a condition is the case, unless a run says nothing
// about its target.
func (s *shown) exit() error {
	code := exitYes
	for i, comparison := range s.comparisons {
		for _, r := range s.rulings[i] {
			if comparison.Invalid() {
				return exit(exitInvalid)
			}
			if r.Failed {
				code = exitNo
			}
		}
	}
	if code != exitYes {
		return exit(code)
	}
	return nil
}
