package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"

	"github.com/ssegauge/ssegauge/internal/nearest"
)

// methods are the names of the signing methods that a token may use
// (RFC 7518 section 3.1, RFC 8037). "none" is not one of them.
var methods = [...]string{
	"HS256", "HS384", "HS512",
	"RS256", "RS384", "RS512",
	"PS256", "PS384", "PS512",
	"ES256", "ES384", "ES512",
	"EdDSA",
}

// checkMethod returns an error that names the nearest method unless name is
// the exact name of one.
func checkMethod(name string) error {
	if slices.Contains(methods[:], name) {
		return nil
	}
	if strings.EqualFold(name, "none") {
		return fmt.Errorf(`token: method %q is refused: a token must be signed (RFC 8725 section 3.2)`, name)
	}
	return fmt.Errorf("token: unknown method %q%s; known: %s",
		name, nearest.Hint(name, methods[:]), strings.Join(methods[:], ", "))
}

// fits reports whether a token of the method can be verified with the
// material: the secret as bytes, or a public key. This is what makes it
// impossible to pass off a public key as an HMAC secret (RFC 8725 section 2.1).
func fits(method string, material any) bool {
	if !slices.Contains(methods[:], method) {
		return false
	}
	switch m := material.(type) {
	case []byte:
		return strings.HasPrefix(method, "HS")
	case *rsa.PublicKey:
		return strings.HasPrefix(method, "RS") || strings.HasPrefix(method, "PS")
	case *ecdsa.PublicKey:
		return method == curveMethod(m.Curve)
	case ed25519.PublicKey:
		return method == "EdDSA"
	}
	return false
}

// defaultMethod is the method to use with the material when none is named, or
// "" when no method fits.
func defaultMethod(material any) string {
	switch m := material.(type) {
	case []byte:
		return "HS256"
	case *rsa.PublicKey:
		return "RS256"
	case *ecdsa.PublicKey:
		return curveMethod(m.Curve)
	case ed25519.PublicKey:
		return "EdDSA"
	}
	return ""
}

// curveMethod is the one method that RFC 7518 section 3.4 allows for a curve.
func curveMethod(curve elliptic.Curve) string {
	switch curve {
	case elliptic.P256():
		return "ES256"
	case elliptic.P384():
		return "ES384"
	case elliptic.P521():
		return "ES512"
	}
	return ""
}

// kindOf describes the material in an error.
func kindOf(material any) string {
	switch m := material.(type) {
	case []byte:
		return "a secret"
	case *rsa.PublicKey:
		return "an RSA key"
	case *ecdsa.PublicKey:
		return "an ECDSA key on " + m.Curve.Params().Name
	case ed25519.PublicKey:
		return "an Ed25519 key"
	}
	return "a key of an unsupported kind"
}

// checkStrength refuses keys below the sizes that RFC 7518 sections 3.2 and
// 3.3 demand: what they verify, others could have signed.
func checkStrength(method string, material any) error {
	switch m := material.(type) {
	case []byte:
		least := map[string]int{"HS256": 32, "HS384": 48, "HS512": 64}[method]
		if len(m) < least {
			return fmt.Errorf("token: %s needs a secret of at least %d bytes, this one has %d (RFC 7518 section 3.2)",
				method, least, len(m))
		}
	case *rsa.PublicKey:
		if m.N.BitLen() < 2048 {
			return fmt.Errorf("token: an RSA key needs at least 2048 bits, this one has %d (RFC 7518 section 3.3)",
				m.N.BitLen())
		}
	}
	return nil
}
