package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/ssegauge/ssegauge/internal/token"
	"github.com/ssegauge/ssegauge/loadgen"
)

// initIn runs init in a folder of its own, and returns what it wrote.
func initIn(t *testing.T, args ...string) (result, *loadgen.Scenario) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mine.yaml")
	got := ssegauge(t, append([]string{"init", "--file", file}, args...)...)
	if got.code != exitYes {
		t.Fatalf("%v: exit code %d: %s", args, got.code, got.stderr)
	}
	return got, readDraft(t, file)
}

// readDraft reads a scenario, in an environment that has every variable.
func readDraft(t *testing.T, file string) *loadgen.Scenario {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	way, ok := strings.CutPrefix(line, "# yaml-language-server: $schema=")
	if !ok {
		t.Fatalf("%s begins with %q", file, line)
	}
	schema, err := validator.NewCompiler().Compile(filepath.Join(filepath.Dir(file), way))
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	s, err := loadgen.Load(file, text, nil, func(name string) (string, bool) { return "value of " + name, true })
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return s
}

// Every combination of flags makes a scenario that says what they say.
func TestInit(t *testing.T) {
	const stream, publish = "http://127.0.0.1:8080/events?topic={topic}&a=b", "https://localhost/p: #?a=\"b\"'"
	seen := 0
	for _, url := range []string{"embedded", stream} {
		for _, publishURL := range []string{"", publish} {
			for _, auth := range authKinds {
				for _, send := range []string{"bearer", "header X-Key", "cookie session", "query t"} {
					for _, streams := range []int{1, 1000, 5001} {
						name := fmt.Sprintf("%s %s %s %s %d", url, publishURL, auth, send, streams)
						remote := url != "embedded"
						if !remote && (publishURL != "" || send != "bearer" || auth != "jwt" && auth != "none") {
							continue
						}
						seen++
						args := []string{"--url", url, "--auth", auth, "--send", send, "--streams", fmt.Sprint(streams), "--rate", "90/m", "--duration", "1m30s"}
						if publishURL != "" {
							args = append(args, "--publish-url", publishURL)
						}
						_, s := initIn(t, args...)
						want := loadgen.Publish{Via: "http", URL: publishURL, Rate: 1.5}
						if remote && publishURL == "" {
							want = loadgen.Publish{Via: "none", Rate: 10}
						}
						if p := s.Publish; p.Via != want.Via || p.URL != want.URL || p.Rate != want.Rate {
							t.Errorf("%s: publishing via %s to %s at %v, want %+v", name, p.Via, p.URL, p.Rate, want)
						}
						if s.Name != "mine" || s.Target.URL != url || s.Streams.Count != streams || s.Duration.String() != "1m30s" {
							t.Errorf("%s: %q, %s, %d streams, %v", name, s.Name, s.Target.URL, s.Streams.Count, s.Duration)
						}
						a := s.Target.Auth
						sources := map[string]bool{"token": a.Token != "", "file": a.File != "", "jwt": a.JWT != nil, "oauth2": a.OAuth2 != nil, "none": a.Token == "" && a.File == "" && a.JWT == nil && a.OAuth2 == nil}
						if !sources[auth] || auth != "none" && a.Send != send {
							t.Errorf("%s: tokens %v, sent as %q", name, sources, a.Send)
						}
					}
				}
			}
		}
	}
	if seen != 126 {
		t.Errorf("%d combinations, want 126", seen)
	}
}

// What YAML would read as something else than a text is quoted.
func TestInitQuotes(t *testing.T) {
	for _, name := range []string{"null", "True", "no", "12", "1e3", "0x1f", "0o17", "1_000", ".5", ".inf", "-", "a: b", "#a", "ä\"\n", "10/s"} {
		if _, s := initIn(t, "--name", name); s.Name != name {
			t.Errorf("the name %q becomes %q", name, s.Name)
		}
	}
}

