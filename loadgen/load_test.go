package loadgen

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ssegauge/ssegauge/internal/token"
)

// environment is what the scenarios of these tests look up.
func environment(name string) (string, bool) {
	value, ok := map[string]string{"PORT": "8080", "TOKEN": "hush", "BRACES": "{x}: [y"}[name]
	return value, ok
}

func load(text string, set ...string) (*Scenario, error) {
	return Load("dir/test.yaml", []byte(text), set, environment)
}

func mustLoad(t testing.TB, text string, set ...string) *Scenario {
	t.Helper()
	s, err := load(text, set...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Each file of testdata/bad ends with the complaints about it, one a line
// behind "#> ".
func TestLoadComplains(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d files, error %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			whole, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text, complaints, found := strings.Cut(string(whole), "#> ")
			if !found {
				t.Fatal("no complaints are wanted")
			}
			want := strings.Split(strings.TrimSuffix(complaints, "\n"), "\n#> ")
			s, err := Load(filepath.Base(file), []byte(text), nil, environment)
			if err == nil {
				t.Fatalf("no error, but scenario %+v", s)
			}
			if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("complaints (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoadDefaults(t *testing.T) {
	s := mustLoad(t, "name: plain\ntarget: {url: embedded}\nstreams: {count: 3}\n")
	half := 0.5
	want := &Scenario{
		Name: "plain",
		Target: Target{
			URL: EmbeddedURL, StreamsPerConnection: 100, Auth: Auth{Send: "bearer"},
		},
		Publish: Publish{
			Via: ViaHTTP, Rate: 10, Size: 100, Data: `{"stamp":"{stamp}","pad":"{pad}"}`, Method: "POST",
			Body: `{"topic":{topic_json},"data":{data_json}}`, InFlight: 256, Timeout: 10 * time.Second,
		},
		Streams: Streams{
			Count: 3, Topics: []string{"plain"}, Ramp: time.Second, OpenTimeout: 30 * time.Second, InFlight: 256,
			Reconnect: Reconnect{Retry: 3 * time.Second, Jitter: &half, MaxRetry: 30 * time.Second},
		},
		Duration: 10 * time.Second, Drain: 10 * time.Second, LateAfter: time.Second, Transport: TransportAuto,
		Limits: Limits{
			ScheduleShare: 0.1, ScheduleSlack: 10 * time.Millisecond, ReceiveShare: 0.5, ReceiveSlack: 50 * time.Millisecond,
			HiccupShare: 0.01, CPUShare: 0.9,
		},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

func TestLoadSetsValues(t *testing.T) {
	s := mustLoad(t, `
name: x
target: {url: "http://localhost:${PORT}/events", auth: {token: "${TOKEN}"}, headers: {X: "${BRACES}"}}
publish: {via: none}
streams: {count: 3, ramp: "${RAMP:-7s}"}
`, "streams.count=50", "duration=1m30s", "publish.rate=120/m", "streams.reconnect.max_retry=1m", "target.auth.send=query t", "streams.topics=news", "thresholds=events.lost == 0", "publish.observe.time=t")
	for what, pair := range map[string][2]any{
		"count": {s.Streams.Count, 50}, "duration": {s.Duration, 90 * time.Second}, "rate": {s.Publish.Rate, Rate(2)},
		"max_retry": {s.Streams.Reconnect.MaxRetry, time.Minute}, "url": {s.Target.URL, "http://localhost:8080/events"},
		"token": {s.Target.Auth.Token, token.Secret("hush")}, "header": {s.Target.Headers["X"], "{x}: [y"}, "send": {s.Target.Auth.Send, "query t"},
		"ramp": {s.Streams.Ramp, 7 * time.Second}, "topics": {strings.Join(s.Streams.Topics, " "), "news"},
		"threshold": {s.Thresholds[0].Expression, "events.lost == 0"}, "observe": {*s.Publish.Observe, Observe{Time: "t", Unit: "ns"}},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %v, want %v", what, pair[0], pair[1])
		}
	}
}

func TestLoadRefusesSettings(t *testing.T) {
	for set, want := range map[string]string{
		"streams.count":          "--set: expected key=value, such as streams.count=50",
		"stream.count=1":         `--set stream.count: unknown key "stream" (did you mean streams?); known keys: `,
		"streams.count=many":     `--set streams.count: expected a whole number, found "many"`,
		"name.first=x":           "--set name.first: nothing below can be set",
		"thresholds=events.lots": `--set thresholds: threshold "events.lots": expected METRIC OPERATOR VALUE`,
		"duration=-1s":           "dir/test.yaml:1:1: -1s: a time cannot be negative",
		"streams.count=0":        "dir/test.yaml:3:18: expected at least 1 stream",
	} {
		_, err := load("name: x\ntarget: {url: embedded}\nstreams: {count: 3}\n", set)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("--set %s:\n got %v\nwant %s", set, err, want)
		}
	}
}

func TestLoadResolvesPaths(t *testing.T) {
	s := mustLoad(t, `
name: x
target:
  url: embedded
  tls: {ca: ca.pem}
  auth: {jwt: {key: keys/private.pem}}
publish:
  auth: {file: /etc/tokens}
streams: {count: 1}
`)
	for got, want := range map[string]string{
		s.Target.TLS.CA: "dir/ca.pem", s.Target.Auth.JWT.Key: "dir/keys/private.pem", s.Publish.Auth.File: "/etc/tokens",
	} {
		if got != want {
			t.Errorf("path %s, want %s", got, want)
		}
	}
}

func TestLoadAllowsHosts(t *testing.T) {
	for _, c := range []struct {
		host, allow, streams string
		ok                   bool
	}{
		{"sse.example.com", "", "count: 1000", true},
		{"sse.example.com", "", "count: 1001", false},
		{"sse.example.com", "sse.example.com", "count: 1001", true},
		{"sse.example.com:8443", "sse.example.com", "count: 1001", true},
		{"sse.example.com", "example.com", "count: 1001", false},
		{"sse.example.com", "other.com, sse.example.com", "count: 50000", true},
		{"sse.example.com", "", "stages: [{duration: 1s, count: 10}, {duration: 1s, count: 1001}]", false},
		{"sse.example.com", "", "cohorts: [{name: a, count: 600}, {name: b, count: 600}]", false},
		{"localhost", "", "count: 1001", true},
		{"a.localhost", "", "count: 1001", true},
		{"localhost.example.com", "", "count: 1001", false},
		{"127.0.0.1:8080", "", "count: 1001", true},
		{"127.8.9.10", "", "count: 1001", true},
		{"[::1]:8080", "", "count: 1001", true},
		{"[::ffff:127.0.0.1]", "", "count: 1001", true},
		{"10.1.2.3", "", "count: 1001", true},
		{"172.31.0.1", "", "count: 1001", true},
		{"192.168.1.1", "", "count: 1001", true},
		{"[fd00::1]", "", "count: 1001", true},
		{"169.254.1.1", "", "count: 1001", true},
		{"172.32.0.1", "", "count: 1001", false},
		{"8.8.8.8", "", "count: 1001", false},
		{"8.8.8.8", "8.8.8.8", "count: 1001", true},
		{"[2001:db8::1]", "", "count: 1001", false},
	} {
		_, err := load("name: x\ntarget: {url: \"http://" + c.host + "/\"}\nallow_hosts: [" + c.allow + "]\npublish: {via: none}\nstreams: {" + c.streams + "}\n")
		if (err == nil) != c.ok {
			t.Errorf("%s to %s, allowed [%s]: error %v, want accepted %v", c.streams, c.host, c.allow, err, c.ok)
		}
		if err != nil && !strings.Contains(err.Error(), "allow_hosts") {
			t.Errorf("the error does not name allow_hosts: %v", err)
		}
	}
}

func TestRate(t *testing.T) {
	for text, want := range map[string]Rate{"60/s": 60, "90/m": 1.5, "36/h": 0.01, "7": 7, " 1.5 / s ": 1.5, "0": 0} {
		var r Rate
		if err := r.UnmarshalText([]byte(text)); err != nil || r != want {
			t.Errorf("%q is %v, %v; want %v", text, r, err, want)
		}
	}
	for _, text := range []string{"", "fast", "-1", "1/d", "1/", "NaN", "Inf", "2e9", "1/s/s"} {
		var r Rate
		if err := r.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %v, want an error", text, r)
		}
	}
}

// A scenario that is printed whole must not give its secrets away.
func TestScenarioHidesSecrets(t *testing.T) {
	s := mustLoad(t, "name: x\ntarget: {url: embedded, auth: {token: '${TOKEN}'}}\nstreams: {count: 1}\n")
	var seen searchable
	for _, format := range []string{"%v", "%+v", "%#v"} {
		fmt.Fprintf(&seen, format, s.Target.Auth)
	}
	seen.mustHide(t, "hush")
}
