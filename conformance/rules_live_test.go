package conformance

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

var liveLiterals = slices.Concat(latencyLiterals, heartbeatLiterals, placeLiterals)

var latencyLiterals = []literal{
	{id: "live.latency.small", name: "good", t: delayed(5, 5, 5, 5, 5, 5, 5), want: Pass, observed: "median 0.005 s"},
	{id: "live.latency.small", name: "late", t: delayed(5, 5, 2000), want: Fail, observed: "1 of 3 short events took more than 1.040 s"},
	{id: "live.latency.small", name: "never", t: delayed(5, 5, never), want: Fail, observed: "1 of 3"},
	{id: "live.latency.small", name: "one of many is late", t: delayed(5, 5, 5, 5, 5, 5, 5, 5, 5, 2000), want: Pass},
	{id: "live.latency.small", name: "two of many are late", t: delayed(5, 5, 5, 5, 5, 5, 5, 5, 2000, 2000), want: Fail, observed: "2 of 10"},
	{id: "live.latency.small", name: "a target that is slow to publish", t: slowToPublish(300, delayed(5, 1900)), want: Pass},
	{id: "live.latency.small", name: "each with the next", t: delayed(10_001, 10_001), want: NotTested, observed: "live.latency.not-one-behind"},
	{id: "live.latency.small", name: "pushed out of a buffer", t: pushed("data: m1\n\n"), want: Fail, observed: "none of 1 short event arrived before 4 KiB more"},
	{id: "live.latency.small", name: "nothing can push it out", t: pushed(""), want: NotTested, observed: "no event arrived"},
	{id: "live.latency.small", name: "no stream", t: nothing(), want: NotTested},

	{id: "live.latency.not-one-behind", name: "good", t: delayed(5, 5, 5, 5, 5, 5), want: Pass},
	{id: "live.latency.not-one-behind", name: "each with the next", t: delayed(10_001, 10_001), want: Fail, observed: "waited 10.001 s, until the next"},
	{id: "live.latency.not-one-behind", name: "the last of a burst", t: delayed(5, 5, 5, 5, 5, 10_001), want: Fail, observed: "10.001 s"},
	{id: "live.latency.not-one-behind", name: "lost", t: delayed(5, 5, 5, 5, 5, never), want: NotTested, observed: "late or lost"},
	{id: "live.latency.not-one-behind", name: "late by itself", t: delayed(5, 2000), want: NotTested, observed: "live.latency.small"},
	{id: "live.latency.not-one-behind", name: "late, and so published before", t: delayed(5, 5, 5, 5, 5, 2000), want: NotTested},

	{id: "live.latency.via-proxy", name: "good", t: proxied(true), want: Pass, observed: "0.100 s later"},
	{id: "live.latency.via-proxy", name: "held", t: proxied(false), want: Warn, observed: "1 event arrived directly, and none"},
	{id: "live.latency.via-proxy", name: "nothing came directly", t: transcript(body().called("direct"), body().called("proxied")).with(mark("m")), want: NotTested, observed: "directly"},
	{id: "live.latency.via-proxy", name: "another answer", t: transcript(body().called("direct"), reply("proxied", "HTTP/1.1 421 Misdirected Request")), want: NotTested, observed: "421"},
	{id: "live.latency.via-proxy", name: "no head", t: transcript(body().called("direct"), &Connection{Name: "proxied"}), want: Warn, observed: "no response head"},
}

// never is the delay of what does not come.
const never = -1

// delayed is a stream to which an event is published every ten seconds, with a
// mark at the end. Each event comes after its delay in milliseconds.
func delayed(delays ...int) *Transcript {
	c := body()
	t := transcript(c)
	for i, delay := range delays {
		sent := ms(10_000 * (i + 1))
		data := fmt.Sprintf("short-%d", i)
		t.with(&Publication{Accepted: true, Fields: Fields{"data": data}, Sent: sent, Answered: sent + ms(10)})
		if delay != never {
			c.Chunks = append(c.Chunks, Chunk{At: sent + ms(delay), Data: Bytes("data: " + data + "\n\n")})
		}
	}
	sent := ms(10_000 * (len(delays) + 1))
	slices.SortStableFunc(c.Chunks, func(a, b Chunk) int { return int(a.At - b.At) })
	return t.with(&Publication{Mark: true, Accepted: true, Fields: Fields{"data": "m"}, Sent: sent, Answered: sent + ms(10)})
}

// slowToPublish lets each publish take so many milliseconds.
func slowToPublish(n int, t *Transcript) *Transcript {
	for _, p := range t.Publications {
		p.Answered = p.Sent + ms(n)
	}
	return t
}

