package capacity

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ssegauge/ssegauge/loadgen"
)

func needsProc(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("processes are seen through /proc of Linux")
	}
}

// A process is seen with what it has open, what it uses, and its children.
func TestWatchProcess(t *testing.T) {
	needsProc(t)
	// A shell with a child of its own. Each says so, and then waits to be told to
	// end.
	command := exec.Command("sh", "-c", "exec 3<&0 4<&0 5<&0; sh -c 'echo inner; read x <&3' & echo outer; wait")
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := command.Wait(); err != nil {
			t.Error(err)
		}
	})
	var words [2]string
	if _, err := fmt.Fscan(stdout, &words[0], &words[1]); err != nil {
		t.Fatal(err)
	}
	r, err := newWatcher(loadgen.Watch{PID: command.Process.Pid})(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.memory < 100<<10 || r.memoryLimit <= r.memory || r.descriptors < 6 || r.descriptorLimit < 7 || len(r.threads) != 2 {
		t.Errorf("%+v; want memory, at least 6 descriptors, and 2 threads", r)
	}
	if want := float64(runtime.NumCPU()); r.processors < 1 || r.processors > want {
		t.Errorf("%v processors, want 1 to %v", r.processors, want)
	}
}

// What a process computes shows.
func TestWatchSeesProcessorTime(t *testing.T) {
	needsProc(t)
	watch := newWatcher(loadgen.Watch{PID: os.Getpid()})
	first, err := watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := first
	for deadline := time.Now().Add(time.Minute); last.processor < first.processor+50*time.Millisecond && time.Now().Before(deadline); {
		for n := range 1_000_000 {
			_ = n * n
		}
		if last, err = watch(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s := between(first, last); s.Cores <= 0 || s.BusiestThread <= 0 || s.BusiestThread > s.Cores*1.5 {
		t.Errorf("%+v after 50 ms of computing", s)
	}
}

func TestBetween(t *testing.T) {
	at := time.Unix(1000, 0)
	first := reading{at: at, processor: time.Second, threads: map[int]time.Duration{1: time.Second, 2: 0}, throttled: 3}
	last := reading{
		at: at.Add(2 * time.Second), processor: 4 * time.Second, processors: 8, throttled: 5,
		threads: map[int]time.Duration{1: 2 * time.Second, 2: 1800 * time.Millisecond, 3: 200 * time.Millisecond},
		memory:  7, memoryLimit: 9, descriptors: 3, descriptorLimit: 4,
	}
	want := &Server{Cores: 1.5, CoresAllowed: 8, BusiestThread: 0.9, Throttled: 2, Memory: 7, MemoryLimit: 9, Descriptors: 3, DescriptorLimit: 4}
	if diff := cmp.Diff(want, between(first, last)); diff != "" {
		t.Errorf("between (-want +got):\n%s", diff)
	}
}

func TestWatchCgroup(t *testing.T) {
	folder := t.TempDir()
	watch := newWatcher(loadgen.Watch{Cgroup: folder})
	if _, err := watch(t.Context()); err == nil || !strings.Contains(err.Error(), "not the folder of a cgroup of version 2") {
		t.Errorf("error %v of an empty folder", err)
	}
	for name, text := range map[string]string{
		"cpu.stat":       "usage_usec 2500000\nuser_usec 1\nsystem_usec 1\nnr_periods 9\nnr_throttled 4\nthrottled_usec 7\n",
		"cpu.max":        "150000 100000\n",
		"memory.current": "104857600\n",
		"memory.max":     "536870912\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := reading{at: r.at, processor: 2500 * time.Millisecond, processors: 1.5, throttled: 4, memory: 100 << 20, memoryLimit: 512 << 20}
	if diff := cmp.Diff(want, r, cmp.AllowUnexported(reading{})); diff != "" {
		t.Errorf("reading (-want +got):\n%s", diff)
	}
	for name, text := range map[string]string{"cpu.max": "max 100000\n", "memory.max": "max\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := watch(t.Context()); err != nil || r.processors != 0 || r.memoryLimit != 0 {
		t.Errorf("%+v, %v; want no limits", r, err)
	}
}

func TestWatchMetrics(t *testing.T) {
	text := `# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 12.5
process_resident_memory_bytes 3.1457280e+07
process_open_fds 41
process_max_fds 1024 1700000000000
go_sched_gomaxprocs_threads 4
http_requests_total{code="200"} 7
`
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	}))
	defer server.Close()
	watch := newWatcher(loadgen.Watch{Metrics: server.URL})
	r, err := watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := reading{at: r.at, processor: 12500 * time.Millisecond, processors: 4, memory: 30 << 20, descriptors: 41, descriptorLimit: 1024}
	if diff := cmp.Diff(want, r, cmp.AllowUnexported(reading{})); diff != "" {
		t.Errorf("reading (-want +got):\n%s", diff)
	}
	text = "up 1\n"
	if _, err := watch(t.Context()); err == nil || !strings.Contains(err.Error(), "none of the process metrics") {
		t.Errorf("error %v of metrics without a process", err)
	}
	status = http.StatusForbidden
	if _, err := watch(t.Context()); err == nil || !strings.Contains(err.Error(), "status 403") {
		t.Errorf("error %v of a refusal", err)
	}
	secret := strings.Replace(server.URL, "://", "://user:canary@", 1) + "?key=canary"
	for range 2 { // refused, and then unreachable
		if _, err := newWatcher(loadgen.Watch{Metrics: secret})(t.Context()); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("error %v, want one without what is secret", err)
		}
		server.Close()
	}
	if newWatcher(loadgen.Watch{}) != nil {
		t.Error("something is watched although nothing was asked for")
	}
}

// The machine's processors, and the connections that a full accept queue turned
// away, are counted.
func TestReadMachine(t *testing.T) {
	needsProc(t)
	first := readMachine()
	if first.total <= 0 || first.busy <= 0 || first.busy > first.total {
		t.Errorf("%+v, want busy and other time", first)
	}
	if netstat("ListenOverflows") < 0 || netstat("TCPNoSuchCounter") != 0 {
		t.Error("counters of the network")
	}
}
