package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/live"
	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/telemetry"
	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/telemetry/otlp"
	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/telemetry/prometheus"
	"github.com/ssegauge/ssegauge/loadgen"
)

// watchFlags say who may watch a run.
type watchFlags struct {
	ui           string
	metrics      string
	linger       time.Duration
	otlp         string
	otlpInterval time.Duration
}

func (f *watchFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.ui, "ui", "", "`host:port` of a live page of the run; without a host 127.0.0.1, and port 0 takes a free one")
	flags.StringVar(&f.metrics, "metrics", "", "`host:port` at which Prometheus finds /metrics; likewise")
	flags.DurationVar(&f.linger, "metrics-linger", 20*time.Second, "how long --metrics stays after the run, at most, for a last scrape")
	flags.StringVar(&f.otlp, "otlp", "", "`URL` of an OpenTelemetry collector to push metrics to; headers from OTEL_EXPORTER_OTLP_HEADERS")
	flags.DurationVar(&f.otlpInterval, "otlp-interval", 10*time.Second, "time from one push to the next")
}

// watchers are those that get the figures of a run while it goes on. Each field
// is nil where it is not wanted.
type watchers struct {
	messages io.Writer // for those who are not quiet
	errors   io.Writer
	linger   time.Duration
	page     *live.Page
	metrics  *prometheus.Server
	otlp     *otlp.Exporter
}

// open listens and connects. The caller owes it a close.
func (f *watchFlags) open(c *cobra.Command, scenario string, quiet bool) (_ *watchers, err error) {
	w := &watchers{messages: c.ErrOrStderr(), errors: c.ErrOrStderr(), linger: f.linger}
	if quiet {
		w.messages = io.Discard
	}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if f.ui != "" {
		listener, err := listen("--ui", f.ui, w.errors)
		if err != nil {
			return nil, err
		}
		if w.page, err = live.New(listener, scenario); err != nil {
			listener.Close()
			return nil, fmt.Errorf("--ui: %w", err)
		}
		fmt.Fprintf(w.messages, "live page: http://%s/\n", listener.Addr())
	}
	if f.metrics != "" {
		listener, err := listen("--metrics", f.metrics, w.errors)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(w.messages, "metrics: http://%s%s\n", listener.Addr(), prometheus.Path)
		w.metrics = prometheus.New(listener)
	}
	if f.otlp != "" {
		if f.otlpInterval < time.Second {
			return nil, fmt.Errorf("--otlp-interval: expected 1s or more, found %v", f.otlpInterval)
		}
		if w.otlp, err = otlp.New(c.Context(), f.otlp, version(), f.otlpInterval); err != nil {
			return nil, fmt.Errorf("--otlp: %w", err)
		}
	}
	return w, nil
}

// listen listens at an address of a flag, on the loopback when it names no host.
func listen(flag, address string, warnings io.Writer) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%s: expected host:port, such as 127.0.0.1:9464, found %q", flag, address)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	if !loopback(listener.Addr()) {
		fmt.Fprintf(warnings, "ssegauge: %s: anyone who reaches %s sees the figures of the run\n", flag, listener.Addr())
	}
	return listener, nil
}

// hook is what a run calls at every interval; nil when nobody watches.
func (w *watchers) hook() func(loadgen.Progress, *loadgen.Report) {
	if w.page == nil && w.metrics == nil && w.otlp == nil {
		return nil
	}
	return func(p loadgen.Progress, r *loadgen.Report) {
		if w.page != nil {
			w.page.Update(r)
		}
		if w.metrics == nil && w.otlp == nil {
			return
		}
		snapshot := telemetry.During(p, r)
		if w.metrics != nil {
			w.metrics.Update(snapshot)
		}
		if w.otlp != nil {
			w.otlp.Update(snapshot)
		}
	}
}

// finish gives everybody the last figures.
func (w *watchers) finish(ctx context.Context, r *loadgen.Report) {
	if w.page != nil {
		if err := w.page.Finish(r); err != nil {
			fmt.Fprintf(w.errors, "ssegauge: --ui: %v\n", err)
		}
	}
	last := telemetry.After(r)
	if w.otlp != nil {
		if err := w.otlp.Finish(last); err != nil {
			fmt.Fprintf(w.errors, "ssegauge: --otlp: %v\n", err)
		}
		w.otlp = nil
	}
	if w.metrics != nil && w.linger > 0 {
		fmt.Fprintf(w.messages, "metrics: waiting up to %v for a last scrape\n", w.linger)
		if !w.metrics.Finish(ctx, last, w.linger) {
			fmt.Fprintf(w.messages, "metrics: nobody has scraped the last figures\n")
		}
	}
}

// close ends what is still there.
func (w *watchers) close() {
	if w.page != nil {
		w.page.Close()
	}
	if w.metrics != nil {
		w.metrics.Close()
	}
	if w.otlp != nil {
		_ = w.otlp.Finish(nil)
	}
}
