package token

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	hsHeader = `{"alg":"HS256","typ":"JWT"}`
	// In force from 2001 to the year 2286.
	goodClaims = `{"iss":"us","aud":"them","sub":"ann","exp":9999999999,"nbf":1000000000}`
)

func TestVerifyRefuses(t *testing.T) {
	verifier := newVerifier(t, VerifierConfig{Secret: testSecret, Issuer: "us", Audience: "them"})
	sign := hs256([]byte(testSecret))
	good := forge(hsHeader, goodClaims, sign)
	if _, err := verifier.Verify(good); err != nil {
		t.Fatalf("the token that the others are made from is refused: %v", err)
	}
	parts := strings.Split(good, ".")
	claims := func(c string) string { return forge(hsHeader, c, sign) }
	header := func(h string) string { return forge(h, goodClaims, sign) }
	stretched := func(bytes int) string {
		pad := bytes - len(good)
		return forge(hsHeader, `{"pad":"`+strings.Repeat("x", pad)+`",`+goodClaims[1:], sign)
	}

	inForce := Claims{Issuer: "us", Audience: []string{"them"}, Expires: time.Unix(9999999999, 0)}

	for _, c := range []struct {
		name, raw string
		want      error
	}{
		{"empty", "", ErrMalformed},
		{"junk", "junk", ErrMalformed},
		{"dots only", "..", ErrMalformed},
		{"two dots missing", strings.ReplaceAll(good, ".", ""), ErrMalformed},
		{"one dot missing", parts[0] + "." + parts[1] + parts[2], ErrMalformed},
		{"one dot more", good + ".", ErrMalformed},
		{"signature left out", parts[0] + "." + parts[1], ErrMalformed},
		{"scheme left in", "Bearer " + good, ErrMalformed},
		{"header not base64", "!" + good, ErrMalformed},
		{"header not JSON", b64("{") + "." + parts[1] + "." + parts[2], ErrMalformed},
		{"header an array", forge(`["HS256"]`, goodClaims, sign), ErrMalformed},
		{"padded base64", good + "=", ErrMalformed},
		{"standard alphabet", parts[0] + "." + parts[1] + ".++//", ErrMalformed},
		{"line break in the signature", good[:len(good)-3] + "\n" + good[len(good)-3:], ErrMalformed},
		{"unused bits set in the signature", withUnusedBits(good), ErrMalformed},
		{"not UTF-8", claims("{\"sub\":\"\xff\",\"exp\":9999999999}"), ErrMalformed},
		{"too long", stretched(9 << 10), ErrTooLong},
		{"far too long", strings.Repeat("a", 1<<20), ErrTooLong},

		{"alg none", forge(`{"alg":"none"}`, goodClaims, unsigned), ErrMethod},
		{"alg None", forge(`{"alg":"None"}`, goodClaims, unsigned), ErrMethod},
		{"alg nOnE", forge(`{"alg":"nOnE"}`, goodClaims, unsigned), ErrMethod},
		{"alg none, signed", header(`{"alg":"none"}`), ErrMethod},
		{"alg empty", header(`{"alg":""}`), ErrMethod},
		{"alg missing", header(`{}`), ErrMethod},
		{"alg null", header(`{"alg":null}`), ErrMethod},
		{"alg a number", header(`{"alg":256}`), ErrMethod},
		{"alg in lower case", header(`{"alg":"hs256"}`), ErrMethod},
		{"alg under another case of the name", header(`{"ALG":"HS256"}`), ErrMethod},
		{"another HMAC method, well signed", must(newMinter(t, MinterConfig{Secret: testSecret, Method: "HS512"}).Mint(inForce)).Reveal(), ErrMethod},
		{"a method of another kind", forge(`{"alg":"RS256"}`, goodClaims, rs256(rsaKey())), ErrMethod},
		{"unknown crit", header(`{"alg":"HS256","crit":["b64"],"b64":false}`), ErrCritical},
		{"empty crit", header(`{"alg":"HS256","crit":[]}`), ErrCritical},
		{"null crit", header(`{"alg":"HS256","crit":null}`), ErrCritical},
		{"another type", header(`{"alg":"HS256","typ":"logout+jwt"}`), ErrType},
		{"type not a string", header(`{"alg":"HS256","typ":1}`), ErrType},

		{"signature bit flipped", withFlippedBit(good), ErrSignature},
		{"signature cut within a byte", good[:len(good)-1], ErrMalformed},
		{"signature cut between bytes", good[:len(good)-3], ErrSignature},
		{"signature empty", parts[0] + "." + parts[1] + ".", ErrSignature},
		{"another secret", forge(hsHeader, goodClaims, hs256([]byte("another secret of the right length"))), ErrSignature},
		{"signature of other claims", parts[0] + "." + b64(`{"sub":"root","exp":9999999999}`) + "." + parts[2], ErrSignature},

		{"exp missing", claims(`{"iss":"us","aud":"them"}`), ErrNoExpiry},
		{"exp null", claims(`{"iss":"us","aud":"them","exp":null}`), ErrNoExpiry},
		{"exp under another case of the name", claims(`{"iss":"us","aud":"them","EXP":9999999999}`), ErrNoExpiry},
		{"claims null", claims(`null`), ErrNoExpiry},
		{"claims an array", claims(`[]`), ErrMalformed},
		{"exp a string", claims(`{"exp":"9999999999"}`), ErrMalformed},
		{"exp negative", claims(`{"exp":-1}`), ErrMalformed},
		{"exp beyond the year 9999", claims(`{"exp":253402300800}`), ErrMalformed},
		{"exp beyond all arithmetic", claims(`{"exp":1e300}`), ErrMalformed},
		{"nbf a boolean", claims(`{"exp":9999999999,"nbf":true}`), ErrMalformed},
		{"aud with a number", claims(`{"iss":"us","aud":["them",1],"exp":9999999999}`), ErrMalformed},
		{"sub a number", claims(`{"exp":9999999999,"sub":7}`), ErrMalformed},
		{"subscribe an object", claims(`{"exp":9999999999,"subscribe":{}}`), ErrMalformed},
		{"exp zero", claims(`{"iss":"us","aud":"them","exp":0}`), ErrExpired},
		{"expired", claims(`{"iss":"us","aud":"them","exp":1000000000}`), ErrExpired},
		{"expired, and all else wrong", claims(`{"exp":1000000000,"nbf":9999999999}`), ErrExpired},
		{"nbf in the future", claims(`{"iss":"us","aud":"them","exp":9999999999,"nbf":9999999998}`), ErrNotYetValid},
		{"wrong iss", claims(`{"iss":"US","aud":"them","exp":9999999999}`), ErrIssuer},
		{"iss missing", claims(`{"aud":"them","exp":9999999999}`), ErrIssuer},
		{"wrong aud", claims(`{"iss":"us","aud":"themselves","exp":9999999999}`), ErrAudience},
		{"wrong aud, array", claims(`{"iss":"us","aud":["a","b"],"exp":9999999999}`), ErrAudience},
		{"aud empty", claims(`{"iss":"us","aud":[],"exp":9999999999}`), ErrAudience},
		{"aud missing", claims(`{"iss":"us","exp":9999999999}`), ErrAudience},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := verifier.Verify(c.raw)
			if err != c.want {
				t.Errorf("error %v, want exactly %v", err, c.want)
			}
			if diff := cmp.Diff(Claims{}, got); diff != "" {
				t.Errorf("a refused token gave claims:\n%s", diff)
			}
		})
	}
}

