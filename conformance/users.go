package conformance

// lacksUsers says how two users can be told to a target whose events are for
// one of them alone.
func (t *Target) lacksUsers() string {
	switch {
	case t.Publish == nil:
		return t.lacks(CanPublish)
	case t.UserTopic == "" && !t.Publish.knows("user"):
		return "add user_topic to the target file, or {user} to its publish hook"
	case t.UserTopic != "" && (!t.ownTopics() || !t.Publish.knows("topic")):
		return "add {topic} to the url and to the publish hook of the target file, for user_topic"
	}
	for _, role := range []string{RoleGood, RoleOther} {
		if how := t.lacks(HasTokenOf(role)); how != "" {
			return how
		}
	}
	if t.Tokens.Good != "" && t.Tokens.User == "" || t.Tokens.Other != "" && t.Tokens.OtherUser == "" {
		return "add the names of the users to the target file (tokens: user, other_user)"
	}
	return ""
}

// publisherApart reports whether publishing takes another token than reading:
// only then a user who publishes is one who was not meant to.
func (t *Target) publisherApart() bool {
	if t.Publish == nil || t.Publish.URL == "" || t.Publish.Anonymous || t.Tokens == nil {
		return false
	}
	if listed := t.Tokens.listed(RolePublisher); listed != "" {
		return listed != t.Tokens.Good
	}
	return t.Tokens.JWT != nil && t.Tokens.JWT.PublisherClaims != ""
}

// user names the user whose token a role has in the exchange.
func (t *talk) user(role string) string {
	tokens := t.target.Tokens
	name := tokens.user(role)
	given := tokens.User
	if role == RoleOther {
		given = tokens.OtherUser
	}
	if t.exchange.ownUsers && given == "" {
		name += "-" + t.nonce
	}
	return name
}

// private is the topic that has the events of a role's user.
func (t *talk) private(role string) string {
	if t.target.UserTopic == "" {
		return t.topic
	}
	return fill(t.target.UserTopic, "user", t.user(role))
}

// forUser is a publication of data for the user of a role.
func (t *talk) forUser(role, data string) *Publication {
	p := &Publication{For: role, Topic: t.private(role), Fields: Fields{"data": data}}
	if t.target.UserTopic == "" {
		p.Fields["user"] = t.user(role)
	}
	return p
}

// publishTo publishes data for the user of a role.
func (t *talk) publishTo(role, data string) *Publication {
	return t.publishAs(t.forUser(role, data), "")
}

// marksFor publishes marks for the user of a role.
func (t *talk) marksFor(role string) func(data string) *Publication {
	return func(data string) *Publication {
		p := t.forUser(role, data)
		p.Mark = true
		return t.publishAs(p, "")
	}
}

// openAs opens a stream of the events of a role's user with the role's token.
func (t *talk) openAs(role string, a ask) *stream {
	a.role, a.topic = role, t.private(role)
	return t.open(a)
}
