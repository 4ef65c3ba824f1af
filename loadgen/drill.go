package loadgen

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// What ends the connections of a drill.
const (
	DrillCut     = "cut"
	DrillRestart = "restart"
	DrillCommand = "command"
	DrillTarget  = "target"
)

// A Drill disturbs streams while events are published. The report then has a
// Recovery.
type Drill struct {
	// By says what ends the connections. cut: the generator resets its own.
	// restart: the embedded server is stopped, and another one started at its
	// address, which has not kept the events. command: a program is run that
	// does something to the target. target: nothing is done, the target ends
	// them of its own accord.
	By string `yaml:"by"`
	// After is when the first wave comes, from the start of publishing.
	After time.Duration `yaml:"after"`
	// Waves is how many there are, and Every the time from one to the next.
	// Default one.
	Waves int           `yaml:"waves"`
	Every time.Duration `yaml:"every"`
	// Share is the part of the streams that a wave cuts: each wave others, as
	// long as there are any. Default 1: all of them.
	Share float64 `yaml:"share"`
	// Command is the program of a wave, and its arguments.
	Command []string `yaml:"command"`
}

// causes say in words what ended the connections.
var causes = map[string]string{
	DrillCut:     "the generator reset its own connections",
	DrillRestart: "the embedded server was restarted",
	DrillCommand: "a control command was run",
	DrillTarget:  "the target ended the connections by itself",
}

func (d *Drill) setDefaults() {
	setDefault(&d.Waves, 1)
	setDefault(&d.Share, 1)
}

// end is when the last wave comes, from the start of publishing.
func (d *Drill) end() time.Duration { return d.After + time.Duration(d.Waves-1)*d.Every }

func (c *checker) checkDrill(s *Scenario) {
	d := s.Drill
	if d == nil {
		return
	}
	c.oneOf(d.By, "drill.by", DrillCut, DrillRestart, DrillCommand, DrillTarget)
	c.must(d.By != DrillRestart || s.Embedded(), "drill.by", "only the embedded server can be restarted; for another target give a command")
	c.must((d.By == DrillCommand) == (len(d.Command) > 0), "drill.command", "by: command has the command that is run, and nothing else has one")
	c.must(len(s.Streams.Stages) == 0, "drill", "a drill holds the number of streams: it cannot go with streams.stages")
	c.must(d.Share > 0 && d.Share <= 1, "drill.share", "expected a share above 0 and at most 1")
	c.must(d.Waves >= 1, "drill.waves", "expected at least 1")
	c.must(d.After >= 0 && d.Every >= 0, "drill", "a time cannot be negative")
	c.must(d.Waves <= 1 || d.Every > 0, "drill.every", "several waves need the time from one to the next")
	c.must(d.end() < s.Warmup+s.Duration, "drill", "the last wave would come after %v, when publishing is over", d.end())
}

// drill runs the waves. It ends early with ctx.
func (c *conductor) drill(ctx context.Context, start time.Time) {
	d := c.plan.Scenario.Drill
	if d == nil || d.By == DrillTarget {
		return
	}
	for wave := range d.Waves {
		select {
		case <-time.After(time.Until(start.Add(d.After + time.Duration(wave)*d.Every))):
		case <-ctx.Done():
			return
		}
		if err := c.wave(ctx, d, wave); err != nil && ctx.Err() == nil {
			c.drillFailure = fmt.Errorf("wave %d of the drill: %w", wave+1, err)
			return
		}
	}
}

// hookTime bounds how long a command or a restart of a drill takes.
const hookTime = time.Minute

func (c *conductor) wave(ctx context.Context, d *Drill, wave int) error {
	// What was begun is brought to its end: a server that is half restarted
	// would be left behind.
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), hookTime)
	defer cancel()
	switch d.By {
	case DrillRestart:
		if c.options.Restart == nil {
			return errors.New("nobody can restart the server")
		}
		return c.options.Restart(whole)
	case DrillCommand:
		command := exec.CommandContext(whole, d.Command[0], d.Command[1:]...)
		command.WaitDelay = time.Second
		if err := command.Run(); err != nil {
			return fmt.Errorf("%s: %w", d.Command[0], err)
		}
		return nil
	}
	for _, s := range d.struck(c.streams, wave) {
		c.transport.cut(s)
	}
	return nil
}

// struck are the streams that a wave cuts.
func (d *Drill) struck(streams []*stream, wave int) []*stream {
	n := max(1, int(d.Share*float64(len(streams))+0.5))
	all := make([]*stream, n)
	for i := range all {
		all[i] = streams[(wave*n+i)%len(streams)]
	}
	return all
}

// text says a drill in words.
func (d *Drill) text() string {
	what := "restart the embedded server"
	switch d.By {
	case DrillTarget:
		return "watch the target end connections by itself"
	case DrillCut:
		what = fmt.Sprintf("reset the connections of %.4g %% of the streams", 100*d.Share)
	case DrillCommand:
		what = "run " + d.Command[0]
	}
	what += fmt.Sprintf(" %v after publishing begins", d.After)
	if d.Waves > 1 {
		what += fmt.Sprintf(", and every %v, %d times in all", d.Every, d.Waves)
	}
	return what
}
