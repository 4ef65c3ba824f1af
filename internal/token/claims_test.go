package token

import "testing"

func TestTopicRights(t *testing.T) {
	for _, c := range []struct {
		pattern, topic string
		want           bool
	}{
		{"a", "a", true},
		{"a", "A", false},
		{"A", "a", false},
		{"a", "ab", false},
		{"ab", "a", false},
		{"a", "a/", false},
		{"a", "a/b", false},
		{"a", "a/..", false},
		{"a", " a", false},
		{"a", "a\x00", false},
		{"é", "e\u0301", false}, // one accent, two spellings
		{"a*", "a", false},
		{"a*", "ab", false},
		{"a*", "a*", true},
		{"*a", "ba", false},
		{"*b*", "abc", false},
		{"**", "a", false},
		{"?", "a", false},
		{"[a]", "a", false},
		{".*", "a", false},
		{"a/..", "a/..", true},
		{"a/..", "a", false},
		{"a/../b", "b", false},
		{"a/*", "a/b", true},
		{"a/*", "a/b/c", true},
		{"a/*", "a/*", true},
		{"a/*", "a", false},
		{"a/*", "a/", false},
		{"a/*", "ab", false},
		{"a/*", "ab/c", false},
		{"a/*", "A/b", false},
		{"a/*/c", "a/b/c", false},
		{"*/b", "a/b", false},
		{"/*", "/a", true},
		{"/*", "a", false},
		{"*", "a", true},
		{"*", "a/b", true},
		{"*", "*", true},
		{"*", "", false},
		{"", "", false},
		{"", "a", false},
		{"users/*", "user/bob", false},
		{"*", "User/bob", true},
		{"*", "user", true},
	} {
		claims := Claims{Subject: "ann", Subscribe: []string{"unrelated", c.pattern}}
		if got := claims.MaySubscribe(c.topic); got != c.want {
			t.Errorf("pattern %q, topic %q: may subscribe %v, want %v", c.pattern, c.topic, got, c.want)
		}
		if claims.MayPublish(c.topic) {
			t.Errorf("pattern %q, topic %q: the right to subscribe gives the right to publish", c.pattern, c.topic)
		}
		claims = Claims{Subject: "ann", Publish: []string{"unrelated", c.pattern}}
		if got := claims.MayPublish(c.topic); got != c.want {
			t.Errorf("pattern %q, topic %q: may publish %v, want %v", c.pattern, c.topic, got, c.want)
		}
		if claims.MaySubscribe(c.topic) {
			t.Errorf("pattern %q, topic %q: the right to publish gives the right to subscribe", c.pattern, c.topic)
		}
	}
}

func TestPrivateTopics(t *testing.T) {
	if got := UserTopic("ann"); got != "user/ann" {
		t.Fatalf("UserTopic(ann) = %q", got)
	}
	for _, c := range []struct {
		subject, pattern, topic string
		subscribe, publish      bool
	}{
		{"ann", "", "user/ann", true, false},
		{"ann", "*", "user/ann", true, true},
		{"ann", "*", "user/bob", false, true},
		{"ann", "user/*", "user/bob", false, true},
		{"ann", "user/bob", "user/bob", false, true},
		{"ann", "user/bo", "user/bob", false, false},
		{"ann", "*", "user/", false, true},
		{"ann", "*", "user/Ann", false, true},
		{"ann", "*", "user/ann/", false, true},
		{"ann", "*", "user/ann/x", false, true},
		{"ann/x", "", "user/ann/x", true, false},
		{"ann/*", "", "user/ann/x", false, false},
		{"*", "", "user/ann", false, false},
		{"", "*", "user/", false, true},
		{"", "*", "user/ann", false, true},
	} {
		claims := Claims{Subject: c.subject, Subscribe: []string{c.pattern}, Publish: []string{c.pattern}}
		if got := claims.MaySubscribe(c.topic); got != c.subscribe {
			t.Errorf("subject %q, pattern %q, topic %q: may subscribe %v, want %v", c.subject, c.pattern, c.topic, got, c.subscribe)
		}
		if got := claims.MayPublish(c.topic); got != c.publish {
			t.Errorf("subject %q, pattern %q, topic %q: may publish %v, want %v", c.subject, c.pattern, c.topic, got, c.publish)
		}
	}
}
