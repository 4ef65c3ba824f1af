package loadgen

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A drill that cuts has each stream of its waves lose its connection once, and
// nothing else.
func TestRunDrillCuts(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		for _, c := range []struct {
			name  string
			drill Drill
			cut   []string // requests of each stream
		}{
			{"all at once", Drill{By: DrillCut, After: 50 * time.Millisecond, Waves: 1, Share: 1}, slices.Repeat([]string{"2"}, 20)},
			{"a quarter twice", Drill{By: DrillCut, After: 50 * time.Millisecond, Waves: 2, Every: 200 * time.Millisecond, Share: 0.25}, append(slices.Repeat([]string{"2"}, 10), slices.Repeat([]string{"1"}, 10)...)},
		} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				l := newLiar(t, lies{})
				r := runPlan(t, l.plan(t, transport, nil, func(s *Scenario) { s.Drill = &c.drill }))
				want := honest()
				cuts := 0
				for i, requests := range c.cut {
					if got := l.attemptsOf()[strconv.Itoa(i)]; strconv.Itoa(got) != requests {
						t.Errorf("stream %d was asked for %d times, want %s", i, got, requests)
					}
					if requests == "2" {
						cuts++
					}
				}
				want.Cut, want.Reconnected = int64(cuts), int64(cuts)
				wantCounts(t, r, want)
				recovery := r.Recovery
				if recovery == nil || recovery.By != DrillCut || recovery.Cause != "the generator reset its own connections" || recovery.NotBack != 0 || recovery.EventsLost != 0 {
					t.Fatalf("recovery %+v", recovery)
				}
				var lost int64
				for _, w := range recovery.Waves {
					lost += w.Lost
					if w.Start < 0.05 || w.Back.All == nil || *w.Back.P50 > *w.Back.All || w.Accepts <= 0 {
						t.Errorf("wave %+v", w)
					}
				}
				if lost != int64(cuts) {
					t.Errorf("waves of %d connections, want %d", lost, cuts)
				}
			})
		}
	})
}

// What the target ends by itself shows as well, with those that do not come
// back.
func TestRunDrillOfTheTarget(t *testing.T) {
	eachTransport(t, func(t *testing.T, transport string) {
		l := newLiar(t, lies{endAfter: 10, answer: func(w http.ResponseWriter, r *http.Request, attempt int) bool {
			if attempt == 1 || r.URL.Query().Get("stream") != "7" {
				return false
			}
			w.WriteHeader(http.StatusForbidden)
			return true
		}})
		r := runPlan(t, l.plan(t, transport, []string{"publish.rate=20/s", "duration=600ms"}, func(s *Scenario) {
			s.Drill = &Drill{By: DrillTarget, Waves: 1, Share: 1}
		}, thresholds(t, "recovery.all < 1h")))
		// 12 events: each stream loses its connection after ten.
		if r.Streams.Dropped != 20 || r.Streams.Reconnected != 19 || r.Recovery.NotBack != 1 || r.Recovery.EventsLost != 2 {
			t.Errorf("%d dropped, %d reconnected, %+v; want 20, 19, one that is not back and its 2 events", r.Streams.Dropped, r.Streams.Reconnected, r.Recovery)
		}
		last := r.Recovery.Waves[len(r.Recovery.Waves)-1]
		if last.Back.All != nil || r.Thresholds[0].OK || r.Thresholds[0].Observed != nil {
			t.Errorf("all are back after %v, threshold %+v; want never", last.Back.All, r.Thresholds[0])
		}
	})
}

// A drill by a command or a restart does what it was told, in each wave.
func TestRunDrillHooks(t *testing.T) {
	t.Parallel()
	l := newLiar(t, lies{})
	waves := Drill{By: DrillRestart, Waves: 3, Every: 20 * time.Millisecond, Share: 1}
	restarts := 0
	run := func(d Drill, restart func(context.Context) error) *Report {
		t.Helper()
		plan := l.plan(t, TransportPortable, []string{"duration=200ms"}, func(s *Scenario) { s.Drill = &d })
		r, err := Run(t.Context(), plan, Options{Restart: restart})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	run(waves, func(context.Context) error { restarts++; return nil })
	if restarts != 3 {
		t.Errorf("%d restarts, want 3", restarts)
	}
	for name, restart := range map[string]func(context.Context) error{
		"wave 1 of the drill: nobody can restart the server": nil,
		"wave 1 of the drill: no such server":                func(context.Context) error { return errors.New("no such server") },
	} {
		if r := run(waves, restart); r.Verdict != Invalid || !slices.Contains(r.Reasons, name) {
			t.Errorf("verdict %s, reasons %q; want invalid, for %q", r.Verdict, r.Reasons, name)
		}
	}
	if runtime.GOOS == "windows" {
		t.Skip("the command is one of Unix")
	}
	file := filepath.Join(t.TempDir(), "waves")
	waves.By, waves.Command = DrillCommand, []string{"sh", "-c", "echo wave >> " + file}
	run(waves, nil)
	if text, err := os.ReadFile(file); err != nil || string(text) != strings.Repeat("wave\n", 3) {
		t.Errorf("the command left %q, %v; want three lines", text, err)
	}
	waves.Command = []string{"sh", "-c", "exit 3"}
	if r := run(waves, nil); r.Verdict != Invalid || !slices.Contains(r.Reasons, "wave 1 of the drill: sh: exit status 3") {
		t.Errorf("verdict %s, reasons %q", r.Verdict, r.Reasons)
	}
}

func TestDrillText(t *testing.T) {
	for want, d := range map[string]Drill{
		"reset the connections of 25 % of the streams 2s after publishing begins, and every 4s, 3 times in all": {By: DrillCut, Share: 0.25, After: 2 * time.Second, Waves: 3, Every: 4 * time.Second},
		"restart the embedded server 1s after publishing begins":                                                {By: DrillRestart, After: time.Second, Waves: 1},
		"run systemctl 0s after publishing begins":                                                              {By: DrillCommand, Command: []string{"systemctl", "restart"}, Waves: 1},
		"watch the target end connections by itself":                                                            {By: DrillTarget},
	} {
		if got := d.text(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestLoadChecksDrills(t *testing.T) {
	const rest = "\nname: x\ntarget: {url: 'http://127.0.0.1/'}\npublish: {url: 'http://127.0.0.1/'}\nstreams: {count: 1}\nduration: 10s\n"
	for drill, want := range map[string]string{
		"{by: cut, after: 5s}":                      "",
		"{by: command, command: [true], after: 5s}": "",
		"{by: target}":                              "",
		"{by: cut, waves: 4, every: 3s}":            "",
		"{by: cuts}":                                "did you mean cut?",
		"{}":                                        `unknown value ""`,
		"{by: restart}":                             "only the embedded server can be restarted",
		"{by: command}":                             "by: command has the command that is run",
		"{by: cut, command: [true]}":                "nothing else has one",
		"{by: cut, share: 1.5}":                     "expected a share above 0 and at most 1",
		"{by: cut, waves: 2}":                       "several waves need the time",
		"{by: cut, after: 10s}":                     "the last wave would come after 10s, when publishing is over",
		"{by: cut, waves: 4, every: 3s, after: 1000ms}": "the last wave would come after 10s",
		"{by: cut, after: -1s}":                         "a time cannot be negative",
	} {
		_, err := Load("x.yaml", []byte("drill: "+drill+rest), nil, nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", drill, err, want)
		}
	}
}
