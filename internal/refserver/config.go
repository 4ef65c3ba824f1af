package refserver

import (
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/internal/token"
)

// Config says how a Server behaves. The zero value is an open server with the
// documented defaults.
type Config struct {
	// Auth demands bearer tokens. Nil lets everybody read and publish.
	Auth *Auth

	// Heartbeat is how long a stream may be silent before it gets a comment.
	// Default 15 s; negative means never.
	Heartbeat time.Duration
	// Retry is the reconnection time told at the start of each stream, in
	// whole milliseconds. Default 2 s; negative means none is told.
	Retry time.Duration
	// RetryJitter adds a random time below it to Retry, different for each
	// stream, so that clients cut off together do not return together.
	RetryJitter time.Duration

	// AllowedOrigins are the origins, such as "https://app.example", whose
	// pages may use the server with credentials. Compared byte by byte. "*"
	// lets all others read without credentials.
	AllowedOrigins []string

	Limits Limits
	Window Window
	// SlowReader is the policy for a stream whose position has left the
	// window. Default Cut.
	SlowReader SlowReader

	// Shards is the number of event loops that write to streams. Default
	// GOMAXPROCS.
	Shards int
	// SendBuffer fixes the kernel's send buffer of each connection, in bytes.
	// Default 0: the kernel sizes it.
	SendBuffer int
	// PeerTimeout is how long a peer may leave bytes unacknowledged, or its
	// window closed, before a swept stream is taken for dead. Default 60 s;
	// negative leaves it to the kernel.
	PeerTimeout time.Duration
	// Epoch is the part of every event id that tells this process from
	// earlier ones: 1 to 16 lower-case letters and digits. Default: from the
	// clock.
	Epoch string

	// Tick makes the server publish by itself.
	Tick Tick
	// Fault names one deliberate defect (see Faults). Default none.
	Fault string

	// TLS makes Serve speak TLS, with HTTP/2 offered. Nil means plain text.
	TLS *TLS
	// H2C accepts HTTP/2 with prior knowledge on plain text (RFC 9113,
	// section 3.3).
	H2C bool

	// ReadHeaderTimeout bounds the reading of a request head. Default 5 s.
	ReadHeaderTimeout time.Duration
	// IdleTimeout bounds the wait for the next request of a connection.
	// Default 60 s.
	IdleTimeout time.Duration
	// WriteTimeout bounds each single write of a stream that a goroutine
	// serves. Default 30 s.
	WriteTimeout time.Duration

	// ErrorLog gets what net/http has to say about connections. Nil discards
	// it.
	ErrorLog *log.Logger
}

// Auth says which tokens are good and where else than in the Authorization
// header they may come.
type Auth struct {
	Verifier token.VerifierConfig
	// Cookie names a cookie that may carry the token; POST /session sets it.
	// Default none.
	Cookie string
	// QueryToken names a query parameter that may carry the token on GET
	// /events. URLs end up in logs, so it is off by default.
	QueryToken string
	// QueryTokenLife is how long a token in the query may still be valid: what
	// logs keep shall be worth little. Default 1 h (RFC 6750, section 5.3);
	// negative: any time.
	QueryTokenLife time.Duration
	// Revocable lets whoever has a token take it back by POST /revoke
	// (RFC 7009). Its streams end then.
	Revocable bool
}

// Limits bound what strangers can make the server hold. Zero values mean the
// defaults.
type Limits struct {
	// HeaderBytes bounds a request head. Default 16 KiB.
	HeaderBytes int
	// PublishBytes bounds the body of a publish. Default 1 MiB.
	PublishBytes int64
	// Streams bounds the open streams. Default 1,000,000.
	Streams int
	// StreamsPerSubject bounds the open streams of one authenticated subject.
	// Default 0: no bound.
	StreamsPerSubject int
	// TopicsPerStream bounds the topics of one stream. Default 64.
	TopicsPerStream int
	// TopicBytes bounds a topic's name. Default 256.
	TopicBytes int
	// Topics bounds the topics that exist at one time. Default 100,000.
	Topics int
}

