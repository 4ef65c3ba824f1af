package capacity

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of processor times in /proc: USER_HZ is 100 on every
// Linux that Go runs on.
const clockTick = time.Second / 100

// readProcess reads a process and all that descend from it, as the workers of a
// server do from its master.
func readProcess(pid int) (reading, error) {
	r := reading{at: time.Now(), threads: map[int]time.Duration{}}
	if _, err := os.Stat(processFile(pid, "stat")); err != nil {
		return r, fmt.Errorf("process %d: %w", pid, errors.Unwrap(err))
	}
	for _, member := range family(pid) {
		// One that has just ended has nothing more to add.
		if member == pid || exists(member) {
			r.addProcess(member)
		}
	}
	if r.memory == 0 {
		return r, fmt.Errorf("process %d: its memory cannot be read", pid)
	}
	r.memoryLimit = r.memory + available()
	return r, nil
}

func processFile(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}

func exists(pid int) bool { _, err := os.Stat(processFile(pid, "stat")); return err == nil }

// family is pid and its descendants.
func family(pid int) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return []int{pid}
	}
	children := map[int][]int{}
	for _, entry := range entries {
		child, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if fields := statFields(processFile(child, "stat")); len(fields) > 1 {
			parent, _ := strconv.Atoi(fields[1])
			children[parent] = append(children[parent], child)
		}
	}
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}

// statFields are the fields of a stat file from the state on, which is the one
// behind the name: that may hold spaces and parentheses (proc_pid_stat(5)).
func statFields(path string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
}

// statTime is the processor time in a stat file.
func statTime(path string) time.Duration {
	fields := statFields(path)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * clockTick
}

func (r *reading) addProcess(pid int) {
	r.processor += statTime(processFile(pid, "stat"))
	r.memory += residentMemory(pid)
	r.processors = max(r.processors, float64(processorsOf(pid)))
	if n := countFiles(processFile(pid, "fd")); n > r.descriptors {
		r.descriptors, r.descriptorLimit = n, descriptorLimit(pid)
	}
	threads, _ := os.ReadDir(processFile(pid, "task"))
	for _, thread := range threads {
		if id, err := strconv.Atoi(thread.Name()); err == nil {
			r.threads[id] = statTime(processFile(pid, filepath.Join("task", thread.Name(), "stat")))
		}
	}
}

// residentMemory is a process's share of memory in bytes: what several
// processes share is divided among them where the system says so.
func residentMemory(pid int) int64 {
	if kilobytes := labelled(processFile(pid, "smaps_rollup"), "Pss:"); kilobytes > 0 {
		return kilobytes << 10
	}
	return labelled(processFile(pid, "status"), "VmRSS:") << 10
}

// available is the memory of the machine that can be had without swapping.
func available() int64 { return labelled("/proc/meminfo", "MemAvailable:") << 10 }

// labelled is the number behind a label that begins a line of a file.
func labelled(path, label string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, label); ok {
			if fields := strings.Fields(rest); len(fields) > 0 {
				n, _ := strconv.ParseInt(fields[0], 10, 64)
				return n
			}
		}
	}
	return 0
}

// processorsOf is how many processors a process may run on.
func processorsOf(pid int) (n int) {
	text, err := os.ReadFile(processFile(pid, "status"))
	if err != nil {
		return 0
	}
	_, list, _ := strings.Cut(string(text), "Cpus_allowed_list:")
	list, _, _ = strings.Cut(list, "\n")
	for part := range strings.SplitSeq(strings.TrimSpace(list), ",") {
		from, to, isRange := strings.Cut(part, "-")
		first, err := strconv.Atoi(from)
		if err != nil {
			continue
		}
		last := first
		if isRange {
			last, _ = strconv.Atoi(to)
		}
		n += last - first + 1
	}
	return n
}

func countFiles(folder string) int64 {
	f, err := os.Open(folder)
	if err != nil {
		return 0
	}
	defer f.Close()
	names, _ := f.Readdirnames(-1)
	return int64(len(names))
}

func descriptorLimit(pid int) int64 { return labelled(processFile(pid, "limits"), "Max open files") }

// A Machine is what the machine did that both the target and the generator run
// on.
type Machine struct {
	Busy float64 `json:"cpu_busy"` // share of the processors' time
	// ListenOverflows are the connections that found the accept queue of a
	// listening socket full.
	ListenOverflows int64 `json:"listen_overflows"`
}

type machine struct{ busy, total, listenOverflows int64 }

// readMachine reads what this machine has done; zero where there is no /proc.
func readMachine() (m machine) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return m
	}
	line, _, _ := strings.Cut(string(text), "\n")
	// user nice system idle iowait irq softirq steal; guest times are in user's.
	for i, field := range strings.Fields(line) {
		n, _ := strconv.ParseInt(field, 10, 64)
		if i > 8 {
			break
		}
		m.total += n
		if i != 4 && i != 5 {
			m.busy += n
		}
	}
	m.listenOverflows = netstat("ListenOverflows")
	return m
}

// netstat is a counter of /proc/net/netstat, which has pairs of lines: names,
// and values in the same order.
func netstat(name string) int64 {
	text, err := os.ReadFile("/proc/net/netstat")
	if err != nil {
		return 0
	}
	lines := strings.Split(string(text), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		values := strings.Fields(lines[i+1])
		for k, field := range strings.Fields(lines[i]) {
			if field == name && k < len(values) {
				n, _ := strconv.ParseInt(values[k], 10, 64)
				return n
			}
		}
	}
	return 0
}
