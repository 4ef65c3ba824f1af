package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func isTerminalInput(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// A question asks for the value of a flag.
type question struct {
	flag, text string
	when       func(d *draft) bool // nil: always
}

var questions = []question{
	{"url", "URL of the event stream, or embedded for a reference server", nil},
	{"publish-url", "URL that takes events by POST; nothing if the server publishes by itself", (*draft).remote},
	{"streams", "number of streams", nil},
	{"rate", "rate of events", (*draft).publishes},
	{"duration", "time for which events are published and measured", nil},
	{"auth", "where tokens come from: " + strings.Join(authKinds, ", "), nil},
	{"send", "how they are sent: bearer, header NAME, cookie NAME or query NAME", (*draft).sendsTokens},
}

func (d *draft) remote() bool      { return !d.Embedded() }
func (d *draft) publishes() bool   { return d.Embedded() || d.PublishURL != "" }
func (d *draft) sendsTokens() bool { return !d.Embedded() && d.complete().Auth != "none" }

// ask asks for what no flag says, each question until its answer is good.
func (d *draft) ask(c *cobra.Command) error {
	answers := readLines(c.InOrStdin())
	for _, q := range questions {
		if c.Flags().Changed(q.flag) || q.when != nil && !q.when(d) {
			continue
		}
		flag := c.Flags().Lookup(q.flag)
		initial := flag.Value.String()
		shown := initial
		if q.flag == "auth" {
			shown = d.complete().Auth
		}
		_, before := d.text()
		for {
			fmt.Fprintf(c.OutOrStdout(), "%s [%s]: ", q.text, shown)
			var answer string
			var ok bool
			select {
			case answer, ok = <-answers:
			case <-c.Context().Done():
				return exit(exitInterrupted)
			}
			if !ok {
				return errors.New("the answers ended; nothing is written")
			}
			err := flag.Value.Set(cmp.Or(answer, initial))
			if err == nil {
				_, err = d.text()
			}
			// What was wrong before is not the answer's fault.
			if err == nil || before != nil && err.Error() == before.Error() {
				break
			}
			fmt.Fprintf(c.OutOrStdout(), "%v\n", err)
		}
	}
	return nil
}

// readLines reads until the end of r. A read from a terminal cannot be called
// off; it ends with the process.
func readLines(r io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(r); scanner.Scan(); {
			lines <- strings.TrimSpace(scanner.Text())
		}
	}()
	return lines
}
