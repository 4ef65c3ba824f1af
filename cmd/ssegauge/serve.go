package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssegauge/ssegauge/internal/nearest"
	"github.com/ssegauge/ssegauge/internal/refserver"
	"github.com/ssegauge/ssegauge/internal/token"
	"github.com/ssegauge/ssegauge/loadgen"
)

// listeningPrefix begins the one line that serve prints, once it listens.
const listeningPrefix = "listening on "

// secretVariable is the environment variable that holds the HMAC secret. A
// command line is seen by every user of the machine; the environment is not.
const secretVariable = "SSEGAUGE_SECRET"

type serveFlags struct {
	addr string

	auth, publicKey, jwks, secretFile string
	issuer, audience                  string
	leeway                            time.Duration
	methods                           []string
	cookie, queryToken                string
	queryTokenLife                    time.Duration
	revocable                         bool

	tick     string
	topic    string
	tickSize int

	heartbeat, retry, retryJitter time.Duration
	window                        int
	windowAge                     time.Duration
	slowReader                    string
	origins                       []string
	limits                        refserver.Limits
	shards, sendBuffer            int
	tlsCert, tlsKey               string
	tlsSelfSigned                 bool
	h2c                           bool
	fault                         string
	faults                        bool
	probe                         bool
	exitWithStdin                 bool
}

