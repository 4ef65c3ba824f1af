package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/schema"
)

func newSchema() *cobra.Command {
	kinds := schema.Kinds()
	return &cobra.Command{
		Use:   "schema " + strings.Join(kinds, "|"),
		Short: "Print the JSON Schema of a kind of file, for editors",
		Long: `Print the JSON Schema (draft 2020-12) of a kind of file. An editor with the YAML
language server completes and checks a file whose first line names its schema:

  # yaml-language-server: $schema=scenario.schema.json`,
		Args:      cobra.ExactArgs(1),
		ValidArgs: kinds,
		RunE: func(c *cobra.Command, args []string) error {
			text, ok := schema.Of(args[0])
			if !ok {
				return unknown("schema", args[0], kinds...)
			}
			_, err := c.OutOrStdout().Write(text)
			return err
		},
	}
}