// pushed is a stream that gets wire when large events have been published behind
// a short one.
func pushed(wire string) *Transcript {
	c := body()
	c.Chunks = []Chunk{{At: ms(200), Data: Bytes(wire)}}
	large := put("", strings.Repeat("x", 4<<10))
	large.Sent = ms(100)
	return transcript(c).with(mark("m1"), large)
}

// proxied is an event that arrives directly, and later also through a proxy.
func proxied(through bool) *Transcript {
	direct, c := body("data: m\n\n").called("direct"), body().called("proxied")
	if through {
		c.Chunks = []Chunk{{At: ms(200), Data: Bytes("data: m\n\n")}}
	}
	return transcript(direct, c).with(mark("m"))
}

var heartbeatLiterals = []literal{
	{id: "live.heartbeat.present", name: "good", t: transcript(idle(70, 15, 30, 45, 60)), want: Pass},
	{id: "live.heartbeat.present", name: "silent", t: transcript(idle(70)), want: Warn, observed: "not one byte in 69.997 s"},
	{id: "live.heartbeat.present", name: "a preamble alone", t: transcript(idle(70, 0)), want: Warn, observed: "not one byte in 69.997 s"},
	{id: "live.heartbeat.present", name: "not idle for long", t: transcript(idle(15)), want: NotTested, observed: "lifetime"},
	{id: "live.heartbeat.present", name: "rare", t: transcript(idle(70, 40)), want: Pass},
	{id: "live.heartbeat.present", name: "in the other stream", t: transcript(idle(70), waited(70, 15, 30, 45, 60)).with(around()...), want: Pass},
	{id: "live.heartbeat.present", name: "faster seconds", t: paced(20*time.Millisecond, transcript(idle(1))), want: Warn, observed: "0.997 s"},
	{id: "live.heartbeat.present", name: "no stream", t: nothing(), want: NotTested},

	{id: "live.heartbeat.15s", name: "good", t: transcript(idle(70, 15, 30, 45, 60)), want: Pass, observed: "at most 15.000 s"},
	{id: "live.heartbeat.15s", name: "half a minute", t: transcript(idle(70, 30, 60)), want: Warn, observed: "30.000 s"},
	{id: "live.heartbeat.15s", name: "one is late", t: transcript(idle(70, 15, 34, 45, 60)), want: Pass},
	{id: "live.heartbeat.15s", name: "silent", t: transcript(idle(70)), want: NotTested, observed: "live.heartbeat.present"},
	{id: "live.heartbeat.15s", name: "only one", t: transcript(idle(70, 15)), want: NotTested, observed: "live.heartbeat.repeats"},
	{id: "live.heartbeat.15s", name: "after an event", t: transcript(idle(70, 15, 30, 45, 60), waited(70, 30, 60)).with(around()...), want: Warn, observed: "30.000 s"},

	{id: "live.heartbeat.45s", name: "good", t: transcript(idle(70, 40)), want: Pass},
	{id: "live.heartbeat.45s", name: "too rare", t: transcript(idle(70, 50)), want: Warn, observed: "49.997 s"},
	{id: "live.heartbeat.45s", name: "too rare for the polyfill", t: polyfilled(transcript(idle(70, 50))), want: Fail, observed: "49.997 s"},
	{id: "live.heartbeat.45s", name: "silent", t: transcript(idle(70)), want: NotTested},
	{id: "live.heartbeat.45s", name: "silent for the polyfill", t: polyfilled(transcript(idle(70))), want: Fail},

	{id: "live.heartbeat.60s", name: "good", t: transcript(idle(70, 50)), want: Pass},
	{id: "live.heartbeat.60s", name: "too rare", t: transcript(idle(70, 60)), want: Warn, observed: "59.997 s"},
	{id: "live.heartbeat.60s", name: "no stream", t: nothing(), want: NotTested},

	{id: "live.heartbeat.is-comment", name: "good", t: transcript(idle(70, 15, 30, 45, 60)), want: Pass},
	{id: "live.heartbeat.is-comment", name: "events", t: owning(transcript(idleWith("data: tick\n\n", 70, 15, 30))), want: Warn, observed: `2 events: "tick", "tick"`},
	{id: "live.heartbeat.is-comment", name: "events on a topic of others", t: transcript(idleWith("data: tick\n\n", 70, 15, 30)), want: Pass},
	{id: "live.heartbeat.is-comment", name: "ping events on a topic of others", t: transcript(idleWith("event: ping\ndata: 7\n\n", 70, 15, 30)), want: Warn, observed: "ping"},
	{id: "live.heartbeat.is-comment", name: "ping in JSON", t: transcript(idleWith("data: {\"type\": \"ping\"}\n\n", 70, 15, 30)), want: Warn},
	{id: "live.heartbeat.is-comment", name: "a greeting", t: owning(transcript(idleWith("data: hello\n\n", 70, 2))), want: Pass},
	{id: "live.heartbeat.is-comment", name: "silent", t: transcript(idle(70)), want: NotTested},

	{id: "live.heartbeat.repeats", name: "good", t: transcript(idle(70, 15, 30, 45, 60)), want: Pass, observed: "4 heartbeats"},
	{id: "live.heartbeat.repeats", name: "only one", t: transcript(idle(70, 15)), want: Fail, observed: "1 heartbeat, the last but 55.000 s of silence later"},
	{id: "live.heartbeat.repeats", name: "none after an event", t: transcript(idle(70, 15, 30, 45, 60), waited(70)).with(around()...), want: Fail, observed: "after an event"},
	{id: "live.heartbeat.repeats", name: "also after an event", t: transcript(idle(70, 15, 30, 45, 60), waited(70, 16, 31, 46, 61)).with(around()...), want: Pass, observed: "4 heartbeats"},
	{id: "live.heartbeat.repeats", name: "rare", t: transcript(idle(70, 40)), want: NotTested, observed: "lifetime"},
	{id: "live.heartbeat.repeats", name: "silent", t: transcript(idle(70)), want: NotTested, observed: "live.heartbeat.present"},

	{id: "live.lifetime.idle", name: "good", t: transcript(idle(70)), want: Pass, observed: "open for 69.997 s"},
	{id: "live.lifetime.idle", name: "broken", t: transcript(idle(30).ended(EndCut)), want: Fail, observed: "broken after 29.997 s"},
	{id: "live.lifetime.idle", name: "reset", t: transcript(idle(30).ended(EndReset)), want: Fail, observed: "reset"},
	{id: "live.lifetime.idle", name: "ended", t: owning(transcript(idle(30).ended(EndComplete))), want: Warn, observed: "ended the stream after 29.997 s"},
	{id: "live.lifetime.idle", name: "a finite stream", t: transcript(idleWith("data: x\n\n", 30, 1).ended(EndComplete)), want: Told, observed: "finite"},
	{id: "live.lifetime.idle", name: "more than is read", t: transcript(idle(3).ended(EndLimit)), want: NotTested, observed: "could be read"},
	{id: "live.lifetime.idle", name: "the other stream", t: transcript(idle(70), waited(30).ended(EndReset)), want: Fail},

	{id: "live.lifetime.not-deaf", name: "good", t: late("data: late\n\n", "data: late\n\n"), want: Pass},
	{id: "live.lifetime.not-deaf", name: "deaf", t: late("", "data: late\n\n"), want: Fail, observed: "on a fresh stream, and not on the old one"},
	{id: "live.lifetime.not-deaf", name: "lost", t: late("", ""), want: NotTested, observed: "did not arrive on a fresh stream either"},
	{id: "live.lifetime.not-deaf", name: "ended before", t: transcript(idle(30).ended(EndCut)), want: NotTested, observed: "live.lifetime.idle"},

	{id: "live.lifetime.max", name: "open", t: transcript(idle(70)), want: Told, observed: "none was ended"},
	{id: "live.lifetime.max", name: "ended", t: transcript(idle(60).ended(EndComplete)), want: Told, observed: "ended a stream after 59.997 s, without a retry"},
	{id: "live.lifetime.max", name: "ended with a retry", t: transcript(idleWith("retry: 500\n\n", 60, 59).ended(EndComplete)), want: Told, observed: "with a retry of 500ms"},
}

