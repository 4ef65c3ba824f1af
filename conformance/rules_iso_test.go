package conformance

import (
	"slices"
	"testing"
)

var isoLiterals = []literal{
	{id: "iso.user", name: "apart", t: twoUsers("data: for a\n\n", "data: for b\n\n"), want: Pass, observed: "2 events"},
	{id: "iso.user", name: "astray", t: twoUsers("data: for a\n\n", "data: for b\n\ndata: for a\n\n"), want: Fail, observed: `the stream b of user B gets "for a", which is for A`},
	{id: "iso.user", name: "the other way", t: twoUsers("data: for b\n\n", "data: for b\n\n"), want: Fail, observed: "the stream a of user A"},
	{id: "iso.user", name: "asked for by another", t: twoUsers("data: for a\n\n", "", body("data: for a\n\n").called("b-at-a")), want: Fail, observed: "the stream b-at-a of user B"},
	{id: "iso.user", name: "nothing arrives", t: twoUsers("", ""), want: NotTested},

	{id: "iso.user.untargeted", name: "dropped", t: twoUsers("data: for a\n\n", "data: for b\n\n").with(put("iso.user.untargeted", "x")), want: Pass, observed: "dropped"},
	{id: "iso.user.untargeted", name: "refused", t: twoUsers("", "").with(refused("iso.user.untargeted", "x", 422)), want: Pass, observed: "refused with 422"},
	{id: "iso.user.untargeted", name: "to all", t: twoUsers("", "data: x\n\n").with(put("iso.user.untargeted", "x")), want: Fail, observed: "reaches user B"},
	{id: "iso.user.untargeted", name: "no status", t: twoUsers("", "").with(refused("iso.user.untargeted", "x", 0)), want: NotTested},

	{id: "iso.topic", name: "exact", t: topics("ab", "a"), want: Pass, observed: "2 topics"},
	{id: "iso.topic", name: "prefix", t: topics("ab\n\ndata: to a", "a"), want: Fail, observed: `a stream of the topic "ab" gets an event of "a"`},
	{id: "iso.topic", name: "pattern", t: topics("ab", "a\n\ndata: to a*"), want: Pass, observed: "pattern"},
	{id: "iso.topic", name: "alone", t: topics("ab", ""), want: NotTested, observed: "similar names"},

	{id: "iso.resume", name: "nothing", t: twoUsers("data: for a\n\n", "", body("data: for b\n\n").called("b-foreign")), want: Pass, observed: "nothing is replayed"},
	{id: "iso.resume", name: "refused", t: twoUsers("", "", reply("b-foreign", "HTTP/1.1 404 No")), want: Pass, observed: "404"},
	{id: "iso.resume", name: "replayed", t: twoUsers("", "", body("data: for a\n\n").called("b-foreign")), want: Fail, observed: "the stream b-foreign of user B"},
	{id: "iso.resume", name: "by a neighbour", t: twoUsers("", "", body().called("b-foreign"), body("data: for a\n\n").called("b-neighbour")), want: Fail, observed: "b-neighbour"},
	{id: "iso.resume", name: "broadcast", t: twoUsers("", "data: for a\n\n", body("data: for a\n\n").called("b-foreign")), want: NotTested, observed: "see iso.user"},
	{id: "iso.resume", name: "no IDs", t: twoUsers("", ""), want: NotTested},

	{id: "iso.resume.oracle", name: "alike",
		t:    twoUsers("", "", resumed("b-foreign", "e-1", "event: gap\ndata: after e-1\n\n"), resumed("b-unknown", "f-1", "event: gap\ndata: after f-1\n\ndata: later\n\n")).with(sentAt(put("", "later"), 4)),
		want: Pass, observed: "status 200"},
	{id: "iso.resume.oracle", name: "status",
		t:    twoUsers("", "", reply("b-foreign", "HTTP/1.1 404 No"), resumed("b-unknown", "f-1", "")),
		want: Warn, observed: "an ID of another user gets status 404"},
	{id: "iso.resume.oracle", name: "event",
		t:    twoUsers("", "", resumed("b-foreign", "e-1", ""), resumed("b-unknown", "f-1", "event: gap\ndata: x\n\n")),
		want: Warn, observed: "gap: x"},
	{id: "iso.resume.oracle", name: "replayed", t: twoUsers("", "", resumed("b-foreign", "e-1", "data: for a\n\n"), resumed("b-unknown", "f-1", "")), want: Pass},
	{id: "iso.resume.oracle", name: "broadcast", t: twoUsers("", "data: for a\n\n", resumed("b-foreign", "e-1", ""), resumed("b-unknown", "f-1", "data: x\n\n")), want: NotTested, observed: "see iso.user"},
	{id: "iso.resume.oracle", name: "another exchange", t: twoUsers("", "", resumed("b-foreign", "e-1", ""), resumed("b-unknown", "f-1", "data: ssegauge-x-1\n\n")), want: Pass},
	{id: "iso.resume.oracle", name: "numbers", t: twoUsers("", "", resumed("b-foreign", "1", "")), want: NotTested, observed: "are numbers"},

	{id: "iso.same-user-tabs", name: "both", t: tabs(body("data: x\n\n"), body("data: x\n\n")), want: Pass},
	{id: "iso.same-user-tabs", name: "deaf", t: tabs(body("data: m\n\n"), body("data: x\n\n")), want: Fail, observed: "the first of two streams did not get 1 of 1 event"},
	{id: "iso.same-user-tabs", name: "ended", t: tabs(body("data: x\n\n").ended(EndComplete), body("data: x\n\n")), want: Fail, observed: "ended when the second opens"},
	{id: "iso.same-user-tabs", name: "refused", t: tabs(body("data: x\n\n"), reply("", "HTTP/1.1 409 No")), want: Fail, observed: "status 409"},
	{id: "iso.same-user-tabs", name: "ended by itself", t: tabs(body("data: x\n\n"), body("").ended(EndComplete)), want: NotTested, observed: "the second stream ended"},

	{id: "iso.publish", name: "refused", t: twoUsers("", "").with(refused("iso.publish", "x", 403)), want: Pass, observed: "403"},
	{id: "iso.publish", name: "dropped", t: twoUsers("", "data: for b\n\n").with(put("iso.publish", "x")), want: Pass, observed: "dropped"},
	{id: "iso.publish", name: "published", t: twoUsers("", "data: x\n\n").with(put("iso.publish", "x")), want: Fail, observed: "with the token of user A"},
	{id: "iso.publish", name: "500", t: twoUsers("", "").with(refused("iso.publish", "x", 500)), want: NotTested},

	{id: "iso.metadata", name: "of one's own", t: twoUsers("id: a-1\ndata: for a\n\n", "id: b-1\ndata: x\n\nid: b-2\ndata: y\n\n"), want: Told},
	{id: "iso.metadata", name: "counted together", t: twoUsers("id: e-2\ndata: for a\n\n", "id: e-1\ndata: x\n\nid: e-3\ndata: y\n\n"), want: Told, observed: `is "e-2" of user A`},
	{id: "iso.metadata", name: "silent", t: twoUsers("", ""), want: NotTested},

	{id: "iso.connection-reuse", name: "refused", t: transcript(reply("fresh", "HTTP/1.1 401 No"), reply("anonymous", "HTTP/1.1 401 No")), want: Pass, observed: "HTTP/1.1"},
	{id: "iso.connection-reuse", name: "known", t: transcript(reply("fresh", "HTTP/1.1 401 No"), body().called("anonymous")), want: Fail, observed: "without a token gets a stream"},
	{id: "iso.connection-reuse", name: "open to all", t: transcript(body().called("fresh"), body().called("anonymous")), want: NotTested, observed: "needs no token"},
	{id: "iso.connection-reuse", name: "of two users", t: twoUsers("", "data: for b\n\ndata: for a\n\n", reply("fresh", "HTTP/1.1 401 No"), reply("anonymous", "HTTP/1.1 401 No")), want: Fail, observed: "which is for A"},
	{id: "iso.connection-reuse", name: "not kept", t: transcript(reply("fresh", "HTTP/1.1 401 No")), want: NotTested, observed: "does not keep"},
}

