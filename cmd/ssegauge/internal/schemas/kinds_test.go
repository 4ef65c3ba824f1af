package schemas

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/proxylab"
	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/conformance/doctor"
	"github.com/ssegauge/ssegauge/loadgen"
)

// kinds are the kinds of files that have a schema. A new kind is a row.
var kinds = []kind{
	{"scenario", "A scenario of ssegauge load", loadgen.Scenario{}, scenarioExamples, scenarioKeywords},
	{"matrix", "A matrix of ssegauge proxy", proxylab.File{}, matrixExamples, matrixKeywords},
	{"target", "A target of ssegauge check", conformance.Target{}, targetExamples, targetKeywords},
}

// A kind says from what a schema is made.
type kind struct {
	name, title string
	of          any // a value of the type that the file is read into
	// examples are files with their defaults filled in: a value that a file
	// does not give is a default.
	examples func() ([]example, error)
	// keywords add to the schema of a type, or of a key behind the name of its
	// type, what Go types do not tell.
	keywords map[string]string
}

// An example is a file, and what it is read as.
type example struct {
	text string
	read any
}

func scenarioExamples() ([]example, error) {
	var examples []example
	for _, text := range []string{
		"name: a\ntarget: {url: 'http://127.0.0.1/', auth: {jwt: {secret: a}}}\npublish: {url: 'http://127.0.0.1/'}\nstreams: {count: 1}\n",
		"name: b\ntarget: {url: 'http://127.0.0.1/'}\npublish: {via: none, observe: {time: b}}\nstreams: {count: 1}\n",
	} {
		s, err := loadgen.Load("scenario.yaml", []byte(text), nil, nil)
		if err != nil {
			return nil, err
		}
		examples = append(examples, example{text, *s})
	}
	return examples, nil
}

func targetExamples() ([]example, error) {
	const text = "name: a\nurl: http://127.0.0.1/\n"
	t, err := conformance.LoadTarget("target.yaml", []byte(text), nil)
	if err != nil {
		return nil, err
	}
	t, err = t.WithDefaults()
	return []example{{text, t}}, err
}

func matrixExamples() ([]example, error) {
	const text = "name: a\nproxy: nginx\nconfig: a\nvariants: [{name: a}]\n"
	folder, err := os.MkdirTemp("", "ssegauge")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "matrix.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	m, err := proxylab.LoadMatrix(file, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	return []example{{text, proxylab.File{Load: m.Load}}}, nil
}

// Keywords that several kinds have.
const (
	anAddress = `{"pattern": "^https?://.|REFERENCE"}`
	aTarget   = `{"pattern": "^(embedded$|https?://.)|REFERENCE"}`
	aVersion  = `{"enum": ["1.1", "2", 1.1, 2]}`
)

var scenarioKeywords = map[string]string{
	// Without an address to publish to, the server publishes by itself, or there
	// is a command. The embedded server's address is known.
	"Scenario": `{"required": ["name", "target", "streams"], "allOf": [{
		"if": {"properties": {"target": {"properties": {"url": {"not": {"pattern": "^embedded$|REFERENCE"}}}}}},
		"then": {"required": ["publish"], "properties": {"publish": {"anyOf": [
			{"required": ["url"]},
			{"required": ["via"], "properties": {"via": {"not": {"const": "http"}}}}]}}}}]}`,
	"Scenario.name":      `{"pattern": "."}`,
	"Scenario.transport": `{"enum": ["auto", "loops", "portable"]}`,

	"Target": `{"required": ["url"],
		"dependentSchemas": {"serve": {"properties": {"url": {"pattern": "^embedded$|REFERENCE"}}}}}`,
	"Target.url":  aTarget,
	"Target.http": aVersion,
	"Auth": `{"not": {"anyOf": [
		{"required": ["token", "file"]}, {"required": ["token", "jwt"]}, {"required": ["token", "oauth2"]},
		{"required": ["file", "jwt"]}, {"required": ["file", "oauth2"]}, {"required": ["jwt", "oauth2"]}]}}`,
	"Auth.send": `{"pattern": "^(bearer$|(header|cookie|query) .)|REFERENCE"}`,
	"Watch": `{"not": {"anyOf": [
		{"required": ["pid", "cgroup"]}, {"required": ["pid", "metrics"]}, {"required": ["cgroup", "metrics"]}]}}`,
	"Watch.metrics": anAddress,
	"OAuth2":        `{"required": ["token_url", "client_id"]}`,

	"Publish": `{"if": {"required": ["via"], "properties": {"via": {"const": "command"}}}, "then": {"required": ["command"]},
		"dependentSchemas": {"observe": {"required": ["via"], "properties": {"via": {"pattern": "^none$|REFERENCE"}}}}}`,
	"Publish.via":  `{"enum": ["http", "command", "none"]}`,
	"Publish.url":  anAddress,
	"Publish.size": `{"maximum": 16777216}`,
	"Publish.data": `{"pattern": "\\{stamp\\}|REFERENCE"}`,
	"Observe.unit": `{"enum": ["ns", "us", "ms", "s"]}`,

	"Drill": `{"required": ["by"],
		"if": {"properties": {"by": {"const": "command"}}}, "then": {"required": ["command"]}}`,
	"Drill.by":    `{"enum": ["cut", "restart", "command", "target"]}`,
	"Drill.share": `{"maximum": 1}`,

	"Streams": `{
		"anyOf": [{"required": ["count"], "properties": {"count": {"minimum": 1}}}, {"required": ["cohorts"]}, {"required": ["stages"]}],
		"not": {"anyOf": [{"required": ["stages", "count"]}, {"required": ["stages", "cohorts"]}]}}`,
	"Cohort":       `{"required": ["name", "count"]}`,
	"Cohort.name":  `{"pattern": "^[^:<>=!/\\\\ ]+$|REFERENCE"}`,
	"Cohort.count": `{"minimum": 1}`,
}

