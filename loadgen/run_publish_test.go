package loadgen

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// A program that publishes what it reads, for a run via command.
func init() {
	programs["publish"] = func() {
		if len(os.Args) != 3 {
			os.Exit(2)
		}
		data := make([]byte, 1000)
		n, _ := os.Stdin.Read(data)
		body := strings.NewReader(`{"topic":` + jsonText(os.Args[2]) + `,"data":` + jsonText(string(data[:n])) + `}`)
		response, err := http.Post(os.Args[1], "application/json", body)
		if err != nil || response.StatusCode != http.StatusOK {
			os.Exit(1)
		}
	}
}

func TestRunViaCommand(t *testing.T) {
	if testing.Short() {
		t.Skip("starts programs")
	}
	t.Setenv(programVariable, "publish")
	l := newLiar(t, lies{refuse: 3})
	set := []string{"publish.rate=10/s", "duration=600ms"}
	r := runPlan(t, l.plan(t, TransportPortable, set, func(s *Scenario) {
		s.Publish.Via = ViaCommand
		s.Publish.Command = []string{os.Args[0], l.url + "/publish", "{topic}"}
	}))
	want := honest()
	want.Published, want.Refused = 4, 2
	want.Expected, want.Received = 4*runStreams, 4*runStreams
	want.Failures = map[Failure]uint64{"publish: command failed": 2}
	wantCounts(t, r, want)
}

// A server that emits by itself, and says when and in which order.
func TestRunViaNone(t *testing.T) {
	for _, c := range []struct {
		name    string
		lies    lies
		observe *Observe
		want    func(c *counts)
		timed   bool
	}{
		{"nothing said", lies{}, nil, func(*counts) {}, false},
		{"time", lies{}, &Observe{Time: "t", Unit: "ns"}, func(*counts) {}, true},
		{"time and sequence", lies{}, &Observe{Time: `/"t":(\d+)/`, Sequence: "n"}, func(*counts) {}, true},
		{"sequence, every 10th dropped", lies{drop: 10}, &Observe{Sequence: "n"}, func(c *counts) {
			c.Lost = 5 * runStreams
			c.Received -= c.Lost
		}, false},
		{"no sequence, every 10th dropped", lies{drop: 10}, &Observe{}, func(c *counts) {
			c.Received -= 5 * runStreams
			c.Expected = c.Received
		}, false},
		{"sequence, every 10th doubled", lies{double: 10}, &Observe{Sequence: "n"}, func(c *counts) { c.Duplicated = 5 * runStreams }, false},
		{"sequence, every 10th swapped", lies{swap: 10}, &Observe{Sequence: "n"}, func(c *counts) { c.Reordered = 5 * runStreams }, false},
		{"no sequence to be found", lies{}, &Observe{Sequence: "number"}, func(c *counts) {
			c.Foreign = runAll
			c.Expected, c.Received = 0, 0
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachTransport(t, func(t *testing.T, transport string) {
				l := newLiar(t, c.lies)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				plan := l.plan(t, transport, []string{"publish.via=none", "duration=1h"}, func(s *Scenario) { s.Publish.Observe = c.observe })
				emitted := false
				seen := int64(runAll)
				if c.lies.drop > 0 {
					seen -= 5 * runStreams
				}
				r, err := Run(ctx, plan, Options{Interval: 20 * time.Millisecond, Progress: func(p Progress) {
					switch {
					case p.Phase == Running && p.Elapsed > 0 && !emitted:
						emitted = true
						for n := range runEvents {
							l.emit("liar", fmt.Sprintf(`{"t":%d,"n":%d}`, time.Now().UnixNano(), 1000+n))
						}
					case p.Received >= seen, p.Elapsed > 2*time.Second:
						cancel()
					}
				}})
				if err != nil {
					t.Fatal(err)
				}
				checkReport(t, r)
				want := honest()
				want.Published = 0
				c.want(&want)
				wantCounts(t, r, want)
				timed := int64(0)
				if c.timed {
					timed = r.Events.Received
				}
				if r.Latency.Fanout.Count != timed {
					t.Errorf("%d latencies, want %d", r.Latency.Fanout.Count, timed)
				}
			})
		})
	}
}
