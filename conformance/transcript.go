package conformance

import (
	"io"

	"github.com/ssegauge/ssegauge/internal/eventstream"
)

// A Transcript is what was recorded of one event stream.
type Transcript struct {
	// Findings are what a decoder that follows the standard noticed.
	Findings eventstream.Findings
}

// record reads a captured stream to its end.
func record(r io.Reader) (*Transcript, error) {
	t := &Transcript{}
	decoder := eventstream.NewDecoder(&eventstream.Config{Findings: &t.Findings})
	buffer := make([]byte, 32<<10)
	for {
		n, err := r.Read(buffer)
		decoder.Feed(buffer[:n], func(eventstream.Event) {})
		if err == io.EOF {
			decoder.End()
			return t, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// Lint judges a captured raw event stream, such as `curl -N` writes: the body
// alone, without the response head. It returns a result for every check that
// needs no more than the bytes. An error comes from r.
func Lint(r io.Reader) ([]Result, error) {
	t, err := record(r)
	if err != nil {
		return nil, err
	}
	results := make([]Result, 0, len(streamChecks))
	for i := range streamChecks {
		results = append(results, streamChecks[i].judge(t))
	}
	return results, nil
}
