package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"sync"
	"testing"
)

// Tokens in tests are put together here with the standard library only, so
// that the package is not its own judge.

const testSecret Secret = "an-hmac-secret-of-the-tests-with-more-than-32-bytes"

// A signing turns the text to sign into a signature.
type signing func(text string) []byte

func forge(header, claims string, sign signing) string {
	text := b64(header) + "." + b64(claims)
	return text + "." + b64(sign(text))
}

func b64[T string | []byte](data T) string { return base64.RawURLEncoding.EncodeToString([]byte(data)) }

func unsigned(string) []byte { return nil }

func hs256(secret []byte) signing {
	return func(text string) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
}

func rs256(key *rsa.PrivateKey) signing {
	return func(text string) []byte {
		digest := sha256.Sum256([]byte(text))
		return must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:]))
	}
}

func es256(key *ecdsa.PrivateKey) signing {
	return func(text string) []byte {
		digest := sha256.Sum256([]byte(text))
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			panic(err)
		}
		signature := make([]byte, 64)
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
		return signature
	}
}

func edDSA(key ed25519.PrivateKey) signing {
	return func(text string) []byte { return ed25519.Sign(key, []byte(text)) }
}

// The keys of the tests, made when first asked for.
var (
	rsaKey      = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	otherRSAKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	ecKey       = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	ec384Key    = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) })
	edKey       = sync.OnceValue(func() ed25519.PrivateKey {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return must(private, err)
	})
)

func publicPEM(key crypto.Signer) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(key.Public()))})
}

func privatePEM(key crypto.Signer) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))})
}

// jwk is the public half of the key as an entry of a key set, with further
// members such as "kid" and "alg".
func jwk(key crypto.Signer, more map[string]string) map[string]string {
	entry := map[string]string{}
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		entry["kty"], entry["n"], entry["e"] = "RSA", b64(public.N.Bytes()), b64(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		point := must(public.Bytes()) // 4, then X and Y
		half := (len(point) - 1) / 2
		entry["kty"], entry["crv"] = "EC", public.Params().Name
		entry["x"], entry["y"] = b64(point[1:1+half]), b64(point[1+half:])
	case ed25519.PublicKey:
		entry["kty"], entry["crv"], entry["x"] = "OKP", "Ed25519", b64([]byte(public))
	}
	for name, value := range more {
		entry[name] = value
	}
	return entry
}

func keySet(entries ...map[string]string) []byte {
	return must(json.Marshal(map[string]any{"keys": entries}))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func newVerifier(t testing.TB, config VerifierConfig) *Verifier {
	t.Helper()
	v, err := NewVerifier(config)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newMinter(t testing.TB, config MinterConfig) *Minter {
	t.Helper()
	m, err := NewMinter(config)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
