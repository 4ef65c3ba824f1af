package conformance

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// requests are those that a server got.
type requests struct {
	mu   sync.Mutex
	list []*http.Request
}

// corsTarget is a target that answers every request with 204.
func corsTarget(t *testing.T, path string) (Target, *requests) {
	var got requests
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got.mu.Lock()
		defer got.mu.Unlock()
		got.list = append(got.list, r)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(server.Close)
	return Target{URL: server.URL + path, AllowedOrigin: pageOrigin, Headers: map[string]string{"X-Key": "configured"}}, &got
}

// A browser's preflight has neither credentials nor fields of the page's own.
func TestTalkPreflight(t *testing.T) {
	target, got := corsTarget(t, "/events")
	target.Tokens = &Tokens{Good: "the-good-token", Send: "header X-Token"}
	talkPreflight(talkTo(t, target))
	var names []string
	for _, r := range got.list {
		h := r.Header
		names = append(names, h.Get("Access-Control-Request-Headers"))
		if r.Method != "OPTIONS" || h.Get("Origin") != pageOrigin || h.Get("Access-Control-Request-Method") != "GET" || h.Get("Accept") != "*/*" {
			t.Errorf("%s %v", r.Method, h)
		}
		for _, name := range []string{"X-Token", "X-Key", "Authorization", "Cookie", "Cache-Control"} {
			if h.Get(name) != "" {
				t.Errorf("%s: %s", name, h.Get(name))
			}
		}
	}
	if want := []string{"last-event-id", "cache-control", "x-token", lowerNames, canonicalNames}; !slices.Equal(names, want) {
		t.Errorf("asked for %q, want %q", names, want)
	}
}

// A token in the URL is part of what a browser asks for.
func TestTalkPreflightQuery(t *testing.T) {
	target, got := corsTarget(t, "/events")
	target.Tokens = &Tokens{Good: "the-good-token", Send: "query token"}
	talkPreflight(talkTo(t, target))
	if len(got.list) != 4 {
		t.Errorf("%d requests, want 4: no field carries the token", len(got.list))
	}
	for _, r := range got.list {
		if r.URL.Query().Get("token") != "the-good-token" {
			t.Errorf("%s", r.URL)
		}
	}
}

// A page whose name was bound to the target's address names itself, and has no
// token.
func TestTalkOrigins(t *testing.T) {
	for _, version := range []string{"1.1", "2"} {
		target, got := corsTarget(t, "/events")
		if version == "2" {
			target = h2cTarget(t, target, got)
		}
		target.HTTP = version
		target.Tokens = &Tokens{Good: "the-good-token"}
		one := talkTo(t, target)
		talkOrigins(one)
		last := got.list[len(got.list)-1]
		if page := one.strangeOrigin(); last.Header.Get("Origin") != page || "https://"+last.Host != page || last.Header.Get("Authorization") != "" || last.Header.Get("X-Key") != "" {
			t.Errorf("HTTP/%s: host %s, %v; want the page %s without a token", version, last.Host, last.Header, page)
		}
		for _, r := range got.list[:len(got.list)-1] {
			if r.Header.Get("Authorization") == "" || strings.Contains(r.Host, "example") {
				t.Errorf("HTTP/%s: host %s, %v", version, r.Host, r.Header)
			}
		}
		if len(got.list) != 7 {
			t.Errorf("HTTP/%s: %d requests, want 7", version, len(got.list))
		}
	}
}

// h2cTarget is corsTarget over HTTP/2.
func h2cTarget(t *testing.T, target Target, got *requests) Target {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got.mu.Lock()
		defer got.mu.Unlock()
		got.list = append(got.list, r)
		w.WriteHeader(http.StatusNoContent)
	}))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	target.URL = server.URL + "/events"
	return target
}
