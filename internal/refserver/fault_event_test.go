package refserver

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// published is one publish of each kind: plain, with a type, and with a
// reconnection time and an ID.
var published = []string{
	`{"topic":"t","data":"a"}`,
	`{"topic":"t","data":"b","event":" Order"}`,
	`{"topic":"t","data":"c"}`,
	`{"topic":"t","data":"d","retry":1600,"id":"given"}`,
	`{"topic":"t","data":"e"}`,
}

// wire is what a stream gets of published when the server has no fault.
const wire = "id: e-1\ndata: a\n\n" +
	"id: e-2\nevent:  Order\ndata: b\n\n" +
	"id: e-3\ndata: c\n\n" +
	"id: given\nretry: 1600\ndata: d\n\n" +
	"id: e-5\ndata: e\n\n"

// What a fault changes, in pairs of what was and what is.
func TestEventFaultBytes(t *testing.T) {
	for fault, changes := range map[string][]string{
		"":                 nil,
		"event-named":      {"id: e-1\n", "event: update\nid: e-1\n", "id: e-3\n", "event: update\nid: e-3\n", "id: given\n", "event: update\nid: given\n", "id: e-5\n", "event: update\nid: e-5\n"},
		"event-lowercased": {" Order", " order"},
		"event-sticky":     {"id: e-3\n", "event:  Order\nid: e-3\n", "id: given\n", "event:  Order\nid: given\n", "id: e-5\n", "event:  Order\nid: e-5\n"},
		"event-error":      {"data: e\n\n", "data: e\n\nevent: error\ndata: finished\n\n"},
		"event-trimmed":    {"event:  Order", "event: Order"},
		"id-sometimes":     {"id: e-5\n", ""},
		"id-modulo":        {"id: e-", "id: ", "id: given", "id: 4"},
		"id-blank-end":     {"e-1\n", "e-1 \n", "e-2\n", "e-2 \n", "e-3\n", "e-3 \n", "given\n", "given \n", "e-5\n", "e-5 \n"},
		"id-ellipsis":      {"id: ", "id: …"},
		"id-long":          {"id: ", "id: " + strings.Repeat("state", 1800)},
		"id-empty":         {"id: e-1\n", "id\n", "id: e-2\n", "id\n", "id: e-3\n", "id\n", "id: given\n", "id\n", "id: e-5\n", "id\n"},
		"retry-rounded":    {"retry: 1600", "retry: 2000"},
	} {
		for _, version := range []string{"HTTP/1.1", "HTTP/1.0"} {
			s := start(t, Config{Fault: fault, Retry: -1})
			c := request(t, s, "GET /events?topic=t "+version, "")
			for _, body := range append(published, `{"topic":"t","finish":true}`) {
				if status, answer := post(t, s, body); status != http.StatusOK {
					t.Fatalf("%s: publish: %d %s", fault, status, answer)
				}
			}
			want := comment + strings.NewReplacer(changes...).Replace(wire)
			if got, err := io.ReadAll(c.body); err != nil || string(got) != want {
				t.Errorf("%s, %s: %v, stream\n%.600q, want\n%.600q", fault, version, err, got, want)
			}
			stop(t, s)
		}
	}
}

// Two streams of a topic get different IDs for one event, and else the same.
func TestFaultIDPerStream(t *testing.T) {
	s := start(t, Config{Fault: "id-per-stream", Retry: -1})
	a, b := connect(t, s, "/events?topic=t"), connect(t, s, "/events?topic=t")
	for _, body := range append(published, `{"topic":"t","finish":true}`) {
		post(t, s, body)
	}
	letters := regexp.MustCompile("id: [A-Z2-7]{26}")
	var seen []string
	for _, c := range []*client{a, b} {
		got, err := io.ReadAll(c.body)
		if plain := letters.ReplaceAllString(string(got), "id: "); err != nil || plain != comment+wire {
			t.Errorf("%v, %q", err, got)
		}
		seen = append(seen, letters.FindString(string(got)))
	}
	if seen[0] == seen[1] {
		t.Errorf("both streams have %q", seen[0])
	}
}

func TestFaultRetries(t *testing.T) {
	for fault, want := range map[string]string{
		"": "retry: 2000\n\n", "retry-suffixed": "retry: 2s\n\n", "retry-seconds": "retry: 2\n\n", "retry-overflow": "retry: 5000000000\n\n", "retry-untold": "",
	} {
		s := start(t, Config{Fault: fault})
		c := connect(t, s, "/events?topic=t")
		post(t, s, `{"topic":"t","finish":true}`)
		if want == "" {
			want = comment
		} else {
			want = ":\n" + want
		}
		if got, err := io.ReadAll(c.body); err != nil || strings.Replace(string(got), comment+"retry", ":\nretry", 1) != want {
			t.Errorf("%s: %v, %q, want %q", fault, err, got, want)
		}
	}
}

func TestFaultHeartbeatID(t *testing.T) {
	s := start(t, Config{Fault: "id-on-heartbeat", Heartbeat: 10 * time.Millisecond, Retry: -1})
	c := connect(t, s, "/events?topic=t")
	want := comment + "id: beat-1\n:\n\nid: beat-2\n:\n\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c.body, got); err != nil || string(got) != want {
		t.Errorf("%v, %q, want %q", err, got, want)
	}
	c.close()
}

// IDs of a server that begins anew are those of the one before it.
func TestFaultIDRestarts(t *testing.T) {
	for range 2 {
		s := start(t, Config{Fault: "id-restarts", Epoch: "other"})
		if _, answer := post(t, s, published[0]); !strings.Contains(answer, `"id":"e-1"`) {
			t.Errorf("the answer %s", answer)
		}
		stop(t, s)
	}
}
