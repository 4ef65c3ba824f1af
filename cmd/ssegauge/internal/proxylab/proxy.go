package proxylab

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
)

// A Proxy is a process that answers for one or more variants.
type Proxy struct {
	process *process // nil for the one in this process
	stop    func()
	kind    *kind
	// Version of the program.
	Version string
	// Config is its configuration.
	Config string
	urls   map[string]string
	limit  time.Duration // for which is waited until it answers
	client *http.Client  // that asks whether it does
}

// URL is where a variant listens; but for somebody's own configuration it ends
// in a slash.
func (p *Proxy) URL(variant string) string { return p.urls[variant] }

// CA is the path of a PEM file with the certificate of the variants that have
// one.
func (p *Proxy) CA() string { return p.process.job.in(certificateFile) }

// target is a variant as the probes see it.
func (p *Proxy) target(v *Variant) conformance.Target {
	t := conformance.Target{URL: p.URL(v.Name), HTTP: v.HTTP}
	if v.TLS {
		t.TLS.CA = p.CA()
	}
	if v.own != nil {
		t.Headers = map[string]string{"Host": v.own.url.Host}
		t.TLS.ServerName = v.own.url.Hostname()
		t.TLS.Insecure = v.fixed() // its certificate is its own
	}
	return t
}

// Log is what the proxy has written into its logs so far.
func (p *Proxy) Log() string {
	if p.process == nil {
		return ""
	}
	return p.process.log(p.kind.logs...)
}

// group is the process group, 0 if there is none.
func (p *Proxy) group() int {
	if p.process == nil {
		return 0
	}
	return p.process.group
}

// Stop ends all processes of the proxy and removes its folder.
func (p *Proxy) Stop() { p.stop() }

// Refused says that a proxy did not start, and what it said about it.
type Refused struct{ Proxy, How, Log string }

func (e *Refused) Error() string {
	return fmt.Sprintf("%s refused to start (%s); it says:\n%s", e.Proxy, e.How, indent(e.Log))
}

func indent(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }

const (
	// startLimit bounds how long a proxy may take until it answers.
	startLimit = 60 * time.Second
	// ownLimit is startLimit for a configuration that may not even pass on what
	// it is asked for.
	ownLimit = 20 * time.Second
)

// await polls each variant until it answers.
func (p *Proxy) await(ctx context.Context, ready Ready) error {
	ctx, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	for name, url := range p.urls {
		for {
			err := ready(ctx, p.client, url)
			select {
			case <-p.process.ended:
				return &Refused{p.kind.name, p.process.how, p.Log()}
			default:
			}
			if err == nil {
				break
			}
			select {
			case <-time.After(20 * time.Millisecond):
			case <-p.process.ended:
			case <-ctx.Done():
				if context.Cause(ctx) == context.DeadlineExceeded {
					return fmt.Errorf("%s did not pass on the origin's answer within %v: %w; it says:\n%s", name, p.limit, err, indent(p.Log()))
				}
				return ctx.Err()
			}
		}
	}
	return nil
}
