package interop

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The findings tell of every check that is red or unsteady, and of no other: the
// section of a backend begins with its name and version, and has a point for
// each of them, or for several that have one cause, which begins with their IDs.
func TestFindingsTellWhatIsRed(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "conformance-findings.md"))
	if err != nil {
		t.Fatal(err)
	}
	sections := findingSections(string(text))
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			section, there := sections[b.name]
			if !there {
				t.Fatalf("no section of the findings begins with %q", b.name)
			}
			if b.pinned && section.version != b.version(t) {
				t.Errorf("the findings are of version %q, and go.mod or package.json has %q", section.version, b.version(t))
			}
			baseline := readBaseline(t, filepath.Join("testdata", "conformance", b.name+".txt"))
			want := slices.Sorted(slices.Values(slices.Concat(baseline, b.unsteady)))
			if diff := cmp.Diff(want, section.red); diff != "" {
				t.Errorf("red checks (-baseline +findings):\n%s", diff)
			}
		})
		delete(sections, b.name)
	}
	for name := range sections {
		t.Errorf("the findings have a section %q, and there is no such backend", name)
	}
}

// A findingSection is what the findings say of one backend.
type findingSection struct {
	version string
	red     []string // sorted
}

var (
	// sectionTitle is a heading such as "## `go-sse` v0.12.0".
	sectionTitle = regexp.MustCompile("^##+ `([a-z0-9-]+)` ?(.*)$")
	// pointIDs are the IDs with which a point begins, the last one with a colon
	// behind it.
	pointIDs = regexp.MustCompile("^- ((?:`[a-z0-9._-]+`,? ?\n? *)+):")
	quotedID = regexp.MustCompile("`([a-z0-9._-]+)`")
)

func findingSections(text string) map[string]*findingSection {
	sections := map[string]*findingSection{}
	var current *findingSection
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if title := sectionTitle.FindStringSubmatch(line); title != nil {
			current = &findingSection{version: title[2]}
			sections[title[1]] = current
			continue
		}
		point := pointIDs.FindStringSubmatch(strings.Join(lines[i:min(i+6, len(lines))], "\n"))
		if current == nil || point == nil {
			continue
		}
		for _, id := range quotedID.FindAllStringSubmatch(point[1], -1) {
			current.red = append(current.red, id[1])
		}
		slices.Sort(current.red)
	}
	return sections
}
