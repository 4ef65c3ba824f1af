// Package token mints and verifies the bearer tokens of event streams: JSON
// Web Tokens (RFC 7519) under the advice of RFC 8725, and tokens from an
// OAuth 2.0 token endpoint (RFC 6749 section 4.4).
//
// A [Minter] signs [Claims], a [Verifier] reads them back, a [Source] hands
// out tokens that it renews in time. Whatever must not be seen is a [Secret].
package token

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Verify returns one of these. None says anything that the token does not
// already say to its bearer, and none quotes it.
var (
	ErrTooLong     = errors.New("token: longer than 8 KiB")
	ErrMalformed   = errors.New("token: malformed")
	ErrMethod      = errors.New("token: signing method not accepted")
	ErrType        = errors.New("token: not an access token")
	ErrCritical    = errors.New("token: critical header not understood")
	ErrUnknownKey  = errors.New("token: signed with an unknown key")
	ErrSignature   = errors.New("token: signature invalid")
	ErrNoExpiry    = errors.New("token: no expiry")
	ErrExpired     = errors.New("token: expired")
	ErrNotYetValid = errors.New("token: not valid yet")
	ErrIssuer      = errors.New("token: wrong issuer")
	ErrAudience    = errors.New("token: wrong audience")
)

// maxTokenBytes bounds what is parsed. Servers commonly take no more than
// 8 KiB of header.
const maxTokenBytes = 8 << 10

// maxLeeway is as much as two clocks may differ.
const maxLeeway = 30 * time.Second

// VerifierConfig says which tokens are accepted. Exactly one of Secret,
// PublicKey and JWKS is given.
type VerifierConfig struct {
	// Methods are the accepted signing methods, by their names in RFC 7518:
	// HS256, RS256, PS256, ES256, each also with 384 and 512, and EdDSA. Each
	// must fit the key, or a key of the set. Default: HS256 for a secret,
	// RS256 for an RSA key, the curve's own for ECDSA, EdDSA for Ed25519; for
	// a key set, the "alg" of each key or else that default.
	Methods []string
	// Secret verifies HS256 with at least 32 bytes, HS384 with 48, HS512 with
	// 64 (RFC 7518 section 3.2).
	Secret Secret
	// PublicKey is one public key or certificate in PEM. RSA keys have at
	// least 2048 bits (RFC 7518 section 3.3).
	PublicKey []byte
	// JWKS is a JSON Web Key Set (RFC 7517), at most 1 MiB. Nothing is
	// fetched: a token's kid selects among these keys and no others. A token
	// without a kid is accepted when the set has one key only.
	JWKS []byte
	// Issuer and Audience, when given, must be in the token.
	Issuer, Audience string
	// Leeway is how far exp and nbf are stretched for clocks that differ.
	// Default 0, at most 30 s.
	Leeway time.Duration
}

// A Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	parser  *jwt.Parser
	methods []string
	keys    []*key
	byKeyID bool
	issuer  string
}

// NewVerifier checks the configuration. Its errors say what to change, and
// hold no secret.
func NewVerifier(config VerifierConfig) (*Verifier, error) {
	if config.Leeway < 0 || config.Leeway > maxLeeway {
		return nil, fmt.Errorf("token: leeway %v is not between 0 and %v", config.Leeway, maxLeeway)
	}
	keys, err := configuredKeys(config)
	if err != nil {
		return nil, err
	}
	methods, err := acceptedMethods(config.Methods, keys)
	if err != nil {
		return nil, err
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods(methods),
		jwt.WithStrictDecoding(),
		jwt.WithExpirationRequired(),
		jwt.WithLeeway(config.Leeway),
	}
	if config.Issuer != "" {
		options = append(options, jwt.WithIssuer(config.Issuer))
	}
	if config.Audience != "" {
		options = append(options, jwt.WithAudience(config.Audience))
	}
	return &Verifier{
		parser:  jwt.NewParser(options...),
		methods: methods,
		keys:    keys,
		byKeyID: len(config.JWKS) > 0,
		issuer:  config.Issuer,
	}, nil
}

func configuredKeys(config VerifierConfig) ([]*key, error) {
	given := 0
	for _, text := range [][]byte{[]byte(config.Secret), config.PublicKey, config.JWKS} {
		if len(text) > 0 {
			given++
		}
	}
	switch {
	case given == 0:
		return nil, errors.New("token: no key: give a secret, a public key or a key set")
	case given > 1:
		return nil, errors.New("token: more than one key: give only one of a secret, a public key and a key set")
	case config.Secret != "":
		return []*key{{material: seal[any]([]byte(config.Secret.Reveal()))}}, nil
	case len(config.PublicKey) > 0:
		material, err := parsePublicKey(config.PublicKey)
		if err != nil {
			return nil, err
		}
		return []*key{{material: seal(material)}}, nil
	}
	return parseKeySet(config.JWKS)
}

