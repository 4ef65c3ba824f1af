package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A listener answers requests, and keeps what was asked.
type listener struct {
	mu    sync.Mutex
	asked []string
	serve func(w http.ResponseWriter, r *http.Request, body string)
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	l.mu.Lock()
	l.asked = append(l.asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
	l.mu.Unlock()
	l.serve(w, r, string(body))
}

func (l *listener) list() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.asked)
}

func listen(t *testing.T, serve func(w http.ResponseWriter, r *http.Request, body string)) (*listener, string) {
	t.Helper()
	l := &listener{serve: serve}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	return l, server.URL
}

func streamed(w http.ResponseWriter, events ...string) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, strings.Join(events, ""))
}

// A stream that is opened by POST is asked for with the body, whatever the
// exchange, and methods that are asked for by name have none.
func TestStreamByPost(t *testing.T) {
	var kinds []string
	var mu sync.Mutex
	l, url := listen(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		mu.Lock()
		kinds = append(kinds, r.Header.Get("Content-Type"))
		mu.Unlock()
		streamed(w, "data: x\n\n")
	})
	one := talkTo(t, Target{URL: url + "/s", Method: "POST", Body: `{"topic":{topic_json},"of":"{topic}"}`})
	one.open(ask{name: "stream"}).end(patience)
	one.open(ask{name: "other", topic: `a"b`}).end(patience)
	one.open(ask{name: "head", method: "HEAD"}).end(patience)
	one.open(ask{name: "own", method: "POST", body: []byte("x")}).end(patience)
	want := []string{`POST /s {"topic":"topic","of":"topic"}`, `POST /s {"topic":"a\"b","of":"a"b"}`, "HEAD /s", "POST /s x"}
	if diff := cmp.Diff(want, l.list()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"application/json", "application/json", "", ""}, kinds); diff != "" {
		t.Errorf("media types: %s", diff)
	}
}

const secretSession = "5e551011-5ec2e7"

