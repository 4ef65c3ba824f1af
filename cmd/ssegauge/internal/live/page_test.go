package live

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ssegauge/ssegauge/loadgen"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait. Only a failure uses it up.
const patience = time.Minute

func open(t *testing.T, scenario string) (*Page, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(listener, scenario)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, "http://" + listener.Addr().String()
}

// client keeps no connection, so that none is left when a test ends.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// get returns the response, and a reader of its body that ends with the test.
func get(t *testing.T, method, url, host string) (*http.Response, *bufio.Reader) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	response, err := client.Do(request)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		response.Body.Close()
		cancel()
	})
	return response, bufio.NewReader(response.Body)
}

func page(t *testing.T, url string) (head http.Header, text, id string) {
	t.Helper()
	response, body := get(t, http.MethodGet, url+"/", "")
	all, err := io.ReadAll(body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", response.StatusCode, err)
	}
	found := regexp.MustCompile(`data-id="([^"]+)"`).FindSubmatch(all)
	if found == nil {
		t.Fatalf("no id in\n%s", all)
	}
	return response.Header, string(all), string(found[1])
}

// event reads the next event that has data. It returns io.EOF at the end.
func event(r *bufio.Reader) (name, data string, err error) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "", "", err
		}
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case field == "event":
			name = value
		case field == "data":
			data += value + "\n"
		case line == "\n" && data != "":
			return name, data, nil
		}
	}
}

func report(phase loadgen.Phase, verdict loadgen.Verdict) *loadgen.Report {
	return &loadgen.Report{Scenario: "s", Verdict: verdict, Phases: []loadgen.PhaseStart{{Phase: phase}}}
}

func TestStreamFollowsTheRun(t *testing.T) {
	p, url := open(t, "<b>s</b>")
	_, text, id := page(t, url)
	if !strings.Contains(text, "STARTING <span>&lt;b&gt;s&lt;/b&gt;</span>") || !strings.Contains(text, "<title>&lt;b&gt;s&lt;/b&gt; – ssegauge</title>") {
		t.Errorf("before the run the page has\n%s", text)
	}
	_, stream := get(t, http.MethodGet, url+"/events?topic=other&lastEventId="+id, "")
	for p.stream.Stats().Subscribers.Total == 0 {
		time.Sleep(time.Millisecond)
	}
	for _, phase := range []loadgen.Phase{loadgen.Opening, loadgen.Running} {
		p.Update(report(phase, ""))
		if name, data, err := event(stream); err != nil || name != "" || !strings.Contains(data, `class="verdict `+string(phase)+`"`) {
			t.Fatalf("%s: event %q, %v\n%s", phase, name, err, data)
		}
	}
	if _, text, _ := page(t, url); !strings.Contains(text, "RUNNING <span>s</span>") {
		t.Errorf("during the run the page has\n%s", text)
	}
	if err := p.Finish(report(loadgen.Draining, loadgen.Pass)); err != nil {
		t.Fatal(err)
	}
	if name, data, err := event(stream); err != nil || name != "end" || !strings.Contains(data, "PASS <span>s</span>") {
		t.Fatalf("event %q, %v\n%s", name, err, data)
	}
	if name, _, err := event(stream); err != io.EOF {
		t.Errorf("after the last event: %q, %v; want the end of the stream", name, err)
	}
	_, _, id = page(t, url)
	if response, _ := get(t, http.MethodGet, url+"/events?lastEventId="+id, ""); response.StatusCode != http.StatusNoContent {
		t.Errorf("who comes back gets status %d, want 204", response.StatusCode)
	}
}

// A stream that opens after the run's end still gets what its page has not.
func TestNothingIsMissedBetweenPageAndStream(t *testing.T) {
	p, url := open(t, "s")
	_, _, id := page(t, url)
	if err := p.Finish(report(loadgen.Draining, loadgen.Fail)); err != nil {
		t.Fatal(err)
	}
	_, stream := get(t, http.MethodGet, url+"/events?lastEventId="+id, "")
	if name, data, err := event(stream); err != nil || name != "end" || !strings.Contains(data, "FAIL <span>s</span>") {
		t.Errorf("event %q, %v\n%s", name, err, data)
	}
}

// Nothing is drawn for nobody, and who comes gets what is new.
func TestDrawnWhenLookedAt(t *testing.T) {
	p, url := open(t, "s")
	p.Update(report(loadgen.Opening, ""))
	last := report(loadgen.Running, "")
	p.Update(last)
	for len(p.wake) > 0 {
		time.Sleep(time.Millisecond)
	}
	if drawn(p) != nil {
		t.Error("it was drawn although nobody watches")
	}
	if _, text, _ := page(t, url); !strings.Contains(text, "RUNNING") || drawn(p) != last {
		t.Errorf("the page has\n%s", text)
	}
}

func drawn(p *Page) *loadgen.Report {
	p.drawing.Lock()
	defer p.drawing.Unlock()
	return p.drawn
}

func TestPolicy(t *testing.T) {
	_, url := open(t, "s")
	head, text, _ := page(t, url)
	policy := head.Get("Content-Security-Policy")
	for element, directive := range map[string]string{"script": "script-src", "style": "style-src"} {
		content := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllStringSubmatch(text, -1)
		if len(content) != 1 || !strings.Contains(policy, directive+" "+source(content[0][1])) {
			t.Errorf("%d %s elements, and %q is not for them", len(content), element, policy)
		}
	}
	if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	if regexp.MustCompile(`(?i)\s(style|on[a-z]+)=|https?://`).MatchString(strings.ReplaceAll(text, "http://www.w3.org/2000/svg", "")) {
		t.Error("the page has something that the policy forbids")
	}
}

func TestOnlyTheRunIsServed(t *testing.T) {
	_, url := open(t, "s")
	port := url[strings.LastIndex(url, ":"):]
	for _, c := range []struct {
		method, path, host string
		want               int
	}{
		{http.MethodGet, "/", "localhost" + port, http.StatusOK},
		{http.MethodGet, "/", "LOCALHOST", http.StatusOK},
		{http.MethodGet, "/", "[::1]" + port, http.StatusOK},
		{http.MethodGet, "/", "run.example" + port, http.StatusMisdirectedRequest},
		{http.MethodGet, "/events", "run.example", http.StatusMisdirectedRequest},
		{http.MethodPost, "/events", "", http.StatusMethodNotAllowed},
		{http.MethodPost, "/publish", "", http.StatusNotFound},
		{http.MethodGet, "/stats", "", http.StatusNotFound},
		{http.MethodGet, "/healthz", "", http.StatusNotFound},
	} {
		if response, _ := get(t, c.method, url+c.path, c.host); response.StatusCode != c.want {
			t.Errorf("%s %s of %q: status %d, want %d", c.method, c.path, c.host, response.StatusCode, c.want)
		}
	}
}

func TestWatchersAreBounded(t *testing.T) {
	p, url := open(t, "s")
	for n := range watchers {
		if response, _ := get(t, http.MethodGet, url+"/events", ""); response.StatusCode != http.StatusOK {
			t.Fatalf("watcher %d: status %d", n, response.StatusCode)
		}
	}
	if response, _ := get(t, http.MethodGet, url+"/events", ""); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one more: status %d, want 503", response.StatusCode)
	}
	if total := p.stream.Stats().Subscribers.Total; total != watchers {
		t.Errorf("%d streams, want %d", total, watchers)
	}
}
