package conformance

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

var slowLiterals = slices.Concat(stalledLiterals, newcomerLiterals)

var stalledLiterals = []literal{
	{id: "slow.isolation.latency", name: "good", t: crawl{}.transcript(), want: Pass, observed: "99th percentile 0.009 s, before 0.009 s"},
	{id: "slow.isolation.latency", name: "late", t: crawl{delay: 3000}.transcript(), want: Fail, observed: "the 99th percentile of the latency on another was 2.999 s"},
	{id: "slow.isolation.latency", name: "as late before", t: crawl{delay: 1000, before: 800}.transcript(), want: Pass},
	{id: "slow.isolation.latency", name: "stands still", t: crawl{stuck: 100}.transcript(), want: Fail, observed: "100 events did not arrive"},
	{id: "slow.isolation.latency", name: "held up with its publisher", t: lastPublishTook(5000), want: Fail, observed: "an event was not on another after 5.000 s"},
	{id: "slow.isolation.latency", name: "held up until the stream read", t: cameAfter(lastPublishTook(5000), 6000), want: Fail, observed: "an event was not on another after 6.000 s"},
	{id: "slow.isolation.latency", name: "the publisher alone waits", t: cameAfter(lastPublishTook(5000), 20), want: Pass},
	{id: "slow.isolation.latency", name: "this process was late", t: lagging(1300, crawl{delay: 3000}.transcript()), want: Pass},
	{id: "slow.isolation.latency", name: "holes are losses", t: crawl{hole: 7}.transcript(), want: Pass},
	{id: "slow.isolation.latency", name: "nothing accepted", t: transcript(body().called("other"), body().called("stalled")), want: NotTested},

	{id: "slow.isolation.loss", name: "good", t: crawl{}.transcript(), want: Pass, observed: "192 events"},
	{id: "slow.isolation.loss", name: "hole", t: crawl{hole: 7}.transcript(), want: Fail, observed: "lost 1 of 192 events"},
	{id: "slow.isolation.loss", name: "cut off", t: crawl{stuck: 5, cutOff: true}.transcript(), want: Fail, observed: "5 events did not arrive"},
	{id: "slow.isolation.loss", name: "late is not lost", t: crawl{stuck: 5}.transcript(), want: Pass},
	{id: "slow.isolation.loss", name: "stands still", t: crawl{stuck: 192}.transcript(), want: NotTested},

	{id: "slow.publisher", name: "good", t: crawl{}.transcript(), want: Pass},
	{id: "slow.publisher", name: "slow", t: crawl{publish: 1000}.transcript(), want: Fail, observed: "the time to publish was 1.000 s"},
	{id: "slow.publisher", name: "one without an answer", t: lastPublishTook(5000), want: Fail, observed: "a publish got no answer in 5.000 s"},
	{id: "slow.publisher", name: "one refused without a status", t: lastPublishTook(1), want: Pass},
	{id: "slow.publisher", name: "no stream", t: nothing(), want: NotTested},

	{id: "slow.bounded", name: "cut", t: crawl{got: 90, end: EndCut}.transcript(), want: Pass, observed: "cut"},
	{id: "slow.bounded", name: "dropped", t: crawl{got: 90}.transcript(), want: Pass, observed: "dropped"},
	{id: "slow.bounded", name: "in memory", t: grown(18<<20, crawl{got: 192, size: 96 << 10}.transcript()), want: Warn, observed: "all of 18.0 MiB were kept for a stream that did not read, and the target's memory grew by 18.0 MiB"},
	{id: "slow.bounded", name: "in sockets", t: grown(3<<20, crawl{got: 192, size: 96 << 10}.transcript()), want: NotTested, observed: "grew by 3.0 MiB"},
	{id: "slow.bounded", name: "somewhere", t: crawl{got: 192, size: 96 << 10}.transcript(), want: NotTested, observed: "in sockets or by the target"},
	{id: "slow.bounded", name: "little was published", t: crawl{got: 192, size: 32 << 10}.transcript(), want: NotTested, observed: "6.0 MiB could be published"},

	{id: "slow.drop-signalled", name: "cut", t: crawl{got: 90, end: EndReset}.transcript(), want: Pass, observed: "cut"},
	{id: "slow.drop-signalled", name: "told", t: crawl{got: 90, word: "event: gap\ndata: {}\n\n", goesOn: true}.transcript(), want: Pass, observed: "told"},
	{id: "slow.drop-signalled", name: "untold", t: crawl{got: 90, goesOn: true}.transcript(), want: Warn, observed: "102 events were dropped"},
	{id: "slow.drop-signalled", name: "cut behind a mark", t: crawl{got: 90, early: true, end: EndReset}.transcript(), want: Pass, observed: "cut"},
	{id: "slow.drop-signalled", name: "all is kept", t: crawl{got: 192, goesOn: true}.transcript(), want: NotTested, observed: "nothing was dropped"},
	{id: "slow.drop-signalled", name: "what all lost", t: crawl{got: 192, hole: 7, goesOn: true}.transcript(), want: NotTested, observed: "nothing was dropped"},

	{id: "slow.recover", name: "complete", t: crawl{got: 90, end: EndCut, resumed: "all"}.transcript(), want: Pass, observed: "complete"},
	{id: "slow.recover", name: "told", t: crawl{got: 90, end: EndCut, resumed: "told"}.transcript(), want: Pass, observed: "told"},
	{id: "slow.recover", name: "untold", t: crawl{got: 90, end: EndCut, resumed: "some"}.transcript(), want: Fail, observed: "101 of 102 events"},
	{id: "slow.recover", name: "refused", t: crawl{got: 90, end: EndCut, resumed: "HTTP/1.1 412 Precondition Failed"}.transcript(), want: Pass, observed: "412"},
	{id: "slow.recover", name: "stopped", t: crawl{got: 90, end: EndCut, resumed: "HTTP/1.1 204 No Content"}.transcript(), want: Fail, observed: "status 204"},
	{id: "slow.recover", name: "no ID", t: crawl{got: 90, end: EndCut}.transcript(), want: NotTested, observed: "no ID"},
	{id: "slow.recover", name: "not cut", t: crawl{got: 90}.transcript(), want: NotTested, observed: "not cut"},
}

