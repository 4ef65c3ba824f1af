package conformance

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// slowExchanges have clients that are slow, or many, beside one that is
// neither.
var slowExchanges = []exchange{
	{
		name: "stalled", needs: []Capability{CanPublish}, alone: true, limit: 2 * time.Minute,
		about: "publish six megabytes, and more if all are kept, to two streams, of which one does not read; then read that one, and resume it if it was cut",
		talk:  talkStalled,
	},
	{
		name: "crowd", needs: []Capability{CanPublish}, alone: true, limit: time.Minute,
		about: "open a crowd of idle streams, and then use another",
		talk:  talkCrowd,
	},
	{
		name: "drip", needs: []Capability{CanPublish}, alone: true,
		about: "open connections on which a request head comes byte by byte, and then use a stream",
		talk:  talkDrip,
	},
}

// The exchange "stalled" publishes bulkBefore events before one stream stalls
// and bulkEvents then, of bulkSize bytes each, for bulkTime at most. It is more
// than the kernels of both sides hold. Where all of it is kept, bulkMore events
// follow. The stream that reads is never more than bulkAhead events behind, so
// that a queue of its own need not be long; where it stands still, or bulkSlow
// publishes took a fifth of the patience, enough is seen.
const (
	bulkSize   = 32 << 10
	bulkBefore = 40
	bulkEvents = 192
	bulkMore   = 448
	bulkAhead  = 8
	bulkTime   = 30 * time.Second
	bulkSlow   = 3
)

// stalledWindow is what a stream that does not read can be sent at most before
// the sender has to wait, in bytes.
const stalledWindow = 64 << 10

func talkStalled(t *talk) {
	other := t.open(ask{name: "other", limit: largeLimit})
	if !t.settle(other) {
		return
	}
	if !t.bulk(other, 0, bulkBefore) || !t.mark(other) {
		t.stop("large events come late although every stream reads")
		return
	}
	stalled := t.open(ask{name: "stalled", window: stalledWindow, limit: largeLimit})
	if !stalled.isStream() {
		t.stop("a second stream could not be opened")
		return
	}
	// With an event it also has an ID to come back with.
	if !t.settle(stalled) {
		return
	}
	stalled.stall()
	t.weigh(memoryBefore)
	last, kept := t.backlog(other, stalled, bulkBefore, bulkEvents)
	if kept {
		stalled.stall()
		last, kept = t.backlog(other, stalled, bulkBefore+bulkEvents, bulkMore)
	}
	if kept || !stalled.end(t.pace().Quiet) {
		return
	}
	if id := stalled.lastEventID(); id != "" {
		resumed := t.open(ask{name: "resumed", fields: []Field{{"Last-Event-ID", id}}, limit: largeLimit})
		t.hasMark(last, t.pace().Patience, resumed)
	}
}

// backlog publishes n large events and a mark while one of two streams does not
// read, and then lets it read. It returns the mark, and whether all were kept
// for the one that had not read.
func (t *talk) backlog(other, stalled *stream, from, n int) (last string, kept bool) {
	all := t.bulk(other, from, n)
	last = t.nextMark()
	t.publishMark(last)
	t.hasMark(last, t.pace().Patience/2, other)
	t.weigh(memoryFull)
	stalled.read()
	kept = t.hasMark(last, t.pace().Patience, stalled)
	return last, all && kept && t.bulkOn(stalled) == from-bulkBefore+n
}

// bulkOn is how many of the large events a stream has.
func (t *talk) bulkOn(s *stream) int {
	n := 0
	for _, e := range s.received() {
		if numbered(t.rec.payload(e), t.bulkPrefix()) >= 0 {
			n++
		}
	}
	return n
}

// bulkPrefix begins the data of large events, whose numbers follow.
func (t *talk) bulkPrefix() string { return fmt.Sprintf("ssegauge-%s-bulk-", t.nonce) }

// bulk publishes n large events one after another, numbered from the given
// number, as fast as a stream gets them, and reports whether all were accepted
// and the stream followed.
func (t *talk) bulk(to *stream, from, n int) bool {
	end, slow := time.Now().Add(bulkTime), 0
	prefix := t.bulkPrefix()
	for i := from; i < from+n && time.Now().Before(end) && t.ctx.Err() == nil; i++ {
		data := fmt.Sprintf("%s%d-", prefix, i)
		p := t.publish(Fields{"data": data + strings.Repeat("x", bulkSize-len(data))})
		if p.Answered-p.Sent > t.pace().Patience/5 {
			slow++
		}
		if !p.Accepted {
			t.stop("an event of %d bytes was not accepted: %s", bulkSize, p.Problem)
			return false
		}
		follows := to.await(t.pace().Patience/2, func(events []Event) bool {
			for _, e := range slices.Backward(events) {
				if n := numbered(t.rec.payload(e), prefix); n >= 0 {
					return n >= i-bulkAhead
				}
			}
			return i-from < bulkAhead
		})
		if slow == bulkSlow || !follows {
			return false
		}
	}
	return true
}

