package probeorigin

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// start serves an origin until the test is over.
func start(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := New().Serve(ctx, listener, nil); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); serving.Wait() })
	return "http://" + listener.Addr().String()
}

func get(t *testing.T, address string, s Spec, fields ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/any/path?"+s.Query().Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// report waits until the origin has seen the only request of the nonce end.
func report(t *testing.T, address, nonce string) Request {
	t.Helper()
	for {
		response, err := http.Get(address + "/elsewhere?control=" + nonce)
		if err != nil {
			t.Fatal(err)
		}
		var r Report
		err = json.NewDecoder(response.Body).Decode(&r)
		_ = response.Body.Close()
		if err != nil || r.Nonce != nonce || len(r.Requests) > 1 {
			t.Fatalf("report %+v, %v", r, err)
		}
		if len(r.Requests) == 1 && r.Requests[0].Ended != 0 {
			return r.Requests[0]
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// stamps reads the events of a body and returns their stamps, and the types.
func stamps(t *testing.T, body io.Reader) (list []Stamp, types []string, err error) {
	t.Helper()
	lines := bufio.NewScanner(body)
	kind := ""
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			kind = value
		case "data":
			s, ok := ParseStamp(value)
			if !ok {
				t.Fatalf("not a stamp: %s", value)
			}
			list, types, kind = append(list, s), append(types, kind), ""
		}
	}
	return list, types, lines.Err()
}

func TestSpecSurvivesTheQuery(t *testing.T) {
	full := Spec{
		Nonce: "n-1", Count: 7, Interval: 30 * time.Millisecond, Size: 100, Random: true, Head: time.Second, First: 2 * time.Second,
		Heartbeat: time.Minute, IdleAt: 3, IdleFor: time.Minute, DieAt: 5, Framing: Close, Status: 404,
		Header: []Field{{"X-Accel-Buffering", "no"}, {"Cache-Control", "max-age=60, public"}}, Echo: true, Early: true,
	}
	for _, s := range []Spec{full, {Framing: Chunked, Status: 200}} {
		if got, err := ParseSpec(s.Query()); err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("%+v, %v; want %+v", got, err, s)
		}
	}
	if got, err := ParseSpec(url.Values{"topic": {"of the path"}}); err != nil || !reflect.DeepEqual(got, defaults) {
		t.Errorf("%+v, %v; want the defaults", got, err)
	}
}

func TestLimits(t *testing.T) {
	address := start(t)
	for _, query := range []string{
		"count=10001", "count=-1", "count=x", "interval=61s", "interval=-1s", "size=65537", "count=10000&size=65536", "padding=zip",
		"head=16m", "count=10000&interval=1s", "idle-for=16m", "framing=2", "status=100", "status=304", "status=600", "echo=yes",
		"header=Set-Cookie:%20a=b", "header=X-Accel-Buffering:%20no%0d%0aEvil:%20x", "header=Vary", "nonce=" + strings.Repeat("n", 65), "nonce=a%0ab",
		strings.Repeat("header=Vary:%20x&", 17),
	} {
		response, err := http.Get(address + "/?" + query)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		name, _, _ := strings.Cut(query, "=")
		if response.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), "expected") {
			t.Errorf("%s: status %d, %q; want 400 and what was expected of %s", query, response.StatusCode, text, name)
		}
	}
}

func TestFramings(t *testing.T) {
	address := start(t)
	for framing, want := range map[Framing]struct {
		proto   string
		chunked bool
		close   bool
	}{
		Chunked: {"HTTP/1.1", true, false}, Close: {"HTTP/1.1", false, true}, HTTP10: {"HTTP/1.0", false, true},
	} {
		response := get(t, address, Spec{Count: 3, Interval: time.Millisecond, Framing: framing, Nonce: string(framing)})
		chunked := len(response.TransferEncoding) == 1
		if response.Proto != want.proto || chunked != want.chunked || response.Close != want.close || response.ContentLength >= 0 || response.Header.Get(Mark) != "1" {
			t.Errorf("%s: %s, chunked %v, close %v, length %d", framing, response.Proto, chunked, response.Close, response.ContentLength)
		}
		list, types, err := stamps(t, response.Body)
		if err != nil || len(list) != 3 || types[0] != "" || types[2] != TypeEnd || list[2].Seq != 2 || list[1].Due-list[0].Due != int64(time.Millisecond) || list[1].Sent < list[1].Due {
			t.Errorf("%s: %+v, types %q, %v", framing, list, types, err)
		}
		if r := report(t, address, string(framing)); r.How != "complete" || r.Events != 3 || r.ID != list[0].Request || r.HeadSent < r.Received {
			t.Errorf("%s: the report says %+v", framing, r)
		}
	}
}

