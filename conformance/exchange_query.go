package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// queryTokenNames are parameters by which backends take tokens.
var queryTokenNames = []string{"token", "access_token", "jwt", "authorization"}

// Lives of tokens that are shown in a URL: one is worth nothing by the time a
// log is read, one is not.
const (
	shortLife = time.Minute
	longLife  = 24 * time.Hour
)

func talkQueryToken(t *talk) {
	t.askAnonymous()
	short := t.tokenOf(shortLife)
	shown := func(s Secret, parameter string) url.Values { return url.Values{parameter: {s.Reveal()}} }
	names := queryTokenNames
	if kind, name, _ := strings.Cut(t.target.Tokens.Send, " "); kind == "query" && !slices.Contains(names, name) {
		names = append(slices.Clone(names), name)
	}
	taken := ""
	for _, name := range names {
		s, opened := t.try(ask{name: name, role: anonymous, query: shown(short, name)})
		if !s.responded() {
			return
		}
		if opened && taken == "" {
			taken = name
		}
	}
	if taken == "" {
		t.try(ask{name: "unknown-path", url: t.beside(), role: anonymous, query: shown(short, names[0])})
		return
	}
	t.try(ask{name: "unknown-path", url: t.beside(), role: anonymous, query: shown(short, taken)})
	if t.can(CanMint) {
		long := t.tokenOf(longLife)
		for _, name := range []string{"long", "long-again"} {
			t.try(ask{name: name, role: anonymous, query: shown(long, taken)})
		}
	}
	if p := t.target.Publish; p == nil || p.URL == "" || p.Anonymous || !t.target.ownTopics() {
		return
	}
	publisher := t.token(RolePublisher)
	if t.can(CanMint) {
		order := t.order()
		order.Publisher, order.Expires = true, time.Now().Add(shortLife)
		publisher = t.mint(order)
	}
	for _, by := range []string{anonymous, taken} {
		p := &Publication{Check: "auth.query.limited", Topic: t.topic, By: by, Fields: Fields{"data": "ssegauge-" + t.nonce + "-by-" + by}}
		t.deliverBy(p, "", func(r *http.Request) {
			if by != anonymous {
				q := r.URL.Query()
				q.Set(by, publisher.Reveal())
				r.URL.RawQuery = q.Encode()
			}
		})
	}
}

// tokenOf is the good token, or one as good that lives as long as it is told.
func (t *talk) tokenOf(life time.Duration) Secret {
	if !t.can(CanMint) {
		return t.token(RoleGood)
	}
	order := t.order()
	order.Expires = time.Now().Add(life)
	return t.mint(order)
}
