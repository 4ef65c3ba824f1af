package loadgen

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/internal/token"
)

// A Scenario is what a scenario file says: which backend, what is published,
// which streams are open, for how long, and what must hold at the end. The zero
// value of a field means its default.
type Scenario struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	Target      Target `yaml:"target"`
	// AllowHosts lists the hosts, as in the target's URL, that may get more
	// than MaxUnlistedStreams streams although they are neither loopback nor
	// private.
	AllowHosts []string `yaml:"allow_hosts"`
	Publish    Publish  `yaml:"publish"`
	Streams    Streams  `yaml:"streams"`
	// Warmup is the first part of the publishing time. Its latencies stay out
	// of the figures; the ledger counts it like the rest. Default 0.
	Warmup time.Duration `yaml:"warmup"`
	// Duration is the measured publishing time that follows. Default 10 s.
	Duration time.Duration `yaml:"duration"`
	// Drain is how long streams are kept open after the last event, at most,
	// until the books balance. Default 10 s.
	Drain time.Duration `yaml:"drain"`
	// LateAfter is the fan-out latency beyond which an event counts as late.
	// Default 1 s.
	LateAfter  time.Duration `yaml:"late_after"`
	Thresholds []Threshold   `yaml:"thresholds"`
	// Drill disturbs the streams, and has the report say how they recover.
	Drill *Drill `yaml:"drill"`
	// Limits say when the measurement is invalid.
	Limits Limits `yaml:"limits"`
	// Transport is loops (event loops, for plain HTTP/1.1 on Linux), portable
	// (net/http, for everything), or auto: loops where they can be used.
	// Default auto.
	Transport string `yaml:"transport"`
}

// Limits are how far the generator may be behind before its figures are not the
// target's. A share is one of the fan-out latency's 99th percentile, and the
// slack beside it is how much is always good enough.
type Limits struct {
	ScheduleShare float64       `yaml:"schedule_share"` // default 0.1
	ScheduleSlack time.Duration `yaml:"schedule_slack"` // default 10 ms
	ReceiveShare  float64       `yaml:"receive_share"`  // default 0.5
	ReceiveSlack  time.Duration `yaml:"receive_slack"`  // default 50 ms
	// HiccupShare is the part of the publishing time in which the process did
	// not run. Default 0.01.
	HiccupShare float64 `yaml:"hiccup_share"`
	// CPUShare is the part of the machine's processors. Default 0.9.
	CPUShare float64 `yaml:"cpu_share"`
}

// A Target is the backend, as its streams are opened.
type Target struct {
	// URL of the event stream, or "embedded" for a reference server that the
	// command starts beside the run. {topic} and {stream} are filled in; a
	// query parameter that holds {topic} is repeated for a stream of several
	// topics.
	URL string `yaml:"url"`
	// Serve has further flags of `ssegauge serve` for the embedded server.
	Serve []string `yaml:"serve"`
	// HTTP is "1.1", "2", or empty: 2 where TLS offers it, else 1.1. With an
	// http URL, "2" means prior knowledge (RFC 9113 section 3.3).
	HTTP string `yaml:"http"`
	// StreamsPerConnection is how many streams share an HTTP/2 connection.
	// Default 100. HTTP/1.1 streams have one each.
	StreamsPerConnection int               `yaml:"streams_per_connection"`
	Headers              map[string]string `yaml:"headers"`
	TLS                  TLS               `yaml:"tls"`
	Auth                 Auth              `yaml:"auth"`
	// LastEventID names the query parameter that carries the last event ID on
	// reconnection, for backends that read it there. Default: the
	// Last-Event-ID header (WHATWG HTML 9.2.4).
	LastEventID string `yaml:"last_event_id"`
	// Watch says where a capacity run sees what the target uses. The embedded
	// server is watched anyway.
	Watch Watch `yaml:"watch"`
}

// A Watch says where a target's processor time, memory and descriptors can be
// seen. At most one of its fields is given.
type Watch struct {
	// PID is a process of this machine; its descendants count with it.
	PID int `yaml:"pid"`
	// Cgroup is the folder of a cgroup of version 2.
	Cgroup string `yaml:"cgroup"`
	// Metrics is the URL of a Prometheus endpoint with process metrics.
	Metrics string `yaml:"metrics"`
}