func TestInitNeedsTheEnvironment(t *testing.T) {
	const url = "http://127.0.0.1:8080/"
	got, s := initIn(t, "--url", url, "--auth", "oauth2")
	want := loadgen.OAuth2{TokenURL: "value of SSEGAUGE_TOKEN_URL", ClientID: "value of SSEGAUGE_CLIENT_ID", ClientSecret: token.Secret("value of SSEGAUGE_CLIENT_SECRET")}
	if got := *s.Target.Auth.OAuth2; got.TokenURL != want.TokenURL || got.ClientID != want.ClientID || got.ClientSecret != want.ClientSecret {
		t.Errorf("client credentials %+v", got)
	}
	if !strings.Contains(got.stdout, "set SSEGAUGE_TOKEN_URL, SSEGAUGE_CLIENT_ID, SSEGAUGE_CLIENT_SECRET\n") {
		t.Errorf("stdout %q", got.stdout)
	}
	if got, _ = initIn(t, "--url", url); strings.Contains(got.stdout, "environment") {
		t.Errorf("stdout %q, want no variable", got.stdout)
	}
}

// What init writes runs: against the embedded server, and against one that
// knows nothing of it.
func TestInitRuns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "first.yaml")
	if got := ssegauge(t, "init", "--file", file); got.code != exitYes {
		t.Fatalf("%+v", got)
	}
	if got := ssegauge(t, append([]string{"load", file}, small...)...); got.code != exitYes || !strings.Contains(got.stdout, "800 expected = 800 received") {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	t.Setenv(secretVariable, token.NewSecret().Reveal())
	address := startServe(t, "--auth", "jwt")
	got := ssegauge(t, "init", "--file", file, "--force", "--auth", "jwt", "--url", address+"/events?topic={topic}", "--publish-url", address+"/publish")
	if got.code != exitYes {
		t.Fatalf("%+v", got)
	}
	if got := ssegauge(t, append([]string{"load", file}, small...)...); got.code != exitYes || !strings.Contains(got.stdout, "800 expected = 800 received") {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
}

func TestInitOverwritesNothing(t *testing.T) {
	folder := t.TempDir()
	file, copied := filepath.Join(folder, "a.yaml"), filepath.Join(folder, schemaCopy)
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	has := func(path, text string) {
		t.Helper()
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%s has %.40q, error %v; want %.40q", path, got, err, text)
		}
	}
	write(file, "mine")
	if got := ssegauge(t, "init", "--file", file); got.code != exitUsage || !strings.Contains(got.stderr, "is there already; --force replaces it") {
		t.Errorf("%+v", got)
	}
	has(file, "mine")
	if _, err := os.Stat(copied); err == nil {
		t.Error("the schema is written without its scenario")
	}
	write(copied, `{"$id": "another's"}`)
	other := filepath.Join(folder, "b.yaml")
	if got := ssegauge(t, "init", "--file", other); got.code != exitUsage || !strings.Contains(got.stderr, "not ssegauge's") {
		t.Errorf("%+v", got)
	}
	has(copied, `{"$id": "another's"}`)
	if _, err := os.Stat(other); err == nil {
		t.Error("the scenario is written without its schema")
	}
	if got := ssegauge(t, "init", "--file", other, "--schema", "https://example.com/s.json"); got.code != exitYes {
		t.Errorf("%+v", got)
	}
	if text, _ := os.ReadFile(other); !bytes.HasPrefix(text, []byte("# yaml-language-server: $schema=https://example.com/s.json\n")) {
		t.Errorf("the scenario begins with %.80q", text)
	}
	has(copied, `{"$id": "another's"}`)
	if got := ssegauge(t, "init", "--file", file, "--force"); got.code != exitYes {
		t.Errorf("%+v", got)
	}
	readDraft(t, file)
	// A schema that ssegauge wrote itself is kept up to date.
	write(copied, strings.Replace(ssegauge(t, "schema", "scenario").stdout, "draft/2020-12", "draft/older", 1))
	if got := ssegauge(t, "init", "--file", filepath.Join(folder, "c.yaml")); got.code != exitYes {
		t.Errorf("%+v", got)
	}
	has(copied, ssegauge(t, "schema", "scenario").stdout)
	inTheWay := filepath.Join(folder, "d")
	if err := os.Mkdir(inTheWay, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := ssegauge(t, "init", "--file", inTheWay, "--force"); got.code != exitUsage {
		t.Errorf("%+v", got)
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 5 {
		t.Errorf("left in the folder: %v", entries)
	}
}

func TestInitTellsWhatIsWrong(t *testing.T) {
	for want, args := range map[string][]string{
		"--auth: unknown value \"jtw\" (did you mean jwt?)":   {"--auth", "jtw"},
		"--auth token: the embedded server takes jwt or none": {"--auth", "token"},
		"--publish-url: the embedded server has its own":      {"--publish-url", "http://127.0.0.1/"},
		"--rate: expected a rate such as 60/s":                {"--rate", "fast"},
		"--streams: expected at least 1, found 0":             {"--streams", "0"},
		"--duration: expected a time above 0, found 0s":       {"--duration", "0s"},
		"expected an http or https URL, or the word embedded": {"--url", "127.0.0.1:8080"},
		"more than 1000 need its name under allow_hosts":      {"--url", "https://sse.example.com/", "--streams", "1001"},
		"unknown value \"heder\" (did you mean header?)":      {"--url", "http://127.0.0.1/", "--auth", "token", "--send", "heder X"},
		"no such file or directory":                           {"--file", filepath.Join(t.TempDir(), "none", "a.yaml")},
		"unknown command \"extra\" for \"ssegauge init\"":     {"extra"},
	} {
		file := filepath.Join(t.TempDir(), "a.yaml")
		got := ssegauge(t, append([]string{"init", "--file", file}, args...)...)
		if got.code != exitUsage || !strings.Contains(got.stderr, want) || got.stdout != "" {
			t.Errorf("%v: %+v, want exit code 2 and %q", args, got, want)
		}
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%v: a file is written", args)
		}
	}
	if _, s := initIn(t, "--url", "https://sse.example.com/", "--streams", "1001", "--allow-host", "sse.example.com"); s.Streams.Count != 1001 {
		t.Errorf("%d streams", s.Streams.Count)
	}
}

// Questions go on until each has a good answer; what a flag says is not asked.
func TestInitAsks(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "asked.yaml")
	var d draft
	command := d.command()
	if err := command.ParseFlags([]string{"--file", file, "--duration", "5s"}); err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	command.SetContext(context.Background())
	command.SetIn(strings.NewReader("nonsense\nhttp://127.0.0.1/{topic}\n\nmany\n7\ntoken\nheader X-Key\n"))
	command.SetOut(&stdout)
	if err := d.ask(command); err != nil {
		t.Fatalf("%v\n%s", err, stdout.String())
	}
	want := draft{File: file, URL: "http://127.0.0.1/{topic}", Streams: 7, Auth: "token", Send: "header X-Key"}
	if d.File != want.File || d.URL != want.URL || d.PublishURL != "" || d.Streams != want.Streams || d.Auth != want.Auth || d.Send != want.Send || d.Duration.String() != "5s" {
		t.Errorf("the answers make %+v", d)
	}
	for text, times := range map[string]int{"URL of the event stream": 2, "URL that takes events": 1, "number of streams": 2, "rate of events": 0, "time for which": 0, "where tokens come from": 1, "how they are sent": 1} {
		if got := strings.Count(stdout.String(), text); got != times {
			t.Errorf("asked %d times, want %d: %s\n%s", got, times, text, stdout.String())
		}
	}
	command.SetIn(strings.NewReader("embedded\n"))
	if err := d.ask(command); err == nil || !strings.Contains(err.Error(), "the answers ended") {
		t.Errorf("error %v", err)
	}
}