// mcpBackend answers as an MCP server does whose slow calls are closed early
// as often as given.
func mcpBackend(t *testing.T, early int) (*listener, Target) {
	t.Helper()
	var mu sync.Mutex
	closed := 0
	l, url := listen(t, func(w http.ResponseWriter, r *http.Request, body string) {
		var request struct {
			ID     int    `json:"id"`
			Method string `json:"method"`
		}
		_ = json.Unmarshal([]byte(body), &request)
		w.Header().Set("Mcp-Session-Id", secretSession)
		if request.Method != "initialize" && r.Header.Get("Mcp-Session-Id") != secretSession {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		switch {
		case r.Method == http.MethodDelete:
		case request.Method == "initialize":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%d,"result":{"protocolVersion":"2025-11-25"}}`, request.ID)
		case request.Method == "notifications/initialized":
			w.WriteHeader(http.StatusAccepted)
		case request.Method == "slow":
			streamed(w, priming, "retry: 10\n\n")
		case r.Method == http.MethodGet:
			mu.Lock()
			closed++
			last := closed > early
			mu.Unlock()
			if last {
				streamed(w, "id: after-"+r.Header.Get("Last-Event-ID")+"\n"+strings.TrimPrefix(result("", 2), "id: \n"))
			} else {
				streamed(w, fmt.Sprintf("id: 1-%d\ndata: {}\n\n", closed+1))
			}
		default:
			streamed(w, result("", request.ID))
		}
	})
	return l, Target{URL: url, Profiles: []string{"mcp"}, MCP: &MCP{Slow: `{"jsonrpc":"2.0","id":{id},"method":"slow"}`}}
}

// A stream that the server closes each time is resumed from its last event
// until the response comes.
func TestResumeInRounds(t *testing.T) {
	l, target := mcpBackend(t, 2)
	one := talkTo(t, target)
	talkMCPResume(one)
	resumed, _ := resumption(one.rec, "test", "resumed")
	var from []string
	for _, c := range resumed {
		from = append(from, requestField(c, "Last-Event-ID"))
	}
	if diff := cmp.Diff([]string{"1-1", "1-2", "1-3"}, from); diff != "" {
		t.Errorf("resumed from %s\nasked: %q", diff, l.list())
	}
	if _, c := delivered(connection(one.rec, "test", "call"), resumed); c == nil || c != resumed[2] {
		t.Errorf("the response came on %v", c)
	}
	if last := l.list()[len(l.list())-1]; last != "DELETE /" {
		t.Errorf("the last request is %q", last)
	}
}

func TestResumeGivesUp(t *testing.T) {
	_, target := mcpBackend(t, 1000)
	one := talkTo(t, target)
	talkMCPResume(one)
	if resumed, _ := resumption(one.rec, "test", "resumed"); len(resumed) != maxResumes {
		t.Errorf("resumed %d times, want %d", len(resumed), maxResumes)
	}
}

// Exchanges that know nothing of MCP run in one session, which ends with the
// run, and whose name is nowhere in what is recorded.
func TestSessionOfRun(t *testing.T) {
	l, target := mcpBackend(t, 0)
	target.Pace = quick
	folder := t.TempDir()
	report := mustRun(t, target, Options{Run: []string{"http", "mcp"}, Record: folder})
	if c := find(t, report, "http.status.ok"); c.Outcome != Pass {
		t.Errorf("http.status.ok: %s %q", c.Outcome, c.Observed)
	}
	asked := l.list()
	begun, ended := 0, 0
	for _, one := range asked {
		if strings.Contains(one, `"method":"initialize"`) {
			begun++
		}
		if one == "DELETE /" {
			ended++
		}
	}
	// One for each exchange that speaks MCP, and one for the others.
	if want := len(mcpExchanges); begun != want || ended != want || !strings.Contains(asked[0], "initialize") {
		t.Errorf("%d sessions were opened and %d ended, want %d; the first request is %q", begun, ended, want, asked[0])
	}
	for _, name := range []string{greeting, opening, "mcp-resume"} {
		var recorded Transcript
		if err := readJSON(folder+"/"+name+".json", &recorded); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(recorded)
		if err != nil || bytes.Contains(text, []byte(secretSession)) {
			t.Errorf("%s names the session: %v", name, err)
		}
		if c := recorded.Connections[0]; c.value("Mcp-Session-Id") != redacted || c.Reflected != 0 {
			t.Errorf("%s: the session is %q, %d secrets reflected", name, c.value("Mcp-Session-Id"), c.Reflected)
		}
	}
}

// Without a session nothing more is said of MCP, and the rest goes on.
func TestNoSession(t *testing.T) {
	_, url := listen(t, func(w http.ResponseWriter, _ *http.Request, _ string) { http.Error(w, "no", http.StatusUnauthorized) })
	report := mustRun(t, Target{URL: url, Profiles: []string{"mcp"}, Pace: quick}, Options{})
	if c := find(t, report, "mcp.get"); c.Outcome != NotTested || !strings.Contains(c.Observed, "does not answer initialize (status 401)") {
		t.Errorf("mcp.get: %s %q", c.Outcome, c.Observed)
	}
	if c := find(t, report, "http.status.ok"); c.Outcome != Fail {
		t.Errorf("http.status.ok: %s %q", c.Outcome, c.Observed)
	}
	if report.Counts.Error > 0 {
		t.Errorf("%s", report.Counts)
	}
}

// A completion is read no longer than it is of use: behind its end marker, or
// when it has stalled.
func TestCompletionIsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		ends bool
		want string
	}{
		"open behind the end": {finishChunk + doneEvent, false, "openai.done.closes"},
		"stalled":             {roleChunk, false, "openai.stall"},
		"cut off":             {finishChunk, true, "openai.done.present"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, url := listen(t, func(w http.ResponseWriter, r *http.Request, body string) {
				if r.Method != http.MethodPost || !json.Valid([]byte(body)) {
					w.WriteHeader(http.StatusMethodNotAllowed)
					return
				}
				streamed(w, c.text)
				w.(http.Flusher).Flush()
				if !c.ends {
					<-r.Context().Done()
				}
			})
			target := Target{URL: url, Profiles: []string{"openai"}, Pace: quick}
			target.Pace.Heartbeat = 20 * time.Millisecond
			report := mustRun(t, target, Options{Run: []string{"openai"}})
			var got []string
			for _, r := range report.Checks {
				if r.Red() {
					got = append(got, r.ID)
				}
			}
			if !slices.Equal(got, []string{c.want}) {
				t.Errorf("red: %v, want %s", got, c.want)
			}
		})
	}
}

// The token stands in the query for one request, and in no record of it.
func TestQueryTokenIsBlanked(t *testing.T) {
	l, url := listen(t, func(w http.ResponseWriter, r *http.Request, _ string) { w.WriteHeader(http.StatusUnauthorized) })
	const good = "a-token-that-must-not-be-seen"
	one := talkTo(t, Target{URL: url + "/hub?topic={topic}", Tokens: &Tokens{Good: good}})
	talkMercureErrors(one)
	for _, s := range one.streams {
		over(s)
	}
	one.run.redact(one.rec)
	var sent int
	for _, asked := range l.list() {
		sent += strings.Count(asked, "access_token="+good)
	}
	if sent != 2 {
		t.Errorf("the token was in %d queries, want 2: %q", sent, l.list())
	}
	if text, err := json.Marshal(one.rec); err != nil || strings.Contains(string(text), good) {
		t.Errorf("the transcript has the token, %v", err)
	}
	if got := l.list()[0]; got != "POST /hub data=ssegauge&topic=topic" {
		t.Errorf("the first request is %q", got)
	}
}

// A session is named to its own server alone.
func TestSessionStaysHome(t *testing.T) {
	seen := make(chan string, 2)
	tell := func(w http.ResponseWriter, r *http.Request, _ string) { seen <- r.Header.Get(sessionField) }
	_, elsewhere := listen(t, tell)
	_, home := listen(t, func(w http.ResponseWriter, r *http.Request, body string) {
		tell(w, r, body)
		http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
	})
	one := talkTo(t, Target{URL: home, MCP: &MCP{URL: home}})
	one.run.session = []Field{{sessionField, secretSession}}
	one.open(ask{name: "stream"}).end(patience)
	if first, second := <-seen, <-seen; first != secretSession || second != "" {
		t.Errorf("the server was told %q, and another %q", first, second)
	}
}
