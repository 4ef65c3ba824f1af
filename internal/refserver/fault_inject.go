package refserver

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
)

// injectFaults are about text that is written as it came, and so can begin
// lines of its own.
var injectFaults = []faultRow{
	{Fault{"event-raw", "The type of an event is written as it was published.",
		[]string{"inject.event"}},
		faultHooks{event: onEvent(unhidden), publication: func(p *publication, refused error) error {
			return hide(&p.event, refused)
		}}},
	{Fault{"id-raw", "The ID of an event is written as it was published.",
		[]string{"inject.id", "inject.id.nul", "id.no-nul", "id.header-safe"}},
		faultHooks{event: onEvent(unhidden), publication: func(p *publication, refused error) error {
			if checkID(p.id) != nil {
				refused = nil
			}
			return hide(&p.id, refused)
		}}},
	{Fault{"id-cut", "The ID of an event is cut at a NUL.",
		[]string{"inject.id.nul"}},
		faultHooks{publication: func(p *publication, refused error) error {
			id, _, cut := strings.Cut(p.id, "\x00")
			if cut {
				p.id, refused = id, nil
			}
			return refused
		}}},
	{Fault{"retry-raw", "A reconnection time that is no number is written as it was published.",
		[]string{"inject.retry"}},
		faultHooks{event: onEvent(unhidden), handler: onPath("/publish", smuggleRetry)}},
	{Fault{"comment-raw", "Only the first line of a comment is written as one.",
		[]string{"inject.comment"}},
		faultHooks{event: onEvent(unhidden), publication: func(p *publication, refused error) error {
			if p.comment == nil {
				return refused
			}
			return hide(p.comment, refused)
		}}},
	{Fault{"last-id-echoed", "The last event ID of a stream is written into its first event as it came.",
		[]string{"inject.last-event-id-echo"}},
		faultHooks{subscription: unswept, handler: tapped(func(next http.Handler, w *tap, r *http.Request) {
			if id := r.Header.Get("Last-Event-ID"); id != "" {
				w.follow("event: resumed\ndata: behind " + id + "\n\n")
			}
			next.ServeHTTP(w, r)
		})}},
	{Fault{"type-reflected", "The query's type is written into every event.",
		[]string{"inject.query-reflect"}},
		faultHooks{subscription: unswept, handler: tapped(func(next http.Handler, w *tap, r *http.Request) {
			if name := r.URL.Query().Get("type"); name != "" {
				write := w.write
				w.write = func(p []byte) (int, error) {
					if !bytes.HasPrefix(p, []byte("id: ")) {
						return write(p)
					}
					_, err := write(slices.Concat([]byte("event: "+name+"\n"), p))
					return len(p), err
				}
			}
			next.ServeHTTP(w, r)
		})}},
	{Fault{"header-split", "The query's name is written into the head of the response as it came.",
		[]string{"inject.header-split"}},
		faultHooks{handler: onPath("/events", splitHeader)}},
	{Fault{"gap-published", "Events of the server's own type are accepted from publishers.",
		[]string{"inject.reserved-name"}},
		faultHooks{publication: func(p *publication, refused error) error {
			if p.event == gapEvent {
				return nil
			}
			return refused
		}}},
}

// hiding is the first of the characters of private use that stand for control
// characters on their way through the encoder, which would take some of them
// for line ends.
const hiding = '\ue000'

func hidden(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return hiding + r
		}
		return r
	}, s)
}

// unhidden gives the control characters of an event back.
func unhidden(e []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r >= hiding && r < hiding+' ' {
			return r - hiding
		}
		return r
	}, e)
}

// hide hides what a text of a publish has, which is then not refused.
func hide(text *string, refused error) error {
	if h := hidden(*text); h != *text {
		*text = h
		return nil
	}
	return refused
}

// smuggleRetry moves a reconnection time that is a JSON string into the comment
// of the event, behind a line end.
func smuggleRetry(next http.Handler, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	}
	var fields map[string]any
	if json.Unmarshal(body, &fields) == nil {
		if text, ok := fields["retry"].(string); ok {
			delete(fields, "retry")
			fields["comment"] = hidden("\nretry: " + text)
			body, _ = json.Marshal(fields) // it was JSON before
		}
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	next.ServeHTTP(w, r)
}

// follow writes a text behind the stream's first bytes.
func (w *tap) follow(text string) {
	write, begun := w.write, false
	w.write = func(p []byte) (int, error) {
		if begun {
			return write(p)
		}
		begun = true
		_, err := write(slices.Concat(p, []byte(text)))
		return len(p), err
	}
}

// splitHeader writes the head of a stream itself if the name in the query has a
// line end, which net/http would take out. It stops in front of an empty line,
// and so does the stream.
func splitHeader(next http.Handler, w http.ResponseWriter, r *http.Request) {
	name, _, _ := strings.Cut(r.URL.Query().Get("name"), "\r\n\r\n")
	if !strings.Contains(name, "\r\n") {
		next.ServeHTTP(w, r)
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		next.ServeHTTP(w, r)
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nX-Name: "+name+"\r\n\r\n"+comment) // the client may be gone
}
