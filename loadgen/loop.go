package loadgen

import (
	"slices"
	"time"

	"github.com/ssegauge/ssegauge/internal/eventstream"
	"github.com/ssegauge/ssegauge/internal/stamp"
)

// A loop owns some of the streams and the Tally of what they receive. All its
// methods are called by its one owner, so nothing here is locked.
type loop struct {
	run     *run
	streams []*stream
	tally   *Tally
	spare   *Tally // the other of two that take turns
	spreads *spreadTable
	config  eventstream.Config
	// What events say of themselves: those of the run, or of an observed server.
	marks        *memo[marked]
	observations *memo[observation]

	// The stream whose bytes are being decoded, and when they came.
	stream *stream
	now    int64
	emit   func(eventstream.Event)
}

func newLoop(r *run) *loop {
	l := &loop{
		run:     r,
		tally:   newTally(len(r.plan.Cohorts)),
		spare:   newTally(len(r.plan.Cohorts)),
		spreads: newSpreadTable(len(r.plan.Topics)),
	}
	l.config.Findings = &l.tally.Findings
	if r.observer != nil {
		l.emit, l.observations = l.observed, newMemo(r.observer.observe)
	} else {
		l.emit, l.marks = l.event, newMemo(readMark)
	}
	return l
}

// marked is a stamp, if there was one.
type marked struct {
	stamp.Stamp
	ok bool
}

func readMark(data []byte) (m marked) {
	m.Stamp, m.ok = stamp.Find(data)
	return m
}

// swap hands over the Tally since the last swap. It stays untouched until the
// swap after the next.
func (l *loop) swap() *Tally {
	full := l.tally
	l.spreads.flush(full)
	l.tally, l.spare = l.spare, full
	l.tally.reset()
	l.config.Findings = &l.tally.Findings
	return full
}

// goOn has what is counted from here on belong to r, which goes on with some
// of the streams. What came since the end of the run before belongs to neither.
func (l *loop) goOn(r *run) {
	l.run = r
	l.swap()
	l.spreads = newSpreadTable(len(r.plan.Topics))
	l.streams = slices.DeleteFunc(l.streams, func(s *stream) bool {
		return s.index >= len(r.streams) || r.streams[s.index] != s
	})
	for _, s := range l.streams {
		r.place(s)
		l.tally.Streams.Opened++
	}
}

// adopt makes l the owner of s.
func (l *loop) adopt(s *stream) {
	s.decoder = eventstream.NewDecoder(&l.config)
	l.streams = append(l.streams, s)
}

// starting notes that an attempt to connect began.
func (l *loop) starting(s *stream, now int64) {
	s.started, s.waiting = now, true
}

// connected notes a good response head. From here on, every event whose
// publishing has not begun must arrive.
func (l *loop) connected(s *stream, now int64) {
	l.tally.Connect.record(time.Duration(now - s.started))
	s.state, s.attempts = open, 0
	l.run.opened()
	if s.opened {
		l.tally.Streams.Reconnected++
		l.flow(flow{back: 1})
		return
	}
	s.opened = true
	l.tally.Streams.Opened++
	for i := range s.lanes {
		if b := s.lanes[i].book; b != nil {
			s.lanes[i].receipt.required = b.end()
		}
	}
	l.answer(s)
}

// received takes in bytes of the body.
func (l *loop) received(s *stream, p []byte, now int64) {
	l.stream, l.now = s, now
	cohort := &l.tally.Cohorts[s.cohort].Events
	cohort.Bytes += int64(len(p))
	comments := l.tally.Findings.Comments
	s.decoder.Feed(p, l.emit)
	cohort.Comments += int64(l.tally.Findings.Comments - comments)
}

// event judges one event that the run published.
func (l *loop) event(e eventstream.Event) {
	s := l.stream
	l.firstEvent(s)
	cohort := &l.tally.Cohorts[s.cohort]
	mark := l.marks.of(e.Data)
	if !mark.ok || mark.Run != l.run.plan.Run {
		// An event of an earlier hold has been written off there.
		if !mark.ok || !slices.Contains(l.run.earlier, mark.Run) {
			cohort.Events.Foreign++
		}
		return
	}
	lane := s.lane(mark.Topic)
	if lane == nil || mark.Seq >= lane.book.end() {
		cohort.Events.Foreign++
		return
	}
	what, missing := lane.receipt.add(lane.book, mark.Seq, mark.Sent)
	cohort.Events.missing += missing
	switch what {
	case duplicate:
		cohort.Events.Duplicated++
		return
	case filling:
		if lane.book.acknowledgedBefore(mark.Seq, lane.receipt.lastSent) {
			cohort.Events.Reordered++
		}
	}
	if s.decoder.EventHasID() && s.ids.repeats(e.LastEventID) {
		l.tally.Odd.note(e.LastEventID)
	}
	cohort.Events.Received++
	latency := time.Duration(l.now - mark.Due)
	if latency > l.run.plan.Scenario.LateAfter {
		cohort.Events.Late++
	}
	if mark.Due >= l.run.measureFrom.Load() {
		cohort.Fanout.record(latency)
		l.tally.Service.record(time.Duration(l.now - mark.Sent))
		l.tally.Order.record(s.tenth, latency)
		l.spreads.note(eventKey{mark.Topic, mark.Seq}, mark.Due, l.now, l.tally)
	}
}

