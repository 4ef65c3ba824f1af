package refserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ssegauge/ssegauge/internal/nearest"
	"github.com/ssegauge/ssegauge/internal/token"
	"github.com/tmaxmax/go-sse"
)

// A publication is the body of a publish.
type publication struct {
	topics  []string
	data    *string
	event   string
	id      string
	retry   time.Duration
	comment *string
	finish  bool
}

// An Event is what Publish takes.
type Event struct {
	Topic string
	Name  string // the event name; empty: none, which is "message"
	Data  string
	// Last finishes the topic: its streams end when they have the event, and
	// are told not to come back.
	Last bool
}

// Publish publishes an event from the same process, past authentication, and
// returns its id. The rules for its fields are those of POST /publish.
func (s *Server) Publish(e Event) (id string, err error) {
	p := publication{topics: []string{e.Topic}, event: e.Name, data: &e.Data, finish: e.Last}
	if err := p.check(s.cfg.Limits); err != nil {
		return "", err
	}
	return s.hub.publish(p.message(), p.topics, p.finish)
}

// publishTimeout bounds the reading of a publish's body.
const publishTimeout = 10 * time.Second

// publish answers POST /publish.
func (s *Server) publish(w http.ResponseWriter, r *http.Request) {
	if !s.trusted(r) {
		// A browser sends a page's POST even where the page may not read
		// the answer.
		s.refuse(w, refuseCrossOrigin)
		return
	}
	claims, err := s.authenticate(r, false)
	if err != nil {
		s.refuse(w, asRefusal(err))
		return
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(publishTimeout)) // not every connection has deadlines
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.cfg.Limits.PublishBytes))
	_ = control.SetReadDeadline(time.Time{})
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		s.refuse(w, &refusal{http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("the body is longer than %d bytes", tooLarge.Limit), ""})
		return
	}
	if err != nil {
		s.refuse(w, &refusal{http.StatusBadRequest, "bad_request", "the body could not be read", ""})
		return
	}
	p, err := parsePublication(body)
	if err == nil {
		err = p.check(s.cfg.Limits)
		if s.hub.fault.publication != nil {
			err = s.hub.fault.publication(&p, err)
		}
	}
	if err != nil {
		s.refuse(w, &refusal{http.StatusBadRequest, "bad_request", err.Error(), ""})
		return
	}
	for _, t := range p.topics {
		if s.verifier != nil && !claims.MayPublish(t) {
			s.refuse(w, refuseScope)
			return
		}
	}
	id, err := s.hub.publish(p.message(), p.topics, p.finish)
	if err != nil {
		s.refuse(w, asRefusal(err))
		return
	}
	answer := map[string]any{"topics": p.topics}
	if len(p.topics) == 1 {
		answer = map[string]any{"topic": p.topics[0]}
	}
	if id != "" {
		answer["id"] = id
	}
	if p.finish {
		answer["finished"] = true
	}
	writeJSON(w, answer)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client may be gone
}

// publicationFields are the names in a publish's body.
var publicationFields = []string{"topic", "topics", "user", "data", "event", "id", "retry", "comment", "finish"}

// parsePublication reads one JSON object whose names are exactly those of
// publicationFields, each at most once. encoding/json alone would also take
// names in other letter case, and the last of several.
func parsePublication(body []byte) (publication, error) {
	var p publication
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return p, errors.New("the body is not a JSON object")
	}
	seen := map[string]bool{}
	var topic, user *string
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return p, errors.New("the body is not valid JSON")
		}
		name := t.(string) // a name, by the grammar
		if seen[name] {
			return p, fmt.Errorf("%q is there twice", name)
		}
		seen[name] = true
		var into any
		switch name {
		case "topic":
			into = &topic
		case "topics":
			into = &p.topics
		case "user":
			into = &user
		case "data":
			into = &p.data
		case "event":
			into = &p.event
		case "id":
			into = &p.id
		case "comment":
			into = &p.comment
		case "finish":
			into = &p.finish
		case "retry":
			if err := decodeRetry(dec, &p.retry); err != nil {
				return p, err
			}
			continue
		default:
			return p, fmt.Errorf("unknown field %q%s", name, nearest.Hint(name, publicationFields))
		}
		if err := dec.Decode(into); err != nil {
			return p, fmt.Errorf("%q is not %s", name, wanted[name])
		}
	}
	if _, err := dec.Token(); err != nil {
		return p, errors.New("the body is not valid JSON")
	}
	if _, err := dec.Token(); err != io.EOF {
		return p, errors.New("something follows the JSON object")
	}
	if seen["topic"] && topic == nil || seen["user"] && user == nil || seen["data"] && p.data == nil {
		return p, errors.New("topic, user and data must be strings, not null")
	}
	if topic != nil {
		p.topics = append(p.topics, *topic)
	}
	if user != nil {
		if *user == "" {
			return p, errors.New("the user is empty")
		}
		p.topics = append(p.topics, token.UserTopic(*user))
	}
	return p, nil
}

