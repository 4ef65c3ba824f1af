package refserver

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// eventFaults are about what an event has beside its data: type, ID and
// reconnection time.
var eventFaults = []faultRow{
	{Fault{"event-named", "An event without a type gets the type update.",
		[]string{"event.default"}},
		faultHooks{event: onEvent(func(e []byte) []byte {
			if typeLine(e) != nil || !bytes.Contains(e, []byte("\ndata: ")) {
				return e
			}
			return slices.Concat([]byte("event: update\n"), e)
		})}},
	{Fault{"event-lowercased", "The type of an event is turned into lower case.",
		[]string{"event.roundtrip"}},
		faultHooks{publication: onType(strings.ToLower)}},
	{Fault{"event-sticky", "An event without a type gets that of the event before it.",
		[]string{"event.no-carry-over"}},
		faultHooks{event: func(t *topicFault, e []byte) [][]byte {
			if line := typeLine(e); line != nil {
				t.held = bytes.Clone(line)
				return [][]byte{e}
			}
			return [][]byte{slices.Concat(t.held, e)}
		}}},
	{Fault{"event-error", "A stream that the server ends stops with an event of the type error.",
		[]string{"event.reserved"}},
		faultHooks{ending: "event: error\ndata: finished\n\n"}},
	{Fault{"event-trimmed", "Blanks around the type of an event are lost.",
		[]string{"event.edge-space"}},
		faultHooks{publication: onType(strings.TrimSpace)}},

	{Fault{"id-sometimes", "Every fifth event of a topic has no ID.",
		[]string{"id.present"}},
		faultHooks{event: func(t *topicFault, e []byte) [][]byte {
			if t.count%5 == 0 {
				e = withID(e, func(string) string { return "" })
			}
			return [][]byte{e}
		}}},
	{Fault{"id-modulo", "The IDs of a topic are its events' numbers modulo ten.",
		[]string{"id.unique"}},
		faultHooks{event: func(t *topicFault, e []byte) [][]byte {
			return [][]byte{withID(e, func(string) string { return "id: " + strconv.Itoa(t.count%10) + "\n" })}
		}}},
	{Fault{"id-per-stream", "The ID of an event begins with letters that each stream has of its own.",
		[]string{"id.same-for-all"}},
		faultHooks{subscription: unswept, handler: tapped(ownIDs)}},
	{Fault{"id-blank-end", "The ID of every event ends with a blank.",
		[]string{"id.header-safe"}},
		faultHooks{event: renumbered(func(id string) string { return "id: " + id + " \n" })}},
	{Fault{"id-ellipsis", "The ID of every event has a character beyond ASCII.",
		[]string{"id.ascii"}},
		faultHooks{event: renumbered(func(id string) string { return "id: …" + id + "\n" })}},
	{Fault{"id-long", "The ID of every event has more than 9,000 bytes.",
		[]string{"id.length"}},
		faultHooks{event: renumbered(func(id string) string { return "id: " + strings.Repeat("state", 1800) + id + "\n" })}},
	{Fault{"id-on-heartbeat", "Every heartbeat has an ID of its own.",
		[]string{"id.not-on-control"}},
		faultHooks{subscription: unswept, heartbeat: func(s *streamFault) string {
			s.beats++
			return fmt.Sprintf("id: beat-%d\n%s", s.beats, comment)
		}}},
	{Fault{"id-empty", "The ID of every event is empty.",
		[]string{"id.not-blank"}},
		faultHooks{event: renumbered(func(string) string { return "id\n" })}},
	{Fault{"id-restarts", "IDs begin anew whenever the server starts.",
		[]string{"id.epoch"}},
		faultHooks{config: func(c *Config) { c.Epoch = "e" }}},

	{Fault{"retry-suffixed", "The reconnection time that a stream is told has a unit.",
		[]string{"retry.digits"}},
		faultHooks{subscription: unswept, handler: tapped(suffixRetry)}},
	{Fault{"retry-seconds", "The reconnection time that a stream is told is in seconds.",
		[]string{"retry.range"}},
		faultHooks{config: func(c *Config) { c.Retry = 2 * time.Millisecond }}},
	{Fault{"retry-overflow", "The reconnection time that a stream is told has 32 bits and more.",
		[]string{"retry.overflow"}},
		faultHooks{config: func(c *Config) { c.Retry = 5_000_000_000 * time.Millisecond }}},
	{Fault{"retry-untold", "A stream is told no reconnection time.",
		[]string{"retry.present"}},
		faultHooks{config: func(c *Config) { c.Retry = -1 }}},
	{Fault{"retry-rounded", "A reconnection time that is published is rounded to seconds.",
		[]string{"retry.roundtrip"}},
		faultHooks{publication: func(p *publication, refused error) error {
			p.retry = p.retry.Round(time.Second)
			return refused
		}}},
}

// typeLine returns the line with an event's type, nil if it has none. Data
// comes behind it.
func typeLine(e []byte) []byte {
	for line := range bytes.Lines(e) {
		switch {
		case bytes.HasPrefix(line, []byte("event: ")):
			return line
		case bytes.HasPrefix(line, []byte("data: ")):
			return nil
		}
	}
	return nil
}

// onType changes the type of each publish.
func onType(change func(string) string) func(*publication, error) error {
	return func(p *publication, refused error) error {
		p.event = change(p.event)
		return refused
	}
}

// withID puts another line, or nothing, in place of the one with an event's ID.
func withID(e []byte, line func(id string) string) []byte {
	first, rest, _ := bytes.Cut(e, []byte("\n"))
	id, ok := bytes.CutPrefix(first, []byte("id: "))
	if !ok {
		return e
	}
	return slices.Concat([]byte(line(string(id))), rest)
}

// renumbered is withID for each event.
func renumbered(line func(id string) string) func(*topicFault, []byte) [][]byte {
	return onEvent(func(e []byte) []byte { return withID(e, line) })
}

// ownIDs puts letters that no other stream has in front of the IDs of a stream.
func ownIDs(next http.Handler, w *tap, r *http.Request) {
	write, letters := w.write, rand.Text()
	w.write = func(p []byte) (int, error) {
		_, err := write(withID(p, func(id string) string { return "id: " + letters + id + "\n" }))
		return len(p), err
	}
	next.ServeHTTP(w, r)
}

// suffixRetry writes an s behind the time in a stream's first bytes.
func suffixRetry(next http.Handler, w *tap, r *http.Request) {
	write := w.write
	w.write = func(p []byte) (int, error) {
		if bytes.Contains(p, []byte("\nretry: ")) {
			_, err := write(bytes.ReplaceAll(p, []byte("000\n"), []byte("s\n")))
			return len(p), err
		}
		return write(p)
	}
	next.ServeHTTP(w, r)
}
