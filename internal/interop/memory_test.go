package interop

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/ssegauge/ssegauge/conformance"
)

// memoryOf is the resident memory of the process groups, where /proc tells it.
func memoryOf(processes ...*process) *conformance.Memory {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		return nil
	}
	return &conformance.Memory{Func: func(context.Context) (int64, error) {
		groups := map[string]bool{}
		for _, p := range processes {
			groups[strconv.Itoa(p.command.Process.Pid)] = true
		}
		return resident(groups)
	}}
}

// resident adds up the memory of all processes of the groups, in bytes.
func resident(groups map[string]bool) (int64, error) {
	files, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil {
		return 0, err
	}
	var total int64
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		if group := processGroup.FindSubmatch(text); group == nil || !groups[string(group[1])] {
			continue
		}
		for _, kilobytes := range ownMemory.FindAllSubmatch(text, -1) {
			n, err := strconv.ParseInt(string(kilobytes[1]), 10, 64)
			if err != nil {
				return 0, err
			}
			total += n << 10
		}
	}
	if total == 0 {
		return 0, errors.New("none of the processes runs")
	}
	return total, nil
}

// The lines of /proc/PID/status that matter (proc_pid_status(5)). Pages of files
// are left out: they are a cache.
var (
	processGroup = regexp.MustCompile(`(?m)^NSpgid:\s+(\d+)`)
	ownMemory    = regexp.MustCompile(`(?m)^Rss(?:Anon|Shmem):\s+(\d+) kB$`)
)
