package conformance

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Baseline is the IDs of checks whose failure or warning is accepted.
type Baseline []string

// ReadBaseline reads one ID a line. Blank lines, and what follows a #, are
// ignored. An ID that is not a check's is an error: it would never go stale.
func ReadBaseline(r io.Reader) (Baseline, error) {
	var b Baseline
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		id, _, _ := strings.Cut(lines.Text(), "#")
		id = strings.TrimSpace(id)
		if id == "" {
			continue
		}
		if _, err := Find(id); err != nil {
			return nil, fmt.Errorf("baseline, line %d: %w", n, err)
		}
		if slices.Contains(b, id) {
			return nil, fmt.Errorf("baseline, line %d: %s is listed twice", n, id)
		}
		b = append(b, id)
	}
	return b, lines.Err()
}

// apply marks the accepted results of the report and lists the stale entries:
// checks that were expected to fail, were run, and did not.
func (b Baseline) apply(r *Report) {
	for i := range r.Checks {
		result := &r.Checks[i]
		if !slices.Contains(b, result.ID) {
			continue
		}
		switch result.Outcome {
		case Fail, Warn:
			result.Accepted = true
		case Pass, Told:
			r.Stale = append(r.Stale, result.ID)
		}
	}
}
