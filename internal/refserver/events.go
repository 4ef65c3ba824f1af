package refserver

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tmaxmax/go-sse"
)

// events answers GET and HEAD /events.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	topics, err := s.topicsOf(r)
	if err != nil {
		s.refuse(w, &refusal{http.StatusBadRequest, "bad_request", err.Error(), ""})
		return
	}
	claims, err := s.authenticate(r, true)
	if err != nil {
		s.refuse(w, asRefusal(err))
		return
	}
	for _, t := range topics {
		if s.verifier != nil && !claims.MaySubscribe(t) {
			s.refuse(w, refuseScope)
			return
		}
	}
	if r.Method == http.MethodHead {
		s.head(w)
		w.WriteHeader(http.StatusOK)
		return
	}
	session, err := sse.Upgrade(w, r)
	if err != nil {
		s.refuse(w, &refusal{http.StatusInternalServerError, "unsupported", "this connection cannot stream", ""})
		return
	}
	grant, ok := s.grant(r)
	if !ok {
		s.refuse(w, refuseBadToken)
		return
	}
	conn := sweepable(r)
	sub := subscription{
		topics:  topics,
		lastID:  lastEventID(r),
		subject: claims.Subject,
		grant:   grant,
		expires: s.expiry(claims),
		swept:   conn != nil && len(s.hub.loops) > 1,
	}
	if s.hub.fault.subscription != nil {
		s.hub.fault.subscription(&sub)
	}
	st, err := s.hub.subscribe(sub)
	if err != nil {
		sub.grant.release()
	}
	if errors.Is(err, errNothingLeft) {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if err != nil {
		s.refuse(w, asRefusal(err))
		return
	}
	status := s.head(w)
	if status != http.StatusOK {
		w.WriteHeader(status)
	}
	// Head and preamble leave in one write.
	_, err = w.Write(s.preamble())
	if err == nil {
		err = session.Flush()
	}
	if err != nil {
		s.hub.leave(st, endedByPeer)
		return
	}
	control := http.NewResponseController(w)
	if !sub.swept {
		out := sessionWriter{session: session, ResponseWriter: w, control: control, timeout: s.cfg.WriteTimeout}
		if errors.Is(s.hub.serve(r.Context(), st, out), errCut) {
			// The client shall see that this is no clean end.
			panic(http.ErrAbortHandler)
		}
		return
	}
	taken, _, err := control.Hijack()
	if err != nil {
		s.hub.leave(st, endedByPeer)
		return
	}
	s.hub.attach(st, taken)
}

// head sets the head fields of a stream: those that keep every proxy that was
// measured from holding, changing or storing it.
func (s *Server) head(w http.ResponseWriter) (status int) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	if s.cfg.Auth != nil && s.cfg.Auth.QueryToken != "" {
		h.Set("Referrer-Policy", "no-referrer")
	}
	status = http.StatusOK
	if s.hub.fault.head != nil {
		status = s.hub.fault.head(h)
	}
	return status
}

// preamble is the first bytes of a stream: they get a proxy to pass the head
// on, and tell the client how long to wait before it comes back.
func (s *Server) preamble() []byte {
	retry := s.cfg.Retry
	if retry < 0 {
		return []byte(comment)
	}
	if s.cfg.RetryJitter > 0 {
		retry += rand.N(s.cfg.RetryJitter)
	}
	return fmt.Appendf(nil, "%sretry: %d\n\n", comment, retry.Milliseconds())
}

// sweepable returns the request's connection if a shard can write to it: plain
// HTTP/1.1 on a socket that nothing wraps.
func sweepable(r *http.Request) net.Conn {
	if r.ProtoMajor != 1 || r.ProtoMinor < 1 || r.TLS != nil {
		return nil
	}
	switch c := r.Context().Value(connKey{}).(type) {
	case *net.TCPConn:
		return c
	case *net.UnixConn:
		return c
	}
	return nil
}

// topicsOf returns the topics that the request names, each once.
func (s *Server) topicsOf(r *http.Request) ([]string, error) {
	named := r.URL.Query()["topic"]
	if len(named) == 0 {
		return nil, errors.New("the query names no topic: /events?topic=NAME")
	}
	if len(named) > s.cfg.Limits.TopicsPerStream {
		return nil, fmt.Errorf("more than %d topics", s.cfg.Limits.TopicsPerStream)
	}
	topics := make([]string, 0, len(named))
	for _, t := range named {
		if err := checkTopic(t, s.cfg.Limits.TopicBytes); err != nil {
			return nil, err
		}
		if !slices.Contains(topics, t) {
			topics = append(topics, t)
		}
	}
	return topics, nil
}

// checkTopic says what is wrong with a topic's name, without quoting it.
func checkTopic(name string, limit int) error {
	switch {
	case name == "":
		return errors.New("the topic's name is empty")
	case len(name) > limit:
		return fmt.Errorf("the topic's name is longer than %d bytes", limit)
	case !utf8.ValidString(name):
		return errors.New("the topic's name is not UTF-8")
	case strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("the topic's name has a control character")
	}
	return nil
}

// idParameters are the query parameters by which clients send the id that
// cannot set the header.
var idParameters = []string{"lastEventId", "last-event-id", "last_event_id", "Last-Event-ID"}

// lastEventID returns the id after which the client wants to go on: from the
// header (WHATWG HTML, section 9.2.4), else from one of the query parameters.
func lastEventID(r *http.Request) string {
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		return id
	}
	query := r.URL.Query()
	for _, name := range idParameters {
		if id := query.Get(name); id != "" {
			return id
		}
	}
	return ""
}

// asRefusal turns an error of the hub into an answer.
func asRefusal(err error) *refusal {
	var r *refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, errSubjectStreams):
		return &refusal{http.StatusTooManyRequests, "streams_per_subject", err.Error(), ""}
	case errors.Is(err, errStreams):
		return &refusal{http.StatusServiceUnavailable, "streams", err.Error(), ""}
	case errors.Is(err, errTopics):
		return &refusal{http.StatusServiceUnavailable, "topics", err.Error(), ""}
	case errors.Is(err, errFinished):
		return &refusal{http.StatusConflict, "finished", err.Error(), ""}
	case errors.Is(err, errReservedID):
		return &refusal{http.StatusBadRequest, "bad_request", err.Error(), ""}
	}
	return &refusal{http.StatusServiceUnavailable, "shutdown", "the server is shutting down", ""}
}