// numbered returns the number behind the prefix, -1 if there is none.
func numbered(data, prefix string) int {
	number, _, _ := strings.Cut(strings.TrimPrefix(data, prefix), "-")
	if n, err := strconv.Atoi(number); err == nil && strings.HasPrefix(data, prefix) {
		return n
	}
	return -1
}

// crowdAtOnce is how many streams of a crowd are opened at a time. They are
// opened for twice the patience at most.
const crowdAtOnce = 16

func talkCrowd(t *talk) {
	before := t.open(ask{name: "before"})
	if !t.settle(before) {
		return
	}
	size, tokens := t.crowd()
	var begun atomic.Int64
	var full, hangs atomic.Bool
	end := time.Now().Add(2 * t.pace().Patience)
	var workers sync.WaitGroup
	for range crowdAtOnce {
		workers.Go(func() {
			for n := int(begun.Add(1)); n <= size && !full.Load() && time.Now().Before(end) && t.ctx.Err() == nil; n = int(begun.Add(1)) {
				s := t.open(ask{name: "crowd", stalled: true, token: tokens[n%len(tokens)]})
				if !s.isStream() {
					s.rename("refused")
					full.Store(true)
					if !s.responded() {
						hangs.Store(true)
					}
					return
				}
				t.count("crowd", 1)
				t.forget(s)
			}
		})
	}
	workers.Wait()
	defer func() { t.vacate(time.Now()) }()
	if hangs.Load() {
		return // as the next one would
	}
	if after := t.open(ask{name: "after"}); after.isStream() {
		t.settle(after)
	}
}

// crowd is how large the crowd is, and whose tokens it has: as many users as
// are needed where one may not hold so many streams.
func (t *talk) crowd() (size int, tokens []Secret) {
	size = t.target.Crowd
	limit := t.target.StreamLimit - 2 // the streams before and after
	switch {
	case t.target.StreamLimit == 0 || size <= limit:
		return size, []Secret{t.token(RoleGood)}
	case !t.can(CanMint):
		return max(limit, 0), []Secret{t.token(RoleGood)}
	}
	for i := range size/max(limit, 1) + 1 {
		tokens = append(tokens, t.mint(TokenRequest{
			User: fmt.Sprintf("ssegauge-crowd-%d", i), Topic: t.topic, Expires: time.Now().Add(time.Hour),
		}))
	}
	return size, tokens
}

// The exchange "drip" has this many connections whose request never ends.
const drippingHeads = 64

func talkDrip(t *talk) {
	before := t.open(ask{name: "before"})
	if !t.settle(before) {
		return
	}
	r, err := t.request(ask{role: anonymous})
	if err != nil {
		t.stop("no request: %v", err)
		return
	}
	var conns []net.Conn
	for range drippingHeads {
		conn, err := t.run.dial(t.ctx, r.url, "http/1.1", 0)
		if err != nil {
			break // it is full of those before
		}
		defer conn.Close()
		conns = append(conns, conn)
	}
	t.count("dripping", len(conns))
	done := make(chan struct{})
	var dripping sync.WaitGroup
	dripping.Go(func() {
		drip(conns, "GET "+r.url.RequestURI()+" HTTP/1.1\r\nHost: "+r.url.Host+"\r\nX-Drip: ", t.pace().Quiet/4, done)
	})
	defer dripping.Wait()
	defer close(done)
	t.sleep(t.pace().Quiet)
	if after := t.open(ask{name: "after"}); after.isStream() {
		t.settle(after)
	}
}

// drip writes the beginning of a request to each connection, and then a byte of
// it at each interval until done is closed.
func drip(conns []net.Conn, head string, interval time.Duration, done <-chan struct{}) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for text := head; ; text = "x" {
		for _, c := range conns {
			_ = c.SetWriteDeadline(time.Now().Add(interval))
			_, _ = c.Write([]byte(text)) // the target may have hung up, as it should
		}
		select {
		case <-done:
			return
		case <-ticker.C:
		}
	}
}
