package loadgen

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ssegauge/ssegauge/internal/token"
)

func TestTokenFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte("\n first \r\n\nsecond\nthird"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := newCredentials(&Auth{File: file, Send: "bearer"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for stream, want := range map[int]string{publisherStream: "first", 0: "first", 1: "second", 2: "third", 3: "first", 100: "second"} {
		held, err := c.get(t.Context(), bearer{stream: stream})
		if err != nil || held.token.Reveal() != want || !held.good(time.Now()) {
			t.Errorf("stream %d has %q, %v; want %q", stream, held.token.Reveal(), err, want)
		}
	}
	if err := os.WriteFile(file, []byte(" \n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newCredentials(&Auth{File: file}, nil); err == nil || !strings.Contains(err.Error(), "no token in it") {
		t.Errorf("a file without tokens: %v", err)
	}
	if _, err := newCredentials(&Auth{File: file + ".missing"}, nil); err == nil || !strings.Contains(err.Error(), "token file") {
		t.Errorf("no file: %v", err)
	}
}

func TestApplyAndStrip(t *testing.T) {
	for _, c := range []struct {
		send   string
		header http.Header
		query  string
	}{
		{"bearer", http.Header{"Authorization": {"Bearer a.b+c/d="}}, "x=1"},
		{"header X-Api-Key", http.Header{"X-Api-Key": {"a.b+c/d="}}, "x=1"},
		{"cookie sid", http.Header{"Cookie": {"sid=a.b+c/d="}}, "x=1"},
		{"query token", http.Header{}, "token=a.b%2Bc%2Fd%3D&x=1"},
	} {
		credentials, err := newCredentials(&Auth{Token: "a.b+c/d=", Send: c.send}, nil)
		if err != nil {
			t.Fatal(err)
		}
		held, err := credentials.get(t.Context(), bearer{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest(http.MethodGet, "http://h/?x=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		credentials.apply(r, held)
		if diff := cmp.Diff(c.header, r.Header); diff != "" || r.URL.RawQuery != c.query {
			t.Errorf("%s: query %s, headers (-want +got):\n%s", c.send, r.URL.RawQuery, diff)
		}
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("Referer", "http://h/?token=a.b")
		credentials.strip(r)
		if diff := cmp.Diff(http.Header{"Accept": {"text/event-stream"}}, r.Header); diff != "" {
			t.Errorf("%s: headers after strip (-want +got):\n%s", c.send, diff)
		}
		credentials.apply(r, credential{})
		if len(r.Header) != 1 {
			t.Errorf("%s: an empty token makes headers %v", c.send, r.Header)
		}
	}
}

// A redirect to another origin (RFC 6454 section 4) is one to another scheme,
// host or port.
func TestCheckRedirect(t *testing.T) {
	credentials, err := newCredentials(&Auth{Token: canary, Send: "header X-Api-Key"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to string
		keeps    bool
	}{
		{"https://a.test/x", "https://a.test/y", true},
		{"https://a.test/x", "https://b.test/x", false},
		{"https://a.test/x", "https://sub.a.test/x", false},
		{"https://a.test/x", "https://a.test:8443/x", false},
		{"https://a.test/x", "http://a.test/x", false},
	} {
		first, err := http.NewRequest(http.MethodGet, c.from, nil)
		if err != nil {
			t.Fatal(err)
		}
		next, err := http.NewRequest(http.MethodGet, c.to, nil)
		if err != nil {
			t.Fatal(err)
		}
		next.Header.Set("X-Api-Key", canary)
		next.Header.Set("Referer", c.from)
		if err := checkRedirect(credentials)(next, []*http.Request{first}); err != nil {
			t.Fatal(err)
		}
		if keeps := next.Header.Get("X-Api-Key") != ""; keeps != c.keeps || next.Header.Get("Referer") != "" {
			t.Errorf("from %s to %s: the token goes along: %v, want %v; Referer %q", c.from, c.to, keeps, c.keeps, next.Header.Get("Referer"))
		}
	}
}

func TestMintedClaims(t *testing.T) {
	secret := token.NewSecret()
	verifier, err := token.NewVerifier(token.VerifierConfig{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		jwt                JWT
		subscribe, publish []string
	}{
		{JWT{}, []string{"a", "b"}, nil},
		{JWT{Subscribe: []string{"{topic}/x", "user/{stream}"}, Publish: []string{"all"}}, []string{"a/x", "b/x", "user/3"}, []string{"all"}},
	} {
		c.jwt.Secret = secret
		auth := &Auth{JWT: &c.jwt}
		auth.setDefaults()
		credentials, err := newCredentials(auth, nil)
		if err != nil {
			t.Fatal(err)
		}
		held, err := credentials.get(t.Context(), bearer{3, []string{"a", "b"}})
		if err != nil {
			t.Fatal(err)
		}
		claims, err := verifier.Verify(held.token.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		if claims.Subject != "stream-3" || !claims.Expires.Equal(held.expires) || !cmp.Equal(claims.Subscribe, c.subscribe) || !cmp.Equal(claims.Publish, c.publish) {
			t.Errorf("claims %+v; want subject stream-3, expiry %v, topics %v and %v", claims, held.expires, c.subscribe, c.publish)
		}
	}
}

func TestCredentialGood(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name string
		held credential
		want bool
	}{
		{"none", credential{}, false},
		{"without an end", credential{token: "t"}, true},
		{"long", credential{"t", now.Add(time.Hour)}, true},
		{"about to end", credential{"t", now.Add(renewal)}, false},
		{"ended", credential{"t", now.Add(-time.Second)}, false},
	} {
		if got := c.held.good(now); got != c.want {
			t.Errorf("%s: good %v, want %v", c.name, got, c.want)
		}
	}
}

// The publisher's token may publish everywhere; streams' tokens nowhere.
func TestPublisherAuth(t *testing.T) {
	own := &Auth{Token: "p"}
	if got := publisherAuth(&Scenario{Publish: Publish{Auth: own}}); got != own {
		t.Error("the publisher's own credentials are not used")
	}
	s := &Scenario{Target: Target{Auth: Auth{JWT: &JWT{Subject: "s", Secret: "x"}}}}
	got := publisherAuth(s)
	if got.JWT.Subject != "publisher" || !cmp.Equal(got.JWT.Publish, []string{"*"}) || got.JWT.Secret != "x" || s.Target.Auth.JWT.Subject != "s" || s.Target.Auth.JWT.Publish != nil {
		t.Errorf("publisher's claims %+v, streams' %+v", got.JWT, s.Target.Auth.JWT)
	}
}
