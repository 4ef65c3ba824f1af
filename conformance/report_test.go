package conformance

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ssegauge/ssegauge/internal/markdown"
)

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// sample is a report with one result of each outcome.
func sample() *Report {
	c, _ := Find("data.multiline.lf")
	failed := c.judge(framed(put(c.ID, "a\nb"), "data: a\n<b>\x01\n\n"))
	r := &Report{
		SchemaVersion: 1, Target: "http://a/<x>", Ruleset: "2026.11",
		Started: time.Date(2026, 11, 1, 2, 3, 4, 0, time.UTC), DurationSeconds: 1.25,
	}
	one := func(id string, o Outcome, observed string) Result {
		c, err := Find(id)
		if err != nil {
			panic(err)
		}
		result := c.result()
		result.Outcome, result.Observed = o, observed
		return result
	}
	untested := one("http.overload", NotTested, "the target file does not say how")
	untested.Enable = "add stream_limit to the target file"
	r.Checks = []Result{
		one("http.status.ok", Pass, ""), one("http.no-transform", Warn, "neither is there"), untested,
		one("stream.bom.start", Told, "1 stream"), one("stream.utf8.valid", Error, "the judgement panicked: oh"), failed,
	}
	return r
}

func write(t *testing.T, f func(*bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSettle(t *testing.T) {
	r := sample()
	r.settle(nil, false)
	if diff := cmp.Diff(Counts{Pass: 1, Fail: 1, Warn: 1, Info: 1, NotTested: 1, Error: 1}, r.Counts); diff != "" {
		t.Error(diff)
	}
	if r.Verdict != Fail || len(r.Reasons) != 1 || !strings.HasPrefix(r.Reasons[0], "data.multiline.lf: ") {
		t.Errorf("verdict %s, reasons %q", r.Verdict, r.Reasons)
	}
	accepted := sample()
	accepted.settle(Baseline{"data.multiline.lf"}, false)
	if accepted.Verdict != Pass || accepted.Counts.Accepted != 1 || accepted.Counts.Fail != 1 {
		t.Errorf("with a baseline: verdict %s, %s", accepted.Verdict, accepted.Counts)
	}
	strict := sample()
	strict.settle(Baseline{"data.multiline.lf"}, true)
	if strict.Verdict != Fail {
		t.Errorf("strict: verdict %s", strict.Verdict)
	}
	stale := sample()
	stale.settle(Baseline{"data.multiline.lf", "http.status.ok", "http.overload"}, false)
	if stale.Verdict != Fail || !cmp.Equal(stale.Stale, []string{"http.status.ok"}) {
		t.Errorf("stale: verdict %s, %v; what is not tested is not stale", stale.Verdict, stale.Stale)
	}
}

func TestWriteText(t *testing.T) {
	r := sample()
	r.settle(nil, false)
	got := write(t, func(b *bytes.Buffer) error { return WriteText(b, r, false) })
	for _, want := range []string{
		"http://a/<x>  (ruleset 2026.11)\n\nhttp\n  pass       http.status.ok",
		"\nErrors of ssegauge itself\n\nerror stream.utf8.valid  MUST",
		"\nFailures\n\nfail data.multiline.lf  MUST, WHATWG HTML 9.2.6\n  requires  Data with a line feed",
		"  observed  1 event: \"a\"\n  expected  one event: \"a\\nb\"\n",
		"  evidence  stream, body, byte 0, at 0.100 s\n            data: m1\\n\\ndata: a\\n<b>\\x01\\n\\ndata: m2\\n\\n\n",
		"\nWarnings\n\nwarn http.no-transform  SHOULD",
		"\nNot tested\n  add stream_limit to the target file\n    http.overload\n",
		"\nFAIL  1 passed, 1 failed, 1 warned, 1 info, 1 not tested, 1 error, in 1.2 s\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the text lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "\x1b") {
		t.Error("escape sequences without colour")
	}
	if coloured := write(t, func(b *bytes.Buffer) error { return WriteText(b, r, true) }); !strings.Contains(coloured, "\x1b[31mfail") {
		t.Error("no colour")
	}
}

func TestWriteJSON(t *testing.T) {
	r := sample()
	r.settle(nil, false)
	var got struct {
		SchemaVersion int `json:"schema_version"`
		Target        string
		Verdict       string
		Counts        map[string]int
		Checks        []map[string]any
	}
	if err := json.Unmarshal([]byte(write(t, func(b *bytes.Buffer) error { return WriteJSON(b, r) })), &got); err != nil {
		t.Fatal(err)
	}
	if got.SchemaVersion != 1 || got.Verdict != "fail" || got.Counts["not_tested"] != 1 || len(got.Checks) != 6 {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{"id", "level", "outcome", "branch", "clause", "require", "observed", "expected", "evidence", "why", "fix", "duration_seconds"} {
		if _, ok := got.Checks[0][name]; !ok {
			t.Errorf("a check has no %s", name)
		}
	}
}

func TestWriteJUnit(t *testing.T) {
	r := sample()
	r.settle(Baseline{"http.status.ok"}, false)
	text := write(t, func(b *bytes.Buffer) error { return WriteJUnit(b, r) })
	var got struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
		Suites   []struct {
			Cases []struct {
				Name    string `xml:"name,attr"`
				Failure *struct {
					Text string `xml:",chardata"`
				} `xml:"failure"`
				Error  *struct{} `xml:"error"`
				Output string    `xml:"system-out"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if got.Tests != 7 || got.Failures != 2 || got.Errors != 1 || got.Skipped != 1 || len(got.Suites) != 4 {
		t.Errorf("tests %d, failures %d, errors %d, skipped %d, suites %d", got.Tests, got.Failures, got.Errors, got.Skipped, len(got.Suites))
	}
	failed := got.Suites[2].Cases[0]
	if failed.Name != "data.multiline.lf" || failed.Failure == nil || !strings.Contains(failed.Failure.Text, `<b>\x01`) || failed.Error != nil {
		t.Errorf("case %+v", failed)
	}
	if warned := got.Suites[0].Cases[1]; warned.Failure != nil || warned.Output == "" {
		t.Errorf("a warning: %+v", warned)
	}
}

func TestWriteSARIF(t *testing.T) {
	r := sample()
	r.settle(Baseline{"http.no-transform"}, false)
	var got sarifLog
	if err := json.Unmarshal([]byte(write(t, func(b *bytes.Buffer) error { return WriteSARIF(b, r) })), &got); err != nil {
		t.Fatal(err)
	}
	run := got.Runs[0]
	if got.Version != "2.1.0" || len(run.Tool.Driver.Rules) != 6 || len(run.Results) != 3 {
		t.Fatalf("version %s, %d rules, %d results", got.Version, len(run.Tool.Driver.Rules), len(run.Results))
	}
	for i, want := range []string{"warning", "error", "error"} {
		result := run.Results[i]
		if result.Level != want || run.Tool.Driver.Rules[result.RuleIndex].ID != result.RuleID || len(result.Suppressions) > 0 != (i == 0) {
			t.Errorf("result %d: %+v", i, result)
		}
	}
}

func TestWriteMarkdown(t *testing.T) {
	r := sample()
	r.settle(nil, false)
	got := write(t, func(b *bytes.Buffer) error { return WriteMarkdown(b, r) })
	for _, want := range []string{"## FAIL: http://a/&lt;x&gt;\n", "| fail | `data.multiline.lf` | MUST |", "- add stream\\_limit to the target file: http.overload"} {
		if !strings.Contains(got, want) {
			t.Errorf("the Markdown lacks %q:\n%s", want, got)
		}
	}
	for range 2000 {
		c := r.Checks[5]
		c.Observed = "```` <script> |" + strings.Repeat("é", 400)
		r.Checks = append(r.Checks, c)
	}
	got = write(t, func(b *bytes.Buffer) error { return WriteMarkdown(b, r) })
	if len(got) > markdown.Most || !strings.Contains(got, "The details of ") || !strings.HasSuffix(got, "</details>\n") {
		t.Errorf("%d bytes, ending with %q", len(got), got[len(got)-80:])
	}
	if strings.Count(got, "<details>") != strings.Count(got, "</details>") {
		t.Error("a block is left open")
	}
}

func TestWriteHTML(t *testing.T) {
	a, b := sample(), sample()
	a.settle(nil, false)
	b.settle(nil, false)
	b.Target, b.Checks = "other", b.Checks[:1]
	got := write(t, func(w *bytes.Buffer) error { return WriteHTML(w, a, b) })
	for _, bad := range []string{"<b>", "<x>", "src=", "href=", "<script"} {
		if strings.Contains(got, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for want, n := range map[string]int{"&lt;b&gt;": 1, ">http.status.ok</th>": 1, "<td>–</td>": 5, `class="fail"`: 3, "<details>": 7} {
		if got := strings.Count(got, want); got != n {
			t.Errorf("%q is there %d times, want %d", want, got, n)
		}
	}
}

func TestEvidence(t *testing.T) {
	c := body("data: ", "a\r\n\x00\xff", "é\\\u2028\n")
	got := c.bodyEvidence(6, 8)
	want := Evidence{
		Connection: "stream", Part: "body", At: ms(100),
		Text:    `data: ∥a\r\n\x00\xff∥é\\\u{2028}\n`,
		Borders: []Border{{6, ms(200)}, {11, ms(300)}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	long := body(strings.Repeat("x", 5000)).bodyEvidence(2000, 4900)
	if long.Offset != 2000-evidenceMargin || len(long.Text) != evidenceBytes {
		t.Errorf("offset %d, %d bytes", long.Offset, len(long.Text))
	}
	if e := body("x").bodyEvidence(500, 600); e.Text != "x" {
		t.Errorf("beyond the end: %q", e.Text)
	}
}
