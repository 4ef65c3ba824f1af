package doctor

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/internal/probeorigin"
)

// An arrival says when the event comes that is the k-th of a stream, whose first
// n bytes had been sent at a time since the request.
type arrival func(k, n int, sent time.Duration) time.Duration

func atOnceArrival(_, _ int, sent time.Duration) time.Duration { return sent + time.Millisecond }

// every passes events on at an interval.
func every(d time.Duration) arrival {
	return func(_, _ int, sent time.Duration) time.Duration { return sent.Truncate(d) + d }
}

// recorded is what a path would have recorded whose events come so.
func recorded(come arrival) *Recording {
	r := &Recording{
		URL: "http://path.example/events", Began: time.Unix(1_800_000_000, 0), Ours: true,
		Transcripts: map[string]*conformance.Transcript{}, Origin: map[string]probeorigin.Report{},
	}
	r.stream("hint", "stream", probeorigin.Spec{Count: events, Interval: interval}, atOnceArrival)
	r.stream("plain", "stream", probeorigin.Spec{Count: events, Interval: interval}, come)
	r.stream("sizes", "slow", probeorigin.Spec{Count: events, Interval: interval, Size: largeSize}, come)
	r.stream("sizes", "fast", probeorigin.Spec{Count: fastEvents, Interval: fastInterval, Size: largeSize}, come)
	return r
}

func (r *Recording) stream(probe, name string, s probeorigin.Spec, come arrival) {
	c := &conformance.Connection{
		Name: name, Method: "GET", URL: r.URL + "?" + s.Query().Encode(), Status: 200, Responded: time.Millisecond,
		Fields: []conformance.Field{{Name: "Content-Type", Value: "text/event-stream"}}, End: conformance.EndComplete,
	}
	n := 0
	for k := range s.Count {
		sent := time.Duration(k) * s.Interval
		stamp, _ := json.Marshal(probeorigin.Stamp{Request: "r", Seq: k, Sent: r.Began.Add(sent).UnixNano(), Pad: strings.Repeat("x", s.Size)})
		text := fmt.Sprintf("id: r.%d\ndata: %s\n\n", k, stamp)
		n += len(text)
		c.Chunks = append(c.Chunks, conformance.Chunk{At: max(come(k, n, sent), c.Ended), Data: conformance.Bytes(text)})
		c.Ended = c.Chunks[k].At
	}
	if r.Transcripts[probe] == nil {
		r.Transcripts[probe] = &conformance.Transcript{Exchange: probe}
	}
	r.Transcripts[probe].Connections = append(r.Transcripts[probe].Connections, c)
}

// What is judged of times, from literal ones.
func TestJudgeTimes(t *testing.T) {
	direct := recorded(atOnceArrival)
	end := time.Duration(events) * interval
	for _, c := range []struct {
		name string
		come arrival
		want string
	}{
		{"prompt", atOnceArrival, ""},
		{"held to the end", func(_, _ int, _ time.Duration) time.Duration { return end }, "D1"},
		{"each 200 ms", every(200 * time.Millisecond), "D3"},
		{"each 150 ms", every(150 * time.Millisecond), "D3"},
		{"each 300 ms", every(300 * time.Millisecond), "D3b"},
		{"each second", every(time.Second), "D3b"},
		{"each 20 ms, which nobody notices", every(20 * time.Millisecond), ""},
		{"late by 30 ms, as from far away", func(_, _ int, sent time.Duration) time.Duration { return sent + 30*time.Millisecond }, ""},
		{"late at random, as from a bad network", func(k, _ int, sent time.Duration) time.Duration {
			return sent + time.Duration(k*k*7919%311)*time.Millisecond
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			report := Judge(recorded(c.come), direct)
			got := ""
			for _, d := range report.Diagnoses {
				got += d.ID
			}
			if got != c.want {
				t.Errorf("%q, want %q: %+v", got, c.want, report.Diagnoses)
			}
		})
	}
}

// A sign that rests on times has to be in both looks.
func TestJudgeLooksTwice(t *testing.T) {
	direct := recorded(atOnceArrival)
	r := recorded(every(200 * time.Millisecond))
	second := recorded(atOnceArrival)
	for _, probe := range []string{"plain", "sizes"} {
		r.Transcripts[probe+again] = second.Transcripts[probe]
	}
	if report := Judge(r, direct); len(report.Diagnoses) > 0 || report.Verdict != Streams {
		t.Errorf("%s, %+v; want nothing, as the second look shows nothing", report.Verdict, report.Diagnoses)
	}
	second = recorded(every(200 * time.Millisecond))
	for _, probe := range []string{"plain", "sizes"} {
		r.Transcripts[probe+again] = second.Transcripts[probe]
	}
	if report := Judge(r, direct); len(report.Diagnoses) != 1 || report.Diagnoses[0].ID != "D3" || report.Diagnoses[0].Confidence != Certain {
		t.Errorf("%+v, want D3 alone", report.Diagnoses)
	}
}

// What the direct path shows too lies with the backend, and without a direct
// path the origin's own word is the control.
func TestJudgeControls(t *testing.T) {
	held := func(_, _ int, _ time.Duration) time.Duration { return events * interval }
	if d := Judge(recorded(held), recorded(held)).Diagnoses; len(d) != 1 || d[0].ID != "D22" || !strings.Contains(d[0].Evidence[0], "held back until it ends") {
		t.Errorf("%+v, want D22 alone, with what the direct path shows", d)
	}
	if d := Judge(recorded(held), nil).Diagnoses; len(d) != 1 || d[0].ID != "D1" || d[0].Confidence != Likely {
		t.Errorf("%+v, want D1, likely", d)
	}
}
