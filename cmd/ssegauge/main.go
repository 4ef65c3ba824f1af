// Ssegauge measures and checks backends of Server-Sent Events.
//
// Each verb is one file: flags, a call into a library, and what it returned.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Stdin, os.Stdout, os.Stderr, os.Args[1:]))
}
