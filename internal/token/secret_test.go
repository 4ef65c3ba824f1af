package token

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// leaks reports whether the output holds the value, or the form in which a
// verb or an encoder would show its bytes.
func leaks(output, value string) bool {
	decimal := strings.Trim(fmt.Sprint([]byte(value)), "[]")
	for _, form := range []string{
		value,
		hex.EncodeToString([]byte(value)),
		strings.ToUpper(hex.EncodeToString([]byte(value))),
		base64.StdEncoding.EncodeToString([]byte(value)),
		decimal,
	} {
		if strings.Contains(output, form) {
			return true
		}
	}
	return false
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	const canary = "canary-secret-value"
	type holder struct {
		Name   string
		Secret Secret
		Key    PrivateKey
		List   []Secret
		Map    map[string]Secret
		Ref    *Secret
	}
	secret := Secret(canary)
	h := holder{"n", secret, PrivateKey(canary), []Secret{secret}, map[string]Secret{"k": secret}, &secret}
	used := ClientCredentials{TokenURL: "http://endpoint.test/", ClientID: "me", ClientSecret: "other",
		HTTPClient: &http.Client{Transport: inProcess{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			io.WriteString(w, "access_token="+canary)
		})}}}.Source(t.Context())
	if got, _, err := used.Token(t.Context()); err != nil || got.Reveal() != canary {
		t.Fatal(err)
	}
	values := map[string]any{
		"Secret": secret, "*Secret": &secret, "PrivateKey": PrivateKey(canary), "[]Secret": []Secret{secret},
		"struct": h, "*struct": &h,
		"MinterConfig":      MinterConfig{Secret: secret, PrivateKey: PrivateKey(canary)},
		"VerifierConfig":    VerifierConfig{Secret: secret},
		"ClientCredentials": ClientCredentials{ClientSecret: secret},
		"Minter":            newMinter(t, MinterConfig{Secret: secret}),
		"Verifier":          newVerifier(t, VerifierConfig{Secret: secret + secret}),
		"Source":            ClientCredentials{ClientSecret: secret}.Source(context.Background()),
		"used Source":       used, "error": fmt.Errorf("wrapped %w, and %v", errors.New("x"), secret),
	}
	for name, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%10.3s", "%-40v", "%c", "%U", "%t"} {
			if got := fmt.Sprintf(verb, value); leaks(got, canary) {
				t.Errorf("%s with %s gives %s", name, verb, got)
			}
		}
		if got := fmt.Sprint(value) + fmt.Sprintln(value); leaks(got, canary) {
			t.Errorf("%s printed gives %s", name, got)
		}
		if got, err := json.Marshal(value); err == nil && leaks(string(got), canary) {
			t.Errorf("%s in JSON gives %s", name, got)
		}
		if got, err := xml.Marshal(value); err == nil && leaks(string(got), canary) {
			t.Errorf("%s in XML gives %s", name, got)
		}
		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "value", value, slog.Group("g", "value", value))
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "value", value, slog.Group("g", "value", value))
		if leaks(out.String(), canary) {
			t.Errorf("%s logged gives %s", name, out.String())
		}
	}
}

func TestSecretForms(t *testing.T) {
	secret := Secret("value")
	if got := secret.Reveal(); got != "value" {
		t.Errorf("Reveal gives %q", got)
	}
	for _, got := range []string{
		secret.String(), secret.GoString(), fmt.Sprintf("%s", secret), fmt.Sprintf("%q", secret),
		fmt.Sprintf("%x", secret), fmt.Sprintf("%#v", secret), fmt.Sprintf("%-9v", secret), secret.LogValue().String(),
		string(must(secret.MarshalText())), fmt.Sprint(PrivateKey("value")), PrivateKey("value").LogValue().String(),
	} {
		if got != "***" {
			t.Errorf("got %q, want ***", got)
		}
	}
	if got := string(must(json.Marshal([]any{secret, PrivateKey("value")}))); got != `["***","***"]` {
		t.Errorf("in JSON: %s", got)
	}
}

func TestNewSecret(t *testing.T) {
	seen := make(map[Secret]bool)
	for range 1000 {
		s := NewSecret()
		raw, err := base64.RawURLEncoding.DecodeString(s.Reveal())
		if err != nil || len(raw) != 32 || seen[s] {
			t.Fatalf("%d bytes, error %v, seen before %v", len(raw), err, seen[s])
		}
		seen[s] = true
	}
	if _, err := NewVerifier(VerifierConfig{Secret: NewSecret()}); err != nil {
		t.Errorf("a new secret does not suffice for the default method: %v", err)
	}
}

func TestScrub(t *testing.T) {
	for _, c := range []struct {
		text    string
		secrets []Secret
		want    string
	}{
		{"nothing here", nil, "nothing here"},
		{"nothing here", []Secret{"", "abc"}, "nothing here"},
		{"", []Secret{"abc"}, ""},
		{"abc", []Secret{"abc"}, "***"},
		{"<abc> and abc.", []Secret{"abc"}, "<***> and ***."},
		{"abcdef abc", []Secret{"abc", "abcdef"}, "*** ***"},
		{"abcdef abc", []Secret{"abcdef", "abc"}, "*** ***"},
		{"xabcx", []Secret{"b", "abc", "c"}, "x***x"},
		{"a*b", []Secret{"*", "b"}, "a******"},
		{"one two", []Secret{"one", "two", "one"}, "*** ***"},
	} {
		if got := Scrub(c.text, c.secrets...); got != c.want {
			t.Errorf("Scrub(%q, %d secrets) = %q, want %q", c.text, len(c.secrets), got, c.want)
		}
	}
	secrets := []Secret{"a", "abc"}
	Scrub("abc", secrets...)
	if secrets[0] != "a" {
		t.Error("Scrub reordered the caller's slice")
	}
}
