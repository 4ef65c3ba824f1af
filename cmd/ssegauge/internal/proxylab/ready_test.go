package proxylab

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ssegauge/ssegauge/internal/probeorigin"
)

// A port may be somebody else's by now, who answers as well.
func TestProbeReady(t *testing.T) {
	ours, other := httptest.NewServer(probeorigin.New()), httptest.NewServer(probeorigin.New())
	defer ours.Close()
	defer other.Close()
	ready := ProbeReady(ours.URL + "/")
	for through, want := range map[string]string{
		ours.URL + "/": "", ours.URL + "/path?topic=a": "",
		other.URL + "/": "another origin answers",
	} {
		if err := ready(t.Context(), http.DefaultClient, through); want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", through, err, want)
		}
	}
}

func TestServerReady(t *testing.T) {
	server := func(epoch string) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, `{"epoch":%q}`, epoch) }))
		t.Cleanup(s.Close)
		return s
	}
	ours, other, nobody := server("a"), server("b"), server("")
	ready, err := serverReady(t.Context(), http.DefaultClient, ours.URL+"/")
	if err != nil {
		t.Fatal(err)
	}
	for url, good := range map[string]bool{ours.URL: true, other.URL: false, nobody.URL: false} {
		if err := ready(t.Context(), http.DefaultClient, url+"/"); (err == nil) != good {
			t.Errorf("%s: %v, want ready: %v", url, err, good)
		}
	}
}
