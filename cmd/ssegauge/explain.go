package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/loadgen"
)

func newExplain() *cobra.Command {
	var set []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "explain SCENARIO.yaml",
		Short: "Say what a scenario will do, without doing it",
		Long: `Print the plan of a scenario: when streams open, which tokens they carry, how
many events are due and how many deliveries that makes, what the run needs of
this machine, and what must hold at the end. Nobody is contacted.

Exit codes: 0 the scenario can be run here, 2 it cannot.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return explain(c, args[0], set, asJSON) },
	}
	c.Flags().StringArrayVar(&set, "set", nil, "replace a value of the scenario, as `key=value`: streams.count=50")
	c.Flags().BoolVar(&asJSON, "json", false, "print the plan as JSON, with every stream")
	return c
}

func explain(c *cobra.Command, file string, set []string, asJSON bool) error {
	scenario, err := readScenario(file, set)
	if err != nil {
		return err
	}
	if scenario.Embedded() {
		authenticate(scenario)
	}
	plan := loadgen.NewPlan(scenario)
	explanation, err := plan.Explain()
	if err != nil {
		return err
	}
	if asJSON {
		encoder := json.NewEncoder(c.OutOrStdout())
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(explanation)
	} else {
		err = explanation.WriteText(c.OutOrStdout())
	}
	if err != nil {
		return err
	}
	return explanation.Preflight.Err()
}
