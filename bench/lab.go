package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// A lab is one run of the benchmarks: its programs, the processes that live,
// and what was measured so far.
type lab struct {
	*options
	folder string

	mu        sync.Mutex
	processes []*process

	senders, receivers, agreement table
}

// newLab builds the programs in a temporary folder, which close removes.
func newLab(ctx context.Context, o *options) (*lab, error) {
	folder, err := os.MkdirTemp("", "ssegauge-bench-")
	if err != nil {
		return nil, err
	}
	l := &lab{
		options: o, folder: folder,
		senders:   table{title: "Senders", rows: senderRows},
		receivers: table{title: "Receivers", rows: receiverRows},
		agreement: table{title: "Generator and sink on the same server at the same time, half of the streams each", rows: agreementRows},
	}
	for _, build := range []struct{ in, name, with string }{
		{"..", "ssegauge", "go build -o %s ./cmd/ssegauge"},
		{".", "joe", "go build -o %s ./joe"},
		{".", "gosseclient", "go build -o %s ./gosseclient"},
		{".", "floor", "cc -O2 -o %s c/floor.c"},
		{".", "sink", "cc -O2 -pthread -o %s c/sink.c"},
	} {
		words := strings.Fields(fmt.Sprintf(build.with, l.program(build.name)))
		command := exec.CommandContext(ctx, words[0], words[1:]...)
		command.Dir = build.in
		if out, err := command.CombinedOutput(); err != nil {
			l.close()
			return nil, fmt.Errorf("%s: %w\n%s", command, err, out)
		}
	}
	return l, nil
}

func (l *lab) program(name string) string { return filepath.Join(l.folder, name) }

// log says on the standard error what happens.
func (l *lab) log(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
}

func (l *lab) adopt(p *process) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.processes = append(l.processes, p)
}

func (l *lab) release(p *process) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.processes = slices.DeleteFunc(l.processes, func(q *process) bool { return q == p })
}

// close ends every process that still lives and removes the folder.
func (l *lab) close() {
	l.mu.Lock()
	living := slices.Clone(l.processes)
	l.mu.Unlock()
	for _, p := range living {
		p.stop()
	}
	_ = os.RemoveAll(l.folder)
}

// each runs measure for each candidate in turn, as often as there are
// rounds. What goes wrong with one candidate is noted in the table and costs
// only its figure; an interrupt ends all.
func (l *lab) each(ctx context.Context, t *table, part string, candidates []string, measure func(candidate string) error) error {
	for round := range l.rounds {
		for _, candidate := range candidates {
			err := measure(candidate)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			var skip *skipped
			if errors.As(err, &skip) {
				t.note("%s: left out: %s", candidate, skip.why)
			} else if err != nil {
				t.note("%s, %s: %v", candidate, part, err)
				l.log("%s round %d: %s: %v", part, round+1, candidate, err)
			}
		}
	}
	return nil
}

// skipped says that a candidate is not on this machine.
type skipped struct{ why string }

func (s *skipped) Error() string { return s.why }
