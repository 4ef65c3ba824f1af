package proxylab

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A usage is what the processes of a group have taken so far.
type usage struct {
	cpu    float64 // seconds
	memory int64   // bytes, shared pages counted once
}

// clockTicks is what /proc counts processor time in; it is 100 a second on all
// systems that Linux has for programs (USER_HZ).
const clockTicks = 100

// usageOf adds up a process group. It reports false if there is none.
func usageOf(group int) (usage, bool) {
	var sum usage
	if group == 0 {
		return sum, false
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	found := false
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		// The name, in parentheses, may hold anything.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) < 13 || fields[2] != strconv.Itoa(group) {
			continue
		}
		found = true
		for _, field := range fields[11:13] {
			ticks, _ := strconv.ParseFloat(field, 64)
			sum.cpu += ticks / clockTicks
		}
		sum.memory += proportional(filepath.Join(filepath.Dir(path), "smaps_rollup"))
	}
	return sum, found
}

// proportional reads the proportional set size from a process's memory map. The
// program's own file is left out where the system tells it apart: what a process
// has of it depends on how many others run the same program.
func proportional(path string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	sizes := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[2] == "kB" {
			kilobytes, _ := strconv.ParseInt(fields[1], 10, 64)
			sizes[fields[0]] = kilobytes << 10
		}
	}
	if anonymous, known := sizes["Pss_Anon:"]; known {
		return anonymous + sizes["Pss_Shmem:"]
	}
	return sizes["Pss:"]
}
