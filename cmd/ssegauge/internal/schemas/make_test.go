package schemas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/proxylab"
	"github.com/ssegauge/ssegauge/conformance/doctor"
	"github.com/ssegauge/ssegauge/loadgen"
)

// here is the path of this package, and root the way from it to the top.
const (
	here = "github.com/ssegauge/ssegauge/cmd/ssegauge/internal/schemas"
	root = "../../../../"
)

const address = "https://raw.githubusercontent.com/ssegauge/ssegauge/main/schema/"

// reference is the part of a pattern that takes a value with a ${NAME} in it,
// of which nothing else is known. It stands for REFERENCE in other patterns.
const reference = `\$\{[^}]+\}`

// make returns the text of the schema.
func (k *kind) schema() ([]byte, error) {
	m := maker{
		kind: k, keys: map[string]string{}, seen: map[reflect.Type]bool{},
		defaults: map[string]any{}, unused: map[string]bool{},
	}
	m.reflector = jsonschema.Reflector{
		FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, ExpandedStruct: true, Anonymous: true,
		Mapper: scalar,
	}
	for _, room := range []string{"loadgen", "conformance", "cmd/ssegauge/internal/proxylab"} {
		if err := m.reflector.AddGoComments(here, root+room, jsonschema.WithFullComment()); err != nil {
			return nil, err
		}
	}
	return m.make()
}

// scalar refers to the definition of the types that are read from one scalar.
func scalar(t reflect.Type) *jsonschema.Schema {
	name := ""
	switch {
	case t == reflect.TypeFor[time.Duration]():
		name = "duration"
	case t == reflect.TypeFor[loadgen.Rate]():
		name = "rate"
	case t == reflect.TypeFor[loadgen.Threshold]():
		name = "threshold"
	case t == reflect.TypeFor[proxylab.Expectation]():
		name = "expectation"
	case t.Kind() == reflect.String:
		name = "text"
	case t.Kind() == reflect.Bool:
		name = "truth"
	case reflect.Int <= t.Kind() && t.Kind() <= reflect.Uint64:
		name = "count"
	case t.Kind() == reflect.Float64:
		name = "number"
	default:
		return nil
	}
	return &jsonschema.Schema{Ref: "#/$defs/" + name}
}

// scalars are those definitions. YAML reads 2 and true as a number and a truth
// value where the file means a text.
var scalars = map[string]string{
	"text":  `{"type": ["string", "number", "boolean"]}`,
	"truth": `{"type": ["boolean", "string"], "pattern": "REFERENCE"}`,
	"count": `{"type": ["integer", "string"], "minimum": 0, "pattern": "^\\+?[0-9][0-9_]*$|REFERENCE",
		"patternErrorMessage": "expected a whole number"}`,
	"number": `{"type": ["number", "string"], "minimum": 0, "pattern": "^[0-9.]+([eE][+-]?[0-9]+)?$|REFERENCE",
		"patternErrorMessage": "expected a number"}`,
	"duration": `{"type": ["string", "integer"], "minimum": 0, "maximum": 0,
		"pattern": "^\\+?(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$|^0$|REFERENCE",
		"patternErrorMessage": "expected a duration such as 500ms or 1m30s"}`,
	"rate": `{"type": ["string", "number"], "minimum": 0, "maximum": 1000000000,
		"pattern": "^ *([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)? *(/ *[smh] *)?$|REFERENCE",
		"patternErrorMessage": "expected a rate such as 60/s, 90/m or 1/h"}`,
	"expectation": `{"type": "string", "pattern": "^ *((VERDICT) +before +[0-9][0-9.]* *(,|$) *)*(VERDICT)? *$|REFERENCE",
		"patternErrorMessage": "expected a verdict such as streams, or: held before 1.29.7, streams"}`,
	"threshold": `{"type": "string", "pattern": "^ *(THRESHOLD) *$|REFERENCE",
		"patternErrorMessage": "expected METRIC OPERATOR VALUE with a known metric, such as fanout.p99 < 250ms",
		"examples": ["fanout.p99 < 250ms", "events.lost == 0", "streams.failed == 0"]}`,
}

