package refserver

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/internal/token"
)

func TestMethodsAndPaths(t *testing.T) {
	s := start(t, Config{})
	tests := []struct {
		line   string
		status int
		allow  string
	}{
		{"HEAD /events?topic=t", 200, ""},
		{"HEAD /stats", 200, ""},
		{"HEAD /healthz", 204, ""},
		{"GET /healthz", 204, ""},
		{"GET /stats", 200, ""},
		{"POST /events?topic=t", 405, "GET, HEAD, OPTIONS"},
		{"DELETE /events?topic=t", 405, "GET, HEAD, OPTIONS"},
		{"GET /publish", 405, "POST, OPTIONS"},
		{"HEAD /publish", 405, "POST, OPTIONS"},
		{"PUT /stats", 405, "GET, HEAD, OPTIONS"},
		{"OPTIONS /events", 204, "GET, HEAD, OPTIONS"},
		{"OPTIONS /publish", 204, "POST, OPTIONS"},
		{"OPTIONS /stats", 204, "GET, HEAD, OPTIONS"},
		{"OPTIONS /healthz", 204, "GET, HEAD, OPTIONS"},
		{"GET /", 404, ""},
		{"GET /events/", 404, ""},
		{"GET /events", 400, ""},
		{"GET /events?topic=", 400, ""},
		{"GET /events?topic=a%0d%0ab", 400, ""},
		{"GET /events?topic=%ff", 400, ""},
		{"GET /events?topic=" + strings.Repeat("x", 257), 400, ""},
		{"GET /events?x" + strings.Repeat("&topic=t", 65), 400, ""},
	}
	for _, tt := range tests {
		c := request(t, s, tt.line+" HTTP/1.1", "", "Connection: close")
		body, err := io.ReadAll(c.body) // the answer must end
		if err != nil || c.resp.StatusCode != tt.status || c.resp.Header.Get("Allow") != tt.allow {
			t.Errorf("%s: %s, Allow %q, %v; want %d, %q", tt.line, c.resp.Status, c.resp.Header.Get("Allow"), err, tt.status, tt.allow)
		}
		if tt.status >= 400 && (strings.Contains(c.resp.Header.Get("Content-Type"), "event-stream") || len(body) == 0 && !strings.HasPrefix(tt.line, "HEAD")) {
			t.Errorf("%s: refusal is %s %q", tt.line, c.resp.Header.Get("Content-Type"), body)
		}
	}
	if n := s.Stats().Subscribers.Total; n != 0 {
		t.Errorf("%d subscribers", n)
	}
}

func TestHeadEqualsGet(t *testing.T) {
	s := start(t, Config{AllowedOrigins: []string{"https://a.example"}})
	get := connect(t, s, "/events?topic=t").resp.Header
	head := request(t, s, "HEAD /events?topic=t HTTP/1.1", "").resp.Header
	for _, h := range []http.Header{get, head} {
		h.Del("Date")
	}
	if len(get) != len(head) {
		t.Errorf("HEAD %v, GET %v", head, get)
	}
	for name := range get {
		if get.Get(name) != head.Get(name) {
			t.Errorf("%s: HEAD %q, GET %q", name, head.Get(name), get.Get(name))
		}
	}
}

