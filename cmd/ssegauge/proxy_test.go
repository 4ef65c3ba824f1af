//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/proxylab"
	"github.com/ssegauge/ssegauge/conformance/doctor"
)

func needsNginx(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("nginx"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("nginx is not installed")
		}
		t.Skip("nginx is not installed")
	}
}

// testMatrix writes a matrix with one variant of nginx whose location has the
// directive.
func testMatrix(t *testing.T, directive string) string {
	t.Helper()
	needsNginx(t)
	text, err := os.ReadFile("internal/proxylab/testdata/one.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "matrix.yaml")
	if err := os.WriteFile(file, bytes.ReplaceAll(text, []byte("DIRECTIVE"), []byte(directive)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestProxy(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	got := ssegauge(t, "proxy", testMatrix(t, "proxy_buffering off;"), "--behaviour-only", "--json", filepath.Join(folder, "j"), "--html", filepath.Join(folder, "h"))
	if got.code != exitYes {
		t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	var report struct {
		Rows []struct{ Variant, Proxy, Version, Verdict string }
	}
	text, err := os.ReadFile(filepath.Join(folder, "j"))
	if err != nil || json.Unmarshal(text, &report) != nil || len(report.Rows) != 2 {
		t.Fatalf("%v, %s; want two rows", err, text)
	}
	for _, row := range report.Rows {
		if row.Verdict != "streams" || row.Version == "" || row.Proxy == "" || !strings.Contains(got.stdout, row.Variant) {
			t.Errorf("row %+v in\n%s", row, got.stdout)
		}
	}
	if page, err := os.ReadFile(filepath.Join(folder, "h")); err != nil || !strings.Contains(string(page), "</html>") {
		t.Errorf("%v, want a whole page", err)
	}
}

// A proxy that does not start says why itself.
func TestProxyRefuses(t *testing.T) {
	t.Parallel()
	got := ssegauge(t, "proxy", testMatrix(t, "proxy_bufering off;"), "--behaviour-only")
	if got.code != exitUsage || !strings.Contains(got.stderr, `unknown directive "proxy_bufering"`) {
		t.Errorf("exit code %d, %s; want 2 and nginx's own words", got.code, got.stderr)
	}
}

func TestProxyExitCodes(t *testing.T) {
	good := proxylab.Row{Verdict: doctor.Streams, Expected: doctor.Streams}
	bad := proxylab.Row{Verdict: doctor.Held, Expected: doctor.Streams}
	doubtful := proxylab.Row{Verdict: doctor.Streams, Load: &proxylab.LoadResult{Invalid: []string{"why"}}}
	for _, c := range []struct {
		report proxylab.Report
		want   error
	}{
		{proxylab.Report{Rows: []proxylab.Row{good, {Skipped: "not installed", Expected: doctor.Streams}, {Verdict: doctor.Cut}}}, nil},
		{proxylab.Report{Rows: []proxylab.Row{good, bad, doubtful}}, exit(exitNo)},
		{proxylab.Report{Rows: []proxylab.Row{good, doubtful}}, exit(exitInvalid)},
		{proxylab.Report{Rows: []proxylab.Row{bad}, Interrupted: true}, exit(exitInterrupted)},
	} {
		if got := exitForRows(&c.report); got != c.want {
			t.Errorf("%+v: %v, want %v", c.report, got, c.want)
		}
	}
}

func TestProxyUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "name a matrix file"},
		{[]string{"a.yaml", "--config", "b"}, "name a matrix file"},
		{[]string{"none.yaml"}, "none.yaml"},
		{[]string{"--config", "none.conf", "--listen", "app.example"}, "expected the http or https URL"},
		{[]string{"--config", "none.conf", "--listen", "http://app.example/", "--proxy", "ngnix"}, "did you mean nginx?"},
	} {
		got := ssegauge(t, append([]string{"proxy"}, c.args...)...)
		if got.code != exitUsage || !strings.Contains(got.stderr, c.want) || got.stdout != "" {
			t.Errorf("%v: exit code %d, %q; want 2 and %q", c.args, got.code, got.stderr, c.want)
		}
	}
}

// An interrupt in the middle leaves neither a process nor a file behind.
func TestProxyInterrupt(t *testing.T) {
	t.Parallel()
	matrix := testMatrix(t, "proxy_buffering off;")
	scratch := scratchFolder(t)
	json := filepath.Join(t.TempDir(), "j")
	c := startChild(t, []string{"TMPDIR=" + scratch}, "proxy", matrix, "--json", json)
	waitFor(t, c.stderr, "probing one")
	if left := using(t, scratch); len(left) == 0 {
		t.Error("no process of the proxy was found while it ran")
	}
	c.interrupt(t)
	nothingLeft(t, scratch)
	if text, err := os.ReadFile(json); err != nil || !strings.Contains(string(text), `"interrupted": true`) {
		t.Errorf("%v, %s; want the partial result", err, text)
	}
}

// A configuration that runs as it is has its own ports. Who finds one taken says
// so, the origin or the proxy, and nothing is left behind.
func TestProxyTakenPort(t *testing.T) {
	t.Parallel()
	needsNginx(t)
	const ofOrigin = "the origin cannot listen where the configuration passes on to: listen tcp "
	taken := listenSomewhere(t).Addr().String()
	t.Run("of the origin", func(t *testing.T) {
		t.Parallel()
		said := asItIs(t, "127.0.0.1:1", taken)
		if !strings.Contains(said, ofOrigin+taken+": bind: address already in use\n") {
			t.Errorf("it says %s", said)
		}
	})
	t.Run("of the proxy", func(t *testing.T) {
		t.Parallel()
		said := ofOrigin
		for strings.Contains(said, ofOrigin) { // somebody has taken that one meanwhile
			free := listenSomewhere(t)
			free.Close()
			said = asItIs(t, taken, free.Addr().String())
		}
		if !strings.Contains(said, "nginx refused to start (exit status 1); it says:\n") || !strings.Contains(said, "bind() to "+taken+" failed (") {
			t.Errorf("it says %s", said)
		}
	})
}

// asItIs runs a configuration that cannot be run, as it is, demands that nothing
// is left of that, and returns what was said.
func asItIs(t *testing.T, listen, origin string) string {
	t.Helper()
	scratch := scratchFolder(t)
	c := startChild(t, []string{"TMPDIR=" + scratch}, "proxy", "--config", nginxConfig(t, listen, origin), "--listen", "http://"+listen+"/", "--origin", origin)
	said := c.end(t, exitUsage)
	nothingLeft(t, scratch)
	return said
}

// nginxConfig writes a whole configuration that nobody may run.
func nginxConfig(t *testing.T, listen, origin string) string {
	t.Helper()
	folder := scratchFolder(t)
	text := "events {}\nhttp {\n  access_log off;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		text += "  " + kind + "_temp_path " + filepath.Join(folder, kind) + ";\n"
	}
	text += "  server { listen " + listen + "; location / { proxy_pass http://" + origin + "; } }\n}\n"
	file := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func listenSomewhere(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// scratchFolder is a folder that everybody may enter: a proxy may be nobody's.
func scratchFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "ssegauge-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	return folder
}

// nothingLeft demands that no process names the folder, and that it is empty.
func nothingLeft(t *testing.T, folder string) {
	t.Helper()
	if left := using(t, folder); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
}

// using lists the command lines of processes that name the folder, except for
// the test's own.
func using(t *testing.T, folder string) []string {
	t.Helper()
	out, err := exec.Command("ps", "-e", "-o", "args=").Output()
	if err != nil {
		t.Skip("ps does not list processes here")
	}
	var list []string
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, folder) {
			list = append(list, strings.TrimSpace(line))
		}
	}
	return list
}
