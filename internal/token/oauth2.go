package token

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// A Source hands out a token that is valid now. It is safe for concurrent use.
type Source interface {
	// Token returns a token and when it expires; the time is zero if unknown.
	Token(ctx context.Context) (Secret, time.Time, error)
}

// ClientCredentials obtain tokens from a token endpoint by the client
// credentials grant (RFC 6749 section 4.4).
type ClientCredentials struct {
	// TokenURL is the absolute http or https URL of the token endpoint,
	// without user information.
	TokenURL     string
	ClientID     string
	ClientSecret Secret
	Scopes       []string
	// Params are further parameters of the request, such as "audience" or
	// "resource". They cannot replace those of the grant itself.
	Params map[string][]string
	// AuthStyle is how the client authenticates: "header" (HTTP Basic),
	// "params" (in the request's body), or "" to try the first, then the
	// second (RFC 6749 section 2.3.1).
	AuthStyle string
	// HTTPClient makes the requests. Default: http.DefaultClient. Redirects
	// are not followed, whatever its policy: they would carry the client
	// secret elsewhere.
	HTTPClient *http.Client
}

// requestTimeout bounds one exchange with the token endpoint.
const requestTimeout = 30 * time.Second

// Validate says what is wrong with the configuration, without a request.
func (c ClientCredentials) Validate() error {
	endpoint, err := url.Parse(c.TokenURL)
	switch {
	case err != nil || endpoint.Host == "" || endpoint.Scheme != "http" && endpoint.Scheme != "https":
		return errors.New("token: the token URL is not an absolute http or https URL")
	case endpoint.User != nil:
		return errors.New("token: the token URL holds user information; give a client ID and secret instead")
	case c.ClientID == "":
		return errors.New("token: client credentials need a client ID")
	}
	if _, known := authStyle(c.AuthStyle); !known {
		return fmt.Errorf(`token: unknown auth style %q; use "header", "params" or nothing`, c.AuthStyle)
	}
	for _, name := range []string{"grant_type", "scope", "client_id", "client_secret"} {
		if _, given := c.Params[name]; given {
			return fmt.Errorf("token: the parameter %q has a setting of its own", name)
		}
	}
	return nil
}

func authStyle(name string) (style oauth2.AuthStyle, known bool) {
	switch name {
	case "":
		return oauth2.AuthStyleAutoDetect, true
	case "header":
		return oauth2.AuthStyleInHeader, true
	case "params":
		return oauth2.AuthStyleInParams, true
	}
	return 0, false
}

// Source returns a source that asks the endpoint when it is first used, keeps
// the token, and renews it 10 s before it expires, or after nine tenths of a
// life shorter than 100 s. However many callers wait, there is one request at
// a time. When ctx ends, so do requests; a source owns nothing else.
//
// Its errors hold neither the client secret nor a token nor the endpoint's
// words: an [EndpointError] for a refusal, else what failed.
func (c ClientCredentials) Source(ctx context.Context) Source {
	client := http.DefaultClient
	if c.HTTPClient != nil {
		client = c.HTTPClient
	}
	noRedirects := *client
	noRedirects.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	style, _ := authStyle(c.AuthStyle) // Validate reports an unknown one
	return &clientSource{
		ctx:     ctx,
		invalid: c.Validate(),
		client:  &noRedirects,
		config: seal(&clientcredentials.Config{
			ClientID:       c.ClientID,
			ClientSecret:   c.ClientSecret.Reveal(),
			TokenURL:       c.TokenURL,
			Scopes:         slices.Clone(c.Scopes),
			EndpointParams: maps.Clone(c.Params),
			AuthStyle:      style,
		}),
	}
}

type clientSource struct {
	ctx     context.Context
	invalid error
	client  *http.Client
	config  sealed[*clientcredentials.Config]

	mu      sync.Mutex
	current *grant
	pending *request
}

// A grant is a token that the endpoint gave, and when to ask for the next.
type grant struct {
	token   sealed[Secret]
	expires time.Time // zero: unknown
	renew   time.Time // zero: never
}

