package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/internal/refserver"
)

// faultsThatBreak lists the faults that may turn the check red.
func faultsThatBreak(id string) []string {
	var list []string
	for _, f := range refserver.Faults() {
		if slices.Contains(f.Breaks, id) {
			list = append(list, f.ID)
		}
	}
	return list
}

// A kill is what became of the checks under one fault. The plain server is the
// fault without a name, under which no check may be red.
type kill struct {
	fault      string
	killed     []string // red, and named by the fault
	survived   []string // named by the fault, and not red
	unexpected []string // red, and not named; with what was observed
	err        error
}

func (k *kill) good() bool {
	return k.err == nil && len(k.survived) == 0 && len(k.unexpected) == 0
}

// Faults are tried side by side: they mostly wait.
const parallelFaults = 8

// sampled exchanges take place under every fault, so that a fault that breaks
// more than it says is noticed.
var sampled = []string{"open", "publish", "finish"}

// killTable tries the plain server and every fault that breaks something.
func killTable(ctx context.Context) []kill {
	faults := []refserver.Fault{{}}
	for _, f := range refserver.Faults() {
		if len(f.Breaks) > 0 {
			faults = append(faults, f)
		}
	}
	table := make([]kill, len(faults))
	slots := make(chan struct{}, parallelFaults)
	var running sync.WaitGroup
	for i, fault := range faults {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			table[i] = tryFault(ctx, fault)
		})
	}
	running.Wait()
	return table
}

func tryFault(ctx context.Context, fault refserver.Fault) kill {
	k := kill{fault: fault.ID}
	server, err := startReference(reference{fault: fault.ID})
	if err != nil {
		k.err = err
		return k
	}
	defer server.stop()
	var target conformance.Target
	server.complete(&target)
	var options conformance.Options
	if fault.ID != "" {
		options.Exchanges = slices.Clone(sampled)
		for _, id := range fault.Breaks {
			c, err := conformance.Find(id)
			if err != nil {
				k.err = fmt.Errorf("the fault %s names an %w", fault.ID, err)
				return k
			}
			if _, ok := conformance.FindExchange(c.Exchange); ok && !slices.Contains(options.Exchanges, c.Exchange) {
				options.Exchanges = append(options.Exchanges, c.Exchange)
			}
		}
	}
	report, err := conformance.Run(ctx, target, options)
	if err != nil {
		k.err = err
		return k
	}
	k.judge(report, fault.Breaks)
	return k
}

func (k *kill) judge(report *conformance.Report, named []string) {
	k.survived = slices.Clone(named)
	for i := range report.Checks {
		c := &report.Checks[i]
		switch {
		case c.Outcome == conformance.Error, c.Red() && !slices.Contains(named, c.ID):
			k.unexpected = append(k.unexpected, fmt.Sprintf("%s (%s: %s)", c.ID, c.Outcome, c.Observed))
		case c.Red():
			k.killed = append(k.killed, c.ID)
			k.survived = slices.DeleteFunc(k.survived, func(id string) bool { return id == c.ID })
		}
	}
}

// unproven lists the scored checks that no fault turns red.
func unproven(table []kill) []string {
	var list []string
	for _, c := range conformance.Checks() {
		scored := c.Level == conformance.Must || c.Level == conformance.Should
		killed := slices.ContainsFunc(table, func(k kill) bool { return slices.Contains(k.killed, c.ID) })
		if scored && !killed {
			list = append(list, c.ID)
		}
	}
	return list
}

func selfTest(c *cobra.Command) error {
	table := killTable(c.Context())
	if c.Context().Err() != nil {
		return exit(exitInterrupted)
	}
	good := true
	for i := range table {
		good = good && table[i].good()
		writeKill(c.OutOrStdout(), &table[i])
	}
	alive := unproven(table)
	if len(alive) > 0 {
		fmt.Fprintf(c.OutOrStdout(), "\n%d scored checks are turned red by no fault:\n  %s\n", len(alive), strings.Join(alive, "\n  "))
	}
	if !good || len(alive) > 0 {
		return exit(exitNo)
	}
	return nil
}

func writeKill(w io.Writer, k *kill) {
	name, verdict := k.fault, "killed"
	if name == "" {
		name, verdict = "(plain server)", "passed"
	}
	if !k.good() {
		verdict = "WRONG"
	}
	fmt.Fprintf(w, "%-6s  %-24s %s\n", verdict, name, strings.Join(k.killed, ", "))
	for _, id := range k.survived {
		fmt.Fprintf(w, "        not red: %s\n", id)
	}
	for _, problem := range k.unexpected {
		fmt.Fprintf(w, "        should not be red: %s\n", problem)
	}
	if k.err != nil {
		fmt.Fprintf(w, "        %v\n", k.err)
	}
}
