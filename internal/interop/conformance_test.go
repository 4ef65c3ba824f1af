package interop

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ssegauge/ssegauge/conformance"
)

// A backend is a server that nobody here wrote, or one behind a proxy, as the
// checker sees it.
type backend struct {
	name    string // of its baseline, and of its section in the findings
	version func(*testing.T) string
	// pinned tells that the version is one that this module chooses.
	pinned bool
	needs  []string // the programs it needs, as lacking knows them
	// always tells that it is checked whenever tests run; the others are with
	// INTEROP_ALL.
	always bool
	// unsteady lists checks whose outcome is not always the same here;
	// docs/conformance-findings.md says why.
	unsteady []string
	start    func(*testing.T) conformance.Target
}

var backends = []backend{
	{name: "go-sse", version: module("github.com/tmaxmax/go-sse"), pinned: true, start: goApplication("go-sse", "data", "event", "retry", "comment")},
	{name: "go-sse-default", version: module("github.com/tmaxmax/go-sse"), pinned: true, start: goApplication("go-sse-default", "data", "event", "retry", "comment")},
	{name: "r3labs", version: module("github.com/r3labs/sse/v2"), pinned: true, unsteady: []string{"slow.isolation.latency"}, start: finishingApplication("r3labs", "data", "event", "retry", "comment")},
	{name: "launchdarkly", version: module("github.com/launchdarkly/eventsource"), pinned: true, start: launchdarklyTarget},
	{name: "alexandrevicenzi", version: module("github.com/alexandrevicenzi/go-sse"), pinned: true, start: vicenziTarget},
	{name: "gin", version: module("github.com/gin-gonic/gin"), pinned: true, always: true, start: goApplication("gin", "data", "event", "id")},
	{name: "echo", version: module("github.com/labstack/echo/v5"), pinned: true, start: goApplication("echo", "data", "event", "id", "retry", "comment")},
	{name: "mercure", version: module("github.com/dunglas/mercure"), pinned: true, start: mercureTarget},
	{name: "nchan", version: nginxVersion, needs: []string{"nginx", "nchan"}, always: true, unsteady: []string{"resume.future-id"}, start: nchanTarget},
	{name: "express", version: npm("express"), pinned: true, always: true, needs: []string{"node", "npm"}, start: expressTarget},
	{name: "express-json", version: npm("express"), pinned: true, needs: []string{"node", "npm"}, start: expressJSONTarget},
	{name: "better-sse", version: npm("better-sse"), pinned: true, needs: []string{"node", "npm"}, start: betterSSETarget},
	{name: "better-sse-text", version: npm("better-sse"), pinned: true, needs: []string{"node", "npm"}, start: betterSSETextTarget},
	{name: "nginx-plain", version: nginxVersion, needs: []string{"nginx"}, start: func(t *testing.T) conformance.Target { return referenceBehind(t, plainProxy) }},
	{name: "nginx-streaming", version: nginxVersion, needs: []string{"nginx"}, start: func(t *testing.T) conformance.Target { return referenceBehind(t, streamingProxy) }},
}

// pace is how long the checker waits for these backends, which are on this
// machine. A second of the limits of silence is second; a backend that sends
// heartbeats is set to send them so much faster.
var pace = conformance.Pace{
	Heartbeat: 15 * second, Patience: 5 * time.Second, Quiet: 300 * time.Millisecond,
	Listen: 30 * second, Lifetime: 70 * second, Second: second,
}

const second = 40 * time.Millisecond

// atOnce is how many backends are checked at a time. Most of the time of a check
// is waiting.
const atOnce = 4

var update = flag.Bool("update", false, "write the baselines of testdata/conformance anew")

// TestConformance checks every backend and compares what is red with its
// baseline in testdata/conformance, which `ssegauge check --baseline` reads too.
// A check that judges otherwise, and a backend that behaves otherwise, make it
// fail.
//
// Three are checked whenever tests run, and all with INTEROP_ALL=1, which takes
// some minutes; INTEROP_BACKENDS names others, by commas. INTEROP_REPORTS names
// a folder for the reports and transcripts. -update writes the baselines anew.
func TestConformance(t *testing.T) {
	runs := chosenBackends()
	for _, r := range runs {
		if len(lacking(r.needs)) == 0 {
			r.target = r.start(t)
			r.target.Name = r.name + " " + r.version(t)
			r.target.Pace = pace
		}
	}
	slots := make(chan struct{}, atOnce)
	var running sync.WaitGroup
	for _, r := range runs {
		if r.target.URL == "" {
			continue
		}
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			r.check(t.Context())
		})
	}
	running.Wait()
	for _, r := range runs {
		t.Run(r.name, r.compare)
	}
	if folder := os.Getenv("INTEROP_REPORTS"); folder != "" {
		if err := saveReports(folder, runs); err != nil {
			t.Error(err)
		}
	}
}

// A checking is a backend while it is checked.
type checking struct {
	backend
	target conformance.Target
	report *conformance.Report
	err    error
}

func chosenBackends() []*checking {
	var list []*checking
	named := strings.FieldsFunc(os.Getenv("INTEROP_BACKENDS"), func(r rune) bool { return r == ',' })
	for _, b := range backends {
		if len(named) > 0 && !slices.Contains(named, b.name) || len(named) == 0 && !b.always && os.Getenv("INTEROP_ALL") == "" {
			continue
		}
		list = append(list, &checking{backend: b})
	}
	return list
}

