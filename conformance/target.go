package conformance

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/internal/nearest"
	"github.com/ssegauge/ssegauge/internal/publicurl"
	"github.com/ssegauge/ssegauge/internal/strictyaml"
)

// A Target is a backend under test, and the hooks by which ssegauge makes it do
// things. Only URL is needed; each hook makes further checks possible.
type Target struct {
	// Name is what reports call the target. Default: its URL, without what may
	// be secret in it.
	Name string `yaml:"name"`
	// URL of the event stream. {topic} is replaced by a topic of each
	// exchange's own; without it, exchanges that publish take turns.
	URL string `yaml:"url"`
	// Topic is the template of topic names. {nonce} is replaced by letters and
	// digits that no other exchange has. Default "ssegauge-{nonce}".
	Topic string `yaml:"topic"`
	// UserTopic is the template of the name of the topic that has one user's
	// events, with {user}. Default: the events of all users are at URL, and
	// {user} of the publish hook says whose one is.
	UserTopic string `yaml:"user_topic"`
	// Method is what opens a stream: GET (default), or POST with Body.
	Method string `yaml:"method"`
	// Body is what a POST that opens a stream carries; it knows {topic} and
	// {topic_json}. JSON is announced as application/json, other media types
	// go into Headers.
	Body string `yaml:"body"`
	// Headers are sent with every request for a stream.
	Headers map[string]string `yaml:"headers"`
	// HTTP is "1.1" (default) or "2", with TLS or by prior knowledge (RFC 9113
	// section 3.3).
	HTTP string `yaml:"http"`
	TLS  TLS    `yaml:"tls"`

	Publish *Publish `yaml:"publish"`
	Tokens  *Tokens  `yaml:"tokens"`
	// Control has what makes the target do something: restart, stop, finish,
	// fail, expire. See ControlActions.
	Control map[string]*Action `yaml:"control"`
	// Memory reads how much memory the target has in use, to tell what is kept
	// there from what sockets keep.
	Memory *Memory `yaml:"memory"`

	// AllowedOrigin is an origin, such as https://app.example, whose pages may
	// read streams with credentials.
	AllowedOrigin string `yaml:"allowed_origin"`
	// Profiles are switched on as if named in Options.
	Profiles []string `yaml:"profiles"`
	// OpenAI and MCP are for the profiles of these names. Defaults: those of
	// the types.
	OpenAI *OpenAI `yaml:"openai"`
	MCP    *MCP    `yaml:"mcp"`
	// AllowFields are field names beyond the standard's that are meant.
	AllowFields []string `yaml:"allow_fields"`
	// Envelope is the dotted path to the published data in the JSON that the
	// target wraps around it. Default: it wraps nothing.
	Envelope string `yaml:"envelope"`
	// StreamLimit is how many streams one user may hold at a time. Default 0:
	// not known.
	StreamLimit int `yaml:"stream_limit"`
	// Crowd is how many idle streams are opened at once to see what they cost
	// newcomers, if the target has a publish hook. Default 1000.
	Crowd int  `yaml:"crowd"`
	Pace  Pace `yaml:"pace"`
}

// Pace says how long ssegauge waits. A target in the same process can be asked
// faster.
type Pace struct {
	// Heartbeat is how long the target is silent before it sends a comment.
	// Default 15 s.
	Heartbeat time.Duration `yaml:"heartbeat"`
	// Patience is how long is waited for what should come at once. Default
	// 5 s.
	Patience time.Duration `yaml:"patience"`
	// Quiet is how long is listened for what must not come. Default 1 s.
	Quiet time.Duration `yaml:"quiet"`
	// Listen is how long a stream to which nothing is published is listened
	// to. Default 3 s.
	Listen time.Duration `yaml:"listen"`
	// Lifetime is how long a stream is left idle to see heartbeats, and that it
	// stays open. Default 70 s, which is longer than the proxies in between
	// wait.
	Lifetime time.Duration `yaml:"lifetime"`
	// Second is how long a second is in limits of silence that come from
	// clients and proxies, such as the 45 s of a polyfill. Default 1 s; a target
	// whose heartbeats are made faster for a test makes it shorter.
	Second time.Duration `yaml:"second"`
}

