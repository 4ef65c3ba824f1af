//go:build unix

package proxylab

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A copy of a real configuration differs in nothing but what must be different.
func TestPoint(t *testing.T) {
	ports := []string{"1001", "1002", "1003", "1004"}
	p := pointer{
		folder: "/lab", origin: "127.0.0.1:9", certificate: "/lab/c.pem", key: "/lab/k.pem",
		port: func() (string, error) {
			port := ports[0]
			ports = ports[1:]
			return port, nil
		},
	}
	if err := p.point("testdata/own/nginx.conf"); err != nil {
		t.Fatal(err)
	}
	if at, err := p.at("443"); err != nil || at != "127.0.0.1:1003" {
		t.Errorf("port 443 is at %s, %v; want 127.0.0.1:1003", at, err)
	}
	if _, err := p.at("8080"); err == nil || !strings.Contains(err.Error(), "it listens on: 443, 80, [::]:443, [::]:80") {
		t.Errorf("%v, want the ports that there are", err)
	}
	app := ""
	for name, text := range p.files {
		if strings.HasSuffix(name, "-app.conf") {
			app = string(text)
		}
	}
	want := `upstream app { server 127.0.0.1:9 max_fails=3; server 127.0.0.1:9 backup; keepalive 16; }
server { listen 127.0.0.1:1001 default_server; listen 127.0.0.1:1002 default_server ; server_name _; return 301 https://$host$request_uri; }
server {
    listen 127.0.0.1:1003 ssl http2; # the real one
    listen 127.0.0.1:1004 ssl http2;
    server_name app.example;
    ssl_certificate /lab/c.pem;
    ssl_certificate_key /lab/k.pem;
    location /api/ {
        proxy_pass http://app;
        proxy_set_header Host $host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
    }
    location / { root /var/www/html; }
}
`
	if diff := cmp.Diff(want, app); diff != "" {
		t.Errorf("app.conf (-want +got):\n%s", diff)
	}
	main := string(p.files["nginx.conf"])
	for _, gone := range []string{"www-data", "/run/nginx.pid", "/var/log", "conf.d"} {
		if strings.Contains(main, gone) {
			t.Errorf("nginx.conf still has %s:\n%s", gone, main)
		}
	}
	for _, there := range []string{"error_log stderr;", "access_log off;", "client_body_temp_path /lab/tmp/", `'$remote_addr "$request" {$status};'`} {
		if !strings.Contains(main, there) {
			t.Errorf("nginx.conf lacks %s:\n%s", there, main)
		}
	}
}

func TestPassTo(t *testing.T) {
	p := pointer{origin: "127.0.0.1:9", upstreams: map[string]bool{"app": true}}
	for target, want := range map[string]string{
		"http://10.0.0.1:3000":           "http://127.0.0.1:9",
		"http://10.0.0.1:3000/":          "http://127.0.0.1:9/",
		"https://api.example/v1/events":  "http://127.0.0.1:9/v1/events",
		"http://app":                     "http://app",
		"https://app/x":                  "http://app/x",
		"http://$backend$request_uri":    "http://127.0.0.1:9",
		"http://unix:/run/app.sock:/uri": "http://127.0.0.1:9/uri",
		"http://unix:/run/app.sock":      "http://127.0.0.1:9",
		"$target":                        "127.0.0.1:9",
	} {
		if got := p.passTo(target); got != want {
			t.Errorf("%s becomes %s, want %s", target, got, want)
		}
	}
}

