package conformance

import (
	"bytes"
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// redacted stands in every output for a value that must not be shown.
const redacted = "***"

// A Secret is a value that must not reach an output: a token, or the key that
// signs one. Every way of printing or encoding it gives "***"; only Reveal
// gives the value.
type Secret string

// Reveal returns the value, for the one place that has to send or sign with it.
func (s Secret) Reveal() string { return string(s) }

// Format writes "***" for every verb and flag.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// MarshalText returns "***".
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// A redactor knows the secrets of a run and blanks them out of what is
// recorded. It is safe for concurrent use.
type redactor struct {
	mu     sync.Mutex
	values [][]byte // longest first
}

// leastSecret is the length in bytes below which a value is not looked for in
// what a backend sends: it would be found by chance.
const leastSecret = 8

// add makes known a secret, as it is and as it stands in a URL.
func (r *redactor) add(secrets ...Secret) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range secrets {
		for _, form := range []string{s.Reveal(), url.QueryEscape(s.Reveal())} {
			known := slices.ContainsFunc(r.values, func(v []byte) bool { return string(v) == form })
			if len(form) >= leastSecret && !known {
				r.values = append(r.values, []byte(form))
			}
		}
	}
	slices.SortStableFunc(r.values, func(a, b []byte) int { return cmp.Compare(len(b), len(a)) })
}

// carriers are parameters of a URL that carry tokens, by their names.
var carriers = regexp.MustCompile(`(?i)token|jwt|secret|passw|ticket|signature|^(auth|authorization|key|api[-_]?key|sig)$`)

// jwt is what a signed token looks like, whatever its parameter is called.
var jwt = regexp.MustCompile(`^[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}$`)

// addURL makes known what is secret in a URL that somebody has written: its
// password, and tokens in its query.
func (r *redactor) addURL(text string) {
	u, err := url.Parse(text)
	if err != nil {
		return
	}
	if password, ok := u.User.Password(); ok {
		r.add(Secret(password))
	}
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		name, escaped, _ := strings.Cut(pair, "=")
		value, err := url.QueryUnescape(escaped)
		if err == nil && (carriers.MatchString(name) || jwt.MatchString(value)) {
			r.add(Secret(value), Secret(escaped))
		}
	}
}

// blank overwrites every secret in p with asterisks and returns how many there
// were. Lengths stay, so that offsets do.
func (r *redactor) blank(p []byte) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := 0
	for _, v := range r.values {
		for from := 0; ; {
			i := bytes.Index(p[from:], v)
			if i < 0 {
				break
			}
			found++
			from += i
			for range v {
				p[from] = '*'
				from++
			}
		}
	}
	return found
}

// text is blank for a string.
func (r *redactor) text(s string) string {
	p := []byte(s)
	if r.blank(p) == 0 {
		return s
	}
	return string(p)
}

// redact blanks secrets out of a transcript.
func (r *runner) redact(t *Transcript) {
	t.Facts.URL = r.redactor.text(t.Facts.URL)
	t.Problem = r.redactor.text(t.Problem)
	for _, p := range t.Publications {
		p.Problem = r.redactor.text(p.Problem)
	}
	for _, c := range t.Connections {
		c.URL = r.redactor.text(c.URL)
		c.Problem = r.redactor.text(c.Problem)
		c.hideSession()
		c.hideCookies()
		c.Reflected = r.redactor.blank(c.Head) + r.redactor.blank(c.Stray)
		for i := range c.Fields {
			blanked := r.redactor.text(c.Fields[i].Value)
			if len(c.Head) == 0 && blanked != c.Fields[i].Value {
				c.Reflected++
			}
			c.Fields[i].Value = blanked
		}
		body := slices.Clone(c.bytes())
		if n := r.redactor.blank(body); n > 0 {
			c.Reflected += n
			for i, chunk := range c.Chunks {
				c.Chunks[i].Data, body = Bytes(body[:len(chunk.Data):len(chunk.Data)]), body[len(chunk.Data):]
			}
		}
		c.body, c.decoded = nil, nil
	}
}

// hideSession blanks out the name of an MCP session, which is as good as a token
// while the session lives.
func (c *Connection) hideSession() {
	for i, f := range c.Fields {
		if strings.EqualFold(f.Name, sessionField) {
			c.Fields[i].Value = redacted
		}
	}
	for line := range bytes.SplitAfterSeq(c.Head, []byte("\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if strings.EqualFold(string(name), sessionField) {
			value = bytes.TrimSpace(value)
			copy(value, bytes.Repeat([]byte("*"), len(value)))
		}
	}
}

// hideCookies blanks out the values of the cookies that the target sets. What
// is in a cookie is where it belongs, and does not count as reflected.
func (c *Connection) hideCookies() {
	hide := func(setting []byte) {
		pair, _, _ := bytes.Cut(setting, []byte(";"))
		_, value, _ := bytes.Cut(pair, []byte("="))
		value = bytes.TrimSpace(value)
		copy(value, bytes.Repeat([]byte("*"), len(value)))
	}
	for i, f := range c.Fields {
		if strings.EqualFold(f.Name, "Set-Cookie") {
			setting := []byte(f.Value)
			hide(setting)
			c.Fields[i].Value = string(setting)
		}
	}
	for line := range bytes.SplitAfterSeq(c.Head, []byte("\n")) {
		if name, setting, _ := bytes.Cut(line, []byte(":")); strings.EqualFold(string(name), "Set-Cookie") {
			hide(setting)
		}
	}
}

// hidden reports whether a text had a secret in it, for which as many asterisks
// stand now.
func hidden(text string) bool { return strings.Contains(text, strings.Repeat("*", leastSecret)) }
