package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/ssegauge/ssegauge/loadgen"
)

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// A progress shows how far a run is.
type progress interface {
	update(loadgen.Progress)
	close()
}

// newProgress shows bars on a terminal, and a line every few seconds elsewhere.
func newProgress(w io.Writer) progress {
	if isTerminal(w) {
		return &bars{container: mpb.New(mpb.WithOutput(w), mpb.WithWidth(24))}
	}
	return &lines{w: w}
}

// status is what both say of a run.
func status(p loadgen.Progress) string {
	text := fmt.Sprintf("%d/%d streams, %.0f events/s, p50 %s, p99 %s, %d missing",
		p.Open, p.Planned, p.EventsPerSecond, short(p.P50), short(p.P99), p.Missing)
	if p.Failed > 0 {
		text += fmt.Sprintf(", %d streams failed", p.Failed)
	}
	return text
}

func short(d time.Duration) time.Duration {
	if d > time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(10 * time.Microsecond)
}

// lineEvery is how often a run that nobody watches says how it goes.
const lineEvery = 5 * time.Second

type lines struct {
	w     io.Writer
	phase loadgen.Phase
	last  time.Time
}

func (l *lines) update(p loadgen.Progress) {
	if p.Phase == l.phase && time.Since(l.last) < lineEvery {
		return
	}
	l.phase, l.last = p.Phase, time.Now()
	fmt.Fprintf(l.w, "%-8s %4.0fs  %s\n", p.Phase, p.Elapsed.Seconds(), status(p))
}

func (l *lines) close() {}

// bars shows a bar for each phase: streams while they open, time after that.
type bars struct {
	container *mpb.Progress
	bar       *mpb.Bar
	phase     loadgen.Phase
	text      atomic.Pointer[string] // read by mpb's goroutine
}

func (b *bars) update(p loadgen.Progress) {
	text := status(p)
	b.text.Store(&text)
	if p.Phase != b.phase {
		b.finish()
		b.phase = p.Phase
		b.bar = b.container.New(1, mpb.BarStyle(),
			mpb.PrependDecorators(decor.Name(string(p.Phase), decor.WC{W: 9, C: decor.DindentRight})),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return *b.text.Load() })),
		)
	}
	done, of := int64(p.Elapsed), int64(p.Of)
	if p.Phase == loadgen.Opening {
		done, of = p.Open, p.Planned
	}
	b.bar.SetTotal(max(of, 1), false)
	b.bar.SetCurrent(min(done, max(of-1, 0)))
}

func (b *bars) finish() {
	if b.bar != nil {
		b.bar.SetTotal(-1, true)
	}
}

func (b *bars) close() {
	b.finish()
	b.container.Wait()
}
