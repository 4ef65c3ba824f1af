package conformance

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // for HS256 and its like
	_ "crypto/sha512" // for HS384, HS512 and their like
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"time"
)

// Tokens says how requests are authorized: a list of tokens by role, or what is
// needed to make them. This package signs tokens itself, because most of those
// that it needs are wrong, and a good library refuses to make them.
type Tokens struct {
	// Send is "bearer" (default), "header NAME", "cookie NAME", "query NAME", or
	// "url" where the target's URL has {token}.
	Send string `yaml:"send"`
	// Cookie names the cookie by which a browser shows its token. Default: that
	// of Send, if it names one.
	Cookie string `yaml:"cookie"`
	// Login is a request whose answer sets that cookie. It carries the good
	// token as Send says, and knows {token}.
	Login *Request `yaml:"login"`
	// Optional tells that streams are open to those who show no token.
	Optional bool `yaml:"optional"`

	Good      Secret `yaml:"good"`      // may subscribe
	Publisher Secret `yaml:"publisher"` // may publish; default Good
	Other     Secret `yaml:"other"`     // another user's, also good
	Expired   Secret `yaml:"expired"`
	Forbidden Secret `yaml:"forbidden"` // valid, and not allowed to subscribe

	// User and OtherUser are who the tokens Good and Other belong to, as the
	// target names them. Default, for tokens that are made: ssegauge-a and
	// ssegauge-b.
	User      string `yaml:"user"`
	OtherUser string `yaml:"other_user"`

	// JWT makes the tokens that are not listed.
	JWT *JWT `yaml:"jwt"`
	// Mint, unless nil, makes them in place of JWT.
	Mint func(TokenRequest) (Secret, error) `yaml:"-"`
}

// JWT says how the target's JSON Web Tokens are signed (RFC 7519).
type JWT struct {
	Method string `yaml:"method"` // HS256 (default), RS256, ES256, EdDSA and the longer ones
	Secret Secret `yaml:"secret"`
	Key    string `yaml:"key"` // PEM file of the private key (PKCS #8)
	// Signer, unless nil, is the private key in place of Key.
	Signer crypto.Signer `yaml:"-"`
	KeyID  string        `yaml:"kid"`
	// Claims is a JSON template of the claims other than exp; {user_json},
	// {topic_json} stand for whom the token is for and where to. Default
	// {"sub":{user_json},"subscribe":["*"],"publish":["*"]}.
	Claims string `yaml:"claims"`
	// ForbiddenClaims is that of a token that may do nothing. Default
	// {"sub":{user_json}}.
	ForbiddenClaims string `yaml:"forbidden_claims"`
	// PublisherClaims is that of the token that publishes. Default Claims.
	PublisherClaims string `yaml:"publisher_claims"`
}

// Roles of tokens.
const (
	RoleGood      = "good"
	RolePublisher = "publisher"
	RoleOther     = "other"
	RoleExpired   = "expired"
	RoleForbidden = "forbidden"
)

// A TokenRequest says which token is wanted.
type TokenRequest struct {
	User  string
	Topic string
	// Forbidden asks for a token that may not subscribe.
	Forbidden bool
	// Publisher asks for a token that publishes.
	Publisher bool
	// Expires becomes exp; zero leaves it out.
	Expires time.Time
	// Claims and Header are set after all others; nil values remove theirs.
	Claims, Header map[string]any
}

func (t *Tokens) listed(role string) Secret {
	switch role {
	case RoleGood, "":
		return t.Good
	case RolePublisher:
		if t.Publisher != "" {
			return t.Publisher
		}
		return t.Good
	case RoleOther:
		return t.Other
	case RoleExpired:
		return t.Expired
	case RoleForbidden:
		return t.Forbidden
	}
	return ""
}

func (t *Tokens) mints() bool { return t.Mint != nil || t.JWT != nil }

func (t *Tokens) has(role string) bool {
	if t.listed(role) != "" || t.Mint != nil {
		return true
	}
	// The claims of a target of its own kind do not say what forbids.
	return t.JWT != nil && (role != RoleForbidden || t.JWT.Claims == "" || t.JWT.ForbiddenClaims != "")
}

// cookie names the cookie that may carry the token, empty if none is known.
func (t *Tokens) cookie() string {
	if t == nil {
		return ""
	}
	if kind, name, _ := strings.Cut(t.Send, " "); kind == "cookie" {
		return name
	}
	return t.Cookie
}

func (t *Tokens) check() string {
	if !t.has(RoleGood) {
		return "give a good token, or jwt with a secret or key"
	}
	kind, name, _ := strings.Cut(t.Send, " ")
	switch kind {
	case "", "bearer", "url":
	case "header", "cookie", "query":
		if name == "" {
			return fmt.Sprintf("send: %s needs a name behind it", kind)
		}
	default:
		return fmt.Sprintf("send: unknown way %q; known: bearer, header NAME, cookie NAME, query NAME, url", t.Send)
	}
	if t.Login != nil && t.Login.URL == "" {
		return "login: give its url"
	}
	if t.JWT != nil && t.Mint == nil {
		if _, err := t.JWT.signer(); err != nil {
			return "jwt: " + err.Error()
		}
		for _, template := range []string{t.JWT.Claims, t.JWT.ForbiddenClaims, t.JWT.PublisherClaims} {
			if template != "" && !json.Valid([]byte(fill(template, "user_json", `""`, "topic_json", `""`))) {
				return "jwt: the claims are not JSON"
			}
		}
	}
	return ""
}