// TLS says how the target's certificate is verified.
type TLS struct {
	// CA is a PEM file of authorities to trust in place of the system's.
	CA         string `yaml:"ca"`
	ServerName string `yaml:"server_name"`
	// Insecure switches verification off. The report says so.
	Insecure bool `yaml:"insecure"`
}

// Auth says where tokens come from, and how they are sent. At most one source
// is given; without one, requests carry no token.
type Auth struct {
	// Token is the same token for all.
	Token token.Secret `yaml:"token"`
	// File has one token a line; stream i uses line i modulo their number.
	File string `yaml:"file"`
	// JWT mints a token per stream.
	JWT *JWT `yaml:"jwt"`
	// OAuth2 asks a token endpoint (client credentials, RFC 6749 section 4.4).
	OAuth2 *OAuth2 `yaml:"oauth2"`
	// Send is "bearer" (default), "header NAME", "cookie NAME" or "query NAME".
	Send string `yaml:"send"`
}

// JWT describes minted tokens. In Subject and the topic patterns, {stream} and
// {topic} are filled in.
type JWT struct {
	Method    string        `yaml:"method"` // default HS256
	Secret    token.Secret  `yaml:"secret"`
	Key       string        `yaml:"key"` // PEM file of the private key
	KeyID     string        `yaml:"key_id"`
	Subject   string        `yaml:"subject"` // default "stream-{stream}"
	Issuer    string        `yaml:"issuer"`
	Audience  string        `yaml:"audience"`
	TTL       time.Duration `yaml:"ttl"`       // default 1 h
	Subscribe []string      `yaml:"subscribe"` // default the stream's own topics
	Publish   []string      `yaml:"publish"`   // default none; every topic for the publisher
}

// OAuth2 are client credentials.
type OAuth2 struct {
	TokenURL     string       `yaml:"token_url"`
	ClientID     string       `yaml:"client_id"`
	ClientSecret token.Secret `yaml:"client_secret"`
	Scopes       []string     `yaml:"scopes"`
}

// Publish says what is published, and how the backend takes it.
type Publish struct {
	// Via is http (default), command, or none: the server emits by itself.
	Via string `yaml:"via"`
	// Rate is the number of events per second, dealt to the topics in turn.
	// Default 10/s.
	Rate Rate `yaml:"rate"`
	// Stages replace Rate: the rate moves in a straight line to each stage's.
	// Together with Warmup and Duration they say when publishing ends; a last
	// stage's rate is held.
	Stages []RateStage `yaml:"stages"`
	// Size is the length of the data in bytes, at least. Default 100, which
	// makes an event of about 120 bytes on the wire.
	Size int `yaml:"size"`
	// Data is the template of the data. It must hold {stamp}; {pad} fills up to
	// Size. Default a JSON object.
	Data string `yaml:"data"`
	// Event is the event name that {event} stands for.
	Event string `yaml:"event"`
	// The request (via http). URL and Headers know {topic} and {event}; Body
	// also {data}, and each of them as a JSON text with _json behind the name.
	URL     string            `yaml:"url"`
	Method  string            `yaml:"method"` // default POST
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"`
	Auth    *Auth             `yaml:"auth"` // default the target's
	// Command is run once per event (via command): the program and its
	// arguments, which know {topic} and {event}; the data comes on its
	// standard input.
	Command []string `yaml:"command"`
	// InFlight bounds the publishes not yet answered. An event that is due
	// beyond it is not sent, and counted as skipped. Default 256.
	InFlight int           `yaml:"in_flight"`
	Timeout  time.Duration `yaml:"timeout"` // of one publish; default 10 s
	Observe  *Observe      `yaml:"observe"`
}

// Observe says where a server that emits by itself (via none) puts its own
// send time and number. Give a JSON field or a pattern for either.
type Observe struct {
	// Time is a dotted path into the JSON data, or a regular expression with
	// one group written as /…/. Empty: no latency.
	Time string `yaml:"time"`
	Unit string `yaml:"unit"` // ns (default), us, ms or s since 1970
	// Sequence finds a number that counts up by one, for the ledger: a stream
	// must receive all that lie between its first and last. Empty: no ledger.
	Sequence string `yaml:"sequence"`
}

