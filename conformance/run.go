package conformance

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Options says which checks are run, and how. The zero value runs all that the
// target allows.
type Options struct {
	// Run and Skip are globs of check IDs, such as "inject.*"; a dotted prefix
	// such as "inject" does as well. Empty Run means all.
	Run, Skip []string
	// Level leaves out checks that matter less. Default: none is left out.
	Level Level
	// Strict makes a SHOULD that is not met fail the report.
	Strict bool
	// Profiles switch further checks on.
	Profiles []string
	// Ruleset names the version whose checks are run. Default: the current
	// checks, which may grow.
	Ruleset string
	// Exchanges, unless empty, are the only ones that take place beside the
	// opening one. Checks of others are left out.
	Exchanges []string
	// Baseline lists accepted failures.
	Baseline Baseline
	// Record, unless empty, is a folder into which the transcripts are written.
	Record string
	// Parallel bounds the exchanges that take place at a time. Default 6.
	Parallel int
	// Progress, unless nil, is called whenever an exchange begins or ends, from
	// one goroutine at a time.
	Progress func(Progress)
}

// Progress is how far a run is.
type Progress struct {
	Exchange string // that has just begun or ended
	Ended    bool
	Done, Of int // exchanges
	Elapsed  time.Duration
}

// ErrUnreachable tells that no connection to the target could be made.
var ErrUnreachable = errors.New("target unreachable")

// Run judges a target. What is wrong with the target is in the report; an error
// says that it could not be made: the options or the target are not valid, the
// target is unreachable, or a transcript could not be written. If ctx ends, the
// report has what was seen until then.
func Run(ctx context.Context, target Target, o Options) (*Report, error) {
	r, err := newRunner(target, o)
	if err != nil {
		return nil, err
	}
	defer r.client.CloseIdleConnections()
	if err := r.reach(ctx); err != nil {
		return nil, err
	}
	r.converseAll(ctx)
	report := r.report(ctx)
	r.leave(ctx)
	if o.Record != "" {
		if err := r.save(o.Record); err != nil {
			return nil, err
		}
	}
	return report, nil
}

// A runner is one run.
type runner struct {
	target   Target
	options  Options
	url      string // the target's
	checks   []Check
	begun    time.Time
	tls      *tls.Config
	client   *http.Client
	redactor redactor
	serial   sync.Mutex // held by exchanges that cannot have a topic of their own
	withheld bool       // the target sends heads with the first event; fixed by the opening exchange
	session  []Field    // what every request of an MCP session carries; fixed before the exchanges

	mu          sync.Mutex // guards the rest
	transcripts map[string]*Transcript
	defects     map[string]string // by exchange: what was wrong with it
	probes      []Probe
	done, of    int

	recorded *recording // what is judged again; nil in a run
}

func newRunner(target Target, o Options) (*runner, error) {
	for _, p := range o.Profiles {
		if !slices.Contains(target.Profiles, p) {
			target.Profiles = append(slices.Clone(target.Profiles), p)
		}
	}
	target, err := target.forProfiles().WithDefaults()
	if err != nil {
		return nil, err
	}
	r := &runner{
		target: target, options: o, url: target.URL, begun: time.Now(),
		transcripts: map[string]*Transcript{}, defects: map[string]string{},
	}
	if r.options.Parallel <= 0 {
		r.options.Parallel = 6
	}
	r.checks, err = choose(Checks(), selection{run: o.Run, skip: o.Skip, level: o.Level, profiles: target.Profiles, ruleset: o.Ruleset})
	if err != nil {
		return nil, err
	}
	if err := r.narrow(o.Exchanges); err != nil {
		return nil, err
	}
	if r.tls, err = target.TLS.config(); err != nil {
		return nil, err
	}
	transport := &http.Transport{
		TLSClientConfig: r.tls.Clone(), DisableCompression: true,
		MaxIdleConnsPerHost: 16, TLSHandshakeTimeout: target.Pace.Patience,
	}
	r.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	r.redactor.addURL(target.URL)
	for _, v := range target.Headers {
		r.redactor.add(Secret(v))
	}
	if t := target.Tokens; t != nil {
		r.redactor.add(t.Good, t.Publisher, t.Other, t.Expired, t.Forbidden)
		if t.JWT != nil {
			r.redactor.add(t.JWT.Secret)
		}
	}
	return r, nil
}

// narrow leaves out the checks of all but the named exchanges.
func (r *runner) narrow(names []string) error {
	for _, name := range names {
		if _, ok := findExchange(name); !ok {
			return fmt.Errorf("unknown exchange %q", name)
		}
	}
	if len(names) > 0 {
		r.checks = slices.DeleteFunc(r.checks, func(c Check) bool {
			return c.Exchange != opening && c.Exchange != surviving && !slices.Contains(names, c.Exchange)
		})
	}
	return nil
}

// now is the time since the beginning of the run, never zero.
func (r *runner) now() time.Duration { return max(time.Since(r.begun), 1) }