func newServe() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the reference server",
		Long: `Serve event streams at /events?topic=NAME, take events by POST at /publish,
and tell figures at /stats. With --auth jwt the HMAC secret comes from the
environment variable ` + secretVariable + ` or from --secret-file. With --probe serve
streams whose behaviour each request selects, for ssegauge doctor to examine the
path to them.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case f.faults:
				return listFaults(c.OutOrStdout())
			case f.probe:
				return serveProbe(c, &f)
			}
			return serve(c, &f)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.addr, "addr", "127.0.0.1:8080", "`host:port` to listen on; port 0 takes a free one")
	flags.StringVar(&f.auth, "auth", "none", "none, or jwt: every request needs a bearer token")
	flags.StringVar(&f.secretFile, "secret-file", "", "`file` with the HMAC secret of the tokens")
	flags.StringVar(&f.publicKey, "public-key", "", "PEM `file` with the public key of the tokens")
	flags.StringVar(&f.jwks, "jwks", "", "JWKS `file` with the public keys of the tokens")
	flags.StringSliceVar(&f.methods, "method", nil, "accepted signing method (default: what fits the key)")
	flags.StringVar(&f.issuer, "issuer", "", "issuer that tokens must have")
	flags.StringVar(&f.audience, "audience", "", "audience that tokens must have")
	flags.DurationVar(&f.leeway, "leeway", 0, "how much clocks may differ, at most 30s")
	flags.StringVar(&f.cookie, "cookie", "", "cookie that may carry the token; POST /session sets it")
	flags.StringVar(&f.queryToken, "query-token", "", "query parameter that may carry the token; URLs end up in logs")
	flags.DurationVar(&f.queryTokenLife, "query-token-life", time.Hour, "how long a token in the query may still be valid; 0: any time")
	flags.BoolVar(&f.revocable, "revocable", false, "let POST /revoke take a token back, and end its streams")
	flags.StringVar(&f.tick, "tick", "", "publish by itself at this `rate`, such as 60/s")
	flags.StringVar(&f.topic, "topic", "tick", "topic of --tick")
	flags.IntVar(&f.tickSize, "tick-size", 0, "bytes of data in each tick (default: 120 on the wire)")
	flags.DurationVar(&f.heartbeat, "heartbeat", 15*time.Second, "silence after which a comment is sent; negative: never")
	flags.DurationVar(&f.retry, "retry", 2*time.Second, "reconnection time told to clients; negative: none")
	flags.DurationVar(&f.retryJitter, "retry-jitter", 0, "random time added to --retry, per stream")
	flags.IntVar(&f.window, "window", 8<<20, "bytes of events kept per topic for replay")
	flags.DurationVar(&f.windowAge, "window-age", 0, "age up to which events are kept; 0: any")
	flags.StringVar(&f.slowReader, "slow-reader", "cut", "what happens to a stream that the window has passed: cut or gap")
	flags.StringSliceVar(&f.origins, "origin", nil, "allowed `origin` for CORS with credentials, or *")
	flags.IntVar(&f.limits.Streams, "max-streams", 0, "streams at once (default 1,000,000)")
	flags.IntVar(&f.limits.StreamsPerSubject, "max-streams-per-subject", 0, "streams of one subject at once; 0: any number")
	flags.IntVar(&f.limits.Topics, "max-topics", 0, "topics at once (default 100,000)")
	flags.Int64Var(&f.limits.PublishBytes, "max-publish", 0, "bytes of a publish (default 1 MiB)")
	flags.IntVar(&f.shards, "shards", 0, "loops that write to streams (default: one a processor)")
	flags.IntVar(&f.sendBuffer, "send-buffer", 0, "kernel send buffer of a stream in bytes; 0: the kernel's choice")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "PEM `file` with the certificate chain")
	flags.StringVar(&f.tlsKey, "tls-key", "", "PEM `file` with the certificate's key")
	flags.BoolVar(&f.tlsSelfSigned, "tls-self-signed", false, "use a new self-signed certificate")
	flags.BoolVar(&f.h2c, "h2c", false, "accept HTTP/2 without TLS, by prior knowledge")
	flags.StringVar(&f.fault, "fault", "", "behave wrongly on purpose, in the way of this `id`")
	flags.BoolVar(&f.faults, "faults", false, "list the faults and exit")
	flags.BoolVar(&f.probe, "probe", false, "serve streams that behave as each request asks, for ssegauge doctor")
	flags.BoolVar(&f.exitWithStdin, "exit-with-stdin", false, "shut down when the standard input ends")
	for _, name := range []string{"auth", "tick", "heartbeat", "retry", "window", "origin", "fault", "h2c"} {
		c.MarkFlagsMutuallyExclusive("probe", name)
	}
	return c
}

func listFaults(w io.Writer) error {
	for _, fault := range refserver.Faults() {
		if _, err := fmt.Fprintf(w, "%-20s %s\n", fault.ID, fault.Description); err != nil {
			return err
		}
	}
	return nil
}

func serve(c *cobra.Command, f *serveFlags) error {
	config, err := f.config()
	if err != nil {
		return err
	}
	server, err := refserver.New(config)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.addr)
	if err != nil {
		return err
	}
	if config.Auth == nil && !loopback(listener.Addr()) {
		fmt.Fprintf(c.ErrOrStderr(), "ssegauge: anyone who reaches %s may read and publish; --auth jwt demands tokens\n", listener.Addr())
	}
	scheme := "http"
	if config.TLS != nil {
		scheme = "https"
	}
	fmt.Fprintf(c.OutOrStdout(), "%s%s://%s\n", listeningPrefix, scheme, listener.Addr())

	ctx, cancel := f.until(c)
	defer cancel()
	return serveUntil(ctx, server, listener)
}

// until is how long to serve.
func (f *serveFlags) until(c *cobra.Command) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(c.Context())
	if f.exitWithStdin {
		// The read ends when the parent closes its end, at the latest by
		// ending itself. It cannot be called off, and ends with the process.
		go func() {
			defer cancel()
			_, _ = io.Copy(io.Discard, c.InOrStdin())
		}()
	}
	return ctx, cancel
}

// shutdownTime is how long streams may take to get what was published.
const shutdownTime = 5 * time.Second

func serveUntil(ctx context.Context, server *refserver.Server, listener net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	err := server.Shutdown(end)
	<-served
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

func (f *serveFlags) config() (refserver.Config, error) {
	config := refserver.Config{
		Heartbeat: never(f.heartbeat), Retry: never(f.retry), RetryJitter: f.retryJitter,
		AllowedOrigins: f.origins,
		Limits:         f.limits,
		Window:         refserver.Window{Bytes: f.window, Age: f.windowAge},
		Shards:         f.shards, SendBuffer: f.sendBuffer,
		Fault: f.fault, H2C: f.h2c,
	}
	policies := map[string]refserver.SlowReader{"cut": refserver.Cut, "gap": refserver.Gap}
	policy, ok := policies[f.slowReader]
	if !ok {
		return config, unknown("--slow-reader", f.slowReader, "cut", "gap")
	}
	config.SlowReader = policy
	if f.tick != "" {
		var rate loadgen.Rate
		if err := rate.UnmarshalText([]byte(f.tick)); err != nil {
			return config, fmt.Errorf("--tick: %w", err)
		}
		config.Tick = refserver.Tick{Rate: float64(rate), Topic: f.topic, Size: f.tickSize}
	}
	if err := f.configTLS(&config); err != nil {
		return config, err
	}
	return config, f.configAuth(&config)
}

func (f *serveFlags) configTLS(config *refserver.Config) error {
	switch {
	case f.tlsSelfSigned:
		certificate, err := refserver.SelfSigned()
		if err != nil {
			return err
		}
		config.TLS = &refserver.TLS{Certificate: certificate}
	case f.tlsCert != "" || f.tlsKey != "":
		config.TLS = &refserver.TLS{CertFile: f.tlsCert, KeyFile: f.tlsKey}
	}
	return nil
}

func (f *serveFlags) configAuth(config *refserver.Config) error {
	switch f.auth {
	case "none":
		return nil
	case "jwt":
	default:
		return unknown("--auth", f.auth, "none", "jwt")
	}
	verifier := token.VerifierConfig{Methods: f.methods, Issuer: f.issuer, Audience: f.audience, Leeway: f.leeway}
	for _, source := range []struct {
		path  string
		store func([]byte)
	}{
		{f.publicKey, func(b []byte) { verifier.PublicKey = b }},
		{f.jwks, func(b []byte) { verifier.JWKS = b }},
		{f.secretFile, func(b []byte) { verifier.Secret = token.Secret(strings.TrimSpace(string(b))) }},
	} {
		if source.path == "" {
			continue
		}
		text, err := os.ReadFile(source.path)
		if err != nil {
			return err
		}
		source.store(text)
	}
	if f.publicKey == "" && f.jwks == "" && f.secretFile == "" {
		verifier.Secret = token.Secret(os.Getenv(secretVariable))
		if verifier.Secret == "" {
			return fmt.Errorf("--auth jwt needs a key: --public-key, --jwks, --secret-file, or the environment variable %s", secretVariable)
		}
	}
	config.Auth = &refserver.Auth{
		Verifier: verifier, Cookie: f.cookie, Revocable: f.revocable,
		QueryToken: f.queryToken, QueryTokenLife: never(f.queryTokenLife),
	}
	return nil
}

// never keeps a time of 0 from meaning the default.
func never(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

func unknown(flag, value string, known ...string) error {
	slices.Sort(known)
	return fmt.Errorf("%s: unknown value %q%s; known: %s", flag, value, nearest.Hint(value, known), strings.Join(known, ", "))
}

func loopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
