package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is the unit of times in /proc, the same on every Linux.
const ticksPerSecond = 100

// statFields are the fields of /proc/PID/stat that follow the program's name,
// which may hold anything; field 0 is the state (proc(5), field 3).
func statFields(stat string) []string {
	return strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
}

// cpuTime is the time a process has spent on processors, 0 if unknown.
func cpuTime(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := statFields(string(text))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * time.Second / ticksPerSecond
}

// residentKB is the resident memory of a process group, 0 if unknown. Memory
// that its processes share counts once, as far as the largest of them has it.
func residentKB(group int) float64 {
	var private, shared float64
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if fields := statFields(string(stat)); len(fields) < 3 || fields[2] != strconv.Itoa(group) {
			continue
		}
		status, err := os.ReadFile(filepath.Join(filepath.Dir(path), "status"))
		if err != nil {
			continue
		}
		resident := residentFields(string(status))
		private += resident["RssAnon"] + resident["RssFile"]
		shared = max(shared, resident["RssShmem"])
	}
	return private + shared
}

// residentFields are the parts of the resident memory in /proc/PID/status, in
// KB.
func residentFields(status string) map[string]float64 {
	parts := map[string]float64{}
	for line := range strings.Lines(status) {
		name, value, _ := strings.Cut(line, ":")
		if strings.HasPrefix(name, "Rss") {
			kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			if err == nil {
				parts[name] = kb
			}
		}
	}
	return parts
}

// unsent is the most bytes that any connection of a local port has in its send
// queue (the tx_queue of /proc/net/tcp).
func unsent(port int) int64 { return largestQueue(read("/proc/net/tcp"), port) }

func largestQueue(connections string, port int) (most int64) {
	local := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(connections) {
		fields := strings.Fields(line)
		if len(fields) < 5 || !strings.HasSuffix(fields[1], local) {
			continue
		}
		queue, _, _ := strings.Cut(fields[4], ":")
		if n, err := strconv.ParseInt(queue, 16, 64); err == nil {
			most = max(most, n)
		}
	}
	return most
}
