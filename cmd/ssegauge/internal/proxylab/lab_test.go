//go:build unix

package proxylab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func newLab(t *testing.T) *Lab {
	t.Helper()
	lab, err := NewLab(guardCommand)
	if err != nil {
		t.Fatal(err)
	}
	return lab
}

// An answering origin says who it is.
func answering(t *testing.T) (origin string, ready Ready) {
	t.Helper()
	who := t.Name() + time.Now().String()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "%q", who) }))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), func(ctx context.Context, client *http.Client, url string) error {
		var answer string
		if err := get(ctx, client, url, &answer); err != nil {
			return err
		}
		if answer != who {
			return fmt.Errorf("it is %q that answers", answer)
		}
		return nil
	}
}

// skipMissing skips the test if the error is that a proxy is not installed. In CI
// nginx must be.
func skipMissing(t *testing.T, err error) {
	t.Helper()
	missing := (*NotInstalled)(nil)
	switch {
	case !errors.As(err, &missing):
	case missing.Proxy == "nginx" && os.Getenv("CI") != "":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

// start runs variants until the end of the test, or skips the test where their
// proxy is not installed.
func start(t *testing.T, variants []*Variant) *Proxy {
	t.Helper()
	origin, ready := answering(t)
	p, err := newLab(t).Start(t.Context(), variants, origin, ready)
	skipMissing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// Every variant of every matrix starts, and passes an answer on.
func TestVariantsAnswer(t *testing.T) {
	files, err := filepath.Glob(scenario("*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if filepath.Base(file) == "all.yaml" {
			continue
		}
		for i, group := range Together(loadMatrix(t, file).Variants) {
			if group[0].kind == &builtin {
				continue
			}
			t.Run(fmt.Sprintf("%s/%d", strings.TrimSuffix(filepath.Base(file), ".yaml"), i), func(t *testing.T) {
				t.Parallel()
				p := start(t, group)
				folder := p.process.job.Folder
				p.Stop()
				if groupRuns(p.process.group) {
					t.Errorf("the process group %d still runs", p.process.group)
				}
				if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s: %v, want it gone", folder, err)
				}
				for name, url := range p.urls {
					host := strings.Split(url, "/")[2]
					if c, err := net.Dial("tcp", host); err == nil {
						c.Close()
						t.Errorf("somebody still listens for %s at %s", name, host)
					}
				}
			})
		}
	}
}

// A matrix file with one variant of nginx, whose location has the directive.
func matrixOf(t *testing.T, directive string) *Matrix {
	t.Helper()
	text, err := os.ReadFile("testdata/one.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "matrix.yaml")
	if err := os.WriteFile(file, bytes.ReplaceAll(text, []byte("DIRECTIVE"), []byte(directive)), 0o600); err != nil {
		t.Fatal(err)
	}
	return loadMatrix(t, file)
}

func TestRefusedSaysWhatTheProxySays(t *testing.T) {
	t.Parallel()
	m := matrixOf(t, "proxy_bufering off;")
	origin, ready := answering(t)
	_, err := newLab(t).Start(t.Context(), m.Variants, origin, ready)
	skipMissing(t, err)
	var refused *Refused
	if !errors.As(err, &refused) || !strings.Contains(refused.Log, `unknown directive "proxy_bufering"`) {
		t.Errorf("%v, want nginx's complaint about the directive", err)
	}
}

// A port that somebody has taken meanwhile costs another attempt, and no more.
func TestTakenPort(t *testing.T) {
	t.Parallel()
	squatter, err := net.Listen("tcp", loopback+"0")
	if err != nil {
		t.Fatal(err)
	}
	defer squatter.Close()
	_, port, _ := net.SplitHostPort(squatter.Addr().String())
	lab := newLab(t)
	asked := 0
	lab.ports = func(n int) ([]string, error) {
		ports, err := freePorts(n)
		if asked++; asked == 1 {
			ports[0] = port
		}
		return ports, err
	}
	m := matrixOf(t, "proxy_buffering off;")
	origin, ready := answering(t)
	p, err := lab.Start(t.Context(), m.Variants, origin, ready)
	skipMissing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	p.Stop()
	if asked != 2 {
		t.Errorf("ports were asked for %d times, want 2", asked)
	}
}

func TestNotInstalled(t *testing.T) {
	absent := kind{name: "absent", programs: []string{"ssegauge-has-no-such-proxy"}, install: "make it up"}
	_, err := newLab(t).Start(t.Context(), []*Variant{{Name: "x", kind: &absent}}, "127.0.0.1:1", nil)
	if missing := (*NotInstalled)(nil); !errors.As(err, &missing) || missing.Install != "make it up" {
		t.Errorf("%v, want that it is not installed", err)
	}
}
