package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/conformance"
)

type checkFlags struct {
	json, junit, sarif, markdown, html string
	profiles, run, skip                []string
	level, ruleset, baseline           string
	strict, quiet                      bool
	record, replay                     string
	list, selfTest                     bool
	explain                            string
	http                               string
	tls                                bool
	fault                              string
}

func newCheck() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check URL|TARGET.yaml|embedded...",
		Short: "Check a backend against the standard and what clients need",
		Long: `Check what a backend does against the WHATWG standard, HTTP, and what deployed
clients need. A URL alone is listened to; a target file adds hooks, by which
events are published, tokens made, and streams ended, and with them more checks.
The word embedded stands for the reference server.

Exit codes: 0 no MUST failed, 1 a MUST failed (with --strict also a SHOULD) or
the baseline is stale, 2 the target is unreachable or a setting is not valid,
130 interrupted.`,
		RunE: func(c *cobra.Command, args []string) error { return check(c, args, &f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.json, "json", "", "write the report as JSON to `file`, - for the standard output")
	flags.StringVar(&f.junit, "junit", "", "write the report as JUnit XML to `file`")
	flags.StringVar(&f.sarif, "sarif", "", "write the report as SARIF 2.1.0 to `file`")
	flags.StringVar(&f.markdown, "markdown", "", "write a summary in Markdown to `file`")
	flags.StringVar(&f.html, "html", "", "write a page to `file`, with a column for each target")
	flags.StringSliceVar(&f.profiles, "profile", nil, "switch further checks on: "+strings.Join(conformance.Profiles(), ", "))
	flags.StringSliceVar(&f.run, "run", nil, "run only the checks that match, such as `inject.*`")
	flags.StringSliceVar(&f.skip, "skip", nil, "leave out the checks that match this `glob`")
	flags.StringVar(&f.level, "level", "", "run only the checks of this level or above: must, should, info")
	flags.BoolVar(&f.strict, "strict", false, "let a SHOULD that is not met fail")
	flags.StringVar(&f.ruleset, "ruleset", "", "run the checks of this `version`: "+strings.Join(conformance.Rulesets(), ", "))
	flags.StringVar(&f.baseline, "baseline", "", "`file` of accepted failures, one ID a line; an entry that no longer fails is an error")
	flags.StringVar(&f.record, "record", "", "write what was said into this `folder`")
	flags.StringVar(&f.replay, "replay", "", "judge what was recorded in this `folder` again, without a target")
	flags.BoolVar(&f.list, "list", false, "list the checks and exit")
	flags.StringVar(&f.explain, "explain", "", "say what the check of this `ID` is about and exit")
	flags.StringVar(&f.http, "http", "", "HTTP `version`, 1.1 or 2, in place of the target file's")
	flags.BoolVar(&f.tls, "tls", false, "let the embedded server speak TLS")
	flags.StringVar(&f.fault, "fault", "", "let the embedded server misbehave in the way of this `ID`")
	flags.BoolVar(&f.selfTest, "self-test", false, "run the checks against the reference server and each of its faults")
	flags.BoolVar(&f.quiet, "quiet", false, "print nothing but errors")
	return c
}

func check(c *cobra.Command, args []string, f *checkFlags) error {
	switch {
	case f.list:
		return listChecks(c.OutOrStdout(), f)
	case f.explain != "":
		return explainCheck(c.OutOrStdout(), f.explain)
	case f.selfTest:
		return selfTest(c)
	}
	options, err := f.options()
	if err != nil {
		return err
	}
	var reports []*conformance.Report
	switch {
	case f.replay != "":
		if len(args) > 0 {
			return errors.New("--replay takes no target")
		}
		report, err := conformance.Replay(f.replay, options)
		if err != nil {
			return err
		}
		reports = append(reports, report)
	case len(args) == 0:
		return errors.New("name a target: a URL, a target file, or embedded")
	case len(args) > 1 && (f.json != "" || f.junit != "" || f.sarif != "" || f.record != ""):
		return errors.New("with several targets only --html and --markdown can be written")
	}
	for _, arg := range args {
		report, err := checkTarget(c, arg, f, options)
		if err != nil {
			return err
		}
		reports = append(reports, report)
	}
	if !f.quiet && f.json != "-" {
		for i, r := range reports {
			if i > 0 {
				fmt.Fprintln(c.OutOrStdout())
			}
			if err := conformance.WriteText(c.OutOrStdout(), r, colorful(c.OutOrStdout())); err != nil {
				return err
			}
		}
	}
	if err := f.write(c.OutOrStdout(), reports); err != nil {
		return err
	}
	return exitForReports(c.ErrOrStderr(), reports)
}

