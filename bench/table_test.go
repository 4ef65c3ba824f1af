package main

import (
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		samples []float64
		want    float64
		ok      bool
	}{
		{nil, 0, false},
		{[]float64{3}, 3, true},
		{[]float64{9, 1, 5}, 5, true},
		{[]float64{4, 1, 2, 100}, 3, true},
	} {
		if got, ok := median(c.samples); got != c.want || ok != c.ok {
			t.Errorf("median of %v: %v, %v; want %v, %v", c.samples, got, ok, c.want, c.ok)
		}
	}
	unsorted := []float64{2, 1}
	median(unsorted)
	if unsorted[0] != 2 {
		t.Error("median sorted the samples themselves")
	}
}

func TestGrouped(t *testing.T) {
	for _, c := range []struct {
		value  float64
		digits int
		want   string
	}{
		{0, 0, "0"}, {999, 0, "999"}, {1000, 0, "1,000"}, {1234567.8, 1, "1,234,567.8"}, {-1500, 0, "-1,500"}, {-12.34, 2, "-12.34"},
	} {
		if got := grouped(c.value, c.digits); got != c.want {
			t.Errorf("%v with %d digits: %q, want %q", c.value, c.digits, got, c.want)
		}
	}
}

// example is a lab with two tables and nothing that runs.
func example() *lab {
	l := &lab{
		options:   &options{streams: 10_000, rounds: 3},
		senders:   table{title: "Senders", rows: []string{"ours", "other", "missing"}},
		receivers: table{title: "Receivers", rows: []string{"ours"}},
	}
	p99 := l.senders.figure(figure{title: "p99", unit: "ms", digits: 1, against: "other"})
	after := l.senders.figure(figure{title: "stalled", unit: "ms", digits: 1, over: p99})
	for _, sample := range []float64{30, 10, 20} {
		p99.add("ours", sample)
		p99.add("other", 2*sample)
		after.add("ours", 1.5*sample)
	}
	l.senders.note("missing: %s", "left out")
	l.senders.note("missing: %s", "left out")
	return l
}

func TestWriteText(t *testing.T) {
	var b strings.Builder
	if err := example().writeText(&b, []fact{{"kernel", "6.1"}}); err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(b.String(), "\n\n")
	want := "" +
		"Senders  p99, ms (÷ other)  stalled, ms (÷ without)\n" +
		"ours          20.0 (0.50×)             30.0 (1.50×)\n" +
		"other         40.0 (1.00×)                        –\n" +
		"missing                  –                        –\n" +
		"  missing: left out\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !strings.HasPrefix(b.String(), "kernel     6.1\nwork       10,000 streams") {
		t.Errorf("the facts are missing:\n%s", b.String())
	}
}

func TestWriteMarkdown(t *testing.T) {
	var b strings.Builder
	if err := example().writeMarkdown(&b, []fact{{"kernel", "6.1"}}); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"| Senders | p99, ms (÷ other) | stalled, ms (÷ without) |\n" +
		"|---|---:|---:|\n" +
		"| ours | 20.0 (0.50×) | 30.0 (1.50×) |\n" +
		"| other | 40.0 (1.00×) | – |\n" +
		"| missing | – | – |\n" +
		"\n- missing: left out\n"
	if !strings.HasSuffix(b.String(), want) || strings.Contains(b.String(), "Receivers") {
		t.Errorf("got\n%s\nwant at its end, and no table without figures,\n%s", b.String(), want)
	}
}

func TestParse(t *testing.T) {
	o, err := parse([]string{"-run", "latency,memory", "-seconds", "1.5", "-receive-rates", "1000,2000", "-memory", "10,20"})
	if err != nil {
		t.Fatal(err)
	}
	if len(o.parts) != 2 || o.measured != 1500*time.Millisecond || len(o.receiveRates) != 2 || o.receiveRates[1] != 2000 || o.few != 10 || o.many != 20 {
		t.Errorf("got %+v", o)
	}
	for _, wrong := range []string{"-run=speed", "-receive-rates=fast", "-receive-rates=-1", "-memory=20,10", "-memory=5", "-rounds=0", "-streams=3", "-seconds=0"} {
		if _, err := parse([]string{wrong}); err == nil {
			t.Errorf("%s was taken", wrong)
		}
	}
}