// A request is an exchange under way, for all who wait for it.
type request struct {
	done  chan struct{} // closed when the fields below are set
	grant *grant
	err   error
	// abandoned is set when the request failed only because the caller that
	// made it gave up.
	abandoned bool
}

func (s *clientSource) Token(ctx context.Context) (Secret, time.Time, error) {
	if s.invalid != nil {
		return "", time.Time{}, s.invalid
	}
	for {
		s.mu.Lock()
		if g := s.current; g != nil && (g.renew.IsZero() || time.Now().Before(g.renew)) {
			s.mu.Unlock()
			return g.token(), g.expires, nil
		}
		r, mine := s.pending, false
		if r == nil {
			r, mine = &request{done: make(chan struct{})}, true
			s.pending = r
		}
		s.mu.Unlock()

		if mine {
			s.perform(ctx, r)
		} else {
			select {
			case <-r.done:
			case <-ctx.Done():
				return "", time.Time{}, fmt.Errorf("token: waiting for the token endpoint: %w", ctx.Err())
			}
		}
		switch {
		case r.err == nil:
			return r.grant.token(), r.grant.expires, nil
		case mine || !r.abandoned:
			return "", time.Time{}, r.err
		}
	}
}

// perform makes the request and tells everybody who waits for it.
func (s *clientSource) perform(ctx context.Context, r *request) {
	r.grant, r.err = s.fetch(ctx)
	r.abandoned = r.err != nil && ctx.Err() != nil
	s.mu.Lock()
	s.pending = nil
	if r.err == nil {
		s.current = r.grant
	}
	s.mu.Unlock()
	close(r.done)
}

func (s *clientSource) fetch(ctx context.Context) (*grant, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()

	issued, err := s.config().Token(context.WithValue(ctx, oauth2.HTTPClient, s.client))
	if err != nil {
		return nil, s.explain(err)
	}
	if issued.Type() != "Bearer" {
		return nil, errors.New("token: the token endpoint gave a token that is not a bearer token")
	}
	if strings.ContainsFunc(issued.AccessToken, notVisible) {
		return nil, errors.New("token: the token endpoint gave a token that no header can carry")
	}
	g := &grant{token: seal(Secret(issued.AccessToken)), expires: issued.Expiry}
	if !g.expires.IsZero() {
		early := min(10*time.Second, time.Until(g.expires)/10)
		g.renew = g.expires.Add(-early)
	}
	return g, nil
}

// notVisible is true for bytes that RFC 6750 section 2.1 keeps out of a token
// and that would end or split a header.
func notVisible(r rune) bool { return r <= ' ' || r > '~' }

// An EndpointError is a refusal by the token endpoint.
type EndpointError struct {
	Status int    // of the HTTP response
	Code   string // the registered error code (RFC 6749 section 5.2), or empty
}

func (e *EndpointError) Error() string {
	text := fmt.Sprintf("token: the token endpoint answered with status %d", e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	return text
}

// errorCodes are the codes of RFC 6749 sections 4.1.2.1 and 5.2 and of
// RFC 8707. Any other is the endpoint's own words, which could be an echo of
// the request.
var errorCodes = [...]string{
	"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
	"invalid_scope", "access_denied", "server_error", "temporarily_unavailable", "invalid_target",
}

// explain removes from an error what oauth2 quotes of the response.
func (s *clientSource) explain(err error) error {
	if refusal, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		e := &EndpointError{Status: refusal.Response.StatusCode}
		if slices.Contains(errorCodes[:], refusal.ErrorCode) {
			e.Code = refusal.ErrorCode
		}
		return e
	}
	failure, ok := errors.AsType[*url.Error](err)
	if !ok {
		return errors.New("token: the token endpoint did not answer with a token (RFC 6749 section 5.1)")
	}
	cause := failure.Err
	if text := cause.Error(); Scrub(text, Secret(s.config().ClientSecret)) != text {
		return errors.New("token: the token endpoint cannot be reached")
	}
	return fmt.Errorf("token: the token endpoint cannot be reached: %w", cause)
}
