package main

import (
	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/proxylab"
)

// guardVerb is what this program calls itself by to guard a proxy.
const guardVerb = "guard-process"

// newGuard is for the program itself, not for people.
func newGuard() *cobra.Command {
	return &cobra.Command{
		Use:    guardVerb,
		Short:  "Run a process for as long as the standard input is open",
		Args:   cobra.NoArgs,
		Hidden: true,
		RunE: func(c *cobra.Command, _ []string) error {
			return proxylab.Guard(c.Context(), c.InOrStdin(), c.OutOrStdout())
		},
	}
}
