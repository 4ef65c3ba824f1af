package refprofile

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ssegauge/ssegauge/internal/refserver"
	"github.com/ssegauge/ssegauge/internal/token"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of a test. No test passes by waiting for it.
const patience = 30 * time.Second

// beat is the heartbeat of servers under test that shall be quick; a still
// server has none while a test runs.
const (
	beat  = 20 * time.Millisecond
	still = time.Hour
)

// run serves until the test ends, and returns the base URL.
func run(t *testing.T, cfg Config) string {
	t.Helper()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	return "http://" + l.Addr().String()
}

// request sends a request whose head fields are given as name and value.
func request(t *testing.T, method, url, body string, fields ...string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == "Host" {
			r.Host = fields[i+1]
		}
		r.Header.Set(fields[i], fields[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// text is the whole body.
func text(t *testing.T, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// until reads a stream up to a line, and returns what was read.
func until(t *testing.T, r *bufio.Reader, line string) string {
	t.Helper()
	var read strings.Builder
	for {
		got, err := r.ReadString('\n')
		read.WriteString(got)
		if err != nil {
			t.Fatalf("%v after %q, waiting for %q", err, read.String(), line)
		}
		if got == line+"\n" {
			return read.String()
		}
	}
}

func wantStatus(t *testing.T, r *http.Response, want int) {
	t.Helper()
	if r.StatusCode != want {
		t.Errorf("%s %s: status %d, want %d", r.Request.Method, r.Request.URL.Path, r.StatusCode, want)
	}
}

// Every fault can be named, and only for its own protocol.
func TestFaults(t *testing.T) {
	seen := map[string]bool{}
	for _, protocol := range []string{OpenAI, MCP, Mercure} {
		faults := Faults(protocol)
		if len(faults) < 10 {
			t.Errorf("%s has %d faults", protocol, len(faults))
		}
		for _, f := range faults {
			if f.ID == "" || !strings.HasSuffix(f.Description, ".") || len(f.Breaks) == 0 || seen[protocol+f.ID] {
				t.Errorf("%s: %+v", protocol, f)
			}
			seen[protocol+f.ID] = true
			s, err := New(Config{Protocol: protocol, Fault: f.ID, Secret: token.NewSecret()})
			if err != nil {
				t.Errorf("%s: %v", f.ID, err)
				continue
			}
			if err := s.Shutdown(t.Context()); err != nil {
				t.Errorf("%s: %v", f.ID, err)
			}
		}
	}
	if list := Faults("x"); list != nil {
		t.Errorf("an unknown protocol has the faults %v", list)
	}
	faults := Faults(OpenAI)
	faults[0].Breaks[0] = "x"
	if slices.ContainsFunc(Faults(OpenAI), func(f refserver.Fault) bool { return f.Breaks[0] == "x" }) {
		t.Error("the caller can change the table")
	}
}

func TestNewRefuses(t *testing.T) {
	for want, cfg := range map[string]Config{
		`unknown protocol "mpc" (did you mean mcp?)`:               {Protocol: "mpc"},
		`unknown fault "done-mising" (did you mean done-missing?)`: {Protocol: OpenAI, Fault: "done-mising"},
		`unknown fault "done-missing"`:                             {Protocol: MCP, Fault: "done-missing"},
		"no key":                                                   {Protocol: Mercure},
	} {
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", cfg, err, want)
		}
	}
}

// Shutdown ends a stream at an event's end.
func TestShutdownEndsStreams(t *testing.T) {
	s, err := New(Config{Protocol: OpenAI, Heartbeat: still})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	r := request(t, "POST", "http://"+l.Addr().String()+OpenAIPath, `{"model":"x","stream":true,"messages":[{}]}`)
	stream := bufio.NewReader(r.Body)
	until(t, stream, ":")
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(context.Background()) }()
	rest, err := io.ReadAll(stream)
	if err != nil || !strings.HasSuffix(string(rest), "\n\n") {
		t.Errorf("the stream ends with %q, %v", rest, err)
	}
	if err := <-ended; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	<-served
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}
