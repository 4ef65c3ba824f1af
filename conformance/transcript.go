package conformance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// A Transcript is what was said in one exchange. All times count from the
// beginning of the run, in nanoseconds when encoded; a zero time means never.
type Transcript struct {
	Exchange string `json:"exchange"`
	// Facts is what the checks may know of the target.
	Facts        Facts          `json:"facts"`
	Connections  []*Connection  `json:"connections"`
	Publications []*Publication `json:"publications,omitempty"`
	Probes       []Probe        `json:"probes,omitempty"`
	// Counts is how many there were of what is too many to be listed.
	Counts map[string]int `json:"counts,omitempty"`
	// Lag is the most that this process was late for its own timers while the
	// exchange took place.
	Lag time.Duration `json:"lag_ns,omitempty"`
	// Problem says why the exchange could not be brought to its end; empty if
	// it was. What is there before it is judged all the same.
	Problem string `json:"problem,omitempty"`

	check *Check // the one that judges
}

// Facts is what the checks may know of the target.
type Facts struct {
	URL           string        `json:"url"`
	Protocol      string        `json:"protocol"`         // HTTP/1.1 or HTTP/2.0
	Method        string        `json:"method,omitempty"` // that opens a stream; empty: GET
	Authenticated bool          `json:"authenticated,omitempty"`
	Publishes     bool          `json:"publishes,omitempty"`
	AllowedOrigin string        `json:"allowed_origin,omitempty"`
	AllowFields   []string      `json:"allow_fields,omitempty"`
	Envelope      string        `json:"envelope,omitempty"`
	Heartbeat     time.Duration `json:"heartbeat_ns,omitempty"`
	StreamLimit   int           `json:"stream_limit,omitempty"`
	Profiles      []string      `json:"profiles,omitempty"`
	Patience      time.Duration `json:"patience_ns"`
	// Publishable are the fields that the publish hook can express.
	Publishable []string      `json:"publishable,omitempty"`
	Second      time.Duration `json:"second_ns,omitempty"`  // of limits of silence; 0 means a real one
	OwnTopics   bool          `json:"own_topics,omitempty"` // nobody else publishes to an exchange's topic
	// TokenSent is how the token is sent: "bearer", "header NAME" and the
	// other ways of Tokens.Send. Empty without tokens.
	TokenSent string `json:"token_sent,omitempty"`
	// Cookie names the cookie that may carry the token, and TokenOptional tells
	// that streams are open to those who show none.
	Cookie        string `json:"cookie,omitempty"`
	TokenOptional bool   `json:"token_optional,omitempty"`
}

// A Connection is one request and its response. Several may share a network
// connection, one after another.
type Connection struct {
	Exchange string `json:"exchange"`
	Name     string `json:"name"` // what it is for in the exchange
	// Request as it was sent, with secrets blanked out.
	Method   string `json:"method"`
	URL      string `json:"url"`
	Protocol string `json:"protocol"` // HTTP/1.0, HTTP/1.1 or HTTP/2.0
	TLS      bool   `json:"tls,omitempty"`
	Request  Bytes  `json:"request"`
	// After is the last event ID that the client had when it asked.
	After string `json:"after,omitempty"`
	// Expires is when the token that was shown expires, 0 if that is not known.
	Expires time.Duration `json:"expires_ns,omitempty"`

	Dialed    time.Duration `json:"dialed_ns"`              // the connection stood
	Sent      time.Duration `json:"sent_ns"`                // the request had been written
	Responded time.Duration `json:"responded_ns,omitempty"` // the response head was complete
	Ended     time.Duration `json:"ended_ns,omitempty"`     // End came about
	Closed    time.Duration `json:"closed_ns,omitempty"`    // the peer closed the network connection

	Head   Bytes   `json:"head,omitempty"` // raw; empty with HTTP/2
	Status int     `json:"status,omitempty"`
	Fields []Field `json:"fields,omitempty"`
	// Chunks is the body without transfer and content coding, cut where reads
	// and transfer chunks were.
	Chunks []Chunk `json:"chunks,omitempty"`
	// Coded is how many bytes the body had with its content coding.
	Coded int `json:"coded,omitempty"`
	// Stray is what came after the end of the response, at most 1 KiB.
	Stray Bytes `json:"stray,omitempty"`
	End   End   `json:"end,omitempty"`
	// Problem says what was wrong with the connection, the head, the framing
	// or the content coding.
	Problem string `json:"problem,omitempty"`
	// Reflected counts occurrences of secrets in the response, which are
	// blanked out.
	Reflected int `json:"reflected,omitempty"`

	body    []byte   // of Chunks, once asked for
	decoded *decoded // of Chunks, once asked for
}

