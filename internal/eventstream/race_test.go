//go:build race

package eventstream

// raceEnabled tells that the race detector is on, which makes sync.Pool drop
// some of what it is given, and so allocate again.
const raceEnabled = true
