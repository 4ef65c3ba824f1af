package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// A fact is a line about where and how a run was made.
type fact struct{ name, value string }

func environment(ctx context.Context) []fact {
	return []fact{
		{"machine", fmt.Sprintf("%s, %d cores", processor(), runtime.NumCPU())},
		{"kernel", strings.TrimSpace(read("/proc/sys/kernel/osrelease"))},
		{"versions", strings.Join([]string{runtime.Version(), nginxVersion(ctx), nchanVersion(ctx), "go-sse " + goSSEVersion(read("go.mod"))}, ", ")},
		{"date", time.Now().UTC().Format("2006-01-02 15:04 MST")},
		{"command", strings.Join(append([]string{"go run ."}, os.Args[1:]...), " ")},
	}
}

func read(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	return string(text)
}

func processor() string {
	for line := range strings.Lines(read("/proc/cpuinfo")) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func nginxVersion(ctx context.Context) string {
	nginx, _, err := findNchan()
	if err != nil {
		return "no nginx"
	}
	out, err := exec.CommandContext(ctx, nginx, "-v").CombinedOutput()
	if err != nil {
		return "nginx of unknown version"
	}
	_, version, _ := strings.Cut(strings.TrimSpace(string(out)), "nginx/")
	return "nginx " + version
}

// nchanVersion is that of Debian's package; the module does not tell its own.
func nchanVersion(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "dpkg-query", "-W", "-f=${Version}", "libnginx-mod-nchan").Output()
	if err != nil {
		return "nchan of unknown version"
	}
	return "nchan " + string(out)
}

// goSSEVersion finds the version in the text of a go.mod: the build information
// of this program lists only what it imports itself.
func goSSEVersion(mod string) string {
	_, after, found := strings.Cut(mod, "github.com/tmaxmax/go-sse ")
	version := strings.Fields(after)
	if !found || len(version) == 0 {
		return "of unknown version"
	}
	return version[0]
}
