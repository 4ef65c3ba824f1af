package conformance

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestMemoryFind(t *testing.T) {
	const metrics = "# HELP process_resident_memory_bytes Resident memory.\n" +
		"process_resident_memory_bytes_max 9\nprocess_resident_memory_bytes 2.5e+07\nheap{kind=\"live\"} 7\n"
	for _, c := range []struct {
		memory Memory
		text   string
		want   int64
		wrong  string
	}{
		{Memory{}, "4096\n", 4096, ""},
		{Memory{Unit: 1024}, "  12 kB", 12 << 10, ""},
		{Memory{Metric: "process_resident_memory_bytes"}, metrics, 25_000_000, ""},
		{Memory{Metric: "heap"}, metrics, 7, ""},
		{Memory{Metric: "rss"}, `{` + "\n" + `  "rss": 31, "heap": 2}`, 31, ""},
		{Memory{Metric: "rss"}, metrics, 0, "nothing is called rss"},
		{Memory{}, "none", 0, `no number in "none"`},
	} {
		got, err := c.memory.find(c.text)
		if got != c.want || (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%+v in %q: %d, %v; want %d and %q", c.memory, c.text, got, err, c.want, c.wrong)
		}
	}
}

func TestMemoryRead(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, "rss 7\n")
	}))
	defer server.Close()
	client := server.Client()
	for _, c := range []struct {
		memory Memory
		want   int64
		wrong  string
	}{
		{Memory{URL: server.URL + "/metrics", Metric: "rss", Unit: 1024}, 7168, ""},
		{Memory{Command: []string{"echo", "12"}}, 12, ""},
		{Memory{Func: func(context.Context) (int64, error) { return 3, nil }}, 3, ""},
		{Memory{URL: server.URL}, 0, "status 404"},
		{Memory{Command: []string{"/nowhere/ps"}}, 0, "/nowhere/ps"},
	} {
		got, err := c.memory.read(t.Context(), client)
		if got != c.want || (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%+v: %d, %v; want %d and %q", c.memory, got, err, c.want, c.wrong)
		}
	}
	for _, bad := range []Memory{{}, {URL: "http://a", Command: []string{"b"}}, {URL: "http://a", Unit: -1}} {
		if bad.check() == "" {
			t.Errorf("%+v is taken", bad)
		}
	}
}
