package conformance

import (
	"cmp"
	"strconv"
	"strings"
)

// guarded judges an exchange of authExchanges. What it shows tells something
// only if the good token opens a stream and no token opens none.
func guarded(judge func(*Transcript) Verdict) func(*Transcript) Verdict {
	return closed(func(t *Transcript) Verdict {
		good := t.named("good")
		switch {
		case good == nil || good.Responded == 0:
			return t.unmet("no response came to the good token" + because(good))
		case !good.isStream():
			return untested("the good token opens no stream: status %d", good.Status)
		}
		return judge(t)
	})
}

// closed judges an exchange that means something only where a stream is not
// open to everybody.
func closed(judge func(*Transcript) Verdict) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		if t.Facts.TokenOptional {
			return untested("the target file says that streams need no token")
		}
		if none := t.named("none"); none != nil && none.isStream() {
			return untested("a stream opens without a token (see auth.none.401)")
		}
		return judge(t)
	}
}

// onNone judges what a request without a token gets.
func onNone(judge func(*Transcript, *Connection) Verdict) func(*Transcript) Verdict {
	respond := onHead("none", judge)
	return func(t *Transcript) Verdict {
		if t.Facts.TokenOptional {
			return untested("the target file says that streams need no token")
		}
		return respond(t)
	}
}

// byBearer judges a target whose tokens are sent in the Authorization field.
func byBearer(judge func(*Transcript) Verdict) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		if sent := t.Facts.TokenSent; sent != "bearer" {
			return untested("the target file says that tokens are sent otherwise: %s", cmp.Or(sent, "not at all"))
		}
		return judge(t)
	}
}

// prefixed returns the connections whose name begins with the prefix.
func (t *Transcript) prefixed(prefix string) []*Connection {
	var list []*Connection
	for _, c := range t.Connections {
		if strings.HasPrefix(c.Name, prefix) {
			list = append(list, c)
		}
	}
	return list
}

// refuses judges that every request whose name begins with the prefix is
// refused. otherwise says why there may be none.
func refuses(prefix, otherwise string) func(*Transcript) Verdict {
	return guarded(func(t *Transcript) Verdict {
		list := t.prefixed(prefix)
		if len(list) == 0 {
			return t.unmet(otherwise)
		}
		for _, c := range list {
			switch {
			case c.Responded == 0:
				return untested("no response came to the token %s%s", c.Name, because(c))
			case c.isStream():
				return missed("the token %s opens a stream", c.Name).expect("status 401").branch(c.Name).show(c.headEvidence())
			case c.Status/100 != 4:
				return missed("the token %s is answered with status %d", c.Name, c.Status).as(Should).expect("status 401").branch(c.Name).show(c.headEvidence())
			}
		}
		return passed("refused with " + strconv.Itoa(list[0].Status))
	})
}

// refusesMinted is refuses for tokens that were made for it: that one of them is
// refused tells nothing unless a good one is taken.
func refusesMinted(prefix, otherwise string) func(*Transcript) Verdict {
	judge := refuses(prefix, otherwise)
	return mintable(judge)
}

func mintable(judge func(*Transcript) Verdict) func(*Transcript) Verdict {
	return func(t *Transcript) Verdict {
		if c := t.named("minted"); c != nil && c.Responded != 0 && !c.isStream() {
			return untested("the tokens that ssegauge makes are not taken at all: status %d to one that is as it should be", c.Status)
		}
		return judge(t)
	}
}

// challenges returns the values of WWW-Authenticate, joined.
func (c *Connection) challenges() string { return strings.Join(c.values("WWW-Authenticate"), ", ") }

// errorCode is the error that a bearer challenge tells (RFC 6750 section 3.1),
// empty if none.
func (c *Connection) errorCode() string {
	_, rest, found := strings.Cut(c.challenges(), `error="`)
	if !found {
		_, rest, found = strings.Cut(c.challenges(), "error=")
		if !found {
			return ""
		}
	}
	end := strings.IndexAny(rest, `", `)
	if end < 0 {
		end = len(rest)
	}
	return rest[:end]
}

// delivered reports whether an event with the data came over the connection.
func (t *Transcript) delivered(c *Connection, data string) bool {
	for _, e := range c.events() {
		if t.payload(e) == data {
			return true
		}
	}
	return false
}
