package schemas

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/ssegauge/ssegauge/cmd/ssegauge/internal/proxylab"
	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/loadgen"
)

// readers read a file of each kind, as a verb does.
var readers = map[string]func(text []byte) error{
	"scenario": func(text []byte) error {
		_, err := loadgen.Load("file.yaml", text, nil, os.LookupEnv)
		return err
	},
	"matrix": func(text []byte) error {
		file, err := os.CreateTemp("", "*.yaml")
		if err != nil {
			return err
		}
		defer os.Remove(file.Name())
		_, err = file.Write(text)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
		_, err = proxylab.LoadMatrix(file.Name(), os.LookupEnv)
		return err
	},
	"target": func(text []byte) error {
		_, err := conformance.LoadTarget("file.yaml", text, os.LookupEnv)
		return err
	},
}

// beginnings are good files, for others to be made of by setting a value.
var beginnings = map[string]string{
	"scenario": "{name: a, target: {url: embedded}, streams: {count: 1}}",
	"matrix":   "{name: a, proxy: nginx, config: b, variants: [{name: c}]}",
	"target":   "{url: 'http://127.0.0.1/'}",
}

// with sets the value at a dotted path of a file; a hyphen takes it away.
func with(t *testing.T, text, path, value string) []byte {
	t.Helper()
	var file map[string]any
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	keys := strings.Split(path, ".")
	at := file
	for _, key := range keys[:len(keys)-1] {
		inner, _ := at[key].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
			at[key] = inner
		}
		at = inner
	}
	last := keys[len(keys)-1]
	if value == "-" {
		delete(at, last)
	} else {
		var v yaml.Node
		if err := yaml.Unmarshal([]byte(value), &v); err != nil {
			t.Fatal(err)
		}
		at[last] = v.Content[0]
	}
	made, err := yaml.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// A schema and ssegauge say the same of a value.
