package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/ssegauge/ssegauge/loadgen"
)

// A sight is what is to be seen of a page. The script that makes it is in the
// test: the page itself has none.
type sight struct {
	Charts []seenChart
	// Text that leaves its figure, or lies over other text of it.
	Clipped, Covered []string
	Verdict, Reason  string
	// The lowest edge of the verdict and its reasons, in CSS pixels.
	VerdictBottom float64
	// How much wider than the window the page is.
	Overflow float64
	// The least contrast of text of the figures with the page.
	Contrast       float64
	DarkBackground bool
}

type seenChart struct {
	Title  string
	Shapes int // lines, bars and markers that have an extent
}

const seeScript = `(() => {
  const box = e => e.getBoundingClientRect();
  const visible = e => getComputedStyle(e).display !== "none" && box(e).width > 0 && box(e).height > 0;
  const paint = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = c => { paint.clearRect(0, 0, 1, 1); paint.fillStyle = c; paint.fillRect(0, 0, 1, 1); return paint.getImageData(0, 0, 1, 1).data };
  const luminance = c => [0.2126, 0.7152, 0.0722].reduce((sum, w, i) => { const v = rgb(c)[i] / 255; return sum + w * (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4) }, 0);
  const probe = document.createElement("i"); probe.style.color = "Canvas"; document.body.append(probe);
  const background = luminance(getComputedStyle(probe).color); probe.remove();
  const seen = {Charts: [], Clipped: [], Covered: [], Contrast: 21, DarkBackground: background < 0.5};
  for (const svg of document.querySelectorAll("figure.chart svg")) {
    if (!visible(svg)) continue;
    const shapes = [...svg.querySelectorAll(".line, .bar, .dot")].filter(e => box(e).width > 0 || box(e).height > 0);
    seen.Charts.push({Title: svg.querySelector("title").textContent, Shapes: shapes.length});
    const outer = box(svg), texts = [...svg.querySelectorAll("text")];
    texts.forEach((t, i) => {
      const b = box(t), name = svg.id + t.textContent;
      if (b.left < outer.left - 1 || b.right > outer.right + 1 || b.top < outer.top - 1 || b.bottom > outer.bottom + 1) seen.Clipped.push(name);
      for (const other of texts.slice(i + 1)) {
        const o = box(other), width = Math.min(b.right, o.right) - Math.max(b.left, o.left), height = Math.min(b.bottom, o.bottom) - Math.max(b.top, o.top);
        if (width > 2 && height > 4) seen.Covered.push(name + " / " + other.textContent);
      }
      const l = luminance(getComputedStyle(t).fill);
      seen.Contrast = Math.min(seen.Contrast, (Math.max(l, background) + 0.05) / (Math.min(l, background) + 0.05));
    });
  }
  const verdict = document.querySelector(".verdict");
  seen.Verdict = verdict.querySelector("h1").textContent.trim().split(/\s+/)[0];
  seen.Reason = [...verdict.querySelectorAll("li")].map(e => e.textContent).join("; ");
  seen.VerdictBottom = box(verdict).bottom;
  seen.Overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  return seen;
})()`

// A page is what a verb has written, and what is to be seen of it.
type page struct {
	name    string
	file    string
	verdict string   // the first word of its heading
	reason  string   // what the verdict's list says
	titles  []string // of the charts
}

// The pages of real runs show all their charts, in light and dark, wide, narrow
// and on paper; they complain of nothing, and ask nobody for anything.
func TestPagesInABrowser(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	for _, p := range []page{runPage(t), capacityPage(t), comparisonPage(t)} {
		b.inspect(p)
	}
}

