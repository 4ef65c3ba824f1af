package conformance

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ssegauge/ssegauge/internal/token"
)

// mintedBy is a target whose tokens are signed with a key of the kind, and what
// verifies them.
func mintedBy(t *testing.T, kind, claims string) (Target, *token.Verifier) {
	t.Helper()
	j := &JWT{Method: kind, Claims: claims}
	var err error
	switch kind {
	case "EdDSA":
		_, j.Signer, err = ed25519.GenerateKey(rand.Reader)
	case "ES256":
		j.Signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "RS256":
		j.Signer, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(j.Signer.Public())
	if err != nil {
		t.Fatal(err)
	}
	v, err := token.NewVerifier(token.VerifierConfig{
		PublicKey: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), Issuer: "me", Audience: "you",
	})
	if err != nil {
		t.Fatal(err)
	}
	return Target{URL: "http://127.0.0.1:1/x?t={topic}", Tokens: &Tokens{JWT: j}}, v
}

const nestedClaims = `{"iss":"me","aud":"you","sub":{user_json},"subscribe":["*"],"mercure":{"publish":["*"],"payload":{"n":1}}}`

// Every forgery is refused for the reason that it was made for, by a verifier
// that takes the good token.
func TestForgeries(t *testing.T) {
	for _, kind := range []string{"EdDSA", "ES256", "RS256"} {
		t.Run(kind, func(t *testing.T) {
			target, verifier := mintedBy(t, kind, nestedClaims)
			one := talkTo(t, target)
			good, ok := parseToken(one.token(RoleGood))
			if _, err := verifier.Verify(joined(good.first, good.second, good.third).Reveal()); err != nil || !ok {
				t.Fatalf("the good token: %v, %t", err, ok)
			}
			if diff := cmp.Diff(map[string]any{"publish": []any{"*"}, "payload": map[string]any{"n": 1.0}}, good.claims["mercure"]); diff != "" {
				t.Errorf("nested claims: %s", diff)
			}
			list := slices.Concat(good.unsigned(), good.unprotected(), good.confused(one.target.Tokens.publicKey()), one.misminted())
			got := map[string]error{}
			for _, f := range list {
				_, err := verifier.Verify(f.token.Reveal())
				got[f.name] = err
			}
			want := map[string]error{
				"signature-changed": token.ErrSignature, "signature-missing": token.ErrSignature, "claims-changed": token.ErrSignature,
				"none-none": token.ErrMethod, "none-None": token.ErrMethod, "none-NONE": token.ErrMethod,
				"none-empty": token.ErrMethod, "none-missing": token.ErrMethod,
				"confused-pem": token.ErrMethod, "confused-pem-trimmed": token.ErrMethod, "confused-der": token.ErrMethod,
				"minted": nil, "not-yet": token.ErrNotYetValid, "eternal": token.ErrNoExpiry,
				"critical": token.ErrCritical, "typed": token.ErrType, "wrong-iss": token.ErrIssuer, "wrong-aud": token.ErrAudience,
			}
			switch kind {
			case "EdDSA":
				want["confused-raw"] = token.ErrMethod
			case "RS256":
				want["confused-pkcs1"] = token.ErrMethod
			}
			for _, name := range slices.Sorted(maps.Keys(want)) {
				if err, made := got[name]; !made || !errors.Is(err, want[name]) {
					t.Errorf("%s: made %t, %v; want %v", name, made, err, want[name])
				}
			}
			if len(got) != len(want) || len(list) != len(want) {
				t.Errorf("%d forgeries of %d names, want %d", len(list), len(got), len(want))
			}
		})
	}
}

// A verifier that takes the public key for a secret takes what is signed so.
func TestConfusedTokensAreSigned(t *testing.T) {
	target, _ := mintedBy(t, "RS256", nestedClaims)
	one := talkTo(t, target)
	good, _ := parseToken(one.token(RoleGood))
	public := one.target.Tokens.publicKey()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	keys := map[string]string{
		"confused-pem": text, "confused-pem-trimmed": strings.TrimSpace(text), "confused-der": string(der),
		"confused-pkcs1": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(public.(*rsa.PublicKey))})),
	}
	for _, f := range good.confused(public) {
		v, err := token.NewVerifier(token.VerifierConfig{Secret: token.Secret(keys[f.name])})
		if err != nil {
			t.Fatal(err)
		}
		if claims, err := v.Verify(f.token.Reveal()); err != nil || claims.Subject != userA {
			t.Errorf("%s: %+v, %v", f.name, claims, err)
		}
	}
}

func TestParseToken(t *testing.T) {
	for text, want := range map[Secret]bool{
		"e30.e30.": true, "e30.e30.x": true, "opaque": false, "a.b": false, "a.b.c.d": false, "e30.bnVsbA.x": false, "e30.W10.x": false, "e3.e30.x": false,
	} {
		if _, ok := parseToken(text); ok != want {
			t.Errorf("%q: %t", text.Reveal(), ok)
		}
	}
	for text, want := range map[Secret]Secret{"opaque": "opaAue", "opaAue": "opaBue", "e30.e30.abc": "e30.e30.aAc", "": "A"} {
		if got := spoiled(text); got != want {
			t.Errorf("%q becomes %q, want %q", text.Reveal(), got.Reveal(), want.Reveal())
		}
	}
}

