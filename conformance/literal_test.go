package conformance

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A literal is a transcript and what a check makes of it. Every check has at
// least one that it passes and one that it does not.
type literal struct {
	id       string
	name     string
	t        *Transcript
	want     Outcome
	observed string // part of what is observed, or of the branch
}

// literals are those of every file of rules.
var literals = slices.Concat(targetLiterals, httpLiterals, streamLiterals, dataLiterals, eventLiterals, idLiterals, retryLiterals, injectLiterals, liveLiterals, resumeLiterals, stopLiterals, isoLiterals, corsLiterals, slowLiterals, openaiLiterals, mcpLiterals, mercureLiterals, polyLiterals, redirectLiterals, authLiterals)

func TestJudge(t *testing.T) {
	t.Parallel()
	for _, l := range literals {
		t.Run(l.id+"/"+l.name, func(t *testing.T) {
			c, err := Find(l.id)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range l.t.Connections {
				if r.Exchange == "" {
					l.t.Connections[i].Exchange = c.Exchange
				}
			}
			for _, p := range l.t.Publications {
				if p.Exchange == "" {
					p.Exchange = c.Exchange
				}
			}
			l.t.Exchange = c.Exchange
			got := c.judge(l.t)
			if got.Outcome != l.want || !strings.Contains(got.Observed+" "+got.Branch, l.observed) {
				t.Errorf("%s [%s] %q, want %s and %q", got.Outcome, got.Branch, got.Observed, l.want, l.observed)
			}
			if miss := got.Outcome == Fail || got.Outcome == Warn; miss && got.Observed == "" {
				t.Error("nothing is said to be observed")
			}
		})
	}
}

// A check that no literal turns red could not fail at all.
func TestEveryCheckHasLiterals(t *testing.T) {
	for _, c := range Checks() {
		var good, bad bool
		for _, l := range literals {
			if l.id != c.ID {
				continue
			}
			switch {
			case l.want == Fail, l.want == Warn, l.want == Told && l.observed != "" && unscored(&c):
				bad = true
			case l.want == Pass, l.want == Told:
				good = true
			}
		}
		if !good && !unscored(&c) || !bad {
			t.Errorf("%s: a literal that it meets: %t, one that it does not: %t", c.ID, good, bad)
		}
	}
}

func unscored(c *Check) bool { return c.Level == Info || c.Level == May }

func TestCatalogueIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Checks() {
		if c.Level == "" || c.Clause == "" || c.Require == "" || c.Why == "" || c.Fix == "" || c.Judge == nil {
			t.Errorf("%s lacks a field", c.ID)
		}
		if seen[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		seen[c.ID] = true
		for _, name := range append([]string{c.Exchange}, c.Also...) {
			if _, ok := findExchange(name); !ok && name != surviving {
				t.Errorf("%s: there is no exchange %q", c.ID, name)
			}
		}
		if e, ok := findExchange(c.Exchange); ok && len(c.Payloads) > 0 && !e.publishes() {
			t.Errorf("%s: the exchange %s publishes no payloads", c.ID, c.Exchange)
		}
	}
	for _, e := range exchanges {
		if e.name == "" || e.about == "" || e.talk == nil {
			t.Errorf("the exchange %q lacks a field", e.name)
		}
	}
}

// transcript is what was said over the connections.
func transcript(connections ...*Connection) *Transcript {
	return &Transcript{Connections: connections, Facts: Facts{Patience: 5 * time.Second}}
}

// nothing is an exchange in which no response came.
func nothing() *Transcript {
	return transcript(&Connection{Name: "stream", Method: "GET", Sent: 1})
}

// with adds to a transcript what was published.
func (t *Transcript) with(p ...*Publication) *Transcript {
	t.Publications = append(t.Publications, p...)
	return t
}

// reply is a response with the head given as text, without its last blank line.
func reply(name, head string) *Connection {
	c := &Connection{Name: name, Method: "GET", URL: "http://a/", Protocol: "HTTP/1.1", Dialed: ms(1), Sent: ms(2), End: EndLeft, Ended: ms(9000)}
	p := parser{method: c.Method}
	text := strings.ReplaceAll(strings.TrimSpace(head), "\n", "\r\n") + "\r\n\r\n"
	if _, err := p.feed(c, []byte(text), ms(3), func([]byte, bool) bool { return true }); err != nil {
		panic(err)
	}
	return c
}

// goodHead is a head to which no check objects.
const goodHead = "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nCache-Control: no-store, no-transform"

// head is a response like goodHead with a further line.
func head(line string) *Connection { return reply("stream", goodHead+"\n"+line) }

// body is a stream of the chunks, which come 100 ms apart.
func body(chunks ...string) *Connection {
	return reply("stream", goodHead).sent(chunks...)
}

func (c *Connection) sent(chunks ...string) *Connection {
	for i, text := range chunks {
		c.Chunks = append(c.Chunks, Chunk{At: ms(100 * (i + 1)), Data: Bytes(text), Begins: true})
	}
	return c
}

func (c *Connection) called(name string) *Connection { c.Name = name; return c }

func (c *Connection) in(exchange string) *Connection { c.Exchange = exchange; return c }

func (c *Connection) ended(e End) *Connection { c.End = e; return c }

func (c *Connection) asked(method string) *Connection { c.Method = method; return c }

func (c *Connection) after(wait time.Duration) *Connection { c.Responded = c.Sent + wait; return c }

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// mark is the publication of a mark, put one for a check.
func mark(data string) *Publication {
	return &Publication{Mark: true, Accepted: true, Fields: Fields{"data": data}, Sent: ms(50)}
}

func put(check, data string) *Publication {
	return &Publication{Check: check, Accepted: true, Fields: Fields{"data": data}, Sent: ms(50)}
}

func refused(check, data string, status int) *Publication {
	return &Publication{Check: check, Fields: Fields{"data": data}, Status: status, Problem: "status"}
}

// framed is a payload between its marks, as it went over the wire.
func framed(p *Publication, wire string) *Transcript {
	return transcript(body("data: m1\n\n"+wire+"data: m2\n\n")).with(mark("m1"), p, mark("m2"))
}
