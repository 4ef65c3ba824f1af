package interop

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ssegauge/ssegauge/internal/token"
)

// installPolyfill installs event-source-polyfill and the client that uses it
// into a folder of the test.
func installPolyfill(t *testing.T) (folder string) {
	t.Helper()
	need(t, "node", installNode)
	need(t, "npm", installNPM)
	folder = t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "client.mjs"} {
		text, err := os.ReadFile(filepath.Join("testdata", "polyfill", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := npmInstall(folder); err != nil {
		t.Fatal(err)
	}
	return folder
}

// npmInstall installs what the lock file of a folder says.
func npmInstall(folder string) error {
	install := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = folder
	if output, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, output)
	}
	return nil
}

// A polyfill is a running client.
type polyfill struct{ *process }

// A line is one thing that the client has seen.
type line struct {
	What   string `json:"what"`
	Status int    `json:"status,omitempty"`
	Type   string `json:"type,omitempty"`
	Data   string `json:"data,omitempty"`
	ID     string `json:"id,omitempty"`
}

func startPolyfill(t *testing.T, folder, address, bearer string) *polyfill {
	t.Helper()
	environment := []string{"STREAM_URL=" + address, "STREAM_TOKEN=" + bearer}
	// The client looks for the package where it runs.
	program := need(t, "sh", "apt-get install dash")
	return &polyfill{start(t, environment, program, "-c", `cd "$1" && exec node client.mjs`, "sh", folder)}
}

// lines are what the client has seen so far.
func (p *polyfill) lines(t *testing.T) (seen []line) {
	t.Helper()
	whole, _, _ := cutLast(p.stdout(), "\n")
	for text := range strings.Lines(whole) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("the client wrote %q: %v", text, err)
		}
		seen = append(seen, l)
	}
	return seen
}

func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+len(separator):], true
}

// of are the lines of one kind.
func (p *polyfill) of(t *testing.T, what string) (seen []line) {
	t.Helper()
	for _, l := range p.lines(t) {
		if l.What == what {
			seen = append(seen, l)
		}
	}
	return seen
}

func TestPolyfill(t *testing.T) {
	t.Parallel()
	folder := installPolyfill(t)
	origin := serve(t, token.NewSecret(), "--addr", "127.0.0.1:0", "--retry", "1s")
	paths := map[string]func(t *testing.T) string{
		"direct":        func(*testing.T) string { return origin.url },
		"through nginx": func(t *testing.T) string { return streamingProxy(origin.url).start(t) },
	}
	for name, path := range paths {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reconnects(t, folder, origin, path(t), strings.ReplaceAll(name, " ", "-"))
		})
	}
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		client := startPolyfill(t, folder, origin.url+"/events?topic=refused", mint(t, token.NewSecret()))
		if code := client.wait(t, patience); code != 0 {
			t.Errorf("the client ended with exit code %d: %s", code, client.stderr())
		}
		if diff := cmp.Diff([]line{{What: "closed", Status: 401}}, client.lines(t)); diff != "" {
			t.Errorf("with a token of another secret (-want +got):\n%s", diff)
		}
	})
}

// reconnects publishes ten events, default and named in turn, then cuts the
// connection, three times over. Five of each ten are published while the client
// is away.
func reconnects(t *testing.T, folder string, origin *server, target, topic string) {
	relay := startRelay(t, target)
	client := startPolyfill(t, folder, relay.url+"/events?topic="+topic, mint(t, origin.secret))
	until(t, "the client is connected", func() bool { return len(client.of(t, "open")) == 1 })

	var want []line
	publish := func(count int) {
		for range count {
			event := line{What: "event", Type: "message", Data: fmt.Sprintf("event %d\nin two lines", len(want))}
			body := map[string]any{"topic": topic, "data": event.Data}
			if len(want)%2 == 1 {
				event.Type = "order"
				body["event"] = event.Type
			}
			origin.publish(t, body)
			want = append(want, event)
		}
	}
	const cuts = 3
	for cut := range cuts {
		publish(5)
		until(t, "all events have come", func() bool { return len(client.of(t, "event")) >= len(want) })
		relay.hold()
		until(t, "the client has noticed the cut", func() bool { return len(client.of(t, "reconnecting")) > cut })
		publish(5)
		relay.resume()
		until(t, "the client is back", func() bool { return len(client.of(t, "event")) >= len(want) })
	}
	origin.publish(t, map[string]any{"topic": topic, "event": "bye", "data": "end"})
	if code := client.wait(t, patience); code != 0 {
		t.Errorf("the client ended with exit code %d: %s", code, client.stderr())
	}

	got := client.of(t, "event")
	var ids []string
	for i := range got {
		ids = append(ids, got[i].ID)
		got[i].ID = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	// The polyfill cannot rely on the Last-Event-ID header across origins, and
	// sends the id in the query.
	var resumed []string
	for _, address := range relay.requests() {
		if id := address.Query().Get("lastEventId"); id != "" {
			resumed = append(resumed, id)
		}
	}
	var last []string
	for cut := range cuts {
		last = append(last, ids[10*cut+4])
	}
	if diff := cmp.Diff(last, distinct(resumed)); diff != "" {
		t.Errorf("last event IDs in the queries (-want +got):\n%s", diff)
	}
}

// distinct drops repetitions: an attempt may have had to be repeated.
func distinct(list []string) (kept []string) {
	for _, s := range list {
		if len(kept) == 0 || kept[len(kept)-1] != s {
			kept = append(kept, s)
		}
	}
	return kept
}

// requestURL reads the address in the first line of an HTTP/1.1 request.
func requestURL(head []byte) *url.URL {
	fields := strings.Fields(string(head))
	if len(fields) < 2 {
		return nil
	}
	u, err := url.ParseRequestURI(fields[1])
	if err != nil {
		return nil
	}
	return u
}
