//go:build unix

package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testMatrix writes a matrix with one variant of nginx whose location has the
// directive.
func testMatrix(t *testing.T, directive string) string {
	t.Helper()
	if _, err := exec.LookPath("nginx"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("nginx is not installed")
		}
		t.Skip("nginx is not installed")
	}
	file := filepath.Join(t.TempDir(), "matrix.yaml")
	text := `name: test
proxy: nginx
config: |
  daemon off;
  pid nginx.pid;
  error_log stderr;
  events {}
  http {
      access_log off;
      client_body_temp_path tmp/body;
      proxy_temp_path tmp/proxy;
      fastcgi_temp_path tmp/fastcgi;
      uwsgi_temp_path tmp/uwsgi;
      scgi_temp_path tmp/scgi;
  {{range .Variants}}
      server {
          listen {{.Address}};
          location / {
              proxy_pass http://{{.Origin}};
              {{.Part "location"}}
          }
      }
  {{end}}
  }
variants:
  - name: one
    parts: {location: "` + directive + `"}
    expect: streams
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
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
	scratch, err := os.MkdirTemp("", "ssegauge-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(scratch) })
	if err := os.Chmod(scratch, 0o755); err != nil { // the proxy may be nobody's
		t.Fatal(err)
	}
	json := filepath.Join(t.TempDir(), "j")
	command := exec.Command(os.Args[0], "proxy", matrix, "--json", json)
	command.Env = append(os.Environ(), "TMPDIR="+scratch)
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	watchdog := time.AfterFunc(2*time.Minute, func() { _ = command.Process.Kill() })
	defer watchdog.Stop()
	waitFor(t, stderr, "probing one")
	if left := using(t, scratch); len(left) == 0 {
		t.Error("no process of the proxy was found while it ran")
	}
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, stderr)
	_ = command.Wait()
	if code := command.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if left := using(t, scratch); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
	if text, err := os.ReadFile(json); err != nil || !strings.Contains(string(text), `"interrupted": true`) {
		t.Errorf("%v, %s; want the partial result", err, text)
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