func TestAgreement(t *testing.T) {
	for _, c := range []struct {
		kind, path string
		good, bad  []string
	}{
		{"scenario", "name", []string{"a", "7", "true", "'${N:-a}'"}, []string{"-", "''", "[a]"}},
		{"scenario", "nmae", nil, []string{"a"}},
		{"scenario", "target", nil, []string{"-", "embedded", "{}"}},
		{"scenario", "target.url", []string{"embedded", "'${U:-embedded}'"}, []string{"-", "embeded", "ftp://a/", "'http://127.0.0.1/'"}},
		{"scenario", "target.serve", []string{"[--retry, 1s]", "--h2c"}, []string{"{}"}},
		{"scenario", "target", []string{"{url: 'embedded', serve: x}"}, []string{"{url: 'http://a/', serve: x}"}},
		{"scenario", "target.headers", []string{"{A: 1}"}, []string{"x", "{A: [b]}"}},
		{"scenario", "drill", []string{"{by: cut, share: 0.5}", "{by: target}", "{by: restart, after: 1s}", "{by: command, command: [a]}"}, []string{"{}", "{by: cuts}", "{by: command}", "{by: cut, share: 2}", "{by: cut, after: soon}"}},
		{"scenario", "target.watch", []string{"{pid: 1}", "{cgroup: /a}", "{metrics: 'http://a/metrics'}"}, []string{"{pid: 1, cgroup: /a}", "{pid: 1, metrics: 'http://a/'}", "{cgroup: /a, metrics: 'http://a/'}", "{metrics: a}", "{pid: x}", "{pids: 1}"}},
		{"scenario", "target.auth", []string{"{token: a}", "{file: a}", "{jwt: {}}"}, []string{"{token: a, file: b}", "{token: a, jwt: {}}", "{file: a, jwt: {}}", "{oauth2: {}}", "{oauth2: {token_url: a, client_id: b}, jwt: {}}"}},
		{"scenario", "target.auth.send", []string{"bearer", "cookie a"}, []string{"bear", "cookie", "'header '"}},
		{"scenario", "target.auth.jwt.ttl", []string{"1h", ".5s", "1h30m", "2us", "2µs"}, []string{"1", "-1s", "1 h", "1d"}},
		{"scenario", "target.auth.oauth2", []string{"{token_url: 'http://a', client_id: b, scopes: c}"}, []string{"{token_url: 'http://a'}", "{client_id: b}"}},
		{"scenario", "target.tls.insecure", []string{"true", "false", "'${I:-true}'"}, []string{"maybe"}},
		{"scenario", "publish.url", []string{"http://a/"}, nil},
		{"scenario", "publish.rate", []string{"5", "0.5", "5/s", "5 / m", "1e3/h", "'${R:-5/s}'"}, []string{"-5", "5/d", "fast", "2e9"}},
		{"scenario", "publish.size", []string{"0", "16777216", "1_000", "'${S:-1}'"}, []string{"-1", "16777217", "1.5", "1k"}},
		{"scenario", "publish.data", []string{"'{stamp}'", "'${D:-{stamp}}'"}, []string{"'{pad}'"}},
		{"scenario", "publish.stages", []string{"[{duration: 1s, rate: 5/s}]", "{duration: 1s}"}, []string{"[{duration: 1}]", "[{count: 5}]", "5"}},
		{"scenario", "publish", []string{"{via: command, command: cat}"}, []string{"{via: command}"}},
		{"scenario", "publish.observe", nil, []string{"{time: t}"}},
		{"scenario", "publish", []string{"{via: none, observe: {time: t, unit: ms}}"}, []string{"{via: none, observe: {time: t, unit: min}}"}},
		{"scenario", "streams", []string{"{count: 1}", "{cohorts: {name: a, count: 1}}", "{stages: [{duration: 1s, count: 5}]}"}, []string{"{}", "{count: 0}", "{stages: [{duration: 1s, count: 5}], count: 3}", "{stages: [{duration: 1s, count: 5}], cohorts: [{name: a, count: 3}]}"}},
		{"scenario", "streams.count", []string{"5", "'5'", "1_000", "'${C:-5}'"}, []string{"-", "0", "-1", "ten", "1.5"}},
		{"scenario", "streams.reconnect.jitter", []string{"0", "0.5", "2"}, []string{"-0.5", "half"}},
		{"scenario", "streams", []string{"{cohorts: [{name: a, count: 1, stall: {after: 1s, for: 2s}}]}"}, []string{"{cohorts: [{name: a}]}", "{cohorts: [{count: 1}]}", "{cohorts: [{name: 'a b', count: 1}]}", "{cohorts: [{name: a, count: 0}]}", "{cohorts: [{name: a, count: 1, cut: 1s}]}"}},
		{"scenario", "duration", []string{"0", "10s"}, []string{"10", "-1s", "soon"}},
		{"scenario", "thresholds", []string{"[fanout.p99 < 250ms]", "events.lost == 0", "['connect.count >= 1e3']", "['fanout.max<=1m30s']"}, []string{"[fanout.p98 < 250ms]", "[fanout.p99 < 250]", "[events.lost = 0]", "[events.lost == 1ms]", "[lost]", "['a:connect.p99 < 1s']"}},
		{"scenario", "limits.cpu_share", []string{"0.5"}, []string{"half"}},

		{"target", "url", []string{"'https://a/?t={topic}'", "'${U:-http://a/}'"}, []string{"-", "ftp://a/", "embeded"}},
		{"target", "body", nil, []string{"x"}},
		{"target", "method", []string{"GET", "POST"}, nil},
		{"target", "topic", []string{"'a-{nonce}'"}, []string{"a"}},
		{"target", "user_topic", []string{"'a-{user}'"}, []string{"a"}},
		{"target", "stream_limit", []string{"1000"}, []string{"1001", "-1"}},
		{"target", "crowd", []string{"5000"}, []string{"5001", "-1"}},
		{"target", "control", []string{"{stop: {command: x}}"}, []string{"{stopp: {command: x}}"}},
		{"target", "publish", []string{"{url: 'http://a/', body: '{data}'}", "{command: cat}"}, []string{"{}", "{url: 'http://a/', body: '{data}', command: cat}"}},
		{"target", "publish", []string{"{url: 'http://a/', body: '{data}', optional: {id: x}}"}, []string{"{url: 'http://a/', body: '{data}', optional: {ids: x}}"}},
		{"target", "tokens", []string{"{good: a}", "{jwt: {secret: a}}"}, []string{"{}", "{other: a}"}},
		{"target", "tokens", []string{"{good: a, send: url}", "{good: a, send: query t}"}, []string{"{good: a, send: query}", "{good: a, send: urls}"}},
		{"target", "openai", []string{"{url: 'http://a/'}"}, []string{"{url: a}"}},
		{"target", "mcp", []string{"{url: 'http://a/'}"}, []string{"{url: a}"}},
		{"target", "pace.heartbeat", []string{"15s"}, []string{"15"}},

		{"matrix", "name", []string{"a"}, []string{"-", "''"}},
		{"matrix", "proxy", []string{"haproxy"}, []string{"-", "ngnix"}},
		{"matrix", "variants", []string{"{name: a}", "[{name: a, http: 2, ramp: 64, origin: {A: b}}]"}, []string{"-", "[{about: a}]", "[{name: a, http: 3}]", "[{name: a, ramp: 65}]", "[{name: a, ramp: -1}]"}},
		{"matrix", "variants", []string{"{name: a, expect: streams}", "{name: a, expect: 'held before 1.29.7, streams'}"}, []string{"{name: a, expect: stream}", "{name: a, expect: 'held before, streams'}"}},
		{"matrix", "load", []string{"{streams: 5000, rounds: 50, duration: 1s, rate: 20/s}"}, []string{"{streams: 5001}", "{rounds: 51}", "{size: 1048577}", "{rate: x}"}},
	} {
		s := ofKind(t, c.kind)
		for i, value := range append(c.good, c.bad...) {
			text := with(t, beginnings[c.kind], c.path, value)
			wantGood := i < len(c.good)
			if err := readers[c.kind](text); (err == nil) != wantGood {
				t.Errorf("%s %s: %s: ssegauge says %v", c.kind, c.path, value, err)
			}
			if err := validate(s, text); (err == nil) != wantGood {
				t.Errorf("%s %s: %s: the schema says %v", c.kind, c.path, value, err)
			}
		}
	}
}