// thresholdPattern takes a latency with a duration, and everything else with a
// number.
func thresholdPattern() string {
	const operator, duration, number = `(<|<=|>|>=|==|!=)`, `([0-9.]+(ns|us|µs|μs|ms|s|m|h))+|0`, `[+-]?[0-9.]+([eE][+-]?[0-9]+)?`
	var either []string
	for _, cohort := range []bool{false, true} {
		values := map[string][]string{}
		for _, metric := range loadgen.Metrics(cohort) {
			value := number
			var t loadgen.Threshold
			if t.UnmarshalText([]byte(metric+" < 1ms")) == nil {
				value = duration
			}
			values[value] = append(values[value], regexp.QuoteMeta(metric))
		}
		prefix := ""
		if cohort {
			prefix = `[^:<>=!]+:`
		}
		for _, value := range []string{duration, number} {
			either = append(either, fmt.Sprintf(`%s(%s) *%s *(%s)`, prefix, strings.Join(values[value], "|"), operator, value))
		}
	}
	return strings.Join(either, "|")
}

func verdictPattern() string {
	var names []string
	for _, v := range doctor.Verdicts() {
		names = append(names, string(v))
	}
	return strings.Join(names, "|")
}

// A maker makes one schema.
type maker struct {
	*kind
	reflector jsonschema.Reflector
	keys      map[string]string // by the name of their Go field
	seen      map[reflect.Type]bool
	defaults  map[string]any // by type and key
	unused    map[string]bool
}

func (m *maker) make() ([]byte, error) {
	whole := reflect.TypeOf(m.of)
	m.collectKeys(whole)
	if err := m.collectDefaults(); err != nil {
		return nil, err
	}
	for name := range m.keywords {
		m.unused[name] = true
	}
	s := m.reflector.Reflect(m.of)
	s.ID, s.Title = jsonschema.ID(address+m.name+".json"), m.title
	if err := m.finish(whole.Name(), s); err != nil {
		return nil, err
	}
	for name, definition := range s.Definitions {
		if err := m.finish(name, definition); err != nil {
			return nil, err
		}
	}
	if len(m.unused) > 0 {
		return nil, fmt.Errorf("keywords of what is not there: %v", m.unused)
	}
	return write(s)
}

// collectKeys finds how the fields are called in files.
func (m *maker) collectKeys(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		m.collectKeys(t.Elem())
	case reflect.Struct:
		if m.seen[t] {
			return
		}
		m.seen[t] = true
		for _, f := range reflect.VisibleFields(t) {
			if key := keyOf(f); key != "" {
				m.keys[f.Name] = key
				m.collectKeys(f.Type)
			}
		}
	}
}

// keyOf is the key of a field, empty if files cannot set it.
func keyOf(f reflect.StructField) string { return strings.TrimPrefix(f.Tag.Get("yaml"), "-") }

// finish completes the schema of one type.
func (m *maker) finish(name string, s *jsonschema.Schema) error {
	s.Description = m.describe(s.Description)
	if err := m.addKeywords(s, name); err != nil {
		return err
	}
	for at := s.Properties.Oldest(); at != nil; at = at.Next() {
		of, property := name+"."+at.Key, at.Value
		property.Description = m.describe(property.Description)
		property.Default = m.defaults[of]
		if err := m.addKeywords(property, of); err != nil {
			return err
		}
		allowReference(property)
		allowReference(property.Items)
		// A list of one may be written as its item.
		if property.Type == "array" {
			property.AnyOf = []*jsonschema.Schema{property.Items, {Type: "array", Items: property.Items}}
			property.Type, property.Items = "", nil
		}
	}
	return nil
}

func (m *maker) addKeywords(s *jsonschema.Schema, of string) error {
	if m.keywords[of] == "" {
		return nil
	}
	delete(m.unused, of)
	if err := json.Unmarshal([]byte(withReference(m.keywords[of])), s); err != nil {
		return fmt.Errorf("keywords of %s: %w", of, err)
	}
	return nil
}

