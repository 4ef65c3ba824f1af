package proxylab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ssegauge/ssegauge/internal/nearest"
	"github.com/ssegauge/ssegauge/internal/strictyaml"
)

// A Matrix is what a matrix file says, with the files that it includes.
type Matrix struct {
	Name  string
	About string
	Load  Load
	// Variants of all proxies, in the order of the files, and Go's own.
	Variants []*Variant

	Capacity []Capacity
	// Hosts are further names that a certificate is needed for.
	Hosts []string

	origin        string // where the origin must listen; empty for any free port
	behaviourOnly bool
}

// A File is a matrix file as it is written: a proxy with its variants, or other
// files to include, or both.
type File struct {
	Name  string `yaml:"name"`
	About string `yaml:"about"`
	// Include lists further matrix files, relative to this one.
	Include []string `yaml:"include"`
	Load    Load     `yaml:"load"`
	// Proxy is the program, such as nginx, and Config the template of its
	// configuration (text/template, over a page).
	Proxy    string     `yaml:"proxy"`
	Config   string     `yaml:"config"`
	Variants []*Variant `yaml:"variants"`
	// Capacity says how many streams which setting allows.
	Capacity []Capacity `yaml:"capacity"`
}

// A Variant is one setting of a proxy: a row of the matrix.
type Variant struct {
	Name  string `yaml:"name"`
	About string `yaml:"about"` // one sentence: what it sets
	// Parts fill in the places of the template that are about one variant. They
	// are templates themselves.
	Parts map[string]string `yaml:"parts"`
	// Process fills in the places that are about the whole process. Variants
	// that say the same here share a process, where the proxy allows it.
	Process map[string]string `yaml:"process"`
	// Needs lists words that the proxy's account of itself must hold, such as
	// http_v2_module.
	Needs []string `yaml:"needs"`
	// TLS makes the variant listen with a certificate made for the run.
	TLS bool `yaml:"tls"`
	// HTTP is the version that clients speak to it, 1.1 or 2. Default 1.1.
	HTTP string `yaml:"http"`
	// OriginHeader has header fields that the origin sends with each stream.
	OriginHeader map[string]string `yaml:"origin"`
	// Ramp is how many streams are opened at once to find a limit. Default 12.
	Ramp   int         `yaml:"ramp"`
	Expect Expectation `yaml:"expect"`

	kind     *kind
	template *configTemplate
	own      *own // in place of a template
}

// Proxy is the name of the variant's proxy program.
func (v *Variant) Proxy() string { return v.kind.name }

// LoadMatrix reads a matrix. file is its name, which errors and included paths
// refer to; lookup resolves ${NAME}. An error lists all complaints with file,
// line and column.
func LoadMatrix(file string, lookup func(string) (string, bool)) (*Matrix, error) {
	l := loader{lookup: lookup, seen: map[string]string{}}
	m, err := l.load(file, nil)
	if err != nil {
		return nil, err
	}
	m.Load.setDefaults()
	m.Variants = append(m.Variants, builtinVariant())
	return m, nil
}

type loader struct {
	lookup func(string) (string, bool)
	seen   map[string]string // the file of each variant
}

func (l *loader) load(file string, from []string) (*Matrix, error) {
	if slices.Contains(from, file) {
		return nil, fmt.Errorf("%s includes itself: %s", file, strings.Join(append(from, file), ", "))
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var f File
	positions, err := strictyaml.Decode(file, text, &f, l.lookup)
	if err != nil {
		return nil, err
	}
	c := checker{file: file, positions: positions}
	m := &Matrix{Name: f.Name, About: f.About, Load: f.Load}
	c.must(f.Name != "", "name", "a matrix needs a name")
	c.checkLoad(&f.Load)
	for i, include := range f.Include {
		if !filepath.IsAbs(include) {
			include = filepath.Join(filepath.Dir(file), include)
		}
		included, err := l.load(include, append(from, file))
		if errors.Is(err, os.ErrNotExist) {
			err = positions.Errorf(file, fmt.Sprintf("include.%d", i), "%v", err)
		}
		if err != nil {
			return nil, err
		}
		m.Variants = append(m.Variants, included.Variants...)
		m.Capacity = append(m.Capacity, included.Capacity...)
	}
	if f.Proxy != "" || len(f.Variants) > 0 || len(f.Include) == 0 {
		c.checkProxy(&f, l.seen)
		c.checkCapacity(&f)
		m.Variants = append(m.Variants, f.Variants...)
		m.Capacity = append(m.Capacity, f.Capacity...)
	}
	return m, errors.Join(c.problems...)
}

// A checker collects what is wrong with the values of a file.
type checker struct {
	file      string
	positions strictyaml.Positions
	problems  []error
}

// must complains about the value at path unless ok.
func (c *checker) must(ok bool, path, format string, args ...any) {
	if !ok {
		c.problems = append(c.problems, c.positions.Errorf(c.file, path, format, args...))
	}
}

func (c *checker) checkProxy(f *File, seen map[string]string) {
	kind := findKind(f.Proxy)
	if kind == nil {
		known := Proxies()
		c.must(false, "proxy", "unknown proxy %q%s; known: %s", f.Proxy, nearest.Hint(f.Proxy, known), strings.Join(known, ", "))
		return
	}
	template, err := parseConfig(kind.config, f.Config)
	if err != nil {
		c.must(false, "config", "%v", err)
		return
	}
	c.must(len(f.Variants) > 0, "variants", "a matrix needs variants")
	for i, v := range f.Variants {
		v.kind, v.template = kind, template
		path := fmt.Sprintf("variants.%d", i)
		c.must(v.Name != "", path, "a variant needs a name")
		c.must(seen[v.Name] == "", path+".name", "another variant has the name %q already, in %s", v.Name, seen[v.Name])
		seen[v.Name] = c.file
		c.must(v.HTTP == "" || v.HTTP == "1.1" || v.HTTP == "2", path+".http", "unknown HTTP version %q; known: 1.1, 2", v.HTTP)
		c.must(v.Ramp >= 0 && v.Ramp <= 64, path+".ramp", "expected at most 64 streams")
		c.checkPlaces(path+".parts", v.Parts, template.parts)
		c.checkPlaces(path+".process", v.Process, template.process)
		for name, part := range v.Parts {
			if _, err := template.withPart(name, part); err != nil {
				c.must(false, path+".parts."+name, "%v", err)
			}
		}
	}
}

// checkPlaces complains about values for which the template has no place.
func (c *checker) checkPlaces(path string, given map[string]string, places []string) {
	for name := range given {
		c.must(slices.Contains(places, name), path+"."+name, "the template has no place %q%s; it has: %s", name, nearest.Hint(name, places), strings.Join(places, ", "))
	}
}