// A schema lists just the values that ssegauge knows, which it tells about one
// that it does not know.
func TestKnownValues(t *testing.T) {
	for _, c := range []struct {
		kind, path string
		known      []string
	}{
		{"scenario", "transport", []string{"auto", "loops", "portable"}},
		{"scenario", "target.http", []string{"1.1", "2"}},
		{"scenario", "publish.via", []string{"http", "command", "none"}},
		{"target", "http", []string{"1.1", "2"}},
		{"target", "method", []string{"GET", "POST"}},
		{"matrix", "proxy", proxylab.Proxies()},
	} {
		s := ofKind(t, c.kind)
		text := with(t, beginnings[c.kind], c.path, "nonsense")
		want := "known: " + strings.Join(c.known, ", ")
		if err := readers[c.kind](text); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s %s: %v, want %s", c.kind, c.path, err, want)
		}
		if err := validate(s, text); err == nil {
			t.Errorf("%s %s: the schema takes nonsense", c.kind, c.path)
		}
		for _, value := range append(c.known, fmt.Sprintf("'${VALUE:-%s}'", c.known[0])) {
			if err := validate(s, with(t, beginnings[c.kind], c.path, value)); err != nil && strings.Contains(err.Error(), "/"+strings.ReplaceAll(c.path, ".", "/")) {
				t.Errorf("%s %s: %s: %v", c.kind, c.path, value, err)
			}
		}
	}
	s := ofKind(t, "target")
	for _, profile := range conformance.Profiles() {
		if err := validate(s, with(t, beginnings["target"], "profiles", profile)); err != nil {
			t.Errorf("profile %s: %v", profile, err)
		}
	}
	if validate(s, with(t, beginnings["target"], "profiles", "[opnai]")) == nil {
		t.Error("the schema takes the profile opnai")
	}
}
