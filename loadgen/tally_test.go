package loadgen

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ssegauge/ssegauge/internal/eventstream"
)

// distinct sets every integer field of the struct behind p, whatever its
// embedding, to a number of its own. It reaches unexported fields of this
// package by name, which reflection cannot set.
func distinct(p any, from int64) {
	v := reflect.ValueOf(p).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.CanSet() && f.CanInt() {
			f.SetInt(from + int64(i))
		}
	}
}

// checkCounts demands that add sums every field of a struct of counts, that
// the table which thresholds use names every exported field by its JSON name,
// once, and that the name reads that field.
func checkCounts[T any](t *testing.T, add func(a, b *T), names []string, of func(i int, c *T) int64) {
	t.Helper()
	var a, b T
	distinct(&a, 1)
	distinct(&b, 1000)
	sum := a
	add(&sum, &b)
	named := map[string]int{}
	for i, name := range names {
		if _, twice := named[name]; twice {
			t.Errorf("%T: the name %s is given twice", a, name)
		}
		named[name] = i
	}
	kind := reflect.TypeFor[T]()
	for i := range kind.NumField() {
		field := kind.Field(i)
		if field.Type.Kind() != reflect.Int64 {
			t.Errorf("%T.%s is no int64", a, field.Name)
		}
		if !field.IsExported() {
			continue
		}
		want := reflect.ValueOf(a).Field(i).Int() + reflect.ValueOf(b).Field(i).Int()
		if got := reflect.ValueOf(sum).Field(i).Int(); got != want {
			t.Errorf("%T.add leaves %s at %d, want %d", a, field.Name, got, want)
		}
		name := field.Tag.Get("json")
		at, ok := named[name]
		if !ok {
			t.Errorf("%T: no threshold can be about %s (%q)", a, field.Name, name)
			continue
		}
		if got := of(at, &sum); got != want {
			t.Errorf("%T: a threshold about %s reads %d, want %d", a, name, got, want)
		}
		delete(named, name)
	}
	for name := range named {
		t.Errorf("%T: a threshold can be about %s, which is no field", a, name)
	}
}

func TestEveryCountIsSummedAndNamed(t *testing.T) {
	var names []string
	for _, c := range streamCounts {
		names = append(names, c.name)
	}
	checkCounts(t, (*StreamCounts).add, names, func(i int, c *StreamCounts) int64 { return streamCounts[i].of(c) })
	names = nil
	for _, c := range publishCounts {
		names = append(names, c.name)
	}
	checkCounts(t, (*PublishCounts).add, names, func(i int, c *PublishCounts) int64 { return publishCounts[i].of(c) })
	names = nil
	for _, c := range deliveryCounts {
		names = append(names, c.name)
	}
	checkCounts(t, (*DeliveryCounts).add, names, func(i int, c *DeliveryCounts) int64 { return deliveryCounts[i].of(c) })

	sum := DeliveryCounts{missing: 3}
	sum.add(&DeliveryCounts{missing: -2})
	if sum.missing != 1 {
		t.Errorf("3 missing and 2 fewer make %d, want 1", sum.missing)
	}
}