func (f *checkFlags) options() (conformance.Options, error) {
	o := conformance.Options{
		Run: f.run, Skip: f.skip, Strict: f.strict, Profiles: f.profiles,
		Ruleset: f.ruleset, Record: f.record, Level: conformance.Level(strings.ToUpper(f.level)),
	}
	switch o.Level {
	case "", conformance.Must, conformance.Should, conformance.May, conformance.Info:
	default:
		return o, unknown("--level", f.level, "must", "should", "may", "info")
	}
	if f.baseline == "" {
		return o, nil
	}
	file, err := os.Open(f.baseline)
	if err != nil {
		return o, err
	}
	defer file.Close()
	if o.Baseline, err = conformance.ReadBaseline(file); err != nil {
		return o, fmt.Errorf("%s: %w", f.baseline, err)
	}
	return o, nil
}

func checkTarget(c *cobra.Command, arg string, f *checkFlags, options conformance.Options) (*conformance.Report, error) {
	target, err := readTarget(arg)
	if err != nil {
		return nil, err
	}
	if target.URL == conformance.EmbeddedURL {
		protocol, err := protocolOf(slices.Concat(target.Profiles, options.Profiles))
		if err != nil {
			return nil, err
		}
		server, err := startReference(reference{http: f.http, tls: f.tls, fault: f.fault, protocol: protocol})
		if err != nil {
			return nil, err
		}
		defer server.stop()
		server.complete(&target)
	} else if f.fault != "" || f.tls {
		return nil, errors.New("--fault and --tls are about the embedded server")
	}
	if f.http != "" {
		target.HTTP = f.http
	}
	if !f.quiet {
		options.Progress = func(p conformance.Progress) {
			if p.Ended {
				fmt.Fprintf(c.ErrOrStderr(), "%3d/%d  %5.1fs  %s\n", p.Done, p.Of, p.Elapsed.Seconds(), p.Exchange)
			}
		}
	}
	report, err := conformance.Run(c.Context(), target, options)
	if errors.Is(err, context.Canceled) && c.Context().Err() != nil {
		return nil, exit(exitInterrupted)
	}
	return report, err
}

// readTarget takes a URL, the word embedded, or a target file.
func readTarget(arg string) (conformance.Target, error) {
	if arg == conformance.EmbeddedURL || strings.HasPrefix(arg, "http://") || strings.HasPrefix(arg, "https://") {
		return conformance.Target{URL: arg}, nil
	}
	text, err := os.ReadFile(arg)
	if err != nil {
		return conformance.Target{}, err
	}
	return conformance.LoadTarget(arg, text, os.LookupEnv)
}

// write writes the files that were asked for.
func (f *checkFlags) write(stdout io.Writer, reports []*conformance.Report) error {
	one := reports[0]
	for _, file := range []struct {
		path  string
		write func(io.Writer) error
	}{
		{f.json, func(w io.Writer) error { return conformance.WriteJSON(w, one) }},
		{f.junit, func(w io.Writer) error { return conformance.WriteJUnit(w, one) }},
		{f.sarif, func(w io.Writer) error { return conformance.WriteSARIF(w, one) }},
		{f.markdown, func(w io.Writer) error {
			for _, r := range reports {
				if err := conformance.WriteMarkdown(w, r); err != nil {
					return err
				}
			}
			return nil
		}},
		{f.html, func(w io.Writer) error { return conformance.WriteHTML(w, reports...) }},
	} {
		if file.path == "" {
			continue
		}
		if err := writeTo(stdout, file.path, file.write); err != nil {
			return err
		}
	}
	return nil
}

// writeTo writes a file, or the standard output where the path is a hyphen.
func writeTo(stdout io.Writer, path string, write func(io.Writer) error) error {
	if path == "-" {
		return write(stdout)
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(file); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

func exitForReports(stderr io.Writer, reports []*conformance.Report) error {
	code := exitYes
	for _, r := range reports {
		if len(r.Stale) > 0 {
			fmt.Fprintf(stderr, "ssegauge: the baseline is stale: these checks no longer fail: %s\n", strings.Join(r.Stale, ", "))
		}
		switch {
		case r.Interrupted:
			return exit(exitInterrupted)
		case r.Verdict != conformance.Pass:
			code = exitNo
		}
	}
	if code != exitYes {
		return exit(code)
	}
	return nil
}
