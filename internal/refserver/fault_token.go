package refserver

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/internal/token"
)

// What the faults of tokens are made of. They read tokens as a careless server
// does.

// unverified reads a token without a look at its signature.
func unverified(raw string) (header map[string]any, c token.Claims, ok bool) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return nil, c, false
	}
	var claims struct {
		Subject   string   `json:"sub"`
		Subscribe []string `json:"subscribe"`
		Publish   []string `json:"publish"`
		Expires   int64    `json:"exp"`
	}
	for i, into := range []any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(text, into) != nil {
			return nil, c, false
		}
	}
	c = token.Claims{Subject: claims.Subject, Subscribe: claims.Subscribe, Publish: claims.Publish}
	if claims.Expires != 0 {
		c.Expires = time.Unix(claims.Expires, 0)
	}
	return header, c, true
}

// signedWith reports whether a token is signed by HS256 with the key.
func signedWith(raw string, key []byte) bool {
	at := strings.LastIndexByte(raw, '.')
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(raw[:at]))
	return raw[at+1:] == base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// edited changes every request.
func edited(change func(*http.Request)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			change(r)
			next.ServeHTTP(w, r)
		})
	}
}

// A lastWriter ends the stream with the first event after a time.
type lastWriter struct {
	http.ResponseWriter
	after time.Time
	end   context.CancelFunc
}

func (w *lastWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	if bytes.Contains(p, []byte("data: ")) && time.Now().After(w.after) {
		w.end()
	}
	return n, err
}

func (w *lastWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
