package loadgen

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestPreflight(t *testing.T) {
	enough := facts{descriptors: 100_000, descriptorsUsed: 10, ports: 28232, memory: 64 << 30}
	type need struct {
		needed, allowed int64
		ok              bool
	}
	for _, c := range []struct {
		name      string
		set       []string
		transport string
		facts     facts
		want      [3]need // descriptors, local ports, memory
	}{
		{"enough", []string{"streams.count=1000"}, TransportPortable, enough,
			[3]need{{1042, 100_000, true}, {1000, 28232, true}, {1000 * portableStreamBytes, 64 << 30, true}}},
		{"too few descriptors", []string{"streams.count=1000"}, TransportPortable, facts{descriptors: 1041, descriptorsUsed: 10},
			[3]need{{1042, 1041, false}, {1000, 0, true}, {1000 * portableStreamBytes, 0, true}}},
		{"too few ports", []string{"streams.count=30000"}, TransportPortable, enough,
			[3]need{{30042, 100_000, true}, {30000, 28232, false}, {30000 * portableStreamBytes, 64 << 30, true}}},
		{"too little memory", []string{"streams.count=1000"}, TransportPortable, facts{memory: 1 << 20},
			[3]need{{1032, 0, true}, {1000, 0, true}, {1000 * portableStreamBytes, 1 << 20, false}}},
		{"shared connections", []string{"streams.count=30000", "target.http=2"}, TransportPortable, enough,
			[3]need{{342, 100_000, true}, {300, 28232, true}, {30000 * portableStreamBytes, 64 << 30, true}}},
	} {
		plan := scenarioPlan(t, preflightScenario, "http://127.0.0.1:1", c.transport, c.set)
		p := plan.preflight(c.facts)
		var got [3]need
		for i, l := range p.Lines {
			got[i] = need{l.Needed, l.Allowed, l.OK}
		}
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if refused := errors.Is(p.Err(), ErrTooFewDescriptors); refused == c.want[0].ok {
			t.Errorf("%s: error %v", c.name, p.Err())
		}
	}
}

const preflightScenario = `
name: preflight
target: {url: "${LIAR}/events"}
publish: {via: none}
streams: {count: 1}
`

func TestPreflightText(t *testing.T) {
	plan := scenarioPlan(t, preflightScenario, "http://127.0.0.1:1", TransportPortable, []string{"streams.count=1000"})
	var text strings.Builder
	if err := plan.preflight(facts{descriptors: 1000, ports: 2000}).WriteText(&text); err != nil {
		t.Fatal(err)
	}
	want := `
descriptors  NOT OK  needed 1032      allowed 1000  one a connection, and those of publishing; raise with: ulimit -n
local ports  ok      needed 1000      allowed 2000
memory       ok      needed 49152000  allowed unknown
`
	if got := "\n" + text.String(); got != want {
		t.Errorf("got:%s\nwant:%s", got, want)
	}
}

func TestRunRefusesTooManyStreams(t *testing.T) {
	if descriptorLimit() == 0 || descriptorLimit() > 10_000_000 {
		t.Skip("this system does not limit descriptors")
	}
	plan := scenarioPlan(t, preflightScenario, "http://127.0.0.1:1", TransportAuto, nil, func(s *Scenario) {
		s.Streams.Count = descriptorLimit()
	})
	if _, err := Run(context.Background(), plan, Options{}); !errors.Is(err, ErrTooFewDescriptors) {
		t.Errorf("error %v, want %v", err, ErrTooFewDescriptors)
	}
}

func TestLoopsObstacle(t *testing.T) {
	for _, c := range []struct {
		system, url, http, want string
	}{
		{"linux", "http://x/", "", ""},
		{"linux", "http://x/", "1.1", ""},
		{"linux", "http://x/", "2", "HTTP/2"},
		{"linux", "https://x/", "", "TLS"},
		{"darwin", "http://x/", "", "Linux"},
	} {
		s := &Scenario{Target: Target{URL: c.url, HTTP: c.http}}
		if got := s.loopsObstacle(c.system); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
