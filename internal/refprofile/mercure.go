package refprofile

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ssegauge/ssegauge/internal/token"
)

// mercure serves a hub. Topics are matched as they are written; the asterisk
// stands for all.
type mercure struct {
	manners   mercureManners
	heartbeat time.Duration
	verifier  *token.Verifier
	log       *updateLog
}

func newMercure(cfg Config) (http.Handler, error) {
	manners, err := mannersOf(mercureFaults, cfg.Fault)
	if err != nil {
		return nil, err
	}
	verifier, err := token.NewVerifier(token.VerifierConfig{Secret: cfg.Secret})
	if err != nil {
		return nil, err
	}
	return &mercure{manners, cfg.Heartbeat, verifier, newUpdateLog()}, nil
}

func (h *mercure) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != MercurePath:
		http.Error(w, "no such path", http.StatusNotFound)
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		h.subscribe(w, r)
	case r.Method == http.MethodPost:
		h.publish(w, r)
	default:
		notAllowed(w, "GET, HEAD, POST")
	}
}

// rights are what the bearer of a token may do.
type rights struct {
	Publish   []string `json:"publish"`
	Subscribe []string `json:"subscribe"`
	expires   time.Time
}

func covers(topics []string, topic string) bool {
	return slices.Contains(topics, "*") || slices.Contains(topics, topic)
}

// The ways in which a request is refused for want of rights (RFC 6750 section
// 3.1).
var (
	errNoToken   = errors.New("a bearer token is needed")
	errMalformed = errors.New("the Authorization field is not of the form: Bearer TOKEN")
	errBadToken  = errors.New("the token is not valid")
	errScope     = errors.New("the token does not give this right")
)

// cookieName is the cookie in which a browser shows its token.
const cookieName = "mercureAuthorization"

// authorize returns the rights of a request's token: of the Authorization field
// if it is there, else of the cookie.
func (h *mercure) authorize(r *http.Request) (rights, error) {
	raw := ""
	if fields := r.Header.Values("Authorization"); len(fields) > 0 {
		scheme, value, _ := strings.Cut(fields[0], " ")
		raw = strings.Trim(value, " ")
		if len(fields) > 1 || !strings.EqualFold(scheme, "Bearer") || raw == "" || strings.ContainsAny(raw, " ,") {
			return rights{}, errMalformed
		}
	} else if c, err := r.Cookie(cookieName); err == nil && r.Header.Get("Origin") == "" {
		// A browser adds the cookie to requests of any page; those of other
		// origins say so.
		raw = c.Value
	} else if h.manners.queryToken {
		raw = r.URL.Query().Get("access_token")
	}
	if raw == "" {
		return rights{}, errNoToken
	}
	claims, err := h.verifier.Verify(raw)
	if err != nil {
		return rights{}, errBadToken
	}
	_, rest, _ := strings.Cut(raw, ".")
	second, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(second)
	if err != nil {
		return rights{}, errBadToken
	}
	var own struct {
		Mercure rights `json:"mercure"`
	}
	if json.Unmarshal(text, &own) != nil {
		return rights{}, errBadToken
	}
	own.Mercure.expires = claims.Expires
	return own.Mercure, nil
}

// refuse answers a request for want of rights.
func (h *mercure) refuse(w http.ResponseWriter, err error) {
	status, challenge := http.StatusUnauthorized, `Bearer realm="ssegauge"`
	switch err {
	case errMalformed:
		challenge += `, error="invalid_request"`
	case errBadToken:
		challenge += `, error="invalid_token"`
	case errScope:
		status = http.StatusForbidden
		challenge += `, error="insufficient_scope"`
	}
	if h.manners.forbids {
		status = http.StatusForbidden
	}
	w.Header().Set("WWW-Authenticate", challenge)
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, err.Error(), status)
}

// publish takes an update.
func (h *mercure) publish(w http.ResponseWriter, r *http.Request) {
	granted, err := h.authorize(r)
	if err != nil {
		h.refuse(w, err)
		return
	}
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		http.Error(w, "the body is not a form", http.StatusBadRequest)
		return
	}
	if err := h.check(form); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	u := update{topic: form.Get("topic"), id: form.Get("id"), private: form.Has("private")}
	if !covers(granted.Publish, u.topic) {
		h.refuse(w, errScope)
		return
	}
	if u.id == "" {
		u.id = newID()
	}
	u.wire = h.encode(u.id, form)
	h.log.append(u)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprint(w, u.id) // the client may be gone
}

// newID is an IRI that nobody else has (RFC 9562 section 5.4).
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it does not fail
	b[6] = b[6]&0x0F | 0x40
	b[8] = b[8]&0x3F | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// check says why an update may not be published.