func TestNginxSyntaxErrors(t *testing.T) {
	for text, want := range map[string]string{
		"http {\n  server {\n":                "f:2:11: server has no closing }",
		"a b\n":                               "f:2:1: the file ends within a directive",
		"}":                                   "f:1:1: unexpected }",
		"a {\n b }\n}":                        "f:2:4: unexpected }; expected ; or {",
		"a 'b;\n":                             "f:1:3: the quote has no end",
		"content_by_lua_block {\n if {\n }\n": "f:1:23: content_by_lua_block has no end",
	} {
		if _, err := parseNginx("f", []byte(text), "main"); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// Somebody's own configuration runs, and its server is chosen by its name.
func TestOwnConfiguration(t *testing.T) {
	t.Parallel()
	m, err := Own{Config: "testdata/own/nginx.conf", Listen: "https://app.example/api/events"}.Matrix()
	if err != nil {
		t.Fatal(err)
	}
	lab, err := NewLab(guardCommand, m.Hosts...)
	if err != nil {
		t.Fatal(err)
	}
	origin, ready := answering(t)
	p, err := lab.Start(t.Context(), m.Variants[:1], origin, ready)
	skipMissing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	p.Stop()
	if _, err := os.Stat(p.process.job.Folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want the folder gone", err)
	}
}

// A configuration that is run as it is passes on to where the origin listens.
func TestOwnConfigurationAsItIs(t *testing.T) {
	t.Parallel()
	ports, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	origin, ready := answering(t)
	folder, err := os.MkdirTemp("", "ssegauge-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil { // the proxy may be nobody's
		t.Fatal(err)
	}
	config := filepath.Join(folder, "haproxy.cfg")
	text := "defaults\n  mode http\n  timeout client 1m\n  timeout connect 5s\n  timeout server 1m\nfrontend f\n  bind 127.0.0.1:" + ports[0] + "\n  default_backend b\nbackend b\n  server s " + origin + "\n"
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	// It runs here, whatever its name leads to elsewhere.
	for _, host := range []string{"127.0.0.1", "localhost", "app.invalid"} {
		m, err := Own{Proxy: "haproxy", Config: config, Listen: "http://" + host + ":" + ports[0] + "/", Origin: origin}.Matrix()
		if err != nil {
			t.Fatal(err)
		}
		p, err := newLab(t).Start(t.Context(), m.Variants[:1], origin, ready)
		skipMissing(t, err)
		if err != nil {
			t.Fatal(err)
		}
		p.Stop()
	}
}

// Its server is asked for by the name that is given, wherever that runs.
func TestOwnIsAskedForByName(t *testing.T) {
	for listen, want := range map[string][3]string{
		"https://app.example/e":    {"https://127.0.0.1:443/e", "app.example", "app.example"},
		"https://[::1]:8443/e?a=b": {"https://[::1]:8443/e?a=b", "[::1]:8443", "::1"},
	} {
		m, err := Own{Proxy: "haproxy", Config: "x", Listen: listen, Origin: "127.0.0.1:9000"}.Matrix()
		if err != nil {
			t.Fatal(err)
		}
		v := m.Variants[0]
		_, p, err := newLab(t).prepare(&program{kind: v.kind}, m.Variants[:1], "127.0.0.1:9000")
		if err != nil {
			t.Fatal(err)
		}
		v.TLS = false // there is no process, and so no certificate
		target := p.target(v)
		if got := [3]string{target.URL, target.Headers["Host"], target.TLS.ServerName}; got != want || !target.TLS.Insecure {
			t.Errorf("%s is asked for by %q, want %q", listen, got, want)
		}
	}
}

func TestOwnErrors(t *testing.T) {
	for _, c := range []struct {
		own  Own
		want string
	}{
		{Own{Proxy: "ngnix", Config: "x", Listen: "http://a/"}, "did you mean nginx?"},
		{Own{Config: "x", Listen: "a:80"}, "expected the http or https URL"},
		{Own{Config: "x", Listen: "http://a/", HTTP: "3"}, `unknown HTTP version "3"`},
		{Own{Proxy: "caddy", Config: "x", Listen: "http://a/"}, "runs as it is"},
		{Own{Config: "x", Listen: "http://a/", Origin: "10.0.0.1:80"}, "an address of this machine"},
	} {
		if _, err := c.own.Matrix(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.own, err, c.want)
		}
	}
}
