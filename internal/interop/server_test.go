package interop

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/internal/token"
)

// A server is `ssegauge serve`.
type server struct {
	*process
	url    string
	secret token.Secret
}

// serve starts the reference server, with tokens demanded, and waits until it
// listens.
func serve(t *testing.T, secret token.Secret, args ...string) *server {
	t.Helper()
	args = append([]string{"serve", "--auth", "jwt"}, args...)
	environment := []string{"SSEGAUGE_SECRET=" + secret.Reveal()}
	s := &server{process: start(t, environment, ssegauge, args...), secret: secret}
	until(t, "the reference server listens", func() bool {
		if s.ended() {
			t.Fatalf("serve ended: %s", s.stderr())
		}
		line, whole := strings.CutSuffix(s.stdout(), "\n")
		address, found := strings.CutPrefix(line, "listening on ")
		s.url = address
		return whole && found
	})
	return s
}

// freeAddress is an address of this machine at which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// environment is what the scenario for the reference server reads. Streams go
// to target, and publishes to the server itself.
func (s *server) environment(target string) []string {
	return []string{"SSEGAUGE_TARGET=" + target, "SSEGAUGE_PUBLISH=" + s.url, "SSEGAUGE_SECRET=" + s.secret.Reveal()}
}

// mint makes a token that may do everything.
func mint(t *testing.T, secret token.Secret) string {
	t.Helper()
	minter, err := token.NewMinter(token.MinterConfig{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := minter.Mint(token.Claims{
		Subject: "interop", Expires: time.Now().Add(time.Hour),
		Subscribe: []string{"*"}, Publish: []string{"*"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw.Reveal()
}

// stats is the part of GET /stats that these tests are about.
type stats struct {
	Subscribers struct {
		Total int64 `json:"total"`
	} `json:"subscribers"`
	Published      int64 `json:"published"`
	DeliveredBytes int64 `json:"delivered_bytes"`
	Window         struct {
		Events int64 `json:"events"`
		Bytes  int64 `json:"bytes"`
	} `json:"window"`
}

// stats asks the server for its figures. They are zero when it does not answer.
func (s *server) stats(t *testing.T) (figures stats) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/stats", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+mint(t, s.secret))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return stats{}
	}
	defer response.Body.Close()
	_ = json.NewDecoder(response.Body).Decode(&figures)
	return figures
}

// publish publishes one event and fails the test when it is not accepted.
func (s *server) publish(t *testing.T, body map[string]any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/publish", strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+mint(t, s.secret))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if answer, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusOK {
		t.Fatalf("publish: status %d: %s", response.StatusCode, answer)
	}
}
