//go:build unix

package proxylab

import (
	"strconv"
	"strings"
	"testing"
)

// Each stream through nginx takes two connections, and nginx says which limit it
// was. Whether the last descriptor is missed by the client's connection, which
// then waits, or by the one to the origin, which is an answer of 500, depends on
// how many nginx has inherited: of two neighbouring limits it is one each.
func TestCapacityOfNginx(t *testing.T) {
	t.Parallel()
	m := loadMatrix(t, scenario("nginx.yaml"))
	lab := newLab(t)
	_, err := lab.Version(t.Context(), m.Variants[0])
	skipMissing(t, err)
	m.Capacity = m.Capacity[:2]
	m.Capacity[0].Values, m.Capacity[1].Values = []string{"16", "32", "64"}, []string{"24", "25"}
	r, err := lab.Run(t.Context(), m, Options{CapacityOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	streams, missed := map[string]int{}, map[string]int{}
	for _, c := range r.Capacity {
		streams[c.Setting+" "+c.Value] = c.Streams
		switch {
		case c.Projected:
		case c.Setting == "worker_connections" && (c.Next == "" || !strings.Contains(c.Log, c.Value+" worker_connections are not enough")):
			t.Errorf("%+v, want nginx's complaint", c)
		case c.Setting == "worker_rlimit_nofile" && !strings.Contains(c.Log, "Too many open files"):
			t.Errorf("%+v, want nginx's complaint", c)
		case c.Setting == "worker_rlimit_nofile":
			missed[c.Next]++
		}
	}
	if missed["waits until another ends"] != 1 || missed["gets status 500"] != 1 {
		t.Errorf("streams beyond the descriptors: %v; want one that waits and one with status 500", missed)
	}
	if a, b, c := streams["worker_connections 16"], streams["worker_connections 32"], streams["worker_connections 64"]; a < 1 || b-a != 8 || c-b != 16 {
		t.Errorf("%d, %d and %d streams; want 8 and 16 more", a, b, c)
	}
	if got, want := streams["worker_connections 1024"], streams["worker_connections 64"]+480; got != want {
		t.Errorf("1024 connections are said to allow %d streams, want %d", got, want)
	}
}

func TestProject(t *testing.T) {
	tried := func(pairs ...int) (list []CapacityResult) {
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, CapacityResult{Value: strconv.Itoa(pairs[i]), Streams: pairs[i+1], Next: "gets status 500", Log: "x"})
		}
		return list
	}
	got := project(tried(16, 7, 32, 15, 64, 31), []int{768})
	if len(got) != 1 || got[0].Streams != 383 || !got[0].Projected || got[0].Log != "" {
		t.Errorf("%+v, want 383 streams", got)
	}
	whole := tried(16, 7, 32, 15, 64, 31)
	whole[2].Next = ""
	text := tried(16, 7, 32, 15, 64, 31)
	text[0].Value = "16k"
	for name, of := range map[string][]CapacityResult{
		"no line": tried(16, 7, 32, 20, 64, 31), "one value": tried(16, 7, 16, 7, 16, 7), "two points": tried(16, 7, 32, 15), "nothing failed": whole, "no number": text,
	} {
		if got := project(of, []int{768}); got != nil {
			t.Errorf("%s: %+v, want nothing", name, got)
		}
	}
}

func TestLastLine(t *testing.T) {
	const log = "[warn] a\n2026/11/28 [crit] accept4() failed\n[warn] b\n"
	if got := lastLine(log); got != "2026/11/28 [crit] accept4() failed" {
		t.Errorf("%q, want the line about the failure", got)
	}
	if got := lastLine("plain\n"); got != "plain" {
		t.Errorf("%q, want the only line", got)
	}
}
