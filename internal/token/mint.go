package token

import (
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// MinterConfig says how tokens are signed: with Secret or with PrivateKey.
type MinterConfig struct {
	// Method is a signing method that fits the key, see VerifierConfig.
	// Default: HS256 for a secret, RS256 for an RSA key, the curve's own for
	// ECDSA, EdDSA for Ed25519.
	Method string
	// Secret signs HS256, HS384 and HS512. Its length is not checked: a
	// backend under test may have chosen a short one.
	Secret Secret
	// PrivateKey is one private key in PEM, without a passphrase.
	PrivateKey PrivateKey
	// KeyID becomes the token's "kid". Default: none.
	KeyID string
}

// A Minter signs tokens. It is safe for concurrent use.
type Minter struct {
	method jwt.SigningMethod
	key    sealed[any] // []byte or crypto.Signer
	keyID  string
}

// NewMinter checks the configuration. Its errors say what to change, and hold
// no secret.
func NewMinter(config MinterConfig) (*Minter, error) {
	var private, public any
	switch {
	case config.Secret == "" && len(config.PrivateKey) == 0:
		return nil, errors.New("token: no key: give a secret or a private key")
	case config.Secret != "" && len(config.PrivateKey) > 0:
		return nil, errors.New("token: more than one key: give either a secret or a private key")
	case config.Secret != "":
		private = []byte(config.Secret.Reveal())
		public = private
	default:
		key, err := parsePrivateKey(config.PrivateKey)
		if err != nil {
			return nil, err
		}
		private, public = key, key.Public()
	}
	method := config.Method
	if method == "" {
		method = defaultMethod(public)
	}
	if err := checkMethod(method); err != nil {
		return nil, err
	}
	if !fits(method, public) {
		return nil, fmt.Errorf("token: method %s does not fit %s", method, kindOf(public))
	}
	return &Minter{jwt.GetSigningMethod(method), seal(private), config.KeyID}, nil
}

// Mint signs a token with the claims. Expires must be set; it may be in the
// past, to test how that is refused.
func (m *Minter) Mint(c Claims) (Secret, error) {
	if c.Expires.IsZero() {
		return "", errors.New("token: a token needs an expiry")
	}
	t := jwt.NewWithClaims(m.method, wireClaims{c})
	if m.keyID != "" {
		t.Header["kid"] = m.keyID
	}
	signed, err := t.SignedString(m.key())
	if err != nil {
		return "", fmt.Errorf("token: signing: %w", err)
	}
	return Secret(signed), nil
}
