package main

import (
	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/loadgen"
)

type reportFlags struct {
	html string
}

func newReport() *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use:   "report RUN...",
		Short: "Show saved runs again",
		Long:  "Show runs that `ssegauge load --out DIR` saved: each RUN is such a folder, or its summary.json.",
		Args:  cobra.MinimumNArgs(1),
		RunE:  func(c *cobra.Command, args []string) error { return report(c, args, &f) },
	}
	c.Flags().StringVar(&f.html, "html", "", "write the report as a page to `FILE`")
	return c
}

func report(c *cobra.Command, args []string, f *reportFlags) error {
	for i, path := range args {
		r, err := loadgen.LoadReport(path)
		if err != nil {
			return err
		}
		if i > 0 {
			c.Println()
		}
		if err := r.WriteText(c.OutOrStdout(), colorful(c.OutOrStdout())); err != nil {
			return err
		}
		if f.html != "" {
			if err := writeTo(c.OutOrStdout(), f.html, r.WriteHTML); err != nil {
				return err
			}
		}
	}
	return nil
}