func (r *checking) check(ctx context.Context) {
	options := conformance.Options{}
	if folder := os.Getenv("INTEROP_REPORTS"); folder != "" {
		options.Record = filepath.Join(folder, r.name, "transcripts")
	}
	r.report, r.err = conformance.Run(ctx, r.target, options)
}

// compare compares what is red with the baseline, but for what is unsteady.
func (r *checking) compare(t *testing.T) {
	for program, install := range lacking(r.needs) {
		missing(t, program, install)
	}
	if r.err != nil {
		t.Fatal(r.err)
	}
	for _, c := range r.report.Checks {
		if c.Outcome == conformance.Error {
			t.Errorf("%s: %s", c.ID, c.Observed)
		}
	}
	file := filepath.Join("testdata", "conformance", r.name+".txt")
	got := r.red()
	if *update {
		writeBaseline(t, file, r.target.Name, got)
		return
	}
	if diff := cmp.Diff(readBaseline(t, file), got); diff != "" {
		t.Errorf("what is red (-baseline +now):\n%s\n%s", diff, r.differing(t, file))
	}
	t.Logf("%s, in %.1f s", r.report.Counts, r.report.DurationSeconds)
}

// notCompared are checks whose outcome depends on how much the sockets of the
// machine hold, and how much free memory a process has.
var notCompared = []string{"slow.bounded"}

// steady reports whether the outcome of a check is always the same.
func (r *checking) steady(id string) bool {
	return !slices.Contains(r.unsteady, id) && !slices.Contains(notCompared, id)
}

// red are the IDs of the checks that are not met, in the order of the report.
func (r *checking) red() (ids []string) {
	for _, c := range r.report.Checks {
		if (c.Outcome == conformance.Fail || c.Outcome == conformance.Warn) && r.steady(c.ID) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// differing tells what was seen where the baseline says otherwise.
func (r *checking) differing(t *testing.T, file string) string {
	expected := readBaseline(t, file)
	var b strings.Builder
	for _, c := range r.report.Checks {
		isRed := c.Outcome == conformance.Fail || c.Outcome == conformance.Warn
		if isRed == slices.Contains(expected, c.ID) || !r.steady(c.ID) {
			continue
		}
		fmt.Fprintf(&b, "%s %s [%s] %s\n", c.Outcome, c.ID, c.Branch, c.Observed)
		for _, e := range c.Evidence {
			fmt.Fprintf(&b, "    %s, %s, byte %d: %s\n", e.Connection, e.Part, e.Offset, e.Text)
		}
	}
	return b.String()
}

func readBaseline(t *testing.T, file string) []string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := conformance.ReadBaseline(f)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return b
}

func writeBaseline(t *testing.T, file, target string, ids []string) {
	t.Helper()
	lines := slices.Insert(slices.Clone(ids), 0, "# What is red with "+target+"; see docs/conformance-findings.md.")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// saveReports writes a folder for each backend, all of them side by side as a
// page, and a summary of what is red.
func saveReports(folder string, runs []*checking) error {
	var reports []*conformance.Report
	var summary strings.Builder
	for _, r := range runs {
		if r.report == nil {
			continue
		}
		reports = append(reports, r.report)
		for name, write := range map[string]func(io.Writer, *conformance.Report) error{
			"report.json": conformance.WriteJSON,
			"report.md":   conformance.WriteMarkdown,
			"report.txt":  func(w io.Writer, r *conformance.Report) error { return conformance.WriteText(w, r, false) },
		} {
			if err := writeFile(filepath.Join(folder, r.name, name), func(w io.Writer) error { return write(w, r.report) }); err != nil {
				return err
			}
		}
		summarize(&summary, r.report)
	}
	err := writeFile(filepath.Join(folder, "summary.md"), func(w io.Writer) error {
		_, err := io.WriteString(w, summary.String())
		return err
	})
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(folder, "reports.html"), func(w io.Writer) error { return conformance.WriteHTML(w, reports...) })
}

// summarize writes what the findings need of a report: each check that is not
// met, with what was seen and the bytes.
func summarize(w io.Writer, report *conformance.Report) {
	fmt.Fprintf(w, "## %s\n\n%s, in %.1f s\n\n", report.Target, report.Counts, report.DurationSeconds)
	for _, c := range report.Checks {
		if c.Outcome != conformance.Fail && c.Outcome != conformance.Warn && c.Outcome != conformance.Error {
			continue
		}
		fmt.Fprintf(w, "- %s `%s`: %s", c.Outcome, c.ID, c.Observed)
		if c.Expected != "" {
			fmt.Fprintf(w, "; expected %s", c.Expected)
		}
		fmt.Fprintln(w)
		for _, e := range c.Evidence {
			fmt.Fprintf(w, "  - %s, %s, byte %d: `%s`\n", e.Connection, e.Part, e.Offset, e.Text)
		}
	}
	untested := map[string][]string{}
	var reasons []string
	for _, c := range report.Checks {
		if c.Outcome == conformance.NotTested && c.Enable == "" {
			if untested[c.Observed] == nil {
				reasons = append(reasons, c.Observed)
			}
			untested[c.Observed] = append(untested[c.Observed], c.ID)
		}
	}
	for _, reason := range reasons {
		fmt.Fprintf(w, "- not tested: %s: %s\n", reason, strings.Join(untested[reason], ", "))
	}
	fmt.Fprintln(w)
}

func writeFile(name string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := write(f); err != nil {
		return err
	}
	return f.Close()
}