// reach makes the first connection, before anything is judged.
func (r *runner) reach(ctx context.Context) error {
	t := &talk{ctx: ctx, run: r, exchange: &exchange{}, target: &r.target, topic: "ssegauge", rec: &Transcript{}}
	request, err := t.request(ask{role: anonymous})
	if err != nil {
		return fmt.Errorf("target: %w", err)
	}
	protocol := "http/1.1"
	if r.target.HTTP == "2" {
		protocol = "h2"
	}
	conn, err := r.dial(ctx, request.url, protocol, 0)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%w: tried a connection to %s: %s", ErrUnreachable, request.url.Host, networkProblem(err))
	}
	return conn.Close()
}

// needed returns the exchanges that the chosen checks are judged from, in their
// order, and which the target allows.
func (r *runner) needed() []*exchange {
	wanted := map[string]bool{opening: true, greeting: slices.Contains(r.target.Profiles, "mcp")}
	for _, c := range r.checks {
		if r.lacking(&c) != "" {
			continue
		}
		wanted[c.Exchange] = true
		for _, name := range c.Also {
			e, ok := findExchange(name)
			allowed := len(r.options.Exchanges) == 0 || slices.Contains(r.options.Exchanges, name)
			if ok && allowed && r.lackingFor(e.needs) == "" {
				wanted[name] = true
			}
		}
	}
	var list []*exchange
	for i := range exchanges {
		if wanted[exchanges[i].name] {
			list = append(list, &exchanges[i])
		}
	}
	return list
}

// lacking says what the target lacks for a check, "" if nothing.
func (r *runner) lacking(c *Check) string {
	if r.recorded != nil {
		return r.recorded.Lacking[c.ID]
	}
	needs := c.Needs
	if e, ok := findExchange(c.Exchange); ok {
		needs = slices.Concat(e.needs, needs)
	}
	return r.lackingFor(needs)
}

func (r *runner) lackingFor(needs []Capability) string {
	for _, need := range needs {
		if how := r.target.lacks(need); how != "" {
			return how
		}
	}
	return ""
}

// converseAll lets the exchanges take place: the opening one, then those that
// do not disturb each other side by side, then the others.
func (r *runner) converseAll(ctx context.Context) {
	list := r.needed()
	r.of = len(list)
	if i := slices.IndexFunc(list, func(e *exchange) bool { return e.name == greeting }); i >= 0 {
		r.take(ctx, list[i])
		list = slices.Delete(list, i, i+1)
	}
	first, _ := findExchange(opening)
	r.take(ctx, first)
	opened := r.transcripts[opening]
	answered := slices.ContainsFunc(opened.Connections, func(c *Connection) bool { return c.Responded != 0 })
	streamed := len(opened.streams()) > 0

	var together, alone []*exchange
	for _, e := range list {
		switch {
		case e == first:
		case !answered, !streamed && !e.anyway:
			r.mu.Lock()
			r.of--
			r.mu.Unlock()
		case e.alone:
			alone = append(alone, e)
		default:
			together = append(together, e)
		}
	}
	r.takeAll(ctx, together, alone)
}

// takeAll lets exchanges take place side by side, and others after them, one by
// one.
func (r *runner) takeAll(ctx context.Context, together, alone []*exchange) {
	slots := make(chan struct{}, r.options.Parallel)
	var running sync.WaitGroup
	for _, e := range together {
		if !e.idle {
			slots <- struct{}{}
		}
		running.Go(func() {
			if !e.idle {
				defer func() { <-slots }()
			}
			if e.publishes() && !r.target.ownTopics() {
				r.serial.Lock()
				defer r.serial.Unlock()
			}
			r.take(ctx, e)
		})
	}
	running.Wait()
	for _, e := range alone {
		r.take(ctx, e)
	}
}

// take lets one exchange take place and looks whether the target survived it.
func (r *runner) take(ctx context.Context, e *exchange) {
	if ctx.Err() != nil {
		return
	}
	r.progress(e, false)
	t := r.converse(ctx, e, r.payloads(e))
	probe := Probe{After: e.name, Problem: r.probe(ctx)}
	if ctx.Err() != nil {
		t.Problem = "the run was interrupted"
	}
	r.mu.Lock()
	r.transcripts[e.name] = t
	probe.At = r.now()
	r.probes = append(r.probes, probe)
	r.mu.Unlock()
	r.progress(e, true)
}

// probe returns why the target accepts no connection, "" if it does.
func (r *runner) probe(ctx context.Context) string {
	var err error
	for range 3 {
		if err = r.reach(ctx); err == nil || ctx.Err() != nil {
			return ""
		}
		select {
		case <-time.After(r.target.Pace.Quiet / 2):
		case <-ctx.Done():
			return ""
		}
	}
	return err.Error()
}

// payloads collects what the chosen checks want the exchange to publish.
func (r *runner) payloads(e *exchange) []payloadOf {
	var list []payloadOf
	for _, c := range r.checks {
		if c.Exchange != e.name || r.lacking(&c) != "" {
			continue
		}
		for _, p := range c.Payloads {
			list = append(list, payloadOf{c.ID, p})
		}
	}
	return list
}

func (r *runner) progress(e *exchange, ended bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ended {
		r.done++
	}
	if r.options.Progress != nil {
		r.options.Progress(Progress{Exchange: e.name, Ended: ended, Done: r.done, Of: r.of, Elapsed: r.now()})
	}
}

// broken notes a defect of this package.
func (r *runner) broken(exchange, problem string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.defects[exchange] = problem
}
