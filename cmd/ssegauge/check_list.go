package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/ssegauge/ssegauge/conformance"
)

// listChecks lists all checks, as JSON if --json is given.
func listChecks(w io.Writer, f *checkFlags) error {
	checks := conformance.Checks()
	if f.json != "" {
		return writeTo(w, f.json, func(w io.Writer) error { return conformance.WriteCatalogue(w, checks) })
	}
	for _, c := range checks {
		profile := ""
		if c.Profile != "" {
			profile = " (profile " + c.Profile + ")"
		}
		if _, err := fmt.Fprintf(w, "%-34s %-6s %s%s\n", c.ID, c.Level, c.Require, profile); err != nil {
			return err
		}
	}
	return nil
}

// explainCheck says all that is known about one check.
func explainCheck(w io.Writer, id string) error {
	c, err := conformance.Find(id)
	if err != nil {
		return err
	}
	var needs []string
	for _, n := range c.Needs {
		needs = append(needs, string(n))
	}
	about, _ := conformance.FindExchange(c.Exchange)
	fmt.Fprintf(w, "%s  %s, %s\n", c.ID, c.Level, c.Clause)
	for _, row := range [][2]string{
		{"requires", c.Require}, {"why", c.Why}, {"fix", c.Fix}, {"profile", c.Profile},
		{"exchange", strings.TrimSuffix(c.Exchange+": "+about, ": ")}, {"needs", strings.Join(needs, ", ")},
		{"fault", strings.Join(faultsThatBreak(&c), ", ")},
	} {
		if row[1] != "" {
			fmt.Fprintf(w, "  %-9s %s\n", row[0], row[1])
		}
	}
	return nil
}