// twoUsers is what the streams a and b got, after an event was published for
// each.
func twoUsers(a, b string, more ...*Connection) *Transcript {
	t := transcript(append([]*Connection{body(a).called("a"), body(b).called("b")}, more...)...)
	return t.with(
		&Publication{For: RoleGood, Accepted: true, Fields: Fields{"data": "for a"}},
		&Publication{For: RoleOther, Accepted: true, Fields: Fields{"data": "for b"}},
	)
}

// topics is what the streams of the topics ab and a got, after an event was
// published to each and to the pattern a*.
func topics(ab, a string) *Transcript {
	t := transcript(body("data: to "+ab+"\n\n").called("ab"), body("data: to "+a+"\n\n").called("a"))
	for _, name := range []string{"ab", "a", "a*"} {
		t.with(&Publication{Topic: name, Accepted: true, Fields: Fields{"data": "to " + name}})
	}
	return t
}

func resumed(name, id, wire string) *Connection {
	c := body(wire).called(name)
	c.Request = Bytes("GET / HTTP/1.1\r\nLast-Event-ID: " + id + "\r\n\r\n")
	return c
}

func tabs(first, second *Connection) *Transcript {
	return transcript(first.called("first"), second.called("second")).with(put("", "x"))
}

func TestIDBeside(t *testing.T) {
	for _, row := range []struct {
		id   string
		by   int64
		want string
	}{
		{"e-10", -1, "e-9"},
		{"e-9", 1, "e-10"},
		{"e-010", -1, "e-009"},
		{"18446744073709551615", 1, "18446744073709551616"},
		{"0", -1, ""},
		{"e", 1, ""},
		{"", 1, ""},
	} {
		if got := idBeside(row.id, row.by); got != row.want {
			t.Errorf("%d beside %q is %q, want %q", row.by, row.id, got, row.want)
		}
	}
}

// An ID that nobody sent has the form of the others.
func TestStrangeID(t *testing.T) {
	for id, want := range map[string]string{
		"e-1": "f-1", "f-1": "a-1", "7f": "7a", "z1": "a1", "F0": "A0", "Z": "A", "17": "", "": "",
		"urn:uuid:1": "vrn:uuid:1",
	} {
		if got := strangeID(id); got != want {
			t.Errorf("%q becomes %q, want %q", id, got, want)
		}
	}
}

func TestSimilarTopics(t *testing.T) {
	one := &talk{target: &Target{Topic: "t/{nonce}"}, topic: "t/n0", nonce: "n0"}
	want := []string{"t/n0", "t/N0", "t/n", "t/n0x", "t/n0/x", "t/n0/x/..", "t/n0*"}
	if got := one.similarTopics(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
