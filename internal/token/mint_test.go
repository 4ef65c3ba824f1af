package token

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMintVerify(t *testing.T) {
	now := time.Now().Truncate(time.Second).UTC()
	claims := Claims{
		Subject: "ann", Issuer: "us", Audience: []string{"them", "others"}, ID: "7",
		Subscribe: []string{"a", "b/*"}, Publish: []string{"*"},
		Expires: now.Add(time.Hour), NotBefore: now.Add(-time.Minute), IssuedAt: now,
	}
	secret := testSecret + testSecret // long enough for HS512
	for _, c := range []struct {
		method string // want in the header
		named  string // in the configuration
		key    crypto.Signer
	}{
		{"HS256", "", nil}, {"HS256", "HS256", nil}, {"HS384", "HS384", nil}, {"HS512", "HS512", nil},
		{"RS256", "", rsaKey()}, {"RS512", "RS512", rsaKey()}, {"PS256", "PS256", rsaKey()},
		{"ES256", "", ecKey()}, {"ES384", "", ec384Key()}, {"EdDSA", "", edKey()},
	} {
		t.Run(c.method+" from "+c.named, func(t *testing.T) {
			mint := MinterConfig{Method: c.named, KeyID: "k1"}
			verify := VerifierConfig{Issuer: "us", Audience: "them"}
			if c.named != "" {
				verify.Methods = []string{c.named}
			}
			if c.key == nil {
				mint.Secret, verify.Secret = secret, secret
			} else {
				mint.PrivateKey, verify.PublicKey = privatePEM(c.key), publicPEM(c.key)
			}
			raw := must(newMinter(t, mint).Mint(claims)).Reveal()
			header := string(must(base64.RawURLEncoding.DecodeString(raw[:strings.IndexByte(raw, '.')])))
			if want := fmt.Sprintf(`{"alg":"%s","kid":"k1","typ":"JWT"}`, c.method); header != want {
				t.Errorf("header %s, want %s", header, want)
			}
			got, err := newVerifier(t, verify).Verify(raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(claims, got); diff != "" {
				t.Errorf("claims (-minted +verified):\n%s", diff)
			}
		})
	}
}

func TestMintedForm(t *testing.T) {
	minter := newMinter(t, MinterConfig{Secret: "short"})
	for _, c := range []struct {
		claims Claims
		want   string
	}{
		{Claims{Expires: time.Unix(2e9, 999_999_999)}, `{"exp":2000000000}`},
		{Claims{Subject: "ann", Audience: []string{"one"}, Subscribe: []string{"a"}, Expires: time.Unix(2e9, 0)},
			`{"sub":"ann","aud":"one","exp":2000000000,"subscribe":["a"]}`},
		{Claims{Audience: []string{"one", "two"}, Publish: []string{"a"}, Expires: time.Unix(2e9, 0)},
			`{"aud":["one","two"],"exp":2000000000,"publish":["a"]}`},
	} {
		parts := strings.Split(must(minter.Mint(c.claims)).Reveal(), ".")
		if header := string(must(base64.RawURLEncoding.DecodeString(parts[0]))); header != `{"alg":"HS256","typ":"JWT"}` {
			t.Errorf("header %s", header)
		}
		if got := string(must(base64.RawURLEncoding.DecodeString(parts[1]))); got != c.want {
			t.Errorf("claims %s, want %s", got, c.want)
		}
		if want := b64(hs256([]byte("short"))(parts[0] + "." + parts[1])); parts[2] != want {
			t.Errorf("signature %s, want %s", parts[2], want)
		}
	}
	if _, err := minter.Mint(Claims{Subject: "ann"}); err == nil {
		t.Error("a token without an expiry was minted")
	}
}

func TestMintConcurrently(t *testing.T) {
	minter := newMinter(t, MinterConfig{Secret: testSecret})
	verifier := newVerifier(t, VerifierConfig{Secret: testSecret})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 100 {
				subject := fmt.Sprint(i, "-", j)
				raw, err := minter.Mint(Claims{Subject: subject, Expires: time.Now().Add(time.Hour)})
				if err != nil {
					t.Error(err)
				}
				if got, err := verifier.Verify(raw.Reveal()); err != nil || got.Subject != subject {
					t.Errorf("subject %q, error %v, want %q", got.Subject, err, subject)
				}
			}
		})
	}
	all.Wait()
}

func TestNewMinterRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		config MinterConfig
		want   string // in the error
	}{
		{"no key", MinterConfig{}, "no key"},
		{"two keys", MinterConfig{Secret: testSecret, PrivateKey: privatePEM(edKey())}, "more than one key"},
		{"unknown method", MinterConfig{Secret: testSecret, Method: "SH256"}, "did you mean HS256?"},
		{"none", MinterConfig{Secret: testSecret, Method: "none"}, "must be signed"},
		{"RS256 with a secret", MinterConfig{Secret: testSecret, Method: "RS256"}, "RS256 does not fit a secret"},
		{"HS256 with a key", MinterConfig{PrivateKey: privatePEM(rsaKey()), Method: "HS256"}, "HS256 does not fit an RSA key"},
		{"ES512 with P-256", MinterConfig{PrivateKey: privatePEM(ecKey()), Method: "ES512"}, "ES512 does not fit an ECDSA key on P-256"},
		{"public key", MinterConfig{PrivateKey: publicPEM(ecKey())}, "not a private key"},
		{"not PEM", MinterConfig{PrivateKey: PrivateKey(testSecret)}, "no PEM block"},
		{"not a key inside", MinterConfig{PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte(testSecret)})}, "cannot be parsed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewMinter(c.config)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			if strings.Contains(err.Error(), testSecret.Reveal()) {
				t.Errorf("the error holds the secret: %v", err)
			}
		})
	}
}

func TestPrivateKeyForms(t *testing.T) {
	claims := Claims{Expires: time.Now().Add(time.Hour)}
	for _, c := range []struct {
		block  pem.Block
		public []byte
	}{
		{pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey())}, publicPEM(rsaKey())},
		{pem.Block{Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(ecKey()))}, publicPEM(ecKey())},
	} {
		raw := must(newMinter(t, MinterConfig{PrivateKey: pem.EncodeToMemory(&c.block)}).Mint(claims))
		if _, err := newVerifier(t, VerifierConfig{PublicKey: c.public}).Verify(raw.Reveal()); err != nil {
			t.Errorf("%s: %v", c.block.Type, err)
		}
	}
}
