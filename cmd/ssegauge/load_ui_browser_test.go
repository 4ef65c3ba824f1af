package main

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/live"
)

// await waits until an expression of JavaScript is true.
func (b *browser) await(expression string) {
	b.t.Helper()
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(50 * time.Millisecond) {
		if ask(b, chromedp.Evaluate[bool](expression)) {
			return
		}
	}
	b.t.Fatalf("it does not become true that %s; the page has %q", expression, ask(b, chromedp.Evaluate[string]("document.body.innerText")))
}

const (
	liveConnection = `document.querySelector("#connection").textContent === "live"`
	liveCharts     = `document.querySelector("h1").textContent.startsWith("RUNNING") && document.querySelectorAll("figure.chart").length >= 8`
	liveLine       = `document.querySelector("#received path.line").getAttribute("d")`
)

// The live page moves while the run goes on, also after a reload, and has the
// verdict when the run and its server have gone.
func TestLivePageInABrowser(t *testing.T) {
	b := newBrowser(t)
	b.look(1280, 800, "light", "screen")
	load := start(t, append([]string{"load", quickstart, "--ui", ":0"}, append(small, "--set", "duration=1h")...)...)
	url := load.message(t, `live page: (http://127\.0\.0\.1:\d+/)\n`)
	b.do(chromedp.Navigate(url))
	for range 2 {
		b.await(liveConnection + " && " + liveCharts)
		line := ask(b, chromedp.Evaluate[string](liveLine))
		b.await(liveLine + ` !== "` + line + `"`)
		seen := ask(b, chromedp.Evaluate[sight](seeScript))
		for _, title := range []string{"Fan-out latency by percentile", "Fan-out latency over time", "Deliveries per second", "Streams open"} {
			if !slices.ContainsFunc(seen.Charts, func(c seenChart) bool { return c.Title == title && c.Shapes > 0 }) {
				t.Errorf("no chart %q in %v", title, seen.Charts)
			}
		}
		if seen.Verdict != "RUNNING" || seen.Overflow > 0 || len(seen.Clipped) > 0 {
			t.Errorf("%s, %v pixels too wide, clipped %v", seen.Verdict, seen.Overflow, seen.Clipped)
		}
		b.photograph("live")
		b.do(chromedp.Reload())
	}
	b.await(liveConnection)
	load.stop()
	if code := load.wait(t); code != exitInterrupted {
		t.Fatalf("exit code %d, want %d\n%s", code, exitInterrupted, load.said())
	}
	b.await(`document.querySelector("#connection").textContent === "the run is over"`)
	if seen := ask(b, chromedp.Evaluate[sight](seeScript)); seen.Verdict != "PASS" || !strings.HasPrefix(seen.Reason, "interrupted after") {
		t.Errorf("verdict %s, reason %q; want PASS, interrupted", seen.Verdict, seen.Reason)
	}
	if title := ask(b, chromedp.Evaluate[string]("document.title")); title != "PASS quickstart – ssegauge" {
		t.Errorf("title %q", title)
	}
	b.photograph("live-over")
	requests, complaints := b.seen()
	for _, r := range requests {
		if !strings.HasPrefix(r, url) && r != "data:," {
			t.Errorf("the page asked for %s", r)
		}
	}
	if len(complaints) > 0 {
		t.Errorf("complaints %q", complaints)
	}
}

// A page whose server is gone says so, and follows the next run at its address.
func TestLivePageIsLostAndFound(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	address := "127.0.0.1:0"
	for _, scenario := range []string{"first", "second"} {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		p, err := live.New(listener, scenario)
		if err != nil {
			t.Fatal(err)
		}
		if address == "127.0.0.1:0" {
			address = listener.Addr().String()
			b.do(chromedp.Navigate("http://" + address))
		}
		b.await(liveConnection + ` && document.querySelector("h1 span").textContent === "` + scenario + `"`)
		p.Close()
		b.await(`document.querySelector("#connection.lost") !== null`)
	}
}
