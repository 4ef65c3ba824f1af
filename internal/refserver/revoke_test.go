package refserver

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// takeBack sends a body to /revoke and returns the status.
func takeBack(t *testing.T, s *Server, body string) int {
	t.Helper()
	c := request(t, s, "POST /revoke HTTP/1.1", body, "Content-Type: application/x-www-form-urlencoded", "Content-Length: "+strconv.Itoa(len(body)))
	defer c.close()
	return c.resp.StatusCode
}

// A token that is taken back ends its streams, whoever writes to them, and no
// event that is published afterwards is on them; those of others go on.
func TestRevoke(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t)
			cfg := way.cfg()
			cfg.Auth = i.auth()
			cfg.Auth.Revocable = true
			cfg.Auth.QueryToken = "t"
			s := start(t, cfg)
			ann, bob := i.mint("ann", time.Hour, "*", "*"), i.mint("bob", time.Hour, "*", "*")
			streams := []*client{
				way.open(t, s, "/events?topic=t&t="+ann, ""),
				way.open(t, s, "/events?topic=t&topic=u&t="+ann, ""),
			}
			other := way.open(t, s, "/events?topic=t&t="+bob, "")
			put(t, s, "before", "t")
			if got := takeBack(t, s, "token="+url.QueryEscape(ann)); got != 200 {
				t.Fatalf("revoke: %d", got)
			}
			put(t, s, "after", "t")
			for _, c := range streams {
				for {
					e, err := c.next()
					if err != nil {
						break
					}
					if e.Data == "after" {
						t.Error("an event arrived that was published after the revocation")
					}
				}
			}
			other.want(event{ID: "e-1", Data: "before"}, event{ID: "e-2", Data: "after"})
			if c := dial(t, s, "/events?topic=t&t="+ann); c.resp.StatusCode != 401 {
				t.Errorf("a new stream: %s", c.resp.Status)
			}
			if c := dial(t, s, "/stats", "Authorization: Bearer "+ann); c.resp.StatusCode != 401 {
				t.Errorf("/stats: %s", c.resp.Status)
			}
			eventually(t, "one subscriber", subscribers(s, 1))
			s.revocations.mu.Lock()
			defer s.revocations.mu.Unlock()
			if held, until := len(s.revocations.held), len(s.revocations.until); held != 1 || until != 1 {
				t.Errorf("%d tokens are held and %d revoked, want 1 and 1", held, until)
			}
		})
	}
}

// An idle stream ends without an event.
func TestRevokeIdle(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t)
			cfg := way.cfg()
			cfg.Heartbeat = -1
			cfg.Auth = i.auth()
			cfg.Auth.Revocable = true
			cfg.Auth.QueryToken = "t"
			s := start(t, cfg)
			raw := i.mint("ann", time.Hour, "*", "*")
			way.open(t, s, "/events?topic=t&t="+raw, "")
			eventually(t, "a subscriber", subscribers(s, 1))
			takeBack(t, s, "token="+raw)
			eventually(t, "no subscriber", subscribers(s, 0))
		})
	}
}

func TestRevokeAnswers(t *testing.T) {
	i := newIssuer(t)
	auth := i.auth()
	auth.Revocable = true
	s := start(t, Config{Auth: auth})
	good := i.mint("ann", time.Hour, "t", "t")
	for _, row := range []struct {
		name, body string
		status     int
		remembered int
	}{
		{"nothing", "", 400, 0},
		{"another field", "tokn=x", 400, 0},
		{"not a form", "token=%zz", 400, 0},
		{"too long", "token=" + strings.Repeat("x", maxRevocation), 400, 0},
		{"a bad token", "token=x", 200, 0},
		{"an expired token", "token=" + i.mint("ann", -time.Hour, "t", "t"), 200, 0},
		{"a good token", "token=" + good + "&token_type_hint=access_token", 200, 1},
		{"the same again", "token=" + good, 200, 1},
	} {
		if got := takeBack(t, s, row.body); got != row.status {
			t.Errorf("%s: %d, want %d", row.name, got, row.status)
		}
		s.revocations.mu.Lock()
		if n := len(s.revocations.until); n != row.remembered {
			t.Errorf("%s: %d tokens are remembered, want %d", row.name, n, row.remembered)
		}
		s.revocations.mu.Unlock()
	}
}

// What is remembered is bounded, and makes room when it expires.
func TestRevocationsAreBounded(t *testing.T) {
	v := newRevocations()
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	for n := range maxRevoked {
		until := future
		if n == 0 {
			until = past
		}
		v.until[sumOf(strconv.Itoa(n))] = until
	}
	if !v.revoke("a", future) || !v.has("a") || v.has("0") {
		t.Error("an expired one does not make room")
	}
	if v.revoke("b", future) || v.has("b") {
		t.Error("one more than the bound is taken")
	}
	if !v.revoke("a", future) {
		t.Error("one that is known is refused")
	}
}
