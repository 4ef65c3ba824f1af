package conformance

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// liveExchanges are about silence, about how soon events come, and about
// streams that come and go.
var liveExchanges = []exchange{
	{
		name: "idle", idle: true,
		about: "open a stream to which nothing is published, and listen for as long as it should live",
		talk: func(t *talk) {
			if s := t.open(ask{name: "stream", limit: idleLimit}); s.isStream() {
				s.end(t.pace().Lifetime)
			}
		},
	},
	{
		name: "wait", idle: true, needs: []Capability{CanPublish, HasTopics},
		about: "publish an event, leave the stream idle for as long as it should live, and publish again",
		talk:  talkWait,
	},
	{
		name: "latency", needs: []Capability{CanPublish},
		about: "publish short events one at a time, then five at once, and wait for the last",
		talk:  talkLatency,
	},
	{
		name: "proxied", needs: []Capability{CanPublish},
		about: "publish to a stream that comes through a proxy that buffers",
		talk:  talkProxied,
	},
	{
		name: "places", needs: []Capability{HasLimit}, alone: true, ownUsers: true, limit: 2 * time.Minute,
		about: "open as many streams as a user may hold, leave them, and open another",
		talk:  talkPlaces,
	},
	{
		name: "churn", needs: []Capability{CanPublish}, alone: true, ownUsers: true, limit: 2 * time.Minute,
		about: "open and leave hundreds of streams, and then use one",
		talk:  talkChurn,
	},
}

// idleLimit is how much is read of a stream that should be silent, in bytes.
const idleLimit = 128 << 10

func talkWait(t *talk) {
	s := t.open(ask{name: "stream"})
	if !t.settle(s) || s.end(t.pace().Lifetime) {
		return
	}
	fresh := t.open(ask{name: "fresh"})
	if !t.settle(fresh) {
		return
	}
	data := fmt.Sprintf("ssegauge-%s-late", t.nonce)
	if t.publish(Fields{"data": data}).Accepted && t.hasMark(data, t.pace().Patience, fresh) {
		t.hasMark(data, t.pace().Patience/2, s)
	}
}

// The exchange "latency" publishes this many events one at a time, and then as
// many at once.
const (
	singleEvents = 50
	burstOfFive  = 5
)

func talkLatency(t *talk) {
	s := t.open(ask{name: "stream", limit: 4 << 20})
	if !t.settle(s) {
		if s.isStream() {
			t.push(s)
		}
		return
	}
	wait, begun, slow := t.pace().Patience/2, time.Now(), 0
	for i := range singleEvents {
		sent := time.Now()
		if !t.shortEvent(s, i, wait) {
			return
		}
		if time.Since(sent) > t.pace().Patience/5 {
			if slow++; slow == 2 {
				return // enough is seen
			}
		}
		if time.Since(begun) > t.pace().Patience {
			break
		}
	}
	for i := range burstOfFive - 1 {
		t.publish(Fields{"data": t.short(singleEvents + i)})
	}
	t.shortEvent(s, singleEvents+burstOfFive-1, wait)
}

// short is data of 20 bytes.
func (t *talk) short(i int) string { return fmt.Sprintf("%s-%07d", t.nonce, i) }

// shortEvent publishes an event and waits for it. If it does not come, a mark
// shows whether it comes with the next one.
func (t *talk) shortEvent(s *stream, i int, wait time.Duration) bool {
	data := t.short(i)
	if p := t.publish(Fields{"data": data}); !p.Accepted {
		t.stop("the publish hook does not work: %s", p.Problem)
		return false
	}
	if t.hasMark(data, wait, s) {
		return true
	}
	t.publishMark(t.nextMark())
	t.hasMark(data, t.pace().Quiet, s)
	return false
}

// push publishes large events until what a buffer holds back comes out of it.
func (t *talk) push(s *stream) {
	const size, most = 16 << 10, 8
	for range most {
		t.publish(Fields{"data": strings.Repeat("x", size)})
		if s.await(t.pace().Quiet, func(e []Event) bool { return len(e) > 0 }) {
			return
		}
	}
}

