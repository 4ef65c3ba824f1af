package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ssegauge/ssegauge/internal/badproxy"
)

// behind runs a proxy in front of the origin until the test is over.
func behind(t *testing.T, origin, kind string) string {
	t.Helper()
	backend, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	k, ok := badproxy.Find(kind)
	if !ok {
		t.Fatalf("there is no proxy %q", kind)
	}
	proxy, err := badproxy.Start(k, backend, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	return proxy.URL + "/events"
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	origin := startServe(t, "--probe")
	good, hold := behind(t, origin, "good"), behind(t, origin, "hold")
	file := filepath.Join(t.TempDir(), "report.json")
	results := make([]result, 3)
	var all sync.WaitGroup
	for i, args := range [][]string{
		{good, "--direct", origin}, {hold, "--direct", origin, "--json", file}, {hold, "--quiet"},
	} {
		all.Go(func() { results[i] = ssegauge(t, append([]string{"doctor", "--idle", "1s"}, args...)...) })
	}
	all.Wait()
	if got := results[0]; got.code != exitYes || !strings.Contains(got.stdout, "nothing wrong found\n") || !strings.HasSuffix(got.stdout, "STREAMS\n") || !strings.Contains(got.stderr, "probed  plain") {
		t.Errorf("a good path: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if got := results[1]; got.code != exitNo || !strings.Contains(got.stdout, "\nD1  the stream is held back until it ends  (certain)\n") || !strings.Contains(got.stdout, "proxy_buffering off;") || !strings.HasSuffix(got.stdout, "HELD\n") {
		t.Errorf("a path that holds: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if got := results[2]; got.code != exitNo || got.stdout != "" || got.stderr != "" {
		t.Errorf("--quiet: %+v, want code 1 and no output", got)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		SchemaVersion int    `json:"schema_version"`
		Verdict       string `json:"verdict"`
		Diagnoses     []struct{ ID string }
		Path, Direct  map[string]any
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	if report.SchemaVersion != 1 || report.Verdict != "held" || len(report.Diagnoses) == 0 || report.Diagnoses[0].ID != "D1" || report.Path["delay_seconds"] == nil || report.Direct["delay_seconds"] == nil {
		t.Errorf("%s holds %+v", file, report)
	}
}

// Tokens come from the target file, are used for both paths, and are not shown.
func TestDoctorKeepsTokens(t *testing.T) {
	const canary = "canary-0123456789-0123456789"
	var mu sync.Mutex
	asked := map[string]int{}
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.URL.Path+" "+r.Header.Get("Authorization")]++
		mu.Unlock()
		http.Error(w, "not "+r.Header.Get("Authorization"), http.StatusForbidden)
	}))
	defer backend.Close()
	folder := t.TempDir()
	target, out := filepath.Join(folder, "target.yaml"), filepath.Join(folder, "report.json")
	if err := os.WriteFile(target, []byte("url: "+backend.URL+"/path\ntokens: {good: "+canary+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := ssegauge(t, "doctor", target, "--direct", backend.URL+"/direct?key="+canary, "--json", out)
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if got.code != exitNo || strings.Contains(got.stdout+got.stderr+string(text), canary) {
		t.Errorf("exit code %d, or the token is shown:\n%s%s%s", got.code, got.stdout, got.stderr, text)
	}
	mu.Lock()
	defer mu.Unlock()
	if asked["/path Bearer "+canary] == 0 || asked["/direct Bearer "+canary] == 0 || len(asked) != 2 {
		t.Errorf("asked for %v, want both paths with the token alone", len(asked))
	}
}

func TestDoctorUsage(t *testing.T) {
	for _, c := range []struct {
		want string
		args []string
	}{
		{"name the URL", nil},
		{"target unreachable: tried a connection to 127.0.0.1:1", []string{"http://127.0.0.1:1/events"}},
		{"target unreachable", []string{"http://127.0.0.1:1/events", "--direct", "http://127.0.0.1:1/events"}},
		{"no such file", []string{"none.yaml"}},
		{"has no path", []string{"embedded"}},
		{"expected a number from 0 to 64", []string{"http://127.0.0.1:1", "--streams", "65"}},
		{"--origin-header: expected", []string{"http://127.0.0.1:1", "--origin-header", "Set-Cookie: a=b"}},
		{"unknown HTTP version", []string{"http://127.0.0.1:1", "--http", "3"}},
		{"accepts at most 1 arg", []string{"http://127.0.0.1:1", "http://127.0.0.1:2"}},
	} {
		if got := ssegauge(t, append([]string{"doctor"}, c.args...)...); got.code != exitUsage || !strings.Contains(got.stderr, c.want) || got.stdout != "" {
			t.Errorf("%q: %+v; want code 2 and %q", c.args, got, c.want)
		}
	}
	if got := ssegauge(t, "doctor", "--list"); got.code != exitYes || !strings.Contains(got.stdout, "D22 ") || strings.Count(got.stdout, "\n") < 22 {
		t.Errorf("--list: %+v", got)
	}
	if got := ssegauge(t, "serve", "--probe", "--tick", "1/s"); got.code != exitUsage || !strings.Contains(got.stderr, "probe") {
		t.Errorf("serve --probe --tick: %+v", got)
	}
}

func TestDoctorInterrupted(t *testing.T) {
	t.Parallel()
	origin := startServe(t, "--probe")
	c := startChild(t, nil, "doctor", origin)
	waitFor(t, c.stderr, "probed  plain")
	c.interrupt(t)
}
