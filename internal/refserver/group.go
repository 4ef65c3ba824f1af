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
	next    int        // member to be swept next in this round
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

// enter puts the stream into its groups, at a random place: a sweep in the order
// of arrival would always serve the latest comers last. The caller owns the
// members, and sees to it that the stream has what is published so far; the
// member that made room may be swept twice in a round.
func (st *stream) enter() {
	for i := range st.cursors {
		c := &st.cursors[i]
		g := c.group
		last := len(g.members)
		g.members = append(g.members, member{st, i})
		place := rand.IntN(last + 1)
		moved := g.members[place]
		g.members[place], g.members[last] = g.members[last], moved
		moved.cursors[moved.cursor].place = last
		c.place = place
		if len(st.cursors) > 1 {
			g.merged++
		}
	}
}

// exit takes the stream out of its groups. The last member takes its place; a
// round that had already passed there must then be followed by another.
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
		case c.place == g.next-1:
			g.next--
		case c.place < g.next:
			g.again = true
		}
		g.next = min(g.next, len(g.members))
	}
}
