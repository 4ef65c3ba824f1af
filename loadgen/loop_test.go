package loadgen

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ssegauge/ssegauge/internal/stamp"
)

// bench is a run without a network: a loop with one stream of topics 0 and 1,
// to which a test says what comes when.
type bench struct {
	t testing.TB
	*run
	*loop
	s *stream
}

func newBench(t testing.TB, change ...func(*Scenario)) *bench {
	t.Helper()
	scenario := mustLoad(t, "name: x\ntarget: {url: 'http://localhost/?topic={topic}'}\npublish: {url: 'http://localhost/'}\nstreams: {count: 1, topics: [a, b]}\n")
	for _, f := range change {
		f(scenario)
	}
	plan := NewPlan(scenario)
	r, err := firstRun(plan)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	r.measureFrom.Store(0)
	b := &bench{t, r, newLoop(r), r.streams[0]}
	b.adopt(b.s)
	b.starting(b.s, 0)
	return b
}

// publish has events of a topic acknowledged at once.
func (b *bench) publish(topic, n int) {
	for range n {
		seq := b.books[topic].issue()
		b.books[topic].acknowledge(seq, int64(100*(seq+1)))
	}
}

// event is what the stream gets of an event that was sent at 100·seq+50, just
// after the one before it was acknowledged, and due at 100·seq+1.
func (b *bench) event(topic, seq int) []byte {
	return b.stamped(stamp.Stamp{Run: b.plan.Run, Topic: uint32(topic), Seq: uint64(seq), Due: int64(100*seq + 1), Sent: int64(100*seq + 50)})
}

func (b *bench) stamped(s stamp.Stamp) []byte {
	return fmt.Appendf(nil, "id: %d\ndata: {\"stamp\":\"%s\"}\n\n", s.Seq, stamp.Append(nil, s))
}

func (b *bench) get(now int64, events ...[]byte) { b.received(b.s, slices.Concat(events...), now) }

func (b *bench) want(want DeliveryCounts) {
	b.t.Helper()
	got := b.loop.tally.Cohorts[0].Events
	got.Bytes, got.missing = 0, 0
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(DeliveryCounts{})); diff != "" {
		b.t.Errorf("deliveries (-want +got):\n%s", diff)
	}
}

func TestLoopJudgesOrderByAcknowledgement(t *testing.T) {
	b := newBench(t)
	b.connected(b.s, 1)
	b.publish(0, 3)
	// 0 was acknowledged at 100, 1 sent at 150: they arrive in the wrong order.
	b.get(1000, b.event(0, 1), b.event(0, 0), b.event(0, 2))
	b.want(DeliveryCounts{Received: 3, Reordered: 1})

	// Two publishes that overlapped: 3 is not acknowledged yet when 4 is sent.
	three, four := b.books[0].issue(), b.books[0].issue()
	b.books[0].acknowledge(four, 460)
	b.get(1000, b.event(0, int(four)), b.event(0, int(three)))
	b.want(DeliveryCounts{Received: 5, Reordered: 1})

	// Order is a matter within a topic.
	b.publish(1, 1)
	b.get(1000, b.event(1, 0))
	b.want(DeliveryCounts{Received: 6, Reordered: 1})
}

func TestLoopCountsLatencyFromDue(t *testing.T) {
	b := newBench(t, func(s *Scenario) { s.LateAfter = 5 * time.Second })
	b.connected(b.s, 1)
	b.publish(0, 2)
	due, sent := int64(10*time.Second), int64(14*time.Second)
	b.get(int64(15*time.Second), b.stamped(stamp.Stamp{Run: b.plan.Run, Seq: 0, Due: due, Sent: sent}))
	if l := b.loop.tally.Cohorts[0].Fanout; l.Count() != 1 || l.max != 5*time.Second {
		t.Errorf("%d latencies, %v; want one of 5s, from due", l.Count(), l.max)
	}
	b.want(DeliveryCounts{Received: 1})
	b.get(int64(15*time.Second)+1, b.stamped(stamp.Stamp{Run: b.plan.Run, Seq: 1, Due: due, Sent: sent}))
	b.want(DeliveryCounts{Received: 2, Late: 1})
	// A second copy is a duplicate, and not a second latency.
	b.get(int64(16*time.Second), b.stamped(stamp.Stamp{Run: b.plan.Run, Seq: 1, Due: due, Sent: sent}))
	b.want(DeliveryCounts{Received: 2, Late: 1, Duplicated: 1})
	if n := b.loop.tally.Cohorts[0].Fanout.Count(); n != 2 {
		t.Errorf("%d latencies, want 2", n)
	}
}

func TestLoopTellsForeignEvents(t *testing.T) {
	b := newBench(t)
	b.connected(b.s, 1)
	b.publish(0, 1)
	b.get(1000,
		[]byte("data: hello\n\n"),
		b.stamped(stamp.Stamp{Run: b.plan.Run + 1}),
		b.stamped(stamp.Stamp{Run: b.plan.Run, Topic: 2}),
		b.stamped(stamp.Stamp{Run: b.plan.Run, Topic: 0, Seq: 1}), // not given out
		[]byte(": comment\n\n"),
	)
	b.want(DeliveryCounts{Foreign: 4, Comments: 1})
}

func TestLoopExpectsWhatCameAfterTheHead(t *testing.T) {
	b := newBench(t)
	b.publish(0, 3)
	b.connected(b.s, 1)
	b.publish(0, 2)
	b.get(1000, b.event(0, 4))
	b.loop.settle()
	b.want(DeliveryCounts{Expected: 2, Received: 1, Lost: 1})
}

