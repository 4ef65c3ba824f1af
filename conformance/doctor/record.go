package doctor

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/internal/probeorigin"
)

// Options says how a path is probed. The zero value takes less than half a
// minute and holds at most twelve streams at once.
type Options struct {
	// Idle is how long silence, and a stream's life, are tried. Default 10 s.
	Idle time.Duration
	// Control is a URL of the probe origin around the path, for what the origin
	// saw. Giving it says that the probe origin is behind the target. Default:
	// the target's own URL, if the probe origin answers there.
	Control string
	// Headers are what the probe origin is to send with each stream, such as
	// X-Accel-Buffering. Default none.
	Headers []conformance.Field
	// Ramp is how many streams are opened at once to find a limit, at most 64.
	// Default 12. A negative one leaves that out.
	Ramp int
	// Bulk lets a client that does not read be sent 32 MB, to see who holds
	// them.
	Bulk bool
	// Listen is how long a foreign backend is listened to. Default 5 s.
	Listen time.Duration
	// Only, unless empty, names the only probes that are made beside the first.
	Only []string
	// Progress, unless nil, is called when a probe is over.
	Progress func(probe string)
}

const maxRamp = 64

func (o Options) withDefaults() Options {
	if o.Idle <= 0 {
		o.Idle = 10 * time.Second
	}
	if o.Ramp == 0 {
		o.Ramp = 12
	}
	if o.Listen <= 0 {
		o.Listen = 5 * time.Second
	}
	o.Ramp = min(o.Ramp, maxRamp)
	return o
}

// A Recording is what the probes of one path said and heard.
type Recording struct {
	URL string `json:"url"`
	// Began is when the transcripts' times begin.
	Began time.Time `json:"began"`
	// Ours tells that the probe origin is at the far end.
	Ours bool          `json:"ours"`
	Idle time.Duration `json:"idle_ns"`
	// Transcripts by probe.
	Transcripts map[string]*conformance.Transcript `json:"transcripts"`
	// Origin is what the origin saw, by nonce.
	Origin map[string]probeorigin.Report `json:"origin,omitempty"`
	// Skipped says why a probe was not made.
	Skipped map[string]string `json:"skipped,omitempty"`

	mu sync.Mutex
}

// Record probes one path. An error says that the target is not valid, or wraps
// conformance.ErrUnreachable. If ctx ends, so does the recording, with ctx's
// error.
func Record(ctx context.Context, target conformance.Target, o Options) (*Recording, error) {
	p, err := newPath(ctx, target, o)
	if err != nil {
		return nil, err
	}
	defer p.session.Close()
	p.detect(ctx)
	p.run(ctx)
	return p.rec, ctx.Err()
}

// RecordBoth probes a path and the direct way to the same backend at the same
// time. The probe origin, if it answers at the direct URL, is behind both.
func RecordBoth(ctx context.Context, target, direct conformance.Target, o Options) (path, around *Recording, err error) {
	p, err := newPath(ctx, target, o)
	if err != nil {
		return nil, nil, err
	}
	defer p.session.Close()
	d, err := newPath(ctx, direct, o)
	if err != nil {
		return nil, nil, err
	}
	defer d.session.Close()
	d.detect(ctx)
	if d.rec.Ours && o.Control == "" {
		p.o.Control = direct.URL
	}
	p.detect(ctx)
	var both sync.WaitGroup
	both.Go(func() { p.run(ctx) })
	both.Go(func() { d.run(ctx) })
	both.Wait()
	return p.rec, d.rec, ctx.Err()
}

// A path is a target while it is probed.
type path struct {
	target  conformance.Target
	session *conformance.Session
	o       Options
	rec     *Recording
}

func newPath(ctx context.Context, target conformance.Target, o Options) (*path, error) {
	session, err := conformance.NewSession(target)
	if err != nil {
		return nil, err
	}
	p := &path{target: target, session: session, o: o.withDefaults()}
	p.rec = &Recording{
		URL: target.URL, Began: session.Begun(), Idle: p.o.Idle,
		Transcripts: map[string]*conformance.Transcript{}, Origin: map[string]probeorigin.Report{}, Skipped: map[string]string{},
	}
	if err := session.Reach(ctx); err != nil {
		session.Close()
		return nil, err
	}
	return p, nil
}

// answerTime is how long is waited for a response that should come at once.
const answerTime = 5 * time.Second

