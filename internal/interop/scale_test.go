package interop

import (
	"os"
	"strconv"
	"testing"

	"github.com/ssegauge/ssegauge/internal/token"
)

// manyStreams is how many streams the tests of many streams open: 500, or what
// INTEROP_STREAMS says. 5,000 fit into the 20,000 descriptors that a process
// may have here.
func manyStreams(t *testing.T) int64 {
	t.Helper()
	given, ok := os.LookupEnv("INTEROP_STREAMS")
	if !ok {
		return 500
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 1 {
		t.Fatalf("INTEROP_STREAMS=%s: expected a number of streams", given)
	}
	return int64(n)
}

// many are the settings of such a run: ten events to everyone, two a second.
func many(streams int64) []string {
	return []string{
		"streams.count=" + text(int(streams)), "streams.ramp=" + text(int(1+streams/1000)) + "s", "streams.open_timeout=60s",
		"publish.rate=2/s", "duration=5s", "drain=30s",
	}
}

func (s *summary) wantMany(t *testing.T, streams int64) {
	t.Helper()
	s.wantVerdict(t, "pass")
	s.wantStreams(t, steady(streams))
	s.wantEvents(t, exact(streams, 10))
	t.Logf("%d streams: %d events received, %d lost; fan-out p50 %.1f ms, p99 %.1f ms, max %.1f ms; connect p99 %.1f ms",
		s.Streams.Opened, s.Events.Received, s.Events.Lost,
		1000*s.Latency.Fanout.P50, 1000*s.Latency.Fanout.P99, 1000*s.Latency.Fanout.Max, 1000*s.Latency.Connect.P99)
}

// Each stream has a token of its own. nginx has it judged by the reference
// server, which answers a HEAD request as it would the stream.
func TestManyAuthenticatedStreamsOnNchan(t *testing.T) {
	streams := manyStreams(t)
	judge := serve(t, token.NewSecret(), "--addr", "127.0.0.1:0")
	url := nginx{
		Modules: []string{nchanModule(t)},
		HTTP:    `nchan_shared_memory_size 256M;`,
		Server: `
        location = /sub {
            set $topic $arg_topic;
            auth_request /judge;
            nchan_subscriber eventsource;
            nchan_subscriber_first_message newest;
            nchan_channel_id $arg_topic;
        }
        location = /pub {
            set $topic $arg_topic;
            auth_request /judge;
            nchan_publisher;
            nchan_channel_id $arg_topic;
            nchan_message_buffer_length 10000;
            nchan_message_timeout 5m;
        }
        location = /judge {
            internal;
            proxy_method HEAD;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_pass ` + judge.url + `/events?topic=$topic;
        }`,
	}.start(t)
	minted := func(secret token.Secret) []string {
		return []string{
			"target.auth.token=", "target.auth.jwt.secret=" + secret.Reveal(),
			"target.auth.jwt.publish=*", "target.auth.jwt.subscribe=nchan",
		}
	}
	environment := []string{"NCHAN_URL=" + url}

	refused := load(t, environment, nchanScenario, append(minted(token.NewSecret()), "streams.count=20", "duration=1s")...)
	refused.wantStreams(t, streamCounts{Planned: 20, Failed: 20})

	load(t, environment, nchanScenario, append(minted(judge.secret), many(streams)...)...).wantMany(t, streams)
}

func TestManyAuthenticatedStreamsThroughNginx(t *testing.T) {
	streams := manyStreams(t)
	origin := serve(t, token.NewSecret(), "--addr", "127.0.0.1:0")
	proxy := streamingProxy(origin.url).start(t)
	load(t, origin.environment(proxy), generic, many(streams)...).wantMany(t, streams)
}
