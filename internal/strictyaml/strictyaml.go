// Package strictyaml reads a YAML file into a Go value and refuses whatever
// the value has no place for. Every complaint carries file, line and column,
// what was expected, and the nearest known name.
package strictyaml

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/ssegauge/ssegauge/internal/nearest"
)

// An Error is one complaint about a file.
type Error struct {
	File         string
	Line, Column int
	Problem      string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Problem)
}

// Positions tells where the value of each dotted path stood, such as
// "streams.count" or "thresholds.0".
type Positions map[string]Position

// A Position is a place in a file, both counted from 1.
type Position struct{ Line, Column int }

// Errorf makes an Error that points at path, or at the nearest enclosing value
// that the file has.
func (p Positions) Errorf(file, path, format string, args ...any) error {
	for {
		if at, ok := p[path]; ok {
			return &Error{file, at.Line, at.Column, fmt.Sprintf(format, args...)}
		}
		cut := strings.LastIndexByte(path, '.')
		if cut < 0 {
			return &Error{file, 1, 1, fmt.Sprintf(format, args...)}
		}
		path = path[:cut]
	}
}

// Decode reads the single YAML document of text into the struct that v points
// to. Fields are named by their `yaml` tags; a field without a tag cannot be
// set. Types that implement encoding.TextUnmarshaler are read from scalars, and
// time.Duration is written as in "1m30s". In scalars, ${NAME} and
// ${NAME:-default} are replaced by what lookup knows, after parsing, so that a
// value can never become syntax; a name that lookup does not know, and that has
// no default, is an error. All complaints are returned together, joined.
func Decode(file string, text []byte, v any, lookup func(string) (string, bool)) (Positions, error) {
	d := decoder{file: file, lookup: lookup, positions: Positions{}}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, syntaxError(file, err)
	}
	if len(document.Content) == 0 {
		return nil, &Error{file, 1, 1, "the file is empty"}
	}
	d.decode(document.Content[0], reflect.ValueOf(v).Elem(), "")
	return d.positions, errors.Join(d.problems...)
}

// syntaxError finds the line in the message of a parser error, which has no
// field for it.
func syntaxError(file string, err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if number, message, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				line, text = n, message
			}
		}
	}
	return &Error{file, line, 1, "not valid YAML: " + text}
}

type decoder struct {
	file      string
	lookup    func(string) (string, bool)
	positions Positions
	problems  []error
}

func (d *decoder) complain(n *yaml.Node, format string, args ...any) {
	d.problems = append(d.problems, &Error{d.file, n.Line, n.Column, fmt.Sprintf(format, args...)})
}

var (
	durationType    = reflect.TypeFor[time.Duration]()
	unmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (d *decoder) decode(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	d.positions[path] = Position{n.Line, n.Column}
	switch {
	case n.Tag == "!!null":
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.decode(n, v.Elem(), path)
	case v.Type() == durationType, v.Addr().Type().Implements(unmarshalerType):
		d.scalar(n, v)
	case v.Kind() == reflect.Struct:
		d.mapping(n, v, path)
	case v.Kind() == reflect.Map:
		d.entries(n, v, path)
	case v.Kind() == reflect.Slice:
		d.sequence(n, v, path)
	default:
		d.scalar(n, v)
	}
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.complain(n, "expected a mapping with the keys %s, found %s", strings.Join(keys(v.Type()), ", "), describe(n))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		field := fieldByKey(v, key.Value)
		switch {
		case !field.IsValid():
			known := keys(v.Type())
			d.complain(key, "unknown key %q%s; known keys: %s", key.Value, nearest.Hint(key.Value, known), strings.Join(known, ", "))
		case seen[key.Value]:
			d.complain(key, "key %q is given twice", key.Value)
		default:
			d.decode(value, field, join(path, key.Value))
		}
		seen[key.Value] = true
	}
}

func (d *decoder) entries(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.complain(n, "expected a mapping, found %s", describe(n))
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, element := n.Content[i], reflect.New(v.Type().Elem()).Elem()
		if v.MapIndex(reflect.ValueOf(key.Value)).IsValid() {
			d.complain(key, "key %q is given twice", key.Value)
		}
		d.element(n.Content[i+1], element, join(path, key.Value))
		v.SetMapIndex(reflect.ValueOf(key.Value), element)
	}
}

// sequence also takes a single value where a list of one is meant.
func (d *decoder) sequence(n *yaml.Node, v reflect.Value, path string) {
	nodes := n.Content
	if n.Kind != yaml.SequenceNode {
		nodes = []*yaml.Node{n}
	}
	v.Set(reflect.MakeSlice(v.Type(), len(nodes), len(nodes)))
	for i, element := range nodes {
		d.element(element, v.Index(i), join(path, strconv.Itoa(i)))
	}
}