// Users that minted tokens are for.
const (
	userA = "ssegauge-a"
	userB = "ssegauge-b"
)

// user names the user whose token a role has.
func (t *Tokens) user(role string) string {
	if role == RoleOther {
		return cmp.Or(t.OtherUser, userB)
	}
	return cmp.Or(t.User, userA)
}

// sent is how tokens are sent, empty if there are none.
func (t *Tokens) sent() string {
	if t == nil {
		return ""
	}
	return cmp.Or(t.Send, "bearer")
}

// ofUser returns the token of a role: the listed one, or one made for the user.
func (t *Tokens) ofUser(role, topic, user string) (Secret, error) {
	if s := t.listed(role); s != "" {
		return s, nil
	}
	request := TokenRequest{User: user, Topic: topic, Expires: time.Now().Add(time.Hour)}
	switch role {
	case RolePublisher:
		request.Publisher = true
	case RoleExpired:
		request.Expires = time.Now().Add(-time.Hour)
	case RoleForbidden:
		request.Forbidden = true
	}
	return t.mint(request)
}

func (t *Tokens) mint(r TokenRequest) (Secret, error) {
	switch {
	case t.Mint != nil:
		return t.Mint(r)
	case t.JWT != nil:
		return t.JWT.mint(r)
	}
	return "", errors.New("the target file says nothing about how to make tokens")
}

func (j *JWT) mint(r TokenRequest) (Secret, error) {
	template := j.Claims
	if template == "" {
		template = `{"sub":{user_json},"subscribe":["*"],"publish":["*"]}`
	}
	if r.Publisher && j.PublisherClaims != "" {
		template = j.PublisherClaims
	}
	if r.Forbidden {
		if template = j.ForbiddenClaims; template == "" {
			template = `{"sub":{user_json}}`
		}
	}
	claims := map[string]any{}
	if err := json.Unmarshal([]byte(fill(template, "user_json", jsonText(r.User), "topic_json", jsonText(r.Topic))), &claims); err != nil {
		return "", fmt.Errorf("jwt: claims: %w", err)
	}
	if !r.Expires.IsZero() {
		claims["exp"] = r.Expires.Unix()
	}
	override(claims, r.Claims)
	header := map[string]any{"alg": j.method(), "typ": "JWT"}
	if j.KeyID != "" {
		header["kid"] = j.KeyID
	}
	override(header, r.Header)
	sign, err := j.signer()
	if err != nil {
		return "", fmt.Errorf("jwt: %w", err)
	}
	signed := encodePart(header) + "." + encodePart(claims)
	signature, err := sign([]byte(signed))
	if err != nil {
		return "", errors.New("jwt: the key cannot sign")
	}
	return Secret(signed + "." + base64.RawURLEncoding.EncodeToString(signature)), nil
}

func override(m, with map[string]any) {
	maps.Copy(m, with)
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
}

func encodePart(m map[string]any) string {
	text, _ := json.Marshal(m) // read from JSON, or written here
	return base64.RawURLEncoding.EncodeToString(text)
}

func (j *JWT) method() string {
	if j.Method == "" {
		return "HS256"
	}
	return j.Method
}

// signer returns what signs by the method (RFC 7518 section 3, RFC 8037). Its
// errors quote nothing of the key.
func (j *JWT) signer() (func([]byte) ([]byte, error), error) {
	method := j.method()
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[strings.TrimLeft(method, "HRES")]
	if strings.HasPrefix(method, "HS") && hash != 0 {
		if j.Secret == "" {
			return nil, errors.New("give the secret")
		}
		return func(text []byte) ([]byte, error) {
			mac := hmac.New(hash.New, []byte(j.Secret.Reveal()))
			mac.Write(text)
			return mac.Sum(nil), nil
		}, nil
	}
	key, err := j.privateKey()
	if err != nil {
		return nil, err
	}
	digest := func(text []byte) []byte {
		h := hash.New()
		h.Write(text)
		return h.Sum(nil)
	}
	switch k := key.(type) {
	case ed25519.PrivateKey:
		if method == "EdDSA" {
			return func(text []byte) ([]byte, error) { return ed25519.Sign(k, text), nil }, nil
		}
	case *rsa.PrivateKey:
		if strings.HasPrefix(method, "RS") && hash != 0 {
			return func(text []byte) ([]byte, error) { return rsa.SignPKCS1v15(rand.Reader, k, hash, digest(text)) }, nil
		}
	case *ecdsa.PrivateKey:
		if strings.HasPrefix(method, "ES") && hash != 0 {
			size := (k.Params().BitSize + 7) / 8
			return func(text []byte) ([]byte, error) {
				r, s, err := ecdsa.Sign(rand.Reader, k, digest(text))
				if err != nil {
					return nil, err
				}
				return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...), nil
			}, nil
		}
	}
	return nil, fmt.Errorf("the method %q does not fit the key", method)
}

func (j *JWT) privateKey() (crypto.Signer, error) {
	if j.Signer != nil {
		return j.Signer, nil
	}
	if j.Key == "" {
		return nil, fmt.Errorf("the method %q needs a key, and HS256 a secret", j.method())
	}
	text, err := os.ReadFile(j.Key)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the key file has no PEM block")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the key is not a private key in PKCS #8")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key cannot sign")
	}
	return signer, nil
}