func TestPublishRefused(t *testing.T) {
	s := start(t, Config{})
	c := connect(t, s, "/events?topic=t")
	tests := []struct{ body, why string }{
		{``, "not a JSON object"},
		{`[]`, "not a JSON object"},
		{`{"topic":"t","data":"x"`, "not valid JSON"},
		{`{"topic":"t","data":"x"} x`, "follows"},
		{`{"topic":"t","data":"x"}{}`, "follows"},
		{`{"topic":"t","Data":"x"}`, `unknown field "Data" (did you mean data?)`},
		{`{"topic":"t","data":"x","evnt":"y"}`, `did you mean event?`},
		{`{"topic":"t","data":"x","data":"y"}`, "twice"},
		{`{"topic":"t","data":7}`, `"data" is not a string`},
		{`{"topic":"t","data":{"a":1}}`, `"data" is not a string`},
		{`{"topic":"t","data":null}`, "null"},
		{`{"topic":null,"data":"x"}`, "null"},
		{`{"topic":"t"}`, "missing"},
		{`{"topic":"t","event":"x"}`, "missing"},
		{`{"topic":"t","id":"x"}`, "missing"},
		{`{"data":"x"}`, "neither topic nor user"},
		{`{"topics":[],"data":"x"}`, "neither topic nor user"},
		{`{"user":"","data":"x"}`, "user is empty"},
		{`{"topic":"","data":"x"}`, "empty"},
		{`{"topic":"a\nb","data":"x"}`, "control character"},
		{`{"topic":"t","data":"a\u0000b"}`, "NUL"},
		{`{"topic":"t","data":"x","retry":"5"}`, "retry"},
		{`{"topic":"t","data":"x","retry":"5\ndata: fake"}`, "retry"},
		{`{"topic":"t","data":"x","retry":1.5}`, "retry"},
		{`{"topic":"t","data":"x","retry":-1}`, "retry"},
		{`{"topic":"t","data":"x","retry":0}`, "retry"},
		{`{"topic":"t","data":"x","retry":null}`, "retry"},
		{`{"topic":"t","data":"x","retry":2147483648}`, "retry"},
		{`{"topic":"t","data":"x","event":"gap"}`, "server's own"},
		{`{"topic":"t","data":"x","id":" 7"}`, "blank"},
		{`{"topic":"t","data":"x","id":"7\t"}`, "control"},
		{`{"topic":"t","data":"x","id":"` + strings.Repeat("x", 257) + `"}`, "longer"},
		{`{"topic":"t","data":"x","id":"e-1"}`, "server's own"},
		{`{"topic":"t","data":"x","finish":"yes"}`, `"finish" is not true or false`},
		{`{"topic":"` + strings.Repeat("x", 257) + `","data":"x"}`, "longer"},
	}
	for _, end := range []string{`\n`, `\r`, `\r\n`, `\n\n`, `\r\r`, `\r\n\r\n`, `\u0000`} {
		for _, field := range []string{"event", "id", "comment"} {
			tests = append(tests, struct{ body, why string }{`{"topic":"t","data":"x","` + field + `":"m` + end + `data: fake"}`, field})
		}
	}
	for _, tt := range tests {
		status, answer := post(t, s, tt.body)
		if status != 400 || !strings.Contains(answer, tt.why) {
			t.Errorf("%.100s: %d %q; want 400 because of %q", tt.body, status, answer, tt.why)
		}
	}
	if status, _ := post(t, s, `{"topic":"t","data":"`+strings.Repeat("x", 1<<20)+`"}`); status != 413 {
		t.Errorf("too large: %d", status)
	}
	// Nothing of all this was published.
	publish(t, s, "t", "first", "e-1")
	c.want(event{ID: "e-1", Data: "first"})
}

func TestPublishFields(t *testing.T) {
	s := start(t, Config{})
	c := connect(t, s, "/events?topic=t&topic=u&topic=user/ann")
	c.block()
	c.block()
	tests := []struct {
		body, answer string
		want         event
	}{
		{`{"topic":"t","data":"x","event":"order.created"}`, `{"id":"e-1","topic":"t"}`, event{ID: "e-1", Event: "order.created", Data: "x"}},
		{`{"topic":"t","data":"x"}`, `{"id":"e-2","topic":"t"}`, event{ID: "e-2", Data: "x"}},
		{`{"topics":["t","u"],"data":"x","event":" é"}`, `{"id":"e-3","topics":["t","u"]}`, event{ID: "e-3", Event: " é", Data: "x"}},
		{`{"user":"ann","data":"x","retry":5000}`, `{"id":"e-4","topic":"user/ann"}`, event{ID: "e-4", Retry: "5000", Data: "x"}},
		{`{"topic":"t","data":"%0A\\u000a\u2028"}`, `{"id":"e-5","topic":"t"}`, event{ID: "e-5", Data: "%0A\\u000a\u2028"}},
		{`{"topic":"t","data":"\ud800"}`, `{"id":"e-6","topic":"t"}`, event{ID: "e-6", Data: "\ufffd"}},
		// What no client dispatches has no id.
		{`{"topic":"t","comment":"hello"}`, `{"id":"e-7","topic":"t"}`, event{Comment: "[hello]"}},
		{`{"topic":"t","retry":7}`, `{"id":"e-8","topic":"t"}`, event{Retry: "7"}},
		{`{"topic":"t","data":"x","comment":"c","id":"own"}`, `{"id":"own","topic":"t"}`, event{ID: "own", Comment: "[c]", Data: "x"}},
	}
	for _, tt := range tests {
		if status, answer := post(t, s, tt.body); status != 200 || strings.TrimSpace(answer) != tt.answer {
			t.Errorf("%s: %d %s; want %s", tt.body, status, answer, tt.answer)
		}
		if got, err := c.block(); got != tt.want || err != nil {
			t.Errorf("%s: stream has %+v, %v; want %+v", tt.body, got, err, tt.want)
		}
	}
}

