package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes of every verb.
const (
	exitYes         = 0
	exitNo          = 1 // a threshold or a MUST was not met
	exitUsage       = 2 // usage, configuration, or the target is unreachable
	exitInvalid     = 3 // the generator was the limit, not the target
	exitInterrupted = 130
)

// An exit is an error that only carries a code: everything has been said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// run executes one command line and returns its exit code. An interrupt ends
// the context of the verb, which then winds down; a second one ends the
// process.
func run(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer, args []string) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	root := newRoot()
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetArgs(bareJSON(root, args))
	err := root.ExecuteContext(ctx)
	var code exit
	switch {
	case err == nil:
		return exitYes
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintf(stderr, "ssegauge: %v\n", strings.TrimSpace(err.Error()))
	return exitUsage
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "ssegauge",
		Short: "Measure and check backends of Server-Sent Events",
		Long: `Ssegauge drives many event streams against a backend, measures how late
events arrive, and keeps an exact ledger of what was lost, doubled or reordered.

Exit codes: 0 yes, 1 the verdict is no, 2 usage, configuration or target
unreachable, 3 the measurement is invalid, 130 interrupted.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_ = c.Help()
			return exit(exitUsage)
		},
	}
	root.AddCommand(newLoad(), newCapacity(), newExplain(), newInit(), newCheck(), newLint(), newDoctor(), newProxy(), newServe(), newReport(), newSchema(), newVersion(), newGuard())
	return root
}

// bareJSON gives a --json that names no file the standard output for one, where
// the verb's --json takes a file.
func bareJSON(root *cobra.Command, args []string) []string {
	const flag = "--json"
	verb, _, err := root.Find(args)
	if err != nil {
		return args // which is said when it is executed
	}
	if f := verb.Flags().Lookup("json"); f == nil || f.Value.Type() != "string" {
		return args
	}
	args = slices.Clone(args)
	for i, arg := range args {
		last := i == len(args)-1
		if arg == flag && (last || len(args[i+1]) > 1 && args[i+1][0] == '-') {
			args[i] = flag + "=-"
		}
	}
	return args
}

// colorful reports whether w is a terminal whose user has not asked for plain
// text (https://no-color.org).
func colorful(w io.Writer) bool { return isTerminal(w) && os.Getenv("NO_COLOR") == "" }
