package loadgen

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// usage samples what the generator's own process takes of the machine.
type usage struct {
	start    time.Time
	startCPU time.Duration
	startRSS int64
	peakRSS  int64
	// When the last sample was taken, and the processor time until then.
	last    time.Time
	lastCPU time.Duration
}

// startUsage begins to sample. idle is the process's resident memory, in bytes,
// without any stream.
func startUsage(idle int64) *usage {
	cpu, now := processCPU(), time.Now()
	return &usage{start: now, startCPU: cpu, startRSS: idle, peakRSS: residentBytes(), last: now, lastCPU: cpu}
}

// sample returns the memory that the process has, the processor time that it
// used since the last sample, and how much all processors had to give.
func (u *usage) sample() (rss int64, used, capacity time.Duration) {
	rss = residentBytes()
	u.peakRSS = max(u.peakRSS, rss)
	now, cpu := time.Now(), processCPU()
	used, capacity = cpu-u.lastCPU, now.Sub(u.last)*time.Duration(runtime.NumCPU())
	u.last, u.lastCPU = now, cpu
	return rss, used, capacity
}

// cpuFraction is the share of the machine's processors that the process used.
func (u *usage) cpuFraction() float64 {
	wall := time.Since(u.start).Seconds() * float64(runtime.NumCPU())
	if wall == 0 {
		return 0
	}
	return (processCPU() - u.startCPU).Seconds() / wall
}

// residentBytes is the resident memory of the process; 0 where the system has
// no /proc.
func residentBytes() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize())
}

// kernelRelease is what uname -r prints; empty where the system has no /proc.
func kernelRelease() string {
	text, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(text))
}