// TLS says how the target's certificate is verified.
type TLS struct {
	// CA is a PEM file of authorities to trust in place of the system's.
	CA         string `yaml:"ca"`
	ServerName string `yaml:"server_name"`
	// Insecure switches verification off.
	Insecure bool `yaml:"insecure"`
	// Roots, unless nil, are trusted in place of CA.
	Roots *x509.CertPool `yaml:"-"`
}

// ControlActions are the names in Target.Control, and what each must do.
var ControlActions = map[string]string{
	"finish":  "end the streams of {topic} as a job that is done",
	"fail":    "make the open streams of {topic} fail halfway",
	"restart": "stop the backend and start it again, and return when it answers",
	"stop":    "shut the backend down gracefully",
	"expire":  "make the good token invalid now, for which {token} in a request stands",
}

// An Action is a request, a command or a function that controls the target.
type Action struct {
	Request
	// Command is a program and its arguments, which know {topic}.
	Command []string `yaml:"command"`
	// Func, unless nil, is called in place of both.
	Func func(ctx context.Context, topic string) error `yaml:"-"`
}

// A Capability is something that a target must offer for a check.
type Capability string

// Capabilities. "publish." with the name of a field, and "control." with that
// of an action, are capabilities too.
const (
	CanPublish Capability = "publish"
	CanJSON    Capability = "publish.json" // data is written as JSON text
	HasToken   Capability = "token"        // there is a good token
	CanMint    Capability = "mint"         // tokens with any claims
	HasOrigin  Capability = "origin"
	HasLimit   Capability = "stream_limit"
	HasTopics  Capability = "topics" // each exchange has a topic of its own
	HasTLS     Capability = "tls"    // the target is spoken to over TLS
	HasCookie  Capability = "cookie" // a cookie may carry the token
	HasLogin   Capability = "login"  // a request sets that cookie
	// HasUsers is that there are two users, and events that are for one alone.
	HasUsers Capability = "users"
	// HasPublisher is that publishing takes another token than a user's.
	HasPublisher Capability = "publisher"
	// CanCallSlowly is the capability of an MCP server to take its time over
	// a request.
	CanCallSlowly Capability = "mcp.slow"
)

// CanPublishField is the capability to publish a field of the name.
func CanPublishField(name string) Capability { return CanPublish + Capability("."+name) }

// CanControl is the capability to do the action of the name.
func CanControl(action string) Capability { return Capability("control." + action) }

// HasTokenOf is the capability to show a token of the role.
func HasTokenOf(role string) Capability { return HasToken + Capability("."+role) }