// Every latency of a report is a metric with every statistic, and the other way
// round.
func TestEveryLatencyIsNamed(t *testing.T) {
	kind := reflect.TypeFor[Latencies]()
	var want []string
	for i := range kind.NumField() {
		want = append(want, kind.Field(i).Tag.Get("json"))
	}
	if diff := cmp.Diff(want, latencyNames); diff != "" {
		t.Errorf("names of latencies (-fields +names):\n%s", diff)
	}
	kind = reflect.TypeFor[Summary]()
	want = nil
	for i := range kind.NumField() {
		want = append(want, kind.Field(i).Tag.Get("json"))
	}
	var got []string
	for _, s := range statistics {
		got = append(got, s.name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names of statistics (-fields +names):\n%s", diff)
	}
	var l Latencies
	for i, named := range l.named() {
		named.of.Count = int64(i + 1)
	}
	for i := range reflect.TypeFor[Latencies]().NumField() {
		if s := reflect.ValueOf(l).Field(i).Interface().(Summary); s.Count != int64(i+1) {
			t.Errorf("the name %s stands for another field", latencyNames[i])
		}
	}
}

// randomTally is a Tally with something in every part.
func randomTally(seed uint64) *Tally {
	random := rand.New(rand.NewPCG(seed, 0))
	t := newTally(2)
	distinct(&t.Streams, random.Int64N(100))
	distinct(&t.Publishes, random.Int64N(100))
	latencies := []*Latency{t.Connect, t.FirstEvent, t.PublishLag, t.ReceiveLag, t.Service}
	for i := range t.Cohorts {
		distinct(&t.Cohorts[i].Events, random.Int64N(100))
		t.Cohorts[i].Events.missing = random.Int64N(10)
		latencies = append(latencies, t.Cohorts[i].Fanout)
	}
	for _, l := range latencies {
		for range random.IntN(5) {
			l.record(time.Duration(random.Int64N(int64(2*time.Hour))) - 1000)
		}
	}
	t.Order.record(uint8(random.IntN(tenths)), time.Duration(random.Int64N(100)))
	t.Findings = eventstream.Findings{Bytes: random.Uint64N(9), Comments: random.Uint64N(9), CutEvents: random.Uint64N(9)}
	t.Odd = OddCounts{random.Uint64N(9), random.Uint64N(9), random.Uint64N(9)}
	for range random.IntN(4) {
		t.Failures[[]Failure{FailureReset, FailureEnded, "status 500"}[random.IntN(3)]]++
		t.spreads = append(t.spreads, spread{eventKey{0, random.Uint64N(4)}, 1, 2, random.Int64N(100)})
	}
	return t
}

var sameTally = cmp.Options{
	cmp.AllowUnexported(Tally{}, DeliveryCounts{}, spread{}, eventKey{}, latencySum{}),
	cmp.Transformer("state", stateOf),
	cmpopts.EquateEmpty(),
	cmpopts.SortSlices(func(a, b spread) bool {
		if a.event.seq != b.event.seq {
			return a.event.seq < b.event.seq
		}
		return a.last < b.last
	}),
}

func TestTallyAddIsASum(t *testing.T) {
	sum := func(seeds ...uint64) *Tally {
		total := newTally(2)
		for _, seed := range seeds {
			total.Add(randomTally(seed))
		}
		return total
	}
	law := func(a, b, c uint64) bool {
		one := sum(a, b, c)
		grouped := randomTally(a)
		rest := randomTally(b)
		rest.Add(randomTally(c))
		grouped.Add(rest)
		return cmp.Equal(one, sum(c, a, b), sameTally) && cmp.Equal(one, grouped, sameTally)
	}
	if err := quick.Check(law, &quick.Config{MaxCount: 4}); err != nil {
		t.Error(err)
	}
}

func TestTallyReset(t *testing.T) {
	tally := randomTally(1)
	tally.Failures[FailureReset]++
	tally.spreads = append(tally.spreads, spread{})
	tally.reset()
	if diff := cmp.Diff(newTally(2), tally, sameTally); diff != "" {
		t.Errorf("after reset (-new +reset):\n%s", diff)
	}
}

// Failures never carry text of the other side: each is a short phrase.
func TestFailuresOfThisMachine(t *testing.T) {
	for kind, local := range map[Failure]bool{
		FailureDescriptors: true, FailurePorts: true,
		publishFailure + FailureDescriptors: true, publishFailure + FailurePorts: true,
		FailureRefused: false, publishFailure + FailureReset: false, failureStatus(500): false,
	} {
		if kind.local() != local {
			t.Errorf("%q: local is %v, want %v", kind, kind.local(), local)
		}
		if strings.Contains(string(kind), "http") {
			t.Errorf("%q names an address", kind)
		}
	}
}
