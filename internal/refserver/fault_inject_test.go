package refserver

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// Under a fault the text is written as it came; without, it is refused.
func TestInjectFaultBytes(t *testing.T) {
	for _, row := range []struct{ fault, fields, want string }{
		{"event-raw", `"event":"x\n\ndata: y"`, "id: e-1\nevent: x\n\ndata: y\ndata: a\n\n"},
		{"event-raw", `"event":"x\ry\u0000"`, "id: e-1\nevent: x\ry\x00\ndata: a\n\n"},
		{"id-raw", `"id":"x\r\ndata: y"`, "id: x\r\ndata: y\ndata: a\n\n"},
		{"id-raw", `"id":"x\u0000y "`, "id: x\x00y \ndata: a\n\n"},
		{"id-cut", `"id":"x\u0000y"`, "id: x\ndata: a\n\n"},
		{"retry-raw", `"retry":"5s\rdata: y"`, "id: e-1\n: \nretry: 5s\rdata: y\ndata: a\n\n"},
		{"comment-raw", `"comment":"x\ndata: y"`, "id: e-1\n: x\ndata: y\ndata: a\n\n"},
		{"gap-published", `"event":"gap"`, "id: e-1\nevent: gap\ndata: a\n\n"},
	} {
		body := `{"topic":"t","data":"a",` + row.fields + `}`
		plain := start(t, Config{})
		if status, answer := post(t, plain, body); status != http.StatusBadRequest {
			t.Errorf("%s without a fault: %d %s", row.fields, status, answer)
		}
		s := start(t, Config{Fault: row.fault, Retry: -1})
		c := connect(t, s, "/events?topic=t")
		for _, body := range []string{body, `{"topic":"t","finish":true}`} {
			if status, answer := post(t, s, body); status != http.StatusOK {
				t.Fatalf("%s: publish: %d %s", row.fault, status, answer)
			}
		}
		if got, err := io.ReadAll(c.body); err != nil || string(got) != comment+row.want {
			t.Errorf("%s: %v, stream\n%q, want\n%q", row.fault, err, got, comment+row.want)
		}
	}
}

// What else is wrong with a publish is still refused, and numbers and plain
// texts are as ever.
func TestInjectFaultsLeaveTheRest(t *testing.T) {
	for _, fault := range []string{"event-raw", "id-raw", "id-cut", "retry-raw", "comment-raw", "gap-published"} {
		s := start(t, Config{Fault: fault, Retry: -1})
		c := connect(t, s, "/events?topic=t")
		for body, want := range map[string]int{
			`{"topic":"","data":"a"}`: http.StatusBadRequest,
			`{"data":"a"`:             http.StatusBadRequest,
			`{"topic":"t","data":"a","event":"x","id":"y","retry":7,"comment":"z"}`: http.StatusOK,
		} {
			if status, answer := post(t, s, body); status != want {
				t.Errorf("%s: %s is answered with %d %s, want %d", fault, body, status, answer, want)
			}
		}
		post(t, s, `{"topic":"t","finish":true}`)
		want := comment + "id: y\nevent: x\nretry: 7\n: z\ndata: a\n\n"
		if got, err := io.ReadAll(c.body); err != nil || string(got) != want {
			t.Errorf("%s: %v, %q, want %q", fault, err, got, want)
		}
	}
}

func TestFaultLastIDEchoed(t *testing.T) {
	s := start(t, Config{Fault: "last-id-echoed"})
	c := connect(t, s, "/events?topic=t", "Last-Event-ID: x\xe9")
	c.want(event{Event: "resumed", Data: "behind x\xe9"}, event{Event: gapEvent, Data: `{"reason":"unknown"}`})
	c.close()
}

func TestFaultTypeReflected(t *testing.T) {
	s := start(t, Config{Fault: "type-reflected", Retry: -1})
	c, plain := connect(t, s, "/events?topic=t&type=x%0Adata:%20y"), connect(t, s, "/events?topic=t")
	post(t, s, `{"topic":"t","data":"a"}`)
	c.want(event{ID: "e-1", Event: "x", Data: "y\na"})
	plain.want(event{ID: "e-1", Data: "a"})
	c.close()
	plain.close()
}

func TestFaultHeaderSplit(t *testing.T) {
	s := start(t, Config{Fault: "header-split"})
	for query, want := range map[string]string{
		"name=x%0D%0AX-Y:%201%0D%0A%0D%0Adata:%20z": "1", "name=x%0AX-Y:%201": "", "name=x": "", "type=x%0D%0AX-Y:%201": "",
	} {
		c := connect(t, s, "/events?topic=t&"+query)
		if got := c.resp.Header.Get("X-Y"); got != want {
			t.Errorf("%s: X-Y %q, want %q", query, got, want)
		}
		if want != "" {
			if rest, err := io.ReadAll(c.body); err != nil || strings.Contains(string(rest), "data") {
				t.Errorf("%v, body %q", err, rest)
			}
		}
		c.close()
	}
}
