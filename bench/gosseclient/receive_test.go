package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/tmaxmax/go-sse"
)

func TestResultCountsLossPerStream(t *testing.T) {
	r := &receiver{streams: make([]stream, 3)}
	r.window.Store(&window{100, 200})
	for i, events := range [][][2]int64{
		{{90, 1}, {110, 2}, {120, 3}, {130, 4}, {210, 5}}, // all three of the window
		{{110, 2}, {130, 4}, {130, 4}},                    // 3 is lost, 4 repeated
		{},                                                // nothing at all
	} {
		receive := r.receive(&r.streams[i])
		for _, e := range events {
			receive(sse.Event{Data: fmt.Sprintf(`{"t":%d,"n":%d}`, e[0], e[1])})
		}
	}
	r.streams[2].closed.Store(true)
	got := r.result(time.Second)
	if got.Expected != 9 || got.Events != 5 || got.Lost != 4 || got.Repeated != 1 || got.Closed != 1 {
		t.Errorf("got %+v, want 9 expected, 5 events, 4 lost, 1 repeated, 1 closed", got)
	}
}

func TestLatency(t *testing.T) {
	var l latency
	for i := 1; i <= 100; i++ {
		l.add(time.Duration(i) * time.Millisecond)
	}
	for q, want := range map[float64]float64{0.5: 51, 0.99: 100, 1: 100} {
		if got := l.ms(q); got < want || got > want+0.01 {
			t.Errorf("share %v: %v ms, want %v", q, got, want)
		}
	}
}