// verdict is the pattern of a doctor's verdict.
var verdict = "(" + strings.Join(verdictNames(), "|") + ")"

func verdictNames() (names []string) {
	for _, v := range doctor.Verdicts() {
		names = append(names, regexp.QuoteMeta(string(v)))
	}
	return names
}

var matrixKeywords = map[string]string{
	"File":           `{"required": ["name"], "anyOf": [{"required": ["include"]}, {"required": ["proxy", "config", "variants"]}]}`,
	"File.name":      `{"pattern": "."}`,
	"File.proxy":     `{"enum": ` + list(proxylab.Proxies()) + `}`,
	"Variant":        `{"required": ["name"]}`,
	"Variant.http":   aVersion,
	"Variant.ramp":   `{"maximum": 64}`,
	"Variant.expect": `{"pattern": "^ *(` + verdict + ` +before +[0-9.]+ *, *)*` + verdict + `( +before +[0-9.]+)? *$|REFERENCE"}`,
	"Load.streams":   `{"maximum": 5000}`,
	"Load.rounds":    `{"maximum": 50}`,
	"Load.size":      `{"maximum": 1048576}`,
	"Capacity":       `{"required": ["variant", "setting", "values"]}`,
	"Capacity.most":  `{"maximum": 1000}`,
	"Capacity.size":  `{"maximum": 65536}`,
}

var targetKeywords = map[string]string{
	"Target": `{"required": ["url"],
		"dependentSchemas": {"body": {"required": ["method"], "properties": {"method": {"pattern": "^POST$|REFERENCE"}}}}}`,
	"Target.url":          aTarget,
	"Target.topic":        `{"pattern": "\\{nonce\\}|REFERENCE"}`,
	"Target.user_topic":   `{"pattern": "\\{user\\}|REFERENCE"}`,
	"Target.method":       `{"enum": ["GET", "POST"]}`,
	"Target.http":         aVersion,
	"Target.stream_limit": `{"maximum": 1000}`,
	"Target.crowd":        `{"maximum": 5000}`,
	"Target.control":      `{"propertyNames": {"enum": ` + list(slices.Sorted(maps.Keys(conformance.ControlActions))) + `}}`,
	"Target.profiles":     `{"items": {"enum": ` + list(conformance.Profiles()) + `}}`,

	"Publish":          `{"oneOf": [{"required": ["url"]}, {"required": ["command"]}]}`,
	"Publish.optional": `{"propertyNames": {"enum": ["data", "event", "id", "retry", "comment", "user"]}}`,
	"Tokens":           `{"anyOf": [{"required": ["good"]}, {"required": ["jwt"]}]}`,
	"Tokens.send":      `{"pattern": "^((bearer|url)$|(header|cookie|query) .)|REFERENCE"}`,
	"OpenAI.url":       anAddress,
	"MCP.url":          anAddress,
}

func list(values []string) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // cannot happen: they are strings
	}
	return string(text)
}
