package refprofile

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/ssegauge/ssegauge/internal/refserver"
)

// FailingModel is the model whose answers of the server of chat completions
// fail halfway.
const FailingModel = "failing"

// openaiManners are what a fault can change. The zero value is right.
type openaiManners struct {
	// script changes what a stream sends.
	script func([]step) []step
	// anyMethod takes GET for POST.
	anyMethod bool
	// takesAll answers a request that is not JSON with a stream.
	takesAll bool
	// bareError writes a failure as text.
	bareError bool
}

var openaiFaults = []faultRow[openaiManners]{
	{refserver.Fault{ID: "done-missing", Description: "No end marker comes behind the last chunk.", Breaks: []string{"openai.done.present"}},
		func(m *openaiManners) { m.script = func(s []step) []step { return s[:len(s)-1] } }},
	{refserver.Fault{ID: "usage-behind-done", Description: "The chunk with the usage comes behind the end marker.", Breaks: []string{"openai.done.once-last"}},
		func(m *openaiManners) {
			m.script = func(s []step) []step { return append(s, step{data: `{"choices":[],"usage":{"total_tokens":5}}`}) }
		}},
	{refserver.Fault{ID: "done-open", Description: "The response stays open behind the end marker.", Breaks: []string{"openai.done.closes"}},
		func(m *openaiManners) {
			m.script = func(s []step) []step { return append(s, step{pause: time.Minute}) }
		}},
	{refserver.Fault{ID: "json-python", Description: "Chunks are written as Python prints its dictionaries.", Breaks: []string{"openai.chunks.json"}},
		func(m *openaiManners) {
			m.script = edited(func(data string) string { return strings.ReplaceAll(data, `"`, "'") })
		}},
	{refserver.Fault{ID: "event-named", Description: "Every chunk has the event type chunk.", Breaks: []string{"openai.chunks.json"}},
		func(m *openaiManners) {
			m.script = func(s []step) []step {
				for i := range s {
					s[i].event = "chunk"
				}
				return s
			}
		}},
	{refserver.Fault{ID: "finish-missing", Description: "No chunk has a finish_reason.", Breaks: []string{"openai.finish"}},
		func(m *openaiManners) {
			m.script = edited(func(data string) string {
				return strings.ReplaceAll(data, `"finish_reason":"stop"`, `"finish_reason":null`)
			})
		}},
	{refserver.Fault{ID: "stalled", Description: "A stream is silent for a while in its middle.", Breaks: []string{"openai.stall"}},
		func(m *openaiManners) {
			m.script = func(s []step) []step {
				for i := range s {
					if s[i].comment {
						s[i] = step{pause: 15 * s[i].pause}
					}
				}
				return s
			}
		}},
	{refserver.Fault{ID: "error-bare", Description: "A failure within a stream is written as text.", Breaks: []string{"openai.error.in-stream"}},
		func(m *openaiManners) { m.bareError = true }},
	{refserver.Fault{ID: "error-200", Description: "A request that is not JSON is answered with a stream.", Breaks: []string{"openai.error.in-stream"}},
		func(m *openaiManners) { m.takesAll = true }},
	{refserver.Fault{ID: "get-streams", Description: "GET opens a stream.", Breaks: []string{"openai.post"}},
		func(m *openaiManners) { m.anyMethod = true }},
}

// edited changes the data of all chunks.
func edited(change func(string) string) func([]step) []step {
	return func(s []step) []step {
		for i := range s {
			if s[i].data != "[DONE]" {
				s[i].data = change(s[i].data)
			}
		}
		return s
	}
}

// A step is one event of a stream, if it has data, and the time before it.
type step struct {
	pause       time.Duration
	comment     bool // keeps the stream alive, in place of an event
	event, data string
}

// openai serves chat completions.
type openai struct {
	manners   openaiManners
	heartbeat time.Duration
}

func newOpenAI(cfg Config) (http.Handler, error) {
	manners, err := mannersOf(openaiFaults, cfg.Fault)
	return &openai{manners, cfg.Heartbeat}, err
}

// A chatRequest is what the server reads of a request.
type chatRequest struct {
	Model    string            `json:"model"`
	Stream   bool              `json:"stream"`
	Messages []json.RawMessage `json:"messages"`
	Options  struct {
		Usage bool `json:"include_usage"`
	} `json:"stream_options"`
}

func (o *openai) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != OpenAIPath:
		openaiError(w, http.StatusNotFound, "no such path")
		return
	case r.Method == http.MethodGet && o.manners.anyMethod:
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		openaiError(w, http.StatusMethodNotAllowed, "the method is not POST")
		return
	}
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	var request chatRequest
	err := json.Unmarshal(body, &request)
	switch {
	case err != nil && (o.manners.takesAll || o.manners.anyMethod && r.Method == http.MethodGet):
		request = chatRequest{Model: "default", Stream: true}
	case err != nil:
		openaiError(w, http.StatusBadRequest, "the body is not a request in JSON")
		return
	case request.Model == "" || len(request.Messages) == 0:
		openaiError(w, http.StatusBadRequest, "the request needs a model and messages")
		return
	case !request.Stream:
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, completion) // the client may be gone
		return
	}
	o.stream(w, r, o.script(request))
}

// completion is an answer that is not streamed.
const completion = `{"id":"chatcmpl-1","object":"chat.completion","created":0,"model":"default","choices":[{"index":0,` +
	`"message":{"role":"assistant","content":"one two three four five"},"finish_reason":"stop"}]}` + "\n"

// openaiError answers with an error object.
func openaiError(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "{\"error\":{\"message\":%q,\"type\":\"invalid_request_error\"}}\n", text) // the client may be gone
}

// The model thinks for so many heartbeats, and then says these words.
const thinking = 2

var words = []string{"one", "two", "three", "four", "five"}

// script is what is sent in answer to a request: the model thinks first, then
// says a word at a time.
func (o *openai) script(request chatRequest) []step {
	model, _ := json.Marshal(request.Model) // a string always encodes
	chunk := func(delta, reason string) string {
		return fmt.Sprintf(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":0,"model":%s,"choices":[{"index":0,"delta":%s,"finish_reason":%s}]}`,
			model, delta, reason)
	}
	script := []step{{data: chunk(`{"role":"assistant","content":""}`, "null")}}
	for range thinking {
		script = append(script, step{pause: o.heartbeat, comment: true})
	}
	for i, word := range words {
		if i == len(words)/2 && request.Model == FailingModel {
			return append(script, step{data: `{"error":{"message":"the model failed","type":"server_error"}}`})
		}
		script = append(script, step{pause: o.heartbeat / 20, data: chunk(fmt.Sprintf(`{"content":"%s "}`, word), "null")})
	}
	script = append(script, step{data: chunk("{}", `"stop"`)})
	if request.Options.Usage {
		script = append(script, step{data: `{"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":5,"total_tokens":6}}`})
	}
	script = append(script, step{data: "[DONE]"})
	if o.manners.script != nil {
		return o.manners.script(script)
	}
	return script
}

func (o *openai) stream(w http.ResponseWriter, r *http.Request, script []step) {
	out, err := begin(w)
	for _, s := range script {
		if err != nil || !pause(r.Context(), s.pause) {
			return
		}
		switch {
		case s.comment:
			err = out.write(": thinking\n\n")
		case s.data == "":
		case o.manners.bareError && strings.HasPrefix(s.data, `{"error"`):
			err = out.write("Internal Server Error\n")
		case s.event != "":
			err = out.write("event: " + s.event + "\ndata: " + s.data + "\n\n")
		default:
			err = out.write("data: " + s.data + "\n\n")
		}
	}
}
