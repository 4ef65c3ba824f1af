package refprofile

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/internal/token"
)

// A hubTest is a hub and the key of its tokens.
type hubTest struct {
	t      *testing.T
	url    string
	secret token.Secret
}

func newHub(t *testing.T, fault string, heartbeat time.Duration) *hubTest {
	t.Helper()
	h := &hubTest{t: t, secret: token.NewSecret()}
	h.url = run(t, Config{Protocol: Mercure, Fault: fault, Heartbeat: heartbeat, Secret: h.secret}) + MercurePath
	return h
}

// bearer is the field with a token of the given claims, as JSON.
func (h *hubTest) bearer(mercure string, expires time.Time) []string {
	part := base64.RawURLEncoding.EncodeToString
	signed := part([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + part(fmt.Appendf(nil, `{"exp":%d,"mercure":%s}`, expires.Unix(), mercure))
	mac := hmac.New(sha256.New, []byte(h.secret.Reveal()))
	mac.Write([]byte(signed))
	return []string{"Authorization", "Bearer " + signed + "." + part(mac.Sum(nil))}
}

func (h *hubTest) everything() []string {
	return h.bearer(`{"publish":["*"],"subscribe":["*"]}`, time.Now().Add(time.Hour))
}

func (h *hubTest) publish(form url.Values) *http.Response {
	h.t.Helper()
	return request(h.t, "POST", h.url, form.Encode(), append(h.everything(), "Content-Type", "application/x-www-form-urlencoded")...)
}

// put publishes data to the topic a under an ID, and more fields.
func (h *hubTest) put(id, data string, more ...string) {
	h.t.Helper()
	form := url.Values{"topic": {"a"}, "data": {data}, "id": {id}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	wantStatus(h.t, h.publish(form), 200)
}

func (h *hubTest) subscribe(fields []string, query string) *http.Response {
	h.t.Helper()
	return request(h.t, "GET", h.url+"?topic=a"+query, "", fields...)
}

// updates reads the events up to the data end, without the preamble.
func (h *hubTest) updates(r *http.Response) string {
	h.t.Helper()
	wantStatus(h.t, r, 200)
	_, events, _ := strings.Cut(until(h.t, bufio.NewReader(r.Body), "data: end"), "retry: 2000\n\n")
	return events
}

func TestHubUpdates(t *testing.T) {
	h := newHub(t, "", still)
	live := h.subscribe(h.everything(), "")
	h.put("urn:x", "one\ntwo\r\nthree\rfour", "type", "kind", "retry", "250")
	r := h.publish(url.Values{"topic": {"a"}, "data": {" x"}})
	id := text(t, r)
	if !strings.HasPrefix(id, "urn:uuid:") || len(id) != 45 || r.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("the ID is %q", id)
	}
	wantStatus(t, h.publish(url.Values{"topic": {"b"}, "data": {"of another topic"}}), 200)
	h.put("urn:end", "end")
	want := "event: kind\nid: urn:x\nretry: 250\ndata: one\ndata: two\ndata: three\ndata: four\n\n" +
		"id: " + id + "\ndata:  x\n\nid: urn:end\ndata: end\n"
	if got := h.updates(live); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestHubRefusesUpdates(t *testing.T) {
	h := newHub(t, "", still)
	for _, form := range []url.Values{
		{"data": {"x"}}, {"topic": {""}}, {"topic": {"a", "b"}}, {"topic": {"a\x00"}},
		{"topic": {"a"}, "id": {"#1"}}, {"topic": {"a"}, "id": {"earliest"}}, {"topic": {"a"}, "id": {"1\n"}}, {"topic": {"a"}, "id": {"1\u200b"}}, {"topic": {"a"}, "id": {" 1"}},
		{"topic": {"a"}, "type": {"mercure"}}, {"topic": {"a"}, "type": {"a\u202e"}}, {"topic": {"a"}, "type": {"a\rb"}},
		{"topic": {"a"}, "retry": {"1s"}}, {"topic": {"a"}, "retry": {"12345678901"}},
		{"topic": {"a"}, "data": {"\xff"}}, {"topic": {"a"}, "data": {"\x00"}},
	} {
		if r := h.publish(form); r.StatusCode != 400 {
			t.Errorf("%q: status %d, want 400", form, r.StatusCode)
		}
	}
	wantStatus(t, request(t, "POST", h.url, "topic=%zz", h.everything()...), 400)
}

func TestHubRights(t *testing.T) {
	h := newHub(t, "", still)
	later := time.Now().Add(time.Hour)
	good := h.everything()
	spoiled := []string{"Authorization", strings.TrimSuffix(good[1], good[1][len(good[1])-4:]) + "AAAA"}
	for _, c := range []struct {
		what      string
		fields    []string
		read      int
		write     int
		challenge string
	}{
		{"all", good, 200, 200, ""},
		{"none", nil, 401, 401, `Bearer realm="ssegauge"`},
		{"cookie", []string{"Cookie", cookieName + "=" + strings.TrimPrefix(good[1], "Bearer ")}, 200, 200, ""},
		{"cookie of a page", []string{"Cookie", cookieName + "=" + strings.TrimPrefix(good[1], "Bearer "), "Origin", "https://a.example"}, 401, 401, `Bearer realm="ssegauge"`},
		{"other scheme", []string{"Authorization", "Basic x"}, 401, 401, `Bearer realm="ssegauge", error="invalid_request"`},
		{"wrong signature", spoiled, 401, 401, `Bearer realm="ssegauge", error="invalid_token"`},
		{"expired", h.bearer(`{"publish":["*"],"subscribe":["*"]}`, time.Now().Add(-time.Minute)), 401, 401, `Bearer realm="ssegauge", error="invalid_token"`},
		{"no rights", h.bearer(`{}`, later), 403, 403, `Bearer realm="ssegauge", error="insufficient_scope"`},
		{"another topic", h.bearer(`{"publish":["b"],"subscribe":["b"]}`, later), 200, 403, `Bearer realm="ssegauge", error="insufficient_scope"`},
	} {
		read, write := h.subscribe(c.fields, ""), request(t, "POST", h.url, "topic=a&data=x", c.fields...)
		if read.StatusCode != c.read || write.StatusCode != c.write || write.Header.Get("WWW-Authenticate") != c.challenge {
			t.Errorf("%s: %d and %d with %q, want %d and %d with %q", c.what, read.StatusCode, write.StatusCode, write.Header.Get("WWW-Authenticate"), c.read, c.write, c.challenge)
		}
	}
	wantStatus(t, h.subscribe(nil, "&access_token="+strings.TrimPrefix(good[1], "Bearer ")), 401)
	wantStatus(t, request(t, "GET", h.url, "", good...), 400)
	wantStatus(t, request(t, "HEAD", h.url+"?topic=a", "", good...), 200)
	wantStatus(t, request(t, "PUT", h.url+"?topic=a", "", good...), 405)
}

// What is private reaches those alone whose token names the topic, live and
// later.
func TestHubPrivate(t *testing.T) {
	h := newHub(t, "", still)
	elsewhere := h.bearer(`{"subscribe":["b"]}`, time.Now().Add(time.Hour))
	live, entitled := h.subscribe(elsewhere, ""), h.subscribe(h.everything(), "")
	h.put("urn:1", "for some", "private", "")
	h.put("urn:2", "end")
	const all = "id: urn:1\ndata: for some\n\nid: urn:2\ndata: end\n"
	if got := h.updates(entitled); got != all {
		t.Errorf("the entitled get %q", got)
	}
	for what, r := range map[string]*http.Response{"live": live, "replayed": h.subscribe(elsewhere, "&last_event_id=earliest")} {
		if got := h.updates(r); got != "id: urn:2\ndata: end\n" {
			t.Errorf("others get %s: %q", what, got)
		}
	}
}

func TestHubResume(t *testing.T) {
	h := newHub(t, "", still)
	for i, letter := range strings.Split("a b c b d", " ") {
		h.put("urn:"+letter, fmt.Sprint(i))
	}
	h.put("urn:end", "end")
	for _, c := range []struct{ what, field, query, cursor, want string }{
		{"field", "urn:c", "", "urn:c", "3 4 end"},
		{"query", "", "urn:c", "urn:c", "3 4 end"},
		{"both", "urn:d", "urn:a", "urn:d", "end"},
		{"shared", "urn:b", "", "urn:b", "2 3 4 end"},
		{"earliest", "earliest", "", "earliest", "0 1 2 3 4 end"},
		{"unknown", "urn:x", "", "earliest", "0 1 2 3 4 end"},
	} {
		fields := h.everything()
		if c.field != "" {
			fields = append(fields, "Last-Event-ID", c.field)
		}
		r := h.subscribe(fields, "&last_event_id="+c.query)
		var got []string
		for line := range strings.Lines(h.updates(r)) {
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				got = append(got, strings.TrimSpace(data))
			}
		}
		if cursor := r.Header.Get("Mercure-Last-Event-ID"); cursor != c.cursor || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q behind %q, want %s behind %s", c.what, got, cursor, c.want, c.cursor)
		}
	}
	if r := h.subscribe(h.everything(), ""); r.Header.Get("Mercure-Last-Event-ID") != "" {
		t.Error("a stream that is not resumed has a cursor")
	}
}

func TestHubExpiry(t *testing.T) {
	h := newHub(t, "", beat)
	exp := time.Now().Truncate(time.Second).Add(2 * time.Second)
	body := text(t, h.subscribe(h.bearer(`{"subscribe":["*"]}`, exp), ""))
	if early := time.Until(exp); early > 0 {
		t.Errorf("the stream ended %v before the token", early)
	}
	if !strings.HasPrefix(body, ":\n\nretry: 2000\n\n:\n\n") {
		t.Errorf("the stream is %q, want heartbeats", body)
	}
}

// The log forgets its oldest updates, and tells a subscriber that is too far
// behind.
func TestUpdateLog(t *testing.T) {
	l := newUpdateLog()
	all := func(update) bool { return true }
	big := strings.Repeat("x", maxLogBytes/2)
	for _, id := range []string{"1", "2", "3"} {
		l.append(update{id: id, wire: big})
	}
	if _, ok := l.after("1", false); ok {
		t.Error("the oldest update is still known")
	}
	place, ok := l.after("2", false)
	if text, next, _, kept := l.from(place, all); !ok || place != 2 || next != 3 || !kept || len(text) != len(big) {
		t.Errorf("behind 2: %d bytes from %d to %d, kept %t", len(text), place, next, kept)
	}
	if _, _, _, kept := l.from(0, all); kept {
		t.Error("the first place is still kept")
	}
	_, _, changed, _ := l.from(l.end(), all)
	l.append(update{id: "4"})
	select {
	case <-changed:
	default:
		t.Error("nobody is told of a new update")
	}
}

// A subscriber may have one large update before it, and not much more.
func TestUpdateLogLag(t *testing.T) {
	l := newUpdateLog()
	all := func(update) bool { return true }
	l.append(update{wire: strings.Repeat("x", 2*maxLagBytes)})
	l.append(update{wire: strings.Repeat("x", maxLagBytes)})
	if l.lags(0, all) {
		t.Error("a large update alone is too much")
	}
	l.append(update{topic: "b", wire: "x"})
	if !l.lags(0, all) || l.lags(1, all) || l.lags(0, func(u update) bool { return u.topic == "" }) {
		t.Errorf("lags: %t %t", l.lags(0, all), l.lags(1, all))
	}
}

// Rights that are of another form are none.
func TestRightsOfAnotherForm(t *testing.T) {
	h := newHub(t, "", still)
	for _, claim := range []string{`"*"`, `{"subscribe":"*"}`, `[]`} {
		wantStatus(t, h.subscribe(h.bearer(claim, time.Now().Add(time.Hour)), ""), 401)
	}
	wantStatus(t, h.subscribe(h.bearer(`null`, time.Now().Add(time.Hour)), ""), 403)
}
