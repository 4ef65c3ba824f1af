package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/conformance"
)

func newLint() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "lint FILE",
		Short: "Check a captured event stream, such as curl -N writes",
		Long: `Check the bytes of a captured event stream: the body alone, without the response
head. A hyphen reads the standard input:

  curl -N --max-time 30 URL | ssegauge lint -`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return lint(c, args[0], &f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.json, "json", "", "write the report as JSON to `file`, - for the standard output")
	flags.StringVar(&f.junit, "junit", "", "write the report as JUnit XML to `file`")
	flags.StringVar(&f.sarif, "sarif", "", "write the report as SARIF 2.1.0 to `file`")
	flags.StringVar(&f.markdown, "markdown", "", "write a summary in Markdown to `file`")
	flags.StringVar(&f.html, "html", "", "write a page to `file`")
	flags.StringSliceVar(&f.run, "run", nil, "run only the checks that match this `glob`")
	flags.StringSliceVar(&f.skip, "skip", nil, "leave out the checks that match this `glob`")
	flags.StringVar(&f.level, "level", "", "run only the checks of this level or above: must, should, info")
	flags.BoolVar(&f.strict, "strict", false, "let a SHOULD that is not met fail")
	flags.StringVar(&f.ruleset, "ruleset", "", "run the checks of this `version`")
	flags.StringVar(&f.baseline, "baseline", "", "`file` of accepted failures, one ID a line")
	return c
}

func lint(c *cobra.Command, path string, f *checkFlags) error {
	options, err := f.options()
	if err != nil {
		return err
	}
	from := c.InOrStdin()
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		from = file
	}
	report, err := conformance.Lint(path, io.Reader(from), options)
	if err != nil {
		return err
	}
	if f.json != "-" {
		if err := conformance.WriteText(c.OutOrStdout(), report, colorful(c.OutOrStdout())); err != nil {
			return err
		}
	}
	reports := []*conformance.Report{report}
	if err := f.write(c.OutOrStdout(), reports); err != nil {
		return err
	}
	return exitForReports(c.ErrOrStderr(), reports)
}
