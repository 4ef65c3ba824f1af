package conformance

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Verdicts that many checks share.

// onHead judges the response head of the named connection. Without one nothing
// is known.
func onHead(name string, judge func(*Transcript, *Connection) Verdict) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		c := t.named(name)
		if c == nil || c.Responded == 0 {
			return untested("no response came%s", because(c))
		}
		return judge(t, c)
	}
}

// onStream is onAnswer where the answer is announced as a stream.
func onStream(judge func(*Transcript, *Connection) Verdict) func(*Transcript) Verdict {
	return onAnswer(func(t *Transcript, c *Connection) Verdict {
		if !c.isStream() {
			return untested("the media type is another (see http.content-type.essence)")
		}
		return judge(t, c)
	})
}

// onAnswer is onHead for the stream that was asked for: an answer with another
// status is no stream, and not judged as one.
func onAnswer(judge func(*Transcript, *Connection) Verdict) func(*Transcript) Verdict {
	return onHead("stream", func(t *Transcript, c *Connection) Verdict {
		if c.Status != 200 {
			return untested("the answer has status %d (see http.status.ok)", c.Status)
		}
		return judge(t, c)
	})
}

// because tells a connection's problem behind a sentence.
func because(c *Connection) string {
	if c == nil || c.Problem == "" {
		return ""
	}
	return ": " + c.Problem
}

// unmet is why nothing was to be seen in the exchange.
func (t *Transcript) unmet(otherwise string) Verdict {
	if t.Problem != "" {
		return untested("%s", t.Problem)
	}
	return untested("%s", otherwise)
}

// heard returns the streams of which at least one line came.
func (t *Transcript) heard() []*Connection {
	return slices.DeleteFunc(t.streams(), func(c *Connection) bool { return len(c.lines()) == 0 })
}

const nothingHeard = "no line of a stream was seen; a publish hook in the target file makes some"

// shownOffences is how many of the places are shown that offend.
const shownOffences = 3

// eachLine judges a stream by its lines: offends says what is wrong with one,
// "" if nothing is.
func eachLine(what string, offends func(*Transcript, Line) string) func(*Transcript) Verdict {
	return everywhere(what, func(t *Transcript, c *Connection, report func(problem string, e Evidence)) {
		for _, l := range c.lines() {
			if problem := offends(t, l); problem != "" {
				report(problem, l.evidence(c))
			}
		}
	})
}

// eachBlock judges a stream by its blocks, the unfinished last one left out.
func eachBlock(what string, offends func(*Transcript, Block) string) func(*Transcript) Verdict {
	return everywhere(what, func(t *Transcript, c *Connection, report func(problem string, e Evidence)) {
		for _, b := range c.blocks() {
			if b.Blank == nil {
				continue
			}
			if problem := offends(t, b); problem != "" {
				report(problem, c.bodyEvidence(b.Lines[0].Offset, b.Blank.Offset))
			}
		}
	})
}

// everywhere judges all streams that were heard. It counts what look reports.
func everywhere(what string, look func(t *Transcript, c *Connection, report func(problem string, e Evidence))) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		streams := t.heard()
		if len(streams) == 0 {
			return t.unmet(nothingHeard)
		}
		count, first := 0, ""
		var evidence []Evidence
		for _, c := range streams {
			look(t, c, func(problem string, e Evidence) {
				if count++; count <= shownOffences {
					evidence = append(evidence, e)
				}
				if first == "" {
					first = problem
				}
			})
		}
		if count == 0 {
			return passed("")
		}
		return missed("%s, the first: %s", counted(count, what), first).show(evidence...)
	}
}

// counted is a number with its noun, which gets an s beyond one.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// quoted shows a text, shortened in its middle.
func quoted(s string) string {
	const most = 80
	if len(s) > most {
		return fmt.Sprintf("%s… (%d bytes)", escape([]byte(s[:most])), len(s))
	}
	return `"` + escape([]byte(s)) + `"`
}

// quotedAll shows the data of events.
func quotedAll(events []Event) string {
	if len(events) == 0 {
		return "no event"
	}
	list := make([]string, 0, 4)
	for i, e := range events {
		if i == 3 {
			list = append(list, "…")
			break
		}
		text := quoted(e.Data)
		if e.Type != "message" {
			text = "event " + quoted(e.Type) + " with " + text
		}
		list = append(list, text)
	}
	return counted(len(events), "event") + ": " + strings.Join(list, ", ")
}

// seconds shows a time.
func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }

// accepted returns the publications of the check's own exchange that were
// accepted and are no marks.
func accepted(t *Transcript) []*Publication {
	var list []*Publication
	for _, p := range t.Publications {
		if p.Accepted && !p.Mark && p.Exchange == t.Exchange {
			list = append(list, p)
		}
	}
	return list
}

// arrival is when the event with the publication's data was dispatched, 0 if it
// never was.
func arrival(t *Transcript, c *Connection, p *Publication) time.Duration {
	for _, e := range c.events() {
		if t.payload(e) == p.Fields["data"] {
			return e.At
		}
	}
	return 0
}

// profiled reports whether one of the profiles is switched on.
func profiled(t *Transcript, names ...string) bool {
	return slices.ContainsFunc(t.Facts.Profiles, func(p string) bool { return slices.Contains(names, p) })
}
