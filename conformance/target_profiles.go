package conformance

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// OpenAI says how chat completions are asked for, for the profile openai.
type OpenAI struct {
	// URL takes the requests. Default: the target's.
	URL string `yaml:"url"`
	// Body is a request in JSON that is answered with a stream. Default: the
	// target's body, or else a short question to the model "default".
	Body string `yaml:"body"`
	// Failing is a request that fails after its stream has begun. Default:
	// none is known, and failure is only looked at before a stream begins.
	Failing string `yaml:"failing"`
}

// defaultChat asks any server of chat completions for a short answer.
const defaultChat = `{"model":"default","stream":true,"messages":[{"role":"user","content":"Count to five."}]}`

func (o *OpenAI) check() (path, problem string) {
	if o == nil {
		return "", ""
	}
	if !isWebURL(o.URL) {
		return "url", "expected an http or https URL"
	}
	for _, b := range []struct{ path, text string }{{"body", o.Body}, {"failing", o.Failing}} {
		if b.text != "" && !json.Valid([]byte(b.text)) {
			return b.path, "expected a request in JSON"
		}
	}
	return "", ""
}

// MCP says how a server of the Model Context Protocol is spoken to over
// streamable HTTP, for the profile mcp. In Body and Slow, {id} is replaced by
// the number of the request, which may also serve as its progress token.
type MCP struct {
	// URL is the endpoint. Default: the target's.
	URL string `yaml:"url"`
	// Body is a JSON-RPC request that every session may make. Default: it
	// lists the tools.
	Body string `yaml:"body"`
	// Slow is a JSON-RPC request, such as the call of a tool, whose response
	// takes between half a second and a few seconds. Default: none is known.
	Slow string `yaml:"slow"`
}

const defaultMCPRequest = `{"jsonrpc":"2.0","id":{id},"method":"tools/list"}`

func (m *MCP) check() (path, problem string) {
	if m == nil {
		return "", ""
	}
	if !isWebURL(m.URL) {
		return "url", "expected an http or https URL"
	}
	for _, b := range []struct{ path, text string }{{"body", m.Body}, {"slow", m.Slow}} {
		if b.text == "" {
			continue
		}
		var request struct {
			Version string `json:"jsonrpc"`
			ID      *int   `json:"id"`
			Method  string `json:"method"`
		}
		switch err := json.Unmarshal([]byte(fill(b.text, "id", "7")), &request); {
		case err != nil, request.Version != "2.0", request.Method == "":
			return b.path, "expected a JSON-RPC 2.0 request"
		case request.ID == nil || *request.ID != 7:
			return b.path, `the request needs "id":{id}`
		}
	}
	return "", ""
}

// isWebURL reports whether the text is an http or https URL, or empty.
func isWebURL(text string) bool {
	u, err := url.Parse(text)
	return text == "" || err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// forProfiles returns the target with the defaults of its profiles filled in.
func (t Target) forProfiles() Target {
	if slices.Contains(t.Profiles, "openai") {
		chat := OpenAI{}
		if t.OpenAI != nil {
			chat = *t.OpenAI
		}
		chat.URL = cmp.Or(chat.URL, t.URL)
		chat.Body = cmp.Or(chat.Body, t.Body, defaultChat)
		if t.Method == "" {
			t.Method, t.Body = http.MethodPost, chat.Body
		}
		t.OpenAI = &chat
	}
	if slices.Contains(t.Profiles, "mcp") {
		server := MCP{}
		if t.MCP != nil {
			server = *t.MCP
		}
		server.URL = cmp.Or(server.URL, t.URL)
		server.Body = cmp.Or(server.Body, defaultMCPRequest)
		t.MCP = &server
	}
	return t
}

// requestOf is a JSON-RPC request with its number filled in.
func requestOf(template string, id int) []byte {
	return []byte(fill(template, "id", fmt.Sprint(id)))
}
