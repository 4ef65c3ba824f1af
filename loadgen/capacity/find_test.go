package capacity

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ssegauge/ssegauge/loadgen"
)

// within demands a knee that is off by at most 5 %.
func within(t *testing.T, r *Result, limit float64) {
	t.Helper()
	if r.Verdict != loadgen.Pass || math.Abs(r.Knee.Load-limit) > max(1, 0.05*limit) || r.Knee.Load > limit || r.Knee.High <= limit {
		t.Errorf("verdict %s, knee %v to %v; want a pass, and the limit %v: %q", r.Verdict, r.Knee.Load, r.Knee.High, limit, r.Reasons)
	}
}

// A target that takes 37 streams and no more has a capacity of 37.
func TestFindStreams(t *testing.T) {
	t.Parallel()
	k := (&knownTarget{streams: 37}).start(t)
	var asked []int // for streams, in each step
	r := find(t, k.scenario(t), Options{Repeats: 2, Held: func(Step, *loadgen.Report) error {
		k.mu.Lock()
		defer k.mu.Unlock()
		asked, k.requests = append(asked, k.requests), 0
		return nil
	}})
	within(t, r, 37)
	if r.Knee.Load != 37 || r.Knee.High != 38 || r.Knee.Confidence != 0.5 {
		t.Errorf("knee %+v, want 37 to 38 with a confidence of 0.5", r.Knee)
	}
	broke := []string{"every stream opens"}
	if got := objectives(r.Broke); !slices.Equal(got, broke) || r.Broke[0].Load != 38 || *r.Broke[0].Observed != 37 {
		t.Errorf("broke %+v, want %q at 38, of which 37 opened", r.Broke, broke)
	}
	if len(r.BoundBy) == 0 || r.BoundBy[0].What != BoundByTarget || r.BoundBy[0].Evidence != "it refuses: 1 × status 503" {
		t.Errorf("bound by %+v, want the target's own limit", r.BoundBy)
	}
	if want := "37 streams at 20 events/s of 100 bytes within fanout.p50 < 1h; beyond that, not every stream opens; the target itself refuses more"; r.Sentence != want {
		t.Errorf("sentence %q, want %q", r.Sentence, want)
	}
	if want := []float64{4, 8, 16, 32, 64, 48, 40, 36, 38, 37, 37, 37, 38, 38}; !slices.Equal(loads(r), want) {
		t.Errorf("steps at %v, want %v", loads(r), want)
	}
	// What is open stays so. Which of the streams are refused is the server's
	// choice; these are not asked for again unless they are in the next step.
	if want := []int{4, 4, 8, 16, 32}; !slices.Equal(asked[:len(want)], want) {
		t.Errorf("%d streams were asked for, want %d", asked, want)
	}
	for _, p := range r.Curve {
		if events := int64(min(p.Load, 37)) * 4 * int64(p.Met+p.Missed); p.Fanout.Count != events || p.FanoutLast.Count != int64(4*(p.Met+p.Missed)) {
			t.Errorf("%v streams: %d latencies and %d last ones in %d steps, want %d and %d", p.Load, p.Fanout.Count, p.FanoutLast.Count, p.Met+p.Missed, events, 4*(p.Met+p.Missed))
		}
	}
}

func loads(r *Result) (all []float64) {
	for _, s := range r.Steps {
		all = append(all, s.Load)
	}
	return all
}

func objectives(broke []Breach) (names []string) {
	for _, b := range broke {
		names = append(names, b.Objective)
	}
	return names
}

// A target whose latency doubles beyond 57 events/s has a capacity of 57.
func TestFindRate(t *testing.T) {
	t.Parallel()
	k := (&knownTarget{rate: 57, delay: 400 * time.Millisecond}).start(t)
	r := find(t, k.scenario(t, "thresholds=fanout.p50 < 700ms", "duration=100ms"), Options{Grow: Rate, Repeats: 1, Precision: 0.04})
	within(t, r, 57)
	if got := objectives(r.Broke); !slices.Equal(got, []string{"fanout.p50 < 700ms"}) || *r.Broke[0].Observed < 0.8 {
		t.Errorf("broke %+v, want the latency with at least 0.8 s", r.Broke)
	}
	for _, p := range r.Curve {
		if least := map[bool]float64{true: 0.8, false: 0.4}[p.Load > 57]; p.Fanout.P50 < least {
			t.Errorf("p50 %v s at %v events/s, want at least %v", p.Fanout.P50, p.Load, least)
		}
	}
}

// A target that takes events up to a size has that capacity.
func TestFindSize(t *testing.T) {
	t.Parallel()
	k := (&knownTarget{bytes: 3000}).start(t)
	r := find(t, k.scenario(t, "duration=50ms"), Options{Grow: Size, From: 500, Repeats: 1})
	within(t, r, 3000)
	if got := objectives(r.Broke); !slices.Equal(got, []string{"fanout.p50 < 1h", "every event is taken"}) || r.Broke[0].Observed != nil {
		t.Errorf("broke %q, want that every event is taken, and so that there is no latency", got)
	}
}

func TestFindEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		target   *knownTarget
		set      []string
		options  Options
		verdict  Verdict
		knee     Knee
		sentence string
	}{
		{
			"not even the smallest load", &knownTarget{streams: 3}, nil, Options{Repeats: 1},
			loadgen.Fail, Knee{High: 4, Repeats: 1},
			"not even 4 streams at 20 events/s of 100 bytes within fanout.p50 < 1h: not every stream opens; the target itself refuses more",
		},
		{
			"the largest load", &knownTarget{}, nil, Options{Repeats: 1, To: 6},
			loadgen.Pass, Knee{Load: 6, Confidence: 0.5, Repeats: 1, Largest: true},
			"at least 6 streams at 20 events/s of 100 bytes within fanout.p50 < 1h; no larger load was to be tried",
		},
		{
			"a generator that may not use a processor", &knownTarget{}, []string{"limits.cpu_share=1e-9", "duration=1s"}, Options{Repeats: 1},
			loadgen.Invalid, Knee{Repeats: 1},
			"nothing can be said of the target: the generator could not drive the smallest load, 4 streams at 20 events/s of 100 bytes",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := find(t, c.target.start(t).scenario(t, c.set...), c.options)
			if r.Verdict != c.verdict || r.Knee != c.knee || r.Sentence != c.sentence {
				t.Errorf("verdict %s, knee %+v, %q\nwant %s, %+v, %q", r.Verdict, r.Knee, r.Sentence, c.verdict, c.knee, c.sentence)
			}
		})
	}
}

// What a search has found is kept when it is interrupted.
func TestFindInterrupted(t *testing.T) {
	t.Parallel()
	k := (&knownTarget{}).start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := Find(ctx, k.scenario(t, "duration=50ms"), Options{Held: func(s Step, _ *loadgen.Report) error {
		if s.Number == 3 {
			cancel()
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Interrupted || r.Knee.Load != 16 || r.Knee.High != 0 || r.Knee.Confidence != 0 || r.Knee.Largest || len(r.Steps) != 3 {
		t.Errorf("interrupted %v, knee %+v, %d steps; want 16 streams after 3 steps", r.Interrupted, r.Knee, len(r.Steps))
	}
	if !slices.Contains(r.Reasons, "interrupted after 3 steps") || !strings.HasPrefix(r.Sentence, "at least 16 streams") {
		t.Errorf("reasons %q, sentence %q", r.Reasons, r.Sentence)
	}
}

// A target that goes away under load has missed the objective; one that was
// never there is an error.
func TestFindUnreachable(t *testing.T) {
	t.Parallel()
	k := (&knownTarget{}).start(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	if _, err := Find(t.Context(), k.scenario(t, "target.url="+gone.URL), Options{}); !errors.Is(err, loadgen.ErrUnreachable) {
		t.Errorf("error %v, want ErrUnreachable", err)
	}
}

func TestFindSavesWhatItLoads(t *testing.T) {
	t.Parallel()
	k := (&knownTarget{streams: 5}).start(t)
	r := find(t, k.scenario(t, "duration=50ms"), Options{Repeats: 1})
	folder := filepath.Join(t.TempDir(), "new")
	if err := r.Save(folder); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(folder, loadgen.PageFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder, filepath.Join(folder, ResultFile)} {
		again, err := LoadResult(path)
		if err != nil {
			t.Fatal(err)
		}
		var before, after strings.Builder
		if err := errors.Join(r.WriteText(&before, false), again.WriteText(&after, false)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before.String(), after.String()); diff != "" {
			t.Errorf("text (-saved +loaded):\n%s", diff)
		}
		if diff := cmp.Diff(string(page), pageOf(t, again)); diff != "" {
			t.Errorf("page (-saved +loaded):\n%s", diff)
		}
	}
}

func TestFindComplains(t *testing.T) {
	t.Parallel()
	k := &knownTarget{url: "http://127.0.0.1:1"}
	for _, c := range []struct {
		name    string
		change  func(*loadgen.Scenario)
		options Options
		want    string
	}{
		{"no objective", func(s *loadgen.Scenario) { s.Thresholds = nil }, Options{}, "the scenario has no thresholds"},
		{"stages of streams", func(s *loadgen.Scenario) { s.Streams.Stages = []loadgen.CountStage{{Count: 1}} }, Options{}, "the scenario cannot have stages"},
		{"stages of the rate", func(s *loadgen.Scenario) { s.Publish.Stages = []loadgen.RateStage{{Rate: 1}} }, Options{}, "the scenario cannot have stages"},
		{"a drill", func(s *loadgen.Scenario) { s.Drill = &loadgen.Drill{By: loadgen.DrillCut} }, Options{}, "the scenario cannot have a drill"},
		{"what grows", nil, Options{Grow: "speed"}, `"speed" cannot grow`},
		{"a rate that is the server's", func(s *loadgen.Scenario) { s.Publish.Via = loadgen.ViaNone }, Options{Grow: Rate}, "the rate cannot grow: the server publishes by itself"},
		{"a precision below 0", nil, Options{Precision: -1}, "the precision is a share between 0 and 1, not -1"},
		{"no repeats", nil, Options{Repeats: -1}, "-1 repeats: expected at least 1"},
		{"a load below 0", nil, Options{From: -4}, "the smallest load of -4 streams is too small"},
		{"the largest below the smallest", nil, Options{From: 10, To: 9}, "the largest load of 9 streams is below the smallest, 10"},
		{"more bytes than an event may have", nil, Options{Grow: Size, To: 1e9}, "more than this scenario may have: 1.6777216e+07"},
		{"more streams than a foreign host may get", func(s *loadgen.Scenario) { s.Target.URL = "http://192.0.2.1/" }, Options{To: 1001}, "more than this scenario may have: 1000"},
		{"a process that is none", func(s *loadgen.Scenario) { s.Target.Watch.PID = 999999999 }, Options{}, "target.watch: process 999999999: no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := k.scenario(t)
			if c.change != nil {
				c.change(s)
			}
			if _, err := Find(t.Context(), s, c.options); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