// withFlippedBit flips one bit in the middle of the signature.
func withFlippedBit(raw string) string {
	dot := strings.LastIndexByte(raw, '.')
	signature := must(base64.RawURLEncoding.DecodeString(raw[dot+1:]))
	signature[len(signature)/2] ^= 1
	return raw[:dot+1] + b64(signature)
}

// withUnusedBits sets the last bit of a 32-byte signature's encoding, which
// belongs to no byte, so that a lax decoder reads the same signature.
func withUnusedBits(raw string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(raw) - 1
	return raw[:last] + string(alphabet[strings.IndexByte(alphabet, raw[last])|1])
}

func TestVerifyAcceptsFormsOfAToken(t *testing.T) {
	verifier := newVerifier(t, VerifierConfig{Secret: testSecret, Issuer: "us", Audience: "them"})
	base := Claims{Issuer: "us", Subject: "ann", Audience: []string{"them"}, Expires: time.Unix(9999999999, 0).UTC()}
	for _, c := range []struct {
		name, header, claims string
		change               func(*Claims)
	}{
		{"least", `{"alg":"HS256"}`, `{"iss":"us","aud":"them","sub":"ann","exp":9999999999}`, func(*Claims) {}},
		{"type at+jwt", `{"alg":"HS256","typ":"at+jwt"}`, `{"iss":"us","aud":"them","sub":"ann","exp":9999999999}`, func(*Claims) {}},
		{"type with prefix", `{"alg":"HS256","typ":"application/AT+JWT"}`, `{"iss":"us","aud":"them","sub":"ann","exp":9999999999}`, func(*Claims) {}},
		{"pointers to keys are ignored", `{"alg":"HS256","kid":"x","jku":"http://127.0.0.1:1/","x5u":"http://127.0.0.1:1/","jwk":{"kty":"oct","k":"AAAA"}}`,
			`{"iss":"us","aud":"them","sub":"ann","exp":9999999999}`, func(*Claims) {}},
		{"aud an array", hsHeader, `{"iss":"us","aud":["a","them"],"sub":"ann","exp":9999999999}`,
			func(c *Claims) { c.Audience = []string{"a", "them"} }},
		{"topics as arrays", hsHeader, `{"iss":"us","aud":"them","sub":"ann","exp":9999999999,"subscribe":["a","b/*"],"publish":[]}`,
			func(c *Claims) { c.Subscribe, c.Publish = []string{"a", "b/*"}, []string{} }},
		{"topics as strings", hsHeader, `{"iss":"us","aud":"them","sub":"ann","exp":9999999999,"subscribe":"a","publish":"*"}`,
			func(c *Claims) { c.Subscribe, c.Publish = []string{"a"}, []string{"*"} }},
		{"all times and an ID", hsHeader, `{"iss":"us","aud":"them","sub":"ann","exp":9999999999,"nbf":1000000000.5,"iat":1e9,"jti":"7"}`,
			func(c *Claims) {
				c.NotBefore, c.IssuedAt, c.ID = time.Unix(1e9, 5e8).UTC(), time.Unix(1e9, 0).UTC(), "7"
			}},
		{"other cases of the names are other claims", hsHeader, `{"iss":"us","aud":"them","sub":"ann","SUB":"root","exp":9999999999,"Subscribe":"*"}`, func(*Claims) {}},
		{"null is absent", hsHeader, `{"iss":"us","aud":"them","sub":"ann","exp":9999999999,"nbf":null,"subscribe":null,"jti":null}`, func(*Claims) {}},
		{"the last of two counts", hsHeader, `{"iss":"us","aud":"them","sub":"root","sub":"ann","exp":9999999999}`, func(*Claims) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := base
			c.change(&want)
			got, err := verifier.Verify(forge(c.header, c.claims, hs256([]byte(testSecret))))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerifyLengthCap(t *testing.T) {
	verifier := newVerifier(t, VerifierConfig{Secret: testSecret})
	for pad, longest := 5000, 0; ; pad++ {
		raw := forge(hsHeader, `{"exp":9999999999,"pad":"`+strings.Repeat("x", pad)+`"}`, hs256([]byte(testSecret)))
		_, err := verifier.Verify(raw)
		if len(raw) > 8<<10 {
			if err != ErrTooLong || longest < 8<<10-2 {
				t.Fatalf("%d bytes: error %v, after at most %d accepted", len(raw), err, longest)
			}
			return
		}
		if err != nil {
			t.Fatalf("%d bytes: %v", len(raw), err)
		}
		longest = len(raw)
	}
}

// The public key is public: who signs HS256 with it must not be believed.
func TestPublicKeyIsNoSecret(t *testing.T) {
	text := publicPEM(rsaKey())
	set := keySet(jwk(rsaKey(), map[string]string{"kid": "a"}))
	header := `{"alg":"HS256","kid":"a"}`
	for name, config := range map[string]VerifierConfig{
		"PEM":     {PublicKey: text},
		"key set": {JWKS: set},
	} {
		verifier := newVerifier(t, config)
		for _, secret := range [][]byte{text, []byte(strings.TrimSpace(string(text))), set, rsaKey().N.Bytes()} {
			if _, err := verifier.Verify(forge(header, goodClaims, hs256(secret))); err != ErrMethod {
				t.Errorf("%s: error %v, want %v", name, err, ErrMethod)
			}
		}
		config.Methods = []string{"RS256", "HS256"}
		if _, err := NewVerifier(config); err == nil {
			t.Errorf("%s: HS256 is accepted as a method for a public key", name)
		}
	}
}

func TestVerifyByKeyID(t *testing.T) {
	verifier := newVerifier(t, VerifierConfig{JWKS: keySet(
		jwk(rsaKey(), map[string]string{"kid": "r"}),
		jwk(otherRSAKey(), map[string]string{"kid": "r384", "alg": "RS384"}),
		jwk(ecKey(), map[string]string{"kid": "e", "use": "sig"}),
		jwk(edKey(), map[string]string{"kid": "d", "alg": "EdDSA"}),
	)})
	alone := newVerifier(t, VerifierConfig{JWKS: keySet(jwk(ecKey(), nil))})
	for _, c := range []struct {
		name     string
		verifier *Verifier
		raw      string
		want     error
	}{
		{"RSA", verifier, forge(`{"alg":"RS256","kid":"r"}`, goodClaims, rs256(rsaKey())), nil},
		{"ECDSA", verifier, forge(`{"alg":"ES256","kid":"e"}`, goodClaims, es256(ecKey())), nil},
		{"Ed25519", verifier, forge(`{"alg":"EdDSA","kid":"d"}`, goodClaims, edDSA(edKey())), nil},
		{"kid of another key of the method", verifier, forge(`{"alg":"RS256","kid":"r"}`, goodClaims, rs256(otherRSAKey())), ErrSignature},
		{"kid of a key of another kind", verifier, forge(`{"alg":"RS256","kid":"e"}`, goodClaims, rs256(rsaKey())), ErrMethod},
		{"kid of a key with another alg", verifier, forge(`{"alg":"RS256","kid":"r384"}`, goodClaims, rs256(otherRSAKey())), ErrMethod},
		{"unknown kid", verifier, forge(`{"alg":"RS256","kid":"R"}`, goodClaims, rs256(rsaKey())), ErrUnknownKey},
		{"kid a path", verifier, forge(`{"alg":"RS256","kid":"../../dev/null"}`, goodClaims, rs256(rsaKey())), ErrUnknownKey},
		{"kid missing", verifier, forge(`{"alg":"RS256"}`, goodClaims, rs256(rsaKey())), ErrUnknownKey},
		{"kid empty", verifier, forge(`{"alg":"RS256","kid":""}`, goodClaims, rs256(rsaKey())), ErrUnknownKey},
		{"kid a number", verifier, forge(`{"alg":"RS256","kid":1}`, goodClaims, rs256(rsaKey())), ErrUnknownKey},
		{"a key the token brings along", verifier, forge(`{"alg":"RS256","kid":"new","jwk":`+
			string(must(jsonOf(jwk(otherRSAKey(), nil))))+`}`, goodClaims, rs256(otherRSAKey())), ErrUnknownKey},
		{"one key without kid", alone, forge(`{"alg":"ES256"}`, goodClaims, es256(ecKey())), nil},
		{"one key without kid, token with an empty one", alone, forge(`{"alg":"ES256","kid":""}`, goodClaims, es256(ecKey())), ErrUnknownKey},
		{"one key without kid, token with a number", alone, forge(`{"alg":"ES256","kid":1}`, goodClaims, es256(ecKey())), ErrUnknownKey},
		{"one key without kid, token with", alone, forge(`{"alg":"ES256","kid":"e"}`, goodClaims, es256(ecKey())), ErrUnknownKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := c.verifier.Verify(c.raw); err != c.want {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

func TestVerifyPublicKeys(t *testing.T) {
	for name, c := range map[string]struct {
		public []byte
		raw    string
	}{
		"RS256": {publicPEM(rsaKey()), forge(`{"alg":"RS256"}`, goodClaims, rs256(rsaKey()))},
		"ES256": {publicPEM(ecKey()), forge(`{"alg":"ES256"}`, goodClaims, es256(ecKey()))},
		"EdDSA": {publicPEM(edKey()), forge(`{"alg":"EdDSA"}`, goodClaims, edDSA(edKey()))},
	} {
		verifier := newVerifier(t, VerifierConfig{PublicKey: c.public})
		if claims, err := verifier.Verify(c.raw); err != nil || claims.Subject != "ann" {
			t.Errorf("%s: subject %q, error %v", name, claims.Subject, err)
		}
		if _, err := verifier.Verify(withFlippedBit(c.raw)); err != ErrSignature {
			t.Errorf("%s: flipped bit: error %v, want %v", name, err, ErrSignature)
		}
		if _, err := verifier.Verify(strings.Replace(c.raw, b64(`{"alg":"`+name+`"}`), b64(`{"alg":"none"}`), 1)); err != ErrMethod {
			t.Errorf("%s: made alg none: error %v, want %v", name, err, ErrMethod)
		}
	}
}

// A token ends at the first moment of exp, and begins at nbf; leeway moves
// both by as much.
func TestTimeBounds(t *testing.T) {
	for _, leeway := range []time.Duration{0, 30 * time.Second} {
		t.Run(leeway.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				verifier := newVerifier(t, VerifierConfig{Secret: testSecret, Leeway: leeway})
				minter := newMinter(t, MinterConfig{Secret: testSecret})
				begin := time.Now().Add(time.Minute)
				raw := must(minter.Mint(Claims{NotBefore: begin, Expires: begin.Add(time.Minute)})).Reveal()

				check := func(at time.Duration, want error) {
					t.Helper()
					time.Sleep(time.Until(begin.Add(at)))
					if _, err := verifier.Verify(raw); err != want {
						t.Errorf("%v after nbf: error %v, want %v", at, err, want)
					}
				}
				check(-leeway-1, ErrNotYetValid)
				check(-leeway, nil)
				check(time.Minute+leeway-1, nil)
				check(time.Minute+leeway, ErrExpired)
			})
		})
	}
}

func TestNewVerifierRefuses(t *testing.T) {
	set := keySet(jwk(ecKey(), map[string]string{"kid": "e"}))
	for _, c := range []struct {
		name   string
		config VerifierConfig
		want   string // in the error
	}{
		{"no key", VerifierConfig{}, "no key"},
		{"secret and key", VerifierConfig{Secret: testSecret, PublicKey: publicPEM(ecKey())}, "more than one key"},
		{"key and set", VerifierConfig{PublicKey: publicPEM(ecKey()), JWKS: set}, "more than one key"},
		{"method misspelt", VerifierConfig{Secret: testSecret, Methods: []string{"HS265"}}, `"HS265" (did you mean HS256?)`},
		{"method in lower case", VerifierConfig{PublicKey: publicPEM(rsaKey()), Methods: []string{"rs512"}}, "did you mean RS512?"},
		{"method EDDSA", VerifierConfig{PublicKey: publicPEM(edKey()), Methods: []string{"EDDSA"}}, "did you mean EdDSA?"},
		{"method empty", VerifierConfig{Secret: testSecret, Methods: []string{""}}, "unknown method"},
		{"method none", VerifierConfig{Secret: testSecret, Methods: []string{"none"}}, "must be signed"},
		{"method None", VerifierConfig{Secret: testSecret, Methods: []string{"HS256", "None"}}, "must be signed"},
		{"RS256 with a secret", VerifierConfig{Secret: testSecret, Methods: []string{"RS256"}}, "RS256 does not fit a secret"},
		{"HS256 with an RSA key", VerifierConfig{PublicKey: publicPEM(rsaKey()), Methods: []string{"HS256"}}, "HS256 does not fit an RSA key"},
		{"ES384 with P-256", VerifierConfig{PublicKey: publicPEM(ecKey()), Methods: []string{"ES384"}}, "ES384 does not fit an ECDSA key on P-256"},
		{"RS256 with no such key in the set", VerifierConfig{JWKS: set, Methods: []string{"ES256", "RS256"}}, "RS256"},
		{"secret short for HS256", VerifierConfig{Secret: testSecret[:31]}, "at least 32 bytes"},
		{"secret short for HS512", VerifierConfig{Secret: testSecret, Methods: []string{"HS512"}}, "at least 64 bytes"},
		{"leeway negative", VerifierConfig{Secret: testSecret, Leeway: -1}, "leeway"},
		{"leeway large", VerifierConfig{Secret: testSecret, Leeway: 30*time.Second + 1}, "leeway"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewVerifier(c.config)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			if strings.Contains(err.Error(), testSecret.Reveal()[:31]) {
				t.Errorf("the error holds the secret: %v", err)
			}
		})
	}
}

func TestVerifyErrorsQuoteNothing(t *testing.T) {
	verifier := newVerifier(t, VerifierConfig{Secret: testSecret})
	const canary = "canary"
	for _, raw := range []string{
		canary,
		forge(`{"alg":"canary"}`, goodClaims, unsigned),
		forge(`{"alg":"HS256","typ":"canary"}`, goodClaims, unsigned),
		forge(hsHeader, `{"exp":"canary"}`, unsigned),
		forge(hsHeader, `canary`, unsigned),
		forge(hsHeader, goodClaims, func(string) []byte { return []byte(canary) }),
	} {
		_, err := verifier.Verify(raw)
		if err == nil {
			t.Fatalf("%s was accepted", raw)
		}
		if text := fmt.Sprintf("%v %+v %#v", err, err, errors.Unwrap(err)); strings.Contains(text, canary) || strings.Contains(text, raw) {
			t.Errorf("the error quotes the token: %s", text)
		}
	}
}

// FuzzVerify: no input panics, and only inputs that were signed are accepted.
func FuzzVerify(f *testing.F) {
	sign := hs256([]byte(testSecret))
	signed := []string{
		forge(hsHeader, goodClaims, sign),
		forge(`{"alg":"HS256"}`, `{"exp":9999999999,"subscribe":"*"}`, sign),
	}
	for _, raw := range signed {
		f.Add(raw)
		f.Add(withFlippedBit(raw))
		f.Add(withUnusedBits(raw))
		f.Add(raw[:len(raw)-1])
		f.Add(raw + "\n")
	}
	f.Add(forge(`{"alg":"none"}`, goodClaims, unsigned))
	f.Add(forge(hsHeader, `null`, sign))
	f.Add(forge(`null`, `null`, sign))
	f.Add("..")
	verifier := newVerifier(f, VerifierConfig{Secret: testSecret})
	f.Fuzz(func(t *testing.T, raw string) {
		_, err := verifier.Verify(raw)
		if accepted := err == nil; accepted != slices.Contains(signed, raw) {
			t.Errorf("%q: accepted %v, error %v", raw, accepted, err)
		}
	})
}