// wanted says what the value of a field must be.
var wanted = map[string]string{
	"topic": "a string", "topics": "an array of strings", "user": "a string", "data": "a string",
	"event": "a string", "id": "a string", "comment": "a string", "finish": "true or false",
}

// maxRetry is the largest reconnection time: browsers keep it in a signed
// 32-bit number of milliseconds.
const maxRetry = 1<<31 - 1

func decodeRetry(dec *json.Decoder, into *time.Duration) error {
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return errors.New("the body is not valid JSON")
	}
	var ms int64
	if err := json.Unmarshal(raw, &ms); err != nil || ms < 1 || ms > maxRetry || raw[0] == 'n' {
		return fmt.Errorf("\"retry\" is not a whole number of milliseconds between 1 and %d", maxRetry)
	}
	*into = time.Duration(ms) * time.Millisecond
	return nil
}

// check says why p may not be published.
func (p *publication) check(limits Limits) error {
	if len(p.topics) == 0 {
		return errors.New("neither topic nor user is given: an event to nobody in particular goes to nobody")
	}
	if len(p.topics) > limits.TopicsPerStream {
		return fmt.Errorf("more than %d topics", limits.TopicsPerStream)
	}
	for _, t := range p.topics {
		if err := checkTopic(t, limits.TopicBytes); err != nil {
			return err
		}
	}
	for name, v := range map[string]string{"event": p.event, "id": p.id} {
		if strings.ContainsAny(v, "\r\n\x00") {
			return fmt.Errorf("%q has a line end or NUL, which would begin another field", name)
		}
	}
	switch {
	case p.comment != nil && strings.ContainsAny(*p.comment, "\r\n\x00"):
		return errors.New("\"comment\" has a line end or NUL, which would begin another field")
	case p.data != nil && strings.Contains(*p.data, "\x00"):
		return errors.New("\"data\" has a NUL, which not every client keeps")
	case p.data == nil && (p.event != "" || p.id != ""):
		return errors.New("\"data\" is missing: an event without it is never dispatched")
	case p.data == nil && p.comment == nil && p.retry == 0 && !p.finish:
		return errors.New("nothing to publish: \"data\" is missing")
	case p.event == gapEvent:
		return fmt.Errorf("the event name %q is the server's own", gapEvent)
	}
	return checkID(p.id)
}

// checkID says why an id could not come back in a Last-Event-ID header.
func checkID(id string) error {
	switch {
	case len(id) > maxIDBytes:
		return fmt.Errorf("\"id\" is longer than %d bytes", maxIDBytes)
	case !utf8.ValidString(id):
		return errors.New("\"id\" is not UTF-8")
	case strings.ContainsFunc(id, unicode.IsControl):
		return errors.New("\"id\" has a control character, which a header cannot carry")
	case strings.TrimSpace(id) != id:
		return errors.New("\"id\" begins or ends with a blank, which a header loses")
	}
	return nil
}

// message returns what p puts on the stream, nil if that is nothing.
func (p *publication) message() *sse.Message {
	if p.data == nil && p.comment == nil && p.retry == 0 {
		return nil
	}
	m := &sse.Message{Retry: p.retry}
	if p.id != "" {
		m.ID = sse.ID(p.id)
	}
	if p.event != "" {
		m.Type = sse.Type(p.event)
	}
	if p.comment != nil {
		m.AppendComment(*p.comment + "\n")
	}
	if p.data != nil {
		appendLines(m, *p.data)
	}
	return m
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// appendLines appends data so that a client gets it as it is, with LF for each
// line end (WHATWG HTML, section 9.2.6). Message.AppendData drops an empty last
// line unless a line end follows it.
func appendLines(m *sse.Message, data string) {
	m.AppendData(lineEnds.Replace(data) + "\n")
}
