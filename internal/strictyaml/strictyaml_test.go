package strictyaml

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type file struct {
	Name    string            `yaml:"name"`
	Count   int               `yaml:"count"`
	Share   float64           `yaml:"share"`
	Open    bool              `yaml:"open"`
	Wait    time.Duration     `yaml:"wait"`
	Lists   []string          `yaml:"lists"`
	Headers map[string]string `yaml:"headers"`
	Inner   inner             `yaml:"inner"`
	Maybe   *inner            `yaml:"maybe"`
	Jitter  *float64          `yaml:"jitter"`
	Level   level             `yaml:"level"`
	Steps   []*stage          `yaml:"steps"`
	Named   map[string]*stage `yaml:"named"`
	Hidden  string
	promoted
}

type promoted struct {
	Extra int `yaml:"extra"`
}

type inner struct {
	Stages []stage `yaml:"stages"`
}

type stage struct {
	Rate uint8 `yaml:"rate"`
}

type level int

func (l *level) UnmarshalText(text []byte) error {
	if string(text) != "high" {
		return errors.New("expected high")
	}
	*l = 7
	return nil
}

func environment(name string) (string, bool) {
	value, ok := map[string]string{"TOKEN": "a: [b", "EMPTY": ""}[name]
	return value, ok
}

func TestDecode(t *testing.T) {
	const text = `
name: "x ${TOKEN} ${EMPTY}${NONE:-later}"
count: 1_000
share: 0.25
open: true
wait: 1m30s
lists: one
headers: {A: b}
inner:
  stages:
    - rate: 3
maybe: {stages: [{rate: 4}]}
level: high
extra: 9
`
	want := file{
		Name: "x a: [b later", Count: 1000, Share: 0.25, Open: true, Wait: 90 * time.Second,
		Lists: []string{"one"}, Headers: map[string]string{"A": "b"},
		Inner: inner{[]stage{{3}}}, Maybe: &inner{[]stage{{4}}}, Level: 7, promoted: promoted{9},
	}
	var got file
	positions, err := Decode("f.yaml", []byte(text), &got, environment)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(file{})); diff != "" {
		t.Errorf("decoded value (-want +got):\n%s", diff)
	}
	if at := positions["inner.stages.0.rate"]; at != (Position{11, 13}) {
		t.Errorf("position of the rate = %v, want 11:13", at)
	}
	if err := positions.Errorf("f.yaml", "inner.stages.0.missing", "is too %s", "small"); err.Error() != "f.yaml:11:7: is too small" {
		t.Errorf("Errorf = %q", err)
	}
}

func TestDecodeComplains(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown key", "name: a\ncuont: 3\n", `f.yaml:2:1: unknown key "cuont" (did you mean count?); known keys: count, extra, headers, inner, jitter, level, lists, maybe, name, named, open, share, steps, wait`},
		{"unknown inner key", "inner:\n  stages:\n  - rat: 3\n", `f.yaml:3:5: unknown key "rat" (did you mean rate?); known keys: rate`},
		{"field without a tag", "Hidden: a\n", `f.yaml:1:1: unknown key "Hidden"; known keys: `},
		{"twice", "name: a\nname: b\n", `given twice`},
		{"not a number", "count: many\n", `f.yaml:1:8: expected a whole number, found "many"`},
		{"too large", "inner: {stages: [{rate: 256}]}\n", `f.yaml:1:25: expected a whole number, found "256"`},
		{"not a duration", "wait: 5\n", `f.yaml:1:7: expected a duration such as 500ms or 1m30s, found "5"`},
		{"not a scalar", "name: [a]\n", `f.yaml:1:7: expected a text, found a list`},
		{"not a mapping", "inner: 3\n", `f.yaml:1:8: expected a mapping with the keys stages, found "3"`},
		{"nothing in a list", "steps:\n  - {rate: 3}\n  -\n", `f.yaml:3:4: expected a mapping with the keys rate, found nothing`},
		{"nothing in a mapping", "named: {a: {rate: 3}, b: }\n", `f.yaml:1:26: expected a mapping with the keys rate, found nothing`},
		{"own type", "level: low\n", `f.yaml:1:8: expected high`},
		{"variable not set", "name: ${NONE}\n", `f.yaml:1:7: the environment variable NONE is not set`},
		{"variable not closed", "name: ${NONE\n", `f.yaml:1:7: ${ without a closing brace`},
		{"syntax", "name: a\n  b: c\n", `f.yaml:2:1: not valid YAML`},
		{"empty", "# nothing\n", `f.yaml:1:1: the file is empty`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v file
			_, err := Decode("f.yaml", []byte(c.text), &v, environment)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestDecodeReportsAllComplaints(t *testing.T) {
	var v file
	_, err := Decode("f.yaml", []byte("nam: a\ncount: x\nwait: y\n"), &v, environment)
	if got := strings.Count(err.Error(), "f.yaml:"); got != 3 {
		t.Errorf("%d complaints, want 3: %v", got, err)
	}
}

func TestSet(t *testing.T) {
	v := file{Lists: []string{"a", "b"}}
	for path, text := range map[string]string{"count": "5", "wait": "2s", "lists": "c", "level": "high", "jitter": "0.5"} {
		if err := Set(&v, path, text); err != nil {
			t.Errorf("Set(%s): %v", path, err)
		}
	}
	half := 0.5
	want := file{Jitter: &half, Count: 5, Wait: 2 * time.Second, Lists: []string{"c"}, Level: 7}
	if diff := cmp.Diff(want, v, cmp.AllowUnexported(file{})); diff != "" {
		t.Errorf("after Set (-want +got):\n%s", diff)
	}
	for path, want := range map[string]string{
		"cuont":       "did you mean count?",
		"inner.stage": "did you mean stages?",
		"name.x":      "nothing below can be set",
		"count":       "expected a whole number",
	} {
		if err := Set(&v, path, "x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Set(%s) = %v, want %s", path, err, want)
		}
	}
}