// A target that names the claims of its good tokens must name those of one that
// is forbidden, too: nobody else knows what forbids.
func TestForbiddenTokens(t *testing.T) {
	for _, c := range []struct {
		tokens Tokens
		want   bool
	}{
		{Tokens{JWT: &JWT{}}, true},
		{Tokens{JWT: &JWT{Claims: "{}"}}, false},
		{Tokens{JWT: &JWT{Claims: "{}", ForbiddenClaims: "{}"}}, true},
		{Tokens{JWT: &JWT{Claims: "{}"}, Forbidden: "x"}, true},
		{Tokens{Good: "x"}, false},
		{Tokens{Mint: func(TokenRequest) (Secret, error) { return "", nil }}, true},
	} {
		if got := c.tokens.has(RoleForbidden); got != c.want {
			t.Errorf("%+v: %t", c.tokens, got)
		}
	}
}

// In what a login and a redirect leave behind, no token and no cookie is to be
// read.
func TestCarriersAreHidden(t *testing.T) {
	const secret, cookie = "the-token-of-this-test", "the-session-of-this-test"
	url := raw(t, func(conn net.Conn, r *http.Request) {
		if r.URL.Path == "/login" {
			say(conn, "HTTP/1.1 204 No Content\nSet-Cookie: id="+cookie+"; HttpOnly\nset-cookie: theme=dark\nX-Token: "+secret)
			return
		}
		say(conn, "HTTP/1.1 307 Temporary Redirect\nLocation: http://127.0.0.1:1/?t="+secret+"\nContent-Length: 0")
	})
	one := talkTo(t, Target{URL: url + "/events", Tokens: &Tokens{
		Good: secret, Cookie: "id",
		Login: &Request{URL: url + "/login", Body: "password-of-this-test {token}", Headers: map[string]string{"X-Key": "key-of-this-test"}},
	}})
	talkLogin(one)
	one.open(ask{name: "stream", stay: true})
	for _, s := range one.streams {
		over(s)
	}
	one.run.redact(one.rec)
	text, err := json.Marshal(one.rec)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{secret, cookie, "password-of-this-test", "key-of-this-test"} {
		if strings.Contains(string(text), word) {
			t.Errorf("%s is in %s", word, text)
		}
	}
	login := one.rec.named("login")
	if got := login.values("Set-Cookie"); len(got) != 2 || got[0] != "id="+strings.Repeat("*", len(cookie))+"; HttpOnly" || got[1] != "theme=****" {
		t.Errorf("cookies %q", got)
	}
	if login.Method != "POST" || login.Reflected != 1 {
		t.Errorf("%s, %d reflected, want POST and the one of X-Token", login.Method, login.Reflected)
	}
	if l := one.rec.named("stream").value("Location"); !hidden(l) {
		t.Errorf("location %q", l)
	}
}

// What the exchange of credentials sends, as the target sees it.
func TestCredentialsAsSent(t *testing.T) {
	type seen struct{ Method, Authorization string }
	requests := make(chan seen, 20)
	url := raw(t, func(conn net.Conn, r *http.Request) {
		authorization := r.Header.Get("Authorization")
		requests <- seen{r.Method, authorization}
		if strings.EqualFold(authorization, "bearer good-token") {
			say(conn, rawHead, ":\n\n")
			hold(conn)
			return
		}
		say(conn, "HTTP/1.1 401 Unauthorized\nContent-Length: 0")
	})
	one := talkTo(t, Target{URL: url, Tokens: &Tokens{Good: "good-token", Forbidden: "forbidden-token"}})
	talkCredentials(one)
	close(requests)
	var got []seen
	for r := range requests {
		got = append(got, r)
	}
	want := []seen{
		{"GET", ""}, {"GET", "Bearer good-token"}, {"OPTIONS", ""},
		{"GET", "Bearer"}, {"GET", "Bearer a b"}, {"GET", "Basic c3NlZ2F1Z2U6c3NlZ2F1Z2U="}, {"GET", "Bearer ssegauge"},
		{"GET", "bearer good-token"}, {"GET", "BEARER good-token"}, {"GET", "Bearer forbidden-token"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if one.rec.Problem != "" {
		t.Error(one.rec.Problem)
	}
}

// A target that takes tokens for a while after their expiry is not waited for
// for ever, and its open stream is not blamed.
func TestExpiryWithLeeway(t *testing.T) {
	t.Parallel()
	b := newBroker()
	target := serveBroker(t, b)
	target.Tokens = &Tokens{JWT: &JWT{Secret: "a secret"}}
	target.Pace.Quiet = 20 * time.Millisecond
	one := talkTo(t, target)
	talkExpiry(one)
	for _, s := range one.streams {
		over(s)
	}
	if n := len(one.rec.prefixed("twin-taken")); n != lateProbes || one.rec.named("twin") != nil || !strings.Contains(one.rec.Problem, "still taken") {
		t.Errorf("%d twins, %q", n, one.rec.Problem)
	}
	c, err := Find("auth.expiry.closes")
	if err != nil {
		t.Fatal(err)
	}
	if r := c.judge(one.rec); r.Outcome != NotTested || !strings.Contains(r.Observed, "still taken") {
		t.Errorf("%s: %s", r.Outcome, r.Observed)
	}
}

func TestActionsKnowTheToken(t *testing.T) {
	got := make(chan string, 1)
	url := raw(t, func(conn net.Conn, r *http.Request) {
		_ = r.ParseForm()
		got <- r.PostForm.Get("token")
		say(conn, "HTTP/1.1 200 OK\nContent-Length: 0")
	})
	one := talkTo(t, Target{URL: url, Control: map[string]*Action{"expire": {Request: Request{
		URL: url, Body: "token={token_form}", Headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
	}}}})
	if !one.controlOf("expire", "a+b/c") {
		t.Fatal(one.rec.Problem)
	}
	if token := <-got; token != "a+b/c" {
		t.Errorf("%q", token)
	}
}
