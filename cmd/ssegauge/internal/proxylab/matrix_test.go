package proxylab

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ssegauge/ssegauge/conformance/doctor"
)

func TestMatrixErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"key", "name: x\nproxi: nginx\n", `matrix.yaml:2:1: unknown key "proxi" (did you mean proxy?)`},
		{"proxy", "name: x\nproxy: ngnix\n", `matrix.yaml:2:8: unknown proxy "ngnix" (did you mean nginx?)`},
		{"no proxy", "name: x\n", `unknown proxy ""`},
		{"no config", "name: x\nproxy: nginx\nvariants: [{name: a}]\n", `needs the template of the configuration`},
		{"template", "name: x\nproxy: nginx\nconfig: '{{.Part \"a\"'\nvariants: [{name: a}]\n", `matrix.yaml:3:9: template: nginx.conf:1: unclosed action`},
		{"place", "name: x\nproxy: nginx\nconfig: '{{range .Variants}}{{.Part \"location\"}}{{end}}'\nvariants:\n  - name: a\n    parts: {loction: b}\n",
			`matrix.yaml:6:22: the template has no place "loction" (did you mean location?); it has: location`},
		{"setting", "name: x\nproxy: nginx\nconfig: '{{$.Setting \"workers\" \"1\"}}'\nvariants:\n  - name: a\n    process: {worker: '2'}\n",
			`matrix.yaml:6:23: the template has no place "worker" (did you mean workers?); it has: workers`},
		{"part", "name: x\nproxy: nginx\nconfig: '{{$.Part \"a\"}}'\nvariants:\n  - name: a\n    parts: {a: '{{template \"none\"'}\n", `unclosed action`},
		{"verdict", "name: x\nproxy: nginx\nconfig: x\nvariants:\n  - name: a\n    expect: stream\n", `matrix.yaml:6:13: unknown verdict "stream" (did you mean streams?)`},
		{"expectation", "name: x\nproxy: nginx\nconfig: x\nvariants:\n  - name: a\n    expect: held until 1.2\n", `found "held until 1.2"`},
		{"nothing", "name: x\nproxy: nginx\nconfig: x\nvariants:\n  - name: a\n  -\n", `matrix.yaml:6:4: expected a mapping with the keys about, `},
		{"name twice", "name: x\nproxy: nginx\nconfig: x\nvariants:\n  - name: a\n  - name: a\n", `matrix.yaml:6:11: another variant has the name "a" already`},
		{"HTTP", "name: x\nproxy: nginx\nconfig: x\nvariants:\n  - name: a\n    http: 3\n", `matrix.yaml:6:11: unknown HTTP version "3"`},
		{"include", "name: x\ninclude: [none.yaml]\n", `matrix.yaml:2:11: open `},
		{"itself", "name: x\ninclude: [matrix.yaml]\n", `includes itself`},
		{"load", "name: x\nproxy: nginx\nconfig: x\nload: {streams: 1000000}\nvariants:\n  - name: a\n", `matrix.yaml:4:17: expected 1 to 5000 streams`},
		{"capacity variant", "name: x\nproxy: nginx\nconfig: x\nvariants: [{name: a}]\ncapacity:\n  - variant: b\n    values: ['1']\n", `matrix.yaml:6:14: unknown variant "b"; known: a`},
		{"capacity setting", "name: x\nproxy: nginx\nconfig: '{{$.Setting \"workers\" \"1\"}}'\nvariants: [{name: a}]\ncapacity:\n  - variant: a\n    setting: worker\n    values: ['1']\n", `did you mean workers?`},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "matrix.yaml")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := LoadMatrix(file, os.LookupEnv)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// all.yaml is the sum of the others, and every row has what a row needs.
func TestMatrices(t *testing.T) {
	files, err := filepath.Glob(scenario("*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, file := range files {
		m := loadMatrix(t, file)
		if filepath.Base(file) != "all.yaml" {
			sum += len(m.Variants) - 1
		}
		for _, v := range m.Variants {
			if v.About == "" || len(v.Expect) == 0 {
				t.Errorf("%s: %s has no sentence, or no verdict that is foreseen", file, v.Name)
			}
		}
	}
	if all := len(loadMatrix(t, scenario("all.yaml")).Variants) - 1; all != sum || all < 50 {
		t.Errorf("all.yaml has %d variants, the others %d; want as many, and at least 50", all, sum)
	}
	if nginx := len(loadMatrix(t, scenario("nginx.yaml")).Variants) - 1; nginx < 15 {
		t.Errorf("nginx.yaml has %d variants, want at least 15", nginx)
	}
}

func TestExpectation(t *testing.T) {
	var e Expectation
	if err := e.UnmarshalText([]byte("held before 1.29.7, late-headers")); err != nil {
		t.Fatal(err)
	}
	for version, want := range map[string]doctor.Verdict{
		"1.22.1": doctor.Held, "1.29.6": doctor.Held, "1.29.7": doctor.LateHeaders, "1.29.10": doctor.LateHeaders, "1.30": doctor.LateHeaders, "2": doctor.LateHeaders, "1.9.15": doctor.Held,
	} {
		if got := e.of(version); got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
	var only Expectation
	if err := only.UnmarshalText([]byte("held before 2")); err != nil || only.of("2.1") != "" {
		t.Errorf("%v, %q; want nothing foreseen from 2 on", err, only.of("2.1"))
	}
}

func TestTogether(t *testing.T) {
	sizes := map[string][]int{"nginx.yaml": nil, "varnish.yaml": nil}
	for file := range sizes {
		for _, group := range Together(loadMatrix(t, scenario(file)).Variants) {
			sizes[file] = append(sizes[file], len(group))
		}
	}
	if got := sizes["nginx.yaml"]; len(got) != 3 || got[1] != 1 || got[2] != 1 {
		t.Errorf("nginx.yaml has processes with %v variants; want one with most, one with few connections, and Go's", got)
	}
	if got := sizes["varnish.yaml"]; slices.Max(got) != 1 {
		t.Errorf("varnish.yaml has processes with %v variants, want 1 each", got)
	}
}

func scenario(name string) string {
	return filepath.Join("..", "..", "..", "..", "scenarios", "proxies", name)
}

func loadMatrix(t *testing.T, file string) *Matrix {
	t.Helper()
	m, err := LoadMatrix(file, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
