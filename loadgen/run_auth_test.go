package loadgen

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/internal/token"
)

// canary is a token that must show up in requests, and nowhere else.
const canary = "canary-S3cr3t+/=tweets"

func canarySecret() token.Secret { return token.Secret(canary) }

// searchable are all the bytes that a run can leave anywhere.
type searchable struct{ bytes.Buffer }

func (s *searchable) report(t *testing.T, r *Report) {
	t.Helper()
	folder := t.TempDir()
	if err := r.Save(folder); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files saved, error %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s.Write(text)
	}
	if err := r.WriteText(s, true); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(s, "%v %+v %#v", r, r, r)
}

func (s *searchable) mustHide(t *testing.T, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		if secret == "" {
			t.Fatal("nothing to look for")
		}
		if i := strings.Index(s.String(), secret); i >= 0 {
			t.Errorf("the secret %q is shown: …%s…", secret, s.String()[max(0, i-100):min(s.Len(), i+100)])
		}
	}
}

// wanted says what a request must carry; the empty string is fine.
type wanted func(r *http.Request) string

func header(name, value string) wanted {
	return func(r *http.Request) string {
		if got := r.Header.Get(name); got != value {
			return fmt.Sprintf("%s %q, want %q", name, got, value)
		}
		return ""
	}
}

// verified demands a bearer token with the subject made from the stream's
// number, and the right to the topic.
func verified(t *testing.T, secret token.Secret) wanted {
	t.Helper()
	verifier, err := token.NewVerifier(token.VerifierConfig{Secret: secret, Issuer: "loadgen", Audience: "liar"})
	if err != nil {
		t.Fatal(err)
	}
	return func(r *http.Request) string {
		raw := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		claims, err := verifier.Verify(raw)
		stream := r.URL.Query().Get("stream")
		switch {
		case err != nil:
			return err.Error()
		case stream == "" && (claims.Subject != "publisher" || !claims.MayPublish("liar")):
			return fmt.Sprintf("publisher's claims %+v", claims)
		case stream != "" && (claims.Subject != "user-"+stream || !claims.MaySubscribe("liar") || claims.MaySubscribe("other")):
			return fmt.Sprintf("claims of stream %s: %+v", stream, claims)
		}
		return ""
	}
}

// tokenEndpoint grants the canary to the client "gauge".
func tokenEndpoint(t *testing.T) (url string, grants *atomic.Int64) {
	t.Helper()
	grants = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id, secret, _ := r.BasicAuth(); id != "gauge" || secret != "hush-client" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "read write" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		grants.Add(1)
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"access_token": canary, "token_type": "Bearer", "expires_in": 3600})
	}))
	t.Cleanup(server.Close)
	return server.URL, grants
}

