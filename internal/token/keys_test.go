package token

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
)

func jsonOf(value any) ([]byte, error) { return json.Marshal(value) }

func TestKeySetDefaults(t *testing.T) {
	kid := func(id string, more ...string) map[string]string {
		members := map[string]string{"kid": id}
		for i := 0; i < len(more); i += 2 {
			members[more[i]] = more[i+1]
		}
		return members
	}
	verifier := newVerifier(t, VerifierConfig{JWKS: keySet(
		jwk(rsaKey(), kid("a")),
		jwk(otherRSAKey(), kid("b", "alg", "PS256")),
		jwk(rsaKey(), kid("encryption", "use", "enc")),
		jwk(rsaKey(), kid("wrapping", "alg", "RSA-OAEP-256")),
		jwk(ec384Key(), kid("c")),
		jwk(edKey(), kid("d")),
		jwk(edKey(), kid("D")), // a kid is case-sensitive
		map[string]string{"kty": "new kind", "kid": "e"},
		map[string]string{"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA", "kid": "f"},
	)})
	var ids []string
	for _, k := range verifier.keys {
		ids = append(ids, k.id)
	}
	if want := []string{"a", "b", "c", "d", "D"}; !slices.Equal(ids, want) {
		t.Errorf("keys %q, want %q", ids, want)
	}
	if want := []string{"RS256", "PS256", "ES384", "EdDSA"}; !slices.Equal(verifier.methods, want) {
		t.Errorf("methods %q, want %q", verifier.methods, want)
	}
}

func TestKeySetRefused(t *testing.T) {
	kid := map[string]string{"kid": "same"}
	for _, c := range []struct {
		name string
		set  []byte
		want string // in the error
	}{
		{"not JSON", []byte("-----BEGIN PUBLIC KEY-----"), "not a JSON Web Key Set"},
		{"no keys", keySet(), "no key that can verify"},
		{"an object without keys", []byte(`{}`), "no key that can verify"},
		{"only an encryption key", keySet(jwk(rsaKey(), map[string]string{"use": "enc"})), "no key that can verify"},
		{"only keys to sign with", []byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA","key_ops":["sign"]}]}`), "no key that can verify"},
		{"duplicate kid", keySet(jwk(rsaKey(), kid), jwk(otherRSAKey(), kid)), `kid "same" twice`},
		{"duplicate kid, other kind", keySet(jwk(rsaKey(), kid), jwk(ecKey(), kid)), `kid "same" twice`},
		{"one of two without kid", keySet(jwk(rsaKey(), kid), jwk(ecKey(), nil)), `needs a "kid" for each`},
		{"symmetric", keySet(map[string]string{"kty": "oct", "k": b64(testSecret.Reveal())}), "key 1 of the key set: a symmetric key"},
		{"point not on the curve", keySet(map[string]string{"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"}), "key 1 of the key set"},
		{"modulus missing", keySet(map[string]string{"kty": "RSA", "e": "AQAB"}), "key 1 of the key set"},
		{"short RSA key", keySet(map[string]string{"kty": "RSA", "e": "AQAB", "n": b64(new(big.Int).Lsh(big.NewInt(1), 1023).Bytes())}), "at least 2048 bits"},
		{"too large", slices.Concat(keySet(jwk(ecKey(), nil)), bytes.Repeat([]byte(" "), 1<<20)), "more than 1048576"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewVerifier(VerifierConfig{JWKS: c.set})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			if strings.Contains(err.Error(), b64(testSecret.Reveal())) {
				t.Errorf("the error holds the key: %v", err)
			}
		})
	}
}

// A certificate in a key set does not get to stand in for the key beside it.
func TestKeySetCertificatesIgnored(t *testing.T) {
	entry := jwk(ecKey(), map[string]string{"x5u": "http://127.0.0.1:1/", "x5t": "AAAA"})
	verifier := newVerifier(t, VerifierConfig{JWKS: keySet(entry)})
	if _, err := verifier.Verify(forge(`{"alg":"ES256"}`, goodClaims, es256(ecKey()))); err != nil {
		t.Error(err)
	}
}

func TestPublicKeyForms(t *testing.T) {
	public := &rsaKey().PublicKey
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	certificate := must(x509.CreateCertificate(rand.Reader, template, template, public, rsaKey()))
	raw := forge(`{"alg":"RS256"}`, goodClaims, rs256(rsaKey()))
	for _, block := range []pem.Block{
		{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(public))},
		{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(public)},
		{Type: "CERTIFICATE", Bytes: certificate},
	} {
		verifier := newVerifier(t, VerifierConfig{PublicKey: pem.EncodeToMemory(&block)})
		if _, err := verifier.Verify(raw); err != nil {
			t.Errorf("%s: %v", block.Type, err)
		}
	}
}

func TestPublicKeyRefused(t *testing.T) {
	weak := must(x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1023, 1), E: 65537}))
	for _, c := range []struct {
		name string
		text []byte
		want string // in the error
	}{
		{"not PEM", []byte("AAAA"), "no PEM block"},
		{"a private key", privatePEM(ecKey()), "this is a private key"},
		{"two keys", slices.Concat(publicPEM(ecKey()), publicPEM(edKey())), "more than one PEM block"},
		{"another block", pem.EncodeToMemory(&pem.Block{Type: "X509 CRL"}), `"X509 CRL"`},
		{"not a key inside", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}), "public key"},
		{"short RSA key", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: weak}), "at least 2048 bits, this one has 1024"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewVerifier(VerifierConfig{PublicKey: c.text})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