// observed judges one event that the server made by itself. What it says of its
// own events is all there is: without a number there is no ledger (what arrives
// was expected), without a time no latency.
func (l *loop) observed(e eventstream.Event) {
	s := l.stream
	l.firstEvent(s)
	cohort := &l.tally.Cohorts[s.cohort]
	seen := l.observations.of(e.Data)
	if l.run.observer.sequence != nil {
		if !seen.numbered {
			cohort.Events.Foreign++
			return
		}
		seq := seen.seq
		r := &s.lanes[0].receipt
		if r.latest == (span{}) {
			r.required = seq
		}
		what, missing := r.add(nil, seq, 0)
		cohort.Events.missing += missing
		switch what {
		case duplicate:
			cohort.Events.Duplicated++
			return
		case filling:
			cohort.Events.Reordered++
		}
		if s.decoder.EventHasID() && s.ids.repeats(e.LastEventID) {
			l.tally.Odd.note(e.LastEventID)
		}
	} else {
		cohort.Events.Expected++
	}
	cohort.Events.Received++
	if !seen.timed {
		return
	}
	latency := time.Duration(l.now - seen.sent)
	if latency > l.run.plan.Scenario.LateAfter {
		cohort.Events.Late++
	}
	if seen.sent >= l.run.measureFrom.Load() {
		cohort.Fanout.record(latency)
		l.tally.Service.record(latency)
		l.tally.Order.record(s.tenth, latency)
	}
}

func (l *loop) firstEvent(s *stream) {
	if s.waiting {
		s.waiting = false
		l.tally.FirstEvent.record(time.Duration(l.now - s.started))
	}
}

// lane finds what s receives of a topic; nil when it has not subscribed to it.
func (s *stream) lane(topic uint32) *lane {
	for i := range s.lanes {
		if s.lanes[i].topic == topic {
			return &s.lanes[i]
		}
	}
	return nil
}

// ended notes that the connection of s has ended, or that an attempt found
// none, and says how to go on. cut is set when the generator ended it.
func (l *loop) ended(s *stream, why Failure, cut bool) resumption {
	wasOpen := s.state == open
	if cut {
		l.forsake(s)
	}
	if wasOpen && why == FailureProtocol {
		l.tally.Odd.Misframed++
	}
	l.leave(s, connecting)
	if wasOpen {
		l.flow(flow{lost: 1})
	}
	switch {
	case cut:
		l.tally.Streams.Cut++
	case wasOpen:
		l.tally.Streams.Dropped++
		l.tally.Failures[why]++
	default:
		l.tally.Failures[why]++
		l.answer(s)
	}
	next := resumption{string(s.decoder.LastEventID()), s.reconnection(&l.run.plan.Scenario.Streams.Reconnect)}
	if !wasOpen {
		s.attempts++
	}
	return next
}

// gaveUp notes that s will not connect again: a status or a type after which
// EventSource fails the connection (WHATWG HTML 9.2.2).
func (l *loop) gaveUp(s *stream, why Failure) {
	l.leave(s, failed)
	l.tally.Streams.Failed++
	l.tally.Failures[why]++
	l.answer(s)
}

// finished notes that the server has ended s for good, with 204.
func (l *loop) finished(s *stream) {
	l.leave(s, finished)
	l.tally.Streams.Finished++
	l.answer(s)
}

// closed notes that s was closed as planned.
func (l *loop) closed(s *stream) {
	l.forsake(s)
	l.leave(s, closed)
}

// forsake tells the decoder that the generator ends the connection: what it has
// of an event was not cut by the target.
func (l *loop) forsake(s *stream) {
	if s.state == open {
		before := l.tally.Findings.CutEvents
		s.decoder.End()
		l.tally.Findings.CutEvents = before
	}
}

func (l *loop) leave(s *stream, to state) {
	if s.state == open {
		s.decoder.End()
		l.run.closed()
	}
	s.state = to
	if to != closed && to != finished {
		return
	}
	for i := range s.lanes {
		if b := s.lanes[i].book; b != nil {
			s.lanes[i].receipt.close(b)
		}
	}
}

func (l *loop) answer(s *stream) {
	if !s.answered {
		s.answered = true
		l.run.answered()
	}
}

// complete reports whether every stream has been answered, and all that can
// still receive have what was acknowledged.
func (l *loop) complete() bool {
	for _, s := range l.streams {
		if s.state == connecting && !s.answered {
			return false
		}
		if s.state != open && !(s.state == connecting && s.opened) {
			continue
		}
		for i := range s.lanes {
			if b := s.lanes[i].book; b != nil {
				expected, received := s.lanes[i].receipt.settle(b, b.end())
				if received < expected {
					return false
				}
			}
		}
	}
	return true
}

// unattempted counts the streams that have never begun to connect.
func (l *loop) unattempted() (n int64) {
	for _, s := range l.streams {
		if s.started == 0 {
			n++
		}
	}
	return n
}

// settle closes the ledger. It returns how many events the receipts hold, which
// must be what was counted one by one.
func (l *loop) settle() (received int64) {
	for _, s := range l.streams {
		events := &l.tally.Cohorts[s.cohort].Events
		if s.state == connecting && !s.opened {
			l.tally.Streams.Failed++
			l.tally.Failures[FailureUnanswered]++
		}
		if !s.opened {
			continue
		}
		for i := range s.lanes {
			r := &s.lanes[i].receipt
			b := s.lanes[i].book
			end := r.latest.end
			switch {
			case b == nil:
			case s.state == closed || s.state == finished:
				end = r.until
			default:
				end = b.end()
			}
			expected, got := r.settle(b, end)
			events.Expected += int64(expected)
			events.Lost += int64(expected - got)
			received += int64(got)
		}
	}
	return received
}