func (h *mercure) check(form url.Values) error {
	topic, id, kind, retry := form.Get("topic"), form.Get("id"), form.Get("type"), form.Get("retry")
	switch {
	case len(form["topic"]) != 1 || topic == "":
		return errors.New("an update has one topic")
	case !plain(topic):
		return errors.New("the topic has a control or format character")
	case !utf8.ValidString(form.Get("data")) || strings.Contains(form.Get("data"), "\x00"):
		return errors.New("the data is not UTF-8, or has a NUL, which not every client keeps")
	case !h.manners.anyID && (!plain(id) || strings.HasPrefix(id, "#") || id == "earliest" || strings.TrimSpace(id) != id):
		return errors.New("this ID is not allowed")
	case !h.manners.anyType && (!plain(kind) || kind == "mercure"):
		return errors.New("this type is not allowed")
	case !h.manners.anyRetry && (len(retry) > 10 || strings.Trim(retry, "0123456789") != ""):
		return errors.New("the reconnection time is not in digits")
	}
	return nil
}

// plain reports whether text has neither control nor format characters.
func plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	})
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// oneLine is the text without its line ends, which a fault lets in.
var oneLine = strings.NewReplacer("\r", "", "\n", "")

// encode is an update as it goes over the wire (WHATWG HTML 9.2.5).
func (h *mercure) encode(id string, form url.Values) string {
	var b strings.Builder
	kind := form.Get("type")
	if kind != "" {
		b.WriteString("event: " + oneLine.Replace(kind) + "\n")
	}
	if kind == "" || !h.manners.typedWithoutID {
		b.WriteString("id: " + oneLine.Replace(id) + "\n")
	}
	if retry := form.Get("retry"); retry != "" {
		b.WriteString("retry: " + oneLine.Replace(retry) + "\n")
	}
	data := form.Get("data")
	if !h.manners.splitsAtLF {
		data = lineEnds.Replace(data)
	}
	for line := range strings.SplitSeq(data, "\n") {
		b.WriteString("data: " + line + "\n")
	}
	return b.String() + "\n"
}

// A subscription is what a subscriber asks for, and may have.
type subscription struct {
	topics []string
	rights rights
	all    bool // private updates too, by a fault
}

// sees reports whether the subscriber gets an update.
func (s *subscription) sees(u update) bool {
	return covers(s.topics, u.topic) && (!u.private || s.all || covers(s.rights.Subscribe, u.topic))
}

// subscribe answers GET and HEAD. The hub lets nobody in who may subscribe to
// nothing.
func (h *mercure) subscribe(w http.ResponseWriter, r *http.Request) {
	granted, err := h.authorize(r)
	switch {
	case err != nil:
		h.refuse(w, err)
		return
	case len(granted.Subscribe) == 0:
		h.refuse(w, errScope)
		return
	}
	query := r.URL.Query()
	s := &subscription{topics: query["topic"], rights: granted, all: h.manners.allPublic}
	if len(s.topics) == 0 || slices.ContainsFunc(s.topics, func(topic string) bool { return topic == "" || !plain(topic) }) {
		http.Error(w, "the query names no topic", http.StatusBadRequest)
		return
	}
	w.Header().Add("Vary", "Authorization, Cookie")
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store, no-transform")
		return
	}
	place := h.log.end()
	last, parameter := r.Header.Get("Last-Event-ID"), query.Get("last_event_id")
	if last == "" || h.manners.queryWins && parameter != "" {
		last = parameter
	}
	if last != "" {
		var known bool
		place, known = h.log.after(last, h.manners.latestID)
		if !h.manners.noCursor {
			cursor := "earliest"
			if known {
				cursor = last
			}
			w.Header().Set("Mercure-Last-Event-ID", cursor)
		}
	}
	h.stream(w, r, s, place)
}

func (h *mercure) stream(w http.ResponseWriter, r *http.Request, s *subscription, place int) {
	out, err := begin(w)
	if err == nil {
		err = out.write("retry: 2000\n\n")
	}
	expiry := time.NewTimer(time.Until(s.rights.expires))
	defer expiry.Stop()
	beat := time.NewTimer(h.heartbeat)
	defer beat.Stop()
	live := false // it has had all that there was before it came
	for err == nil {
		if !h.manners.outlives && !time.Now().Before(s.rights.expires) {
			return
		}
		text, next, changed, kept := h.log.from(place, s.sees)
		if !kept || live && h.log.lags(place, s.sees) {
			return // too slow: the subscriber comes back for what it has missed
		}
		if text != "" {
			err = out.write(text)
			beat.Reset(h.heartbeat)
		}
		if next != place {
			place = next
			continue
		}
		live = true
		select {
		case <-changed:
		case <-expiry.C:
		case <-beat.C:
			if !h.manners.silent {
				err = out.write(":\n\n")
			}
			beat.Reset(h.heartbeat)
		case <-r.Context().Done():
			return
		}
	}
}
