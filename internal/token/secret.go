package token

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// redacted stands in every output for a value that must not be shown.
const redacted = "***"

// A Secret is a value that must not reach an output: a bearer token, a signing
// secret, a client secret. Every way of printing or encoding it gives "***";
// only Reveal gives the value.
//
// A string type cannot close every way around its methods: fmt calls none on an
// unexported field nor for the verb %p, and encoding/json none on the key of a
// map. So keep a Secret in an exported field, and as a value.
type Secret string

// NewSecret returns 32 random bytes in base64url, 43 characters: long enough
// to sign with HS256 (RFC 7518 section 3.2).
func NewSecret() Secret {
	random := make([]byte, 32)
	rand.Read(random) // never fails: crypto/rand ends the program instead
	return Secret(base64.RawURLEncoding.EncodeToString(random))
}

// Reveal returns the value, for the one place that has to send or sign with it.
func (s Secret) Reveal() string { return string(s) }

// String returns "***".
func (s Secret) String() string { return redacted }

// GoString returns "***".
func (s Secret) GoString() string { return redacted }

// Format writes "***" for every verb and flag.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// MarshalJSON returns "***" as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText returns "***".
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns "***".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// A PrivateKey is the PEM text of a private key. Like a Secret it prints and
// encodes as "***".
type PrivateKey []byte

// Format writes "***" for every verb and flag.
func (k PrivateKey) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// MarshalText returns "***".
func (k PrivateKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns "***".
func (k PrivateKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// A sealed value is kept in an unexported field, where fmt calls no method: of
// a function it can print only the address, whatever the verb.
type sealed[T any] func() T

func seal[T any](value T) sealed[T] { return func() T { return value } }

// Scrub returns text with every occurrence of a secret's value replaced by
// "***". Where secrets contain one another the longest goes first; empty ones
// are ignored. It is the last line of defence for text that strangers wrote.
func Scrub(text string, secrets ...Secret) string {
	longestFirst := slices.DeleteFunc(slices.Clone(secrets), func(s Secret) bool { return s == "" })
	slices.SortStableFunc(longestFirst, func(a, b Secret) int { return cmp.Compare(len(b), len(a)) })
	pairs := make([]string, 0, 2*len(longestFirst))
	for _, s := range longestFirst {
		pairs = append(pairs, s.Reveal(), redacted)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
