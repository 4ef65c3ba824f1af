package conformance

import "time"

// lagTick is how often it is looked how late this process is.
const lagTick = 20 * time.Millisecond

// measureLag begins to look how late this process is for its own timers. What
// it returns ends that, and is the most that was seen.
func measureLag() (end func() time.Duration) {
	stop, most := make(chan struct{}), make(chan time.Duration)
	go func() {
		longest := time.Duration(0)
		timer := time.NewTimer(lagTick)
		defer timer.Stop()
		for due := time.Now().Add(lagTick); ; due = time.Now().Add(lagTick) {
			select {
			case <-timer.C:
			case <-stop:
				most <- longest
				return
			}
			longest = max(longest, time.Since(due))
			timer.Reset(lagTick)
		}
	}()
	return func() time.Duration {
		close(stop)
		return <-most
	}
}

// allowing is a limit of lateness with what this process was late itself: once
// here, and once where the target is on the same machine.
func (t *Transcript) allowing(limit time.Duration) time.Duration { return limit + 2*t.Lag }
