package main

import (
	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/loadgen"
)

func newReport() *cobra.Command {
	return &cobra.Command{
		Use:   "report RUN...",
		Short: "Show saved runs again",
		Long:  "Show runs that `ssegauge load --out DIR` saved: each RUN is such a folder, or its summary.json.",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
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
			}
			return nil
		},
	}
}
