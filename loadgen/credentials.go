package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/internal/token"
)

// A bearer is on whose behalf a request is made.
type bearer struct {
	stream int
	topics []string
}

// credentials make tokens and put them into requests.
type credentials struct {
	source func(ctx context.Context, b bearer) (token.Secret, time.Time, error)
	send   string // bearer, header, cookie or query
	name   string // of the header, cookie or query parameter
}

// newCredentials reads the files that a names, and checks its keys.
func newCredentials(a *Auth, client *http.Client) (*credentials, error) {
	c := &credentials{}
	c.send, c.name, _ = strings.Cut(a.Send, " ")
	var err error
	switch {
	case a.Token != "":
		c.source = constant(a.Token)
	case a.File != "":
		c.source, err = fromFile(a.File)
	case a.JWT != nil:
		c.source, err = minted(a.JWT)
	case a.OAuth2 != nil:
		c.source, err = granted(a.OAuth2, client)
	}
	return c, err
}

func constant(t token.Secret) func(context.Context, bearer) (token.Secret, time.Time, error) {
	return func(context.Context, bearer) (token.Secret, time.Time, error) { return t, time.Time{}, nil }
}

func fromFile(path string) (func(context.Context, bearer) (token.Secret, time.Time, error), error) {
	tokens, err := readTokens(path)
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, b bearer) (token.Secret, time.Time, error) {
		return tokens[max(b.stream, 0)%len(tokens)], time.Time{}, nil
	}, nil
}

func readTokens(path string) ([]token.Secret, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("token file: %w", err)
	}
	var tokens []token.Secret
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" {
			tokens = append(tokens, token.Secret(line))
		}
	}
	if len(tokens) == 0 {
		return nil, fmt.Errorf("token file %s: no token in it; expected one a line", path)
	}
	return tokens, nil
}

func minted(j *JWT) (func(context.Context, bearer) (token.Secret, time.Time, error), error) {
	config := token.MinterConfig{Method: j.Method, Secret: j.Secret, KeyID: j.KeyID}
	if j.Key != "" {
		key, err := os.ReadFile(j.Key)
		if err != nil {
			return nil, fmt.Errorf("key of the minted tokens: %w", err)
		}
		config.PrivateKey = key
	}
	minter, err := token.NewMinter(config)
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, b bearer) (token.Secret, time.Time, error) {
		now := time.Now()
		claims := token.Claims{
			Subject: fill(j.Subject, "stream", strconv.Itoa(b.stream)),
			Issuer:  j.Issuer,
			// A whole second, as the claim is written (RFC 7519 section 2).
			Expires: now.Add(j.TTL).Truncate(time.Second), IssuedAt: now,
			Subscribe: expand(j.Subscribe, b),
			Publish:   expand(j.Publish, b),
		}
		if len(j.Subscribe) == 0 {
			claims.Subscribe = b.topics
		}
		if j.Audience != "" {
			claims.Audience = []string{j.Audience}
		}
		raw, err := minter.Mint(claims)
		return raw, claims.Expires, err
	}, nil
}

// expand fills the topic patterns in; one with {topic} stands for every topic.
func expand(patterns []string, b bearer) []string {
	var filled []string
	for _, p := range patterns {
		p = fill(p, "stream", strconv.Itoa(b.stream))
		if !strings.Contains(p, "{topic}") {
			filled = append(filled, p)
			continue
		}
		for _, t := range b.topics {
			filled = append(filled, fill(p, "topic", t))
		}
	}
	return filled
}

func granted(o *OAuth2, client *http.Client) (func(context.Context, bearer) (token.Secret, time.Time, error), error) {
	grant := token.ClientCredentials{
		TokenURL: o.TokenURL, ClientID: o.ClientID, ClientSecret: o.ClientSecret,
		Scopes: o.Scopes, HTTPClient: client,
	}
	if err := grant.Validate(); err != nil {
		return nil, err
	}
	source := grant.Source(context.Background())
	return func(ctx context.Context, _ bearer) (token.Secret, time.Time, error) { return source.Token(ctx) }, nil
}

// A credential is a token and when it stops to be good.
type credential struct {
	token   token.Secret
	expires time.Time // zero: not known
}

// renewal is how long before its end a token is no longer used for a new
// request.
const renewal = time.Second

func (c credential) good(now time.Time) bool {
	return c.token != "" && (c.expires.IsZero() || c.expires.Sub(now) > renewal)
}

var errNoToken = errors.New("no token to be had")

// get makes a credential, unless there is no source: then it is empty.
func (c *credentials) get(ctx context.Context, b bearer) (credential, error) {
	if c.source == nil {
		return credential{}, nil
	}
	t, expires, err := c.source(ctx, b)
	if err != nil {
		return credential{}, fmt.Errorf("%w: %w", errNoToken, err)
	}
	return credential{t, expires}, nil
}

// apply puts the token into the request.
func (c *credentials) apply(r *http.Request, held credential) {
	if held.token == "" {
		return
	}
	switch raw := held.token.Reveal(); c.send {
	case "bearer":
		r.Header.Set("Authorization", "Bearer "+raw)
	case "header":
		r.Header.Set(c.name, raw)
	case "cookie":
		r.AddCookie(&http.Cookie{Name: c.name, Value: raw})
	case "query":
		query := r.URL.Query()
		query.Set(c.name, raw)
		r.URL.RawQuery = query.Encode()
	}
}

// strip takes the token out of a request that follows a redirect to another
// host.
func (c *credentials) strip(r *http.Request) {
	r.Header.Del("Authorization")
	r.Header.Del("Cookie")
	// The address before the redirect, which may hold a query token.
	r.Header.Del("Referer")
	if c.send == "header" {
		r.Header.Del(c.name)
	}
}