// lacks says how to enable a capability that the target does not have; "" if it
// has it.
func (t *Target) lacks(c Capability) string {
	group, name, _ := strings.Cut(string(c), ".")
	switch {
	case c == CanPublish && t.Publish == nil:
		return "add a publish hook to the target file (publish: url, body)"
	case c == CanJSON && (t.Publish == nil || !t.Publish.writesJSON()):
		return "add a publish hook whose body has {data_json}"
	case c == CanJSON, c == CanPublish:
	case group == string(CanPublish) && (t.Publish == nil || !t.Publish.knows(name)):
		return fmt.Sprintf("add {%s} to the publish hook of the target file", name)
	case group == "control" && t.Control[name] == nil:
		return fmt.Sprintf("add control: %s to the target file, to %s", name, ControlActions[name])
	case c == CanMint && (t.Tokens == nil || !t.Tokens.mints()):
		return "add tokens: jwt to the target file, with the secret or key that signs its tokens"
	case c == HasTokenOf(RoleForbidden) && (t.Tokens == nil || !t.Tokens.has(RoleForbidden)):
		return "add a token to the target file that may not subscribe (tokens: forbidden, or jwt: forbidden_claims)"
	case group == string(HasToken) && (t.Tokens == nil || !t.Tokens.has(name)):
		return fmt.Sprintf("add tokens to the target file (tokens: %s, or jwt)", orGood(name))
	case c == HasOrigin && t.AllowedOrigin == "":
		return "add allowed_origin to the target file"
	case c == HasLimit && t.StreamLimit == 0:
		return "add stream_limit to the target file"
	case c == CanCallSlowly && (t.MCP == nil || t.MCP.Slow == ""):
		return "add mcp: slow to the target file, a JSON-RPC request whose response takes a second or so"
	case c == HasTLS && !strings.HasPrefix(t.URL, "https:"):
		return "check the target at its https address"
	case c == HasCookie && t.Tokens.cookie() == "":
		return "add the name of the cookie to the target file that may carry the token (tokens: cookie)"
	case c == HasLogin && (t.Tokens == nil || t.Tokens.Login == nil):
		return "add the request to the target file that sets the cookie (tokens: login: url)"
	case c == HasTopics && !t.ownTopics():
		return "add {topic} to the url of the target file"
	case c == HasUsers:
		return t.lacksUsers()
	case c == HasPublisher && !t.publisherApart():
		return "add a token to the target file that publishes and is not a user's (tokens: publisher, or jwt: publisher_claims)"
	}
	return ""
}

func orGood(role string) string {
	if role == "" {
		return RoleGood
	}
	return role
}

// ownTopics reports whether each exchange can have a topic of its own.
func (t *Target) ownTopics() bool { return strings.Contains(t.URL, "{topic}") }

// LoadTarget reads a target file, which has the fields of Target. lookup
// supplies environment variables for ${NAME} and ${NAME:-default}.
func LoadTarget(file string, text []byte, lookup func(string) (string, bool)) (Target, error) {
	var t Target
	at, err := strictyaml.Decode(file, text, &t, lookup)
	if err != nil {
		return t, err
	}
	t.resolvePaths(filepath.Dir(file))
	if path, problem := t.check(); problem != "" {
		return t, at.Errorf(file, path, "%s", problem)
	}
	return t, nil
}

func (t *Target) resolvePaths(folder string) {
	paths := []*string{&t.TLS.CA}
	if t.Tokens != nil && t.Tokens.JWT != nil {
		paths = append(paths, &t.Tokens.JWT.Key)
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(folder, *p)
		}
	}
}

// check says what is wrong with the target, and at which path of its file.
func (t *Target) check() (path, problem string) {
	if t.URL == "" {
		return "url", "a target needs a url"
	}
	u, err := url.Parse(fill(t.URL, "topic", "x"))
	if t.URL != EmbeddedURL && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return "url", "expected an http or https URL"
	}
	if !slices.Contains([]string{"", "GET", "POST"}, t.Method) {
		return "method", fmt.Sprintf("unknown method %q; known: GET, POST", t.Method)
	}
	if t.Body != "" && t.Method != "POST" {
		return "body", "a body goes with method: POST"
	}
	if path, problem := t.OpenAI.check(); problem != "" {
		return "openai." + path, problem
	}
	if path, problem := t.MCP.check(); problem != "" {
		return "mcp." + path, problem
	}
	if !slices.Contains([]string{"", "1.1", "2"}, t.HTTP) {
		return "http", fmt.Sprintf("unknown HTTP version %q; known: 1.1, 2", t.HTTP)
	}
	if t.Topic != "" && !strings.Contains(t.Topic, "{nonce}") {
		return "topic", "a topic template needs {nonce}, or exchanges would hear each other"
	}
	if t.UserTopic != "" && !strings.Contains(t.UserTopic, "{user}") {
		return "user_topic", "a template of users' topics needs {user}"
	}
	if t.StreamLimit < 0 || t.StreamLimit > maxStreamLimit {
		return "stream_limit", fmt.Sprintf("expected 0 to %d, as many as ssegauge opens", maxStreamLimit)
	}
	if t.Crowd < 0 || t.Crowd > maxCrowd {
		return "crowd", fmt.Sprintf("expected 0 to %d, as many as ssegauge opens", maxCrowd)
	}
	for name := range t.Control {
		if ControlActions[name] == "" {
			known := actionNames()
			return "control", fmt.Sprintf("unknown action %q%s; known: %s", name, nearest.Hint(name, known), strings.Join(known, ", "))
		}
	}
	for _, p := range t.Profiles {
		if !slices.Contains(Profiles(), p) {
			return "profiles", fmt.Sprintf("unknown profile %q%s", p, nearest.Hint(p, Profiles()))
		}
	}
	if t.Publish != nil {
		if problem := t.Publish.check(); problem != "" {
			return "publish", problem
		}
	}
	if problem := t.Memory.check(); problem != "" {
		return "memory", problem
	}
	if t.Tokens != nil {
		if problem := t.Tokens.check(); problem != "" {
			return "tokens", problem
		}
	}
	return "", ""
}

