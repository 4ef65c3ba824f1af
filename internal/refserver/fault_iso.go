package refserver

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/ssegauge/ssegauge/internal/token"
)

// isoFaults are about keeping users and topics apart.
var isoFaults = []faultRow{
	{Fault{"user-broadcast", "Events for one user go to all users.",
		[]string{"iso.user"}},
		faultHooks{
			publication:  onTopics(renamed(everyUser)),
			subscription: func(s *subscription) { s.topics = renamed(everyUser)(s.topics) },
		}},
	{Fault{"user-open", "Everybody may read the events of every user.",
		[]string{"iso.user"}},
		faultHooks{
			publication: onTopics(renamed(openTopic)),
			handler: onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
				query := r.URL.Query()
				query["topic"] = renamed(openTopic)(query["topic"])
				r.URL.RawQuery = query.Encode()
				next.ServeHTTP(w, r)
			}),
		}},
	{Fault{"untargeted-to-all", "An event for nobody goes to all users.",
		[]string{"iso.user.untargeted"}},
		faultHooks{
			handler: onPath("/publish", addressed),
			subscription: func(s *subscription) {
				if slices.ContainsFunc(s.topics, isPrivate) {
					s.topics = append(s.topics, everyUser(""))
				}
			},
		}},
	{Fault{"topic-case", "Topics are compared without letter case.",
		[]string{"iso.topic"}},
		faultHooks{
			publication:  onTopics(inLowerCase),
			subscription: func(s *subscription) { s.topics = inLowerCase(s.topics) },
		}},
	{Fault{"topic-prefix", "An event also goes to the topic whose name lacks the last letter of its own.",
		[]string{"iso.topic"}},
		faultHooks{publication: onTopics(func(topics []string) []string {
			if last := topics[len(topics)-1]; len(last) > 1 {
				topics = append(topics, last[:len(last)-1])
			}
			return topics
		})}},
	{Fault{"foreign-replay", "A stream that resumes by an event of another topic gets that topic's events.",
		[]string{"iso.resume"}},
		faultHooks{subscription: unswept, joined: func(h *Hub, st *stream, id string, missing *gap) (*gap, error) {
			if l, seq := h.elsewhere(st, id); l != nil {
				st.cursors = append(st.cursors, cursor{log: l, off: l.after(seq, 0)})
			}
			return missing, nil
		}}},
	{Fault{"foreign-404", "A last event ID of an event of another topic is answered with 404.",
		[]string{"iso.resume.oracle"}},
		faultHooks{joined: func(h *Hub, st *stream, id string, missing *gap) (*gap, error) {
			if l, _ := h.elsewhere(st, id); l != nil {
				return nil, &refusal{http.StatusNotFound, "not_found", "no such event", ""}
			}
			return missing, nil
		}}},
	{Fault{"one-tab", "A user's stream ends when the user opens another.",
		[]string{"iso.same-user-tabs"}},
		faultHooks{subscription: unswept, handler: oneTab}},
	{Fault{"publish-unscoped", "Every token may publish to every topic.",
		[]string{"iso.publish"}},
		faultHooks{claims: func(c token.Claims, err error) (token.Claims, error) {
			c.Publish = everything.Publish
			return c, err
		}}},
	{Fault{"auth-per-connection", "The first token of a connection counts for all its requests.",
		[]string{"iso.connection-reuse"}},
		faultHooks{handler: firstToken}},
}

// onTopics changes where a publish goes.
func onTopics(change func([]string) []string) func(*publication, error) error {
	return func(p *publication, refused error) error {
		if len(p.topics) > 0 {
			p.topics = change(p.topics)
		}
		return refused
	}
}

func isPrivate(topic string) bool { return strings.HasPrefix(topic, token.UserTopic("")) }

// renamed changes the names of private topics.
func renamed(change func(user string) string) func([]string) []string {
	return func(topics []string) []string {
		list := make([]string, len(topics))
		for i, t := range topics {
			if list[i] = t; isPrivate(t) {
				list[i] = change(strings.TrimPrefix(t, token.UserTopic("")))
			}
		}
		return list
	}
}

// everyUser is a topic that all users have.
func everyUser(string) string { return "everyone" }

// openTopic is a topic in place of a user's private one.
func openTopic(user string) string { return "open/" + user }

func inLowerCase(topics []string) []string {
	list := make([]string, len(topics))
	for i, t := range topics {
		list[i] = strings.ToLower(t)
	}
	return list
}

// addressed sends what is published to nobody to every user.
func addressed(next http.Handler, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) == nil && string(fields["topic"]) == `""` {
		delete(fields, "user")
		fields["topic"], _ = json.Marshal(everyUser("")) // a string always marshals
		body, _ = json.Marshal(fields)                   // so does what was JSON
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	next.ServeHTTP(w, r)
}

// elsewhere returns the log that has the event of the id, if the stream is not
// on it. The caller holds the lock.
func (h *Hub) elsewhere(st *stream, id string) (*topicLog, uint64) {
	seq, own := h.seqOf(id)
	if !own {
		return nil, 0
	}
	for _, l := range h.topics {
		if l.holds(seq) && !slices.ContainsFunc(st.cursors, func(c cursor) bool { return c.log == l }) {
			return l, seq
		}
	}
	return nil, 0
}

// A tab is a stream of a private topic: what ends it, and when it has ended.
type tab struct {
	end  context.CancelFunc
	done chan struct{}
}

// oneTab ends a stream of a private topic before another one begins.
func oneTab(next http.Handler) http.Handler {
	var mu sync.Mutex // guards newest
	newest := map[string]tab{}
	return onPath("/events", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		topic := r.URL.Query().Get("topic")
		if r.Method != http.MethodGet || !isPrivate(topic) {
			next.ServeHTTP(w, r)
			return
		}
		ctx, end := context.WithCancel(r.Context())
		defer end()
		own := tab{end, make(chan struct{})}
		defer close(own.done)
		mu.Lock()
		before, opened := newest[topic]
		newest[topic] = own
		mu.Unlock()
		if opened {
			before.end()
			<-before.done
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})(next)
}

// firstToken remembers the first token of each connection. It forgets none: a
// server with a fault does not live long.
func firstToken(next http.Handler) http.Handler {
	var tokens sync.Map
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn := r.Context().Value(connKey{})
		if field := r.Header.Get("Authorization"); field != "" {
			tokens.LoadOrStore(conn, field)
		}
		if field, ok := tokens.Load(conn); ok {
			r.Header.Set("Authorization", field.(string))
		}
		next.ServeHTTP(w, r)
	})
}
