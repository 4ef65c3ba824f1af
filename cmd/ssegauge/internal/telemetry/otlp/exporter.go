// Package otlp pushes the metrics of a run to an OpenTelemetry collector, by
// OTLP over HTTP.
package otlp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/telemetry"
)

// An Exporter pushes the latest snapshot at an interval. New makes it, Finish
// ends it.
type Exporter struct {
	exporter *otlpmetrichttp.Exporter
	endpoint string
	resource *resource.Resource
	interval time.Duration

	stop    context.CancelFunc
	pushing sync.WaitGroup

	mu     sync.Mutex
	latest *telemetry.Snapshot // nil when it has been pushed
	failed int                 // pushes
	err    error               // of the last that failed
}

// defaultPath is where collectors take metrics (OTLP specification, section
// "OTLP/HTTP Request").
const defaultPath = "/v1/metrics"

// pushTimeout bounds a push with its retries.
const pushTimeout = 10 * time.Second

// New exports to the URL, whose path is /v1/metrics when it has none. Headers,
// certificates, compression, timeout and resource attributes come from the
// environment variables that OpenTelemetry has for them, such as
// OTEL_EXPORTER_OTLP_HEADERS.
func New(ctx context.Context, endpoint, version string, interval time.Duration) (*Exporter, error) {
	endpoint, err := checkEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	complaints := &complaints{}
	// The library has one logger for the process. What it would log shows the
	// values of the environment, and so tokens.
	otel.SetLogger(logr.New(complaints))
	exporter, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(endpoint), otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{
		Enabled: true, InitialInterval: time.Second, MaxInterval: 5 * time.Second, MaxElapsedTime: pushTimeout,
	}))
	if err = cmp.Or(complaints.first(), err); err != nil {
		return nil, err
	}
	described, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "ssegauge"), attribute.String("service.version", version)),
		resource.WithFromEnv())
	if err != nil {
		return nil, errors.New("OTEL_RESOURCE_ATTRIBUTES: expected pairs such as team=web,stage=test")
	}
	e := &Exporter{exporter: exporter, endpoint: endpoint, resource: described, interval: interval}
	ctx, e.stop = context.WithCancel(context.Background())
	e.pushing.Go(func() { e.run(ctx) })
	return e, nil
}

// checkEndpoint completes a URL, or says what is wrong with it without showing
// what may be secret in it.
func checkEndpoint(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return "", errors.New("expected a URL such as http://127.0.0.1:4318")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return "", errors.New("expected a URL without user, query and fragment: credentials belong into OTEL_EXPORTER_OTLP_HEADERS")
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = defaultPath
	}
	return u.String(), nil
}

// Update is the snapshot that is pushed next.
func (e *Exporter) Update(next *telemetry.Snapshot) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.latest = next
}

func (e *Exporter) run(ctx context.Context) {
	tick := time.NewTicker(e.interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			e.push(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// push sends what has changed since the last push.
func (e *Exporter) push(ctx context.Context) {
	e.mu.Lock()
	s := e.latest
	e.latest = nil
	e.mu.Unlock()
	if s == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	err := e.exporter.Export(ctx, resourceMetrics(e.resource, s))
	if err != nil && !errors.Is(err, context.Canceled) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.failed++
		e.err = e.plain(err)
	}
}

// Finish pushes the last snapshot, if it is not nil, and ends the exporter. It
// says how many pushes failed, and why the last of them did.
func (e *Exporter) Finish(last *telemetry.Snapshot) error {
	e.stop()
	e.pushing.Wait()
	if last != nil {
		e.Update(last)
		e.push(context.Background())
	}
	err := e.exporter.Shutdown(context.Background()) // which waits for nothing
	if e.failed > 0 {
		return fmt.Errorf("%d pushes failed; the last: %w", e.failed, e.err)
	}
	return err
}

// status finds the answer's status code in an error of the library.
var status = regexp.MustCompile(`: (\d{3}) [^(]*\(body: `)

// plain is what went wrong without anything that the other side wrote: it may
// have written the credentials of the request.
func (e *Exporter) plain(err error) error {
	var transport *url.Error
	switch found := status.FindStringSubmatch(err.Error()); {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no answer within %v", pushTimeout)
	case errors.As(err, &transport):
		if transport.URL != e.endpoint || strings.Contains(transport.Error(), "Location") {
			return errors.New("the answer leads elsewhere")
		}
		return transport
	case found != nil:
		code, _ := strconv.Atoi(found[1])
		return fmt.Errorf("the answer was %d %s", code, http.StatusText(code))
	case strings.Contains(err.Error(), "partial success"):
		return errors.New("the answer was that some of the points were not accepted")
	}
	return errors.New("the answer was to come again later")
}

// complaints are the first words of what the library would log.
type complaints struct {
	mu  sync.Mutex
	err error
}

func (c *complaints) first() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Error keeps the message alone.
func (c *complaints) Error(_ error, message string, _ ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = fmt.Errorf("an OTEL_EXPORTER_OTLP variable of the environment is not as it must be: could not %s", message)
	}
}

func (c *complaints) Init(logr.RuntimeInfo)          {}
func (c *complaints) Enabled(int) bool               { return false }
func (c *complaints) Info(int, string, ...any)       {}
func (c *complaints) WithValues(...any) logr.LogSink { return c }
func (c *complaints) WithName(string) logr.LogSink   { return c }
