package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/proxylab"
	"github.com/ssegauge/ssegauge/loadgen"
)

type proxyFlags struct {
	json, html, markdown        string
	own                         proxylab.Own
	behaviourOnly, capacityOnly bool
	quiet                       bool
}

func newProxy() *cobra.Command {
	var f proxyFlags
	c := &cobra.Command{
		Use:   "proxy MATRIX.yaml | --config FILE --listen URL",
		Short: "Run proxies under many settings and show what each does to an event stream",
		Long: `Start real proxies, unprivileged and on free ports of 127.0.0.1, with each
variant of a matrix, and show what it does to an event stream: when head and
events come, what is held, cut, replayed or refused, what it costs under load,
and which lines put it right. A proxy that is not installed is a skipped row.

With --config, a configuration of your own is judged in place of a matrix. Of
nginx, a copy runs whose listeners are moved to free ports and whose upstreams
are replaced; with --origin, the file runs as it is, and what it passes on to is
listened at that address.

Exit codes: 0 every verdict is the one that is foreseen, 1 one is not, 2 the
matrix is not valid or a proxy refused to start, 3 the load generator was the
limit, 130 interrupted.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return proxy(c, args, &f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.json, "json", "", "write the report as JSON to `file`, - for the standard output")
	flags.StringVar(&f.html, "html", "", "write a page with a latency curve for each variant to `file`")
	flags.StringVar(&f.markdown, "markdown", "", "write a page in Markdown to `file`")
	flags.StringVar(&f.own.Config, "config", "", "judge this configuration `file`")
	flags.StringVar(&f.own.Listen, "listen", "", "the `URL` by which a stream is reached through --config: https://app.example/events")
	flags.StringVar(&f.own.Origin, "origin", "", "run --config as it is; it passes on to this `address`")
	flags.StringVar(&f.own.Proxy, "proxy", "nginx", "the `program` that --config is for: "+strings.Join(proxylab.Proxies(), ", "))
	flags.StringVar(&f.own.HTTP, "http", "1.1", "HTTP `version` that clients speak to --config, 1.1 or 2")
	flags.BoolVar(&f.behaviourOnly, "behaviour-only", false, "leave load and capacity out")
	flags.BoolVar(&f.capacityOnly, "capacity-only", false, "only find out how many streams each setting allows")
	flags.BoolVar(&f.quiet, "quiet", false, "print nothing but errors")
	c.MarkFlagsMutuallyExclusive("behaviour-only", "capacity-only")
	return c
}

func proxy(c *cobra.Command, args []string, f *proxyFlags) error {
	matrix, err := f.matrix(args)
	if err != nil {
		return err
	}
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	lab, err := proxylab.NewLab([]string{executable, guardVerb}, matrix.Hosts...)
	if err != nil {
		return err
	}
	options := proxylab.Options{
		BehaviourOnly: f.behaviourOnly, CapacityOnly: f.capacityOnly, Version: version(),
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
	report, failed := lab.Run(c.Context(), matrix, options)
	if failed != nil && len(report.Rows) == 0 {
		return failed
	}
	if !f.quiet && f.json != "-" {
		if err := proxylab.WriteText(c.OutOrStdout(), report); err != nil {
			return err
		}
	}
	for _, file := range []struct {
		path  string
		write func(io.Writer, *proxylab.Report) error
	}{
		{f.json, proxylab.WriteJSON}, {f.html, proxylab.WriteHTML},
		{f.markdown, func(w io.Writer, r *proxylab.Report) error {
			return proxylab.WriteMarkdown(w, r, strings.Join(args, " "))
		}},
	} {
		if file.path == "" {
			continue
		}
		if err := writeTo(c.OutOrStdout(), file.path, func(w io.Writer) error { return file.write(w, report) }); err != nil {
			return err
		}
	}
	if failed != nil {
		return failed
	}
	return exitForRows(report)
}

func exitForRows(r *proxylab.Report) error {
	switch {
	case r.Interrupted:
		return exit(exitInterrupted)
	case len(r.Surprises()) > 0:
		return exit(exitNo)
	case r.Invalid():
		return exit(exitInvalid)
	}
	return nil
}

// matrix is the file's, or that of a configuration of one's own.
func (f *proxyFlags) matrix(args []string) (*proxylab.Matrix, error) {
	switch {
	case f.own.Config == "" && len(args) == 1:
		return proxylab.LoadMatrix(args[0], os.LookupEnv)
	case f.own.Config == "" || len(args) > 0:
		return nil, errors.New("name a matrix file, or else --config with --listen")
	}
	return f.own.Matrix()
}
