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
)

// A kill is what became of the checks under one fault. A plain server has none,
// and no check may be red under it.
type kill struct {
	fault      string
	killed     []string // red, and named by the fault
	survived   []string // named by the fault, and not red
	unexpected []string // red, and not named; with what was observed
	again      bool     // it was tried a second time, by itself
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

// killTable tries the plain servers and every fault that breaks something. What
// goes wrong while others take the processor is tried once more without them.
func killTable(ctx context.Context) []kill {
	list := trials()
	table := make([]kill, len(list))
	slots := make(chan struct{}, parallelFaults)
	var running sync.WaitGroup
	for i, t := range list {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			table[i] = try(ctx, t)
		})
	}
	running.Wait()
	for i := range table {
		if !table[i].good() && ctx.Err() == nil {
			table[i] = try(ctx, list[i])
			table[i].again = true
		}
	}
	return table
}

func try(ctx context.Context, t trial) kill {
	fault := t.fault
	k := kill{fault: t.name()}
	checks, err := t.breaks()
	if err != nil {
		k.err = err
		return k
	}
	server, err := startReference(reference{fault: fault.ID, protocol: t.protocol(), tls: needTLS(checks)})
	if err != nil {
		k.err = err
		return k
	}
	defer server.stop()
	var target conformance.Target
	server.complete(&target)
	options := conformance.Options{Profiles: t.profiles(checks)}
	if fault.ID != "" {
		options.Exchanges = slices.Clone(sampled)
		for _, c := range checks {
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
	verdict := "killed"
	if strings.HasSuffix(k.fault, plainServer) {
		verdict = "passed"
	}
	if !k.good() {
		verdict = "WRONG"
	}
	fmt.Fprintf(w, "%-6s  %-32s %s", verdict, k.fault, strings.Join(k.killed, ", "))
	if k.again {
		fmt.Fprint(w, " (at the second try)")
	}
	fmt.Fprintln(w)
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