// idle is a stream on which comments come at so many seconds, up to the end.
func idle(end int, at ...int) *Connection { return idleWith(":\n\n", end, at...) }

func idleWith(text string, end int, at ...int) *Connection {
	c := body().in("idle")
	c.Ended = ms(1000 * end)
	for _, n := range at {
		c.Chunks = append(c.Chunks, Chunk{At: max(ms(1000*n), c.Responded), Data: Bytes(text)})
	}
	return c
}

// waited is an idle stream of the exchange in which events are published before
// and after.
func waited(end int, at ...int) *Connection { return idle(end, at...).in("wait") }

// around is an event before the long wait of 70 seconds, and one after it.
func around() []*Publication {
	before, after := mark("m1"), mark("m2")
	before.Exchange, after.Exchange = "wait", "wait"
	before.Sent, before.Answered = ms(1), ms(2)
	after.Sent, after.Answered = ms(70_000), ms(70_001)
	return []*Publication{before, after}
}

// late is an event behind a long wait, as an old stream and a fresh one got it.
func late(old, fresh string) *Transcript {
	a, b := idle(75).in(""), body().called("fresh")
	a.Chunks = []Chunk{{At: ms(70_500), Data: Bytes(old)}}
	b.Chunks = []Chunk{{At: ms(70_500), Data: Bytes(fresh)}}
	p := put("", "late")
	p.Sent = ms(70_400)
	return transcript(a, b).with(p)
}