// allowReference lets a value that comes from the environment pass where only
// some values may stand.
func allowReference(s *jsonschema.Schema) {
	if s == nil || s.Enum == nil {
		return
	}
	s.AnyOf = []*jsonschema.Schema{{Enum: s.Enum}, {Type: "string", Pattern: reference}}
	s.Enum = nil
}

// describe makes a description of a comment: its lines become paragraphs, and
// fields are called by their keys.
func (m *maker) describe(comment string) string {
	comment = lineEnd.ReplaceAllString(comment, "$1 $2")
	first := true
	return word.ReplaceAllStringFunc(comment, func(word string) string {
		key, isFirst := m.keys[word], first
		first = false
		switch {
		case word == "MaxUnlistedStreams":
			return strconv.Itoa(loadgen.MaxUnlistedStreams)
		case key == "", !isFirst && word == strings.ToUpper(word):
			return word
		}
		return key
	})
}

var (
	lineEnd = regexp.MustCompile(`([^\n])\n([^\n\s])`)
	word    = regexp.MustCompile(`[A-Za-z0-9]+`)
)

// collectDefaults finds what the examples have beyond what their files give. A
// value that is not the same in all of them depends on others.
func (m *maker) collectDefaults() error {
	examples, err := m.examples()
	if err != nil {
		return err
	}
	varying := map[string]bool{}
	for _, e := range examples {
		var given any
		if err := yaml.Unmarshal([]byte(e.text), &given); err != nil {
			return err
		}
		beyond(reflect.ValueOf(e.read), given, func(of string, value any) {
			if before, ok := m.defaults[of]; ok && before != value {
				varying[of] = true
			}
			m.defaults[of] = value
		})
	}
	for of := range varying {
		delete(m.defaults, of)
	}
	return nil
}

// beyond records the scalars of a struct that are not given.
func beyond(v reflect.Value, given any, record func(of string, value any)) {
	keys, _ := given.(map[string]any)
	for _, f := range reflect.VisibleFields(v.Type()) {
		key := keyOf(f)
		field := v.FieldByIndex(f.Index)
		if field.Kind() == reflect.Pointer {
			field = field.Elem() // not valid if it is nil
		}
		if key == "" || !field.IsValid() || field.IsZero() {
			continue
		}
		if field.Kind() == reflect.Struct {
			beyond(field, keys[key], record)
			continue
		}
		if _, isGiven := keys[key]; isGiven || !field.Comparable() {
			continue
		}
		value := field.Interface()
		switch v := value.(type) {
		case time.Duration:
			value = shortDuration(v)
		case loadgen.Rate:
			value = v.String()
		}
		record(v.Type().Name()+"."+key, value)
	}
}

// shortDuration writes 1m, not 1m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// write writes the schema with the scalars that it uses.
func write(whole *jsonschema.Schema) ([]byte, error) {
	text, err := json.Marshal(whole)
	if err != nil {
		return nil, err
	}
	for name, definition := range scalars {
		if bytes.Contains(text, []byte(`"#/$defs/`+name+`"`)) {
			s := &jsonschema.Schema{}
			definition = strings.ReplaceAll(definition, "THRESHOLD", escape(thresholdPattern()))
			definition = strings.ReplaceAll(definition, "VERDICT", verdictPattern())
			if err := json.Unmarshal([]byte(withReference(definition)), &s.Extras); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			whole.Definitions[name] = s
		}
	}
	text, err = json.MarshalIndent(whole, "", "  ")
	// encoding/json writes for HTML, which would make the patterns unreadable.
	plain := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(text))
	return []byte(plain + "\n"), err
}

// escape writes a pattern as it stands in JSON.
func escape(pattern string) string { return strings.ReplaceAll(pattern, `\`, `\\`) }

func withReference(text string) string {
	return strings.ReplaceAll(text, "REFERENCE", escape(reference))
}