func TestDies(t *testing.T) {
	address := start(t)
	for _, framing := range []Framing{Chunked, Close} {
		response := get(t, address, Spec{Count: 5, Interval: time.Millisecond, DieAt: 2, Framing: framing, Nonce: "d" + string(framing)})
		list, _, err := stamps(t, response.Body)
		if err == nil || len(list) > 2 {
			t.Errorf("%s: %d events and %v, want two at most and an error", framing, len(list), err)
		}
		if r := report(t, address, "d"+string(framing)); r.How != "died" || r.Events != 2 {
			t.Errorf("%s: the report says %+v", framing, r)
		}
	}
}

func TestClientLeaves(t *testing.T) {
	address := start(t)
	response := get(t, address, Spec{Count: 2, IdleAt: 1, IdleFor: time.Minute, Nonce: "left"})
	if _, err := bufio.NewReader(response.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if r := report(t, address, "left"); r.How != "gone" || !r.Silent || r.Events != 1 {
		t.Errorf("the report says %+v, want gone while it was silent", r)
	}
}

func TestHeartbeats(t *testing.T) {
	address := start(t)
	response := get(t, address, Spec{Count: 2, IdleAt: 1, IdleFor: 200 * time.Millisecond, Heartbeat: 10 * time.Millisecond})
	text, err := io.ReadAll(response.Body)
	beats := strings.Count(string(text), ": heartbeat\n\n")
	if err != nil || beats < 2 || beats > 20 || strings.Count(string(text), "data:") != 2 {
		t.Errorf("%d heartbeats, %v in\n%s", beats, err, text)
	}
}

func TestWhatIsTold(t *testing.T) {
	address := start(t)
	const canary = "canary-0123456789"
	response := get(t, address, Spec{Count: 1, Echo: true, Nonce: "told"}, "Authorization", "Bearer "+canary, "Last-Event-ID", "abc.41")
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	seen := report(t, address, "told")
	told, _ := json.Marshal(seen)
	if strings.Contains(string(text)+string(told), canary) {
		t.Errorf("a secret is told:\n%s%s", text, told)
	}
	values := map[string]Seen{}
	for _, s := range seen.Header {
		values[s.Name] = s
	}
	if s := values["Authorization"]; s.Length != len("Bearer "+canary) || s.Value != "" || s.Digest != Digest("Bearer "+canary) {
		t.Errorf("Authorization is told as %+v", s)
	}
	if s := values["Last-Event-Id"]; s.Value != "abc.41" {
		t.Errorf("Last-Event-ID is told as %+v", s)
	}
	if !strings.Contains(string(text), "event: request\ndata: {") || !strings.Contains(string(text), `"seq":42`) {
		t.Errorf("no echo, or no resumption behind 41:\n%s", text)
	}
}

// A body is seen as it comes, and the response does not wait for it.
func TestEarly(t *testing.T) {
	address := start(t)
	body, rest := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/?"+Spec{Count: 1, Early: true, Nonce: "early"}.Query().Encode(), body)
	if err != nil {
		t.Fatal(err)
	}
	r.Proto, r.ProtoMajor = "HTTP/1.1", 1
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = rest.Write([]byte("one"))
	}()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	events := bufio.NewReader(response.Body)
	line, err := events.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "id: ") {
		t.Errorf("%q, %v before the body is over; want an event", line, err)
	}
	<-written
	_ = rest.Close()
	// The response ends when the origin has read the body.
	if _, err := io.Copy(io.Discard, events); err != nil {
		t.Error(err)
	}
	if seen := report(t, address, "early"); seen.BodyBytes != 3 || seen.BodyFirst == 0 {
		t.Errorf("the report says %+v", seen)
	}
}

func TestStatusAndHeader(t *testing.T) {
	address := start(t)
	response := get(t, address, Spec{Status: 503, Header: []Field{{"Access-Control-Allow-Origin", "*"}}})
	if response.StatusCode != 503 || response.Header.Get("Access-Control-Allow-Origin") != "*" || response.Header.Get("Content-Type") == "text/event-stream" {
		t.Errorf("status %d, %v", response.StatusCode, response.Header)
	}
}
