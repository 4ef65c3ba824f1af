package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

const clientSecret Secret = "the-client-secret"

func credentials(tokenURL string) ClientCredentials {
	return ClientCredentials{TokenURL: tokenURL, ClientID: "me", ClientSecret: clientSecret, AuthStyle: "header"}
}

// endpoint is a token endpoint that gives tokens t1, t2, … and counts.
type endpoint struct {
	asked     atomic.Int64
	expiresIn int // seconds; 0: does not say
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	expiry := ""
	if e.expiresIn != 0 {
		expiry = fmt.Sprintf(`,"expires_in":%d`, e.expiresIn)
	}
	fmt.Fprintf(w, `{"access_token":"t%d","token_type":"bearer"%s}`, e.asked.Add(1), expiry)
}

// inProcess takes requests to a handler without a socket, for synctest.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Result(), nil
}

func serve(t *testing.T, handler http.Handler) (*httptest.Server, *http.Client) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.Client().CloseIdleConnections()
		server.Close()
		goleak.VerifyNone(t, before)
	})
	return server, server.Client()
}

func TestClientCredentialsRequest(t *testing.T) {
	for _, style := range []string{"header", "params"} {
		t.Run(style, func(t *testing.T) {
			server, client := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				id, secret, basic := r.BasicAuth()
				if err := r.ParseForm(); err != nil || r.Method != http.MethodPost {
					t.Errorf("method %s, form error %v", r.Method, err)
				}
				if style == "params" {
					if basic {
						t.Error("Basic authentication in the style params")
					}
					id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
				}
				if id != "me" || secret != clientSecret.Reveal() {
					t.Errorf("client %q with secret %q", id, secret)
				}
				if r.PostForm.Get("grant_type") != "client_credentials" || r.PostForm.Get("scope") != "read write" || r.PostForm.Get("audience") != "api" {
					t.Errorf("form %v", r.PostForm)
				}
				new(endpoint).ServeHTTP(w, r)
			}))
			c := credentials(server.URL)
			c.AuthStyle, c.HTTPClient = style, client
			c.Scopes, c.Params = []string{"read", "write"}, map[string][]string{"audience": {"api"}}
			got, expires, err := c.Source(t.Context()).Token(t.Context())
			if err != nil || got.Reveal() != "t1" || !expires.IsZero() {
				t.Errorf("token %q until %v, error %v", got.Reveal(), expires, err)
			}
		})
	}
}

func TestClientCredentialsAsksOnceForMany(t *testing.T) {
	e := &endpoint{expiresIn: 3600}
	server, client := serve(t, e)
	c := credentials(server.URL)
	c.HTTPClient = client
	source := c.Source(t.Context())
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if got, expires, err := source.Token(t.Context()); err != nil || got.Reveal() != "t1" || time.Until(expires) < 50*time.Minute {
				t.Errorf("token %q until %v, error %v", got.Reveal(), expires, err)
			}
		})
	}
	all.Wait()
	if n := e.asked.Load(); n != 1 {
		t.Errorf("the endpoint was asked %d times, want 1", n)
	}
}

func TestClientCredentialsRenewal(t *testing.T) {
	for _, c := range []struct {
		expiresIn int
		renewed   time.Duration // 0: never
	}{
		{3600, 3590 * time.Second},
		{100, 90 * time.Second},
		{20, 18 * time.Second},
		{1, 900 * time.Millisecond},
		{0, 0},
	} {
		t.Run(fmt.Sprint(c.expiresIn), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &endpoint{expiresIn: c.expiresIn}
				creds := credentials("http://endpoint.test/token")
				creds.HTTPClient = &http.Client{Transport: inProcess{e}}
				source := creds.Source(t.Context())
				start := time.Now()
				check := func(at time.Duration, want string) {
					t.Helper()
					time.Sleep(time.Until(start.Add(at)))
					got, expires, err := source.Token(t.Context())
					if err != nil || got.Reveal() != want {
						t.Errorf("after %v: token %q, error %v, want %q", at, got.Reveal(), err, want)
					}
					if c.expiresIn != 0 && !expires.After(time.Now()) {
						t.Errorf("after %v: the token expired at %v", at, expires)
					}
				}
				check(0, "t1")
				if c.renewed == 0 {
					check(1000*time.Hour, "t1")
					return
				}
				check(c.renewed-1, "t1")
				check(c.renewed, "t2")
				check(2*c.renewed-1, "t2")
				check(2*c.renewed, "t3")
				check(100*c.renewed, "t4")
				if n := e.asked.Load(); n != 4 {
					t.Errorf("the endpoint was asked %d times, want 4", n)
				}
			})
		})
	}
}

