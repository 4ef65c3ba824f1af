package refserver

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestSession(t *testing.T) {
	i := newIssuer(t)
	s := start(t, Config{Auth: i.auth(), AllowedOrigins: []string{"https://app.example"}})
	good := i.mint("ann", time.Hour, "t", "t")
	bearer := "Authorization: Bearer " + good
	for _, row := range []struct {
		name, method, header string
		status               int
		cookie               string // what of it is kept
	}{
		{"login", "POST", bearer, 204, "session=" + good},
		{"from an allowed page", "POST", bearer + "\r\nOrigin: https://app.example", 204, "session=" + good},
		{"from another page", "POST", bearer + "\r\nOrigin: https://evil.example", 403, ""},
		{"bad token", "POST", bearer + "x", 401, ""},
		{"no token", "POST", "X: y", 401, ""},
		{"by cookie", "POST", "Cookie: session=" + good, 401, ""},
		{"logout", "DELETE", "X: y", 204, "session="},
		{"logout from another page", "DELETE", "Origin: https://evil.example", 403, ""},
		{"GET", "GET", bearer, 405, ""},
		{"preflight", "OPTIONS", "X: y", 204, ""},
	} {
		c := request(t, s, row.method+" /session HTTP/1.1", "", append(strings.Split(row.header, "\r\n"), "Content-Length: 0")...)
		if c.resp.StatusCode != row.status {
			t.Errorf("%s: %s, want %d", row.name, c.resp.Status, row.status)
		}
		cookies := c.resp.Cookies()
		c.close()
		if row.cookie == "" {
			if len(cookies) > 0 {
				t.Errorf("%s: %d cookies", row.name, len(cookies))
			}
			continue
		}
		if len(cookies) != 1 {
			t.Fatalf("%s: %d cookies, want 1", row.name, len(cookies))
		}
		k := cookies[0]
		if got := k.Name + "=" + k.Value; got != row.cookie || !k.HttpOnly || !k.Secure || k.SameSite != http.SameSiteStrictMode || k.Path != "/" {
			t.Errorf("%s: %+v", row.name, k)
		}
		if left := k.Value != "" && k.MaxAge > 3500 && k.MaxAge <= 3600; left != (row.method == "POST") || row.method == "DELETE" && k.MaxAge != -1 {
			t.Errorf("%s: Max-Age %d", row.name, k.MaxAge)
		}
	}
	connect(t, s, "/events?topic=t", "Cookie: session="+good).close()
}

// Without a cookie in the settings there is nothing to log in to.
func TestNoSession(t *testing.T) {
	i := newIssuer(t)
	auth := i.auth()
	auth.Cookie = ""
	s := start(t, Config{Auth: auth})
	for _, path := range []string{"/session", "/revoke"} {
		if c := request(t, s, "POST "+path+" HTTP/1.1", "", "Content-Length: 0"); c.resp.StatusCode != 404 {
			t.Errorf("%s: %s", path, c.resp.Status)
		}
	}
}

// A token in the query is refused if it is good for long.
func TestQueryTokenLife(t *testing.T) {
	for _, row := range []struct {
		bound, life time.Duration
		status      int
	}{
		{0, time.Hour, 200},
		{0, 2 * time.Hour, 401},
		{time.Minute, 2 * time.Minute, 401},
		{time.Minute, 50 * time.Second, 200},
		{-1, 1000 * time.Hour, 200},
	} {
		i := newIssuer(t)
		auth := i.auth()
		auth.QueryTokenLife = row.bound
		s := start(t, Config{Auth: auth})
		raw := i.mint("ann", row.life, "t", "t")
		if c := dial(t, s, "/events?topic=t&access_token="+raw); c.resp.StatusCode != row.status {
			t.Errorf("bound %v, life %v: %s, want %d", row.bound, row.life, c.resp.Status, row.status)
		}
		connect(t, s, "/events?topic=t", "Authorization: Bearer "+raw).close()
		stop(t, s)
	}
}
