package conformance

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOtherSlash(t *testing.T) {
	for url, want := range map[string]string{
		"http://a":                     "",
		"http://a/":                    "",
		"http://a/events":              "http://a/events/",
		"http://a/events/?t={topic}":   "http://a/events?t={topic}",
		"http://a/{topic}/events?u=/x": "http://a/{topic}/events/?u=/x",
	} {
		one := talkTo(t, Target{URL: url})
		if got := one.otherSlash(); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}

// Redirects are followed as a browser does: what is passed is kept, and the
// token stays where it belongs.
func TestRedirectsAreFollowed(t *testing.T) {
	tokens := make(chan string, 8)
	elsewhere := raw(t, func(conn net.Conn, r *http.Request) {
		tokens <- "elsewhere: " + r.Header.Get("Authorization")
		say(conn, rawHead+"\nContent-Length: 0")
	})
	url := raw(t, func(conn net.Conn, r *http.Request) {
		tokens <- r.URL.Path + ": " + r.Header.Get("Authorization")
		to := map[string]string{"/events": "/next?topic=x", "/next": elsewhere + "/there"}[r.URL.Path]
		say(conn, "HTTP/1.1 302 Found\nLocation: "+to+"\nContent-Length: 0")
	})
	one := talkTo(t, Target{URL: url + "/events?topic=x", Tokens: &Tokens{Good: "good-token"}})
	one.open(ask{name: "stream"}).close()
	close(tokens)
	var got []string
	for line := range tokens {
		got = append(got, line)
	}
	if diff := cmp.Diff([]string{"/events: Bearer good-token", "/next: Bearer good-token", "elsewhere: "}, got); diff != "" {
		t.Error(diff)
	}
	hops := one.rec.hops("stream")
	if len(hops) != 2 || !hops[0].followed || !hops[1].followed || hops[0].target.String() != url+"/next?topic=x" || hops[1].location != elsewhere+"/there" {
		t.Errorf("%+v", hops)
	}
	if c := one.rec.named("stream"); c == nil || !strings.HasPrefix(c.URL, elsewhere) || c.Status != 200 {
		t.Errorf("%+v", c)
	}
}

func TestRedirectsWithoutEnd(t *testing.T) {
	url := raw(t, func(conn net.Conn, _ *http.Request) {
		say(conn, "HTTP/1.1 302 Found\nLocation: /\nContent-Length: 0")
	})
	one := talkTo(t, Target{URL: url})
	one.open(ask{name: "stream"}).close()
	if hops := one.rec.hops("stream"); len(hops) != maxRedirects+1 || hops[maxRedirects].followed || !hops[maxRedirects-1].followed {
		t.Errorf("%d redirects", len(hops))
	}
}
