// Package schemas holds the tests that make the JSON Schemas of the folder
// schema from the Go types, and that compare what a schema takes with what
// ssegauge does.
package schemas

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/ssegauge/ssegauge/schema"
)

var update = flag.Bool("update", false, "write the schemas")

// The schemas are what the Go types say.
func TestUpToDate(t *testing.T) {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
		text, err := k.schema()
		if err != nil {
			t.Fatalf("%s: %v", k.name, err)
		}
		file := root + "schema/" + k.name + ".json"
		if *update {
			if err := os.WriteFile(file, text, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if committed, _ := schema.Of(k.name); !bytes.Equal(committed, text) {
			t.Errorf("%s is not what the Go types say; write it with: go test ./cmd/ssegauge/internal/schemas -update", file)
		}
	}
	slices.Sort(names)
	if got := schema.Kinds(); !*update && !slices.Equal(got, names) {
		t.Errorf("the folder schema has %v, want %v", got, names)
	}
}

// compile makes a validator of the schema in a file.
func compile(t *testing.T, file string) *validator.Schema {
	t.Helper()
	s, err := validator.NewCompiler().Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ofKind is the validator of a kind.
func ofKind(t *testing.T, kind string) *validator.Schema {
	t.Helper()
	return compile(t, root+"schema/"+kind+".json")
}

// validate says what the schema finds wrong with the text of a YAML file.
func validate(s *validator.Schema, text []byte) error {
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		return err
	}
	return s.Validate(v)
}

const header = "# yaml-language-server: $schema="

// Every file that we give away names its schema in its first line, so that
// editors find it, and keeps to it.
func TestScenarios(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(root+"scenarios", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".yaml") {
			return err
		}
		seen++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		line, _, _ := strings.Cut(string(text), "\n")
		relative, ok := strings.CutPrefix(line, header)
		if !ok {
			t.Errorf("%s begins with %q, want %s and the way to its schema", path, line, header)
			return nil
		}
		if problem := validate(compile(t, filepath.Join(filepath.Dir(path), relative)), text); problem != nil {
			t.Errorf("%s: %v", path, problem)
		}
		return nil
	})
	if err != nil || seen < 19 {
		t.Errorf("%d files, error %v", seen, err)
	}
}

// beyondSchema are the bad scenarios that only ssegauge itself refuses.
var beyondSchema = map[string]string{
	"cohort_placeholder.yaml":         "placeholders are known by where they stand",
	"observe_bad_pattern.yaml":        "the pattern is compiled",
	"placeholders.yaml":               "placeholders are known by where they stand",
	"public_host.yaml":                "streams are counted, and the host is looked at",
	"several_topics.yaml":             "topics are counted",
	"several_topics_of_a_cohort.yaml": "topics are counted",
	"threshold_cohorts.yaml":          "the cohorts have names",
}

func TestBadScenarios(t *testing.T) {
	files, err := filepath.Glob(root + "loadgen/testdata/bad/*.yaml")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d files, error %v", len(files), err)
	}
	s := ofKind(t, "scenario")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		problem := validate(s, text)
		if why := beyondSchema[name]; (why != "") != (problem == nil) {
			t.Errorf("%s: the schema says %v; only ssegauge can tell: %q", name, problem, why)
		}
	}
}