func TestRunAuthenticates(t *testing.T) {
	jwtSecret := token.Secret("0123456789abcdef0123456789abcdef-canary")
	endpoint, grants := tokenEndpoint(t)
	folder := t.TempDir()
	tokens := filepath.Join(folder, "tokens")
	if err := os.WriteFile(tokens, []byte(canary+"-0\n\n  "+canary+"-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		auth    Auth
		want    wanted
		secrets []string
	}{
		{"none", Auth{}, header("Authorization", ""), []string{canary}},
		{"bearer", Auth{Token: canarySecret()}, header("Authorization", "Bearer "+canary), []string{canary}},
		{"header", Auth{Token: canarySecret(), Send: "header X-Api-Key"}, header("X-Api-Key", canary), []string{canary}},
		{"cookie", Auth{Token: canarySecret(), Send: "cookie session"}, header("Cookie", "session="+canary), []string{canary}},
		{"query", Auth{Token: canarySecret(), Send: "query access_token"}, func(r *http.Request) string {
			if got := r.URL.Query().Get("access_token"); got != canary || r.Header.Get("Authorization") != "" {
				return fmt.Sprintf("access_token %q", got)
			}
			return ""
		}, []string{canary, "canary-S3cr3t%2B"}},
		{"file", Auth{File: tokens}, func(r *http.Request) string {
			line := "0" // the publisher's
			if stream := r.URL.Query().Get("stream"); stream != "" {
				line = string('0' + (stream[len(stream)-1]-'0')%2)
			}
			return header("Authorization", "Bearer "+canary+"-"+line)(r)
		}, []string{canary}},
		{"jwt", Auth{JWT: &JWT{Secret: jwtSecret, Subject: "user-{stream}", Issuer: "loadgen", Audience: "liar"}}, verified(t, jwtSecret), []string{jwtSecret.Reveal(), "eyJ"}},
		{"oauth2", Auth{OAuth2: &OAuth2{TokenURL: endpoint, ClientID: "gauge", ClientSecret: "hush-client", Scopes: []string{"read", "write"}}}, header("Authorization", "Bearer "+canary), []string{canary, "hush-client"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Not in parallel with the others' end: they share the endpoint.
			for _, transport := range plainTransports() {
				l := newLiar(t, lies{endAfter: 5})
				c.auth.setDefaults()
				plan := l.plan(t, transport, []string{"duration=120ms"}, func(s *Scenario) { s.Target.Auth = c.auth })
				var seen searchable
				r, err := Run(t.Context(), plan, Options{Interval: 20 * time.Millisecond, HistogramLog: &seen, Progress: func(p Progress) { fmt.Fprintf(&seen, "%+v", p) }})
				if err != nil {
					t.Fatal(err)
				}
				checkReport(t, r)
				if r.Events.Published != 12 || r.Events.Received != 12*runStreams || r.Streams.Reconnected != 2*runStreams {
					t.Errorf("%d published, %d received, %d reconnected; want 12, %d, %d", r.Events.Published, r.Events.Received, r.Streams.Reconnected, 12*runStreams, 2*runStreams)
				}
				streams, publishes := l.requests()
				if len(streams) != 3*runStreams || len(publishes) != 12 {
					t.Errorf("%d requests for streams, %d publishes; want %d, 12", len(streams), len(publishes), 3*runStreams)
				}
				for _, request := range append(streams, publishes...) {
					if problem := c.want(request); problem != "" {
						t.Fatalf("%s %s: %s", request.Method, request.URL.Path, problem)
					}
				}
				seen.report(t, r)
				fmt.Fprintf(&seen, "%+v %#v", plan.Scenario.Target.Auth, plan.Scenario.Publish)
				seen.mustHide(t, c.secrets...)
			}
		})
	}
	if want := int64(2 * len(plainTransports())); grants.Load() != want {
		t.Errorf("%d tokens were granted, want %d: in each run one for the streams and one for the publisher", grants.Load(), want)
	}
}

// What goes wrong must not name a token either.
func TestRunErrorsHideTokens(t *testing.T) {
	refused := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, `{"error":"invalid_client","error_description":"`+canary+`"}`, http.StatusUnauthorized)
	}))
	defer refused.Close()
	nobody := &liar{url: "http://" + closedPort(t)}
	somebody := newLiar(t, lies{})
	for _, c := range []struct {
		name        string
		liar        *liar
		auth        Auth
		unreachable bool
	}{
		{"unreachable, query", nobody, Auth{Token: canarySecret(), Send: "query token"}, true},
		{"unreachable, bearer", nobody, Auth{Token: canarySecret()}, true},
		{"client refused", somebody, Auth{OAuth2: &OAuth2{TokenURL: refused.URL, ClientID: "gauge", ClientSecret: canarySecret()}}, false},
		{"endpoint unreachable", somebody, Auth{OAuth2: &OAuth2{TokenURL: nobody.url, ClientID: "gauge", ClientSecret: canarySecret()}}, false},
		{"no such method", somebody, Auth{JWT: &JWT{Method: "HS1", Secret: canarySecret()}}, false},
		{"no key", somebody, Auth{JWT: &JWT{Method: "RS256", Secret: canarySecret()}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.auth.setDefaults()
			r, err := Run(t.Context(), c.liar.plan(t, TransportPortable, nil, func(s *Scenario) { s.Target.Auth = c.auth }), Options{})
			if err == nil || r != nil || errors.Is(err, ErrUnreachable) != c.unreachable {
				t.Fatalf("report %v, error %v", r, err)
			}
			if strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "canary") {
				t.Errorf("the error shows the token: %v", err)
			}
		})
	}
}

// A token with what no header can hold fails streams, and is shown nowhere.
func TestRunWithATokenNoHeaderCanHold(t *testing.T) {
	l := newLiar(t, lies{})
	plan := l.plan(t, TransportPortable, []string{"duration=50ms", "drain=50ms", "streams.open_timeout=50ms"}, func(s *Scenario) {
		s.Target.Auth = Auth{Token: canary + "\r\nX-Injected: yes", Send: "bearer"}
	})
	r := runPlan(t, plan)
	if streams, publishes := l.requests(); r.Streams.Opened != 0 || r.Streams.Failed != runStreams || len(streams)+len(publishes) != 0 {
		t.Errorf("%d opened, %d failed, %d requests; want 0, %d, 0", r.Streams.Opened, r.Streams.Failed, len(streams)+len(publishes), runStreams)
	}
	var seen searchable
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	seen.Write(text)
	if err := r.WriteText(&seen, false); err != nil {
		t.Fatal(err)
	}
	seen.mustHide(t, "canary", "X-Injected")
}

// Tokens that last two seconds are renewed when a stream comes again after
// more than one.
func TestRunRenewsTokens(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		secret := token.NewSecret()
		verifier, err := token.NewVerifier(token.VerifierConfig{Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		var refused, first, renewed atomic.Int64
		var tokens = map[string]string{}
		l := newLiar(t, lies{retry: "2500", endAfter: 5})
		l.answerWith(func(w http.ResponseWriter, r *http.Request, attempt int) bool {
			raw := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			if _, err := verifier.Verify(raw); err != nil {
				refused.Add(1)
				w.WriteHeader(http.StatusUnauthorized)
				return true
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			name := r.URL.Query().Get("stream")
			switch {
			case attempt == 1:
				first.Add(1)
			case raw != tokens[name]:
				renewed.Add(1)
			}
			tokens[name] = raw
			return false
		})
		// Only streams have tokens that end.
		set := []string{"duration=100ms", "streams.count=5", "target.auth.jwt.ttl=3s"}
		plan := l.plan(t, transport, set, func(s *Scenario) {
			s.Target.Auth.JWT.Secret = secret
			s.Publish.Auth = &Auth{Send: "bearer"}
		})
		r := runPlan(t, plan)
		if refused.Load() != 0 || first.Load() != 5 || renewed.Load() != r.Streams.Reconnected || r.Events.Lost != 0 || renewed.Load() < 5 {
			t.Errorf("%d refused, %d opened, %d renewed, %d reconnected, %d lost; want 0, 5, at least 5, as many, 0", refused.Load(), first.Load(), renewed.Load(), r.Streams.Reconnected, r.Events.Lost)
		}
	})
}