func talkProxied(t *talk) {
	direct := t.open(ask{name: "direct"})
	if !t.settle(direct) {
		return
	}
	proxy, err := t.run.startProxy()
	if err != nil {
		t.stop("no proxy could be started: %v", err)
		return
	}
	defer proxy.stop()
	s := t.open(ask{name: "proxied", url: proxy.through(t.run.url), proto: "HTTP/1.1", stay: true})
	defer s.close()
	if !s.isStream() {
		return
	}
	end := time.Now().Add(t.pace().Patience / 2)
	for wait := 100 * time.Millisecond; time.Now().Before(end) && t.ctx.Err() == nil; wait *= 2 {
		data := t.nextMark()
		if t.publishMark(data).Accepted && t.hasMark(data, min(wait, time.Until(end)), direct, s) {
			return
		}
	}
}

func talkPlaces(t *talk) {
	var held []*stream
	for len(held) <= t.target.StreamLimit {
		s := t.open(ask{name: "held"})
		if !s.isStream() {
			s.rename("refused")
			break
		}
		held = append(held, s)
	}
	switch n := len(held); {
	case n == 0:
		t.stop("no event stream could be opened")
		return
	case n > t.target.StreamLimit:
		t.stop("%s are open, one more than the limit that the target file gives (see http.overload)", counted(n, "stream"))
		return
	}
	left := time.Now()
	leave(held)
	for _, s := range held[1:] {
		t.forget(s)
	}
	t.reopen("again", t.noticing())
	t.vacate(left)
}

// noticing is how long a target may take to notice that clients have left.
func (t *talk) noticing() time.Duration { return 2*t.pace().Heartbeat + t.pace().Patience/2 }

// roomForOthers is how many streams an exchange may need at a time that is not
// about their number.
const roomForOthers = 8

// vacate leaves all streams, and waits until the target has room for those of
// the next exchange, or has had time enough to notice since most were left.
func (t *talk) vacate(begun time.Time) {
	known := slices.Clone(t.rec.Connections)
	leave(t.streams)
	for time.Since(begun) < t.noticing() {
		var tried []*stream
		room := true
		for range min(t.target.StreamLimit, roomForOthers) {
			s := t.open(ask{name: "room"})
			tried = append(tried, s)
			if room = s.isStream(); !room {
				break
			}
		}
		took := time.Since(begun)
		leave(tried)
		if room {
			// Those that showed it are to be noticed, too.
			t.sleep(2 * took)
			break
		}
		if !t.sleep(t.pace().Quiet / 4) {
			break
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rec.Connections = known
}

// leave closes streams in both ways that a client goes away.
func leave(streams []*stream) {
	for i, s := range streams {
		if i%2 == 0 {
			s.close()
		} else {
			s.abort()
		}
	}
	for _, s := range streams {
		<-s.done
	}
}

// reopen opens streams of the name until one stands, for d at most. The last
// one stays in the transcript.
func (t *talk) reopen(name string, d time.Duration) *stream {
	end := time.Now().Add(d)
	for {
		s := t.open(ask{name: name})
		if s.isStream() || time.Now().After(end) || !t.sleep(t.pace().Quiet/4) {
			return s
		}
		s.close()
		t.forget(s)
	}
}

// The exchange "churn" opens and leaves this many streams, so many at a time,
// and for twice the patience at most.
const (
	churnStreams = 500
	churnAtOnce  = 8
)

func talkChurn(t *talk) {
	var begun atomic.Int64
	end := time.Now().Add(2 * t.pace().Patience)
	var workers sync.WaitGroup
	for range churnAtOnce {
		workers.Go(func() {
			for n := begun.Add(1); n <= churnStreams && time.Now().Before(end) && t.ctx.Err() == nil; n = begun.Add(1) {
				s := t.open(ask{name: "cycle"})
				if s.isStream() {
					t.count("cycles", 1)
				}
				if n%2 == 0 {
					s.abort()
				} else {
					s.close()
				}
				<-s.done
				t.forget(s)
			}
		})
	}
	workers.Wait()
	if s := t.reopen("stream", 2*t.pace().Heartbeat+t.pace().Quiet); s.isStream() {
		t.settle(s)
	}
	t.vacate(time.Now())
}
