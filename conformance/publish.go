package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Publish says how an event gets into the target: by a request, a command or a
// function.
//
// In the templates of a request, {topic}, {data}, {event}, {id}, {retry},
// {comment} and {user} stand for what is published; with _json behind the name
// they are written as JSON text, and {retry_json} as a number if it is one; with
// _form as in a URL's query. In URL they are always escaped. {optional} stands
// for the snippets of Optional whose field is published. {block}, {block_json}
// and {block_form} stand for the whole event as it is to go over the wire, for
// targets that take bytes.
type Publish struct {
	Request
	Optional map[string]string `yaml:"optional"`
	// Command is a program and its arguments, which know the same names; the
	// data comes on its standard input.
	Command []string `yaml:"command"`
	// Func, unless nil, is called in place of both. It knows every field.
	Func func(ctx context.Context, topic string, f Fields) error `yaml:"-"`
	// Anonymous leaves the publisher's token out.
	Anonymous bool `yaml:"anonymous"`
	// Timeout bounds one publish. Default 10 s.
	Timeout time.Duration `yaml:"timeout"`
}

// A Request is a template of an HTTP request. A header that comes out empty is
// not sent.
type Request struct {
	URL     string            `yaml:"url"`
	Method  string            `yaml:"method"` // default POST
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"`
}

// publishFields are the names that templates know beside topic.
var publishFields = []string{"data", "event", "id", "retry", "comment", "user"}

func (p *Publish) check() string {
	ways := 0
	for _, given := range []bool{p.URL != "", len(p.Command) > 0, p.Func != nil} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return "give one of url and command"
	case !p.knows("data"):
		return "the template has no place for {data}"
	}
	for name := range p.Optional {
		if !slices.Contains(publishFields, name) {
			return fmt.Sprintf("optional: unknown field %q; known: %s", name, strings.Join(publishFields, ", "))
		}
	}
	return ""
}

// templates are all texts in which a field may stand.
func (p *Publish) templates() []string {
	list := append([]string{p.URL, p.Body}, p.Command...)
	for _, v := range p.Headers {
		list = append(list, v)
	}
	for _, v := range p.Optional {
		list = append(list, v)
	}
	return list
}

// knows reports whether the hook has a place for a field.
func (p *Publish) knows(field string) bool {
	if p.Func != nil || field == "data" && len(p.Command) > 0 {
		return true
	}
	return slices.ContainsFunc(p.templates(), func(s string) bool {
		return names(s, field) || names(s, "block")
	})
}

// names reports whether a template has a place for the name.
func names(template, name string) bool {
	return slices.ContainsFunc([]string{"", "_json", "_form"}, func(form string) bool {
		return strings.Contains(template, "{"+name+form+"}")
	})
}

func (p *Publish) writesJSON() bool {
	return p.Func == nil && slices.ContainsFunc(p.templates(), func(s string) bool { return strings.Contains(s, "{data_json}") })
}

// An answer is what came of one publish.
type answer struct {
	status     int
	id         string
	problem    string // "" if it was accepted
	unsendable bool
}