// detect finds out whether the probe origin is behind the path.
func (p *path) detect(ctx context.Context) {
	if p.o.Control != "" {
		p.rec.Ours = true
		return
	}
	p.session.Converse(ctx, "detect", 2*answerTime, func(t *conformance.Talk) {
		_, p.rec.Ours = p.saw(t, t.Nonce())
	})
}

// saw asks the origin what it saw.
func (p *path) saw(t *conformance.Talk, nonce string) (probeorigin.Report, bool) {
	ask := conformance.Ask{
		Name: "control", Fields: []conformance.Field{{Name: "Accept", Value: "application/json"}},
		Query: map[string][]string{"control": {nonce}, "at": {t.Now().String()}},
		Limit: 1 << 20,
	}
	if p.o.Control != "" {
		ask.URL, ask.Protocol, ask.Anonymous, ask.Method = p.o.Control, "HTTP/1.1", true, "GET"
	}
	_, body := t.Fetch(ask, answerTime)
	var report probeorigin.Report
	ok := json.Unmarshal(body, &report) == nil && report.Nonce == nonce && report.Now != 0
	return report, ok
}

// run makes the probes: the first alone, then the ramp, whose outcome bounds how
// many streams the others may hold at once.
func (p *path) run(ctx context.Context) {
	slots := atOnce
	for _, probe := range probes {
		if !probe.first || !p.wanted(&probe) {
			continue
		}
		p.take(ctx, &probe)
	}
	if !p.streamed() {
		p.skip("a plain stream could not be opened")
		return
	}
	if newView(p.rec, nil).budget().limited {
		p.takeAgain(ctx, "ramp")
		if held := newView(p.rec, nil).places(); held.limited {
			slots = max(1, held.open-1)
		}
	}
	free := make(chan struct{}, slots)
	var running sync.WaitGroup
	for _, probe := range probes {
		if probe.first || !p.wanted(&probe) {
			continue
		}
		if probe.streams > slots {
			p.note(&probe, "the path does not carry so many streams at once")
			continue
		}
		for range probe.streams {
			free <- struct{}{}
		}
		running.Go(func() {
			p.take(ctx, &probe)
			for range probe.streams {
				<-free
			}
		})
	}
	running.Wait()
	p.lookAgain(ctx)
}

// lookAgain makes the probes once more on whose times a finding rests, now that
// nothing else goes on.
func (p *path) lookAgain(ctx context.Context) {
	v := newView(p.rec, nil)
	hidden := map[string]bool{}
	for i := range rows {
		if hidden[rows[i].ID] || rows[i].see(v) == nil {
			continue
		}
		for _, id := range rows[i].Hides {
			hidden[id] = true
		}
		for _, name := range rows[i].again {
			p.takeAgain(ctx, name)
		}
	}
}

// again is behind the name of a probe that was made a second time.
const again = " again"

// takeAgain makes a probe a second time, if that was not done.
func (p *path) takeAgain(ctx context.Context, name string) {
	for _, probe := range probes {
		if probe.name == name && p.rec.Transcripts[name] != nil && p.rec.Transcripts[name+again] == nil {
			probe.name += again
			p.take(ctx, &probe)
		}
	}
}

// atOnce is how many streams are held at once, once the ramp has shown that the
// path carries them.
const atOnce = 10

// streamed reports whether the plain probe found an event stream.
func (p *path) streamed() bool {
	return newView(p.rec, nil).flow("plain", "stream").isStream()
}

func (p *path) take(ctx context.Context, probe *probe) {
	if ctx.Err() != nil {
		return
	}
	t := p.session.Converse(ctx, probe.name, p.o.Idle*2+time.Minute, func(t *conformance.Talk) {
		probe.talk(&prober{path: p, talk: t, name: probe.name})
	})
	p.rec.mu.Lock()
	p.rec.Transcripts[probe.name] = t
	if p.o.Progress != nil {
		p.o.Progress(probe.name)
	}
	p.rec.mu.Unlock()
}

// note says why a probe is not made.
func (p *path) note(probe *probe, why string) {
	p.rec.mu.Lock()
	defer p.rec.mu.Unlock()
	p.rec.Skipped[probe.name] = why
}

// skip says why the probes are not made that have not been yet.
func (p *path) skip(why string) {
	for _, probe := range probes {
		if p.rec.Transcripts[probe.name] == nil && p.rec.Skipped[probe.name] == "" {
			p.note(&probe, why)
		}
	}
}