// An endpoint's words may echo the request, a token, or both.
func TestClientCredentialsErrorsLeakNothing(t *testing.T) {
	const issued = "issued-token"
	echo := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"registered code", echo(401, "application/json", `{"error":"invalid_client","error_description":"the-client-secret","error_uri":"issued-token"}`),
			"token: the token endpoint answered with status 401 invalid_client"},
		{"own code", echo(400, "application/json", `{"error":"the-client-secret"}`), "token: the token endpoint answered with status 400"},
		{"code with status 200", echo(200, "application/json", `{"error":"invalid_scope","access_token":"issued-token"}`),
			"token: the token endpoint answered with status 200 invalid_scope"},
		{"page", echo(502, "text/html", "<p>the-client-secret issued-token"), "token: the token endpoint answered with status 502"},
		{"form", echo(400, "application/x-www-form-urlencoded", "error=invalid_grant&x=the-client-secret"), "token: the token endpoint answered with status 400 invalid_grant"},
		{"not JSON", echo(200, "application/json", `issued-token`), "token: the token endpoint did not answer with a token (RFC 6749 section 5.1)"},
		{"wrong type", echo(200, "application/json", `{"access_token":"issued-token","expires_in":"the-client-secret"}`), "token: the token endpoint did not answer with a token (RFC 6749 section 5.1)"},
		{"no token", echo(200, "application/json", `{"refresh_token":"issued-token"}`), "token: the token endpoint did not answer with a token (RFC 6749 section 5.1)"},
		{"not a bearer token", echo(200, "application/json", `{"access_token":"issued-token","token_type":"mac"}`), "token: the token endpoint gave a token that is not a bearer token"},
		{"header injection", echo(200, "application/json", `{"access_token":"issued-token\r\nX: y"}`), "token: the token endpoint gave a token that no header can carry"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, client := serve(t, c.handler)
			creds := credentials(server.URL)
			creds.HTTPClient = client
			got, _, err := creds.Source(t.Context()).Token(t.Context())
			if got != "" || err == nil || err.Error() != c.want {
				t.Fatalf("token %q, error %v, want %s", got.Reveal(), err, c.want)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if text := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(text, clientSecret.Reveal()) || strings.Contains(text, issued) {
					t.Errorf("the error leaks: %s", text)
				}
			}
		})
	}
}

