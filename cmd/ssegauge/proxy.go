package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/proxylab"
	"github.com/ssegauge/ssegauge/loadgen"
)

type proxyFlags struct {
	json, html    string
	behaviourOnly bool
	quiet         bool
}

func newProxy() *cobra.Command {
	var f proxyFlags
	c := &cobra.Command{
		Use:   "proxy MATRIX.yaml",
		Short: "Run proxies under many settings and show what each does to an event stream",
		Long: `Start real proxies, unprivileged and on free ports of 127.0.0.1, with each
variant of a matrix, and show what it does to an event stream: when head and
events come, what is held, cut, replayed or refused, what it costs under load,
and which lines put it right. A proxy that is not installed is a skipped row.

Exit codes: 0 every verdict is the one that the matrix foresees, 1 one is not,
2 the matrix is not valid or a proxy refused to start, 3 the load generator was
the limit, 130 interrupted.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return proxy(c, args, &f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.json, "json", "", "write the report as JSON to `file`, - for the standard output")
	flags.StringVar(&f.html, "html", "", "write a page with a latency curve for each variant to `file`")
	flags.BoolVar(&f.behaviourOnly, "behaviour-only", false, "leave the load part out")
	flags.BoolVar(&f.quiet, "quiet", false, "print nothing but errors")
	return c
}

func proxy(c *cobra.Command, args []string, f *proxyFlags) error {
	matrix, err := proxylab.LoadMatrix(args[0], os.LookupEnv)
	if err != nil {
		return err
	}
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	lab, err := proxylab.NewLab([]string{executable, guardVerb})
	if err != nil {
		return err
	}
	options := proxylab.Options{
		BehaviourOnly: f.behaviourOnly, Version: version(),
		Server: func(ctx context.Context, s *loadgen.Scenario) (func(), error) {
			server, err := startEmbedded(ctx, s)
			if err != nil {
				return nil, err
			}
			return server.stop, nil
		},
	}
	if !f.quiet {
		options.Progress = func(what string) { fmt.Fprintln(c.ErrOrStderr(), what) }
	}
	report, err := lab.Run(c.Context(), matrix, options)
	if err != nil {
		return err
	}
	if !f.quiet && f.json != "-" {
		if err := proxylab.WriteText(c.OutOrStdout(), report); err != nil {
			return err
		}
	}
	for _, file := range []struct {
		path  string
		write func(io.Writer, *proxylab.Report) error
	}{{f.json, proxylab.WriteJSON}, {f.html, proxylab.WriteHTML}} {
		if file.path == "" {
			continue
		}
		if err := writeTo(c.OutOrStdout(), file.path, func(w io.Writer) error { return file.write(w, report) }); err != nil {
			return err
		}
	}
	switch {
	case report.Interrupted:
		return exit(exitInterrupted)
	case len(report.Surprises()) > 0:
		return exit(exitNo)
	case report.Invalid():
		return exit(exitInvalid)
	}
	return nil
}
