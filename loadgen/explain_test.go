package loadgen

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func mustExplain(t *testing.T, p *Plan) *Explanation {
	t.Helper()
	e, err := p.Explain()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// What is expected by plan is what a run expects.
func TestExplainForeseesTheRun(t *testing.T) {
	t.Parallel()
	l := newLiar(t, lies{})
	p := l.plan(t, TransportAuto, []string{"warmup=200ms", "streams.topics=a"})
	e := mustExplain(t, p)
	r := runPlan(t, p)
	if e.Publishing.Events != int(r.Events.Published) || e.Publishing.Deliveries != int(r.Events.Expected) {
		t.Errorf("%d events and %d deliveries are foreseen; %d and %d came", e.Publishing.Events, e.Publishing.Deliveries, r.Events.Published, r.Events.Expected)
	}
	if e.Publishing.Events != 72 || e.Publishing.WarmupEvents != 20 || e.Publishing.Deliveries != 1440 || len(e.Streams) != 20 {
		t.Errorf("foreseen %+v for %d streams, want 72 events, 20 of them in the warm-up, 1440 deliveries, 20 streams", e.Publishing, len(e.Streams))
	}
}

// Deliveries are counted stream by stream; this counts them event by event.
func TestExplainDeliveries(t *testing.T) {
	for _, streams := range []string{
		"{count: 7}", "{count: 7, topics: [a, 't-{stream}', b]}", "{count: 1, topics: [a, b, c, d]}",
		"{cohorts: [{name: a, count: 3, topics: x}, {name: b, count: 2, topics: [x, y]}]}",
		"{stages: [{duration: 1s, count: 10}, {duration: 500ms, count: 10}, {duration: 2s, count: 3}, {duration: 1s, count: 8}], topics: [a, 't-{stream}']}",
	} {
		p := NewPlan(mustLoad(t, "name: x\ntarget: {url: embedded}\npublish: {stages: [{duration: 1s, rate: 3/s}, {duration: 2s, rate: 20/s}]}\nwarmup: 700ms\nduration: 4s\nstreams: "+streams+"\n"))
		want := 0
		for i := range p.Events.Len() {
			due, _ := p.Events(i)
			for _, s := range p.Streams {
				open := !p.PublishFirst || s.Open < due && (s.Close == 0 || due < s.Close)
				for _, topic := range s.Topics {
					if open && int(topic) == i%len(p.Topics) {
						want++
					}
				}
			}
		}
		if got := p.deliveries(); got != want || want == 0 {
			t.Errorf("%s: %d deliveries, want %d", streams, got, want)
		}
	}
}

func TestExplainText(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(tokens, []byte("one\ntwo\n\nthree\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := NewPlan(mustLoad(t, `
name: all
description: of it
target:
  url: https://me:hush@127.0.0.1/events?key=hush&topic={topic}
  auth: {file: `+tokens+`, send: cookie session}
publish:
  url: http://127.0.0.1/publish
  auth: {jwt: {secret: hush, ttl: 90m}}
  stages: [{duration: 0s, rate: 10/s}, {duration: 2s, rate: 30/s}]
warmup: 1s
duration: 1h
streams:
  stages: [{duration: 10s, count: 4}, {duration: 10s, count: 4}, {duration: 1s, count: 3}]
  topics: ["t-{stream}", "all"]
  cut_every: 10m
  stall: {after: 2s, for: 1m}
thresholds: ["fanout.p99 < 1s"]
`))
	var text strings.Builder
	e := mustExplain(t, p)
	e.Preflight = p.preflight(facts{descriptors: 200, ports: 28232})
	if err := e.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	want := `all: of it

  target                https://***@127.0.0.1/events?key=***&topic={topic}
  transport             portable
  tokens of streams     3 of ` + tokens + `, in turn, sent as cookie session
  tokens of publishing  minted JWTs (HS256) of the subject stream-{stream}, good for 1h30m, sent as bearer

streams, from the start of publishing
  0s – 10s   0 → 4 open, one every 2.50s
  10s – 20s  4 → 4 open
  20s – 21s  4 → 3 open

events, from the start of publishing
  0s – 2s        10/s → 30/s, 40 events
  2s – 1h0m1s    30/s, 107970 events
  0s – 1s        warm-up: latencies are left out (15 events)
  until 1h0m11s  at most, streams stay open for what is under way
  108010 events of at least 100 bytes to 5 topics; 129687 deliveries, 36.0142/s on average

cohorts
  all  4 streams of 5 topics, t-0 to t-3, cut about every 10m, reading nothing from 2s for 1m

this machine
  descriptors  NOT OK  needed 289     allowed 200  one a connection, and those of publishing; raise with: ulimit -n
  local ports  ok      needed 1       allowed 28232
  memory       ok      needed 196608  allowed unknown

thresholds
  fanout.p99 < 1s
`
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	encoded, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if all := text.String() + string(encoded); strings.Contains(all, "hush") || strings.Contains(all, "three") {
		t.Error("a secret is told")
	}
	last := e.Streams[3]
	if last.CloseSeconds == nil || *last.CloseSeconds != 20 || e.Streams[2].CloseSeconds != nil || last.OpenSeconds != 7.5 {
		t.Errorf("the last stream is %+v, want open from 7.5 to 20 s", last)
	}
}

func TestExplainOfServerThatEmits(t *testing.T) {
	p := NewPlan(mustLoad(t, "name: x\ntarget: {url: 'http://127.0.0.1/'}\npublish: {via: none}\nstreams: {count: 2}\n"))
	e := mustExplain(t, p)
	if len(e.Tokens) != 1 || e.Tokens[0] != (TokenPlan{Of: "streams", Source: "none"}) || e.Publishing.Events != 0 {
		t.Errorf("tokens %+v, publishing %+v; want no tokens, and nothing published", e.Tokens, e.Publishing)
	}
	var text strings.Builder
	if err := e.WriteText(&text); err != nil || !strings.Contains(text.String(), "0s – 10s   what the server publishes by itself") {
		t.Errorf("error %v, text:\n%s", err, text.String())
	}
}

func TestExplainHidesWhatATokenURLHas(t *testing.T) {
	p := NewPlan(mustLoad(t, "name: x\ntarget: {url: 'http://127.0.0.1/', auth: {oauth2: {token_url: 'https://127.0.0.1/token?key=hush', client_id: a, client_secret: b}}}\npublish: {via: none}\nstreams: {count: 2}\n"))
	if got, want := mustExplain(t, p).Tokens[0].Source, "client credentials from https://127.0.0.1/token?key=***"; got != want {
		t.Errorf("the tokens are %s, want %s", got, want)
	}
}

func TestExplainFindsMissingFiles(t *testing.T) {
	for _, auth := range []string{"{file: none}", "{jwt: {method: RS256, key: none}}"} {
		p := NewPlan(mustLoad(t, "name: x\ntarget: {url: embedded, auth: "+auth+"}\nstreams: {count: 2}\n"))
		if _, err := p.Explain(); err == nil || !strings.Contains(err.Error(), "dir/none") {
			t.Errorf("%s: error %v, want one that names dir/none", auth, err)
		}
	}
}

func TestShortSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Hour: "1h", time.Minute: "1m", 10 * time.Second: "10s", 90 * time.Minute: "1h30m",
		time.Hour + time.Second: "1h0m1s", 20 * time.Millisecond: "20ms", 10 * time.Hour: "10h",
	} {
		if got := shortSeconds(d.Seconds()); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}