// send publishes. rawJSON, unless empty, is the JSON text of the data.
func (p *Publish) send(ctx context.Context, client *http.Client, topic string, f Fields, rawJSON string, authorize func(*http.Request)) answer {
	timeout := p.Timeout
	if timeout <= 0 {
		timeout = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	switch {
	case p.writesBlock() && breaksBlock(f):
		return answer{problem: "the event is written by ssegauge, which would break it", unsendable: true}
	case p.Func != nil:
		if err := p.Func(ctx, topic, f); err != nil {
			return answer{problem: err.Error()}
		}
		return answer{}
	case len(p.Command) > 0:
		return runCommand(ctx, p.Command, f["data"], p.values(topic, f, rawJSON))
	}
	return p.Request.send(ctx, client, p.values(topic, f, rawJSON), authorize)
}

// values are the names and values for the templates.
func (p *Publish) values(topic string, f Fields, rawJSON string) []string {
	values := forms("topic", topic)
	for _, name := range publishFields {
		pairs := forms(name, f[name])
		switch {
		case name == "data" && rawJSON != "":
			pairs[3] = rawJSON
		case name == "retry" && digits(f[name]) && json.Valid([]byte(f[name])):
			pairs[3] = f[name]
		}
		values = append(values, pairs...)
	}
	values = append(values, forms("block", block(f))...)
	var optional strings.Builder
	for _, name := range publishFields {
		if _, given := f[name]; given {
			optional.WriteString(fill(p.Optional[name], values...))
		}
	}
	return append(values, "optional", optional.String())
}

// forms are a name and its value in all forms that templates know.
func forms(name, value string) []string {
	return []string{name, value, name + "_json", jsonText(value), name + "_form", url.QueryEscape(value)}
}

// writesBlock reports whether ssegauge itself writes the event. What would break
// it then says nothing about the target.
func (p *Publish) writesBlock() bool {
	return slices.ContainsFunc(p.templates(), func(s string) bool { return names(s, "block") })
}

// breaksBlock reports whether a field other than data and comment cannot be
// written into an event.
func breaksBlock(f Fields) bool {
	retry, given := f["retry"]
	id := f["id"]
	return strings.ContainsAny(f["event"]+id, "\r\n\x00") || given && !digits(retry) ||
		strings.TrimSpace(id) != id || strings.ContainsFunc(id, unicode.IsControl)
}

// block is an event as it goes over the wire (WHATWG HTML 9.2.5). Types and IDs
// are written as they are.
func block(f Fields) string {
	var b strings.Builder
	if text, given := f["comment"]; given {
		for line := range strings.SplitSeq(lineEnds.Replace(text), "\n") {
			b.WriteString(": " + line + "\n")
		}
	}
	for _, name := range []string{"event", "id", "retry"} {
		if value, given := f[name]; given {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	if text, given := f["data"]; given {
		for line := range strings.SplitSeq(lineEnds.Replace(text), "\n") {
			b.WriteString("data: " + line + "\n")
		}
	}
	return b.String() + "\n"
}

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 64 << 10

func (r *Request) send(ctx context.Context, client *http.Client, values []string, authorize func(*http.Request)) answer {
	body := fill(r.Body, values...)
	if strings.HasPrefix(r.Body, `{"`) && !json.Valid([]byte(body)) {
		return answer{problem: "the body would be no JSON; use the _json form in its template", unsendable: true}
	}
	method := r.Method
	if method == "" {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(ctx, method, fillURL(r.URL, values...), strings.NewReader(body))
	if err != nil {
		return answer{problem: "the request's template gives no URL", unsendable: true}
	}
	if strings.HasPrefix(body, "{") {
		request.Header.Set("Content-Type", "application/json")
	}
	if authorize != nil {
		authorize(request)
	}
	for name, template := range r.Headers {
		value := fill(template, values...)
		if strings.ContainsFunc(value, func(r rune) bool { return r != '\t' && unicode.IsControl(r) && r < 0x80 }) {
			return answer{problem: "a header cannot carry this", unsendable: true}
		}
		if strings.Trim(value, " \t") != value { // RFC 9110 section 5.5
			return answer{problem: "a header cannot carry blanks at its ends", unsendable: true}
		}
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := client.Do(request)
	if err != nil {
		return answer{problem: networkProblem(err)}
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	a := answer{status: response.StatusCode}
	if response.StatusCode/100 != 2 {
		a.problem = fmt.Sprintf("status %d", response.StatusCode)
		return a
	}
	var told struct {
		ID any `json:"id"`
	}
	if json.Unmarshal(text, &told) == nil {
		a.id, _ = told.ID.(string)
	}
	return a
}

func runCommand(ctx context.Context, command []string, stdin string, values []string) answer {
	arguments := make([]string, len(command))
	for i, template := range command {
		arguments[i] = fill(template, values...)
		if strings.Contains(arguments[i], "\x00") {
			return answer{problem: "a command's argument cannot carry NUL", unsendable: true}
		}
	}
	c := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	c.WaitDelay = time.Second
	c.Stdin = strings.NewReader(stdin)
	if err := c.Run(); err != nil {
		return answer{problem: fmt.Sprintf("%s: %v", arguments[0], err)}
	}
	return answer{}
}

// do performs the action on the topic. Only a request knows the token: the
// arguments of a command are seen by every user of the machine.
func (a *Action) do(ctx context.Context, client *http.Client, topic string, s Secret, authorize func(*http.Request)) error {
	values := forms("topic", topic)
	var result answer
	switch {
	case a.Func != nil:
		return a.Func(ctx, topic)
	case len(a.Command) > 0:
		result = runCommand(ctx, a.Command, "", values)
	default:
		result = a.Request.send(ctx, client, append(values, forms("token", s.Reveal())...), authorize)
	}
	if result.problem != "" {
		return errors.New(result.problem)
	}
	return nil
}

// fill replaces {name} by its value for each pair of name and value.
func fill(template string, pairs ...string) string {
	braced := make([]string, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		braced[i], braced[i+1] = "{"+pairs[i]+"}", pairs[i+1]
	}
	return strings.NewReplacer(braced...).Replace(template)
}

// fillURL is fill with each value escaped for its place in a URL.
func fillURL(template string, pairs ...string) string {
	escaped := func(escape func(string) string) []string {
		list := slices.Clone(pairs)
		for i := 1; i < len(list); i += 2 {
			list[i] = escape(list[i])
		}
		return list
	}
	path, query, hasQuery := strings.Cut(template, "?")
	path = fill(path, escaped(url.PathEscape)...)
	if hasQuery {
		path += "?" + fill(query, escaped(url.QueryEscape)...)
	}
	return path
}

// jsonText is s as JSON text, with characters beyond ASCII as they are.
func jsonText(s string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}