// What has to arrive depends on how the stream ended.
func TestLoopSettles(t *testing.T) {
	for _, c := range []struct {
		name   string
		end    func(b *bench)
		want   DeliveryCounts
		failed int64
	}{
		{"open", func(*bench) {}, DeliveryCounts{Expected: 5, Received: 2, Lost: 3}, 0},
		{"waiting to reconnect", func(b *bench) { b.ended(b.s, FailureReset, false) }, DeliveryCounts{Expected: 5, Received: 2, Lost: 3}, 0},
		{"given up", func(b *bench) { b.ended(b.s, FailureReset, false); b.gaveUp(b.s, "status 401") }, DeliveryCounts{Expected: 5, Received: 2, Lost: 3}, 1},
		{"closed", func(b *bench) { b.loop.closed(b.s) }, DeliveryCounts{Expected: 3, Received: 2, Lost: 1}, 0},
		{"finished", func(b *bench) { b.ended(b.s, FailureEnded, false); b.finished(b.s) }, DeliveryCounts{Expected: 3, Received: 2, Lost: 1}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.connected(b.s, 1)
			b.publish(0, 5)
			b.get(1000, b.event(0, 0), b.event(0, 2))
			c.end(b)
			if received := b.loop.settle(); received != 2 {
				t.Errorf("the receipts hold %d, want 2", received)
			}
			b.want(c.want)
			if b.loop.tally.Streams.Failed != c.failed {
				t.Errorf("%d failed, want %d", b.loop.tally.Streams.Failed, c.failed)
			}
			if c.name != "open" && b.openNow.Load() != 0 {
				t.Errorf("%d streams are open", b.openNow.Load())
			}
		})
	}
}

// An event that was still being published when a stream was closed is not
// lost, though a later one had come.
func TestLoopExcusesWhatWasOnItsWay(t *testing.T) {
	b := newBench(t)
	b.connected(b.s, 1)
	b.publish(0, 3)
	three, four := b.books[0].issue(), b.books[0].issue()
	b.books[0].acknowledge(four, 460)
	b.get(1000, b.event(0, 0), b.event(0, 2), b.event(0, int(four)))
	b.loop.closed(b.s)
	b.books[0].acknowledge(three, 2000)
	b.loop.settle()
	b.want(DeliveryCounts{Expected: 4, Received: 3, Lost: 1})
}

func TestLoopIsComplete(t *testing.T) {
	b := newBench(t)
	steps := []struct {
		name string
		do   func()
		want bool
	}{
		{"before the answer", func() {}, false},
		{"with the head", func() { b.connected(b.s, 1) }, true},
		{"after a publish", func() { b.publish(0, 2) }, false},
		{"after the first", func() { b.get(9, b.event(0, 0)) }, false},
		{"after the second", func() { b.get(9, b.event(0, 1)) }, true},
		{"when one was refused", func() { b.books[1].refuse(b.books[1].issue()) }, true},
		{"while reconnecting, with something missing", func() { b.publish(1, 1); b.ended(b.s, FailureEnded, false) }, false},
		{"closed", func() { b.loop.closed(b.s) }, true},
	}
	for _, step := range steps {
		if step.do(); b.complete() != step.want {
			t.Errorf("%s: complete is %v, want %v", step.name, !step.want, step.want)
		}
	}
}

func TestLoopCountsConnections(t *testing.T) {
	b := newBench(t)
	b.ended(b.s, FailureRefused, false)
	b.ended(b.s, FailureRefused, false)
	if b.s.attempts != 2 || b.unanswered.Load() != 0 {
		t.Errorf("%d attempts, %d unanswered; want 2, 0", b.s.attempts, b.unanswered.Load())
	}
	b.starting(b.s, 0)
	b.connected(b.s, int64(time.Second))
	b.get(1, []byte("id: here\nretry: 7\ndata\n\nid: there\ndata: half"))
	next := b.ended(b.s, FailureReset, false)
	if next.lastEventID != "here" || next.wait < 7*time.Millisecond || next.wait > 11*time.Millisecond {
		t.Errorf("goes on after %q in %v, want after \"here\" in 7 ms and up to half more", next.lastEventID, next.wait)
	}
	b.connected(b.s, 2)
	b.ended(b.s, "", true)
	b.ended(b.s, FailureRefused, false)
	want := StreamCounts{Opened: 1, Dropped: 1, Cut: 1, Reconnected: 1}
	if diff := cmp.Diff(want, b.loop.tally.Streams); diff != "" {
		t.Errorf("streams (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[Failure]uint64{FailureRefused: 3, FailureReset: 1}, b.loop.tally.Failures); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	if b.loop.tally.Findings.CutEvents != 1 || b.openPeak.Load() != 1 || b.openNow.Load() != 0 {
		t.Errorf("%d cut events, peak %d, open %d; want 1, 1, 0", b.loop.tally.Findings.CutEvents, b.openPeak.Load(), b.openNow.Load())
	}
}

// What is counted before and after a swap adds up, and nothing is counted in
// both.
func TestLoopSwap(t *testing.T) {
	b := newBench(t)
	b.connected(b.s, 1)
	b.publish(0, 3)
	b.get(500, b.event(0, 0))
	total := newTally(1)
	total.Add(b.swap())
	b.get(600, b.event(0, 1), []byte(": x\n\n"))
	b.get(700, b.event(0, 2))
	total.Add(b.swap())
	total.Add(b.swap())
	e := total.events()
	if e.Received != 3 || e.Comments != 1 || total.Findings.Comments != 1 || total.fanout().Count() != 3 || total.Streams.Opened != 1 || len(total.spreads) != 3 {
		t.Errorf("%d received, %d and %d comments, %d latencies, %d opened, %d spreads; want 3, 1, 1, 3, 1, 3",
			e.Received, e.Comments, total.Findings.Comments, total.fanout().Count(), total.Streams.Opened, len(total.spreads))
	}
}