// acceptedMethods returns the named methods, or the keys' default ones, once
// each is known, fits a key, and every key it fits is strong enough for it.
func acceptedMethods(named []string, keys []*key) ([]string, error) {
	if len(named) == 0 {
		for _, k := range keys {
			if method := k.defaultMethod(); !slices.Contains(named, method) {
				named = append(named, method)
			}
		}
	}
	for _, method := range named {
		if err := checkMethod(method); err != nil {
			return nil, err
		}
		fitting := 0
		for _, k := range keys {
			if !k.fits(method) {
				continue
			}
			if err := checkStrength(method, k.material()); err != nil {
				return nil, err
			}
			fitting++
		}
		if fitting == 0 && len(keys) == 1 && keys[0].only == "" {
			return nil, fmt.Errorf("token: method %s does not fit %s", method, kindOf(keys[0].material()))
		}
		if fitting == 0 {
			return nil, fmt.Errorf("token: method %s fits no key of the key set", method)
		}
	}
	return slices.Clone(named), nil
}

// Verify returns the claims of a token that is well-formed, signed by an
// accepted key with a method that fits it, in force now, and made by the
// issuer and for the audience configured. Otherwise it returns no claims and
// an error that is one of the package's Err values.
//
// Headers that point to a key (jku, jwk, x5u, x5c) are never followed, and
// any critical extension is refused, as none is implemented (RFC 7515
// section 4.1.11).
func (v *Verifier) Verify(raw string) (Claims, error) {
	if len(raw) > maxTokenBytes {
		return Claims{}, ErrTooLong
	}
	// encoding/base64 skips line breaks even when strict, which would give one
	// token many spellings.
	if strings.ContainsFunc(raw, notTokenByte) {
		return Claims{}, ErrMalformed
	}
	var claims wireClaims
	parsed, err := v.parser.ParseWithClaims(raw, &claims, v.selectKey)
	if err != nil {
		return Claims{}, v.explain(err, parsed, claims.Claims)
	}
	return claims.Claims, nil
}

// notTokenByte is true outside the alphabet of base64url and the dot.
func notTokenByte(r rune) bool {
	return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' ||
		r == '-' || r == '_' || r == '.')
}

// selectKey is the jwt.Keyfunc: jwt has checked the method before, and checks
// the signature with the key after.
func (v *Verifier) selectKey(t *jwt.Token) (any, error) {
	if _, given := t.Header["crit"]; given {
		return nil, ErrCritical
	}
	if typ, given := t.Header["typ"]; given && !isAccessTokenType(typ) {
		return nil, ErrType
	}
	k, err := v.lookUp(t.Header["kid"])
	if err != nil {
		return nil, err
	}
	if !k.fits(t.Method.Alg()) {
		return nil, ErrMethod
	}
	return k.material(), nil
}

// isAccessTokenType refuses tokens explicitly typed for another purpose
// (RFC 8725 section 3.11): a logout token is not an access token.
func isAccessTokenType(typ any) bool {
	name, _ := typ.(string)
	name = strings.TrimPrefix(strings.ToLower(name), "application/")
	return name == "jwt" || name == "at+jwt"
}

func (v *Verifier) lookUp(kid any) (*key, error) {
	if !v.byKeyID || kid == nil && len(v.keys) == 1 {
		return v.keys[0], nil
	}
	id, isString := kid.(string)
	if !isString || id == "" {
		return nil, ErrUnknownKey
	}
	for _, k := range v.keys {
		if k.id == id {
			return k, nil
		}
	}
	return nil, ErrUnknownKey
}

// explain turns an error of jwt, whose text may quote the token, into one of
// ours. Of several wrong claims, times come first.
func (v *Verifier) explain(err error, parsed *jwt.Token, claims Claims) error {
	for _, ours := range []error{ErrCritical, ErrType, ErrUnknownKey, ErrMethod} {
		if errors.Is(err, ours) {
			return ours
		}
	}
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return ErrMalformed
	case parsed == nil || parsed.Method == nil || !slices.Contains(v.methods, parsed.Method.Alg()):
		return ErrMethod
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return ErrSignature
	case claims.Expires.IsZero():
		return ErrNoExpiry
	case errors.Is(err, jwt.ErrTokenExpired):
		return ErrExpired
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return ErrNotYetValid
	case v.issuer != "" && claims.Issuer != v.issuer:
		return ErrIssuer
	case errors.Is(err, jwt.ErrTokenInvalidAudience), errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return ErrAudience
	}
	return ErrMalformed
}