// polyfilled is what was said to a target of clients that use the polyfill.
func polyfilled(t *Transcript) *Transcript { t.Facts.Profiles = []string{"polyfill"}; return t }

// owning is what was said on a topic to which nobody else publishes.
func owning(t *Transcript) *Transcript { t.Facts.OwnTopics = true; return t }

var placeLiterals = []literal{
	{id: "live.disconnect.noticed", name: "good", t: beatingAt(15*time.Second, left(reply("again", goodHead), 5)), want: Pass, observed: "after 5.000 s"},
	{id: "live.disconnect.noticed", name: "late", t: beatingAt(15*time.Second, left(reply("again", goodHead), 20)), want: Warn, observed: "free again 20.000 s after"},
	{id: "live.disconnect.noticed", name: "never", t: beatingAt(15*time.Second, left(reply("again", "HTTP/1.1 429 Too Many Requests"), 30)), want: Warn, observed: "status 429"},
	{id: "live.disconnect.noticed", name: "no limit", t: &Transcript{Problem: "41 streams are open"}, want: NotTested, observed: "41 streams"},

	{id: "live.reconnect.churn", name: "good", t: churned(body("data: m\n\n")), want: Pass, observed: "after 500 streams"},
	{id: "live.reconnect.churn", name: "refused", t: churned(reply("stream", "HTTP/1.1 429 Too Many Requests")), want: Warn, observed: "after 500 streams that were opened and left, another is answered with status 429"},
	{id: "live.reconnect.churn", name: "no answer", t: churned(&Connection{Name: "stream"}), want: Warn, observed: "there is no answer"},
	{id: "live.reconnect.churn", name: "deaf", t: churned(body(":\n\n")), want: Warn, observed: "gets no event"},
	{id: "live.reconnect.churn", name: "nothing opened", t: nothing(), want: NotTested},

	{id: "live.shutdown.prompt", name: "good", t: shutDown(EndComplete, 1000, "data: a\n\n"), want: Pass, observed: "complete after 0.9"},
	{id: "live.shutdown.prompt", name: "closed between events", t: shutDown(EndCut, 1000, "data: a\n\n"), want: Pass, observed: "cut"},
	{id: "live.shutdown.prompt", name: "within an event", t: shutDown(EndComplete, 1000, "data: a\n\ndata: b\n"), want: Warn, observed: "within an event"},
	{id: "live.shutdown.prompt", name: "reset", t: shutDown(EndReset, 1000, "data: a\n\n"), want: Warn, observed: "failed"},
	{id: "live.shutdown.prompt", name: "late", t: shutDown(EndComplete, 8000, "data: a\n\n"), want: Warn, observed: "ended 7.9"},
	{id: "live.shutdown.prompt", name: "never", t: shutDown(EndLeft, 9000, "data: a\n\n"), want: Warn, observed: "was open 8.9"},
	{id: "live.shutdown.prompt", name: "control fails", t: stopped("control restart: status 500", shutDown(EndLeft, 9000, "data: a\n\n")), want: NotTested, observed: "status 500"},
}

// beatingAt says how often the target sends heartbeats.
func beatingAt(heartbeat time.Duration, t *Transcript) *Transcript {
	t.Facts.Heartbeat = heartbeat
	return t
}

// left is the answer to a stream that is opened so many seconds after all others
// were left.
func left(again *Connection, after int) *Transcript {
	held := body().called("held")
	held.Ended = ms(10_000)
	again.Sent = ms(10_000 + 1000*after)
	again.Responded = again.Sent
	return transcript(held, again)
}

func churned(c *Connection) *Transcript {
	t := transcript(c)
	t.Counts = map[string]int{"cycles": 500}
	return t
}

// shutDown is a stream that ends so many milliseconds after the beginning, with
// a publish before.
func shutDown(end End, at int, text string) *Transcript {
	c := body(text).called("a").ended(end)
	c.Ended = ms(at)
	p := put("", "x")
	p.Answered = ms(60)
	return transcript(c).with(p)
}
