package conformance

import (
	"io"
	"slices"
	"time"
)

// Lint judges a captured raw event stream, such as `curl -N` writes: the body
// alone, without the response head. It runs every check that needs no more than
// the bytes of an open stream; a capture that stops inside a block counts as
// one that was stopped, not as one that the server ended. At most 64 MiB are
// read. An error comes from r or from the options, of which Run, Skip, Level,
// Strict, Ruleset and Baseline have an effect.
func Lint(name string, r io.Reader, o Options) (*Report, error) {
	const most = 64 << 20
	c := &Connection{
		Exchange: opening, Name: "stream", Method: "GET", URL: name, Protocol: "HTTP/1.1",
		Dialed: 1, Sent: 1, Responded: 1, Status: 200, End: EndLeft,
		Fields: []Field{{"Content-Type", "text/event-stream"}},
	}
	body, err := io.ReadAll(io.LimitReader(r, most))
	if err != nil {
		return nil, err
	}
	c.Chunks = []Chunk{{At: 1, Data: body}}
	checks, err := choose(lintable(), selection{run: o.Run, skip: o.Skip, level: o.Level, ruleset: o.Ruleset})
	if err != nil {
		return nil, err
	}
	began := time.Now()
	report := &Report{SchemaVersion: 1, Target: name, Ruleset: CurrentRuleset, Started: began.UTC().Truncate(time.Millisecond)}
	if o.Ruleset != "" {
		report.Ruleset = o.Ruleset
	}
	t := &Transcript{Exchange: opening, Facts: Facts{URL: name}, Connections: []*Connection{c}}
	for i := range checks {
		report.Checks = append(report.Checks, checks[i].judge(t))
	}
	report.DurationSeconds = time.Since(began).Seconds()
	report.settle(o.Baseline, o.Strict)
	return report, nil
}

// lintable are the checks that judge the bytes of an open stream.
func lintable() []Check {
	return slices.DeleteFunc(Checks(), func(c Check) bool {
		return c.Exchange != opening || c.Timed || len(c.Needs) > 0 || c.Profile != "" || c.Family() == "http"
	})
}
