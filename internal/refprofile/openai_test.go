package refprofile

import (
	"strings"
	"testing"
)

const question = `"messages":[{"role":"user","content":"Count."}]`

func TestCompletion(t *testing.T) {
	url := run(t, Config{Protocol: OpenAI, Heartbeat: beat}) + OpenAIPath
	r := request(t, "POST", url, `{"model":"m","stream":true,"stream_options":{"include_usage":true},`+question+`}`)
	wantStatus(t, r, 200)
	if kind := r.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("media type %q", kind)
	}
	body := text(t, r)
	var data []string
	comments := 0
	for line := range strings.Lines(body) {
		if d, ok := strings.CutPrefix(line, "data: "); ok {
			data = append(data, strings.TrimSpace(d))
		} else if strings.HasPrefix(line, ":") {
			comments++
		}
	}
	// The role, five words, the end, the usage, and the marker.
	if len(data) != 9 || data[8] != "[DONE]" || !strings.Contains(data[7], `"usage":{`) ||
		!strings.Contains(data[6], `"finish_reason":"stop"`) || !strings.Contains(data[5], `"content":"five "`) {
		t.Errorf("%d events: %q", len(data), data)
	}
	if comments != 3 {
		t.Errorf("%d comments, want the first and one for each heartbeat that the model thinks", comments)
	}
}

func TestCompletionFails(t *testing.T) {
	url := run(t, Config{Protocol: OpenAI, Heartbeat: beat}) + OpenAIPath
	r := request(t, "POST", url, `{"model":"`+FailingModel+`","stream":true,`+question+`}`)
	if body := text(t, r); !strings.HasSuffix(body, `data: {"error":{"message":"the model failed","type":"server_error"}}`+"\n\n") {
		t.Errorf("the stream is %q", body)
	}
	for body, want := range map[string]int{
		`{"stream":true,"messages":`:       400,
		`{"model":"m","stream":true}`:      400,
		`{"stream":true,` + question + `}`: 400,
		`{"model":"m",` + question + `}`:   200,
	} {
		r := request(t, "POST", url, body)
		wantStatus(t, r, want)
		answer := text(t, r)
		if r.Header.Get("Content-Type") != "application/json" || want == 400 && !strings.HasPrefix(answer, `{"error":{"message":"`) {
			t.Errorf("%s is answered with %s", body, answer)
		}
	}
	r = request(t, "GET", url, "")
	wantStatus(t, r, 405)
	if allow := r.Header.Get("Allow"); allow != "POST" {
		t.Errorf("Allow: %q", allow)
	}
	wantStatus(t, request(t, "POST", url+"/x", "{}"), 404)
}

func TestBodyTooLarge(t *testing.T) {
	url := run(t, Config{Protocol: OpenAI}) + OpenAIPath
	wantStatus(t, request(t, "POST", url, strings.Repeat(" ", maxBody+1)), 413)
}