// maxStreamLimit bounds the streams that are opened to reach a limit, maxCrowd
// those of a crowd.
const (
	maxStreamLimit = 1000
	maxCrowd       = 5000
)

// EmbeddedURL in place of a URL asks the command for its own reference server.
// This package does not know it.
const EmbeddedURL = "embedded"

func actionNames() []string {
	var names []string
	for name := range ControlActions {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// WithDefaults returns the target with every default filled in.
func (t Target) WithDefaults() (Target, error) {
	if t.URL == EmbeddedURL {
		return t, errors.New("the embedded server is not known to this package")
	}
	if path, problem := t.check(); problem != "" {
		return t, fmt.Errorf("target: %s: %s", path, problem)
	}
	setDefault(&t.Name, publicurl.Of(t.URL))
	setDefault(&t.Topic, "ssegauge-{nonce}")
	setDefault(&t.HTTP, "1.1")
	setDefault(&t.Method, http.MethodGet)
	setDefault(&t.Pace.Heartbeat, 15*time.Second)
	setDefault(&t.Pace.Patience, 5*time.Second)
	setDefault(&t.Pace.Quiet, time.Second)
	setDefault(&t.Pace.Listen, 3*time.Second)
	setDefault(&t.Pace.Lifetime, 70*time.Second)
	setDefault(&t.Pace.Second, time.Second)
	setDefault(&t.Crowd, 1000)
	return t, nil
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// facts is what the checks may know of the target.
func (t *Target) facts() Facts {
	f := Facts{
		URL: t.URL, Protocol: "HTTP/" + t.HTTP, Method: t.Method, Authenticated: t.Tokens != nil, Publishes: t.Publish != nil,
		AllowedOrigin: t.AllowedOrigin, AllowFields: t.AllowFields, Envelope: t.Envelope,
		Heartbeat: t.Pace.Heartbeat, StreamLimit: t.StreamLimit, Profiles: t.Profiles, Patience: t.Pace.Patience,
		Second: t.Pace.Second, OwnTopics: t.ownTopics(),
		TokenSent: t.Tokens.sent(), Cookie: t.Tokens.cookie(), TokenOptional: t.Tokens != nil && t.Tokens.Optional,
	}
	if t.HTTP == "2" {
		f.Protocol = "HTTP/2.0"
	}
	for _, name := range publishFields {
		if t.Publish != nil && t.Publish.knows(name) {
			f.Publishable = append(f.Publishable, name)
		}
	}
	return f
}

// config is the TLS configuration with which the target is spoken to.
func (t *TLS) config() (*tls.Config, error) {
	config := &tls.Config{ServerName: t.ServerName, InsecureSkipVerify: t.Insecure, RootCAs: t.Roots}
	if t.CA == "" || t.Roots != nil {
		return config, nil
	}
	pem, err := os.ReadFile(t.CA)
	if err != nil {
		return nil, fmt.Errorf("target: tls: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("target: tls: %s has no certificate in PEM", t.CA)
	}
	return config, nil
}