// Streams says how many event streams there are, and when they open.
type Streams struct {
	// Count is the number of streams; with Cohorts it is their sum.
	Count int `yaml:"count"`
	// Topics that each stream subscribes to; {stream} is filled in. Default
	// one topic named after the scenario.
	Topics []string `yaml:"topics"`
	// Ramp is the time over which they open. Publishing begins when all have
	// been answered, or OpenTimeout after the last was due. Default 1 s.
	Ramp        time.Duration `yaml:"ramp"`
	OpenTimeout time.Duration `yaml:"open_timeout"` // default 30 s
	// Stages replace Count and Ramp: the number of open streams moves in a
	// straight line to each stage's, while events are published. Streams that
	// were opened last close first.
	Stages []CountStage `yaml:"stages"`
	// InFlight bounds the streams whose answer is awaited. Default 256.
	InFlight  int       `yaml:"in_flight"`
	Reconnect Reconnect `yaml:"reconnect"`
	Behaviour
	// Cohorts divide the streams into groups that behave differently, and are
	// reported apart.
	Cohorts []Cohort `yaml:"cohorts"`
}

// Behaviour is what a stream does besides reading.
type Behaviour struct {
	// CutEvery makes the generator cut the connection, without a goodbye,
	// about this often; the stream resumes as after any loss. Default never.
	CutEvery time.Duration `yaml:"cut_every"`
	// Stall makes the stream stop reading for a while.
	Stall *Stall `yaml:"stall"`
}

// A Stall is a time, from the start of publishing, in which nothing is read.
type Stall struct {
	After time.Duration `yaml:"after"`
	For   time.Duration `yaml:"for"`
}

// A Cohort is a group of streams with a behaviour of its own.
type Cohort struct {
	Name   string   `yaml:"name"`
	Count  int      `yaml:"count"`
	Topics []string `yaml:"topics"` // default those of all streams
	Behaviour
}

// Reconnect is what EventSource leaves to the client (WHATWG HTML 9.2.3).
type Reconnect struct {
	// Retry is the reconnection time until the server sets one. Default 3 s.
	Retry time.Duration `yaml:"retry"`
	// Jitter is the largest random part, as a share of the reconnection time,
	// that is added to it. Default 0.5.
	Jitter *float64 `yaml:"jitter"`
	// MaxRetry bounds the wait, which doubles with each failed attempt in a
	// row. Default 30 s.
	MaxRetry time.Duration `yaml:"max_retry"`
}

// A RateStage is a part of the publishing time.
type RateStage struct {
	Duration time.Duration `yaml:"duration"`
	Rate     Rate          `yaml:"rate"`
}

// A CountStage is a part of the streams' schedule.
type CountStage struct {
	Duration time.Duration `yaml:"duration"`
	Count    int           `yaml:"count"`
}

// A Rate is a number of things per second, written as "60/s", "90/m", "1/h" or
// a plain number per second.
type Rate float64

// UnmarshalText reads a Rate as it is written in files.
func (r *Rate) UnmarshalText(text []byte) error {
	number, unit, divided := strings.Cut(string(text), "/")
	if !divided {
		unit = "s"
	}
	seconds, known := map[string]float64{"s": 1, "m": 60, "h": 3600}[strings.TrimSpace(unit)]
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !known || !(value >= 0) || value > 1e9 {
		return fmt.Errorf("expected a rate such as 60/s, 90/m or 1/h, found %q", text)
	}
	*r = Rate(value / seconds)
	return nil
}

func (r Rate) String() string { return strconv.FormatFloat(float64(r), 'g', -1, 64) + "/s" }

// Embedded reports whether the scenario asks for a reference server beside it.
func (s *Scenario) Embedded() bool { return s.Target.URL == EmbeddedURL }

// EmbeddedURL is the target URL that stands for the embedded reference server.
const EmbeddedURL = "embedded"
