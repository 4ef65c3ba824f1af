package loadgen

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// facts are what this machine allows a process. 0 stands for what the system
// does not say.
type facts struct {
	descriptors     int // that the process may have
	descriptorsUsed int
	ports           int // local ports from one address to one destination
	memory          int64
}

func machineFacts() facts {
	return facts{
		descriptors: descriptorLimit(), descriptorsUsed: descriptorsUsed(),
		ports: localPorts(), memory: memoryAvailable(),
	}
}

// localPorts is how many local ports the system deals out for connections from
// one address to one destination; 0 where it does not say.
func localPorts() int {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 0
	}
	var low, high int
	if n, _ := fmt.Sscan(string(text), &low, &high); n != 2 || high < low {
		return 0
	}
	return high - low + 1
}

func descriptorsUsed() int {
	folder, err := os.Open("/proc/self/fd")
	if err != nil {
		return 0
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(-1)
	return len(names)
}

// memoryAvailable is how many bytes can be used without swapping.
func memoryAvailable() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		fields := bytes.Fields(lines.Bytes())
		if len(fields) >= 2 && string(fields[0]) == "MemAvailable:" {
			kilobytes, _ := strconv.ParseInt(string(fields[1]), 10, 64)
			return kilobytes << 10
		}
	}
	return 0
}
