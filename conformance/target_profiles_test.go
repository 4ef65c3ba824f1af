package conformance

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoadProfiles(t *testing.T) {
	none := func(string) (string, bool) { return "", false }
	got, err := LoadTarget("x.yaml", []byte(`
url: http://a/chat
method: POST
body: '{"topic":{topic_json}}'
profiles: [openai, mcp]
openai: {url: "http://b", body: '{"stream":true}', failing: '{"x":1}'}
mcp: {url: "http://c/mcp", body: '{"jsonrpc":"2.0","id":{id},"method":"ping"}', slow: '{"jsonrpc":"2.0","id":{id},"method":"tools/call"}'}
`), none)
	if err != nil {
		t.Fatal(err)
	}
	want := Target{
		URL: "http://a/chat", Method: "POST", Body: `{"topic":{topic_json}}`, Profiles: []string{"openai", "mcp"},
		OpenAI: &OpenAI{URL: "http://b", Body: `{"stream":true}`, Failing: `{"x":1}`},
		MCP: &MCP{
			URL: "http://c/mcp", Body: `{"jsonrpc":"2.0","id":{id},"method":"ping"}`,
			Slow: `{"jsonrpc":"2.0","id":{id},"method":"tools/call"}`,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]string{
		"method: PUT":          `x.yaml:2:9: unknown method "PUT"; known: GET, POST`,
		"body: '{}'":           "x.yaml:2:7: a body goes with method: POST",
		"openai: {url: /chat}": "x.yaml:2:15: expected an http or https URL",
		"openai: {body: '{'}":  "x.yaml:2:16: expected a request in JSON",
		"openai: {fail: '{}'}": `x.yaml:2:10: unknown key "fail"`,
		"mcp: {url: ftp://a}":  "x.yaml:2:12: expected an http or https URL",
		"mcp: {slow: '{\"method\":\"ping\",\"id\":{id}}'}":          "x.yaml:2:13: expected a JSON-RPC 2.0 request",
		`mcp: {body: '{"jsonrpc":"2.0","id":7.5,"method":"ping"}'}`: "x.yaml:2:13: expected a JSON-RPC 2.0 request",
		`mcp: {body: '{"jsonrpc":"2.0","id":1,"method":"ping"}'}`:   `x.yaml:2:13: the request needs "id":{id}`,
	} {
		if _, err := LoadTarget("x.yaml", []byte("url: http://a\n"+text), none); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// A URL alone is enough for a profile.
func TestProfileDefaults(t *testing.T) {
	const url = "http://a/v1/chat/completions"
	r, err := newRunner(Target{URL: url}, Options{Profiles: []string{"openai"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.target; got.Method != "POST" || got.Body != defaultChat || *got.OpenAI != (OpenAI{URL: url, Body: defaultChat}) {
		t.Errorf("openai: %s %s, %+v", got.Method, got.Body, got.OpenAI)
	}
	r, err = newRunner(Target{URL: url, Method: "GET", OpenAI: &OpenAI{URL: "http://b"}}, Options{Profiles: []string{"openai"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.target; got.Method != "GET" || got.Body != "" || got.OpenAI.URL != "http://b" {
		t.Errorf("openai with a method: %s %q, %+v", got.Method, got.Body, got.OpenAI)
	}
	r, err = newRunner(Target{URL: "http://a/mcp", Profiles: []string{"mcp"}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.target; got.Method != "GET" || got.OpenAI != nil || *got.MCP != (MCP{URL: "http://a/mcp", Body: defaultMCPRequest}) {
		t.Errorf("mcp: %s, %+v", got.Method, got.MCP)
	}
	if how := r.target.lacks(CanCallSlowly); !strings.Contains(how, "mcp: slow") {
		t.Errorf("how to enable slow calls: %q", how)
	}
}