// issuer makes tokens for a server.
type issuer struct {
	t      *testing.T
	secret token.Secret
	minter *token.Minter
}

func newIssuer(t *testing.T) *issuer {
	secret := token.NewSecret()
	m, err := token.NewMinter(token.MinterConfig{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{t, secret, m}
}

func (i *issuer) auth() *Auth {
	return &Auth{Verifier: token.VerifierConfig{Secret: i.secret}, Cookie: "session", QueryToken: "access_token"}
}

func (i *issuer) mint(subject string, life time.Duration, subscribe, publish string) string {
	i.t.Helper()
	raw, err := i.minter.Mint(token.Claims{Subject: subject, Subscribe: []string{subscribe}, Publish: []string{publish}, Expires: time.Now().Add(life)})
	if err != nil {
		i.t.Fatal(err)
	}
	return raw.Reveal()
}

func TestAuth(t *testing.T) {
	i := newIssuer(t)
	s := start(t, Config{Auth: i.auth()})
	put(t, s, "secret", "t")
	good := i.mint("ann", time.Hour, "t", "t")
	expired := i.mint("ann", -time.Hour, "t", "t")
	narrow := i.mint("bob", time.Hour, "u", "u")
	bad := good[:len(good)-4] + "AAAA"
	bearer := "Authorization: Bearer "
	const (
		plainChallenge = `Bearer realm="ssegauge"`
		invalid        = plainChallenge + `, error="invalid_token"`
		malformed      = plainChallenge + `, error="invalid_request"`
		scope          = plainChallenge + `, error="insufficient_scope"`
	)
	tests := []struct {
		name, path, header string
		status             int
		challenge          string
	}{
		{"none", "/events?topic=t", "", 401, plainChallenge},
		{"header", "/events?topic=t", bearer + good, 200, ""},
		{"scheme in lower case", "/events?topic=t", "authorization: bearer " + good, 200, ""},
		{"no token", "/events?topic=t", "Authorization: Bearer", 401, malformed},
		{"two tokens", "/events?topic=t", bearer + good + " " + good, 401, malformed},
		{"basic", "/events?topic=t", "Authorization: Basic dTpw", 401, malformed},
		{"flipped", "/events?topic=t", bearer + bad, 401, invalid},
		{"expired", "/events?topic=t", bearer + expired, 401, invalid},
		{"junk", "/events?topic=t", bearer + "junk", 401, invalid},
		{"other topic", "/events?topic=t", bearer + narrow, 403, scope},
		{"one of two topics", "/events?topic=u&topic=t", bearer + narrow, 403, scope},
		{"own private topic", "/events?topic=user/ann", bearer + good, 200, ""},
		{"another's private topic", "/events?topic=user/ann", bearer + narrow, 403, scope},
		{"cookie", "/events?topic=t", "Cookie: session=" + good, 200, ""},
		{"cookie from elsewhere", "/events?topic=t", "Cookie: session=" + good + "\r\nOrigin: https://evil.example", 403, ""},
		{"query", "/events?topic=t&access_token=" + good, "", 200, ""},
		{"bad header, good cookie", "/events?topic=t", bearer + bad + "\r\nCookie: session=" + good, 401, invalid},
		{"narrow header, good cookie", "/events?topic=t", bearer + narrow + "\r\nCookie: session=" + good, 403, scope},
		{"bad cookie, good query", "/events?topic=t&access_token=" + good, "Cookie: session=" + bad, 401, invalid},
		{"stats without", "/stats", "", 401, plainChallenge},
		{"stats by query", "/stats?access_token=" + good, "", 401, plainChallenge},
		{"stats", "/stats", bearer + narrow, 200, ""},
		{"health", "/healthz", "", 204, ""},
	}
	for _, tt := range tests {
		c := dial(t, s, tt.path, strings.Split(strings.TrimPrefix(tt.header+"\r\nX: y", "\r\n"), "\r\n")...)
		if got := c.resp.Header.Get("WWW-Authenticate"); c.resp.StatusCode != tt.status || got != tt.challenge {
			t.Errorf("%s: %s, challenge %q; want %d, %q", tt.name, c.resp.Status, got, tt.status, tt.challenge)
		}
		if tt.status >= 400 {
			body := make([]byte, c.resp.ContentLength)
			if _, err := io.ReadFull(c.body, body); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			head, _ := json.Marshal(c.resp.Header)
			if text := string(head) + string(body); strings.Contains(text, "event-stream") || strings.Contains(text, "secret") || strings.Contains(text, good) {
				t.Errorf("%s: refusal is %s", tt.name, text)
			}
		}
		if tt.status == 200 && c.resp.Header.Get("Cache-Control") == "" {
			t.Errorf("%s: no Cache-Control", tt.name)
		}
		c.close()
	}
	for name, tt := range map[string]struct {
		header, body string
		status       int
	}{
		"none":               {"X: y", `{"topic":"t","data":"x"}`, 401},
		"allowed":            {bearer + good, `{"topic":"t","data":"x"}`, 200},
		"other topic":        {bearer + narrow, `{"topic":"t","data":"x"}`, 403},
		"one of two":         {bearer + narrow, `{"topics":["u","t"],"data":"x"}`, 403},
		"another's own":      {bearer + good, `{"user":"bob","data":"x"}`, 403},
		"cookie":             {"Cookie: session=" + good, `{"topic":"t","data":"x"}`, 200},
		"cookie, other page": {"Cookie: session=" + good + "\r\nOrigin: null", `{"topic":"t","data":"x"}`, 403},
	} {
		if status, answer := post(t, s, tt.body, strings.Split(tt.header, "\r\n")...); status != tt.status {
			t.Errorf("publish, %s: %d %s; want %d", name, status, answer, tt.status)
		}
	}
	if r := s.Stats().Rejected; r["unauthorized"] == 0 || r["forbidden"] == 0 {
		t.Errorf("rejected = %v", r)
	}
}

// TestIsolation resumes with ids of a topic that the client may not read.
func TestIsolation(t *testing.T) {
	i := newIssuer(t)
	s := start(t, Config{Auth: i.auth()})
	bearer := "Authorization: Bearer "
	ann, bob := i.mint("ann", time.Hour, "x", "x"), i.mint("bob", time.Hour, "x", "x")
	put(t, s, "for bob 1", "user/bob")
	put(t, s, "for ann", "user/ann")
	put(t, s, "for bob 2", "user/bob")
	for _, id := range []string{"e-2", "nonsense", "e-02"} {
		c := connect(t, s, "/events?topic=user/bob", bearer+bob, "Last-Event-ID: "+id)
		c.want(event{Event: "gap", Data: `{"reason":"unknown","to":"e-1"}`},
			event{ID: "e-1", Data: "for bob 1"}, event{ID: "e-3", Data: "for bob 2"})
	}
	c := connect(t, s, "/events?topic=user/ann", bearer+ann, "Last-Event-ID: e-1")
	c.want(event{Event: "gap", Data: `{"reason":"unknown","to":"e-2"}`}, event{ID: "e-2", Data: "for ann"})
}

func TestCORS(t *testing.T) {
	i := newIssuer(t)
	s := start(t, Config{Auth: i.auth(), AllowedOrigins: []string{"https://app.example", "http://localhost:3000"}})
	good := "Authorization: Bearer " + i.mint("ann", time.Hour, "t", "t")
	for _, tt := range []struct{ origin, allowed string }{
		{"https://app.example", "https://app.example"},
		{"http://localhost:3000", "http://localhost:3000"},
		{"https://app.example.evil.tld", ""},
		{"https://evilapp.example", ""},
		{"http://app.example", ""},
		{"https://APP.example", ""},
		{"null", ""},
		{"*", ""},
		{"", ""},
	} {
		for _, line := range []string{"GET /events?topic=t", "GET /events", "GET /nowhere", "POST /events", "GET /stats", "OPTIONS /events"} {
			for _, auth := range []string{good, "X: y"} {
				header := []string{auth}
				if tt.origin != "" {
					header = append(header, "Origin: "+tt.origin)
				}
				h := request(t, s, line+" HTTP/1.1", "", header...).resp.Header
				credentials := ""
				if tt.allowed != "" {
					credentials = "true"
				}
				if got := strings.Join(h.Values("Access-Control-Allow-Origin"), ","); got != tt.allowed ||
					h.Get("Access-Control-Allow-Credentials") != credentials || h.Get("Vary") != "Origin" {
					t.Errorf("%s from %q: %v", line, tt.origin, h)
				}
			}
		}
	}
	c := request(t, s, "OPTIONS /events HTTP/1.1", "", "Origin: https://app.example",
		"Access-Control-Request-Method: GET", "Access-Control-Request-Headers: last-event-id")
	allowed := strings.ToLower(c.resp.Header.Get("Access-Control-Allow-Headers"))
	for _, name := range []string{"authorization", "last-event-id", "cache-control", "content-type"} {
		if c.resp.StatusCode != 204 || !strings.Contains(allowed, name) {
			t.Errorf("preflight: %s %v", c.resp.Status, c.resp.Header)
		}
	}

	open := start(t, Config{AllowedOrigins: []string{"*"}})
	h := connect(t, open, "/events?topic=t", "Origin: https://any.example").resp.Header
	if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("open server: %v", h)
	}
	closed := start(t, Config{})
	if h := connect(t, closed, "/events?topic=t", "Origin: https://any.example").resp.Header; h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("server without origins: %v", h)
	}
	if status, _ := post(t, closed, `{"topic":"t","data":"x"}`, "Origin: https://any.example"); status != 403 {
		t.Errorf("publish from another origin: %d", status)
	}
	if status, _ := post(t, closed, `{"topic":"t","data":"x"}`, "Origin: http://"+closed.Addr().String()); status != 200 {
		t.Errorf("publish from the same origin: %d", status)
	}
}