func runPage(t *testing.T) page {
	out := t.TempDir()
	got := ssegauge(t, append([]string{"load", quickstart, "--quiet", "--out", out}, append(small, "--set", "duration=3s", "--set", "thresholds=fanout.p50 < 1ns")...)...)
	if got.code != exitNo {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	return page{"report", filepath.Join(out, loadgen.PageFile), "FAIL", readSummary(t, out).Reasons[0], []string{
		"Fan-out latency by percentile", "Fan-out latency over time", "From an event's first receiver to its last, by percentile of events",
		"Mean fan-out latency, by the order in which streams opened", "Deliveries per second", "Publishes per second", "Streams open",
		"Connect and first event by percentile", "Lag of the generator, 99th percentile",
		"Share of time in which the generator's process did not run", "Processor time of the generator", "Memory of the generator",
	}}
}

func capacityPage(t *testing.T) page {
	out, _ := capacityOf23(t)
	return page{"capacity", filepath.Join(out, loadgen.PageFile), "PASS", strings.Join(readCapacity(t, out).Reasons, "; "), []string{
		"Fan-out latency against load", "The search, step by step",
		"Memory of the target, against the most streams so far", "Processor time of the target, against load",
	}}
}

func comparisonPage(t *testing.T) page {
	baseline, candidate := savedRun(t), savedRun(t)
	file := filepath.Join(t.TempDir(), "comparison.html")
	got := ssegauge(t, "report", baseline, candidate, "--html", file, "--fail-if", "events.received > 0")
	if got.code != exitNo {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	reason := fmt.Sprintf("✗ failed events.received > 0: observed %d", readSummary(t, candidate).Events.Received)
	return page{"comparison", file, "FAIL", reason, []string{"Fan-out latency by percentile"}}
}

// inspect looks at a page in every way in which it may be looked at.
func (b *browser) inspect(p page) {
	b.t.Helper()
	t := b.t
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(p.file))))
	defer server.Close()
	url := server.URL + "/" + filepath.Base(p.file)
	requests, complaints := b.seen()
	asked, complained := len(requests), len(complaints)
	for _, look := range []struct {
		name          string
		width, height int64
		scheme, media string
	}{
		{"light", 1280, 800, "light", "screen"},
		{"dark", 1280, 800, "dark", "screen"},
		{"narrow", 390, 844, "light", "screen"},
		{"narrow-dark", 390, 844, "dark", "screen"},
		{"paper", 794, 1123, "dark", "print"},
	} {
		b.look(look.width, look.height, look.scheme, look.media)
		b.do(chromedp.Navigate(url))
		seen := ask(b, chromedp.Evaluate[sight](seeScript))
		name := p.name + ", " + look.name
		var shown []string
		for _, c := range seen.Charts {
			shown = append(shown, c.Title)
			if c.Shapes == 0 {
				t.Errorf("%s: the chart %q is empty", name, c.Title)
			}
		}
		if diff := cmp.Diff(p.titles, shown); diff != "" {
			t.Errorf("%s: charts (-want +got):\n%s", name, diff)
		}
		if len(seen.Clipped) > 0 || len(seen.Covered) > 0 {
			t.Errorf("%s: clipped text %q, text over text %q", name, seen.Clipped, seen.Covered)
		}
		if seen.Verdict != p.verdict || seen.Reason != p.reason || seen.VerdictBottom > float64(look.height) {
			t.Errorf("%s: verdict %s, reason %q, down to %v; want %s, %q, on the first screen", name, seen.Verdict, seen.Reason, seen.VerdictBottom, p.verdict, p.reason)
		}
		if seen.Overflow > 0 {
			t.Errorf("%s: the page is %v pixels too wide", name, seen.Overflow)
		}
		if dark := look.scheme == "dark" && look.media == "screen"; seen.DarkBackground != dark {
			t.Errorf("%s: dark is %v, want %v", name, seen.DarkBackground, dark)
		}
		if seen.Contrast < 4.5 {
			t.Errorf("%s: text has a contrast of %.1f with the page, want 4.5", name, seen.Contrast)
		}
		b.photograph(p.name + "-" + look.name)
	}
	requests, complaints = b.seen()
	requests, complaints = requests[asked:], complaints[complained:]
	for _, r := range requests {
		if r != url && r != "data:," {
			t.Errorf("%s: the page asked for %s", p.name, r)
		}
	}
	if len(requests) < 5 || len(complaints) > 0 {
		t.Errorf("%s: %d requests seen, complaints %q", p.name, len(requests), complaints)
	}
}