func TestClientCredentialsRefusalIsTyped(t *testing.T) {
	server, client := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"error":"invalid_client"}`)
	}))
	creds := credentials(server.URL)
	creds.HTTPClient = client
	_, _, err := creds.Source(t.Context()).Token(t.Context())
	refusal, ok := errors.AsType[*EndpointError](err)
	if !ok || *refusal != (EndpointError{Status: 401, Code: "invalid_client"}) {
		t.Errorf("error %#v", err)
	}
}

// A redirect would carry the client secret to whoever it points to.
func TestClientCredentialsRedirectsNotFollowed(t *testing.T) {
	var reached atomic.Int64
	elsewhere, _ := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	server, client := serve(t, http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	creds := credentials(server.URL)
	creds.AuthStyle, creds.HTTPClient = "params", client
	_, _, err := creds.Source(t.Context()).Token(t.Context())
	if refusal, ok := errors.AsType[*EndpointError](err); !ok || refusal.Status != http.StatusTemporaryRedirect {
		t.Errorf("error %v, want one with status 307", err)
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the redirect was followed %d times", n)
	}
	if client.CheckRedirect != nil {
		t.Error("the caller's client was changed")
	}
}

func TestClientCredentialsUnreachable(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	_, _, err := credentials(server.URL + "/?key=the-client-secret").Source(t.Context()).Token(t.Context())
	if err == nil || !strings.HasPrefix(err.Error(), "token: the token endpoint cannot be reached: ") || strings.Contains(err.Error(), clientSecret.Reveal()) {
		t.Errorf("error %v", err)
	}
	creds := credentials("http://endpoint.test/")
	creds.HTTPClient = &http.Client{Transport: failing{errors.New("proxy said the-client-secret")}}
	if _, _, err := creds.Source(t.Context()).Token(t.Context()); err == nil || strings.Contains(err.Error(), clientSecret.Reveal()) {
		t.Errorf("error %v", err)
	}
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

// gated answers only when the gate opens, or the request ends.
type gated struct {
	gate  chan struct{}
	begun atomic.Int64
	next  http.RoundTripper
}

func (g *gated) RoundTrip(r *http.Request) (*http.Response, error) {
	g.begun.Add(1)
	select {
	case <-g.gate:
		return g.next.RoundTrip(r)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func TestClientCredentialsCancellation(t *testing.T) {
	start := func(t *testing.T, base context.Context) (Source, *gated) {
		g := &gated{gate: make(chan struct{}), next: inProcess{&endpoint{expiresIn: 3600}}}
		creds := credentials("http://endpoint.test/")
		creds.HTTPClient = &http.Client{Transport: g}
		return creds.Source(base), g
	}
	ask := func(ctx context.Context, source Source) (answer chan string) {
		answer = make(chan string, 1)
		go func() {
			got, _, err := source.Token(ctx)
			switch {
			case errors.Is(err, context.Canceled):
				answer <- "canceled"
			case errors.Is(err, context.DeadlineExceeded):
				answer <- "too late"
			case err != nil:
				answer <- err.Error()
			default:
				answer <- got.Reveal()
			}
		}()
		synctest.Wait()
		return answer
	}
	want := func(t *testing.T, answer chan string, want string) {
		t.Helper()
		if got := <-answer; got != want {
			t.Errorf("answer %q, want %q", got, want)
		}
	}

	t.Run("who asked first gives up, the next takes over", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source, g := start(t, t.Context())
			ctx, cancel := context.WithCancel(t.Context())
			first := ask(ctx, source)
			second := ask(t.Context(), source)
			if n := g.begun.Load(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
			cancel()
			want(t, first, "canceled")
			synctest.Wait()
			close(g.gate)
			want(t, second, "t1")
			if n := g.begun.Load(); n != 2 {
				t.Errorf("%d requests, want 2", n)
			}
		})
	})
	t.Run("who waits gives up", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source, g := start(t, t.Context())
			first := ask(t.Context(), source)
			ctx, cancel := context.WithCancel(t.Context())
			second := ask(ctx, source)
			cancel()
			want(t, second, "canceled")
			close(g.gate)
			want(t, first, "t1")
		})
	})
	t.Run("the source's context ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			base, cancel := context.WithCancel(t.Context())
			source, g := start(t, base)
			first, second := ask(t.Context(), source), ask(t.Context(), source)
			cancel()
			want(t, first, "canceled")
			want(t, second, "canceled")
			if n := g.begun.Load(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	})
	t.Run("the endpoint never answers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source, _ := start(t, t.Context())
			began := time.Now()
			want(t, ask(t.Context(), source), "too late")
			if waited := time.Since(began); waited != 30*time.Second {
				t.Errorf("gave up after %v, want 30s", waited)
			}
		})
	})
}

func TestClientCredentialsValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*ClientCredentials)
		want   string // in the error; empty: none
	}{
		{"good", func(*ClientCredentials) {}, ""},
		{"no URL", func(c *ClientCredentials) { c.TokenURL = "" }, "absolute http or https URL"},
		{"relative URL", func(c *ClientCredentials) { c.TokenURL = "/token" }, "absolute http or https URL"},
		{"other scheme", func(c *ClientCredentials) { c.TokenURL = "file:///etc/passwd" }, "absolute http or https URL"},
		{"secret in the URL", func(c *ClientCredentials) { c.TokenURL = "https://me:the-client-secret@h/" }, "user information"},
		{"no client ID", func(c *ClientCredentials) { c.ClientID = "" }, "client ID"},
		{"auth style", func(c *ClientCredentials) { c.AuthStyle = "cookie" }, `"cookie"`},
		{"grant type", func(c *ClientCredentials) { c.Params = map[string][]string{"grant_type": {"password"}} }, `"grant_type"`},
		{"scope", func(c *ClientCredentials) { c.Params = map[string][]string{"scope": {"x"}} }, `"scope"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			creds := credentials("https://endpoint.test/token")
			c.change(&creds)
			err := creds.Validate()
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), clientSecret.Reveal()) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			if _, _, again := creds.Source(t.Context()).Token(t.Context()); again == nil || again.Error() != err.Error() {
				t.Errorf("Token gives %v, Validate %v", again, err)
			}
		})
	}
}