// element decodes what a list or a mapping has. Where a pointer says that there
// is a value, there must be one.
func (d *decoder) element(n *yaml.Node, v reflect.Value, path string) {
	d.decode(n, v, path)
	if v.Kind() == reflect.Pointer && v.IsNil() {
		d.complain(n, "expected a mapping with the keys %s, found nothing", strings.Join(keys(v.Type().Elem()), ", "))
	}
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		d.complain(n, "expected %s, found %s", expected(v), describe(n))
		return
	}
	text, err := d.expand(n.Value)
	if err != nil {
		d.complain(n, "%v", err)
		return
	}
	if err := set(v, text); err != nil {
		d.complain(n, "%v", err)
	}
}

// set stores text in v as v's type reads it.
func set(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	wrong := fmt.Errorf("expected %s, found %q", expected(v), text)
	switch {
	case v.Type() == durationType:
		duration, err := time.ParseDuration(text)
		if err != nil {
			return wrong
		}
		v.SetInt(int64(duration))
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return wrong
		}
		v.SetBool(b)
	case v.CanInt():
		i, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, v.Type().Bits())
		if err != nil {
			return wrong
		}
		v.SetInt(i)
	case v.CanUint():
		i, err := strconv.ParseUint(strings.ReplaceAll(text, "_", ""), 10, v.Type().Bits())
		if err != nil {
			return wrong
		}
		v.SetUint(i)
	case v.CanFloat():
		f, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil {
			return wrong
		}
		v.SetFloat(f)
	default:
		return fmt.Errorf("a %s cannot be written in a file", v.Type())
	}
	return nil
}

func (d *decoder) expand(text string) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		reference, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", errors.New("${ without a closing brace")
		}
		name, fallback, hasFallback := strings.Cut(reference, ":-")
		value, known := d.lookup(name)
		switch {
		case known:
			out.WriteString(value)
		case hasFallback:
			out.WriteString(fallback)
		default:
			return "", fmt.Errorf("the environment variable %s is not set; set it, or give a default as ${%s:-value}", name, name)
		}
		text = after
	}
}

// Set stores a value given as text under a dotted path such as
// "streams.count", as a command line's --set does. A list is replaced by the
// one value given.
func Set(v any, path, text string) error {
	at := reflect.ValueOf(v).Elem()
	for _, key := range strings.Split(path, ".") {
		for at.Kind() == reflect.Pointer {
			if at.IsNil() {
				at.Set(reflect.New(at.Type().Elem()))
			}
			at = at.Elem()
		}
		if at.Kind() != reflect.Struct {
			return fmt.Errorf("%s: nothing below can be set", path)
		}
		field := fieldByKey(at, key)
		if !field.IsValid() {
			known := keys(at.Type())
			return fmt.Errorf("%s: unknown key %q%s; known keys: %s", path, key, nearest.Hint(key, known), strings.Join(known, ", "))
		}
		at = field
	}
	if at.Kind() == reflect.Pointer && at.Type().Elem().Kind() != reflect.Struct {
		at.Set(reflect.New(at.Type().Elem()))
		at = at.Elem()
	}
	if at.Kind() == reflect.Slice && !at.Addr().Type().Implements(unmarshalerType) {
		at.Set(reflect.MakeSlice(at.Type(), 1, 1))
		at = at.Index(0)
	}
	if err := set(at, text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// fieldByKey finds a field by its tag; those of an embedded struct count as the
// outer struct's own.
func fieldByKey(v reflect.Value, key string) reflect.Value {
	for _, f := range reflect.VisibleFields(v.Type()) {
		if tag(f) == key && key != "" {
			return v.FieldByIndex(f.Index)
		}
	}
	return reflect.Value{}
}

func keys(t reflect.Type) []string {
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		if name := tag(f); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func tag(f reflect.StructField) string { return strings.Split(f.Tag.Get("yaml"), ",")[0] }

func expected(v reflect.Value) string {
	switch {
	case v.Type() == durationType:
		return "a duration such as 500ms or 1m30s"
	case v.Kind() == reflect.String:
		return "a text"
	case v.Kind() == reflect.Bool:
		return "true or false"
	case v.CanInt(), v.CanUint():
		return "a whole number"
	case v.CanFloat():
		return "a number"
	}
	return "a single value"
}

func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return strconv.Quote(n.Value)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
