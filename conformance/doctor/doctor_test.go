package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ssegauge/ssegauge/conformance"
	"github.com/ssegauge/ssegauge/internal/badproxy"
	"github.com/ssegauge/ssegauge/internal/probeorigin"
)

// startOrigin serves the probe origin until the test is over.
func startOrigin(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() { _ = probeorigin.New().Serve(ctx, listener, nil) })
	t.Cleanup(func() { cancel(); serving.Wait() })
	return "http://" + listener.Addr().String() + "/events"
}

// startProxy runs a proxy in front of the origin until the test is over.
func startProxy(t *testing.T, k badproxy.Kind, origin string, config *tls.Config) string {
	t.Helper()
	backend, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := badproxy.Start(k, backend, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	return proxy.URL + "/events"
}

// certificate is what the proxies with TLS show, and who vouches for it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, pool
}

// A patient is a path that is examined.
type patient struct {
	name, want string
	target     conformance.Target
	options    Options
	report     *Report
}

func (p *patient) first() string {
	if len(p.report.Diagnoses) == 0 {
		return ""
	}
	return p.report.Diagnoses[0].ID
}

// well reports whether the right diagnosis comes first.
func (p *patient) well() bool {
	return p.want == "" && !p.report.Wrong() || p.want != "" && p.first() == p.want
}

// atATime is how many paths are examined side by side.
const atATime = 12

// examine records paths side by side, and the direct path once for each idle
// time, and judges them.
func examine(t *testing.T, origin string, patients []*patient) {
	t.Helper()
	directs := map[time.Duration]*Recording{}
	var mu sync.Mutex
	var all sync.WaitGroup
	free := make(chan struct{}, atATime)
	record := func(target conformance.Target, o Options, keep func(*Recording)) {
		all.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			r, err := Record(t.Context(), target, o)
			if err != nil {
				t.Errorf("%s: %v", target.URL, err)
				r = &Recording{}
			}
			mu.Lock()
			defer mu.Unlock()
			keep(r)
		})
	}
	paths := make([]*Recording, len(patients))
	for i, p := range patients {
		p.options.Control = origin
		if p.options.Idle == 0 {
			p.options.Idle = time.Second
		}
		if idle := p.options.Idle; directs[idle] == nil {
			directs[idle] = &Recording{}
			record(conformance.Target{URL: origin}, Options{Idle: idle, Bulk: true}, func(r *Recording) { directs[idle] = r })
		}
		record(p.target, p.options, func(r *Recording) { paths[i] = r })
	}
	all.Wait()
	for i, p := range patients {
		p.report = Judge(paths[i], directs[p.options.Idle])
		// A recording says all that is judged.
		text, err := json.Marshal(paths[i])
		if err != nil {
			t.Fatal(err)
		}
		kept := &Recording{}
		if err := json.Unmarshal(text, kept); err != nil {
			t.Fatal(err)
		}
		var one, two bytes.Buffer
		if err := errors.Join(WriteJSON(&one, p.report), WriteJSON(&two, Judge(kept, directs[p.options.Idle]))); err != nil {
			t.Fatal(err)
		}
		if one.String() != two.String() {
			t.Errorf("%s: from a file the recording is judged\n%s\nwant\n%s", p.name, two.String(), one.String())
		}
	}
}

// Every row has a bad proxy that it is told by, but for a few that need more than
// a proxy.
func TestEveryRowHasAProxy(t *testing.T) {
	elsewhere := []string{"D4b", "D22", "D24"} // gzip-flushed, TestForeignBackend, "h2, not h1"
	for _, row := range Rows() {
		of := func(k badproxy.Kind) bool { return k.Diagnosis == row.ID }
		if slices.ContainsFunc(badproxy.Kinds(), of) == slices.Contains(elsewhere, row.ID) {
			t.Errorf("%s: no bad proxy, or one too many", row.ID)
		}
		if row.Title == "" || row.Explain == "" || len(row.Fixes) == 0 && row.ID != "D4b" {
			t.Errorf("%s lacks a title, an explanation or a fix", row.ID)
		}
	}
}

// The right diagnosis comes first for every proxy that spoils a stream in one
// way, and nothing is wrong with the good ones.
func TestConfusion(t *testing.T) {
	origin := startOrigin(t)
	var patients []*patient
	for _, k := range badproxy.Kinds() {
		patients = append(patients, &patient{
			name: k.ID, want: k.Diagnosis, target: conformance.Target{URL: startProxy(t, k, origin, nil)},
			options: Options{Idle: k.Idle, Bulk: k.Diagnosis == "D19"},
		})
	}
	config, pool := certificate(t)
	good, _ := badproxy.Find("good")
	for name, http := range map[string]string{"tls": "1.1", "h2": "2"} {
		patients = append(patients, &patient{name: name, target: conformance.Target{
			URL: startProxy(t, good, origin, config), HTTP: http, TLS: conformance.TLS{Roots: pool},
		}})
	}
	held, _ := badproxy.Find("hold-http1")
	patients = append(patients, &patient{name: "h2, not h1", want: "D24", target: conformance.Target{
		URL: startProxy(t, held, origin, config), HTTP: "2", TLS: conformance.TLS{Roots: pool},
	}})
	patients = append(patients, &patient{name: "direct", target: conformance.Target{URL: origin}})
	examine(t, origin, patients)
	// A machine that is busy with other tests can look like a bad path. What a
	// path does, it does again.
	for range 2 {
		again := slices.DeleteFunc(slices.Clone(patients), (*patient).well)
		if len(again) == 0 {
			break
		}
		examine(t, origin, again)
	}
	for _, p := range patients {
		t.Run(p.name, func(t *testing.T) {
			if !p.well() {
				t.Errorf("%q comes first, want %q", p.first(), p.want)
			}
			if t.Failed() || testing.Verbose() {
				t.Logf("%s %v %+v", p.report.Verdict, p.report.Boxes, p.report.Path)
				for _, d := range p.report.Diagnoses {
					t.Logf("%s %s (%s) %q", d.ID, d.Title, d.Confidence, d.Evidence)
				}
			}
		})
	}
}