// End is how a response came to its end.
type End string

// Ends.
const (
	EndNone      End = ""          // it has not
	EndComplete  End = "complete"  // as its framing says
	EndClosed    End = "closed"    // the connection was closed where nothing else marks the end
	EndCut       End = "cut"       // the connection was closed before the end that the framing says
	EndReset     End = "reset"     // the connection failed
	EndMalformed End = "malformed" // Problem says why
	EndLimit     End = "limit"     // we read no further
	EndLeft      End = "left"      // we closed it
)

// byPeer reports whether the target ended the response.
func (e End) byPeer() bool {
	return e == EndComplete || e == EndClosed || e == EndCut || e == EndReset
}

// A Field is one header field as it came.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Chunk is some bytes of a body that were read at one time.
type Chunk struct {
	At   time.Duration `json:"at_ns"`
	Data Bytes         `json:"data"`
	// Begins tells that a transfer chunk (RFC 9112 section 7.1) begins here.
	Begins bool `json:"begins,omitempty"`
}

// Fields is what is published: data, event, id, retry, comment, and user. A
// field that is not there is not published.
type Fields map[string]string

// A Publication is one publish and its answer.
type Publication struct {
	Exchange string `json:"exchange"`
	// Check is the ID of the check that it is for, Mark tells that it only
	// marks a place in the stream.
	Check string `json:"check,omitempty"`
	Mark  bool   `json:"mark,omitempty"`
	Topic string `json:"topic"`
	// For is the role of the user whom it is for, empty if for everybody; By is
	// the role whose token published it, empty if the publisher's.
	For    string `json:"for,omitempty"`
	By     string `json:"by,omitempty"`
	Fields Fields `json:"fields"`

	Sent     time.Duration `json:"sent_ns"`
	Answered time.Duration `json:"answered_ns,omitempty"`
	Accepted bool          `json:"accepted,omitempty"`
	Status   int           `json:"status,omitempty"` // of an HTTP answer
	ID       string        `json:"id,omitempty"`     // that the answer gives
	// Problem says why the publish was not accepted. Unsendable tells that it
	// did not even get to the target: the hook cannot express it.
	Problem    string `json:"problem,omitempty"`
	Unsendable bool   `json:"unsendable,omitempty"`
	// Repeated tells that the target ended the stream behind it, and that it
	// was published once more, to another.
	Repeated bool `json:"repeated,omitempty"`
}

// A Probe is one look at whether the target still accepts connections.
type Probe struct {
	At      time.Duration `json:"at_ns"`
	After   string        `json:"after"` // the exchange that had ended
	Problem string        `json:"problem,omitempty"`
}

// Bytes encodes as a JSON string where it is valid UTF-8, and else as
// {"base64": "…"}.
type Bytes []byte

