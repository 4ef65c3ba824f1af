package capacity

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/internal/publicurl"
)

// readCgroup reads a cgroup of version 2 by its folder
// (https://docs.kernel.org/admin-guide/cgroup-v2.html).
func readCgroup(folder string) (reading, error) {
	r := reading{at: time.Now()}
	file := func(name string) string { return filepath.Join(folder, name) }
	if _, err := os.Stat(file("cpu.stat")); err != nil {
		return r, fmt.Errorf("%s is not the folder of a cgroup of version 2: it has no cpu.stat", folder)
	}
	r.processor = time.Duration(labelled(file("cpu.stat"), "usage_usec")) * time.Microsecond
	r.throttled = labelled(file("cpu.stat"), "nr_throttled")
	r.memory = labelled(file("memory.current"), "")
	r.memoryLimit = labelled(file("memory.max"), "")
	if limit, err := os.ReadFile(file("cpu.max")); err == nil {
		if fields := strings.Fields(string(limit)); len(fields) == 2 {
			quota, _ := strconv.ParseFloat(fields[0], 64)
			period, _ := strconv.ParseFloat(fields[1], 64)
			if period > 0 {
				r.processors = quota / period
			}
		}
	}
	return r, nil
}

// maxExposition bounds what is read of a metrics endpoint.
const maxExposition = 8 << 20

// readMetrics reads the metrics that Prometheus clients have of their process
// (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics)
// and, in Go, of their scheduler.
func readMetrics(ctx context.Context, address string) (reading, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r := reading{at: time.Now()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return r, err
	}
	request.Header.Set("Accept", "text/plain; version=0.0.4")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) { // which names the URL as it is
			err = failed.Err
		}
		return r, fmt.Errorf("%s: %w", publicurl.Of(address), err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return r, fmt.Errorf("%s: status %d", publicurl.Of(address), response.StatusCode)
	}
	found := 0
	lines := bufio.NewScanner(io.LimitReader(response.Body, maxExposition))
	lines.Buffer(nil, maxExposition)
	for lines.Scan() {
		name, rest, _ := strings.Cut(lines.Text(), " ")
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			continue
		}
		value, err := strconv.ParseFloat(fields[0], 64)
		if err != nil {
			continue
		}
		found++
		switch name {
		case "process_cpu_seconds_total":
			r.processor = time.Duration(value * float64(time.Second))
		case "process_resident_memory_bytes":
			r.memory = int64(value)
		case "process_open_fds":
			r.descriptors = int64(value)
		case "process_max_fds":
			r.descriptorLimit = int64(value)
		case "go_sched_gomaxprocs_threads":
			r.processors = value
		default:
			found--
		}
	}
	if found == 0 {
		return r, fmt.Errorf("%s has none of the process metrics, such as process_resident_memory_bytes", publicurl.Of(address))
	}
	return r, lines.Err()
}
