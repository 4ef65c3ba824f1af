package refserver

import (
	"math/rand/v2"
	"sync/atomic"
)

// A loop is whoever moves streams along: one shard, or the bell that wakes the
// goroutines of the streams that have one.
type loop interface {
	// changed says that the group's topic has new events, or is finished.
	changed(g *group)
	// shutdown makes the loop send what is published and end its streams,
	// abruptly once the hub's abort is closed. It returns when none is left.
	shutdown()
}

// A group is the streams of one topic on one loop.
type group struct {
	log     *topicLog
	loop    loop
	number  int // of the loop
	streams int // guarded by the hub's lock

	dirty atomic.Bool // it is in the loop's queue

	// For the loop only.
	members []member
	merged  int        // members that are on other topics, too
	sweep   sweep      // over the members
	again   bool       // this round was disturbed: sweep another
	start   roundStart // of this round
}

// A roundStart is what a round of sweeping began with, to tell whether another
// is due.
type roundStart struct {
	head, visible uint64
	finished      bool
}

// A member is a stream and which of its cursors is on the group's topic.
type member struct {
	*stream
	cursor int
}

// enter puts the stream into its groups, behind the others. The caller owns the
// members, and sees to it that the stream has what is published so far.
func (st *stream) enter() {
	for i := range st.cursors {
		c := &st.cursors[i]
		g := c.group
		c.place = len(g.members)
		g.members = append(g.members, member{st, i})
		if len(st.cursors) > 1 {
			g.merged++
		}
	}
}

// exit takes the stream out of its groups. The last member takes its place; if
// the sweep has been there already, but not at the end, another must follow.
func (st *stream) exit() {
	for i := range st.cursors {
		c := &st.cursors[i]
		g := c.group
		last := len(g.members) - 1
		moved := g.members[last]
		g.members[c.place] = moved
		moved.cursors[moved.cursor].place = c.place
		g.members[last] = member{}
		g.members = g.members[:last]
		if len(st.cursors) > 1 {
			g.merged--
		}
		switch {
		case !g.sweep.passed(c.place) || g.sweep.passed(last):
		case c.place == g.sweep.next-1:
			g.sweep.next--
		default:
			g.again = true
		}
	}
}

// A sweep goes once over the members of a group, from a random one to the last
// and then from the first on. In their order because neighbours opened at the
// same time lie side by side in the kernel's memory, and writing to sockets in
// any other order takes half as long again; from a random one because otherwise
// the latest comers would always be served last.
type sweep struct {
	under   bool // way
	wrapped bool // it is at the members before the first
	first   int
	next    int
}

func (s *sweep) begin(members int) {
	*s = sweep{under: true, first: rand.IntN(max(members, 1))}
	s.next = s.first
}

// step returns the place to go to, and false at the end.
func (s *sweep) step(members int) (place int, ok bool) {
	if !s.wrapped && s.next >= members {
		s.wrapped, s.next = true, 0
	}
	if s.wrapped && s.next >= min(s.first, members) {
		s.under = false
		return 0, false
	}
	s.next++
	return s.next - 1, true
}

// passed reports whether a sweep is under way and has been at the place.
func (s *sweep) passed(place int) bool {
	if s.wrapped {
		return s.under && (place >= s.first || place < s.next)
	}
	return s.under && s.first <= place && place < s.next
}