// MarshalJSON implements json.Marshaler.
func (b Bytes) MarshalJSON() ([]byte, error) {
	if utf8.Valid(b) {
		return json.Marshal(string(b))
	}
	return json.Marshal(map[string]string{"base64": base64.StdEncoding.EncodeToString(b)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (b *Bytes) UnmarshalJSON(text []byte) error {
	if !bytes.HasPrefix(text, []byte("{")) {
		var s string
		err := json.Unmarshal(text, &s)
		*b = Bytes(s)
		return err
	}
	var coded struct {
		Base64 *[]byte `json:"base64"`
	}
	if err := json.Unmarshal(text, &coded); err != nil {
		return err
	}
	if coded.Base64 == nil {
		return errors.New("expected a string or an object with base64")
	}
	*b = *coded.Base64
	return nil
}

// named returns the first connection of the name, nil if there is none. The
// check's own exchange comes before those that it only also looks at.
func (t *Transcript) named(name string) *Connection {
	for _, c := range t.Connections {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// streams returns the connections that carried an event stream.
func (t *Transcript) streams() []*Connection {
	var list []*Connection
	for _, c := range t.Connections {
		if c.isStream() {
			list = append(list, c)
		}
	}
	return list
}

// published returns what was published for the judging check, each payload
// once.
func (t *Transcript) published() []*Publication {
	var list []*Publication
	for _, p := range t.Publications {
		if t.check != nil && p.Check == t.check.ID && !p.Repeated {
			list = append(list, p)
		}
	}
	return list
}

// between returns the events that a stream of the publication's exchange got
// between the marks before and after it. It reports false if the mark after it
// never came: then nothing is known about what became of the publication. The
// stream is the one that was open then, if there were several of the name.
func (t *Transcript) between(p *Publication, name string) (events []Event, c *Connection, ok bool) {
	before, after := "", ""
	seen := false
	for _, q := range t.Publications {
		switch {
		case q.Exchange != p.Exchange:
		case q == p:
			seen = true
		case q.Mark && !seen:
			before = q.Fields["data"]
		case q.Mark && after == "":
			after = q.Fields["data"]
		}
	}
	is := func(data string) func(Event) bool {
		return func(e Event) bool { return t.payload(e) == data }
	}
	for _, candidate := range t.Connections {
		if candidate.Exchange != p.Exchange || candidate.Name != name {
			continue
		}
		all := candidate.events()
		if c == nil || slices.ContainsFunc(all, is(before)) && !slices.ContainsFunc(c.events(), is(before)) {
			c = candidate
		}
		if to := slices.IndexFunc(all, is(after)); after != "" && to >= 0 {
			from := slices.IndexFunc(all[:to], is(before)) + 1
			return all[from:to], candidate, true
		}
	}
	return nil, c, false
}

// endsStreams reports whether the target ended the stream behind the
// publication, and did the same the first time.
func (t *Transcript) endsStreams(p *Publication, c *Connection) bool {
	return c != nil && c.End.byPeer() && c.Ended >= p.Sent && slices.ContainsFunc(t.Publications, func(q *Publication) bool {
		return q.Repeated && q.Exchange == p.Exchange && q.Check == p.Check && maps.Equal(q.Fields, p.Fields)
	})
}

// payload is the published part of an event's data: all of it, or what the
// target's envelope has in its place.
func (t *Transcript) payload(e Event) string { return unwrap(e.Data, t.Facts.Envelope) }

// unwrap follows a dotted path into JSON data. Data that has no such place is
// returned as it is.
func unwrap(data, path string) string {
	if path == "" {
		return data
	}
	var at any
	if json.Unmarshal([]byte(data), &at) != nil {
		return data
	}
	for key := range strings.SplitSeq(path, ".") {
		object, ok := at.(map[string]any)
		if !ok {
			return data
		}
		at = object[key]
	}
	if text, ok := at.(string); ok {
		return text
	}
	return data
}

// isStream reports whether the response is an event stream: status 200 and
// text/event-stream, whatever its parameters.
func (c *Connection) isStream() bool {
	return c.Status == 200 && c.Method != "HEAD" && c.essence() == "text/event-stream"
}

// essence is the media type without parameters, in lower case.
func (c *Connection) essence() string {
	value, _, _ := strings.Cut(c.value("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(value))
}

// values returns the values of all fields of the name, in any letter case.
func (c *Connection) values(name string) []string {
	var list []string
	for _, f := range c.Fields {
		if strings.EqualFold(f.Name, name) {
			list = append(list, f.Value)
		}
	}
	return list
}

// value returns the first of values, empty if there is none.
func (c *Connection) value(name string) string {
	if list := c.values(name); len(list) > 0 {
		return list[0]
	}
	return ""
}

// lists reports whether a comma-separated field has the word, in any letter
// case and with or without an argument after an equals sign.
func (c *Connection) lists(name, word string) bool {
	_, ok := c.directive(name, word)
	return ok
}

// directive returns the argument of a word in a comma-separated field.
func (c *Connection) directive(name, word string) (argument string, ok bool) {
	for _, value := range c.values(name) {
		for item := range strings.SplitSeq(value, ",") {
			key, argument, _ := strings.Cut(strings.TrimSpace(item), "=")
			if strings.EqualFold(strings.TrimSpace(key), word) {
				return strings.Trim(strings.TrimSpace(argument), `"`), true
			}
		}
	}
	return "", false
}

// waited is the time from the request to the response head, 0 if none came.
func (c *Connection) waited() time.Duration {
	if c.Responded == 0 {
		return 0
	}
	return c.Responded - c.Sent
}
