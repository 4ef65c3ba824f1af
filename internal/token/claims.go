package token

import (
	"slices"
	"strings"
	"time"
)

// Claims are what a token says about its bearer (RFC 7519 section 4.1), and
// which topics the bearer may use.
//
// Times travel in whole seconds: Mint rounds them down. A zero time is an
// absent claim.
type Claims struct {
	Subject  string   // "sub"
	Issuer   string   // "iss"
	Audience []string // "aud", an array or a single string

	// Subscribe and Publish are topic patterns: claims "subscribe" and
	// "publish", arrays of strings or a single string. A pattern is the exact
	// name of a topic; or "*", every topic; or "prefix/*", every topic whose
	// name begins with "prefix/" and goes on. There is no other wildcard, and
	// names are compared byte by byte.
	Subscribe, Publish []string

	Expires   time.Time // "exp": the first moment at which the token is refused
	NotBefore time.Time // "nbf": the first moment at which it is accepted
	IssuedAt  time.Time // "iat": informative
	ID        string    // "jti"
}

// userPrefix begins the names of private topics.
const userPrefix = "user/"

// UserTopic names the private topic of a subject. Only that subject may
// subscribe to it.
func UserTopic(subject string) string { return userPrefix + subject }

// MaySubscribe reports whether the bearer may read the topic: its own private
// topic always, another subject's never, any other by a pattern in Subscribe.
func (c Claims) MaySubscribe(topic string) bool {
	if owner, private := strings.CutPrefix(topic, userPrefix); private {
		return owner != "" && owner == c.Subject
	}
	return anyMatches(c.Subscribe, topic)
}

// MayPublish reports whether the bearer may publish to the topic, private
// topics included, by a pattern in Publish.
func (c Claims) MayPublish(topic string) bool { return anyMatches(c.Publish, topic) }

func anyMatches(patterns []string, topic string) bool {
	return topic != "" && slices.ContainsFunc(patterns, func(pattern string) bool {
		if pattern == "*" {
			return true
		}
		if prefix, ok := strings.CutSuffix(pattern, "/*"); ok {
			rest, below := strings.CutPrefix(topic, prefix+"/")
			return below && rest != ""
		}
		return pattern == topic
	})
}