// Window says which events of a topic are kept for streams that are behind or
// come back.
type Window struct {
	// Bytes is how much of each topic's newest events is kept at least, as
	// counted on the wire; at most one segment (up to 64 KiB, or one larger
	// event) more is kept. Default 8 MiB.
	Bytes int
	// Age drops events older than it. Default 0: no bound.
	Age time.Duration
}

// SlowReader is what happens to a stream whose next event is no longer kept.
type SlowReader uint8

const (
	// Cut ends the stream; the client resumes by its last event ID.
	Cut SlowReader = iota
	// Gap sends a gap event and goes on with the oldest event kept.
	Gap
)

// Tick is a publisher inside the server, on a schedule that does not wait for
// deliveries. Each event's data is {"t":…,"n":…,"pad":"…"}: the Unix
// nanoseconds when it was due, and its count from 0. It runs from the first
// Serve to Shutdown.
type Tick struct {
	// Rate is in events per second. Zero means no ticks.
	Rate float64
	// Topic defaults to "tick".
	Topic string
	// Size is the length of the data in bytes. Default 88, which makes an
	// event of about 120 bytes on the wire.
	Size int
}

// TLS says which certificate to show: files in PEM, or else the certificate in
// memory, such as SelfSigned makes.
type TLS struct {
	CertFile, KeyFile string
	Certificate       *Certificate
}

// Bounds that are not worth a setting.
const (
	maxIDBytes    = 256
	maxEpochBytes = 16
)

// withDefaults returns c with every default filled in, or what is wrong with
// it.
func (c Config) withDefaults() (Config, error) {
	setDefault(&c.Heartbeat, 15*time.Second)
	setDefault(&c.Retry, 2*time.Second)
	setDefault(&c.PeerTimeout, 60*time.Second)
	setDefault(&c.ReadHeaderTimeout, 5*time.Second)
	setDefault(&c.IdleTimeout, 60*time.Second)
	setDefault(&c.WriteTimeout, 30*time.Second)
	setDefault(&c.Limits.HeaderBytes, 16<<10)
	setDefault(&c.Limits.PublishBytes, 1<<20)
	setDefault(&c.Limits.Streams, 1_000_000)
	setDefault(&c.Limits.TopicsPerStream, 64)
	setDefault(&c.Limits.TopicBytes, 256)
	setDefault(&c.Limits.Topics, 100_000)
	setDefault(&c.Window.Bytes, 8<<20)
	setDefault(&c.Tick.Topic, "tick")
	setDefault(&c.Tick.Size, 88)
	switch {
	case c.Shards < 0, c.SendBuffer < 0, c.Window.Bytes < 0, c.Window.Age < 0, c.RetryJitter < 0,
		c.Limits.HeaderBytes < 0, c.Limits.PublishBytes < 0, c.Limits.Streams < 0, c.Limits.StreamsPerSubject < 0,
		c.Limits.TopicsPerStream < 0, c.Limits.TopicBytes < 0, c.Limits.Topics < 0:
		return c, fmt.Errorf("refserver: a limit, window or count is negative")
	case c.SlowReader > Gap:
		return c, fmt.Errorf("refserver: unknown slow reader policy %d", c.SlowReader)
	case !(c.Tick.Rate >= 0 && c.Tick.Rate <= 1e6):
		return c, fmt.Errorf("refserver: tick rate %v is not between 0 and 1,000,000 events/s", c.Tick.Rate)
	case c.Tick.Size < 0 || c.Tick.Size > 1<<20:
		return c, fmt.Errorf("refserver: tick size %d is not between 1 byte and 1 MiB", c.Tick.Size)
	}
	if err := checkTopic(c.Tick.Topic, c.Limits.TopicBytes); err != nil {
		return c, fmt.Errorf("refserver: tick: %w", err)
	}
	if len(c.Epoch) > maxEpochBytes || strings.Trim(c.Epoch, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
		return c, fmt.Errorf("refserver: epoch %q is not 1 to %d lower-case letters and digits", c.Epoch, maxEpochBytes)
	}
	for _, o := range c.AllowedOrigins {
		if o != "*" && (!strings.Contains(o, "://") || strings.HasSuffix(o, "/")) {
			return c, fmt.Errorf("refserver: allowed origin %q is neither \"*\" nor of the form scheme://host[:port]", o)
		}
	}
	return c, nil
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}