// A crawl is what was said in the exchange "stalled". Times are milliseconds.
type crawl struct {
	size    int // of an event; default 100
	before  int // latency before a stream stalled; default 10
	delay   int // latency then; default 10
	publish int // how long a publish takes then; default 1
	stuck   int // so many of the last events do not arrive
	hole    int // this event is lost, unless 0
	cutOff  bool
	got     int    // so many events reach the stalled stream
	word    string // and then this
	goesOn  bool   // and then the mark
	early   bool   // and has had a mark in their midst
	end     End    // default that we leave
	resumed string // "all", "told", "some", or the head of another answer
}

func (s crawl) transcript() *Transcript {
	setDefault(&s.size, 100)
	setDefault(&s.before, 10)
	setDefault(&s.delay, 10)
	setDefault(&s.publish, 1)
	setDefault(&s.end, EndLeft)
	other, stalled := body().called("other"), body().called("stalled").ended(s.end)
	stalled.Sent = ms(1000)
	if s.cutOff {
		other.End = EndReset
	}
	t := transcript(other, stalled)
	event := func(data string) string { return "data: " + data + "\n\n" }
	var rest, last string
	for i := range bulkBefore + bulkEvents {
		data := fmt.Sprintf("%d-", i)
		data += strings.Repeat("x", s.size-len(data))
		n, delay, publish := i-bulkBefore, s.before, 1
		p := put("", data)
		if p.Sent = ms(i); n >= 0 {
			delay, publish = s.delay, s.publish
			p.Sent = ms(2000 + n)
		}
		p.Answered = p.Sent + ms(publish)
		t.with(p)
		if n < bulkEvents-s.stuck && (n != s.hole || s.hole == 0) {
			other.Chunks = append(other.Chunks, Chunk{At: p.Sent + ms(delay), Data: Bytes(event(data))})
			switch last = event(data); {
			case n < 0:
			case n < s.got:
				stalled.Chunks = append(stalled.Chunks, Chunk{At: ms(9000), Data: Bytes(event(data))})
			default:
				rest += event(data)
			}
		}
	}
	if s.early {
		m := mark("early")
		m.Sent = ms(2010)
		stalled.Chunks = append(stalled.Chunks, Chunk{At: ms(9000), Data: Bytes(event("early"))})
		t.Publications = slices.Insert(t.Publications, bulkBefore+10, m)
	}
	stalled.Chunks = append(stalled.Chunks, Chunk{At: ms(9000), Data: Bytes(s.word)})
	if s.goesOn {
		stalled.Chunks = append(stalled.Chunks, Chunk{At: ms(9000), Data: Bytes(event("m"))})
	}
	m := mark("m")
	m.Sent, m.Answered = ms(8000), ms(8001)
	t.with(m)
	switch s.resumed {
	case "":
	case "all":
		t.Connections = append(t.Connections, body(rest).called("resumed"))
	case "told":
		t.Connections = append(t.Connections, body("event: gap\ndata: {}\n\n"+last).called("resumed"))
	case "some":
		t.Connections = append(t.Connections, body(last).called("resumed"))
	default:
		t.Connections = append(t.Connections, reply("resumed", s.resumed))
	}
	return t
}

