package interop

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// firstDiagnosis is what the doctor names first of each variant of the matrices
// that does something to a stream. Of the others it must find nothing wrong.
var firstDiagnosis = map[string]string{
	"nginx-stock": "D1", "nginx-http10": "D1", "nginx-http10-big-buffers": "D1", "nginx-http10-small-buffers": "D2",
	"nginx-http11": "D5", "nginx-add-header": "D1", "nginx-gzip": "D4", "nginx-cache": "D10", "nginx-short-timeout": "D7",
	"nginx-h2": "D5", "nginx-h2-stock": "D1", "nginx-chain": "D1", "nginx-chain-x-accel": "D1",
	"nginx-ignore-abort": "D13", "nginx-few-connections": "D12",
	"haproxy-stock": "D3", "haproxy-gzip": "D4", "haproxy-short-timeout": "D7", "haproxy-maxconn": "D12",
	"caddy-encode": "D4", "caddy-buffer": "D1", "caddy-short-timeout": "D7",
	"apache-rate-limit": "D3", "apache-cache-anyway": "D10", "apache-short-timeout": "D7", "apache-few-workers": "D12",
	"varnish-stock": "D10b", "varnish-no-cache-control": "D10", "varnish-gzip": "D1", "varnish-no-stream": "D6", "varnish-short-timeout": "D7",
	"lighttpd-stock": "D6", "lighttpd-short-timeout": "D7",
}

// The right diagnosis comes first for every bad variant of every proxy that is
// installed, and nothing is wrong with the good ones. It takes some minutes, and
// runs with INTEROP_ALL=1; the sorts of rows that there are, of nginx alone, are
// among the tests of the proxy lab.
func TestDiagnosesOfProxies(t *testing.T) {
	if os.Getenv("INTEROP_ALL") == "" {
		t.Skip("examines every variant of every matrix; run it with INTEROP_ALL=1")
	}
	file := filepath.Join(t.TempDir(), "report.json")
	out, err := exec.Command(ssegauge, "proxy", filepath.Join(root, "scenarios", "proxies", "all.yaml"), "--behaviour-only", "--quiet", "--json", file).CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Rows []struct {
			Variant, Version, Verdict, Skipped string
			Diagnoses                          []struct {
				ID    string
				Fault bool
			}
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, row := range report.Rows {
		if row.Skipped != "" {
			t.Logf("%s: skipped, %s", row.Variant, row.Skipped)
			continue
		}
		seen[row.Variant] = true
		first, wrong := "", ""
		for i, d := range row.Diagnoses {
			if i == 0 {
				first = d.ID
			}
			if d.Fault {
				wrong += d.ID + " "
			}
		}
		switch want, bad := firstDiagnosis[row.Variant]; {
		case bad && first != want && !streamsSince(row.Variant, row.Version):
			t.Errorf("%s (%s, %s): %q comes first, want %q", row.Variant, row.Version, row.Verdict, first, want)
		case !bad && wrong != "":
			t.Errorf("%s (%s, %s): found %s, want nothing wrong", row.Variant, row.Version, row.Verdict, strings.TrimSpace(wrong))
		}
	}
	t.Logf("%d rows", len(seen))
}

// streamsSince reports whether a version of a proxy no longer does to a stream
// what the table says.
func streamsSince(variant, version string) bool {
	return strings.HasPrefix(variant, "nginx-") && !strings.HasPrefix(version, "1.22.")
}