func TestLimits(t *testing.T) {
	i := newIssuer(t)
	s := start(t, Config{Auth: i.auth(), Limits: Limits{Streams: 3, StreamsPerSubject: 2, Topics: 5}})
	bearer := func(subject string) string { return "Authorization: Bearer " + i.mint(subject, time.Hour, "*", "*") }
	a := connect(t, s, "/events?topic=t", bearer("ann"))
	connect(t, s, "/events?topic=t", bearer("ann"))
	c := dial(t, s, "/events?topic=t", bearer("ann"))
	if c.resp.StatusCode != 429 || c.resp.Header.Get("Retry-After") == "" {
		t.Errorf("third stream of a subject: %s %v", c.resp.Status, c.resp.Header)
	}
	connect(t, s, "/events?topic=t", bearer("bob"))
	c = dial(t, s, "/events?topic=t", bearer("eve"))
	if c.resp.StatusCode != 503 || c.resp.Header.Get("Retry-After") == "" {
		t.Errorf("fourth stream: %s %v", c.resp.Status, c.resp.Header)
	}
	a.close()
	eventually(t, "room again", subscribers(s, 2))
	c = dial(t, s, "/events?topic=1&topic=2&topic=3&topic=4&topic=5", bearer("ann"))
	if c.resp.StatusCode != 503 {
		t.Errorf("too many topics: %s", c.resp.Status)
	}
	connect(t, s, "/events?topic=1&topic=2&topic=3&topic=4", bearer("ann")).close()
	eventually(t, "idle topics are gone", func() bool { return s.Stats().Topics == 1 })
	stats := s.Stats()
	if r := stats.Rejected; r["streams"] != 1 || r["streams_per_subject"] != 1 || r["topics"] != 1 {
		t.Errorf("rejected = %v", r)
	}
	// Finished topics make room for others.
	for _, topic := range []string{"1", "2", "3", "4"} {
		if status, answer := post(t, s, `{"topic":"`+topic+`","finish":true}`, bearer("ann")); status != 200 {
			t.Fatalf("finish: %d %s", status, answer)
		}
	}
	if status, answer := post(t, s, `{"topic":"5","data":"x"}`, bearer("ann")); status != 200 {
		t.Errorf("publish to a fifth topic: %d %s", status, answer)
	}
	if c := dial(t, s, "/events?topic=t", "X: "+strings.Repeat("x", 40<<10)); c.resp.StatusCode != 431 {
		t.Errorf("large head: %s", c.resp.Status)
	}
}

func TestConfigErrors(t *testing.T) {
	for name, cfg := range map[string]Config{
		"epoch":        {Epoch: "A"},
		"negative":     {Shards: -1},
		"tick":         {Tick: Tick{Rate: -1}},
		"origin":       {AllowedOrigins: []string{"app.example"}},
		"no key":       {Auth: &Auth{}},
		"no TLS files": {TLS: &TLS{}},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
