package interop

import (
	"path/filepath"
	"testing"

	"github.com/ssegauge/ssegauge/internal/token"
)

// nchan is the configuration that scenarios/targets/nchan.yaml describes.
func nchan(t *testing.T, bearer token.Secret) nginx {
	return nginx{
		Modules: []string{nchanModule(t)},
		HTTP: `
    nchan_shared_memory_size 128M;
    map_hash_bucket_size 256;
    map $http_authorization $permitted {
        default 0;
        "Bearer ` + bearer.Reveal() + `" 1;
    }`,
		Server: `
        location = /sub {
            if ($permitted = 0) { return 401; }
            nchan_subscriber eventsource;
            nchan_subscriber_first_message newest;
            nchan_channel_id $arg_topic;
        }
        location = /pub {
            if ($permitted = 0) { return 401; }
            nchan_publisher;
            nchan_channel_id $arg_topic;
            nchan_message_buffer_length 10000;
            nchan_message_timeout 5m;
        }`,
	}
}

var nchanScenario = filepath.Join(targets, "nchan.yaml")

func TestNchan(t *testing.T) {
	t.Parallel()
	bearer := token.NewSecret()
	url := nchan(t, bearer).start(t)
	environment := []string{"NCHAN_URL=" + url, "NCHAN_TOKEN=" + bearer.Reveal()}

	t.Run("steady streams", func(t *testing.T) {
		t.Parallel()
		s := load(t, environment, nchanScenario, "name=nchan-steady", "duration=4s")
		s.wantVerdict(t, "pass")
		s.wantStreams(t, steady(200))
		s.wantEvents(t, exact(200, 80))
	})
	t.Run("resumed streams", func(t *testing.T) {
		t.Parallel()
		s := load(t, environment, nchanScenario, append(cutting, "name=nchan-resumed")...)
		s.wantVerdict(t, "pass")
		s.wantCuts(t)
		s.wantEvents(t, exact(50, 160))
	})
	t.Run("wrong token", func(t *testing.T) {
		t.Parallel()
		s := load(t, []string{"NCHAN_URL=" + url, "NCHAN_TOKEN=wrong"}, nchanScenario, "duration=1s")
		s.wantVerdict(t, "fail")
		s.wantStreams(t, streamCounts{Planned: 200, Failed: 200})
		s.wantEvents(t, eventCounts{Refused: 20})
		if n := s.Failures["status 401"]; n != 200 {
			t.Errorf("failures %v, want 200 streams with status 401", s.Failures)
		}
	})
}

// cutting makes the generator cut each of 50 streams for the first time 3 to 9
// seconds after it was opened, in the middle of 10 seconds of publishing.
// Streams resume by the last event ID, so none is cut before its first event:
// 3 seconds are long for 50 streams to open and get one.
var cutting = []string{"streams.count=50", "streams.ramp=100ms", "streams.cut_every=6s", "publish.rate=16/s", "duration=10s", "drain=30s"}

// wantCuts checks that each of the streams of a cutting run was cut and came
// back, and that no other connection ended.
func (s *summary) wantCuts(t *testing.T) {
	t.Helper()
	got := s.Streams
	if got.Cut < 50 || got.Reconnected < 50 || got.Reconnected > got.Cut {
		t.Errorf("%d cuts and %d reconnections, want at least 50, and no more reconnections than cuts", got.Cut, got.Reconnected)
	}
	got.Cut, got.Reconnected = 0, 0
	if got != steady(50) {
		t.Errorf("streams %+v, want %+v besides cuts", got, steady(50))
	}
}
