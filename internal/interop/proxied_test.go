package interop

import (
	"path/filepath"
	"testing"

	"github.com/ssegauge/ssegauge/internal/token"
)

// generic is the scenario file for the reference server and its like.
var generic = filepath.Join(targets, "generic.yaml")

// streamingProxy is how nginx has to be set up for event streams.
func streamingProxy(origin string) nginx {
	return nginx{Server: `
        location / {
            proxy_pass ` + origin + `;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_read_timeout 1h;
        }`}
}

// stockProxy is nginx 1.22 as it comes: it asks the origin by HTTP/1.0 and
// buffers the answer. The one line more is there because the reference server
// sends X-Accel-Buffering: no, which would switch the buffering off. The
// version is spelled out because nginx 1.29.7 has changed its default.
func stockProxy(origin string) nginx {
	return nginx{Server: `
        location / {
            proxy_pass ` + origin + `;
            proxy_http_version 1.0;
            proxy_ignore_headers X-Accel-Buffering;
        }`}
}

func TestStreamingNginxLosesNothing(t *testing.T) {
	origin := serve(t, token.NewSecret(), "--addr", "127.0.0.1:0")
	proxy := streamingProxy(origin.url).start(t)
	s := load(t, origin.environment(proxy), generic, "duration=4s")
	s.wantVerdict(t, "pass")
	s.wantStreams(t, steady(200))
	s.wantEvents(t, exact(200, 80))
}

// A buffering nginx passes a stream on in pieces of its buffers' size: heads
// wait for the first 4 KB, so do events, and what does not fill a buffer is
// never passed on.
func TestStockNginxShowsAsLate(t *testing.T) {
	origin := serve(t, token.NewSecret(), "--addr", "127.0.0.1:0", "--heartbeat", "-1s")
	proxy := stockProxy(origin.url).start(t)
	shared := []string{"streams.open_timeout=200ms", "late_after=500ms", "drain=300ms"}

	t.Run("buffers fill", func(t *testing.T) {
		direct := load(t, origin.environment(origin.url), generic, append(shared, "duration=6s")...)
		direct.wantVerdict(t, "pass")
		direct.wantEvents(t, exact(200, 120))

		held := load(t, origin.environment(proxy), generic, append(shared, "duration=6s")...)
		held.wantVerdict(t, "fail")
		held.wantStreams(t, steady(200))
		e := held.Events
		if e.Published != 120 || e.Late == 0 || e.Lost == 0 || e.Duplicated != 0 || e.Reordered != 0 || e.Expected != e.Received+e.Lost {
			t.Errorf("events %+v, want 120 published, some late, the rest of the last buffer lost", e)
		}
		// All streams carry the same bytes and are held at the same one.
		if e.Lost%200 != 0 {
			t.Errorf("%d events were lost on 200 equal streams, want the same number on each", e.Lost)
		}
		if d, h := direct.Latency.Fanout.P50, held.Latency.Fanout.P50; h < 5*d {
			t.Errorf("median fan-out latency %.3fs, directly %.3fs: want far more through a buffering proxy", h, d)
		}
		// At 20 events of some 160 bytes a second, 4 KB take over a second.
		if c := held.Latency.Connect.Min; c < 0.5 {
			t.Errorf("the first head came after %.3fs, want it held until a buffer was full", c)
		}
	})
	t.Run("buffers do not fill", func(t *testing.T) {
		held := load(t, origin.environment(proxy), generic, append(shared, "publish.rate=5/s", "duration=1s")...)
		held.wantVerdict(t, "fail")
		held.wantStreams(t, streamCounts{Planned: 200, Failed: 200})
		held.wantEvents(t, eventCounts{Published: 5})
		if n := held.Failures["no response head"]; n != 200 {
			t.Errorf("failures %v, want 200 streams without a response head", held.Failures)
		}
	})
}
