package loadgen

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// second is the stretch of a run's i-th second.
func second(i int) *stretch {
	fanout := newLatency()
	fanout.record(time.Duration(i+1) * time.Millisecond)
	s := &stretch{
		start: time.Duration(i) * time.Second, end: time.Duration(i+1) * time.Second,
		streams: IntervalStreams{Open: int64(i), Opened: 2, Dropped: 1},
		events:  IntervalEvents{Published: 10, Received: 12},
		cpu:     time.Second, capacity: 2 * time.Second, hiccup: time.Millisecond, rss: int64(1000 + i),
	}
	s.latencies[2] = fanout.sparse()
	return s
}

// However long a run is, its series is short, and loses nothing.
func TestSeriesIsBounded(t *testing.T) {
	for _, seconds := range []int{0, 1, seriesLength, seriesLength + 1, 3*seriesLength + 3} {
		s := newSeries()
		for i := range seconds {
			s.add(second(i))
		}
		all := s.intervals()
		if len(all) > seriesLength || (seconds > 0 && seconds <= seriesLength && len(all) != seconds) || (seconds > seriesLength && len(all) <= seriesLength/2-1) {
			t.Errorf("%d seconds have %d intervals", seconds, len(all))
		}
		var received, published, opened, samples int64
		at, hiccup := 0.0, 0.0
		for i, interval := range all {
			if interval.Start != at {
				t.Fatalf("%d seconds: interval %d begins at %v, the one before ends at %v", seconds, i, interval.Start, at)
			}
			if i < len(all)-2 && interval.Seconds() != all[0].Seconds() {
				t.Errorf("%d seconds: interval %d has %v s, the first %v s", seconds, i, interval.Seconds(), all[0].Seconds())
			}
			at = interval.End
			received, published, opened = received+interval.Events.Received, published+interval.Events.Published, opened+interval.Streams.Opened
			samples += interval.Latency.Fanout.Count
			hiccup += interval.Generator.HiccupSeconds
			if interval.Generator.CPUFraction != 0.5 || interval.Streams.Open != int64(at)-1 || interval.Generator.RSSBytes != 999+int64(at) {
				t.Errorf("%d seconds: interval until %v has CPU %v, %d open, %d bytes", seconds, at, interval.Generator.CPUFraction, interval.Streams.Open, interval.Generator.RSSBytes)
			}
			if f := interval.Latency.Fanout; math.Round(1000*f.Min) != interval.Start+1 || math.Round(1000*f.Max) != interval.End {
				t.Errorf("%d seconds: latencies from %v to %v in the interval from %v to %v", seconds, f.Min, f.Max, interval.Start, interval.End)
			}
		}
		n := int64(seconds)
		if at != float64(seconds) || received != 12*n || published != 10*n || opened != 2*n || samples != n {
			t.Errorf("%d seconds: until %v, %d received, %d published, %d opened, %d samples", seconds, at, received, published, opened, samples)
		}
		if diff := hiccup - 0.001*float64(seconds); diff > 1e-9 || diff < -1e-9 {
			t.Errorf("%d seconds: %v s of hiccups", seconds, hiccup)
		}
	}
}

func TestSeriesJoinsAShortEnd(t *testing.T) {
	s := newSeries()
	last := second(1)
	last.end = last.start + 400*time.Millisecond
	s.add(second(0))
	s.add(last)
	if all := s.intervals(); len(all) != 1 || all[0].End != 1.4 || all[0].Events.Received != 24 {
		t.Errorf("intervals %+v, want one of 1.4 s", all)
	}
	if all := s.intervals(); len(all) != 1 || all[0].Events.Received != 24 {
		t.Errorf("asked again, the series has %+v", all)
	}
}

func TestSparseLatency(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	a, b := newLatency(), newLatency()
	for range 1000 {
		a.record(time.Duration(random.ExpFloat64() * float64(time.Millisecond)))
		b.record(time.Duration(random.ExpFloat64() * float64(time.Second)))
	}
	wide := latencyOf(spreadDurations([]uint32{1, 2, 3, 7, 11, 1 << 20, 1 << 30, 33, 32, 31, 30}))
	for _, l := range []*Latency{a, b, wide, latencyOf([]time.Duration{0, time.Hour}), newLatency()} {
		if diff := cmp.Diff(l.Summary(), l.sparse().summary()); diff != "" {
			t.Errorf("sparse latency (-want +got):\n%s", diff)
		}
	}
	got := a.sparse().plus(b.sparse()).summary()
	a.Add(b)
	if diff := cmp.Diff(a.Summary(), got); diff != "" {
		t.Errorf("sum of sparse latencies (-want +got):\n%s", diff)
	}
}

