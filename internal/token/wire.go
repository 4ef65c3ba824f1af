package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

// wireClaims are Claims in the form that jwt signs, reads and validates.
type wireClaims struct{ Claims }

// errClaim hides what encoding/json would quote of a claim.
var errClaim = errors.New("a claim has the wrong type or is out of range")

func (w wireClaims) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Issuer    string      `json:"iss,omitempty"`
		Subject   string      `json:"sub,omitempty"`
		Audience  stringList  `json:"aud,omitempty"`
		Expires   numericDate `json:"exp,omitzero"`
		NotBefore numericDate `json:"nbf,omitzero"`
		IssuedAt  numericDate `json:"iat,omitzero"`
		ID        string      `json:"jti,omitempty"`
		Subscribe []string    `json:"subscribe,omitempty"`
		Publish   []string    `json:"publish,omitempty"`
	}{
		w.Issuer, w.Subject, w.Audience,
		numericDate{w.Expires}, numericDate{w.NotBefore}, numericDate{w.IssuedAt},
		w.ID, w.Subscribe, w.Publish,
	})
}

// UnmarshalJSON reads claims by their exact names, where encoding/json would
// take "SUB" for "sub", and refuses what is not UTF-8, where it would make
// different subjects equal. Of a name given twice the last counts
// (RFC 7519 section 4).
func (w *wireClaims) UnmarshalJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errClaim
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return errClaim
	}
	var expires, notBefore, issuedAt numericDate
	for name, into := range map[string]any{
		"iss":       &w.Issuer,
		"sub":       &w.Subject,
		"aud":       (*stringList)(&w.Audience),
		"exp":       &expires,
		"nbf":       &notBefore,
		"iat":       &issuedAt,
		"jti":       &w.ID,
		"subscribe": (*stringList)(&w.Subscribe),
		"publish":   (*stringList)(&w.Publish),
	} {
		value, given := raw[name]
		if !given || string(value) == "null" {
			continue
		}
		if err := json.Unmarshal(value, into); err != nil {
			return errClaim
		}
	}
	w.Expires, w.NotBefore, w.IssuedAt = expires.Time, notBefore.Time, issuedAt.Time
	return nil
}

// The methods below implement jwt.Claims.

func (w wireClaims) GetExpirationTime() (*jwt.NumericDate, error) { return dateOrNil(w.Expires) }
func (w wireClaims) GetNotBefore() (*jwt.NumericDate, error)      { return dateOrNil(w.NotBefore) }
func (w wireClaims) GetIssuedAt() (*jwt.NumericDate, error)       { return dateOrNil(w.IssuedAt) }
func (w wireClaims) GetIssuer() (string, error)                   { return w.Issuer, nil }
func (w wireClaims) GetSubject() (string, error)                  { return w.Subject, nil }
func (w wireClaims) GetAudience() (jwt.ClaimStrings, error)       { return w.Audience, nil }

func dateOrNil(t time.Time) (*jwt.NumericDate, error) {
	if t.IsZero() {
		return nil, nil
	}
	return &jwt.NumericDate{Time: t}, nil
}

// A stringList is an array of strings, or a single string for an array of one
// (RFC 7519 section 4.1.3).
type stringList []string

func (l stringList) MarshalJSON() ([]byte, error) {
	if len(l) == 1 {
		return json.Marshal(l[0])
	}
	return json.Marshal([]string(l))
}

func (l *stringList) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte{'"'}) {
		*l = make(stringList, 1)
		return json.Unmarshal(data, &(*l)[0])
	}
	return json.Unmarshal(data, (*[]string)(l))
}

// A numericDate is a number of seconds since 1970 (RFC 7519 section 2).
type numericDate struct{ time.Time }

// lastSecond is the end of the year 9999. Beyond it a date cannot be printed,
// and far beyond it time arithmetic wraps around.
const lastSecond = 253402300799

func (d numericDate) MarshalJSON() ([]byte, error) { return json.Marshal(d.Unix()) }

func (d *numericDate) UnmarshalJSON(data []byte) error {
	var seconds float64
	if err := json.Unmarshal(data, &seconds); err != nil {
		return err
	}
	if seconds < 0 || seconds > lastSecond {
		return errClaim
	}
	whole, fraction := math.Modf(seconds)
	d.Time = time.Unix(int64(whole), int64(fraction*1e9)).UTC()
	return nil
}
