package conformance

import (
	"fmt"
	"hash/crc32"
	"strings"
	"sync"
	"time"
)

// publishExchanges publish, and look at what arrives.
var publishExchanges = []exchange{
	{
		name: "publish", needs: []Capability{CanPublish},
		about: "publish ten short events at intervals to an open stream",
		talk:  talkPublish,
	},
	{
		name: "payload", needs: []Capability{CanPublish}, limit: time.Minute,
		about: "publish what the checks ask for, one after another, with a mark after each",
		talk:  talkPayload,
	},
	{
		name: "sequence", needs: []Capability{CanPublish},
		about: "publish a thousand numbered events as fast as they are accepted",
		talk:  talkSequence,
	},
	{
		name: "burst", needs: []Capability{CanPublish},
		about: "publish large events with checksums from four publishers at a time to two streams",
		talk:  talkBurst,
	},
	{
		name: "gzip", needs: []Capability{CanPublish},
		about: "open a stream with gzip on offer, and publish events one after another",
		talk:  talkGzip,
	},
}

// publishedEvents is how many events the exchange "publish" publishes.
const publishedEvents = 10

func talkPublish(t *talk) {
	s := t.open(ask{name: "stream"})
	if !t.settle(s) {
		return
	}
	var last string
	for i := range publishedEvents {
		last = fmt.Sprintf("ssegauge-%s-event-%d", t.nonce, i)
		t.publish(Fields{"data": last})
		if !t.sleep(t.pace().Quiet / publishedEvents) {
			return
		}
	}
	t.hasMark(last, t.pace().Patience, s)
}

// largeLimit is enough for everything that is published to one stream, with
// replies of the same size again.
const largeLimit = 32 << 20

// mostReopened is how often a target may end the stream of payloads.
const mostReopened = 10

func talkPayload(t *talk) {
	s := t.open(ask{name: "stream", limit: largeLimit})
	if !t.settle(s) {
		return
	}
	unmarked, reopened := 0, 0
	for _, p := range t.payloads {
		if p.JSON != "" && !t.can(CanJSON) {
			t.unsendable(&Publication{Check: p.check, Fields: p.Fields}, "the publish hook does not write data as JSON")
			continue
		}
		for again := false; ; again = true {
			publication := t.publishAs(&Publication{Check: p.check, Fields: p.Fields}, p.JSON)
			if t.mark(s) {
				unmarked = 0
				break
			}
			if s.endedByPeer() && reopened < mostReopened {
				// Streams end for many reasons: the payload is one if it does
				// so twice.
				if reopened++; !again {
					t.repeat(publication)
				}
				if s = t.open(ask{name: "stream", limit: largeLimit}); !t.settle(s) {
					return
				}
				if again {
					break
				}
				continue
			}
			if unmarked++; unmarked == 2 {
				t.stop("events stopped arriving after a payload of %s", p.check)
				return
			}
			break
		}
	}
}

// repeat records that a publication is made once more.
func (t *talk) repeat(p *Publication) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.Repeated = true
}

// unsendable records a publication that the hook cannot express.
func (t *talk) unsendable(p *Publication, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.Exchange, p.Topic, p.Sent, p.Problem, p.Unsendable = t.exchange.name, t.topic, t.now(), why, true
	t.rec.Publications = append(t.rec.Publications, p)
}

// The exchange "sequence" publishes this many events, for this long at most.
const (
	sequenceEvents = 1000
	sequenceTime   = 10 * time.Second
)

func talkSequence(t *talk) {
	s := t.open(ask{name: "stream"})
	if !t.settle(s) {
		return
	}
	end := time.Now().Add(sequenceTime)
	for i := range sequenceEvents {
		if time.Now().After(end) || t.ctx.Err() != nil {
			break
		}
		t.publish(Fields{"data": fmt.Sprintf("ssegauge-%s-sequence-%d", t.nonce, i)})
	}
	t.mark(s)
}

// The exchange "burst" has this many publishers, events of each, and lines in
// each event.
const (
	burstPublishers = 4
	burstEvents     = 25
	burstLines      = 60
)

func talkBurst(t *talk) {
	a, b := t.open(ask{name: "a", limit: 4 << 20}), t.open(ask{name: "b", limit: 4 << 20})
	if !t.settle(a, b) {
		return
	}
	var publishers sync.WaitGroup
	for p := range burstPublishers {
		publishers.Go(func() {
			for i := range burstEvents {
				if t.ctx.Err() != nil {
					return
				}
				t.publish(Fields{"data": checksummed(fmt.Sprintf("%s-%d-%d", t.nonce, p, i))})
			}
		})
	}
	publishers.Wait()
	t.mark(a, b)
}

// sumPrefix begins data that carries its own checksum.
const sumPrefix = "ssegauge-sum:"

// checksummed is a text of several lines with its checksum in front.
func checksummed(seed string) string {
	text := strings.TrimSuffix(strings.Repeat(seed+" 0123456789 abcdefghijklmnopqrstuvwxyz\n", burstLines), "\n")
	return fmt.Sprintf("%s%08x:%s", sumPrefix, crc32.ChecksumIEEE([]byte(text)), text)
}

// intact reports whether data is what checksummed made.
func intact(data string) bool {
	sum, text, ok := strings.Cut(strings.TrimPrefix(data, sumPrefix), ":")
	return ok && strings.HasPrefix(data, sumPrefix) && sum == fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text)))
}

func talkGzip(t *talk) {
	s := t.open(ask{name: "stream", fields: []Field{{"Accept-Encoding", "gzip"}}})
	if !t.settle(s) {
		return
	}
	for i := range 4 {
		data := fmt.Sprintf("ssegauge-%s-gzip-%d", t.nonce, i)
		t.publish(Fields{"data": data})
		t.hasMark(data, t.pace().Patience/2, s)
	}
}