// lastPublishTook is a good transcript but for the last publish, which ends without
// an answer after so many milliseconds.
func lastPublishTook(took int) *Transcript {
	t := crawl{}.transcript()
	return t.with(&Publication{Fields: Fields{"data": "late"}, Sent: ms(7000), Answered: ms(7000 + took)})
}

// cameAfter lets the event of that publish reach the other stream.
func cameAfter(t *Transcript, took int) *Transcript {
	other := t.named("other")
	other.Chunks = append(other.Chunks, Chunk{At: ms(7000 + took), Data: Bytes("data: late\n\n")})
	return t
}

// grown is a transcript of a target whose memory grew by so many bytes.
func grown(by int, t *Transcript) *Transcript {
	t.Counts = map[string]int{memoryBefore: 1 << 20, memoryFull: 1<<20 + by}
	return t
}

// lagging is a transcript of a process that was late itself, by so many
// milliseconds at most.
func lagging(by int, t *Transcript) *Transcript {
	t.Lag = ms(by)
	return t
}

var newcomerLiterals = slices.Concat(newcomers("slow.connect-flood", "crowd", "stream"), newcomers("slow.slowloris", "dripping", "unfinished request"))

// newcomers are literals of a check that counts what a stream is opened beside.
func newcomers(id, count, noun string) []literal {
	beside := func(c ...*Connection) *Transcript {
		t := transcript(append([]*Connection{body("data: m\n\n").called("before")}, c...)...)
		t.Counts = map[string]int{count: 64}
		return t
	}
	opened := func() *Connection { return body("data: m\n\n").called("after") }
	return []literal{
		{id: id, name: "good", t: beside(opened()), want: Pass, observed: "beside 64 " + noun + "s"},
		{id: id, name: "slow", t: beside(opened().after(2 * time.Second)), want: Warn, observed: "a new stream opens after 2.000 s"},
		{id: id, name: "no answer", t: beside(&Connection{Name: "after", Problem: "no answer in time"}), want: Warn, observed: "gets no answer: no answer in time"},
		{id: id, name: "deaf", t: beside(body().called("after")), want: Warn, observed: "gets no event"},
		{id: id, name: "error", t: beside(reply("after", "HTTP/1.1 500 Internal Server Error")), want: Warn, observed: "status 500"},
		{id: id, name: "refused beyond a limit", t: beside(reply("refused", "HTTP/1.1 503 Service Unavailable"), opened()), want: Pass, observed: "refused beyond 64"},
		{id: id, name: "hangs beyond a limit", t: beside(&Connection{Name: "refused"}, opened()), want: Warn, observed: "another gets no answer"},
		{id: id, name: "fails beyond a limit", t: beside(reply("refused", "HTTP/1.1 502 Bad Gateway"), opened()), want: Warn, observed: "502"},
		{id: id, name: "nothing opened", t: nothing(), want: NotTested},
	}
}