func TestCurve(t *testing.T) {
	l := newLatency()
	if l.Curve() != nil {
		t.Error("a curve without a sample")
	}
	for i := range 1000 {
		l.record(time.Duration(i+1) * time.Millisecond)
	}
	c := l.Curve()
	if first, last := c[0], c[len(c)-1]; first[0] != 0 || last != [2]float64{1, 1} || len(c) > 100 {
		t.Errorf("%d points from %v to %v, want some from 0 to 1, 1 s", len(c), first, last)
	}
	for i, point := range c {
		if i > 0 && (point[0] <= c[i-1][0] || point[1] < c[i-1][1]) {
			t.Errorf("point %v follows %v", point, c[i-1])
		}
		if want := point[0]; i > 0 && (point[1] < want-0.002 || point[1] > want+0.01) {
			t.Errorf("the share %v is at %v s", point[0], point[1])
		}
	}
}

// The series of a run adds up to its report.
func TestSeriesOfARun(t *testing.T) {
	l := newLiar(t, lies{endAfter: 20, double: 10})
	var seen []Interval
	var phases []Phase
	r, err := Run(t.Context(), l.plan(t, TransportPortable, nil), Options{Interval: 50 * time.Millisecond, Progress: func(p Progress) {
		if p.Interval != nil {
			seen = append(seen, *p.Interval)
		} else {
			phases = append(phases, p.Phase)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	sum := func(of []Interval) (streams IntervalStreams, events IntervalEvents, fanout int64) {
		for _, i := range of {
			s, e := i.Streams, i.Events
			streams = IntervalStreams{s.Open, streams.Opened + s.Opened, streams.Failed + s.Failed, streams.Dropped + s.Dropped, streams.Cut + s.Cut, streams.Reconnected + s.Reconnected}
			events = IntervalEvents{events.Published + e.Published, events.Refused + e.Refused, events.Unsent + e.Unsent, events.Received + e.Received, events.Duplicated + e.Duplicated, events.Late + e.Late, events.Bytes + e.Bytes}
			fanout += i.Latency.Fanout.Count
		}
		return streams, events, fanout
	}
	streams, events, fanout := sum(r.Series)
	s, e := r.Streams, r.Events
	if want := (IntervalEvents{e.Published, e.Refused, e.Unsent, e.Received, e.Duplicated, e.Late, e.Bytes}); events != want || fanout != r.Latency.Fanout.Count {
		t.Errorf("events of the series %+v and %d latencies, of the report %+v and %d", events, fanout, want, r.Latency.Fanout.Count)
	}
	if want := (IntervalStreams{streams.Open, s.Opened, s.Failed, s.Dropped, s.Cut, s.Reconnected}); streams != want {
		t.Errorf("streams of the series %+v, of the report %+v", streams, want)
	}
	alsoStreams, alsoEvents, alsoFanout := sum(seen)
	if alsoStreams != streams || alsoEvents != events || alsoFanout != fanout {
		t.Errorf("progress told of %+v, %+v and %d latencies, the series has %+v, %+v and %d", alsoStreams, alsoEvents, alsoFanout, streams, events, fanout)
	}
	// A busy machine lets ticks go by.
	if len(r.Series) < 2 {
		t.Errorf("%d intervals, want several", len(r.Series))
	}
	var names []Phase
	for i, p := range r.Phases {
		names = append(names, p.Phase)
		if i > 0 && p.Start < r.Phases[i-1].Start {
			t.Errorf("phases %+v", r.Phases)
		}
	}
	if diff := cmp.Diff([]Phase{Opening, Running, Draining}, names); diff != "" || !cmp.Equal(names, phases) {
		t.Errorf("phases (-want +got):\n%s; progress told of %v", diff, phases)
	}
	if diff := cmp.Diff([]string{"connect", "fanout", "fanout_last", "fanout_spread", "first_event", "publish_lag", "service"}, curveNames(r), cmpopts.SortSlices(func(a, b string) bool { return a < b })); diff != "" {
		t.Errorf("curves (-want +got):\n%s", diff)
	}
}

func curveNames(r *Report) (names []string) {
	for name := range r.Curves {
		if name != "receive_lag" {
			names = append(names, name)
		}
	}
	return names
}
